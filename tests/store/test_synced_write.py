"""A write that is its own fsync, and what the disk does where there is none such (Source: SPEC 11; pwritev2(2))."""

import errno
import os
from pathlib import Path

import pytest

from gateway.store.disk import PosixDisk


class TellingDisk(PosixDisk):
    """The real disk, which tells of each fsync how long the file was."""

    def __init__(self) -> None:
        self.synced: list[int] = []

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        self.synced.append(os.fstat(fd).st_size)


def write(disk: PosixDisk, path: Path) -> bytes:
    fd = disk.create(str(path))
    disk.write_durably(fd, (memoryview(b"bytes"), b"seal"), 0)
    disk.close(fd)
    return path.read_bytes()


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_where_no_write_is_durable_by_itself_an_fsync_makes_it_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwritev", refuse)
    disk = TellingDisk()
    assert write(disk, tmp_path / "a") == b"bytesseal"
    assert disk.synced == [9]


@pytest.mark.parametrize("done", [0, 3, 5, 8])
def test_a_write_that_is_cut_short_is_made_whole_and_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    whole = os.pwritev
    monkeypatch.setattr(
        os, "pwritev", lambda fd, pieces, offset, _: whole(fd, [b"".join(pieces)[:done]], offset) if done else 0
    )
    disk = TellingDisk()
    assert write(disk, tmp_path / "a") == b"bytesseal"
    assert disk.synced == [9]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_what_the_disk_says_of_itself_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwritev", fail)
    with pytest.raises(OSError, match=r".") as trouble:
        write(PosixDisk(), tmp_path / "a")
    assert trouble.value.errno == number
