"""Mailbox: a file as the attachment of one email, over the relay and its TLS (SPEC 6)."""

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.core.endpoint import Relay
from gateway.core.mail import Parcel
from gateway.outbound.courier import SmtpCourier
from gateway.outbound.letter import Writer
from gateway.outbound.mailbox import MailDrops, write_parcel
from gateway.store.threads import DiskThreads
from tests.outbound.relay import relay

BODY = bytes(range(256)) * 100
WRITER = Writer("files@gateway.test", "Derbyshire")
AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)


def parcel_of(path: Path, **values: object) -> Parcel:
    path.write_bytes(BODY + b"a seal that is not the file's")
    given: dict[str, object] = {
        "to": "sen@derbyshire.example",
        "subject": "SEN: a file from a school",
        "text": "File: x\nThe sender's comment: naïve\n",
        "message_id": "<01kaj0-01-1@gateway.test>",
        "name": "8302000_SENplan20261120.docx",
        "path": str(path),
        "size": len(BODY),
        "file": "01kaj0-01",
        "sha256": "ab" * 32,
        "return_path": "files-help@derbyshire.example",
        **values,
    }
    return Parcel(**given)  # type: ignore[arg-type]


def read(letter: bytes) -> email.message.EmailMessage:
    message = email.message_from_bytes(letter, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    return message


@pytest.mark.parametrize("name", ["8302000_SENplan20261120.docx", "8302000_SENé plan (1).docx", 'a"b.pdf', "文件.pdf"])
def test_the_attachment_has_the_file_s_bytes_and_name(tmp_path: Path, name: str) -> None:
    message = read(write_parcel(parcel_of(tmp_path / "x", name=name), writer=WRITER, at=AT))
    (part,) = message.iter_attachments()
    assert part.get_filename() == name
    assert part.get_content() == BODY


def test_programs_are_told_that_it_is_no_person_s_mail(tmp_path: Path) -> None:
    message = read(write_parcel(parcel_of(tmp_path / "x"), writer=WRITER, at=AT))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<01kaj0-01-1@gateway.test>"
    assert message["X-Gateway-File"] == "01kaj0-01"
    assert str(message["From"]) == "Derbyshire <files@gateway.test>"
    body = message.get_body()
    assert body is not None
    assert "naïve" in body.get_content()


def test_no_line_is_longer_than_mail_allows(tmp_path: Path) -> None:
    letter = write_parcel(parcel_of(tmp_path / "x", name="8302000_SEN" + "a" * 150 + ".docx"), writer=WRITER, at=AT)
    assert max(len(line) for line in letter.split(b"\r\n")) <= 998
    assert b"\n" not in letter.replace(b"\r\n", b"")


def drops_to(port: int, security: str = "plain") -> MailDrops:
    courier = SmtpCourier(
        relay=Relay("127.0.0.1", port, security),  # type: ignore[arg-type]
        sender=WRITER.address,
        clock=SystemClock(),
        timeout=2,
    )
    return MailDrops(carrier=courier, writer=WRITER, threads=DiskThreads("own"), clock=SystemClock())


async def test_it_goes_over_the_relay_with_a_return_path_where_a_person_reads(tmp_path: Path) -> None:
    async with relay() as (server, port):
        posted = await drops_to(port).post(parcel_of(tmp_path / "x"))
    assert posted.outcome == "sent"
    ((sender, recipient, letter),) = server.letters
    assert (sender, recipient) == ("files-help@derbyshire.example", "sen@derbyshire.example")
    (part,) = read(letter).iter_attachments()
    assert part.get_content() == BODY


@pytest.mark.parametrize(
    ("answers", "outcome", "text"),
    [
        ({"RCPT": "550 no such mailbox"}, "refused", "550 no such mailbox"),
        ({"END": "552 5.3.4 too large"}, "refused", "552 5.3.4 too large"),
        ({"RCPT": "450 try later"}, "later", "450 try later"),
        ({"greeting": "421 down"}, "later", "421"),
    ],
)
async def test_what_the_relay_says_is_the_outcome(
    tmp_path: Path, answers: dict[str, str | None], outcome: str, text: str
) -> None:
    async with relay(**answers) as (_, port):
        posted = await drops_to(port).post(parcel_of(tmp_path / "x"))
    assert posted.outcome == outcome
    assert text in posted.text


async def test_a_relay_without_the_tls_that_was_asked_for_gets_nothing(tmp_path: Path) -> None:
    async with relay("starttls", EHLO="250-relay\r\n250 SIZE 1") as (server, port):
        posted = await drops_to(port, "starttls").post(parcel_of(tmp_path / "x"))
    assert posted.outcome == "later"
    assert server.letters == []


async def test_what_is_no_address_is_refused_before_any_connection(tmp_path: Path) -> None:
    posted = await drops_to(1).post(parcel_of(tmp_path / "x", to="a@b>\r\nBcc: c@d"))
    assert posted.outcome == "refused"
