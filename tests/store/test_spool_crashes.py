"""Every moment at which the spool can be cut off: what was promised is there, what is there is whole (SPEC 11)."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import NotThere
from gateway.ports import Disk
from gateway.store.disk import PosixDisk
from gateway.store.intake import BATCH
from gateway.store.sealerprocess import ANSWER, SLAB, Place, Workbench, order_for
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from tests.fakes import WAYS_TO_DIE, Died, DyingDisk, ManualClock, dies, dying

FACTS = {
    "channel": Channel.SFTP,
    "username": "h.marlow",
    "verified_by": "publickey",
    "name": "8301102_INFOa20261122.pdf",
}
Promises = dict[str, bytes]  # what the story was told: id -> bytes
Story = Callable[[DiskSpool, Promises], Awaitable[None]]
Check = Callable[[Path, Promises], Awaitable[None]]


def spool_on(disk: Disk, root: Path, threads: DiskThreads) -> DiskSpool:
    return DiskSpool(root=str(root), disk=disk, threads=threads, clock=ManualClock())


async def seal(spool: DiskSpool, promised: Promises, data: bytes) -> str:
    intake = spool.begin()
    for start in range(0, len(data), BATCH):
        intake.write(data[start : start + BATCH])
    await intake.seal(**FACTS)
    promised[intake.id] = data
    return intake.id


async def seals_a_small_one(spool: DiskSpool, promised: Promises) -> None:
    await seal(spool, promised, b"small")


async def seals_a_large_one(spool: DiskSpool, promised: Promises) -> None:
    intake, data = spool.begin(), b"large" * (BATCH // 2)
    for start in range(0, len(data), BATCH):
        intake.write(data[start : start + BATCH])
        await intake.sync()  # so that every telling of the story makes the same changes
    await intake.seal(**FACTS)
    promised[intake.id] = data


async def seals_two(spool: DiskSpool, promised: Promises) -> None:
    await seal(spool, promised, b"first")
    await seal(spool, promised, b"second")


async def seals_messages(spool: DiskSpool, promised: Promises) -> None:
    """These have no digest: whether they are whole is seen by their bytes."""
    for data in MESSAGES:
        intake = spool.begin(digested=False)
        intake.write(data)
        await intake.drain()
        await intake.seal(**FACTS)
        promised[intake.id] = data


async def writes_here_and_there(spool: DiskSpool, promised: Promises) -> None:
    intake = spool.begin()
    intake.write(b"b" * BATCH, BATCH)
    intake.write(b"a" * BATCH, 0)
    await intake.sync()
    intake.truncate(BATCH + 1)
    intake.write(b"c")
    await intake.seal(**FACTS)
    promised[intake.id] = b"a" * BATCH + b"bc"


async def prepares_and_seals(spool: DiskSpool, promised: Promises) -> None:
    intake = spool.begin()
    intake.write(b"prepared")
    await intake.prepare(**FACTS)
    await intake.seal(**FACTS)
    promised[intake.id] = b"prepared"


async def prepares_and_goes_on(spool: DiskSpool, promised: Promises) -> None:
    intake = spool.begin()
    intake.write(b"prepared ")
    await intake.prepare(**FACTS)
    intake.write(b"too early")
    await intake.seal(**FACTS)
    promised[intake.id] = b"prepared too early"


async def foresees_and_seals(spool: DiskSpool, promised: Promises) -> None:
    intake = spool.begin()
    intake.write(b"foreseen")
    intake.foresee(**FACTS)
    await intake.seal(**FACTS)
    promised[intake.id] = b"foreseen"


async def foresees_and_goes_on(spool: DiskSpool, promised: Promises) -> None:
    intake = spool.begin()
    intake.write(b"foreseen ")
    intake.foresee(**FACTS)
    intake.write(b"too early")
    await intake.seal(**FACTS)
    promised[intake.id] = b"foreseen too early"


async def parks_and_goes_on(spool: DiskSpool, promised: Promises) -> None:
    intake = spool.begin()
    intake.write(b"one ")
    await intake.park()
    again = await spool.resume(intake.id)
    again.write(b"two")
    await again.seal(**FACTS)
    promised[intake.id] = b"one two"


async def seals_beside(spool: DiskSpool, promised: Promises) -> None:
    """With the sealer's own steps, on the disk that dies."""
    bench = workbench(spool)

    def elsewhere(data: memoryview, draft: Envelope, *, digested: bool) -> asyncio.Future[Envelope]:
        flight = asyncio.get_running_loop().create_future()
        bench.memory[: len(data)] = data
        _, trouble, digest = ANSWER.unpack(bench.carry_out([order_for(0, len(data), draft, digested=digested)]))
        if trouble:
            flight.set_exception(Died())
        else:
            flight.set_result(replace(draft, sha256=digest.decode()))
        return flight

    beside = DiskSpool(
        root=spool._root, disk=spool._disk, threads=spool._threads, clock=ManualClock(), elsewhere=elsewhere
    )
    await seal(beside, promised, b"beside")


