"""Letters as bytes, what the parser makes of them, and the second opinion of the standard library.

Every reading goes through `read`, which also looks whether the parser kept its promises: each leaf once, each stream
ended once, the bytes of a file exactly those that were written, nothing kept of what is no file.
"""

import base64
import email.message
import hashlib
import io
import random
import re
from dataclasses import dataclass, field

from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.message import Message, read_message
from gateway.inbound.smtp.parts import TABLE, Part

B = b"=_boundary"
PDF = b"%PDF-1.7\r\n\x00\xff binary, with -- and =3D in it\r\n"
NAME = "8301102_SENreport20261122.pdf"
PLAIN = "Content-Type: text/plain; charset=utf-8"
HTML = "Content-Type: text/html; charset=utf-8"
BASE64 = "Content-Transfer-Encoding: base64"
QP = "Content-Transfer-Encoding: quoted-printable"

CUTS = frozenset(
    [
        "cpu",
        "too-many-parts",
        "part-too-large",
        "too-deep",
        "header-too-large",
        "too-many-headers",
        "unknown-encoding",
        "base64-incomplete",
        "uuencode-incomplete",
        "truncated",
    ]
)
FAULTS = frozenset(
    [
        "cpu",
        "too-many-parts",
        "too-deep",
        "header-too-large",
        "too-many-headers",
        "part-too-large",
        "unclosed",
        "size-mismatch",
    ]
)
FLAWS = frozenset(["unclosed", "base64-footer"])
LATE = frozenset(
    ["signature-picture", "no-file-in-tnef", "unreadable-tnef", "recall-request"]
)  # said when the bytes were seen
IGNORED = frozenset(row.why for row in TABLE if row.why) | LATE
CAUSES = frozenset(
    [
        "",
        "nothing-attached",
        "cloud-link-only",
        "encrypted-message",
        "signed-message",
        "no-file-in-tnef",
        "no-file-in-letter",
        "recall-request",
    ]
)


def part(body: bytes = b"", *headers: str | bytes) -> bytes:
    """An entity: its header, an empty line, its body."""
    return b"".join(_line(header) for header in headers) + b"\r\n" + body


def multipart(
    *parts: bytes,
    headers: tuple[str | bytes, ...] = (),
    subtype: str = "mixed",
    boundary: bytes = B,
    end: bytes = b"--",
) -> bytes:
    """A multipart of these; `end` is what stands behind the last boundary."""
    kind = b'Content-Type: multipart/%b; boundary="%b"' % (subtype.encode(), boundary)
    body = b"".join(b"--" + boundary + b"\r\n" + each + b"\r\n" for each in parts)
    return part(body + b"--" + boundary + end + b"\r\n", *headers, kind)


def attachment(data: bytes = PDF, name: str | bytes = NAME, *headers: str | bytes) -> bytes:
    """A file in base64, as every mailer sends it."""
    name = name if isinstance(name, bytes) else name.encode()
    kind = () if any(_line(header).lower().startswith(b"content-type:") for header in headers) else (_OCTETS,)
    disposition = b'Content-Disposition: attachment; filename="%b"' % name
    return part(base64_lines(data), *kind, disposition, BASE64, *headers)


_OCTETS = "Content-Type: application/octet-stream"


def base64_lines(data: bytes, *, width: int = 76, end: bytes = b"\r\n") -> bytes:
    """Base64 in lines of this width, the last with its break."""
    text = base64.b64encode(data)
    return b"".join(text[at : at + width] + end for at in range(0, len(text), width))


def _line(header: str | bytes) -> bytes:
    return (header if isinstance(header, bytes) else header.encode()) + b"\r\n"


@dataclass
class MemoryStream:
    """The bytes of one part."""

    data: bytearray = field(default_factory=bytearray)
    state: str = "open"  # then "closed", "discarded"

    def write(self, data: bytes) -> None:
        assert self.state == "open", f"written when {self.state}"
        self.data += data

    def close(self) -> None:
        assert self.state == "open", f"closed when {self.state}"
        self.state = "closed"

    def discard(self) -> None:
        assert self.state != "discarded", "discarded twice"
        self.state = "discarded"


