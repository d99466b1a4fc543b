"""Names of uploads under way, and litter (Source: SPEC 5; FIELD-NOTES A.2)."""

import pytest

from gateway.core.uploads import is_system_litter, is_temporary

GOOD = "8302000_SENreview20261120.pdf"


@pytest.mark.parametrize(
    "name",
    [
        f"{GOOD}.filepart",  # WinSCP
        f"{GOOD}.partial",  # rclone
        f"{GOOD}.a1b2c3d4.partial",  # rclone, with the digest of the file
        f"{GOOD}.part",
        f"{GOOD}.PART",
        f"{GOOD}.tmp",
        f"{GOOD}.temp",
        f"{GOOD}.crdownload",
        f"{GOOD}.upload",
        f".{GOOD}",
        f".in.{GOOD}.",  # lftp
        f".{GOOD}.XyZ123",  # rsync
        ".part",
    ],
)
def test_a_temporary_name_is_an_upload_under_way(name: str) -> None:
    assert is_temporary(name)


@pytest.mark.parametrize("name", [GOOD, "partial.pdf", "part", "8302000_SENpart.pdf", "a.part.pdf", "tmp", ""])
def test_a_name_that_only_speaks_of_it_is_final(name: str) -> None:
    assert not is_temporary(name)


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store", "._report.pdf", "Thumbs.db", "THUMBS.DB", "desktop.ini", "Desktop.ini", "~$report.docx",
        ".~lock.report.odt#", ".fuse_hidden0000123400000001", ".nfs0000000001", ".Trash-1000", ".directory",
    ],
)  # fmt: skip
def test_what_systems_write_by_themselves_is_litter(name: str) -> None:
    assert is_system_litter(name)


@pytest.mark.parametrize("name", [GOOD, f".{GOOD}.part", "thumbs.db.pdf", "my desktop.ini", "report~$.docx", ""])
def test_what_a_person_named_is_no_litter(name: str) -> None:
    assert not is_system_litter(name)