async def seals_three_together(spool: DiskSpool, promised: Promises) -> None:
    bench, orders = workbench(spool, slabs=3), []
    datas = {spool.begin().id: data for data in (b"first", b"s" * 100_000, b"third")}
    for slab, (id, data) in enumerate(datas.items()):
        bench.memory[slab * SLAB : slab * SLAB + len(data)] = data
        draft = Envelope(id=id, received_at=ManualClock().now(), size=len(data), sha256="", **FACTS)
        orders.append(order_for(slab, len(data), draft, digested=True))
    answers = list(ANSWER.iter_unpack(bench.carry_out(orders)))
    ids = list(datas)
    promised.update({ids[slab]: datas[ids[slab]] for slab, trouble, _ in answers if not trouble})
    if len(promised) < len(datas):
        raise Died


def workbench(spool: DiskSpool, slabs: int = 1) -> Workbench:
    place = Place(f"{spool._root}/incoming", f"{spool._root}/ready")
    return Workbench(memory=memoryview(bytearray(slabs * SLAB)), place=place, disk=spool._disk)


async def discards_one_and_keeps_one(spool: DiskSpool, promised: Promises) -> None:
    intake = spool.begin()
    intake.write(b"d" * BATCH)
    await intake.discard()
    await seal(spool, promised, b"kept")


MESSAGES = (b"a short one", b"a long one" * BATCH)
STORIES: list[Story] = [
    foresees_and_seals,
    foresees_and_goes_on,
    seals_a_small_one,
    seals_a_large_one,
    seals_two,
    seals_messages,
    seals_beside,
    seals_three_together,
    writes_here_and_there,
    prepares_and_seals,
    prepares_and_goes_on,
    parks_and_goes_on,
    discards_one_and_keeps_one,
]


async def every_death(story: Story, way: str, tmp_path: Path, threads: DiskThreads, check: Check) -> int:
    """Tell a story once for each change that it makes, dying there, and check what is left each time."""
    counting = DyingDisk()
    await tell(story, counting, tmp_path / "whole", threads, {})
    for n in range(counting.count + 1):
        root, promised = tmp_path / str(n), {}
        disk = dying(way, at=n, graveyard=tmp_path / f"graveyard {n}")
        assert await dies(tell(story, disk, root, threads, promised)) == (n < counting.count)
        disk.die()
        await check(root, promised)
    return counting.count


async def tell(story: Story, disk: Disk, root: Path, threads: DiskThreads, promised: Promises) -> None:
    await spool_on(PosixDisk(), root, threads).prepare()
    await story(spool_on(disk, root, threads), promised)


