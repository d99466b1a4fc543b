"""The form of a spool entry: the bytes, the Envelope as JSON, and sixteen bytes that say where the JSON begins.

Owns that form in both directions. One file, so that one fsync makes bytes and facts durable and one rename makes both
our word. The end is ours alone: whatever a sender's bytes look like, ours come after them (Source: SPEC 11;
docs/decisions/0002-sealed-spool-entry.md).
"""

import json
import struct
import zlib
from datetime import datetime
from typing import Any

from gateway.core.documents import Order
from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import NotThere, Permanent
from gateway.ports import Disk

FOOTER = struct.Struct(">II8s")  # length of the JSON, its CRC-32, the mark
MARK = b"sealed-1"


def seal_of(envelope: Envelope) -> bytes:
    """Return what stands behind the bytes of an entry."""
    return seal_from(facts_of(envelope), envelope.sha256)


def facts_of(envelope: Envelope) -> bytes:
    """Return the facts as JSON, without the digest: a draft has none."""
    order = vars(envelope.order) if envelope.order else None
    facts = vars(envelope) | {"received_at": envelope.received_at.isoformat(), "order": order}
    del facts["sha256"]
    return json.dumps(facts).encode()


def seal_from(facts: bytes, sha256: str) -> bytes:
    """Return what stands behind the bytes of an entry with these facts and this digest."""
    whole = b'%b, "sha256": "%b"}' % (facts.removesuffix(b"}"), sha256.encode())
    return whole + FOOTER.pack(len(whole), zlib.crc32(whole), MARK)


def envelope_of(facts: bytes) -> Envelope | None:
    """Return the envelope of such facts, or None when they are none that this version understands."""
    try:
        fields = json.loads(facts)
        fields |= {
            "channel": Channel(fields["channel"]),
            "received_at": datetime.fromisoformat(fields["received_at"]),
            "recipients": tuple(fields["recipients"]),
            "order": _order_of(fields.get("order")),  # none in what an earlier gateway sealed
        }
        return Envelope(**fields)
    except (ValueError, KeyError, TypeError):  # a checksum that fits and facts that don't: another version wrote them
        return None


def read_envelope(disk: Disk, path: str) -> Envelope:
    """Return what was sealed. Raises NotThere without an entry, and Permanent for one that is damaged."""
    try:
        fd = disk.open(path)
    except FileNotFoundError:
        raise NotThere("There is no such entry in the spool.") from None
    try:
        envelope = envelope_at_end(disk, fd, disk.size(path))
    finally:
        disk.close(fd)
    if envelope is None:
        raise Permanent("The end of this spool entry is damaged: who sent it, and when, can't be read from it.")
    return envelope


def envelope_at_end(disk: Disk, fd: int, size: int) -> Envelope | None:
    """Return the envelope at the end of an open file, or None when there is no whole seal there."""
    if size < FOOTER.size:
        return None
    length, checksum, mark = FOOTER.unpack(disk.read(fd, FOOTER.size, size - FOOTER.size))
    start = size - FOOTER.size - length
    if mark != MARK or start < 0:
        return None
    facts = disk.read(fd, length, start)
    if zlib.crc32(facts) != checksum:
        return None
    envelope = envelope_of(facts)
    return envelope if envelope is not None and envelope.size == start else None


def _order_of(fields: dict[str, Any] | None) -> Order | None:
    return Order(**fields | {"schools": tuple(fields["schools"])}) if fields else None
