"""What the header of a whole message says: who claims to have written it, about what, and whether a machine did.

Owns the facts; decides nothing. Who the sender is, and whether an answer may be sent, is decided elsewhere.

Source: SPEC 4; RFC 3834; FIELD-NOTES A.3 ("Reply rules").
"""

from dataclasses import dataclass
from typing import NamedTuple

from gateway.inbound.smtp.addresses import Mailbox, read_addresses
from gateway.inbound.smtp.headers import Headers
from gateway.inbound.smtp.words import decode_words

AUTHOR_CHARS = 8_192  # of all From fields; they are read on the loop
TEXT_CHARS = 1_000  # of a subject or an identifier that are kept
_AUTOREPLY = frozenset({"x-autoreply", "x-autorespond", "x-autoresponder"})


class Automation(NamedTuple):
    """The marks by which machines say that they wrote a message."""

    auto_submitted: str = ""  # first word, lower case
    precedence: str = ""  # lower case
    suppress: str = ""  # X-Auto-Response-Suppress, lower case
    list_fields: tuple[str, ...] = ()  # the List-* fields that are there
    is_report: bool = False  # multipart/report: a delivery report or a read receipt
    is_autoreply: bool = False  # X-Autoreply, X-Autorespond or X-Autoresponder

    @property
    def marks(self) -> tuple[str, ...]:
        """Why no answer may go out, as the names of fields; empty for a message that a person wrote."""
        table = (
            ("auto-submitted", self.auto_submitted not in ("", "no")),
            ("precedence", self.precedence in ("bulk", "junk", "list", "auto_reply")),
            ("list", bool(self.list_fields)),
            ("x-auto-response-suppress", any(word in self.suppress for word in ("all", "autoreply"))),
            ("multipart/report", self.is_report),
            ("x-autoreply", self.is_autoreply),
        )
        return tuple(mark for mark, is_there in table if is_there)


@dataclass(frozen=True)
class Authorship:
    """What a header says of its sender and its way: all that the door asks, for which every sender waits."""

    from_fields: int  # From fields; exactly one is lawful
    from_addresses: tuple[Mailbox, ...]  # of all of them, as written
    hops: int  # Received fields
    authentication_results: tuple[str, ...]  # raw values, topmost first
    faults: tuple[str, ...]  # of the header block: "header-too-large", "too-many-headers"


class Heading(NamedTuple):
    """What a header says of the message itself, as far as the gateway cares."""

    subject: str
    message_id: str  # as written; chosen by the sender, may repeat
    automation: Automation
    resent: str  # what is new when a person sends it on as it was (RFC 5322 3.6.6): its new identifier, else the time


def read_authorship(headers: Headers) -> Authorship:
    """The sender and the way of a message. Never raises; safe on any headers."""
    return Authorship(
        from_fields=headers.number_of("from"),
        from_addresses=_authors(headers),
        hops=headers.number_of("received"),
        authentication_results=tuple(headers.all("authentication-results")),
        faults=headers.faults,
    )


def read_heading(headers: Headers) -> Heading:
    """The heading of a message. Never raises; safe on any headers."""
    return Heading(
        subject=decode_words(headers.first("subject"))[:TEXT_CHARS].strip(),
        message_id=headers.first("message-id")[:TEXT_CHARS],
        automation=read_automation(headers),
        resent=(headers.first("resent-message-id") or headers.first("resent-date"))[:TEXT_CHARS],
    )


def _authors(headers: Headers) -> tuple[Mailbox, ...]:
    """The addresses of From; of more text than names a person, one that matches nobody."""
    texts = headers.all("from")
    if sum(map(len, texts)) > AUTHOR_CHARS:
        return (Mailbox("", ""),)
    return tuple(box for text in texts for box in read_addresses(text))


def read_automation(headers: Headers) -> Automation:
    """Return the marks of machines in a header. Never raises; safe on any headers."""
    names = headers.firsts.keys()
    return Automation(
        auto_submitted=_word(headers.first("auto-submitted")),
        precedence=_word(headers.first("precedence")),
        suppress=headers.first("x-auto-response-suppress").lower()[:TEXT_CHARS],
        list_fields=tuple(sorted([name for name in names if name.startswith("list-")])),
        is_report=headers.is_report,
        is_autoreply=not names.isdisjoint(_AUTOREPLY),
    )


def _word(text: str) -> str:
    """The first word of a value: `auto-replied; owner-email=…` is auto-replied."""
    words = text.replace(";", " ").replace("(", " ").lower().split(maxsplit=1)
    return words[0][:TEXT_CHARS] if words else ""
