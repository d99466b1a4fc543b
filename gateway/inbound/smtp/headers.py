"""A header block: bytes to fields, unfolded, in the order in which they stand.

Owns where a block ends, and the bounds on it. Reads no field's meaning but that of the two that say what a part
is. Never raises: a field that can't be read is text all the same.

A block ends at an empty line, at a delimiter, at the end of the stream, or at a line that can't be a header
line: some senders forget the empty line, and what follows is the body.

Source: RFC 5322 2.2; SPEC 4; FIELD-NOTES B.1 (7).
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.parameters import Parameters, is_media_type, is_token, read_parameters, read_value
from gateway.inbound.smtp.source import Source
from gateway.inbound.smtp.words import decode_bytes

_CHARS = rb"[\x21-\x39\x3b-\x7e]{1,1000}"  # of a name
_NAME = re.compile(rb"(%b)([ \t]*):" % _CHARS)
# The first lines of a block, whole, none of which can be a delimiter: a field, then fields and folds. So many and no
# more, since each that a pattern repeats takes memory.
_LINES = re.compile(rb"(?![ \t])(?:(?!--)(?:%b[ \t]*:|[ \t])[^\n]*\n){0,1000}" % _CHARS)
_FIELD = re.compile(rb"%b((?:[^\n]*\n[ \t])*[^\n]*)\n" % _NAME.pattern)  # within these lines
_EMPTY_LINE = re.compile(rb"\r?\n")
_FIELD_END = re.compile(rb"\r?\n(?![ \t])")
_FOLD = re.compile(rb"\r?\n[ \t]?")
_FINDINGS = b"authentication-results"
_MBOX = (b"From ", b">From ")


class Headers(NamedTuple):
    """The fields of one block. What is said of the values is read when it is asked for."""

    fields: tuple[tuple[str, bytes], ...] = ()  # lower-case name; the value as it came, folds and all
    faults: tuple[str, ...] = ()  # "header-too-large", "too-many-headers": what stands behind is not known
    firsts: Mapping[str, bytes] = MappingProxyType({})  # of the fields of a name the first

    def all(self, name: str) -> list[str]:
        """Every value of a field, unfolded, 8-bit bytes decoded, words of RFC 2047 not yet."""
        return [_text(value) for other, value in self.fields if other == name]

    def number_of(self, name: str) -> int:
        """How often a field is there."""
        return sum(other == name for other, _ in self.fields)

    def first(self, name: str) -> str:
        value = self.firsts.get(name)
        return _text(value) if value else ""

    @property
    def content_type(self) -> Parameters:
        """Its value is "" where there is none. One that is not type/subtype means bytes, or text if it says so."""
        found = read_parameters(self.first("content-type"))
        if is_media_type(found.value) or not found.value:
            return found
        return found._replace(value="text/plain" if found.value.startswith("text") else "application/octet-stream")

    @property
    def is_report(self) -> bool:
        """Is it the header of a delivery report or a read receipt?"""
        return read_value(self.first("content-type")) == "multipart/report"

    @property
    def disposition(self) -> Parameters:
        """An unreadable one is an attachment, as one of an unknown kind is (RFC 2183 2.8)."""
        found = read_parameters(self.first("content-disposition"))
        return found if not found.value or is_token(found.value) else found._replace(value="attachment")

    @property
    def encoding(self) -> str:
        """The transfer encoding: one lower-case word, "7bit" where none is given."""
        return read_value(self.first("content-transfer-encoding")).strip("\"'") or "7bit"


def read_headers(block: bytes, limits: MessageLimits | None = None) -> Headers:
    """The fields of a header block, with or without its empty line. Safe on any bytes."""
    limits = limits or MessageLimits()
    faults = ("header-too-large",) if len(block) > limits.header_bytes else ()
    return _fields(block[: limits.header_bytes], limits, faults)


def take_headers(source: Source, boundaries: Sequence[bytes], limits: MessageLimits) -> Headers:
    """The block that begins at the next line of the source; the source is left at the body's first line."""
    if source.is_over():
        return Headers()
    lines = source.take(_LINES, limits.header_bytes)  # of most blocks all; what is odd, line by line
    if source.take(_EMPTY_LINE, len(b"\r\n")):
        return _fields_of(lines, limits)
    return _take_rest(bytearray(lines), source, boundaries, limits)


def _take_rest(block: bytearray, source: Source, boundaries: Sequence[bytes], limits: MessageLimits) -> Headers:
    """The block of which this is the beginning, line by line."""
    size, is_line_start = len(block), True
    while line := source.line(limits.header_bytes):
        if is_line_start and line.strip(b"\r\n") == b"":
            source.skip(len(line))
            break
        if is_line_start and _ends_block(line, source, boundaries, is_first=not size):
            break
        source.skip(len(line))
        is_line_start = line.endswith(b"\n")
        size += len(line)
        if size <= limits.header_bytes:
            block += line
    faults = ("header-too-large",) if size > limits.header_bytes else ()
    return _fields(bytes(block), limits, faults)


def _ends_block(line: bytes, source: Source, boundaries: Sequence[bytes], *, is_first: bool) -> bool:
    if line.startswith(b"--") and source.is_at_delimiter(boundaries):
        return True
    if is_first:
        return not line.startswith(_MBOX) and _NAME.match(line) is None
    return line[:1] not in (b" ", b"\t") and _NAME.match(line) is None


def _fields_of(lines: bytes, limits: MessageLimits) -> Headers:
    """The fields of lines of which each is known to be one, or a fold."""
    found = _FIELD.findall(lines)
    if len(found) > limits.header_lines:
        return _fields(lines, limits, ())
    return _headers(found, ())


def _fields(block: bytes, limits: MessageLimits, faults: tuple[str, ...]) -> Headers:
    found: list[tuple[bytes, bytes, bytes]] = []
    fields = _FIELD_END.split(block.rstrip(b"\r\n"))
    if faults:
        fields.pop()  # the limit may lie within it, or before its next fold: half a field is none
    for number, field in enumerate(fields):
        match = _NAME.match(field)
        if match is None and not number and field.startswith(_MBOX):
            continue
        if match is None:
            break  # the body began here, as it does for every mail system before us
        if len(found) >= limits.header_lines:
            faults = (*faults, "too-many-headers")
            break
        found.append((match[1], match[2], field[match.end() :]))
    return _headers(found, faults)


def _headers(found: list[tuple[bytes, bytes, bytes]], faults: tuple[str, ...]) -> Headers:
    """Of names, the blanks behind each, and values."""
    kept = [
        (name.decode("ascii").lower(), value.strip(b"\r\n"))
        for name, blanks, value in found
        if not (blanks and _is_forged(name))
    ]
    return Headers(tuple(kept), faults, dict(reversed(kept)))


def _is_forged(name: bytes) -> bool:
    """With blanks behind its name: nobody writes it so but who hopes that a relay won't know what it takes out."""
    return name.lower() == _FINDINGS


def _text(value: bytes) -> str:
    """Unfolded: a break and the blank behind it are one blank, as mailers mean them."""
    unfolded = _FOLD.sub(b" ", value) if b"\n" in value else value
    return decode_bytes(unfolded).strip(" \t")
