"""Small submissions that become our word together: in which order, and whose trouble is whose (SPEC 11)."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.ports import Disk
from gateway.store.commit import FolderCommit
from gateway.store.disk import PosixDisk
from gateway.store.together import Entry, promise_together
from tests.fakes import DyingDisk, FullDisk

pytestmark = pytest.mark.usefixtures("nothing_stays_open")
DATAS = {"a": b"first", "b": b"second" * 20_000, "c": b"third"}


@pytest.fixture
def promised(tmp_path: Path) -> Callable[[Disk], dict[str, Entry]]:
    for folder in ("incoming", "ready"):
        (tmp_path / folder).mkdir()

    def promise(disk: Disk) -> dict[str, Entry]:
        entries = {
            name: Entry(
                disk,
                data=memoryview(data),
                digested=True,
                facts=b'{"id": "%b"}' % name.encode(),
                source=f"{tmp_path}/incoming/{name}",
                target=f"{tmp_path}/ready/{name}",
            )
            for name, data in DATAS.items()
        }
        promise_together(list(entries.values()), FolderCommit(disk, f"{tmp_path}/ready"))
        return entries

    return promise


def lying(root: Path) -> dict[str, list[str]]:
    return {folder: sorted(os.listdir(root / folder)) for folder in ("incoming", "ready")}


def test_all_are_written_before_the_first_is_waited_for_and_durable_before_their_names(
    promised: Callable[[Disk], dict[str, Entry]],
) -> None:
    disk = DyingDisk()
    promised(disk)
    steps = [change.split()[0] for change in disk.changes]
    assert steps == [*["create"] * 3, *["write"] * 6, *["fsync"] * 3, *["rename"] * 3, "sync_folder"]


def test_each_has_its_own_bytes_facts_and_digest(promised: Callable[[Disk], dict[str, Entry]], tmp_path: Path) -> None:
    for name, entry in promised(PosixDisk()).items():
        assert entry.fault is None
        assert entry.sha256 == hashlib.sha256(DATAS[name]).hexdigest()
        whole = (tmp_path / "ready" / name).read_bytes()
        assert whole.startswith(DATAS[name] + b'{"id": "%b", "sha256": "%b"}' % (name.encode(), entry.sha256.encode()))
    assert lying(tmp_path) == {"incoming": [], "ready": ["a", "b", "c"]}


class OneBad(PosixDisk):
    """A disk on which one of the files makes trouble at a step."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._bad = -1

    def create(self, path: str) -> int:
        fd = super().create(path)
        if path.endswith("/b"):
            self._bad = fd
        return fd

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        self._refuse("write", fd == self._bad)
        super().write(fd, data, offset)

    def fsync(self, fd: int) -> None:
        self._refuse("fsync", fd == self._bad)
        super().fsync(fd)

    def rename(self, source: str, target: str) -> None:
        self._refuse("rename", source.endswith("/b"))
        super().rename(source, target)

    def _refuse(self, step: str, is_bad: bool) -> None:
        if is_bad and step == self._step:
            raise OSError(errno.EIO, "input/output error")


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
def test_what_goes_wrong_with_one_is_that_ones_alone(
    promised: Callable[[Disk], dict[str, Entry]], tmp_path: Path, step: str
) -> None:
    entries = promised(OneBad(step))
    assert {name: entry.fault is None for name, entry in entries.items()} == {"a": True, "b": False, "c": True}
    assert isinstance(entries["b"].fault, OSError)
    assert lying(tmp_path) == {"incoming": ["b"], "ready": ["a", "c"]}  # it is for whoever asked to discard it


def test_a_disk_that_is_full_takes_what_fits(promised: Callable[[Disk], dict[str, Entry]], tmp_path: Path) -> None:
    entries = promised(FullDisk(1_000))
    faults = {name: getattr(entry.fault, "errno", None) for name, entry in entries.items()}
    assert faults == {"a": None, "b": errno.ENOSPC, "c": errno.ENOSPC}
    assert lying(tmp_path)["ready"] == ["a"]


def test_names_that_are_not_durable_are_promised_to_nobody(promised: Callable[[Disk], dict[str, Entry]]) -> None:
    class NoFolder(PosixDisk):
        def sync_folder(self, path: str) -> None:
            raise OSError(errno.EIO, "input/output error")

    assert all(isinstance(entry.fault, OSError) for entry in promised(NoFolder()).values())
