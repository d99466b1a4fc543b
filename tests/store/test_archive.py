"""The archive: bytes in their place, whole, for their term, and gone after it (SPEC 6, 10, 11; the Archive port)."""

import asyncio
import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.errors import DiskFull, NotThere, Permanent, Transient
from gateway.ports import Disk
from gateway.store.archive import DiskArchive
from gateway.store.disk import PosixDisk
from gateway.store.reader import BLOCK
from gateway.store.threads import DiskThreads
from tests.fakes import WAYS_TO_DIE, DyingDisk, dies, dying
from tests.store.slowdisk import SlowDisk

FILE = "01kah8zv6e0000000000000001-01"
PLACE = f"8301102/2026-11/{FILE}"
OTHER = "8301102/2026-11/01kah8zv6e0000000000000002-01"
BODY = b"the bytes of a file"


pytestmark = pytest.mark.usefixtures("nothing_stays_open")


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., DiskArchive]]:
    pools: list[DiskThreads] = []

    def build(disk: Disk, root: Path = tmp_path / "archive") -> DiskArchive:
        pools.append(DiskThreads(count=2))
        return DiskArchive(root=str(root), disk=disk, threads=pools[-1])

    yield build
    for pool in pools:
        pool.close()


@pytest.fixture
async def archive(build: Callable[[Disk], DiskArchive]) -> DiskArchive:
    archive = build(PosixDisk())
    await archive.prepare()
    return archive


def source(tmp_path: Path, data: bytes = BODY, name: str = "source") -> str:
    (tmp_path / name).write_bytes(data)
    return str(tmp_path / name)


async def test_kept_bytes_lie_in_their_place(archive: DiskArchive, tmp_path: Path) -> None:
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    assert Path(archive.path(PLACE)) == tmp_path / "archive" / PLACE
    assert Path(archive.path(PLACE)).read_bytes() == BODY
    assert await archive.places() == [PLACE]


async def test_keeping_is_harmless_to_repeat_also_when_the_spool_has_forgotten(
    archive: DiskArchive, tmp_path: Path
) -> None:
    path = source(tmp_path)
    await archive.keep(path, PLACE, size=len(BODY))
    await archive.keep(path, PLACE, size=len(BODY))
    os.unlink(path)
    await archive.keep(path, PLACE, size=len(BODY))
    assert Path(archive.path(PLACE)).read_bytes() == BODY


async def test_a_seal_behind_the_bytes_is_kept_until_it_is_cut(archive: DiskArchive, tmp_path: Path) -> None:
    await archive.keep(source(tmp_path, BODY + b"seal"), PLACE, size=len(BODY))
    await archive.keep(source(tmp_path, BODY + b"seal", "again"), PLACE, size=len(BODY))
    for _ in range(2):
        await archive.trim(PLACE, len(BODY))
    assert Path(archive.path(PLACE)).read_bytes() == BODY


async def test_trimming_never_grows_a_file_and_minds_no_absence(archive: DiskArchive, tmp_path: Path) -> None:
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    await archive.trim(PLACE, len(BODY) + 5)
    assert Path(archive.path(PLACE)).read_bytes() == BODY
    await archive.trim("8301102/2026-11/nothing", 3)


async def test_a_source_with_fewer_bytes_than_were_received_is_not_kept(archive: DiskArchive, tmp_path: Path) -> None:
    with pytest.raises(Permanent):
        await archive.keep(source(tmp_path), PLACE, size=len(BODY) + 1)
    assert await archive.places() == []


async def test_a_place_with_fewer_bytes_is_for_a_person(archive: DiskArchive, tmp_path: Path) -> None:
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    os.truncate(archive.path(PLACE), 3)
    with pytest.raises(Permanent):
        await archive.keep(source(tmp_path, name="again"), PLACE, size=len(BODY))


