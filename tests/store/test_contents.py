"""The look that every file gets: its type by its bytes, a zip by its list of contents; nothing is ever unpacked."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from gateway.core.contents import Inspection
from gateway.store.contents import ArchiveLimits, FileContents, zipfile_like

ACCEPTS = frozenset({"pdf", "docx", "xlsx", "csv", "txt", "zip", "jpg"})
SEAL = b'\n{"the": "seal behind the bytes"}'
PDF = b"%PDF-1.4\n1 0 obj\n%%EOF\n"
MEGABYTE = 1 << 20


async def look(
    path: Path,
    data: bytes,
    extension: str | None,
    *,
    accepts: frozenset[str] = ACCEPTS,
    limits: ArchiveLimits | None = None,
    seal: bytes = SEAL,
) -> Inspection:
    """Look at these bytes as the spool has them: with the seal behind."""

    async def at_once(work):  # type: ignore[no-untyped-def]
        return work()

    file = path / "sealed"
    file.write_bytes(data + seal)
    return await FileContents(at_once, limits).look(str(file), size=len(data), extension=extension, accepts=accepts)


def pack(*names: str, content: bytes = b"x", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip as programs make it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def claim(*entries: tuple[bytes, int, int]) -> bytes:
    """Return a zip with any list of contents: name, bytes unpacked, bytes packed; there is nothing behind it."""
    local = b"PK\x03\x04" + bytes(26)
    listed = b"".join(
        b"PK\x01\x02"
        + struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 0, 0, packed, unpacked, len(name), 0, 0, 0, 0, 0, 0)
        + name
        for name, unpacked, packed in entries
    )
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(listed), len(local), 0)
    return local + listed + end


def says(found: Inspection, reason: str, words: str) -> bool:
    return (found.verdict, found.reason) == ("rejected", reason) and words in found.detail


# Files that are what they say


@pytest.mark.parametrize(
    ("extension", "data"),
    [
        ("pdf", PDF),
        ("csv", b"pupil,score\n1,34\n"),
        ("txt", b"MZ is how this text begins\n"),
        ("csv", b"#!not,a,script\n"),
        ("jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF"),
        ("xml", b"<?xml version='1.0'?>"),
        (None, PDF),
        (None, b"just text"),
    ],
)
async def test_an_honest_file_is_clean(tmp_path: Path, extension: str | None, data: bytes) -> None:
    assert await look(tmp_path, data, extension) == Inspection("clean")


async def test_the_seal_is_no_part_of_the_file(tmp_path: Path) -> None:
    cut = await look(tmp_path, b"%PDF-1.4\n1 0 obj\n", "pdf", seal=b"%%EOF" + SEAL)
    assert says(cut, "truncated", "cut off")
    assert await look(tmp_path, pack("a.txt"), "zip", seal=b"\0" * 70_000) == Inspection("clean", entries=("a.txt",))


# A zip


async def test_the_entries_of_a_zip_are_listed_and_its_folders_are_not(tmp_path: Path) -> None:
    data = pack("review.pdf", "photographs/", "photographs/1.jpg", "żółć.txt")
    found = await look(tmp_path, data, "zip")
    assert found == Inspection("clean", entries=("review.pdf", "photographs/1.jpg", "żółć.txt"))


async def test_a_zip_with_nothing_in_it_is_clean_and_has_no_entries(tmp_path: Path) -> None:
    assert await look(tmp_path, pack(), "zip") == Inspection("clean")


async def test_the_parts_of_an_office_file_are_nobodys_business(tmp_path: Path) -> None:
    assert await look(tmp_path, pack("word/document.xml"), "docx") == Inspection("clean")


async def test_of_a_zip_without_extension_the_entries_are_listed(tmp_path: Path) -> None:
    assert (await look(tmp_path, pack("a.txt"), None)).entries == ("a.txt",)


async def test_of_many_entries_a_thousand_are_listed_and_the_rest_is_counted(tmp_path: Path) -> None:
    found = await look(tmp_path, pack(*(f"{n}.txt" for n in range(1005))), "zip")
    assert len(found.entries) == 1001
    assert (found.entries[0], found.entries[-1]) == ("0.txt", "… and 5 more")


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "a/../../evil.txt",
        "/etc/passwd",
        "..\\evil.txt",
        "\\evil.txt",
        "C:\\evil.txt",
        "c:evil.txt",
        "..",
    ],
)
async def test_an_entry_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    found = await look(tmp_path, claim((b"good.txt", 1, 1), (name.encode(), 1, 1)), "zip")
    assert says(found, "unsafe-archive", "lead out of its folder")
    assert name not in found.detail


@pytest.mark.parametrize("name", ["a..b.txt", "...", "a/b/c.txt", "..hidden", "a.b/..c"])
async def test_a_name_that_only_has_dots_in_it_is_taken(tmp_path: Path, name: str) -> None:
    assert (await look(tmp_path, claim((name.encode(), 1, 1)), "zip")).verdict == "clean"


# Bombs


LIMITS = ArchiveLimits(entries=10, unpacked_bytes=50 * MEGABYTE, ratio=100)


@pytest.mark.parametrize(
    ("rule", "entries", "words"),
    [
        ("as much as is taken", [(b"a", 50 * MEGABYTE, MEGABYTE)], ""),
        ("more than is taken", [(b"a", 50 * MEGABYTE + 1, MEGABYTE)], "unpacks to 52428801 bytes"),
        ("more, in several", [(b"a", 30 * MEGABYTE, MEGABYTE), (b"b", 30 * MEGABYTE, MEGABYTE)], "unpacks to"),
        ("compressed as far as is taken", [(b"a", 10_000_000 + MEGABYTE, 100_000)], ""),
        ("compressed further than that", [(b"a", 10_000_001 + MEGABYTE, 100_000)], "unpacks to"),
        ("a little text may be packed to nothing", [(b"a", MEGABYTE, 1)], ""),
        ("packed to nothing at all", [(b"a", 2 * MEGABYTE, 0)], "unpacks to"),
        ("as many as are taken", [(b"a", 1, 1)] * 10, ""),
        ("more than are taken", [(b"a", 1, 1)] * 11, "holds 11 entries; the most that is taken is 10"),
    ],
)
async def test_a_bomb_is_known_by_what_it_claims(
    tmp_path: Path, rule: str, entries: list[tuple[bytes, int, int]], words: str
) -> None:
    found = await look(tmp_path, claim(*entries), "zip", limits=LIMITS)
    assert says(found, "unsafe-archive", words) if words else found.verdict == "clean", rule


@pytest.mark.parametrize("extension", ["docx", None])
async def test_a_bomb_is_one_under_any_name(tmp_path: Path, extension: str | None) -> None:
    data = claim((b"a", 60 * MEGABYTE, MEGABYTE))
    assert (await look(tmp_path, data, extension, limits=LIMITS)).reason == "unsafe-archive"


async def test_a_real_bomb_is_refused_and_not_unpacked(tmp_path: Path) -> None:
    data = pack("zeros.bin", content=bytes(30 * MEGABYTE))
    tracemalloc.start()
    found = await look(tmp_path, data, "zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert says(found, "unsafe-archive", "unpacks to")
    assert peak < 5 * MEGABYTE


async def test_a_list_of_contents_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    count = 200_000
    entry = b"PK\x01\x02" + struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    local = b"PK\x03\x04" + bytes(26)
    size = count * len(entry)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, len(local))
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(local) + size, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    data = local + entry * count + record + locator + end
    tracemalloc.start()
    found = await look(tmp_path, data, "zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert says(found, "unsafe-archive", "the most that is taken is 10000")
    assert peak < len(data) + 5 * MEGABYTE  # the bytes are this test's own


async def test_as_many_long_names_as_are_allowed_are_read(tmp_path: Path) -> None:
    entries = [(b"photographs of the school trip/" + b"n" * 200 + str(n).encode(), 1, 1) for n in range(10_000)]
    assert (await look(tmp_path, claim(*entries), "zip")).verdict == "clean"


# What is broken


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
async def test_a_zip_that_was_broken_off_is_cut_off(tmp_path: Path, part: float) -> None:
    data = pack("a.txt", "b.txt", content=zlib.compress(b"x" * 9999))
    found = await look(tmp_path, data[: int(len(data) * part)], "zip")
    assert says(found, "truncated", "Please send it again")


async def test_a_zip_of_zips_that_was_broken_off_is_not_taken_for_the_last_zip_in_it(tmp_path: Path) -> None:
    one = pack("a.txt", content=b"a pupil")
    data = pack("first.zip", "second.zip", "third.zip", content=one, method=zipfile.ZIP_STORED)
    assert (await look(tmp_path, data, "zip")).entries == ("first.zip", "second.zip", "third.zip")
    cut = data[: data.index(b"third.zip")]
    assert says(await look(tmp_path, cut, "zip"), "truncated", "cut off")


async def test_a_pdf_that_was_broken_off_is_cut_off(tmp_path: Path) -> None:
    assert says(await look(tmp_path, PDF[:-7], "pdf"), "truncated", "Please send it again")


@pytest.mark.parametrize(
    ("rule", "data"),
    [
        ("the list of contents is overwritten", pack("a.txt").replace(b"PK\x01\x02", b"PK\xff\xff")),
        ("the list lies before the beginning", claim((b"a", 1, 1))[:-10] + b"\xff" * 4 + b"\0" * 6),
        ("the list is longer than the file", claim((b"a", 1, 1))[:-10] + b"\xff\xff\xff\x00" + b"\0" * 6),
        ("only an end", b"PK\x05\x06" + b"\xff" * 18),
        ("a part of an end", b"PK\x05\x06" + bytes(5)),
    ],
)
async def test_a_zip_that_cant_be_read_is_refused(tmp_path: Path, rule: str, data: bytes) -> None:
    found = await look(tmp_path, data, "zip")
    assert says(found, "unsafe-archive", "list of contents is broken"), rule


# What the bytes are, whatever the name says


@pytest.mark.parametrize(
    ("rule", "data", "extension", "kind"),
    [
        ("a program as a report", b"MZ\x90\x00" + bytes(60), "pdf", "a Windows program"),
        ("a program without an ending", b"MZ\x90\x00" + bytes(60), None, "a Windows program"),
        ("a program as a table", b"MZ\x90\x00" + bytes(60), "csv", "a Windows program"),
        ("a program of Linux", b"\x7fELF" + bytes(60), "docx", "a Linux program"),
        ("a script as a document", b"#!/bin/sh\nrm -rf ~\n", "doc", "a script"),
    ],
)
async def test_a_program_under_another_name_is_refused(
    tmp_path: Path, rule: str, data: bytes, extension: str | None, kind: str
) -> None:
    assert says(await look(tmp_path, data, extension), "type-not-allowed", kind), rule


@pytest.mark.parametrize(
    ("rule", "data", "accepts", "verdict"),
    [
        ("a type that the service takes", PDF, {"pdf"}, "clean"),
        ("a type that it does not take", PDF, {"csv"}, "rejected"),
        ("one of the types that it may be", b"pupil,score", {"csv"}, "clean"),
        ("text, where none is taken", b"pupil,score", {"pdf"}, "rejected"),
        ("of no known type", b"\x00\x01\x02", {"pdf", "csv"}, "rejected"),
        ("of no known type, where everything is taken", b"\x00\x01\x02", set(), "clean"),
    ],
)
async def test_without_an_extension_the_content_decides(
    tmp_path: Path, rule: str, data: bytes, accepts: set[str], verdict: str
) -> None:
    found = await look(tmp_path, data, None, accepts=frozenset(accepts))
    assert found.verdict == verdict, rule
    if verdict == "rejected":
        assert says(found, "type-not-allowed", f"({' '.join(sorted(accepts))})")


def test_office_files_are_zips_and_others_are_not() -> None:
    assert zipfile_like(pack("word/document.xml"))
    assert zipfile_like(pack())
    assert not zipfile_like(PDF)
