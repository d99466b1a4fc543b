"""A service's mailbox: a file as the attachment of one email, handed to the relay that takes our notices.

Owns the form of that email and its Message-ID, the same for each try, so that a mail program shows a repeat as one.
TLS is the relay's: `courier` talks on an open line to this host alone. The bytes are encoded in memory, so a target's
`max_bytes` bounds what a large file costs (Source: SPEC 6; RFC 2231).
"""

from datetime import datetime
from email.encoders import encode_base64
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

from gateway.core.mail import Parcel, Posted
from gateway.outbound.letter import Writer, header_words, is_address, mailbox_of
from gateway.ports import Clock, Threads

_FORM = compat32.clone(linesep="\r\n", max_line_length=78, mangle_from_=False)
_PACE = 100_000  # bytes a second: the slowest relay that is waited for
_LEAST_SECONDS = 60.0


class Carrier(Protocol):
    """Who talks to the relay."""

    async def carry(self, letter: bytes, *, sender: str, recipient: str, seconds: float) -> Posted:
        """Hand over one finished message."""
        ...


class MailDrops:
    """The Mailbox port."""

    def __init__(self, *, carrier: Carrier, writer: Writer, threads: Threads, clock: Clock) -> None:
        """Take who talks to the relay, and whom our mail is from."""
        self._carrier = carrier
        self._writer = writer
        self._threads = threads
        self._clock = clock

    async def post(self, parcel: Parcel) -> Posted:
        """Hand one over. Raises Transient when our own disk can't be read."""
        if not is_address(parcel.to):
            return Posted("refused", "this is no address that mail can be sent to")
        at = self._clock.now()
        letter = await self._threads.run(lambda: write_parcel(parcel, writer=self._writer, at=at))
        seconds = _LEAST_SECONDS + len(letter) / _PACE
        return await self._carrier.carry(letter, sender=parcel.return_path, recipient=parcel.to, seconds=seconds)


def write_parcel(parcel: Parcel, *, writer: Writer, at: datetime) -> bytes:
    """Return the message, lines ending with CRLF. Blocking: it reads the file."""
    message = MIMEMultipart("mixed", _subparts=[MIMEText(parcel.text, "plain", "utf-8"), _attachment(parcel)])
    fields: tuple[tuple[str, str | Header], ...] = (
        ("From", mailbox_of(writer)),
        ("To", parcel.to),
        ("Subject", header_words(parcel.subject, field="Subject")),
        ("Date", format_datetime(at)),
        ("Message-ID", parcel.message_id),
        ("Auto-Submitted", "auto-generated"),
        ("X-Gateway-File", parcel.file),
        ("X-Gateway-SHA256", parcel.sha256),
    )
    for name, value in fields:
        message[name] = value  # type: ignore[assignment]  # a Header is what the library documents
    return message.as_bytes(policy=_FORM)


def _attachment(parcel: Parcel) -> Message:
    part = MIMEBase("application", "octet-stream")
    part.set_payload(Path(parcel.path).read_bytes()[: parcel.size])
    encode_base64(part)
    name = parcel.name if parcel.name.isascii() else ("utf-8", "", parcel.name)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part