async def test_a_source_that_is_gone_is_not_there(archive: DiskArchive, tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        await archive.keep(str(tmp_path / "gone"), PLACE, size=1)


PLACES_OF_OTHERS = [
    "",
    "/etc/passwd",
    "../2026-11/x",
    "8301102/2026-11/..",
    "8301102/../x",
    "8301102/2026-11",
    "8301102/2026-11/a/b",
    "8301102//x",
    "8301102/2026-11/",
    "8301102/2026-1/x",
    "8301102/2026-11/x\n",
    "8301102/2026-11/x\0",
    "8301102/2026-11/.hidden",
    "8301102/2026-11/A",
    "８３０１１０２/2026-11/x",
]


@pytest.mark.parametrize("place", PLACES_OF_OTHERS)
async def test_a_place_is_never_a_path_of_somebody_elses_making(
    archive: DiskArchive, tmp_path: Path, place: str
) -> None:
    path = source(tmp_path)
    for refused in (
        lambda: archive.keep(path, place, size=1),
        lambda: archive.trim(place, 1),
        lambda: archive.read(place, 0, 1),
        lambda: archive.open(place, size=1),
        lambda: archive.destroy(place),
    ):
        with pytest.raises(Permanent):
            await refused()
    assert os.listdir(tmp_path / "archive") == []


async def test_bytes_are_read_from_any_offset(archive: DiskArchive, tmp_path: Path) -> None:
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    assert await archive.read(PLACE, 4, 5) == BODY[4:9]
    assert await archive.read(PLACE, len(BODY), 5) == b""
    with pytest.raises(NotThere):
        await archive.read("8301102/2026-11/nothing", 0, 1)


async def test_destroyed_bytes_are_gone_and_an_empty_month_with_them(archive: DiskArchive, tmp_path: Path) -> None:
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    await archive.keep(source(tmp_path, name="other"), OTHER, size=len(BODY))
    await archive.destroy(PLACE)
    assert await archive.places() == [OTHER]
    for _ in range(2):
        await archive.destroy(OTHER)
    assert not (tmp_path / "archive/8301102/2026-11").exists()
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))  # the month comes back when it is needed
    assert await archive.places() == [PLACE]


async def test_a_month_is_not_removed_under_a_file_that_comes(
    build: Callable[[Disk], DiskArchive], tmp_path: Path
) -> None:
    disk = SlowDisk("remove_folder")
    archive = build(disk)
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    destroying = asyncio.ensure_future(archive.destroy(PLACE))
    await disk.reached()  # the month was found empty
    keeping = asyncio.ensure_future(archive.keep(source(tmp_path), OTHER, size=len(BODY)))
    await asyncio.wait([keeping], timeout=0.05)
    disk.go_on()
    await asyncio.gather(destroying, keeping)
    assert await archive.places() == [OTHER]


async def test_the_files_of_a_submission_are_found_and_no_others(archive: DiskArchive, tmp_path: Path) -> None:
    submission = FILE.partition("-")[0]
    own = [f"8301102/2026-11/{submission}-01", f"unplaced/2026-10/{submission}-02", f"8301102/2026-10/{submission}"]
    other = [f"8301102/2026-11/{submission[:-1]}2-01", f"8301102/2026-11/{submission}9-01"]
    for number, place in enumerate(own + other):
        await archive.keep(source(tmp_path, name=str(number)), place, size=len(BODY))
    assert sorted(await archive.find(submission)) == sorted(own)


async def test_an_archive_that_is_empty_or_not_there_has_no_places(build: Callable[[Disk], DiskArchive]) -> None:
    assert await build(PosixDisk()).places() == []


# Downloads.


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 77])
@pytest.mark.parametrize("step", [32_768, 100_000, BLOCK * 2])
@pytest.mark.parametrize("is_cold", [False, True])
async def test_a_download_is_the_file_whatever_stands_behind_it(
    build: Callable[[Disk], DiskArchive], archive: DiskArchive, tmp_path: Path, size: int, step: int, is_cold: bool
) -> None:
    data = bytes(hashlib.shake_128(b"download").digest(size))
    await archive.keep(source(tmp_path, data + b"seal"), PLACE, size=size)
    reader = await build(ColdDisk() if is_cold else PosixDisk()).open(PLACE, size=size)
    read = [await reader.read(offset, step) for offset in range(0, size + step, step)]
    assert b"".join(read) == data
    assert all(len(piece) == step for piece in read[:-2])
    assert reader.size == size
    await reader.close()


