"""What bytes say of their type: nothing is taken for what its name says (Source: SPEC 3 rule 6)."""

import io
import zipfile

import pytest

from gateway.core.filetypes import HEAD, TAIL, is_cut_off, program_kind, types_of

OFFICE = {"zip", "docx", "xlsx", "pptx", "odt", "ods"}
OLD_OFFICE = {"doc", "xls", "ppt", "msg"}
TEXTS = {"txt", "csv", "xml", "eml", "rtf"}


def a_zip(comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", b"a" * 1000)
        archive.comment = comment
    return out.getvalue()


def an_empty_zip() -> bytes:
    out = io.BytesIO()
    zipfile.ZipFile(out, "w").close()
    return out.getvalue()


@pytest.mark.parametrize(
    ("what", "head", "types"),
    [
        ("PDF", b"%PDF-1.7\n", {"pdf"}),
        ("zip, and what is one inside", a_zip(), OFFICE),
        ("a zip with nothing in it", an_empty_zip(), {"zip"}),
        ("old Office", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", OLD_OFFICE),
        ("JPEG", b"\xff\xd8\xff\xe0\x00\x10JFIF", {"jpg", "jpeg"}),
        ("PNG", b"\x89PNG\r\n\x1a\n\x00\x00", {"png"}),
        ("TIFF of a PC", b"II*\x00\x08\x00", {"tif", "tiff"}),
        ("TIFF of a Mac", b"MM\x00*\x00\x00", {"tif", "tiff"}),
        ("RTF", b"{\\rtf1\\ansi", {"rtf"}),
        ("photograph of a telephone", b"\x00\x00\x00\x18ftypheic\x00\x00", {"heic"}),
        ("film of a telephone", b"\x00\x00\x00\x18ftypqt  \x00\x00", set()),
        ("text", b"pupil,score\r\n1,34\r\n", TEXTS),
        ("text in Latin 1", b"Zo\xeb,34\n", TEXTS),
        ("text in UTF-8 with its mark", b"\xef\xbb\xbfpupil", TEXTS),
        ("text in UTF-16", "pupil".encode("utf-16"), TEXTS),
        ("text with a form feed", b"page\x0cpage", TEXTS),
        ("bytes of no known type", b"\x00\x01\x02\x03", set()),
        ("text with a NUL", b"pupil\x00", set()),
        ("nothing", b"", set()),
    ],
)
def test_the_first_bytes_tell_the_types_that_they_may_be(what: str, head: bytes, types: set[str]) -> None:
    assert types_of(head[:HEAD]) == types, what


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"MZ\x90\x00", "a Windows program"),
        (b"\x7fELF\x02", "a Linux program"),
        (b"\xcf\xfa\xed\xfe", "a macOS program"),
        (b"#!/bin/sh\n", "a script"),
        (b"%PDF-1.7", None),
        (b" MZ", None),
        (b"", None),
    ],
)
def test_a_program_is_known_by_its_first_bytes(head: bytes, kind: str | None) -> None:
    assert program_kind(head) == kind


def is_whole(data: bytes) -> bool:
    return not is_cut_off(data[:HEAD], data[-66_000:], len(data))


def a_zip_of_zips() -> bytes:
    """As a school makes one of what its classes sent it: the zips in it are not packed again."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(20):
            archive.writestr(f"class{number}.zip", a_zip(b"class" * number))
    return out.getvalue()


@pytest.mark.parametrize("comment", [b"", b"x" * 65_535])
def test_a_whole_zip_is_whole_however_long_its_comment_is(comment: bytes) -> None:
    assert is_whole(a_zip(comment))


def test_a_zip_that_was_broken_off_anywhere_is_cut_off() -> None:
    data = a_zip()
    for size in range(4, len(data)):
        assert not is_whole(data[:size]), size


def test_the_end_of_a_zip_inside_is_not_the_end_of_the_zip() -> None:
    inner = b"PK\x03\x04" + an_empty_zip() + b"\x00" * 65_600
    assert not is_whole(inner)


def test_a_zip_of_zips_that_was_broken_off_anywhere_is_cut_off() -> None:
    """Else it is routed with the list of one zip in it: what is cut off has the ends of all that came whole."""
    data = a_zip_of_zips()
    ends = [at + 22 + len("class") * n for n, at in enumerate(places(data, b"PK\x05\x06")[:-1])]
    # Of a cut on the very end of a zip in it nothing tells that it is none.
    assert [size for size in range(4, len(data)) if is_whole(data[:size])] == ends


def places(data: bytes, what: bytes) -> list[int]:
    return [at for at in range(len(data)) if data.startswith(what, at)]


@pytest.mark.parametrize(
    ("rule", "data"),
    [
        ("of zips", a_zip_of_zips()),
        ("with a little rubbish behind it", a_zip_of_zips() + b"\r\n" * 500),
        ("behind another file, so that its places are told from its own beginning", a_zip() + a_zip_of_zips()),
    ],
)
def test_a_whole_zip_is_whole(rule: str, data: bytes) -> None:
    assert is_whole(data), rule


def test_a_zip_that_is_too_long_for_its_end_record_has_a_longer_one_before_it() -> None:
    """With the places of the short record all ones, as of a list of contents behind 4 GiB; here with rubbish behind."""
    data = a_zip()
    end = data.index(b"PK\x05\x06")
    long_end = b"PK\x06\x06" + bytes(52) + b"PK\x06\x07" + bytes(16)
    short_end = data[end : end + 12] + b"\xff" * 8 + bytes(2)
    assert is_whole(data[:end] + long_end + short_end + b"\r\n")


PDF = b"%PDF-1.4\n" + b"1 0 obj\n" * 1000 + b"%%EOF\n"


@pytest.mark.parametrize(
    ("rule", "data", "whole"),
    [
        ("it ends with its mark", PDF, True),
        ("a little rubbish may follow", PDF + b"\r\n" * 500, True),
        ("much rubbish is another file", PDF + b"\0" * TAIL, False),
        ("the mark is not there", PDF[:-7], False),
        ("a mark at the beginning is no end", b"%PDF-1.4\n%%EOF\n1 0 obj\n" + b"x" * 5000, False),
        ("a text that only begins like one is not judged", b"%PDF-1.4 is how a PDF begins\n", True),
    ],
)
def test_a_pdf_ends_with_its_mark(rule: str, data: bytes, whole: bool) -> None:
    assert is_whole(data) == whole, rule


@pytest.mark.parametrize("data", [b"", b"pupil,score", b"\xff\xd8\xff\xe0", b"PK\x05\x06", b"\x00" * 100])
def test_what_has_no_known_end_is_not_judged(data: bytes) -> None:
    assert is_whole(data)
