"""DKIM signatures of a message: which are there, and whether one holds.

Owns what we ask of a signature beyond RFC 6376: SHA-256, From among the signed fields, no second Subject or
Content-Type beside a signed one, the whole body (no l=), a key of 1024 to 8192 bits with an ordinary exponent. The
body's digest comes from `bodyhash`, the key's record from `nameserver`; the cryptography is dkimpy's. Never raises for
what a signature or a record holds.

All of it happens on the loop, and dkimpy reads with expressions that go back over every blank that was written: so the
fields are parted here, and a signature that is long, sparse or signs hundreds of fields is not shown to it at all.

Source: RFC 6376, RFC 8301, RFC 8463; SPEC 4.
"""

import base64
import binascii
import hmac
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import dkim

from gateway.inbound.smtp.alignment import normal_domain
from gateway.inbound.smtp.bodyhash import BodyHashes
from gateway.inbound.smtp.headers import read_headers
from gateway.inbound.smtp.limits import MessageLimits

MAX_SIGNATURES = 5  # of a message that are looked at, from the top
_ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")
_MIN_BITS, _MAX_BITS, _MAX_EXPONENT = 1024, 8192, 1 << 32
_MAX_RECORD = 4096  # bytes of a key's record
_MAX_FIELDS = 1000  # of a header; with more the message is refused anyway
_MAX_SIGNATURE, _MAX_SIGNED = 8192, 200  # bytes of a signature; names of the fields that it signs
_SPARSE = re.compile(rb"\s{33}")
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+):")
# Fields that a message has once, and that say who wrote it, to whom, or what its body is.
_ONCE = (
    *("subject", "to", "cc", "date", "message-id", "in-reply-to", "reply-to", "sender"),
    *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
)
_UNREADABLE = (dkim.DKIMException, ValueError, KeyError, IndexError, TypeError, AttributeError, binascii.Error)


@dataclass(frozen=True)
class Signature:
    """One signature that is worth looking up."""

    number: int  # among the DKIM-Signature fields, from the top
    domain: str  # d=, in lower case
    selector: str
    canonicalization: str  # of the body
    body_hash: bytes

    @property
    def record_name(self) -> str:
        """Return where its key is published."""
        return f"{self.selector}._domainkey.{self.domain}"


def read_signatures(header: bytes) -> list[Signature]:
    """Return the signatures of a header block that could count."""
    message = _message(header)
    if message is None:
        return []
    limits = MessageLimits(header_bytes=len(header) + 1)  # the whole of it: a field that isn't seen isn't counted
    written = Counter(name for name, _ in read_headers(header, limits).fields)
    found = (_signature(message, number, written) for number in range(MAX_SIGNATURES))
    return [signature for signature in found if signature is not None]


def hashes_for(header: bytes) -> BodyHashes | None:
    """Return what must be fed with the body so that its signatures can be checked; None when there are none."""
    kinds = {signature.canonicalization for signature in read_signatures(header)}
    return BodyHashes(kinds) if kinds else None


def holds(signature: Signature, *, header: bytes, hashes: BodyHashes, record: bytes) -> bool:
    """Whether a signature holds for this header and body with the key of this record."""
    body_hash = hashes.of(signature.canonicalization)
    if body_hash is None or not hmac.compare_digest(body_hash, signature.body_hash) or len(record) > _MAX_RECORD:
        return False
    message = _message(header)
    try:
        return message is not None and _is_signed(message, signature, record)
    except _UNREADABLE:
        return False


def _message(header: bytes) -> Any:
    """Return the header as dkimpy has it after its own reading; None when something in it is no field."""
    found: list[list[bytes]] = []
    for field in _FIELD_END.split(header.removesuffix(b"\r\n")):
        match = _FIELD.match(field)
        if match is not None:
            found.append([match[1], field[match.end() :] + b"\r\n"])
        elif not field.startswith(b"From "):
            return None
    if len(found) > _MAX_FIELDS:
        return None
    message = dkim.DKIM(minkey=_MIN_BITS)
    message.headers = [[name, value] for name, value in found if not _is_costly(name, value)]
    return message


def _is_costly(name: bytes, value: bytes) -> bool:
    """Whether it is a signature such as no signer makes, which could hold the loop for minutes."""
    if name.lower() != b"dkim-signature":
        return False
    return len(value) > _MAX_SIGNATURE or _SPARSE.search(value) is not None


def _signature(message: Any, number: int, written: Counter[str]) -> Signature | None:
    try:
        prepared = message.verify_headerprep(number)
        if not prepared or len(prepared[1]) > _MAX_SIGNED or _is_added_to(written, prepared[1]):
            return None
        return _counting(number, *prepared[:2])
    except _UNREADABLE:
        return None


def _is_added_to(written: Counter[str], signed: list[bytes]) -> bool:
    """Whether a field stands there more often than it was signed: a signature covers the last, and we read the first.

    Who caught a signed message could give it boundaries that make a file of its words (RFC 6376 8.15).
    """
    names = (name for name in _ONCE if name.encode() in signed)
    return any(written[name] > signed.count(name.encode()) for name in names)


def _counting(number: int, tags: dict[bytes, bytes], fields: list[bytes]) -> Signature | None:
    """Return a signature that meets what we ask of one."""
    domain = normal_domain(tags[b"d"].decode("ascii"))
    selector = tags[b"s"].decode("ascii").lower()
    if tags[b"a"] not in _ALGORITHMS or b"from" not in fields or b"l" in tags:
        return None
    if not domain or not normal_domain(f"{selector}._domainkey.{domain}"):
        return None
    _, _, body = tags.get(b"c", b"simple/simple").partition(b"/")
    canonicalization = (body or b"simple").decode("ascii")
    if canonicalization not in ("simple", "relaxed"):
        return None
    body_hash = base64.b64decode(re.sub(rb"\s+", b"", tags[b"bh"]), validate=True)
    return Signature(number, domain, selector, canonicalization, body_hash)


def _is_signed(message: Any, signature: Signature, record: bytes) -> bool:
    tags, fields, found = message.verify_headerprep(signature.number)
    message.pk, message.keysize, message.ktag, message.seqtlsrpt = dkim.evaluate_pk(signature.record_name, record)
    if not _is_sound(message):
        return False
    del tags[b"bh"]  # compared already: dkimpy would hash a body that it doesn't have
    return bool(message.verify_sig_process(tags, fields, found[signature.number], None))


def _is_sound(message: Any) -> bool:
    """Whether a key is of a size that proves something, and that can't hold the loop."""
    if message.ktag == b"ed25519":
        return True
    exponent = message.pk["publicExponent"]
    return bool(_MIN_BITS <= message.keysize <= _MAX_BITS and 2 < exponent < _MAX_EXPONENT)
