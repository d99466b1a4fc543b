"""Transfer encodings: encoded slices in, the bytes that were attached out.

Owns base64 and quoted-printable as they really arrive: broken padding, lines of any length, junk between the
characters, blocks that were encoded one by one, a footer that a relay added. What is not surely what was sent has
a `flaw`; whoever reads it decides what a flaw means. Memory is one slice.

Source: RFC 2045 6; SPEC 4.
"""

import binascii
import re
from collections.abc import Callable, Iterator
from typing import Protocol

from pybase64 import b64decode

from gateway.inbound.smtp.uuencode import UuDecoder

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_ALPHABET = bytes(set(range(256)) - set(_ALPHABET))
_BREAK = re.compile(rb"[ \t\r]{0,9}\n")  # some relay has put blanks before it
_SEAM = re.compile(rb"=[= \t\r\n]*|\n[ \t\r]*\n[ \t\r\n]*")  # padding, or an empty line
_EMPTY = re.compile(rb"\n[ \t\r\n]")  # what an empty line begins with
_SOFT_BREAK = re.compile(rb"=[ \t]+(\r?\n)")  # a relay padded the line: RFC 2045 6.7 (3) takes it away again
_WORDS = re.compile(rb"[A-Za-z0-9+/][ \t]+[A-Za-z0-9+/]")
UNMARKED = "unmarked"  # no encoding in which the bytes could say that they are whole; of itself no flaw
UNPADDED = "base64-unpadded"  # nothing in it says that it is whole, which counts where the message broke off
_LONG_LINE = 65_536  # a line longer than this is decoded before its end is seen
_FOOTER_LINE = 200  # bytes of a line that tell whether it is base64


