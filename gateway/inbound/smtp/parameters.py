"""Content-Type and Content-Disposition: a value and its parameters, and the one name of a part.

Owns RFC 2231 (charsets, continuations) and the forgiving reading of what is not quite RFC 2045: blanks in a value
without quotes, a quote that is never closed, words of RFC 2047 inside quotes. Nothing is cleaned: a path, a
blank at the end or a control character stays in the name for the name rule to refuse. Percent signs are decoded
only where a parameter says that it is extended ("name*="). In quotes only \\" and \\\\ are escapes, so that the
backslashes of a Windows path stay visible.

Never raises; linear in its input.

Source: RFC 2045 5.1, RFC 2183, RFC 2231; SPEC 3, 4; FIELD-NOTES A.3.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from gateway.inbound.smtp.words import decode_bytes, decode_words

VALUE_CHARS = 65_536  # of one header value that are read
_PARAMETERS = 200  # of one header

# What stands before "=", and the value in quotes or without.
_PAIR = re.compile(r'([^=]*)=(?:[ \t]*"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)|([^;]*))', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')
_SEGMENT = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*)?\Z")
_COMMENT = re.compile(r"\([^()]*\)")
_TOKEN = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,127}")
_MEDIA_TYPE = re.compile(f"{_TOKEN.pattern}/{_TOKEN.pattern}")


class Parameters(NamedTuple):
    """`text/plain; charset=utf-8` as a value and its decoded parameters."""

    value: str  # lower case, without parameters and comments
    named: Mapping[str, str] = MappingProxyType({})  # lower-case names; the first of two counts
    extended: frozenset[str] = frozenset()  # names of the values that RFC 2231 has already decoded

    def get(self, name: str) -> str:
        return self.named.get(name, "")


_NOTHING = Parameters("")


@dataclass(frozen=True)
class _Segment:
    """A parameter with a star behind its name, or a piece of one."""

    index: int  # of a continuation; -1 for a parameter in one piece
    is_extended: bool  # percent-encoded, with a charset in the first segment
    text: str


def is_token(text: str) -> bool:
    """Is it a word that is fit for a record and a notice? (RFC 2045 5.1, bounded as in RFC 6838 4.2.)"""
    return _TOKEN.fullmatch(text) is not None


def is_media_type(text: str) -> bool:
    return _MEDIA_TYPE.fullmatch(text) is not None


def read_parameters(raw: str) -> Parameters:
    """The value and parameters of an unfolded header value."""
    if not raw:
        return _NOTHING
    value, rest = _parted(raw)
    named: dict[str, str] = {}
    segments: dict[str, list[_Segment]] = {}
    for name, text in _pairs(rest):
        if name and "*" not in name:
            named.setdefault(name, text)
        elif (match := _SEGMENT.match(name)) is not None:
            segments.setdefault(match[1], []).append(_Segment(int(match[2] or -1), bool(match[3]), text))
    if not segments:
        return Parameters(value, named)
    extended = {name for name, found in segments.items() if any(part.is_extended for part in found)}
    named.update({name: _joined(found) for name, found in segments.items()})  # preferred to a plain one
    return Parameters(value, named, frozenset(extended))


def read_value(raw: str) -> str:
    """The value alone."""
    return _parted(raw)[0]


def read_name(disposition: Parameters, content_type: Parameters, *, limit: int) -> tuple[str | None, str | None]:
    """The name of a part, and the other one where `filename` and `name` disagree. `filename` wins."""
    name, other = _one_name(disposition, "filename", limit), _one_name(content_type, "name", limit)
    if name is None:
        return other, None
    return name, other if other != name else None


def _one_name(where: Parameters, key: str, limit: int) -> str | None:
    text = where.named.get(key)
    if not text:
        return None
    if len(text) > limit:
        return text[:limit]  # not decoded: half a name could read as a good one; this passes no rule
    once = text if key in where.extended else decode_words(text)
    return unicodedata.normalize("NFC", once)


def _parted(raw: str) -> tuple[str, str]:
    """The value, and the text of the parameters."""
    value, _, rest = raw[:VALUE_CHARS].partition(";")
    if "=" in value:  # the value itself was forgotten
        return "", raw[:VALUE_CHARS]
    if "(" in value:
        value = _COMMENT.sub(" ", value)
    words = value.lower().split(maxsplit=1)
    return words[0] if words else "", rest


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    at = 0
    while len(pairs) < _PARAMETERS and (match := _PAIR.match(text, at)) is not None:
        before, quoted, bare = match.groups()
        value = bare.strip() if quoted is None else quoted
        if quoted is not None and "\\" in quoted:
            value = _ESCAPE.sub(r"\1", quoted)
        pairs.append((before.rpartition(";")[2].strip().lower(), value))
        at = match.end()
    return pairs


def _joined(segments: list[_Segment]) -> str:
    """One value of its segments: an extended one in one piece is preferred to a continued one."""
    whole = next((part for part in segments if part.index < 0), None)
    return _decoded([whole] if whole is not None else sorted(segments, key=lambda part: part.index))


def _decoded(segments: list[_Segment]) -> str:
    charset, first = "", segments[0].text
    if segments[0].is_extended and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    text, pending = "", b""  # pending: a character may be split between two extended segments
    for number, segment in enumerate(segments):
        piece = segment.text if number else first
        if segment.is_extended:
            pending += unquote_to_bytes(piece.encode("utf-8", "surrogatepass"))
            continue
        text += decode_bytes(pending, charset) + piece
        pending = b""
    return text + decode_bytes(pending, charset)
