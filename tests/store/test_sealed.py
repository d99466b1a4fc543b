"""The form of a spool entry (docs/decisions/0002)."""

import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.core.documents import Order
from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import NotThere, Permanent
from gateway.store.disk import PosixDisk
from gateway.store.sealed import FOOTER, MARK, read_envelope, seal_of

BODY = b"bytes of the file"
ENVELOPE = Envelope(
    id="01kah8zv6e0000000000000001",
    channel=Channel.EMAIL,
    received_at=datetime(2026, 11, 22, 14, 5, 9, 123456, tzinfo=UTC),
    size=len(BODY),
    sha256="0" * 64,
    username="h.marlow",
    verified_by="password",
    name="8301102_INFOété20261122.docx",
    peer="127.0.0.1:40025",
    recipients=("files@gateway.test", "sen@gateway.test"),
    sender="head@leys.example",
)
WHOLE = BODY + seal_of(ENVELOPE)


def read(tmp_path: Path, entry: bytes) -> Envelope:
    (tmp_path / "entry").write_bytes(entry)
    return read_envelope(PosixDisk(), str(tmp_path / "entry"))


@pytest.mark.parametrize(
    "envelope",
    [
        ENVELOPE,
        replace(ENVELOPE, name=None, recipients=(), channel=Channel.SFTP),
        replace(ENVELOPE, name="a\udcff.pdf"),
        replace(ENVELOPE, order=Order("send", schools=("8301102", "8302000"), head_only=True, publication="p")),
    ],
    ids=["email", "sftp", "a name that is no UTF-8", "a document"],
)
def test_what_was_sealed_is_read_back(tmp_path: Path, envelope: Envelope) -> None:
    assert read(tmp_path, BODY + seal_of(envelope)) == envelope


def test_an_entry_from_before_there_were_documents_is_read(tmp_path: Path) -> None:
    facts = json.dumps(
        {k: v for k, v in vars(ENVELOPE).items() if k != "order"} | {"received_at": ENVELOPE.received_at.isoformat()}
    )
    assert read(tmp_path, with_facts(facts.encode())) == ENVELOPE


def test_bytes_that_end_like_a_seal_are_bytes(tmp_path: Path) -> None:
    """Ours stands behind whatever a sender makes theirs look like."""
    forged = BODY + seal_of(replace(ENVELOPE, username="somebody.else"))
    honest = replace(ENVELOPE, size=len(forged))
    assert read(tmp_path, forged + seal_of(honest)) == honest


def with_facts(facts: bytes) -> bytes:
    return BODY + facts + FOOTER.pack(len(facts), zlib.crc32(facts), MARK)


DAMAGED = {
    "no seal at all": BODY,
    "nothing": b"",
    "cut in the seal": WHOLE[:-1],
    "a byte of the facts changed": WHOLE.replace(b"h.marlow", b"h.barlow"),
    "bytes missing before the seal": WHOLE[1:],
    "bytes added before the seal": b"x" + WHOLE,
    "the length points before the start": BODY + FOOTER.pack(1 << 31, 0, MARK),
    "facts that are no JSON": with_facts(b"{"),
    "facts that are no object": with_facts(b"[]"),
    "facts without a field": with_facts(b'{"channel": "sftp", "received_at": "2026-11-22T09:00:00+00:00"}'),
}


@pytest.mark.parametrize("entry", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_entry_is_for_a_person(tmp_path: Path, entry: bytes) -> None:
    with pytest.raises(Permanent):
        read(tmp_path, entry)


def test_an_entry_that_is_gone_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        read_envelope(PosixDisk(), str(tmp_path / "nothing"))
