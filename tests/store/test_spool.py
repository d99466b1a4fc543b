"""The spool: what is sealed is whole, what failed leaves nothing, what is parked goes on (SPEC 11; the Spool port)."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import DiskFull, NotThere, Permanent, Transient
from gateway.ports import Disk
from gateway.store.commit import FolderCommit
from gateway.store.disk import PosixDisk
from gateway.store.intake import BACKLOG, BATCH, MEMORY, DiskIntake
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from tests.fakes import MORNING, FullDisk, ManualClock
from tests.store.slowdisk import SlowDisk

FACTS = {
    "channel": Channel.SFTP,
    "username": "h.marlow",
    "verified_by": "publickey",
    "name": "8301102_INFOa20261122.pdf",
}
LARGE = BATCH + 4321


@dataclass
class House:
    """A spool in a folder, with its clock."""

    root: Path
    spool: DiskSpool
    clock: ManualClock = field(default_factory=ManualClock)

    def lying(self) -> dict[str, list[str]]:
        """Return what lies in each folder; of parts the messages that they are of."""
        lying = {f.name: sorted(os.listdir(f)) for f in sorted(self.root.iterdir())}
        parts = sorted({part.name.partition(".")[0] for part in (self.root / "parts").glob("*/*")})
        return {folder: names for folder, names in (lying | {"parts": parts}).items() if names}


pytestmark = pytest.mark.usefixtures("nothing_stays_open")


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[[Disk], House]]:
    pools: list[DiskThreads] = []

    def build(disk: Disk) -> House:
        pools.append(DiskThreads())
        clock = ManualClock()
        spool = DiskSpool(root=str(tmp_path / "spool"), disk=disk, threads=pools[-1], clock=clock)
        return House(tmp_path / "spool", spool, clock)

    yield build
    for pool in pools:
        pool.close()


@pytest.fixture
async def house(build: Callable[[Disk], House]) -> House:
    house = build(PosixDisk())
    await house.spool.prepare()
    return house


def body(size: int) -> bytes:
    return bytes(hashlib.shake_128(b"body").digest(size))


def bytes_of(house: House, envelope: Envelope) -> bytes:
    return Path(house.spool.path(envelope.id)).read_bytes()[: envelope.size]


# What comes in is what lies there.


@pytest.mark.parametrize("size", [0, 1, BATCH - 1, BATCH, LARGE, 5 * BACKLOG])
async def test_bytes_and_facts_are_read_back(house: House, size: int) -> None:
    intake, data = house.spool.begin(), body(size)
    for start in range(0, size, 32_768):
        intake.write(data[start : start + 32_768])
        await intake.drain()
    sealed = await intake.seal(**FACTS, peer="192.0.2.7:50022", recipients=["files@gateway.test"], sender="a@b.example")
    assert (sealed.size, sealed.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert sealed.id == intake.id
    assert await house.spool.envelope(intake.id) == sealed
    assert bytes_of(house, sealed) == data
    assert house.lying() == {"ready": [intake.id]}


@pytest.mark.parametrize("size", [0, 1, BATCH - 1, LARGE, 5 * BACKLOG])
async def test_whose_digest_nobody_asks_for_has_none_and_is_whole(house: House, size: int) -> None:
    intake, data = house.spool.begin(digested=False), body(size)
    for start in range(0, size, 32_768):
        intake.write(data[start : start + 32_768])
        await intake.drain()
    sealed = await intake.seal(**FACTS)
    assert (sealed.size, sealed.sha256) == (size, "")
    assert await house.spool.envelope(intake.id) == sealed
    assert bytes_of(house, sealed) == data
    assert house.lying() == {"ready": [intake.id]}


async def test_pieces_of_any_size_are_taken_in_their_order(house: House) -> None:
    """Memory is used again from batch to batch, also when one is longer than those before it."""
    sizes = [7, BATCH, 3, BATCH - 1, 5, BACKLOG + 77, 1, 2 * BATCH, 11, BATCH + 1, 13, 3 * BACKLOG]
    intake, data, at = house.spool.begin(), body(sum(sizes)), 0
    for size in sizes:
        intake.write(memoryview(data)[at : at + size])
        at += size
        if size < 100:
            await intake.sync()
    sealed = await intake.seal(**FACTS)
    assert bytes_of(house, sealed) == data
    assert sealed.sha256 == hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Cut:
    size: int


# Each story is told in tens of bytes and again in pieces that go to the disk one by one.
STORIES: dict[str, list[tuple[int | None, bytes] | Cut]] = {
    "in order": [(None, b"a"), (None, b"b"), (2, b"c")],
    "the second half first": [(1, b"b"), (0, b"a")],
    "a window of requests out of order": [(0, b"a"), (2, b"c"), (1, b"b"), (3, b"d")],
    "a piece sent twice": [(0, b"a"), (1, b"b"), (0, b"a"), (2, b"c")],
    "a piece replaced by another": [(0, b"a"), (1, b"b"), (0, b"x")],
    "all of it replaced": [(0, b"a"), (1, b"b"), (0, b"x"), (1, b"y"), (2, b"z")],
    "a hole": [(0, b"a"), (3, b"d")],
    "only a far end": [(4, b"e")],
    "cut and gone on": [(0, b"a"), (1, b"b"), (2, b"c"), Cut(1), (None, b"x")],
    "cut to nothing": [(0, b"a"), Cut(0)],
    "cut to nothing and sent again": [(0, b"a"), Cut(0), (0, b"b"), (1, b"c")],
    "grown by a cut": [(0, b"a"), Cut(3)],
    "grown, then filled": [Cut(2), (0, b"a"), (1, b"b")],
    "cut to what it is": [(0, b"a"), (1, b"b"), Cut(2)],
}


@pytest.mark.parametrize("unit", [10, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
async def test_writes_and_cuts_take_effect_in_their_order(
    house: House, story: list[tuple[int | None, bytes] | Cut], unit: int
) -> None:
    intake, expected = house.spool.begin(), bytearray()
    for step in story:
        if isinstance(step, Cut):
            intake.truncate(step.size * unit)
            expected = expected[: step.size * unit].ljust(step.size * unit, b"\0")
            continue
        offset, letter = step
        at = len(expected) if offset is None else offset * unit
        intake.write(letter * unit, None if offset is None else at)
        expected = expected.ljust(at, b"\0")
        expected[at : at + unit] = letter * unit
        assert intake.size == len(expected)
    sealed = await intake.seal(**FACTS)
    assert bytes_of(house, sealed) == expected
    assert (sealed.size, sealed.sha256) == (len(expected), hashlib.sha256(expected).hexdigest())


async def test_the_buffer_of_a_write_may_be_used_again_at_once(house: House) -> None:
    intake, buffer = house.spool.begin(), bytearray(b"first")
    intake.write(memoryview(buffer))
    buffer[:] = b"other"
    assert bytes_of(house, await intake.seal(**FACTS)) == b"first"


async def test_received_is_the_moment_of_the_seal(house: House) -> None:
    intake = house.spool.begin()
    intake.write(b"bytes")
    house.clock.advance(3600)
    assert (await intake.seal(**FACTS)).received_at == MORNING + timedelta(hours=1)


async def test_a_small_submission_touches_no_disk_before_its_seal(house: House) -> None:
    intake = house.spool.begin()
    intake.write(body(BATCH - 1))
    await intake.drain()
    assert house.lying() == {}
    await intake.discard()


async def test_an_entry_is_for_us_alone(house: House) -> None:
    intake = house.spool.begin()
    intake.write(b"bytes")
    sealed = await intake.seal(**FACTS)
    assert Path(house.spool.path(sealed.id)).stat().st_mode & 0o777 == 0o600
    assert house.root.stat().st_mode & 0o777 == 0o700


async def test_what_was_sealed_first_is_worked_on_first(house: House) -> None:
    ids = []
    for _ in range(12):
        intake = house.spool.begin()
        ids.append(intake.id)
        await intake.seal(**FACTS)
    assert await house.spool.ready() == ids


async def test_fifty_at_once_are_all_there(house: House) -> None:
    async def send(n: int) -> Envelope:
        intake = house.spool.begin()
        intake.write(b"%d" % n)
        return await intake.seal(**FACTS)

    sealed = await asyncio.gather(*(send(n) for n in range(50)))
    assert [bytes_of(house, e) for e in sealed] == [b"%d" % n for n in range(50)]
    assert sorted(await house.spool.ready()) == sorted(e.id for e in sealed)


# The disk is slow.


async def test_a_write_never_waits_and_the_backlog_says_so(build: Callable[[Disk], House]) -> None:
    disk = SlowDisk("write")
    house = build(disk)
    await house.spool.prepare()
    intake, data = house.spool.begin(), body(BATCH)
    for _ in range(1 + BACKLOG // BATCH):
        assert not intake.is_congested
        intake.write(data)
    assert intake.is_congested
    draining = asyncio.ensure_future(intake.drain())
    await disk.reached()
    assert not draining.done()
    disk.go_on()
    await draining
    assert not intake.is_congested
    assert (await intake.seal(**FACTS)).size == len(data) * (1 + BACKLOG // BATCH)


async def test_among_many_each_does_with_less_memory(build: Callable[[Disk], House]) -> None:
    disk = SlowDisk("write")
    house = build(disk)
    await house.spool.prepare()
    others = [house.spool.begin() for _ in range(4 * MEMORY // BACKLOG - 1)]
    intake, piece = house.spool.begin(), body(BACKLOG // 8)
    for _ in range(2 + 2):  # two are under way, two wait
        assert not intake.is_congested
        intake.write(piece)
    assert intake.is_congested
    for other in others:
        await other.discard()
    assert not intake.is_congested
    disk.go_on()
    assert (await intake.seal(**FACTS)).size == 4 * len(piece)


async def test_the_portions_of_a_large_submission_are_larger_and_those_among_many_smaller(house: House) -> None:
    intake = house.spool.begin()
    small = intake.portion
    intake.write(body(BATCH))
    assert small < intake.portion <= BACKLOG
    others = [house.spool.begin() for _ in range(4 * MEMORY // BACKLOG)]
    assert intake.portion * 2 * len(others) <= MEMORY
    for one in (intake, *others):
        await one.discard()


async def test_a_seal_that_is_cancelled_under_way_happens_whole(build: Callable[[Disk], House]) -> None:
    disk = SlowDisk("fsync")
    house = build(disk)
    await house.spool.prepare()
    intake = house.spool.begin()
    intake.write(b"bytes")
    sealing = asyncio.ensure_future(intake.seal(**FACTS))
    await disk.reached()
    sealing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sealing
    assert house.lying() == {"incoming": [intake.id]}
    disk.go_on()
    await intake.discard()  # what its owner does next; by then it is our word
    assert bytes_of(house, await house.spool.envelope(intake.id)) == b"bytes"
    assert house.lying() == {"ready": [intake.id]}


async def test_a_seal_that_is_cancelled_while_it_waits_does_not_happen(build: Callable[[Disk], House]) -> None:
    disk = SlowDisk("write")
    house = build(disk)
    await house.spool.prepare()
    intake = house.spool.begin()
    intake.write(body(BATCH))  # handed over, and held up
    sealing = asyncio.ensure_future(intake.seal(**FACTS))
    await disk.reached()
    sealing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sealing
    disk.go_on()
    await intake.discard()
    assert house.lying() == {}


async def test_a_cancelled_sync_leaves_the_intake_in_use(build: Callable[[Disk], House]) -> None:
    disk = SlowDisk("fsync")
    house = build(disk)
    await house.spool.prepare()
    intake = house.spool.begin()
    intake.write(b"one ")
    syncing = asyncio.ensure_future(intake.sync())
    await disk.reached()
    syncing.cancel()
    disk.go_on()
    intake.write(b"two")
    assert bytes_of(house, await intake.seal(**FACTS)) == b"one two"


# What is prepared has its rename left to do.


class Fsyncs(PosixDisk):
    """A disk that counts the fsyncs of files."""

    def __init__(self) -> None:
        self.count = 0

    def fsync(self, fd: int) -> None:
        self.count += 1
        super().fsync(fd)

    def write_durably(self, fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        self.write(fd, b"".join(pieces), offset)
        self.fsync(fd)


@pytest.mark.parametrize("size", [10, LARGE])
async def test_a_seal_needs_no_second_fsync_of_what_was_prepared(build: Callable[[Disk], House], size: int) -> None:
    disk = Fsyncs()
    house = build(disk)
    await house.spool.prepare()
    intake = house.spool.begin()
    intake.write(body(size))
    await intake.prepare(**FACTS)
    before = disk.count
    sealed = await intake.seal(**FACTS)
    assert (before, disk.count) == (1, 1)
    assert bytes_of(house, sealed) == body(size)
    assert await house.spool.envelope(intake.id) == sealed


async def test_what_is_only_prepared_is_promised_to_nobody(house: House) -> None:
    intake = house.spool.begin()
    intake.write(b"bytes")
    await intake.prepare(**FACTS)
    assert await house.spool.ready() == []
    await intake.discard()
    assert house.lying() == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda intake: intake.write(b" and more"), b"bytes and more"),
        (lambda intake: intake.write(b"BY", 0), b"BYtes"),
        (lambda intake: intake.write(b"!", 500), b"bytes" + bytes(495) + b"!"),  # beyond the seal: no seal in the hole
        (lambda intake: intake.truncate(2), b"by"),
        (lambda intake: intake.truncate(500), b"bytes" + bytes(495)),
    ],
    ids=["behind", "over", "far behind", "cut", "grown"],
)
async def test_bytes_that_come_after_it_undo_what_was_prepared(
    house: House, change: Callable[[DiskIntake], None], expected: bytes
) -> None:
    """A client may fsync in the middle: what stood behind the bytes then must be nowhere in the file."""
    intake = house.spool.begin()
    intake.write(b"bytes")
    await intake.prepare(**FACTS)
    change(intake)
    sealed = await intake.seal(**FACTS)
    assert bytes_of(house, sealed) == expected
    assert sealed.sha256 == hashlib.sha256(expected).hexdigest()
    assert await house.spool.envelope(intake.id) == sealed


async def test_what_is_prepared_under_one_name_is_sealed_under_another(house: House) -> None:
    intake = house.spool.begin()
    intake.write(b"bytes")
    await intake.prepare(**FACTS | {"name": "a-much-longer-name-than-the-other-one.pdf"})
    sealed = await intake.seal(**FACTS)
    assert (sealed.name, bytes_of(house, sealed)) == (FACTS["name"], b"bytes")
    assert await house.spool.envelope(intake.id) == sealed


@pytest.mark.parametrize(("later", "received"), [(0.9, 0.0), (1.1, 1.1), (3600.0, 3600.0)])
async def test_received_is_the_moment_of_the_seal_to_within_a_second(
    house: House, later: float, received: float
) -> None:
    """A client may fsync and keep the file open for an hour: it is ours when it is closed."""
    intake = house.spool.begin()
    intake.write(b"bytes")
    await intake.prepare(**FACTS)
    house.clock.advance(later)
    sealed = await intake.seal(**FACTS)
    assert sealed.received_at == MORNING + timedelta(seconds=received)
    assert await house.spool.envelope(intake.id) == sealed


async def test_what_was_prepared_is_parked_without_its_seal(house: House) -> None:
    intake = house.spool.begin()
    intake.write(b"bytes")
    await intake.prepare(**FACTS)
    await intake.park()
    assert (house.root / "incoming" / intake.id).read_bytes() == b"bytes"
    again = await house.spool.resume(intake.id)
    again.write(b" and the rest")
    assert bytes_of(house, await again.seal(**FACTS)) == b"bytes and the rest"


def test_a_folder_sync_serves_all_who_asked_before_it_began_and_nobody_else(tmp_path: Path) -> None:
    said: list[tuple[str, int]] = []

    class TellingDisk(SlowDisk):
        def sync_folder(self, path: str) -> None:
            number = sum(what == "begins" for what, _ in said)
            said.append(("begins", number))
            super().sync_folder(path)
            said.append(("ends", number))

    disk = TellingDisk("sync_folder")
    commit = FolderCommit(disk, str(tmp_path))

    def ask(number: int) -> None:
        said.append(("asks", number))
        commit.sync()
        said.append(("served", number))

    askers = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    askers[0].start()
    disk.wait_until_reached()
    for asker in askers[1:]:
        asker.start()
    while sum(what == "asks" for what, _ in said) < len(askers):
        threading.Event().wait(0.001)
    disk.go_on()
    for asker in askers:
        asker.join(10)

    syncs = [n for what, n in said if what == "begins"]
    assert 2 <= len(syncs) < len(askers)
    for n in range(len(askers)):
        after, before = said.index(("asks", n)), said.index(("served", n))
        assert any(after < said.index(("begins", s)) and said.index(("ends", s)) < before for s in syncs)


def test_a_folder_sync_that_fails_serves_nobody(tmp_path: Path) -> None:
    commit = FolderCommit(PosixDisk(), str(tmp_path / "folder"))
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            commit.sync()
    (tmp_path / "folder").mkdir()
    commit.sync()


# The disk fails.


@pytest.mark.parametrize("room", [0, 10, 20, 200], ids=["nothing fits", "half fits", "no seal", "half a seal"])
async def test_a_full_disk_is_told_at_the_seal_and_nothing_stays(build: Callable[[Disk], House], room: int) -> None:
    house = build(FullDisk(room))
    await house.spool.prepare()
    intake = house.spool.begin()
    intake.write(body(20))
    with pytest.raises(DiskFull):
        await intake.seal(**FACTS)
    with pytest.raises(DiskFull):  # it stays so
        await intake.seal(**FACTS)
    await intake.discard()
    assert house.lying() == {}


async def send_until_refused(intake: DiskIntake) -> None:
    while True:
        intake.write(body(BATCH))
        await intake.drain()


async def test_a_full_disk_is_told_while_bytes_come(build: Callable[[Disk], House]) -> None:
    disk = FullDisk(3 * BATCH)
    house = build(disk)
    await house.spool.prepare()
    intake = house.spool.begin()
    with pytest.raises(DiskFull):
        await send_until_refused(intake)
    assert intake.is_congested  # so that a sender who only looks at this asks again
    intake.write(b"more")  # taken and forgotten: nobody is told twice a packet
    disk.room = 1 << 30
    for ending in (
        intake.drain,
        intake.sync,
        intake.park,
        lambda: intake.prepare(**FACTS),
        lambda: intake.seal(**FACTS),
    ):
        with pytest.raises(DiskFull):  # room alone does not bring back what was lost
            await ending()
    await intake.discard()
    assert house.lying() == {}


async def test_a_folder_that_is_gone_is_temporary(house: House) -> None:
    (house.root / "incoming").rmdir()
    intake = house.spool.begin()
    intake.write(b"bytes")
    with pytest.raises(Transient):
        await intake.seal(**FACTS)
    await intake.discard()


# Ends.


@pytest.mark.parametrize("size", [0, 10, LARGE])
async def test_discarded_bytes_leave_nothing(house: House, size: int) -> None:
    intake = house.spool.begin()
    intake.write(body(size))
    for _ in range(2):
        await intake.discard()
    assert house.lying() == {}
    assert await house.spool.parked() == []


async def test_a_discard_after_the_seal_takes_nothing_back(house: House) -> None:
    intake = house.spool.begin()
    intake.write(b"bytes")
    await intake.seal(**FACTS)
    await intake.discard()
    assert house.lying() == {"ready": [intake.id]}


async def test_no_byte_is_taken_after_the_end(house: House) -> None:
    intake = house.spool.begin()
    await intake.seal(**FACTS)
    with pytest.raises(RuntimeError):
        intake.write(b"late")
    with pytest.raises(RuntimeError):
        intake.truncate(7)
    with pytest.raises(RuntimeError):
        await intake.seal(**FACTS)


async def test_a_sync_of_nothing_makes_nothing(house: House) -> None:
    intake = house.spool.begin()
    await intake.sync()
    await intake.prepare(**FACTS)
    assert house.lying() == {}
    await intake.discard()


@pytest.mark.parametrize("size", [0, 10, LARGE])
async def test_parked_bytes_go_on_where_they_were(house: House, size: int) -> None:
    intake = house.spool.begin()
    intake.write(body(size))
    await intake.park()
    assert await house.spool.parked() == [intake.id]
    again = await house.spool.resume(intake.id)
    assert (again.id, again.size) == (intake.id, size)
    again.write(b" and the rest")
    sealed = await again.seal(**FACTS)
    assert bytes_of(house, sealed) == body(size) + b" and the rest"
    assert sealed.sha256 == hashlib.sha256(body(size) + b" and the rest").hexdigest()
    assert house.lying() == {"ready": [intake.id]}


async def test_resumed_bytes_can_be_discarded(house: House) -> None:
    intake = house.spool.begin()
    intake.write(b"bytes")
    await intake.park()
    await (await house.spool.resume(intake.id)).discard()
    assert house.lying() == {}


async def test_a_seal_that_never_got_its_rename_is_no_part_of_resumed_bytes(house: House) -> None:
    """Killed between the fsync and the rename: the sender goes on behind their own last byte."""
    intake = house.spool.begin()
    intake.write(b"bytes")
    await intake.seal(**FACTS)
    os.rename(house.spool.path(intake.id), house.root / "incoming" / intake.id)
    again = await house.spool.resume(intake.id)
    assert again.size == 5
    assert bytes_of(house, await again.seal(**FACTS)) == b"bytes"


async def test_bytes_under_way_are_nobody_elses(house: House) -> None:
    intake = house.spool.begin()
    intake.write(body(LARGE))
    await intake.sync()
    with pytest.raises(Transient):
        await house.spool.resume(intake.id)
    with pytest.raises(Transient):
        await house.spool.drop_parked(intake.id)
    await intake.park()
    await house.spool.drop_parked(intake.id)
    await house.spool.drop_parked(intake.id)
    with pytest.raises(NotThere):
        await house.spool.resume(intake.id)
    assert house.lying() == {}


# Entries.


async def sealed_with_parts(house: House) -> str:
    intake = house.spool.begin()
    intake.write(b"a message")
    await intake.seal(**FACTS)
    lay_parts(house.spool, intake.id)
    return intake.id


def lay_parts(spool: DiskSpool, id: str) -> None:
    """Lay two decoded parts of a message."""
    for number in (1, 2):
        part = Path(f"{spool.parts(id)}{number}")
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(b"decoded")


async def test_what_is_forgotten_is_gone_with_its_parts(house: House) -> None:
    kept, forgotten = await sealed_with_parts(house), await sealed_with_parts(house)
    for _ in range(2):
        await house.spool.forget(forgotten)
    assert house.lying() == {"parts": [kept], "ready": [kept]}


async def test_what_is_set_aside_lies_beside_its_reason(house: House) -> None:
    id = await sealed_with_parts(house)
    for _ in range(2):
        await house.spool.set_aside(id, "Why it can't be worked on: «é»\udcff")
    assert house.lying() == {"failed": [id, f"{id}.why.txt"]}
    assert await house.spool.failed() == [id]
    assert "Why it can't be worked on: «é»" in (house.root / "failed" / f"{id}.why.txt").read_text("utf-8")
    assert (house.root / "failed" / id).read_bytes().startswith(b"a message")


async def test_parts_without_a_message_are_cleared_at_the_start(house: House) -> None:
    kept, orphaned = await sealed_with_parts(house), await sealed_with_parts(house)
    os.unlink(house.spool.path(orphaned))
    await house.spool.prepare()
    assert house.lying() == {"parts": [kept], "ready": [kept]}


async def test_parts_of_a_message_whose_id_begins_another_ones_stay(house: House) -> None:
    for id in ("01kah-e", "01kah-e-1e"):
        lay_parts(house.spool, id)
    await house.spool.forget("01kah-e")
    assert house.lying() == {"parts": ["01kah-e-1e"]}


async def test_folders_of_parts_that_an_earlier_gateway_left_are_removed(house: House) -> None:
    kept = await sealed_with_parts(house)
    folder = house.root / "parts" / kept
    folder.mkdir()
    (folder / "1").write_bytes(b"decoded")
    await house.spool.prepare()
    assert not folder.exists()
    assert house.lying() == {"parts": [kept], "ready": [kept]}


async def test_an_entry_that_is_damaged_is_for_a_person(house: House) -> None:
    id = await sealed_with_parts(house)
    os.truncate(house.spool.path(id), 5)
    with pytest.raises(Permanent):
        await house.spool.envelope(id)
    with pytest.raises(NotThere):
        await house.spool.envelope("01kah8zv6e9999999999999999")


@pytest.mark.parametrize("id", ["", "..", "../ready/x", "a/b", "A", "a\0", "x" * 65, "-a", "é"])
async def test_an_id_is_never_a_path(house: House, id: str) -> None:
    with pytest.raises(Permanent):
        house.spool.path(id)
    with pytest.raises(Permanent):
        house.spool.parts(id)
    for doing in (house.spool.resume, house.spool.drop_parked, house.spool.forget, house.spool.envelope):
        with pytest.raises(Permanent):
            await doing(id)


async def test_free_space_is_told(build: Callable[[Disk], House]) -> None:
    house = build(FullDisk(1234))
    await house.spool.prepare()
    assert await house.spool.free_bytes() == 1234
