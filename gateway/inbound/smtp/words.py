"""Bytes of a header, and words of RFC 2047, to text.

Owns charsets: which labels are believed, and what is read when a label is wrong or missing. Never raises, and is
linear in its input; the caller bounds what it passes in.

Lone surrogates are kept in the text, so that the rule for names can see and refuse them.

Source: RFC 2047; SPEC 3 (`unsafe-name`); FIELD-NOTES A.3.
"""

import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

WORD_BYTES = 8_192  # of one header value in which encoded words are looked for

_WORD = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?((?:(?!\?=).)*)\?=")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_LABELS = re.compile(
    r"(utf|iso|us-?ascii|ascii|latin|windows|cp|ibm|koi8|gb|big5|hz|shift|s-?jis|euc|ks_c|mac|tis|johab|viscii)"
)
_SPELLINGS = {
    "gb2312": "gb18030",  # senders write the later character set under the earlier name
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252",  # what every browser and mail client reads under this name
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-8-i": "iso-8859-8",
}


@dataclass(frozen=True)
class _Run:
    """Bytes of encoded words that stand together in one charset: a character may be split between them."""

    charset: str
    data: bytes


def decode_bytes(data: bytes, charset: str = "") -> str:
    """Text of bytes: by the charset if it is a known one and fits, else UTF-8, else Windows-1252."""
    if not charset and data.isascii():
        return data.decode("ascii")
    for codec in (_codec(charset), "utf-8", "cp1252") if charset else ("utf-8", "cp1252"):
        errors = "surrogatepass" if codec.startswith(("utf-8", "utf-16", "utf-32")) else "strict"
        try:
            if codec:
                return data.decode(codec, errors)
        except (UnicodeError, LookupError):
            continue
    return data.decode("latin-1")


def decode_text(data: bytes, charset: str = "") -> str:
    """Text of a body, of which the end may be missing: what can't be read is replaced, not guessed at."""
    if codec := _codec(charset):
        return data.decode(codec, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut = error.end == len(data) and not data[: error.start].isascii()  # it ends within a character
        return data.decode("utf-8" if is_cut else "cp1252", "replace")


def decode_words(text: str) -> str:
    """The text with its encoded words read, wherever they stand: many senders put them inside quotes."""
    if "=?" not in text:
        return text
    return "".join(_pieces(text[:WORD_BYTES])) + text[WORD_BYTES:]


def _pieces(text: str) -> Iterator[str]:
    at = 0
    run: _Run | None = None
    for word in _WORD.finditer(text):
        charset, data = word[1].partition("*")[0].lower(), _word_bytes(word[2], word[3])
        between = text[at : word.start()]
        at = word.end()
        joins = run is not None and not between.strip()  # blanks between two words are not part of the text
        if run is not None and joins and run.charset == charset:
            run = _Run(charset, run.data + data)
            continue
        if run is not None:
            yield decode_bytes(run.data, run.charset)
        yield "" if joins else between
        run = _Run(charset, data)
    if run is not None:
        yield decode_bytes(run.data, run.charset)
    yield text[at:]


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    if encoding in "bB":
        return _loose_base64(raw)
    return _Q_ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), raw.replace(b"_", b" "))


def _loose_base64(raw: bytes) -> bytes:
    clean = _NOT_BASE64.sub(b"", raw)
    if len(clean) % 4 == 1:
        clean = clean[:-1]  # six bits make no byte
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def _codec(charset: str) -> str:
    """The name of a Python codec for a label, or "" for one that is not a charset of mail."""
    label = charset.strip(" \t\"'").lower().partition(" ")[0]
    label = _SPELLINGS.get(label, label)
    if not _LABELS.match(label):
        return ""
    try:
        return codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
