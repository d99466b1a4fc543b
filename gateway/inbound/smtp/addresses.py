"""Lists of addresses: a header's text to mailboxes, exactly as they are written.

Owns the reading of From, To and Cc. Nothing is repaired: what is not a plain mailbox comes out as text that
equals no registered address, and two mailboxes never come out as one. So "exactly one mailbox" can be judged by
counting, and a display name that looks like an address is only a display name.

Never raises; linear in its input.

Source: RFC 5322 3.4; SPEC 4; FIELD-NOTES B.1 (7).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.inbound.smtp.words import decode_words

LIST_CHARS = 65_536  # of one header that are read
MAILBOXES = 1_000  # of one header

_TOKEN = re.compile(
    r'(?P<quoted>"[^"\\]*(?:\\.[^"\\]*)*"?)'
    r"|(?P<angle><[^<>]*>?)"
    r"|(?P<open>\()"
    r"|(?P<end>[,;])"
    r"|(?P<group>:)"
    r'|(?P<text>[^"<(,;:]+)',
    re.DOTALL,
)
_COMMENT_TOKEN = re.compile(r"[^()\\]+|\\.?|[()]", re.DOTALL)


class Mailbox(NamedTuple):
    """One address of a header."""

    display: str  # decoded; "" where there is none
    address: str  # as written, blanks around it removed; not checked in any way


@dataclass
class _Reading:
    """What stands between two commas."""

    words: list[str] = field(default_factory=list)
    angles: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    has_at: bool = False

    def mailboxes(self) -> Iterator[Mailbox]:
        written = "".join(self.words).strip()
        if self.angles:
            yield from (Mailbox(_shown(written), angle.strip()) for angle in self.angles)
        elif written:
            yield Mailbox(_shown(" ".join(self.comments)), written)


def read_addresses(text: str) -> tuple[Mailbox, ...]:
    """The mailboxes of a header's text, in order; of a list too long to be read, one that matches nobody."""
    if len(text) > LIST_CHARS:
        return (Mailbox("", ""),)
    found: list[Mailbox] = []
    reading = _Reading()
    at = 0
    while at < len(text) and len(found) < MAILBOXES:
        token = _TOKEN.match(text, at)
        assert token is not None, "the alternatives cover every character"
        at = token.end()
        if token["open"]:
            at = _take_comment(text, at, reading)
        elif token["end"]:
            found += reading.mailboxes()
            reading = _Reading()
        else:
            _take_word(token, reading)
    return (*found, *reading.mailboxes())


def _take_word(token: re.Match[str], reading: _Reading) -> None:
    if token["angle"]:
        reading.angles.append(token["angle"].strip("<>"))
    elif token["group"] and not reading.has_at and not reading.angles:
        reading.words.clear()  # the name of a group
    else:
        reading.has_at = reading.has_at or "@" in token[0]
        reading.words.append(token[0])


def _take_comment(text: str, at: int, reading: _Reading) -> int:
    """Where the comment ends whose bracket stands before `at`; comments nest."""
    start, open_brackets = at, 1
    while open_brackets and (token := _COMMENT_TOKEN.match(text, at)) is not None:
        at = token.end()
        open_brackets += {"(": 1, ")": -1}.get(token[0], 0)
    reading.comments.append(text[start : at - (not open_brackets)])
    return at


def _shown(written: str) -> str:
    """A display name as a person reads it."""
    if len(written) > 1 and written[0] == written[-1] == '"':
        written = re.sub(r"\\(.)", r"\1", written[1:-1])
    return decode_words(written)
