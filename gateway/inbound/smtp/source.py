"""Bytes in slices, read line by line or up to a boundary.

Owns the buffer between a stream of slices and whoever reads entities out of it. Knows what a delimiter line is
and nothing else of MIME. Memory is one slice and the longest delimiter line, whatever the stream holds.

A delimiter line is "--boundary" at the start of a line, then "--" if it closes, then blanks, then the line break
or the end of the stream (RFC 2046 5.1.1). The line break before it is part of the delimiter. Lines end with
CRLF or LF. A line that two boundaries match belongs to the inner one: some mailers use one boundary twice.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gateway.inbound.smtp.limits import Allowance

SLICE = 131_072  # bytes read at once; one C call over a slice holds the interpreter for half a millisecond
_PADDING = 256  # blanks that may follow a boundary on its line


class Stop(NamedTuple):
    """A delimiter, at which a body ends."""

    start: int  # first byte of its line in the buffer
    end: int  # first byte after it
    level: int  # which of the boundaries given; 0 is the outermost
    is_closing: bool


class Source:
    """One pass over slices. `stop` is the delimiter that ended the last body, None when the slices ended."""

    def __init__(self, slices: Iterator[bytes], allowance: Allowance) -> None:
        self._slices = slices
        self._allowance = allowance
        self._buffer = b""
        self._at = 0
        self._ended = False
        self.stop: Stop | None = None

    def line(self, limit: int) -> bytes:
        """The next line with its break, not consumed; at most `limit` bytes of it; b"" at the end."""
        while (end := self._buffer.find(b"\n", self._at, self._at + limit)) < 0:
            if len(self._buffer) - self._at >= limit or not self._fill():
                return self._buffer[self._at : self._at + limit]
        return self._buffer[self._at : end + 1]

    def is_over(self) -> bool:
        """Is there nothing more?"""
        return self._at >= len(self._buffer) and not self._fill()

    def skip(self, count: int) -> None:
        """Pass over `count` bytes that `line` has shown."""
        self._at += count

    def take(self, pattern: re.Pattern[bytes], limit: int) -> bytes:
        """What comes next and matches, consumed: at most `limit` bytes, and no more than is in memory."""
        match = pattern.match(self._buffer, self._at, self._at + limit)
        if match is None:
            return b""
        self._at = match.end()
        return match[0]

    def is_at_delimiter(self, boundaries: Sequence[bytes]) -> bool:
        """Is a delimiter line next? Asked at the start of a line; consumes nothing."""
        return self._delimiter_here(boundaries) is not None

    def body(self, boundaries: Sequence[bytes]) -> Iterator[bytes]:
        """Pieces of the body up to the next delimiter line of any of the boundaries, which is consumed.

        Begins at the start of a line. Boundaries are given outermost first, each with its leading "--".
        """
        self.stop = None
        if hit := self._delimiter_here(boundaries):
            self._pass(hit)
            return
        while True:
            hit = self._next_delimiter(boundaries)
            if piece := self._take(self._before_break(hit.start - 1) if hit else self._safe_end(boundaries)):
                yield piece
            if hit:
                self._pass(hit)
            if hit or self._ended:
                return
            self._fill()

    def _fill(self) -> bool:
        """One slice more. False at the end of the slices, or when the allowance is spent."""
        if not self._allowance.check_cpu():
            self._buffer, self._at, self._ended = b"", 0, True
        piece = b"" if self._ended else next(self._slices, b"")
        if not piece:
            self._ended = True
            return False
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return True

    def _take(self, end: int) -> bytes:
        start, self._at = self._at, end
        return self._buffer[start:end]

    def _pass(self, hit: Stop) -> None:
        self._at = hit.end
        self.stop = hit

    def _before_break(self, newline: int) -> int:
        """Where the line break begins that ends at `newline`: one byte earlier when it is a CRLF."""
        has_cr = newline > self._at and self._buffer[newline - 1 : newline] == b"\r"
        return newline - has_cr

    def _safe_end(self, boundaries: Sequence[bytes]) -> int:
        """Up to where the buffer holds no beginning of a delimiter that the next slice could complete."""
        size = len(self._buffer)
        if self._ended or not boundaries:
            return size
        reach = max(map(len, boundaries)) + _PADDING + 2
        last = self._buffer.rfind(b"\n", max(self._at, size - reach))
        is_begun = last >= 0 and b"--".startswith(self._buffer[last + 1 : last + 3])
        return self._before_break(last if is_begun else size)

    def _delimiter_here(self, boundaries: Sequence[bytes]) -> Stop | None:
        if self._allowance.is_spent:
            self._fill()
        if not boundaries or not self.line(2).startswith(b"--"):
            return None
        self.line(max(map(len, boundaries)) + _PADDING)  # for its effect: the whole line is in the buffer now
        for level in range(len(boundaries) - 1, -1, -1):
            if hit := self._match(self._at, boundaries[level], level):
                return hit
        return None

    def _next_delimiter(self, boundaries: Sequence[bytes]) -> Stop | None:
        """The first delimiter after a line break in the buffer; where two match one line, the inner one."""
        found: Stop | None = None
        # One byte is found thirty times as fast as a boundary, and base64 has no dash: up to the first there is none.
        dash = self._buffer.find(b"-", self._at) if boundaries else -1
        if dash < 0:
            return None
        for level in range(len(boundaries) - 1, -1, -1):
            # The innermost is searched first: it is near, and spares the others the rest of the buffer.
            until = len(self._buffer) if found is None else found.start + len(boundaries[level]) - 1
            found = self._search(boundaries[level], level, max(self._at, dash - 1), until) or found
        return found

    def _search(self, boundary: bytes, level: int, start: int, until: int) -> Stop | None:
        needle = b"\n" + boundary
        at = self._buffer.find(needle, start, until)
        while at >= 0:
            if hit := self._match(at + 1, boundary, level):
                return hit
            at = self._buffer.find(needle, at + 1, until)
        return None

    def _match(self, start: int, boundary: bytes, level: int) -> Stop | None:
        """The delimiter that begins at `start`, when its whole line is in the buffer."""
        if not self._buffer.startswith(boundary, start):
            return None
        after = start + len(boundary)
        end = self._buffer.find(b"\n", after, after + _PADDING)
        if end < 0:
            if not self._ended or len(self._buffer) - after > _PADDING:
                return None
            end = len(self._buffer)
        tail = self._buffer[after:end]
        is_closing = tail.startswith(b"--")
        if tail[2 * is_closing :].strip(b" \t\r"):
            return None
        return Stop(start, min(end + 1, len(self._buffer)), level, is_closing)
