"""A service's folder: a drop is whole or not there, never beneath a share that is away, never over another's file.

Source: SPEC 6, 11; the DropFolder port.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.errors import NameTaken, Permanent, Transient
from gateway.outbound.folder import MARKER, SLICE, FolderDrops
from gateway.ports import Disk
from gateway.store.disk import PosixDisk
from gateway.store.shares import ShareThreads
from tests.fakes import WAYS_TO_DIE, DyingDisk, FullDisk, dies, dying

NAME = "8301102_SENreport20261122.docx"
ID = "01kah8zv6e0000000000000001-01-01"
FILE = "01kah8zv6e0000000000000001-01"
BODY = b"the bytes of a file"
DIGEST = hashlib.sha256(BODY).hexdigest()


pytestmark = pytest.mark.usefixtures("nothing_stays_open")


@pytest.fixture
def shares() -> Iterator[ShareThreads]:
    shares = ShareThreads()
    yield shares
    shares.close()


@pytest.fixture
def build(shares: ShareThreads) -> Callable[[Disk], FolderDrops]:
    return lambda disk: FolderDrops(disk=disk, shares=shares)


@pytest.fixture
def drops(build: Callable[[Disk], FolderDrops]) -> FolderDrops:
    return build(PosixDisk())


def a_folder(path: Path) -> str:
    path.mkdir(parents=True)
    (path / MARKER).touch()
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return a_folder(tmp_path / "drops/SEN")


@pytest.fixture
def source(tmp_path: Path) -> str:
    (tmp_path / "archived").write_bytes(BODY + b" and a seal that is not the service's")
    return str(tmp_path / "archived")


def seen(folder: str) -> dict[str, bytes]:
    """Return what somebody who looks into the folder sees."""
    return {p.name: p.read_bytes() for p in Path(folder).iterdir() if not p.name.startswith(".")}


def hidden(folder: str) -> set[str]:
    return {n for n in os.listdir(folder) if n.startswith(".")} - {MARKER}


async def drop(drops: FolderDrops, folder: str, source: str, *, name: str = NAME, id: str = ID) -> str:
    await drops.prepare(folder, id=id, source=source, size=len(BODY))
    chosen = await drops.choose_name(folder, name=name, id=id.rpartition("-")[0])
    assert await drops.place(folder, id=id, name=chosen)
    return chosen


# Placing.


async def test_a_drop_is_invisible_until_it_is_whole(drops: FolderDrops, folder: str, source: str) -> None:
    await drops.prepare(folder, id=ID, source=source, size=len(BODY))
    assert (seen(folder), hidden(folder)) == ({}, {f".{ID}.part"})
    assert await drops.choose_name(folder, name=NAME, id=FILE) == NAME
    assert await drops.place(folder, id=ID, name=NAME)
    assert (seen(folder), hidden(folder)) == ({NAME: BODY}, set())
    assert await drops.holds(folder, name=NAME)


async def test_preparing_again_starts_anew(drops: FolderDrops, folder: str, source: str) -> None:
    (Path(folder) / f".{ID}.part").write_bytes(b"half of an earlier attempt, and longer than the file")
    await drops.prepare(folder, id=ID, source=source, size=len(BODY))
    assert (Path(folder) / f".{ID}.part").read_bytes() == BODY


@pytest.mark.parametrize("size", [0, 1, SLICE - 1, SLICE, SLICE + 1, 2 * SLICE + 5])
async def test_every_byte_is_carried(drops: FolderDrops, folder: str, tmp_path: Path, size: int) -> None:
    data = bytes(hashlib.shake_128(b"carried").digest(size))
    (tmp_path / "large").write_bytes(data + b"seal")
    await drops.prepare(folder, id=ID, source=str(tmp_path / "large"), size=size)
    await drops.place(folder, id=ID, name=NAME)
    assert seen(folder) == {NAME: data}


async def test_who_may_use_the_folder_may_read_the_drop(drops: FolderDrops, folder: str, source: str) -> None:
    os.chmod(folder, 0o2770)
    await drop(drops, folder, source)
    assert (Path(folder) / NAME).stat().st_mode & 0o777 == 0o660


async def test_a_drop_that_was_placed_and_collected_is_known(drops: FolderDrops, folder: str, source: str) -> None:
    await drop(drops, folder, source)
    os.unlink(f"{folder}/{NAME}")
    assert not await drops.place(folder, id=ID, name=NAME)
    assert not await drops.holds(folder, name=NAME)
    assert seen(folder) == {}


SECOND = f"8301102_SENreport20261122 ({FILE}).docx"
TAKEN = {
    "free": ([], NAME),
    "taken": ([NAME], SECOND),
    "taken in other letters, as Windows would read it": ([NAME.upper()], SECOND),
    "another ending is another name": (["8301102_SENreport20261122.pdf"], NAME),
}


@pytest.mark.parametrize(("lying", "chosen"), TAKEN.values(), ids=TAKEN.keys())
async def test_a_name_is_the_files_own_where_it_is_free(
    drops: FolderDrops, folder: str, lying: list[str], chosen: str
) -> None:
    for name in lying:
        (Path(folder) / name).touch()
    assert await drops.choose_name(folder, name=NAME, id=FILE) == chosen


async def test_accents_written_two_ways_are_one_name(drops: FolderDrops, folder: str) -> None:
    (Path(folder) / "8301102_SENe\u0301cole.pdf").touch()
    assert await drops.choose_name(folder, name="8301102_SEN\u00e9cole.pdf", id="x") == "8301102_SEN\u00e9cole (x).pdf"


async def test_a_name_without_an_ending_gets_none(drops: FolderDrops, folder: str) -> None:
    (Path(folder) / "8301102_SENreport").touch()
    assert await drops.choose_name(folder, name="8301102_SENreport", id="x") == "8301102_SENreport (x)"


async def test_two_drops_of_one_name_are_both_there(drops: FolderDrops, folder: str, source: str) -> None:
    first = await drop(drops, folder, source)
    second = await drop(drops, folder, source, id="01kah8zv6e0000000000000002-01-01")
    assert first != second
    assert seen(folder) == {first: BODY, second: BODY}


async def test_a_file_of_somebody_else_is_never_replaced(drops: FolderDrops, folder: str, source: str) -> None:
    await drops.prepare(folder, id=ID, source=source, size=len(BODY))
    chosen = await drops.choose_name(folder, name=NAME, id=FILE)
    (Path(folder) / NAME).write_bytes(b"theirs")  # between the choice and the placing
    with pytest.raises(NameTaken):
        await drops.place(folder, id=ID, name=chosen)
    assert seen(folder) == {NAME: b"theirs"}
    assert await drops.place(folder, id=ID, name=await drops.choose_name(folder, name=NAME, id=FILE))
    assert seen(folder) == {NAME: b"theirs", SECOND: BODY}


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a\\b", ".hidden", "nul\0"])
async def test_a_name_never_leaves_its_folder(drops: FolderDrops, folder: str, source: str, name: str) -> None:
    await drops.prepare(folder, id=ID, source=source, size=len(BODY))
    for doing in (drops.place(folder, id=ID, name=name), drops.choose_name(folder, name=name, id=FILE)):
        with pytest.raises(Permanent):
            await doing


async def test_bytes_that_are_fewer_than_received_are_not_dropped(drops: FolderDrops, folder: str, source: str) -> None:
    with pytest.raises(Permanent):
        await drops.prepare(folder, id=ID, source=source, size=1000)
    assert (seen(folder), hidden(folder)) == ({}, set())


# The share.


async def test_a_folder_that_is_not_there_is_waited_for(drops: FolderDrops, tmp_path: Path, source: str) -> None:
    away = str(tmp_path / "away")
    with pytest.raises(Transient, match=r"not there\. Mount the share"):
        await drops.prepare(away, id=ID, source=source, size=len(BODY))
    assert not os.path.exists(away)


async def test_nothing_is_written_beneath_a_share_that_is_away(drops: FolderDrops, folder: str, source: str) -> None:
    os.unlink(f"{folder}/{MARKER}")
    for doing in (
        drops.prepare(folder, id=ID, source=source, size=len(BODY)),
        drops.choose_name(folder, name=NAME, id=FILE),
        drops.place(folder, id=ID, name=NAME),  # its temporary name is not "gone": the share is
        drops.holds(folder, name=NAME),  # nor was it collected
        drops.names(folder),
        drops.withdraw(folder, id=ID, name=NAME, size=1),
        drops.write_sidecar(folder, name=NAME, facts={}),
        drops.under_way(folder),
        drops.sweep(folder, ids=()),
    ):
        with pytest.raises(Transient, match=f"marker file {MARKER} is missing.*touch {folder}"):
            await doing
    assert os.listdir(folder) == []


class LeavingDisk(PosixDisk):
    """A disk whose share goes away while bytes are written to it."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        super().write(fd, data, offset)
        os.unlink(f"{self._folder}/{MARKER}")