@pytest.mark.parametrize("way", WAYS_TO_DIE)
@pytest.mark.parametrize("story", STORIES)
async def test_what_was_promised_is_whole_and_nothing_else_stays(
    tmp_path: Path, threads: DiskThreads, story: Story, way: str
) -> None:
    async def check(root: Path, promised: Promises) -> None:
        spool = spool_on(PosixDisk(), root, threads)
        await spool.prepare()
        ready = await spool.ready()
        assert set(promised) <= set(ready)
        for id in ready:  # one whose promise was not heard is whole too
            envelope = await spool.envelope(id)
            data = Path(spool.path(id)).read_bytes()[: envelope.size]
            assert hashlib.sha256(data).hexdigest() == envelope.sha256 or (not envelope.sha256 and data in MESSAGES)
            assert data == promised.get(id, data)
        for id in await spool.parked():
            await spool.drop_parked(id)
        assert [str(p.relative_to(root)) for p in files_below(root)] == [f"ready/{id}" for id in ready]

    assert await every_death(story, way, tmp_path, threads, check) >= 6


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_parked_bytes_are_as_long_and_as_good_as_was_said(tmp_path: Path, threads: DiskThreads, way: str) -> None:
    async def parks(spool: DiskSpool, promised: Promises) -> None:
        intake = spool.begin()
        intake.write(b"p" * BATCH)
        await intake.sync()
        intake.write(b"q")
        await intake.park()
        promised[intake.id] = b"p" * BATCH + b"q"

    async def check(root: Path, promised: Promises) -> None:
        spool = spool_on(PosixDisk(), root, threads)
        for id, data in promised.items():
            intake = await spool.resume(id)
            assert intake.size == len(data)
            sealed = await intake.seal(**FACTS)
            assert Path(spool.path(id)).read_bytes()[: sealed.size] == data

    await every_death(parks, way, tmp_path, threads, check)


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_what_is_being_set_aside_is_in_one_of_two_places(tmp_path: Path, threads: DiskThreads, way: str) -> None:
    why = "nobody could read it"

    async def sets_aside(spool: DiskSpool, promised: Promises) -> None:
        id = await seal(spool_on(PosixDisk(), Path(spool.path("x")).parents[1], threads), {}, b"bytes")
        promised[id] = b"ready"
        await spool.set_aside(id, why)
        promised[id] = b"failed"

    async def check(root: Path, promised: Promises) -> None:
        spool = spool_on(PosixDisk(), root, threads)
        await spool.prepare()
        ready, failed = await spool.ready(), await spool.failed()
        assert len(ready + failed) == 1
        for id, where in promised.items():
            assert where == b"ready" or failed == [id]
            await spool.set_aside(id, why)
            assert (root / "failed" / f"{id}.why.txt").read_text() == why
            assert await spool.failed() == [id]

    await every_death(sets_aside, way, tmp_path, threads, check)


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_what_is_half_forgotten_is_forgotten_by_a_repeat(tmp_path: Path, threads: DiskThreads, way: str) -> None:
    async def forgets(spool: DiskSpool, promised: Promises) -> None:
        id = await seal(spool_on(PosixDisk(), Path(spool.path("x")).parents[1], threads), {}, b"bytes")
        promised[id] = b""
        for number in (1, 2):
            part = Path(f"{spool.parts(id)}{number}")
            part.parent.mkdir(exist_ok=True)
            part.write_bytes(b"decoded")
        await spool.forget(id)

    async def check(root: Path, promised: Promises) -> None:
        spool = spool_on(PosixDisk(), root, threads)
        await spool.prepare()
        for id in promised:
            if id in await spool.ready():
                await spool.forget(id)
            with pytest.raises(NotThere):
                await spool.envelope(id)
        assert files_below(root) == []

    await every_death(forgets, way, tmp_path, threads, check)


def files_below(root: Path) -> list[Path]:
    return sorted(p for p in root.rglob("*") if p.is_file())


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_what_is_tried_again_is_in_one_of_two_places(tmp_path: Path, threads: DiskThreads, way: str) -> None:
    async def tries_again(spool: DiskSpool, promised: Promises) -> None:
        whole = spool_on(PosixDisk(), Path(spool.path("x")).parents[1], threads)
        id = await seal(whole, {}, b"bytes")
        await whole.set_aside(id, "nobody could read it")
        promised[id] = b"failed"
        await spool.retry_failed(id)
        promised[id] = b"ready"

    async def check(root: Path, promised: Promises) -> None:
        spool = spool_on(PosixDisk(), root, threads)
        ready, failed = await spool.ready(), await spool.failed()
        assert len(ready + failed) == 1
        for id, where in promised.items():
            assert where == b"failed" or ready == [id]
            await spool.retry_failed(id)
            assert await spool.ready() == [id]
            assert list((root / "failed").iterdir()) == []
            assert (await spool.envelope(id)).size == len(b"bytes")

    await every_death(tries_again, way, tmp_path, threads, check)
