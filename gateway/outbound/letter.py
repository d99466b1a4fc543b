"""A mail as the bytes that leave: headers and text, safe whatever stands in them.

Owns the form of what we send (RFC 5322, RFC 3834). No text can add a header: subjects are folded into one line and
encoded as words, addresses that are none are refused, identifiers that are none left out. Pure; the time is given.

Source: SPEC 4; FIELD-NOTES A.3 ("Reply rules"), B.1 (7).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime

from gateway.core.mail import Mail

_ADDRESS = re.compile(r"[!#-'*+\-/-9=?A-Z^-~]+(?:\.[!#-'*+\-/-9=?A-Z^-~]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_IDENTIFIER = re.compile(r"<[!-;=?-~]{1,900}>")
_MAX_WORDS = 500  # characters of a subject or a name: a line of plain ASCII stays below 998
_FORM = compat32.clone(linesep="\r\n", max_line_length=78, mangle_from_=False)


@dataclass(frozen=True)
class Writer:
    """Whom our mail is from."""

    address: str
    name: str = ""  # as people see it


def is_address(text: str) -> bool:
    """Whether mail can be addressed so: ASCII, and nothing that a header would take for something else."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def write_letter(mail: Mail, *, writer: Writer, at: datetime) -> bytes:
    """Return the message, lines ending with CRLF. Raises ValueError for an address that is none."""
    letter = _body(mail)
    fields: list[tuple[str, str | Header]] = [
        ("From", mailbox_of(writer)),
        ("To", _checked(mail.to)),
        ("Subject", header_words(mail.subject, field="Subject")),
        ("Date", format_datetime(at)),
        *_identifiers(mail),
        *_marks(mail),
    ]
    for name, value in fields:
        letter[name] = value  # type: ignore[assignment]  # a Header is what the library documents
    return letter.as_bytes(policy=_FORM)


def _body(mail: Mail) -> Message:
    text = _part(mail.text, "plain")
    if mail.html is None:
        return text
    return MIMEMultipart("alternative", _subparts=[text, _part(mail.html, "html")])


def _part(text: str, kind: str) -> MIMEText:
    charset = Charset("utf-8")
    charset.body_encoding = QP  # readable where a mail is looked at raw, and short of 76 characters a line
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return MIMEText(clean, kind, charset)  # type: ignore[arg-type]  # a Charset is what the library documents


def mailbox_of(writer: Writer) -> str | Header:
    """Return a From field. Raises ValueError for an address that is none."""
    address = _checked(writer.address)
    if not writer.name:
        return address
    header = header_words(writer.name, field="From")
    header.append(f"<{address}>", "us-ascii")
    return header


def header_words(text: str, *, field: str) -> Header:
    """Return text on one line; as encoded words unless it is plain ASCII that nobody could take for such words."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:_MAX_WORDS]).split())
    is_plain = line.isascii() and "=?" not in line and not (field == "From" and re.search(r"[^\w .-]", line))
    return Header(line, "us-ascii" if is_plain else "utf-8", header_name=field)


def _identifiers(mail: Mail) -> list[tuple[str, str]]:
    """Return the fields of the thread; an identifier that a stranger chose badly is left out."""
    wanted = [("Message-ID", mail.message_id), ("In-Reply-To", mail.in_reply_to), ("References", mail.in_reply_to)]
    found = [(field, value.strip()) for field, value in wanted if value]
    return [(field, value) for field, value in found if _IDENTIFIER.fullmatch(value)]


def _marks(mail: Mail) -> list[tuple[str, str]]:
    """Return what keeps other machines from answering."""
    is_answer = mail.return_path == ""
    marks = [
        ("Auto-Submitted", "auto-replied" if is_answer else "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ]
    return [*marks, ("Reply-To", _checked(mail.reply_to))] if mail.reply_to else marks


def _checked(address: str) -> str:
    if not is_address(address):
        raise ValueError("this is no address that mail can be sent to")
    return address
