"""What every disk keeps: the real one, and those of the tests while they are well (the Disk port; SPEC 11)."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.ports import Disk
from gateway.store.disk import PosixDisk
from tests.fakes import DyingDisk, FullDisk

DISKS: dict[str, Callable[[], Disk]] = {"real": PosixDisk, "full": lambda: FullDisk(1 << 30), "dying": DyingDisk}


@pytest.fixture(params=DISKS)
def disk(request: pytest.FixtureRequest) -> Disk:
    return DISKS[request.param]()


def made(disk: Disk, path: Path, data: bytes = b"bytes") -> str:
    fd = disk.create(str(path))
    disk.write(fd, data, 0)
    disk.close(fd)
    return str(path)


def test_a_new_file_is_ours_alone_and_stays_with_us(disk: Disk, tmp_path: Path) -> None:
    fd = disk.create(str(tmp_path / "new"))
    assert os.fstat(fd).st_mode & 0o777 == 0o600
    assert not os.get_inheritable(fd)
    disk.close(fd)


def test_a_new_file_is_never_an_old_one_or_a_link(disk: Disk, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("old", "link"):
        with pytest.raises(FileExistsError):
            disk.create(str(tmp_path / name))
    assert not (tmp_path / "elsewhere").exists()


def test_writes_land_at_their_offsets_with_zeros_between(disk: Disk, tmp_path: Path) -> None:
    fd = disk.create(str(tmp_path / "sparse"))
    disk.write(fd, bytearray(b"end"), 5)
    disk.write(fd, memoryview(b"b"), 0)
    assert disk.read(fd, 100, 0) == b"b\0\0\0\0end"
    assert (disk.read(fd, 2, 6), disk.read(fd, 2, 8)) == (b"nd", b"")
    disk.truncate(fd, 2)
    disk.begin_writeback(fd, 0, 2)
    disk.uncache(fd)
    disk.fsync(fd)
    disk.close(fd)
    assert disk.size(str(tmp_path / "sparse")) == 2


def test_pieces_are_written_one_behind_the_other_and_durable(disk: Disk, tmp_path: Path) -> None:
    fd = disk.create(str(tmp_path / "sealed"))
    disk.write_durably(fd, (memoryview(bytearray(b"bytes")), b"seal"), 0)
    disk.write_durably(fd, (b"!",), 9)
    assert disk.read(fd, 100, 0) == b"bytesseal!"
    disk.close(fd)


@pytest.fixture
def files_end_at() -> Iterator[Callable[[int], None]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_short_write_never_passes_for_a_whole_one(
    disk: Disk, tmp_path: Path, files_end_at: Callable[[int], None]
) -> None:
    fd = disk.create(str(tmp_path / "cut"))
    files_end_at(50)  # the kernel writes up to it, and refuses the rest
    with pytest.raises(OSError, match="File too large") as refused:
        disk.write(fd, b"x" * 100, 0)
    assert (refused.value.errno, disk.size(str(tmp_path / "cut"))) == (errno.EFBIG, 50)
    disk.close(fd)


def test_only_regular_files_are_opened_and_links_are_not_followed(disk: Disk, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(made(disk, tmp_path / "real"))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")  # would wait for a writer for ever
    for name in ("link", "folder", "pipe"):
        with pytest.raises(OSError, match=r"not a regular file|symbolic links"):
            disk.open(str(tmp_path / name))
    with pytest.raises(FileNotFoundError):
        disk.open(str(tmp_path / "nothing"))


def test_a_file_opened_for_reading_is_not_written(disk: Disk, tmp_path: Path) -> None:
    fd = disk.open(made(disk, tmp_path / "read-only"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.pwrite(fd, b"x", 0)
    disk.close(fd)


def test_a_listing_is_sorted_and_an_absent_folder_is_empty(disk: Disk, tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        made(disk, tmp_path / name)
    assert disk.list(str(tmp_path)) == ["a", "b", "c"]
    assert disk.list(str(tmp_path / "nothing")) == []


def test_folders_are_made_with_their_parents_for_us_alone(disk: Disk, tmp_path: Path) -> None:
    for _ in range(2):
        disk.make_folder(str(tmp_path / "a/b/c"))
    assert [(tmp_path / p).stat().st_mode & 0o777 for p in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_file_where_a_folder_should_be_is_an_error(disk: Disk, tmp_path: Path) -> None:
    made(disk, tmp_path / "file")
    with pytest.raises(OSError, match="File exists"):
        disk.make_folder(str(tmp_path / "file"))


def test_a_rename_replaces_and_a_link_does_not(disk: Disk, tmp_path: Path) -> None:
    one, two = made(disk, tmp_path / "one", b"1"), made(disk, tmp_path / "two", b"2")
    with pytest.raises(FileExistsError):
        disk.link(one, two)
    disk.rename(one, two)
    disk.sync_folder(str(tmp_path))
    assert (tmp_path / "two").read_bytes() == b"1"
    assert disk.list(str(tmp_path)) == ["two"]


def test_two_names_of_one_file_are_known(disk: Disk, tmp_path: Path) -> None:
    one, other = made(disk, tmp_path / "one"), made(disk, tmp_path / "other")
    second = str(tmp_path / "second")
    disk.link(one, second)
    assert disk.is_same(one, second)
    assert not disk.is_same(one, other)
    assert not disk.is_same(one, str(tmp_path / "nothing"))


def test_removing_is_harmless_to_repeat(disk: Disk, tmp_path: Path) -> None:
    path = made(disk, tmp_path / "file")
    for _ in range(2):
        disk.unlink(path)
    disk.make_folder(str(tmp_path / "folder"))
    for _ in range(2):
        disk.remove_folder(str(tmp_path / "folder"))
    assert disk.list(str(tmp_path)) == []


def test_a_folder_with_something_in_it_is_not_removed(disk: Disk, tmp_path: Path) -> None:
    disk.make_folder(str(tmp_path / "folder"))
    made(disk, tmp_path / "folder/file")
    with pytest.raises(OSError, match="not empty"):
        disk.remove_folder(str(tmp_path / "folder"))


def test_a_link_to_nothing_exists_and_a_path_through_a_file_does_not(disk: Disk, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    made(disk, tmp_path / "file")
    assert disk.exists(str(tmp_path / "dangling"))
    assert not disk.exists(str(tmp_path / "nothing"))
    assert not disk.exists(str(tmp_path / "file/below"))


def test_a_disk_in_trouble_is_no_absence(disk: Disk, tmp_path: Path) -> None:
    """A drop that "is gone" counts as collected, so only a clear answer may say so."""
    with pytest.raises(OSError, match="name too long"):
        disk.exists(str(tmp_path / ("long" * 100)))


@pytest.mark.parametrize(
    ("folder_mode", "file_mode"), [(0o700, 0o600), (0o750, 0o640), (0o2770, 0o660), (0o777, 0o660)]
)
def test_the_group_gets_what_the_folder_gives_it_and_others_nothing(
    disk: Disk, tmp_path: Path, folder_mode: int, file_mode: int
) -> None:
    folder = tmp_path / "drops"
    folder.mkdir()
    folder.chmod(folder_mode)
    fd = disk.create(str(folder / "file"))
    disk.allow_group(fd, str(folder))
    assert os.fstat(fd).st_mode & 0o777 == file_mode
    disk.close(fd)


def test_free_space_is_told(disk: Disk, tmp_path: Path) -> None:
    assert disk.free_bytes(str(tmp_path)) > 0


def test_what_is_in_memory_is_the_file_or_nothing(disk: Disk, tmp_path: Path) -> None:
    """A file system may be unable to say; it never says something else, or less."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    fd = disk.open(str(path))
    assert disk.read_cached(fd, 4, 3) in (None, b"3456")
    assert disk.read_cached(fd, 4, 8) is None
    disk.close(fd)
