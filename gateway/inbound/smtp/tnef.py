"""winmail.dat: the files that Outlook put into its own envelope.

Owns the reading of TNEF in one pass: attributes, attachments, their MAPI names, messages attached within. Content
streams through; nothing is kept but names. Never raises, is linear in its input, and a damaged envelope is a
value: `is_readable` False, or a file that is not whole.

The library for this format holds the envelope in memory several times, counts to any number that the envelope
names, and strips zeros from the end of a file that stands in a property; so it serves the tests, as a second
opinion, and not the daemon.

Source: MS-OXTNEF 2.1, MS-OXCMSG 2.2.2; SPEC 4; FIELD-NOTES A.3.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.inbound.smtp.embedded import OLE_OBJECT, Closed, Event, Opened
from gateway.inbound.smtp.words import decode_bytes

SIGNATURE = b"\x78\x9f\x3e\x22"

_ATTACHMENT_LEVEL = 2
_REND_DATA, _TITLE, _DATA, _PROPERTIES, _CODEPAGE = 0x9002, 0x8010, 0x800F, 0x9005, 0x9007
_MESSAGE_LEVEL, _CLASS, _CLASS_BYTES = 1, 0x8008, 256

_SIZES = {0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x0102
_MANY, _NAMED = 0x1000, 0x8000

_CONTENT, _FLAGS, _HIDDEN, _MIME_TYPE = 0x3701, 0x3714, 0x7FFE, 0x370E
_NAMES = (0x3707, 0x3704, 0x8010, 0x3001)  # long, short, title attribute, display: the first there is wins
_SHOWN_IN_TEXT = 4  # bit of _FLAGS
_MESSAGE_ID = bytes.fromhex("0703020000000000c000000000000046")  # IID_IMessage

_TEXT_BYTES = 8_192  # of a name that are read


class _Bytes:
    """Exact reads over pieces. Short reads only at the end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._at = 0

    def stream(self, count: int) -> Iterator[bytes]:
        while count > 0 and (self._at < len(self._buffer) or self._fill()):
            piece = self._buffer[self._at : self._at + count]
            self._at += len(piece)
            count -= len(piece)
            yield piece

    def read(self, count: int) -> bytes:
        return b"".join(self.stream(count))

    def pass_over(self, count: int) -> bool:
        """False if the end comes first."""
        return sum(map(len, self.stream(count))) == count

    def number(self) -> int:
        """The next 32 bits; 0 at the end."""
        return int.from_bytes(self.read(4), "little")

    def _fill(self) -> bool:
        self._buffer, self._at = next(self._pieces, b""), 0
        return bool(self._buffer)


@dataclass
class _Attachment:
    """What is known of the attachment that is being read."""

    names: dict[int, str] = field(default_factory=dict)
    content_type: str = ""
    is_inline: bool = False
    is_open: bool = False  # a content has begun to stream, and its name may still come
    is_listed: bool = False  # a content, or the files of a message in its place
    why: str = ""  # "truncated", "too-deep"; "" while its content is whole

    def open(self) -> Opened:
        self.is_open = self.is_listed = True
        return Opened()

    def close(self) -> Closed:
        self.is_open = False
        name = next((self.names[key] for key in _NAMES if self.names.get(key)), None)
        return Closed(name, self.why, self.content_type, self.is_inline)