class ColdDisk(PosixDisk):
    """The system has nothing in memory."""

    def read_cached(self, fd: int, size: int, offset: int) -> bytes | None:
        return None


class WarmDisk(PosixDisk):
    """The system has everything in memory, so that no thread need read."""

    def read(self, fd: int, size: int, offset: int) -> bytes:
        raise AssertionError("a trip to a thread for bytes that are in memory")

    def read_cached(self, fd: int, size: int, offset: int) -> bytes | None:
        return os.pread(fd, size, offset)


async def test_what_the_system_has_in_memory_needs_no_thread(
    build: Callable[[Disk], DiskArchive], archive: DiskArchive, tmp_path: Path
) -> None:
    await archive.keep(source(tmp_path, BODY + b"seal"), PLACE, size=len(BODY))
    reader = await build(WarmDisk()).open(PLACE, size=len(BODY))
    assert reader.peek(3, 4) == BODY[3:7]
    assert reader.peek(3, 10_000) == await reader.read(3, 10_000) == BODY[3:]  # what stands behind them is ours
    await reader.close()
    assert reader.peek(3, 4) is None


async def test_what_a_thread_fetched_is_there_at_once(
    build: Callable[[Disk], DiskArchive], archive: DiskArchive, tmp_path: Path
) -> None:
    data = bytes(hashlib.shake_128(b"download").digest(BLOCK + 100))
    await archive.keep(source(tmp_path, data), PLACE, size=len(data))
    reader = await build(ColdDisk()).open(PLACE, size=len(data))
    assert reader.peek(0, 10) is None
    assert reader.peek(len(data), 10) == b""
    await reader.read(0, 10)
    assert reader.peek(100, BLOCK - 100) == data[100:BLOCK]
    assert reader.peek(BLOCK - 1, 2) is None
    await reader.read(BLOCK, 1)
    assert reader.peek(BLOCK, 1000) == data[BLOCK:]
    await reader.close()


async def test_reads_may_overlap(archive: DiskArchive, tmp_path: Path) -> None:
    data = bytes(hashlib.shake_128(b"download").digest(4 * BLOCK))
    await archive.keep(source(tmp_path, data), PLACE, size=len(data))
    reader = await archive.open(PLACE, size=len(data))
    offsets = [*range(0, len(data), 50_000), *range(len(data) - 50_000, 0, -77_777)]
    pieces = await asyncio.gather(*(reader.read(o, 50_000) for o in offsets))
    assert pieces == [data[o : o + 50_000] for o in offsets]
    await reader.close()


async def test_a_block_is_fetched_once_for_all_who_ask(
    build: Callable[[Disk], DiskArchive], archive: DiskArchive, tmp_path: Path
) -> None:
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    disk = SlowDisk()
    reader = await build(disk).open(PLACE, size=len(BODY))
    assert await asyncio.gather(*(reader.read(n, 2) for n in range(5))) == [BODY[n : n + 2] for n in range(5)]
    assert disk.done == ["read"]
    await reader.close()


async def test_a_download_goes_on_although_the_file_is_destroyed(archive: DiskArchive, tmp_path: Path) -> None:
    """Ending it is for who knows that it may not be read any more."""
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    reader = await archive.open(PLACE, size=len(BODY))
    await archive.destroy(PLACE)
    assert await reader.read(0, 100) == BODY
    for _ in range(2):
        await reader.close()


async def test_nothing_is_read_after_the_end(archive: DiskArchive, tmp_path: Path) -> None:
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    reader = await archive.open(PLACE, size=len(BODY))
    await reader.close()
    with pytest.raises(NotThere):
        await reader.read(0, 1)


