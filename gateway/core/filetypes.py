"""What bytes say about their type, whatever the name says.

Owns the signatures of the types that services accept, of programs, and of containers that were cut off. Pure: the first
and last bytes are passed in (Source: SPEC 3 rule 6; FIELD-NOTES A.5 on `.pdf.exe`).
"""

from collections.abc import Iterator, Mapping
from struct import Struct

HEAD = 4096  # bytes of the start that a look needs
TAIL = 2048  # bytes of the end: a PDF's last line may be followed by a little rubbish

_OFFICE_ZIP = frozenset({"zip", "docx", "xlsx", "pptx", "odt", "ods"})
_OLE = frozenset({"doc", "xls", "ppt", "msg"})
_TEXT = frozenset({"txt", "csv", "xml", "eml", "rtf"})

_STARTS: tuple[tuple[bytes, frozenset[str]], ...] = (
    (b"%PDF-", frozenset({"pdf"})),
    (b"PK\x03\x04", _OFFICE_ZIP),
    (b"PK\x05\x06", frozenset({"zip"})),  # an archive with nothing in it
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (b"\xff\xd8\xff", frozenset({"jpg", "jpeg"})),
    (b"\x89PNG\r\n\x1a\n", frozenset({"png"})),
    (b"II*\x00", frozenset({"tif", "tiff"})),
    (b"MM\x00*", frozenset({"tif", "tiff"})),
    (b"{\\rtf", frozenset({"rtf"})),
)
_HEIC_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"hevc")
_PROGRAMS: Mapping[bytes, str] = {
    b"MZ": "a Windows program",
    b"\x7fELF": "a Linux program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"#!": "a script",
}
_PDF_OBJECT = b" obj"
_ZIP_END = b"PK\x05\x06"
_ZIP_END_SHORTEST = 22  # bytes: the record at the end without a comment
_ZIP_END_LONGEST = 65_557  # bytes: the record at the end with the longest comment
_ZIP_LIST = Struct("<12xIIH")  # in that record: bytes of the list of contents, where it begins, bytes of the comment
_ZIP64_LOCATOR, _ZIP64_LOCATOR_SIZE = b"PK\x06\x07", 20  # stands before it where the list lies behind 4 GiB


def types_of(head: bytes) -> frozenset[str]:
    """Return the extensions that these first bytes may belong to; empty when they are of no known type."""
    for start, types in _STARTS:
        if head.startswith(start):
            return types
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return frozenset({"heic"})
    return _TEXT if _is_text(head) else frozenset()


def program_kind(head: bytes) -> str | None:
    """Return what kind of program these bytes start, or None."""
    return next((kind for start, kind in _PROGRAMS.items() if head.startswith(start)), None)


def is_cut_off(head: bytes, tail: bytes, size: int) -> bool:
    """Return whether a container that starts well has no end: an upload that was broken off.

    `size` is that of the whole file, and `tail` its last 64 KiB for a zip; only its own end record counts. Bytes of no
    known start are not judged, nor is a text that only begins like a PDF: a real one has objects in it from the first
    page on.
    """
    if head.startswith(b"PK\x03\x04"):
        return not any(_is_own_end(tail, at, size) for at in _zip_ends(tail))
    if head.startswith(b"%PDF-") and _PDF_OBJECT in head:
        return b"%%EOF" not in tail[-TAIL:]
    return False


def _zip_ends(tail: bytes) -> Iterator[int]:
    """Yield where whole end records of a zip may begin in the last bytes, the last one first."""
    first = max(0, len(tail) - _ZIP_END_LONGEST)
    at = tail.rfind(_ZIP_END, first, len(tail) - _ZIP_END_SHORTEST + len(_ZIP_END))
    while at >= 0:
        yield at
        at = tail.rfind(_ZIP_END, first, at)


def _is_own_end(tail: bytes, at: int, size: int) -> bool:
    """Return whether an end record is this zip's, and not that of a zip that lies in it: its list stands before it.

    Where its places are told otherwise, it is if nothing follows its comment (APPNOTE.TXT, 4.3.16).
    """
    length, start, comment = _ZIP_LIST.unpack_from(tail, at)
    place = size - len(tail) + at
    is_long = tail[max(0, at - _ZIP64_LOCATOR_SIZE) : at].startswith(_ZIP64_LOCATOR)
    return start + length == place or is_long or at + _ZIP_END_SHORTEST + comment == len(tail)


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return bool(head) and not any(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head)
