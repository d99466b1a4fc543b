"""Files that old software wrote into a text body: `begin 644 name`, lines, `end`.

Owns finding them in a stream of text and decoding them. A line of prose that begins with "begin" is text: the
line after it must be one of uuencode. Memory is one slice.

Source: POSIX uuencode; SPEC 4.
"""

import binascii
import re
from collections.abc import Iterator

from gateway.inbound.smtp.embedded import Closed, Event, Opened, Text
from gateway.inbound.smtp.words import decode_bytes

_BEGIN = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{1,1000})\r?\n")
_LONG_LINE = 1_100  # a longer line is no line of uuencode, nor its beginning


class UuReader:
    """Splits a text, given in pieces, into what is text and what is a file."""

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        self._is_line_start = True
        self._is_open = False
        self._name = ""

    def feed(self, data: bytes) -> Iterator[Event]:
        self._data, self._at = self._data[self._at :] + data, 0
        yield from self._read(is_last=False)

    def finish(self) -> Iterator[Event]:
        yield from self._read(is_last=True)
        if self._is_open:
            yield self._close("truncated")

    def _read(self, *, is_last: bool) -> Iterator[Event]:
        before = None
        while before != (self._at, self._is_open):
            before = (self._at, self._is_open)
            yield from self._file(is_last) if self._is_open else self._text(is_last)

    def _text(self, is_last: bool) -> Iterator[Event]:
        begin = self._find_begin()
        if begin == self._at:
            yield from self._begin(is_last)
            return
        end = begin if begin >= 0 else self._end_of_lines(is_last)
        if end > self._at:
            yield Text(self._take(end))

    def _begin(self, is_last: bool) -> Iterator[Event]:
        """At a line that may open a file: the next line decides."""
        match = _BEGIN.match(self._data, self._at)
        next_line = self._line(match.end(), is_last) if match else self._line(self._at, is_last)
        if next_line is None:
            return
        if match is None or not _is_full_line(next_line):
            yield Text(self._take(match.end() if match else self._at + len(next_line)))
            return
        self._take(match.end())
        self._is_open, self._name = True, decode_bytes(match[1])
        yield Opened()

    def _file(self, is_last: bool) -> Iterator[Event]:
        decoded: list[bytes] = []
        is_over = is_whole = False
        while not is_over and (line := self._line(self._at, is_last)):
            piece = _decode_line(line.rstrip(b"\r\n"))
            is_whole = line.strip() == b"end"
            is_over = is_whole or piece is None
            if is_whole or piece is not None:
                self._take(self._at + len(line))
            decoded.append(b"" if is_over or piece is None else piece)
        if data := b"".join(decoded):
            yield data
        if is_over:
            yield self._close("" if is_whole else "truncated")

    def _close(self, why: str) -> Closed:
        self._is_open = False
        return Closed(self._name, why)

    def _find_begin(self) -> int:
        if self._is_line_start and self._data.startswith(b"begin ", self._at):
            return self._at
        return self._data.find(b"\nbegin ", self._at) + 1 or -1

    def _line(self, start: int, is_last: bool) -> bytes | None:
        """The line at `start` with its break; None while its end is not there yet."""
        end = self._data.find(b"\n", start, start + _LONG_LINE) + 1
        if end or is_last or len(self._data) - start > _LONG_LINE:
            return self._data[start : end or start + _LONG_LINE]
        return None

    def _end_of_lines(self, is_last: bool) -> int:
        """Where text ends that can be passed on: it holds no beginning of a line that may open a file."""
        last = self._data.rfind(b"\n", self._at) + 1
        rest = self._data[max(last, self._at) :]
        may_open = (last or self._is_line_start) and b"begin ".startswith(rest[:6])
        return max(last, self._at) if may_open and not is_last else len(self._data)

    def _take(self, end: int) -> bytes:
        data = self._data[self._at : end]
        self._at = end
        self._is_line_start = data.endswith(b"\n")
        return data


class UuDecoder:
    """The transfer encoding x-uuencode: the first file in the body; the name on its first line is kept."""

    def __init__(self) -> None:
        self.flaw = "uuencode-incomplete"  # until the file has ended
        self.name: str | None = None
        self._reader = UuReader()
        self._is_over = False

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._pieces(self._reader.feed(data)))

    def finish(self) -> bytes:
        return b"".join(self._pieces(self._reader.finish()))

    def _pieces(self, events: Iterator[Event]) -> Iterator[bytes]:
        for event in events:
            if isinstance(event, bytes) and not self._is_over:
                yield event
            if isinstance(event, Closed) and not self._is_over:
                self._is_over, self.name = True, event.name
                self.flaw = self.flaw if event.why else ""


def _is_full_line(line: bytes) -> bool:
    """Is it, with its whole length, a line of uuencode? Asked of the line behind "begin"."""
    line = line.rstrip(b"\r\n")
    if line in (b"`", b"end"):
        return True
    needed = _needed(line)
    return 0 < needed <= len(line) - 1 and _decode_line(line) is not None


def _needed(line: bytes) -> int:
    """Characters that a line needs behind the one that gives its length."""
    return ((line[0] - 32 & 63) + 2) // 3 * 4 if line else 0


def _decode_line(line: bytes) -> bytes | None:
    """The bytes of one line, b"" of an empty one, None of what is no line of uuencode."""
    if not line:
        return b""
    needed = _needed(line)
    if not 32 <= line[0] <= 96 or len(line) - 1 > needed + 2:  # some encoders add a checksum
        return None
    try:
        # Blanks at the end of a line are zeros that a relay may have taken away.
        return binascii.a2b_uu(line[: needed + 1].ljust(needed + 1))
    except binascii.Error:
        return None