async def test_a_share_that_goes_away_under_the_copy_is_noticed(
    build: Callable[[Disk], FolderDrops], folder: str, source: str
) -> None:
    with pytest.raises(Transient, match="marker"):
        await build(LeavingDisk(folder)).prepare(folder, id=ID, source=source, size=len(BODY))
    assert os.listdir(folder) == []


async def test_a_full_share_keeps_no_half_of_a_file(
    build: Callable[[Disk], FolderDrops], folder: str, source: str
) -> None:
    with pytest.raises(Transient, match=f"{folder}: The disk is full"):
        await build(FullDisk(5)).prepare(folder, id=ID, source=source, size=len(BODY))
    assert (seen(folder), hidden(folder)) == ({}, set())


class LosingDisk(PosixDisk):
    """A share that says that it wrote everything."""

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        super().write(fd, data[:-1], offset)


async def test_a_copy_that_came_out_shorter_is_made_again(
    build: Callable[[Disk], FolderDrops], folder: str, source: str
) -> None:
    with pytest.raises(Transient, match="size"):
        await build(LosingDisk()).prepare(folder, id=ID, source=source, size=len(BODY))
    assert (seen(folder), hidden(folder)) == ({}, set())


class NoLinksDisk(PosixDisk):
    """A share without second names, as FAT and many servers are."""

    def link(self, source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")


async def test_a_share_without_links_is_served_too(
    build: Callable[[Disk], FolderDrops], folder: str, source: str
) -> None:
    drops = build(NoLinksDisk())
    await drop(drops, folder, source)
    assert (seen(folder), hidden(folder)) == ({NAME: BODY}, set())


async def test_a_share_without_links_replaces_nothing_either(
    build: Callable[[Disk], FolderDrops], folder: str, source: str
) -> None:
    drops = build(NoLinksDisk())
    await drops.prepare(folder, id=ID, source=source, size=len(BODY))
    (Path(folder) / NAME).write_bytes(b"theirs")
    with pytest.raises(NameTaken):
        await drops.place(folder, id=ID, name=NAME)
    assert seen(folder) == {NAME: b"theirs"}


# The sidecar.


async def test_the_facts_lie_beside_the_drop(drops: FolderDrops, folder: str, source: str) -> None:
    await drop(drops, folder, source)
    for size in (1, 19):
        await drops.write_sidecar(folder, name=NAME, facts={"id": FILE, "size": size, "comment": "für «Émile»"})
    assert json.loads(seen(folder)[f"{NAME}.json"]) == {"id": FILE, "size": 19, "comment": "für «Émile»"}
    assert hidden(folder) == set()


# Taking back.


async def test_an_untouched_drop_is_taken_back_with_its_facts(drops: FolderDrops, folder: str, source: str) -> None:
    await drop(drops, folder, source)
    await drops.write_sidecar(folder, name=NAME, facts={})
    assert await drops.withdraw(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)
    assert os.listdir(folder) == [MARKER]
    assert not await drops.withdraw(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)


async def test_a_drop_that_waits_is_taken_back(drops: FolderDrops, folder: str, source: str) -> None:
    await drops.prepare(folder, id=ID, source=source, size=len(BODY))
    for _ in range(2):
        assert await drops.withdraw(folder, id=ID, name="", size=len(BODY))
    assert os.listdir(folder) == [MARKER]


async def test_a_drop_that_has_a_name_and_is_not_placed_yet_is_taken_back(
    drops: FolderDrops, folder: str, source: str
) -> None:
    await drops.prepare(folder, id=ID, source=source, size=len(BODY))
    assert await drops.withdraw(folder, id=ID, name=NAME, size=len(BODY))
    assert not await drops.place(folder, id=ID, name=NAME)
    assert os.listdir(folder) == [MARKER]


async def test_a_drop_whose_name_another_file_took_is_taken_back_and_the_other_stays(
    drops: FolderDrops, folder: str, source: str
) -> None:
    await drops.prepare(folder, id=ID, source=source, size=len(BODY))
    (Path(folder) / NAME).write_bytes(b"theirs")
    assert await drops.withdraw(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)
    assert (seen(folder), hidden(folder)) == ({NAME: b"theirs"}, set())


TOUCHED = {"longer": BODY + b" and a remark", "as long": BODY.upper(), "empty": b""}


@pytest.mark.parametrize("data", TOUCHED.values(), ids=TOUCHED.keys())
async def test_a_drop_that_somebody_worked_on_is_theirs(
    drops: FolderDrops, folder: str, source: str, data: bytes
) -> None:
    await drop(drops, folder, source)
    (Path(folder) / NAME).write_bytes(data)
    assert not await drops.withdraw(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)
    assert seen(folder) == {NAME: data}


async def test_a_drop_that_was_collected_can_not_be_taken_back(drops: FolderDrops, folder: str, source: str) -> None:
    await drop(drops, folder, source)
    os.unlink(f"{folder}/{NAME}")
    assert not await drops.withdraw(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)


class QuickReader(PosixDisk):
    """A service that takes a drop in the moment between the look at it and the taking back."""

    def rename(self, source: str, target: str) -> None:
        os.unlink(source)
        super().rename(source, target)


async def test_a_drop_that_is_collected_while_it_is_taken_back_was_collected(
    build: Callable[[Disk], FolderDrops], folder: str, source: str
) -> None:
    await drop(build(PosixDisk()), folder, source)
    assert not await build(QuickReader()).withdraw(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)


async def test_what_lies_there_is_told_in_one_look(drops: FolderDrops, folder: str, source: str) -> None:
    await drop(drops, folder, source)
    assert await drops.names(folder) == {MARKER, NAME}


async def test_leftovers_are_swept_and_what_is_owed_stays(drops: FolderDrops, folder: str, source: str) -> None:
    for id in ("one", "two"):
        await drops.prepare(folder, id=id, source=source, size=len(BODY))
    for name in (".theirs", ".Theirs.part", "theirs.part"):
        (Path(folder) / name).touch()
    assert await drops.under_way(folder) == {"one", "two"}
    assert await drops.sweep(folder, ids=["one"]) == 1
    assert set(os.listdir(folder)) == {MARKER, ".two.part", ".theirs", ".Theirs.part", "theirs.part"}


# Crashes.


@dataclass
class Worker:
    """What the drop worker does and marks; a repeat begins where the mark says (pipeline/drop)."""

    folder: str
    source: str
    sidecar: bool
    chosen: str | None = None

    async def drop(self, drops: FolderDrops) -> None:
        if self.chosen is None:
            await drops.prepare(self.folder, id=ID, source=self.source, size=len(BODY))
            self.chosen = await drops.choose_name(self.folder, name=NAME, id=FILE)
        await drops.place(self.folder, id=ID, name=self.chosen)
        if self.sidecar:
            await drops.write_sidecar(self.folder, name=self.chosen, facts={"id": FILE})

    @property
    def whole(self) -> dict[str, bytes]:
        facts = json.dumps({"id": FILE}, indent=2).encode()
        return {NAME: BODY} | ({f"{NAME}.json": facts} if self.sidecar else {})


@pytest.mark.parametrize("sidecar", [True, False], ids=["with facts", "alone"])
@pytest.mark.parametrize("has_links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_every_death_while_dropping_ends_in_one_whole_drop(
    build: Callable[[Disk], FolderDrops], tmp_path: Path, source: str, way: str, has_links: bool, sidecar: bool
) -> None:
    def with_or_without_links(disk: DyingDisk) -> DyingDisk:
        if not has_links:
            disk.link = NoLinksDisk().link
        return disk

    counting = with_or_without_links(DyingDisk())
    await Worker(a_folder(tmp_path / "whole"), source, sidecar).drop(build(counting))
    for n in range(counting.count + 1):
        worker = Worker(a_folder(tmp_path / str(n)), source, sidecar)
        disk = with_or_without_links(dying(way, at=n, graveyard=tmp_path / f"graveyard {n}"))
        assert await dies(worker.drop(build(disk))) == (n < counting.count)
        disk.die()
        assert seen(worker.folder).items() <= worker.whole.items()  # each whole, or not there
        if n == counting.count:
            assert seen(worker.folder) == worker.whole  # dropped is said only of what stays
        drops = build(PosixDisk())
        await worker.drop(drops)
        assert seen(worker.folder) == worker.whole
        await drops.sweep(worker.folder, ids=await drops.under_way(worker.folder))
        assert hidden(worker.folder) == set()


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_every_death_while_taking_back_is_mended_by_a_repeat(
    build: Callable[[Disk], FolderDrops], tmp_path: Path, source: str, way: str
) -> None:
    async def take_back(disk: Disk, folder: str) -> bool:
        return await build(disk).withdraw(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)

    for n in range(7):
        folder = a_folder(tmp_path / str(n))
        await drop(build(PosixDisk()), folder, source)
        await build(PosixDisk()).write_sidecar(folder, name=NAME, facts={})
        disk = dying(way, at=n, graveyard=tmp_path / f"graveyard {n}")
        died = await dies(take_back(disk, folder))
        disk.die()
        assert died == (n < 6), disk.changes
        if not died:
            assert os.listdir(folder) == [MARKER]
        await take_back(PosixDisk(), folder)
        assert os.listdir(folder) == [MARKER]


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_every_death_while_a_name_is_taken_leaves_what_a_repeat_finds(
    build: Callable[[Disk], FolderDrops], tmp_path: Path, source: str, way: str
) -> None:
    """The name, or the temporary name, or both: never neither, which would mean that the service has it."""

    async def take(disk: Disk, folder: str) -> bool:
        return await build(disk).take(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)

    for n in range(8):
        folder = a_folder(tmp_path / str(n))
        await drop(build(PosixDisk()), folder, source)
        disk = dying(way, at=n, graveyard=tmp_path / f"graveyard {n}")
        died = await dies(take(disk, folder))
        disk.die()
        assert await take(PosixDisk(), folder), disk.changes
        assert os.listdir(folder) != [MARKER]
        assert not (Path(folder) / NAME).exists()
        assert await build(PosixDisk()).sweep(folder, ids=[ID]) == 1
        if not died:
            break
    assert n >= 2


async def test_the_name_of_a_drop_that_was_collected_is_not_taken(drops: FolderDrops, folder: str, source: str) -> None:
    await drop(drops, folder, source)
    os.unlink(f"{folder}/{NAME}")
    assert not await drops.take(folder, id=ID, name=NAME, size=len(BODY), sha256=DIGEST)