class Decoder(Protocol):
    """Decodes one body, given in pieces."""

    flaw: str  # "" or a code, known after `finish`

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class Verbatim:
    """7bit, 8bit and binary: what is on the wire is what was attached."""

    def __init__(self, flaw: str = UNMARKED) -> None:
        self.flaw = flaw

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class Base64:
    """RFC 2045 6.8, forgiving.

    Slices of equal lines go to the C decoder as they are. Others lose what is not in the alphabet first, and are
    taken apart at seams: behind one stands another block, or a footer, which is no data.
    """

    def __init__(self) -> None:
        self.flaw = ""
        self._line = b""  # the beginning of a line
        self._quad = b""  # characters that do not fill a group of four yet
        self._line_bytes = 0  # of the first line, with its break
        self._line_chars = 0  # of the first line
        self._has_data = False
        self._is_padded = False  # the data ended with "=", which ends no line but the last
        self._is_line_start = True
        self._is_at_seam = False
        self._is_at_footer = False

    def feed(self, data: bytes) -> bytes:
        data = self._line + data if self._line else data
        end = data.rfind(b"\n") + 1
        if not end and len(data) > _LONG_LINE:
            end = len(data)
        self._line = data[end:]
        return self._decode(data, end)

    def finish(self) -> bytes:
        rest = self._decode(self._line, len(self._line))
        if not self._is_padded:
            self.flaw = self.flaw or UNPADDED
        return rest + self._close_block()

    def _decode(self, data: bytes, end: int) -> bytes:
        if not end:
            return b""
        if not self._line_bytes:
            self._line_bytes = data.find(b"\n", 0, end) + 1
            self._line_chars = len(data[: self._line_bytes].rstrip())
        regular = self._regular(data, end) if self._line_chars else b""
        if not regular:
            return b"".join(self._blocks(data[:end]))
        rest = data[len(regular) * 4 // 3 // self._line_chars * self._line_bytes : end]
        return regular + b"".join(self._blocks(rest)) if rest else regular

    def _regular(self, data: bytes, end: int) -> bytes:
        """What the leading lines hold, as many as are like the first line of the body; b"" if that is not sure."""
        lines = end // self._line_bytes
        if not lines or self._quad or self._is_at_seam or self._is_at_footer:
            return b""
        if _BREAK.fullmatch(data, self._line_chars, self._line_bytes) is None:
            return b""
        chars = bytearray(memoryview(data)[: lines * self._line_bytes])
        # Every line ends as the first does, and what else there is must be of the alphabet. To take the breaks out as
        # columns and have the rest proved is four times as fast as the decoder that passes over what it doesn't know.
        for column in range(self._line_bytes - 1, self._line_chars - 1, -1):
            if chars[column :: column + 1] != data[column : column + 1] * lines:
                return b""
            del chars[column :: column + 1]
        try:
            decoded = b64decode(chars, validate=True)
        except binascii.Error:
            return b""
        if len(decoded) * 4 != len(chars) * 3:
            return b""  # padding ends a block
        self._has_data = self._is_line_start = True
        self._is_padded = False
        return decoded

    def _blocks(self, data: bytes) -> Iterator[bytes]:
        at = self._pass_blank_lines(data)
        for seam in _seams(data, at):
            if self._is_over(data, at):
                return
            yield self._groups(data[at : seam.start()])
            if seam[0].startswith(b"="):
                yield self._close_block()
                self._is_padded = True
            at, self._is_at_seam = seam.end(), self._has_data
        if at < len(data) and not self._is_over(data, at):
            yield self._groups(data[at:])

    def _pass_blank_lines(self, data: bytes) -> int:
        """Where the first line that is not empty begins; an empty one is a seam here as it is within the data."""
        blanks = len(data) - len(data.lstrip(b" \t\r\n"))
        if self._is_line_start and b"\n" in data[:blanks]:
            self._is_at_seam = self._has_data
        self._is_line_start = data.endswith(b"\n")
        return blanks

    def _is_over(self, data: bytes, at: int) -> bool:
        """Has the data ended? Asked at every seam: what follows must be a line of base64 and nothing else."""
        if not self._is_at_seam or at >= len(data):
            return self._is_at_footer
        line = data[at : at + _FOOTER_LINE].partition(b"\n")[0]
        self._is_at_seam = False
        others = line.translate(None, _ALPHABET)
        if others.strip(b"= \t\r") or (others.strip(b"=\r") and _WORDS.search(line)):
            self._is_at_footer, self.flaw = True, self.flaw or "base64-footer"
        return self._is_at_footer

    def _groups(self, data: bytes) -> bytes:
        if b"-" in data or b"_" in data:  # of another alphabet (RFC 4648 5), or a line of dashes that is no data at all
            self.flaw = "base64-incomplete"
        clean = self._quad + data.translate(None, _NOT_ALPHABET)
        whole = len(clean) & ~3
        self._quad = clean[whole:]
        self._has_data = self._has_data or bool(clean)
        self._is_padded = self._is_padded and not clean
        if not whole:
            return b""
        return b64decode(clean[:whole], validate=True)  # six times as fast as to look for what is not in it

    def _close_block(self) -> bytes:
        quad, self._quad = self._quad, b""
        if len(quad) == 1:
            self.flaw = "base64-incomplete"  # six bits make no byte: something is missing
            return b""
        return b64decode(quad + b"=" * (-len(quad) % 4))


def _seams(data: bytes, at: int) -> Iterator[re.Match[bytes]]:
    """Where blocks of base64 end; the pattern is slow, so it starts at the first mark of one."""
    empty = _EMPTY.search(data, at)
    marks = {data.find(b"=", at), empty.start() if empty else -1} - {-1}
    return _SEAM.finditer(data, min(marks)) if marks else iter(())


class QuotedPrintable:
    """RFC 2045 6.7; an escape that is none is kept as it stands."""

    def __init__(self) -> None:
        self.flaw = UNMARKED
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        data = self._rest + data
        end = data.rfind(b"\n") + 1
        if not end and len(data) > _LONG_LINE:
            escape = data.find(b"=", len(data) - 2)  # not between "=" and its digits
            end = len(data) if escape < 0 else escape
        self._rest = data[end:]
        return _unquote(data[:end])

    def finish(self) -> bytes:
        return _unquote(self._rest)


def _unquote(data: bytes) -> bytes:
    if b"= " in data or b"=\t" in data:
        data = _SOFT_BREAK.sub(rb"=\1", data)
    return binascii.a2b_qp(data)


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "7bit": Verbatim,
    "8bit": Verbatim,
    "binary": Verbatim,
    "7-bit": Verbatim,
    "8-bit": Verbatim,
    "base64": Base64,
    "base-64": Base64,
    "quoted-printable": QuotedPrintable,
    "x-uuencode": UuDecoder,
    "x-uue": UuDecoder,
    "uuencode": UuDecoder,
    "uue": UuDecoder,
}


def make_decoder(encoding: str) -> Decoder:
    """The decoder of a transfer encoding; of an unknown one the bytes come out as they are, with a flaw."""
    known = _DECODERS.get(encoding)
    return known() if known else Verbatim("unknown-encoding")


def is_uuencoded(encoding: str) -> bool:
    return _DECODERS.get(encoding) is UuDecoder


def decoded(decoder: Decoder, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of a body, decoded."""
    for piece in pieces:
        if data := decoder.feed(piece):
            yield data
    if data := decoder.finish():
        yield data