class TnefReader:
    """One envelope. `is_readable` and `message_class` are final when the events have ended."""

    def __init__(self, pieces: Iterator[bytes], *, depth: int) -> None:
        self.is_readable = True
        self.message_class = ""  # what Outlook takes the message for, lower case
        self._bytes = _Bytes(pieces)
        self._depth = depth  # further envelopes that may be opened
        self._codepage = "cp1252"
        self._attachment: _Attachment | None = None

    def events(self) -> Iterator[Event]:
        """The files, in order. The pieces are read to their end."""
        self.is_readable = self._bytes.read(6).startswith(SIGNATURE)
        while self.is_readable and len(head := self._bytes.read(9)) == 9:
            level, attribute, length = struct.unpack("<BII", head)
            if level not in (_MESSAGE_LEVEL, _ATTACHMENT_LEVEL):
                self.is_readable = False
                break
            yield from self._attribute(attribute & 0xFFFF, level, length)
            self._bytes.pass_over(2)  # a checksum that some senders get wrong
        yield from self._close()
        self._bytes.pass_over(1 << 62)

    def _attribute(self, attribute: int, level: int, length: int) -> Iterator[Event]:
        body = _Bytes(self._bytes.stream(length))
        attachment = self._attachment
        if attribute == _CODEPAGE:
            self._codepage = _codepage(body.number())
        elif attribute == _CLASS and level == _MESSAGE_LEVEL:
            self.message_class = self._text(body.read(min(length, _CLASS_BYTES)), _STRING8).lower()
        elif attribute == _REND_DATA and level == _ATTACHMENT_LEVEL:
            yield from self._close()
            self._attachment = _Attachment()
        elif attachment and attribute == _TITLE:
            attachment.names[_TITLE] = self._text(body.read(min(length, _TEXT_BYTES)), _STRING8)
        elif attachment and attribute == _DATA and not attachment.is_open:
            yield from self._content(attachment, body, length)
        elif attachment and attribute == _PROPERTIES:
            yield from self._properties(attachment, body)
        body.pass_over(length)

    def _close(self) -> Iterator[Event]:
        attachment, self._attachment = self._attachment, None
        if attachment is not None and not attachment.is_listed:
            yield attachment.open()
        if attachment is not None and attachment.is_open:
            yield attachment.close()

    def _content(self, attachment: _Attachment, body: _Bytes, length: int) -> Iterator[Event]:
        yield attachment.open()
        for piece in body.stream(length):
            length -= len(piece)
            yield piece
        attachment.why = "truncated" if length else ""

    def _properties(self, attachment: _Attachment, body: _Bytes) -> Iterator[Event]:
        for _ in range(body.number()):
            head = body.read(4)
            if len(head) < 4:
                return
            kind, key = struct.unpack("<HH", head)
            if key >= _NAMED:
                _pass_over_name(body)
            if kind & ~_MANY in _SIZES:
                _take_fixed(attachment, body, kind, key)
                continue
            if kind & ~_MANY not in (_STRING8, _UNICODE, _OBJECT, _BINARY):
                return  # of an unknown type the length is unknown too
            yield from self._values(attachment, body, kind, key)

    def _values(self, attachment: _Attachment, body: _Bytes, kind: int, key: int) -> Iterator[Event]:
        for _ in range(body.number()):
            head = body.read(4)
            if len(head) < 4:
                return
            length = int.from_bytes(head, "little")
            value = _Bytes(body.stream(length))
            if key in _NAMES and kind in (_STRING8, _UNICODE):
                attachment.names.setdefault(key, self._text(value.read(_TEXT_BYTES), kind))
            elif key == _MIME_TYPE:
                attachment.content_type = self._text(value.read(_TEXT_BYTES), kind).lower()
            elif key == _CONTENT:
                yield from self._content_value(attachment, value, kind, length)
            value.pass_over(length)
            body.pass_over(-length % 4)

    def _content_value(self, attachment: _Attachment, value: _Bytes, kind: int, length: int) -> Iterator[Event]:
        """Content that stands in a property: a message, an object, or (rarely) a plain file."""
        interface = value.read(16) if kind == _OBJECT else b""
        if interface == _MESSAGE_ID:
            yield from self._message(attachment, value, length - 16)
        elif not attachment.is_open:
            is_drawn = kind == _OBJECT and len(interface) == min(length, 16)
            attachment.content_type = OLE_OBJECT if is_drawn else attachment.content_type
            yield from self._content(attachment, value, length - len(interface))

    def _message(self, attachment: _Attachment, value: _Bytes, length: int) -> Iterator[Event]:
        if attachment.is_open:
            yield attachment.close()
        if self._depth <= 0:
            attachment.why = "too-deep"
            yield attachment.open()
            return
        attachment.is_listed = True
        inner = TnefReader(value.stream(length), depth=self._depth - 1)
        yield from inner.events()

    def _text(self, data: bytes, kind: int) -> str:
        if kind == _UNICODE:
            return decode_bytes(data[: len(data) & ~1], "utf-16-le").rstrip("\0")
        return decode_bytes(data.rstrip(b"\0"), self._codepage)


def _pass_over_name(body: _Bytes) -> None:
    """The name of a named property: a set, then a number or a text."""
    body.pass_over(16)
    is_text = body.number()
    length = body.number()
    if is_text:
        body.pass_over(length + -length % 4)


def _take_fixed(attachment: _Attachment, body: _Bytes, kind: int, key: int) -> None:
    size = _SIZES[kind & ~_MANY]
    total = size * body.number() if kind & _MANY else size
    value = body.read(min(total, 16))
    body.pass_over(max(total - 16, 0) + -total % 4)
    number = int.from_bytes(value[:4], "little")
    if key == _HIDDEN or (key == _FLAGS and number & _SHOWN_IN_TEXT):
        attachment.is_inline = attachment.is_inline or bool(number)


def _codepage(number: int) -> str:
    return {0: "cp1252", 65001: "utf-8", 28591: "cp1252"}.get(number, f"cp{number}")
