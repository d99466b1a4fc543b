"""What is carried to the disk before its seal is asked for (docs/decisions/0017-what-a-small-file-costs.md)."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.errors import DiskFull
from gateway.store.disk import PosixDisk
from gateway.store.intake import DiskIntake
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from tests.fakes import ManualClock
from tests.store.slowdisk import SlowDisk
from tests.store.test_spool import FACTS

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


class CountingThreads(DiskThreads):
    """Threads that count what they were asked to do."""

    jobs = 0

    def submit(self, job, *args):  # type: ignore[no-untyped-def]
        self.jobs += 1
        return super().submit(job, *args)


@dataclass
class Place:
    spool: DiskSpool
    disk: SlowDisk
    threads: CountingThreads
    root: Path

    def begin(self, data: bytes = b"bytes") -> DiskIntake:
        """Return an intake that foresees its end."""
        intake = self.spool.begin()
        intake.write(data)
        intake.foresee(**FACTS)
        self.threads.jobs = 0
        return intake

    def lying(self) -> dict[str, bytes]:
        return {str(p.relative_to(self.root)): p.read_bytes() for p in self.root.rglob("*") if p.is_file()}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    disk, threads = SlowDisk("fsync"), CountingThreads()
    spool = DiskSpool(root=str(tmp_path), disk=disk, threads=threads, clock=ManualClock())
    await spool.prepare()
    yield Place(spool, disk, threads, tmp_path)
    disk.go_on()
    threads.close()


async def test_a_seal_that_is_asked_for_in_time_follows_in_the_same_job(place: Place) -> None:
    intake = place.begin()
    await place.disk.reached()
    sealing = asyncio.ensure_future(intake.seal(**FACTS))
    await asyncio.sleep(0)  # noqa: TID251  # a turn for who asks
    place.disk.go_on()
    sealed = await sealing
    assert place.threads.jobs == 0
    assert await place.spool.ready() == [intake.id]
    assert await place.spool.envelope(intake.id) == sealed
    assert Path(place.spool.path(intake.id)).read_bytes()[: sealed.size] == b"bytes"


async def test_a_seal_that_is_asked_for_too_late_has_its_own(place: Place) -> None:
    intake = place.begin()
    place.disk.go_on()
    await intake.drain()
    await intake.prepare(**FACTS)  # it has landed now
    sealed = await intake.seal(**FACTS)
    assert await place.spool.envelope(intake.id) == sealed


async def test_a_client_that_asks_for_what_was_foreseen_waits_for_nothing_more(place: Place) -> None:
    intake = place.begin()
    await place.disk.reached()
    asked = asyncio.ensure_future(intake.prepare(**FACTS))
    await asyncio.sleep(0)  # noqa: TID251  # a turn for who asks
    assert not asked.done()
    place.disk.go_on()
    await asked
    assert place.threads.jobs == 0
    await intake.seal(**FACTS)
    assert await place.spool.ready() == [intake.id]


async def test_what_was_foreseen_is_promised_to_nobody(place: Place) -> None:
    intake = place.begin()
    place.disk.go_on()
    await intake.prepare(**FACTS)
    assert list(place.lying()) == [f"incoming/{intake.id}"]
    assert await place.spool.ready() == []
    await intake.discard()
    assert place.lying() == {}


async def test_it_is_parked_without_its_seal(place: Place) -> None:
    intake = place.begin()
    place.disk.go_on()
    await intake.park()
    assert place.lying() == {f"incoming/{intake.id}": b"bytes"}


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda intake: intake.write(b" and more"), b"bytes and more"),
        (lambda intake: intake.write(b"BY", 0), b"BYtes"),
        (lambda intake: intake.truncate(2), b"by"),
    ],
    ids=["behind", "over", "cut"],
)
async def test_bytes_that_come_after_it_are_sealed_with_it(
    place: Place, change: Callable[[DiskIntake], None], expected: bytes, waits: bool
) -> None:
    intake = place.begin()
    await place.disk.reached()
    if waits:
        place.disk.go_on()
        await intake.prepare(**FACTS)
    change(intake)
    place.disk.go_on()
    sealed = await intake.seal(**FACTS)
    assert Path(place.spool.path(intake.id)).read_bytes()[: sealed.size] == expected
    assert await place.spool.envelope(intake.id) == sealed


async def test_another_name_at_the_seal_is_the_one_that_counts(place: Place) -> None:
    intake = place.begin()
    await place.disk.reached()
    sealing = asyncio.ensure_future(intake.seal(**FACTS | {"name": "8301102_SENother.pdf"}))
    await asyncio.sleep(0)  # noqa: TID251  # a turn for who asks
    place.disk.go_on()
    assert (await sealing).name == "8301102_SENother.pdf"
    assert (await place.spool.envelope(intake.id)).name == "8301102_SENother.pdf"


async def test_a_seal_that_follows_ends_whole_though_nobody_waits(place: Place) -> None:
    intake = place.begin()
    await place.disk.reached()
    sealing = asyncio.ensure_future(intake.seal(**FACTS))
    await asyncio.sleep(0)  # noqa: TID251  # a turn for who asks
    sealing.cancel()
    place.disk.go_on()
    await intake.discard()  # waits for what is under way; takes nothing back
    assert await place.spool.ready() == [intake.id]


class FullDisk(PosixDisk):
    def write_durably(self, fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        raise OSError(errno.ENOSPC, "full")


@pytest.mark.parametrize("turns", [0, 1])
async def test_a_full_disk_is_told_at_the_seal(tmp_path: Path, turns: int) -> None:
    threads = DiskThreads()
    spool = DiskSpool(root=str(tmp_path), disk=FullDisk(), threads=threads, clock=ManualClock())
    await spool.prepare()
    intake = spool.begin()
    intake.write(b"bytes")
    intake.foresee(**FACTS)
    for _ in range(turns):
        with pytest.raises(DiskFull):
            await intake.prepare(**FACTS)
    with pytest.raises(DiskFull):
        await intake.seal(**FACTS)
    await intake.discard()
    assert await spool.ready() == await spool.parked() == []
    threads.close()


async def test_only_what_is_all_in_memory_is_foreseen(place: Place) -> None:
    place.disk.go_on()
    intake = place.spool.begin()
    place.threads.jobs = 0
    intake.foresee(**FACTS)
    assert place.threads.jobs == 0
    intake.write(b"bytes")
    await intake.sync()
    place.threads.jobs = 0
    intake.write(b" more")
    intake.foresee(**FACTS)
    assert place.threads.jobs == 0
    await intake.discard()
    place.threads.jobs = 0
    intake.foresee(**FACTS)
    assert place.threads.jobs == 0