class MemorySink:
    """The bytes of the parts of one message."""

    def __init__(self) -> None:
        self.streams: dict[int, MemoryStream] = {}

    def open(self, number: int) -> MemoryStream:
        assert number not in self.streams, "opened twice"
        self.streams[number] = MemoryStream()
        return self.streams[number]


class Nowhere:
    """Takes the bytes of every part, and keeps none: for measuring what the parser itself keeps."""

    def open(self, number: int) -> "Nowhere":
        return self

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass

    discard = close


class Dribble(io.BytesIO):
    """A stream that gives as much at a time as chance will have it."""

    def __init__(self, raw: bytes, seed: int, most: int = 50) -> None:
        super().__init__(raw)
        self._chance = random.Random(seed)
        self._most = most

    def read(self, size: int | None = -1) -> bytes:
        assert (size or 0) > 0, "the whole stream was asked for"
        return super().read(min(size or 0, self._chance.randint(1, self._most)))


@dataclass(frozen=True)
class Letter:
    """What the parser made of a letter."""

    message: Message
    sink: MemorySink

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.message.parts

    @property
    def kinds(self) -> list[str]:
        """The fate of every part, in order: "file", or why it is none."""
        return [each.why or each.kind for each in self.parts]

    @property
    def names(self) -> list[str | None]:
        return [each.name for each in self.message.files]

    @property
    def files(self) -> list[bytes]:
        return [bytes(self.sink.streams[each.number].data) for each in self.message.files]

    @property
    def file(self) -> bytes:
        (only,) = self.files
        return only

    @property
    def name(self) -> str | None:
        (only,) = self.message.files
        return only.name


def read(raw: bytes, limits: MessageLimits | None = None, *, stream: io.BytesIO | None = None, **more) -> Letter:
    """What the parser makes of a letter, its promises checked."""
    sink = MemorySink()
    message = read_message(stream or io.BytesIO(raw), len(raw), sink, limits, **more)
    check(message, sink)
    return Letter(message, sink)


def check(message: Message, sink: MemorySink) -> None:
    """Each leaf once, each stream ended once, and nothing said that is not on the lists."""
    assert [each.number for each in message.parts] == list(range(1, len(message.parts) + 1))
    assert set(sink.streams) <= {each.number for each in message.parts}
    for each in message.parts:
        check_part(each, sink.streams.get(each.number))
        assert each.container is None or 0 < each.container < each.number
    assert set(message.faults) <= FAULTS
    assert len(set(message.faults)) == len(message.faults)
    assert message.cause in CAUSES
    assert bool(message.cause) == all(each.kind == "ignored" for each in message.parts)
    assert len(message.comment) <= 2_000
    assert not [each for each in message.comment if "\ud800" <= each <= "\udfff"]
    assert len(message.tags) <= 20


def check_part(each: Part, stream: MemoryStream | None) -> None:
    assert set(each.flaws) <= FLAWS
    assert each.size >= 0
    for word in (each.content_type, each.disposition):
        assert re.fullmatch("[!-~]{0,255}", word), f"not fit for a notice: {word!r}"
    if each.kind != "file":
        assert each.why in (CUTS if each.kind == "cut" else IGNORED), each.why
        assert stream is None or stream.state == "discarded", f"bytes kept of what is {each.why}"
        assert each.kind == "ignored" or each.sha256 == ""
        return
    assert each.why == ""
    assert stream is not None
    assert stream.state == "closed", "a file whose stream was not ended"
    assert each.size == len(stream.data)
    assert each.sha256 == hashlib.sha256(stream.data).hexdigest()


def oracle(raw: bytes) -> list[bytes]:
    """The bytes of the leaves, as the standard library reads them."""
    return [_payload(each) for each in email.message_from_bytes(raw).walk() if not each.is_multipart()]


def _payload(leaf: email.message.Message) -> bytes:
    data = leaf.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data