async def test_a_file_that_is_gone_or_short_is_not_opened(archive: DiskArchive, tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        await archive.open(PLACE, size=1)
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    with pytest.raises(Permanent):
        await archive.open(PLACE, size=len(BODY) + 1)


async def test_a_download_that_is_cut_off_waits_for_its_last_read(
    build: Callable[[Disk], DiskArchive], archive: DiskArchive, tmp_path: Path
) -> None:
    """A descriptor is closed only when no thread reads from it: its number may be another file's the next moment."""
    await archive.keep(source(tmp_path), PLACE, size=len(BODY))
    disk = SlowDisk("read")
    reader = await build(disk).open(PLACE, size=len(BODY))
    reading = asyncio.ensure_future(reader.read(0, 100))
    await disk.reached()
    reading.cancel()
    closing = asyncio.ensure_future(reader.close())
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.wait([closing], timeout=0.05)
    assert not closing.done()
    disk.go_on()
    await closing
    assert disk.done == ["read"]


# The disk fails.


class RefusingDisk(PosixDisk):
    """A disk on which there is no room for another name."""

    def link(self, source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


async def test_no_room_for_a_name_is_temporary(build: Callable[[Disk], DiskArchive], tmp_path: Path) -> None:
    archive = build(RefusingDisk())
    await archive.prepare()
    with pytest.raises(DiskFull):
        await archive.keep(source(tmp_path), PLACE, size=len(BODY))


async def test_a_disk_of_its_own_is_refused_with_a_sentence(archive: DiskArchive, tmp_path: Path) -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    with tempfile.NamedTemporaryFile(dir=shared_memory) as elsewhere, pytest.raises(Transient, match="one disk"):
        await archive.keep(elsewhere.name, PLACE, size=0)


# Crashes.


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_every_death_while_keeping_leaves_nothing_or_all_of_it(
    build: Callable[..., DiskArchive], tmp_path: Path, way: str
) -> None:
    async def story(disk: Disk, folder: Path) -> None:
        """A decoded part: its bytes are not durable before the archive makes them so."""
        fd = disk.create(str(folder / "part"))
        disk.write(fd, BODY, 0)
        disk.close(fd)
        disk.sync_folder(str(folder))
        await build(disk, folder / "archive").keep(str(folder / "part"), PLACE, size=len(BODY))

    counting = DyingDisk()
    (tmp_path / "whole").mkdir()
    await story(counting, tmp_path / "whole")
    for n in range(counting.count + 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        disk = dying(way, at=n, graveyard=tmp_path / f"graveyard {n}")
        died = await dies(story(disk, folder))
        assert died == (n < counting.count)
        disk.die()
        archive = build(PosixDisk(), folder / "archive")
        kept = await archive.places()
        assert kept == [PLACE] if not died else kept in ([], [PLACE])
        for place in kept:
            assert await archive.read(place, 0, 100) == BODY
            await archive.destroy(place)  # an orphan: no record speaks of it
        assert await archive.places() == []


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_every_death_while_destroying_is_mended_by_a_repeat(
    build: Callable[..., DiskArchive], tmp_path: Path, way: str
) -> None:
    for n in range(4):
        root = tmp_path / str(n)
        await build(PosixDisk(), root).keep(source(tmp_path, name=f"source {n}"), PLACE, size=len(BODY))
        disk = dying(way, at=n, graveyard=tmp_path / f"graveyard {n}")
        died = await dies(build(disk, root).destroy(PLACE))
        disk.die()
        assert died == (n < 3), disk.changes
        archive = build(PosixDisk(), root)
        if not died:
            assert await archive.places() == []  # destroyed is said only of what can't come back
        await archive.destroy(PLACE)
        assert await archive.places() == []
        assert not (root / "8301102/2026-11").exists()


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_every_death_while_trimming_leaves_the_bytes(
    build: Callable[..., DiskArchive], tmp_path: Path, way: str
) -> None:
    for n in range(2):
        root = tmp_path / str(n)
        path = source(tmp_path, BODY + b"seal", f"source {n}")
        await build(PosixDisk(), root).keep(path, PLACE, size=len(BODY))
        disk = dying(way, at=n, graveyard=tmp_path / f"graveyard {n}")
        assert await dies(build(disk, root).trim(PLACE, len(BODY))) == (n < 1)
        disk.die()
        archive = build(PosixDisk(), root)
        await archive.trim(PLACE, len(BODY))
        assert await archive.read(PLACE, 0, 100) == BODY
