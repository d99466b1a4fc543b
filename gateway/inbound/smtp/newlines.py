"""Line ends in a message: whether a CR or LF stands alone, and what becomes of it.

Owns the question and the putting right; what follows for a message is decided in `data`. A message is base64 for the
most part, whose lines are all of one length: that is seen in a tenth of the time that a count takes.

Source: RFC 5321 2.3.8; SPEC 4; FIELD-NOTES B.2.
"""

import re
from enum import StrEnum

from gateway.inbound.smtp.piece import Piece

_NOT_LINE_ENDS = bytes(b for b in range(256) if b not in b"\r\n")
_FRONTS = (0, 2048, 8192)  # bytes: base64 often begins behind a header of about such a length
_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")
_COUNTED = re.compile(rb"^%PDF-", re.MULTILINE)  # a file that says of its parts at which byte they begin
_NOT_TEXT = bytes(set(range(32)) - set(b"\b\t\n\v\f\r\x1b"))  # what no text in mail has, and hardly a file is without


class BareNewlines(StrEnum):
    """What becomes of a CR or LF that stands alone."""

    REJECT = "reject"
    NORMALISE = "normalise"  # each becomes CRLF in text; a file that was not encoded is refused


def has_bare_newline(data: Piece) -> bool:
    """Whether a CR or LF stands alone. Exact for data that parts no CR from its LF."""
    for front in _FRONTS:
        start = _line_start(data, front)
        if start < 0 or 2 * (data.stop - start) < data.size:
            break
        end = _end_of_even_lines(data.behind(start))
        if end > start:
            return _count_differs(data.until(start)) or _count_differs(data.behind(end))
    return _count_differs(data)


def put_right(data: Piece) -> Piece:
    """Return it with each line end as CRLF."""
    return Piece.of(_ANY_LINE_END.sub(b"\r\n", bytes(data)))


def is_text(data: bytes) -> bool:
    """Whether these may be lines of text, of which the ends can be put right and nothing is lost."""
    return len(data.translate(None, _NOT_TEXT)) == len(data) and _COUNTED.search(data) is None


def _line_start(data: Piece, front: int) -> int:
    """Return where the first line begins behind so many bytes; -1 where none does."""
    if not front:
        return data.start
    end = data.store.find(b"\r\n", data.start + front, data.stop)
    return end + 2 if end >= 0 else -1


def _end_of_even_lines(data: Piece) -> int:
    """Return the end of the lines of one length that it begins with; its start unless they are most of it, and whole.

    Each CR and LF in them ends a line. The last of them ends with its CRLF.
    """
    store = data.store
    first = store.find(b"\r\n", data.start, data.stop)
    width = store.find(b"\r\n", first + 2, data.stop) - first
    if first < 0 or width < 0 or not store.startswith(b"\r\n", first + 2 * width, data.stop):
        return data.start
    returns, feeds = store[first : data.stop : width], store[first + 1 : data.stop : width]
    lines = min(_leading(b"\r", returns), _leading(b"\n", feeds))
    end = first + (lines - 1) * width + 2
    if 2 * (end - data.start) < data.size:
        return data.start
    rest = store[data.start : end]
    column = first - data.start
    rest[column::width] = rest[column + 1 :: width] = bytes(lines)
    return data.start if b"\r" in rest or b"\n" in rest else end


def _leading(byte: bytes, among: bytearray) -> int:
    """Return how often a byte stands in front of any other; most often there is no other."""
    return len(among) if among == byte * len(among) else len(among) - len(among.lstrip(byte))


def _count_differs(data: Piece) -> bool:
    """Whether there are more CR and LF than stand in pairs."""
    part = data.store[data.start : data.stop]
    return len(part.translate(None, _NOT_LINE_ENDS)) != 2 * part.count(b"\r\n")
