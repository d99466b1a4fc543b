"""The disk that dies: that it dies where it is told to, and that a power cut takes what nobody made durable."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import KILLED, KILLED_HALFWAY, POWER_CUT, Died, DyingDisk, dying


def story(disk: DyingDisk, root: Path) -> None:
    fd = disk.create(f"{root}/file")
    disk.write(fd, b"abcdef", 0)
    disk.fsync(fd)
    disk.rename(f"{root}/file", f"{root}/named")
    disk.sync_folder(str(root))
    disk.close(fd)


def died_at(n: int, way: str, tmp_path: Path) -> tuple[DyingDisk, Path]:
    root = tmp_path / "root"
    root.mkdir()
    disk = dying(way, at=n, graveyard=tmp_path / "graveyard")
    with pytest.raises(Died):
        story(disk, root)
    return disk, root


@pytest.mark.parametrize(
    ("n", "way", "left"),
    [
        (0, KILLED, {}),
        (1, KILLED, {"file": b""}),
        (1, KILLED_HALFWAY, {"file": b"abc"}),
        (3, KILLED, {"file": b"abcdef"}),
        (4, KILLED, {"named": b"abcdef"}),
        (3, POWER_CUT, {}),  # the bytes are durable and their name is not
        (4, POWER_CUT, {}),
    ],
)
def test_it_dies_before_the_nth_change(tmp_path: Path, n: int, way: str, left: dict[str, bytes]) -> None:
    disk, root = died_at(n, way, tmp_path)
    assert disk.count == n
    assert {p.name: p.read_bytes() for p in root.iterdir()} == left


def test_nothing_works_after_its_death(tmp_path: Path) -> None:
    disk, root = died_at(2, KILLED, tmp_path)
    for doing in (lambda: disk.list(str(root)), lambda: disk.unlink(f"{root}/file"), lambda: disk.exists(str(root))):
        with pytest.raises(Died):
            doing()
    disk.die()  # harmless


def test_a_count_names_its_changes(tmp_path: Path) -> None:
    disk = DyingDisk()
    story(disk, tmp_path)
    assert [c.split()[0] for c in disk.changes] == ["create", "write", "fsync", "rename", "sync_folder"]


def overwrite(disk: DyingDisk, root: Path) -> None:
    fd = disk.open(f"{root}/old", write=True)
    disk.write(fd, b"XX", 0)
    disk.truncate(fd, 2)
    disk.close(fd)


CHANGES: dict[str, Callable[[DyingDisk, Path], None]] = {
    "a removal": lambda disk, root: disk.unlink(f"{root}/old"),
    "a rename": lambda disk, root: disk.rename(f"{root}/old", f"{root}/new"),
    "a rename over another": lambda disk, root: disk.rename(f"{root}/old", f"{root}/other"),
    "a second name": lambda disk, root: disk.link(f"{root}/old", f"{root}/second"),
    "a folder's removal": lambda disk, root: disk.remove_folder(f"{root}/folder"),
    "bytes in place": overwrite,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("is_durable", [False, True], ids=["not synced", "synced"])
def test_a_power_cut_takes_back_what_was_not_made_durable(
    tmp_path: Path, change: Callable[[DyingDisk, Path], None], is_durable: bool
) -> None:
    def lying() -> dict[str, bytes | None]:
        return {p.name: p.read_bytes() if p.is_file() else None for p in root.iterdir()}

    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "old").write_bytes(b"old bytes")
    (root / "other").write_bytes(b"other bytes")
    before = lying()
    disk = dying(POWER_CUT, at=None, graveyard=tmp_path / "graveyard")
    change(disk, root)
    after = lying()
    assert after != before
    if is_durable:
        disk.sync_folder(str(root))
        for name in after.keys() & {"old"}:
            disk.fsync(disk.open(f"{root}/{name}"))
    disk.die()
    assert lying() == (after if is_durable else before)
