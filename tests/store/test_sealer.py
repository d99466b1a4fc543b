"""The sealer: what its process answered for is our word, whatever becomes of it; what it did not, nobody was promised.

(SPEC 11; docs/decisions/0018-a-process-that-seals.md)
"""

import asyncio
import errno
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.core.submission import Envelope
from gateway.errors import DiskFull, NotThere, Transient
from gateway.store import sealer
from gateway.store.disk import PosixDisk
from gateway.store.intake import BATCH, DiskIntake
from gateway.store.sealer import Sealer, _outcome
from gateway.store.sealerprocess import ANSWER, AT_ONCE, FAULT, LONGEST, ORDER, SLAB, SLABS, Place, Workbench
from gateway.store.spool import DiskSpool
from tests.fakes import ManualClock
from tests.scenarios.daemons import CLOCK, until
from tests.store.test_foreseen import CountingThreads
from tests.store.test_spool import FACTS

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the sealer needs Linux")
SEED = 20_261_122


@dataclass
class House:
    """A spool, and the sealer beside it."""

    root: Path
    threads: CountingThreads
    wakes: list[int]

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.sealer = Sealer(
            root=str(self.root), threads=self.threads, clock=self.clock, ended=lambda: self.wakes.append(1)
        )
        self.spool = DiskSpool(
            root=str(self.root),
            disk=PosixDisk(),
            threads=self.threads,
            clock=self.clock,
            elsewhere=self.sealer.seal,
        )

    async def start(self) -> int:
        """Start the process; return its number when it is at work."""
        before = self.processes()
        await self.sealer.pass_once()
        await until(lambda: self.sealer.is_at_work, "the sealer works")
        [number] = self.processes() - before
        return number

    def processes(self) -> set[int]:
        """Return the sealers of this spool."""
        return {n for n in map(int, filter(str.isdigit, os.listdir("/proc"))) if str(self.root) in command_of(n)}

    def holding(self, data: bytes) -> DiskIntake:
        intake = self.spool.begin()
        intake.write(data)
        self.threads.jobs = 0
        return intake

    async def asking(self, number: int, data: bytes) -> tuple[DiskIntake, asyncio.Task[Envelope]]:
        """Stop the process, and ask it to seal these."""
        os.kill(number, signal.SIGSTOP)
        intake = self.holding(data)
        sealing = asyncio.create_task(intake.seal(**FACTS))
        await CLOCK.sleep(0)
        return intake, sealing

    async def seal(self, data: bytes, *, by_us: bool = False) -> None:
        """Seal these, and look who did it, and that it is done."""
        sealed = await self.holding(data).seal(**FACTS)
        assert (self.threads.jobs > 0) == by_us
        await self.check(sealed, data)

    async def check(self, sealed: Envelope, data: bytes) -> None:
        """Look that it is our word, whole and with its facts."""
        assert (sealed.size, sealed.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert await self.spool.envelope(sealed.id) == sealed
        assert Path(self.spool.path(sealed.id)).read_bytes()[: sealed.size] == data
        assert not (self.root / "incoming" / sealed.id).exists()


def command_of(process: int) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return ""
    return " ".join(words) if "gateway.store.sealerprocess" in words else ""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "spool", CountingThreads(), [])
    await house.spool.prepare()
    yield house
    await house.sealer.close()
    assert house.processes() == set()
    house.threads.close()


# What it seals.


@pytest.mark.parametrize("size", [1, 137_000, BATCH - 1])
async def test_what_it_seals_is_as_if_we_had(house: House, size: int) -> None:
    await house.start()
    data = random.Random(SEED).randbytes(size)
    intake = house.holding(data)
    sealed = await intake.seal(**FACTS, peer="192.0.2.7:50022", recipients=["files@gateway.test"], sender="é@b.example")
    assert house.threads.jobs == 0  # it was sealed there
    await house.check(sealed, data)
    assert sealed.recipients == ("files@gateway.test",)


async def test_whose_digest_nobody_asks_for_has_none(house: House) -> None:
    """Beside one that has: what one order wants is no other's."""
    await house.start()
    plain, digested = house.spool.begin(digested=False), house.holding(b"with a digest")
    plain.write(b"a message")
    sealed, other = await asyncio.gather(plain.seal(**FACTS), digested.seal(**FACTS))
    assert house.threads.jobs == 0
    assert sealed.sha256 == ""
    assert await house.spool.envelope(sealed.id) == sealed
    assert Path(house.spool.path(sealed.id)).read_bytes()[: sealed.size] == b"a message"
    await house.check(other, b"with a digest")


async def test_a_burst_larger_than_it_takes_is_sealed_between_us(house: House) -> None:
    await house.start()
    datas = [random.Random(n).randbytes(2_000 + n) for n in range(3 * SLABS)]
    sealed = await asyncio.gather(*(house.holding(data).seal(**FACTS) for data in datas))
    assert len({envelope.id for envelope in sealed}) == len(datas)
    for envelope, data in zip(sealed, datas, strict=True):
        await house.check(envelope, data)
    await house.seal(b"and after the burst")


async def test_what_the_socket_does_not_hold_is_sealed_by_us(house: House) -> None:
    number = await house.start()
    os.kill(number, signal.SIGSTOP)
    facts = {**FACTS, "recipients": ["files@gateway.test"] * (LONGEST // 25)}
    intakes = [house.holding(b"%d" % n) for n in range(SLABS + 10)]
    sealing = [asyncio.create_task(intake.seal(**facts)) for intake in intakes]
    await until(lambda: sum(task.done() for task in sealing) >= SLABS, "most are sealed by us")
    os.kill(number, signal.SIGCONT)
    for n, envelope in enumerate(await asyncio.gather(*sealing)):
        await house.check(envelope, b"%d" % n)
    intakes = [house.holding(b"%d" % n) for n in range(SLABS // 2)]
    await asyncio.gather(*(intake.seal(**FACTS) for intake in intakes))
    assert house.threads.jobs == 0  # what the socket did not hold has left no slab taken


async def test_without_it_and_with_what_it_does_not_take_we_seal(house: House) -> None:
    facts = {**FACTS, "recipients": ["files@gateway.test"] * (LONGEST // 20)}
    await house.seal(b"before there is one", by_us=True)
    await house.start()
    endless = await house.holding(b"facts without end").seal(**facts)
    assert house.threads.jobs > 0
    await house.check(endless, b"facts without end")
    cut = house.holding(b"here and there")
    cut.truncate(4)
    shorter = await cut.seal(**FACTS)
    assert house.threads.jobs > 0
    await house.check(shorter, b"here")
    await house.seal(b"l" * (2 * BATCH), by_us=True)
    begun = house.holding(b"on the disk already")
    await begun.sync()
    begun.write(b"O", 0)
    await house.check(await begun.seal(**FACTS), b"On the disk already")
    draft = await house.holding(b"some").seal(**FACTS)
    assert house.sealer.seal(memoryview(bytes(SLAB + 1)), draft, digested=True) is None


async def test_what_it_was_told_it_may_not_forget_when_the_asker_leaves(house: House) -> None:
    number = await house.start()
    intake, sealing = await house.asking(number, b"on its way")
    sealing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sealing
    os.kill(number, signal.SIGCONT)
    await intake.discard()  # waits for its end, and then is too late
    assert (await house.spool.envelope(intake.id)).size == len(b"on its way")


# What goes wrong.


async def test_what_the_disk_says_there_is_heard_here(house: House) -> None:
    await house.start()
    (house.root / "ready").rmdir()
    intake = house.holding(b"nowhere to go")
    with pytest.raises(Transient, match="No such file"):
        await intake.seal(**FACTS)
    assert os.listdir(house.root / "incoming") == [intake.id]
    await intake.discard()
    assert os.listdir(house.root / "incoming") == []


async def test_killed_with_an_order_in_its_hands(house: House) -> None:
    number = await house.start()
    intake, sealing = await house.asking(number, b"not promised")
    os.kill(number, signal.SIGKILL)
    with pytest.raises(Transient, match="Please send it again"):
        await sealing
    await intake.discard()
    with pytest.raises(NotThere):
        await house.spool.envelope(intake.id)
    assert [os.listdir(house.root / folder) for folder in ("incoming", "ready")] == [[], []]
    assert house.wakes == [1]
    await house.seal(b"meanwhile", by_us=True)
    with pytest.raises(Transient, match="ended"):  # said once, and then there is another one
        await house.sealer.pass_once()
    assert await house.start() != number
    await house.seal(b"and after")


async def test_one_that_stands_still_is_ended(house: House) -> None:
    number = await house.start()
    os.kill(number, signal.SIGSTOP)
    sealing = asyncio.create_task(house.holding(b"waits too long").seal(**FACTS))
    await CLOCK.sleep(0)
    house.clock.advance(29)
    await house.sealer.pass_once()
    house.clock.advance(1)
    with pytest.raises(Transient, match="no answer for 30 seconds"):
        await house.sealer.pass_once()
    draft = house.spool.begin()._draft(FACTS)
    assert house.sealer.seal(memoryview(b"one more"), draft, digested=True) is None  # it gets no other order
    with pytest.raises(Transient, match="Please send it again"):
        await sealing
    with pytest.raises(Transient, match="ended"):
        await house.sealer.pass_once()
    assert await house.start() != number
    house.clock.advance(days=1)
    await house.sealer.pass_once()  # one that is asked nothing does not stand still
    await house.seal(b"goes on")


async def test_one_that_can_not_begin_is_said_and_not_tried_again_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    await house.sealer.pass_once()
    await until(lambda: bool(house.wakes), "its end is known")
    assert await house.sealer.pass_once() == 0  # no Transient: its worker would come back in a second
    assert "could not begin" in "".join(capfd.readouterr())
    await house.seal(b"by ourselves", by_us=True)
    monkeypatch.undo()
    await house.start()


async def test_one_of_another_version_is_asked_for_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code was replaced beneath a gateway that runs on: it understands other orders."""
    monkeypatch.setattr(sealer, "HELLO", b"at work, as of old")
    await house.start()
    await house.seal(b"by ourselves", by_us=True)


async def test_what_the_host_does_not_allow_is_said_with_its_reason(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(_name: str) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "memfd_create", refuse)
    assert await house.sealer.pass_once() == 0
    said = "".join(capfd.readouterr())
    assert "could not begin" in said
    assert "Too many files are open" in said
    await house.seal(b"by ourselves", by_us=True)


async def test_killed_at_any_moment_it_loses_nothing_that_was_promised(house: House) -> None:
    chance, promised = random.Random(SEED), {}

    async def send(data: bytes) -> None:
        intake = house.holding(data)
        try:
            promised[(await intake.seal(**FACTS)).id] = data
        except Transient:
            await intake.discard()

    for _ in range(12):
        number = await house.start()
        sending = [asyncio.create_task(send(chance.randbytes(chance.choice((10, 100_000))))) for _ in range(40)]
        enough = len(promised) + chance.randrange(5, 15)
        await until(lambda enough=enough: len(promised) >= enough, "it is in the middle of them")
        os.kill(number, signal.SIGKILL)
        await asyncio.gather(*sending)
        await until(lambda: not house.sealer.is_at_work, "the end is known")
        with pytest.raises(Transient):
            await house.sealer.pass_once()
    ready = await house.spool.ready()
    assert len(promised) >= 40
    assert set(promised) <= set(ready)
    for id in ready:  # one whose answer died with it is whole too
        envelope = await house.spool.envelope(id)
        data = Path(house.spool.path(id)).read_bytes()[: envelope.size]
        assert hashlib.sha256(data).hexdigest() == envelope.sha256
        assert data == promised.get(id, data)
    assert os.listdir(house.root / "incoming") == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_there_is_a_full_disk_here(number: int) -> None:
    assert isinstance(_outcome(None, number, digest="").fault, DiskFull)


async def test_what_lies_where_we_were_started_is_no_code_of_its(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house.root)
    (house.root / "struct.py").write_text("raise SystemExit")
    number = await house.start()
    await house.seal(b"with our own code")
    assert house.processes() == {number}


async def test_signals_that_end_the_gateway_are_not_for_it(house: House) -> None:
    number = await house.start()
    for word in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(number, word)
    assert os.getpgid(number) == number  # what is sent to the gateway's whole group does not reach it
    await house.seal(b"still there")


GATEWAY = """
import asyncio, os, signal, sys
from gateway.clock import SystemClock
from gateway.store.sealer import Sealer
from gateway.store.threads import DiskThreads
async def main():
    sealer = Sealer(root=sys.argv[1], threads=DiskThreads(), clock=SystemClock(), ended=lambda: None)
    await sealer.pass_once()
    while not sealer.is_at_work:
        await asyncio.sleep(0.01)
    print("at work", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


async def test_it_does_not_outlive_a_gateway_that_was_killed(house: House) -> None:
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", GATEWAY, str(house.root)], capture_output=True, timeout=60
    )
    assert killed.stdout == b"at work\n", killed.stderr.decode()
    await until(lambda: not house.processes(), "the sealer is gone")


async def test_a_fault_of_ours_in_there_is_one_here(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    await house.start()
    draft = await house.holding(b"some").seal(**FACTS)
    flight = house.sealer.seal(memoryview(b"some"), replace(draft, id="no\0name"), digested=True)
    assert flight is not None
    with pytest.raises(RuntimeError, match="a fault of ours"):
        await flight
    assert "null byte" in capfd.readouterr().err
    await house.seal(b"goes on, and asks no more of it", by_us=True)


def worked_off(bench: Workbench, orders: list[bytes]) -> list[bytes]:
    """Return what is answered to orders that all wait already."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        for order in orders:
            ours.send(order)
        ours.shutdown(socket.SHUT_WR)
        bench.work(theirs)
        theirs.shutdown(socket.SHUT_WR)
        return list(iter(lambda: ours.recv(LONGEST), b""))


def bench_in(folder: Path) -> Workbench:
    place = Place(str(folder / "incoming"), str(folder / "ready"))
    for each in (place.incoming, place.ready):
        os.mkdir(each)
    return Workbench(memory=memoryview(bytearray(2 * SLAB)), place=place, disk=PosixDisk())


def test_what_waits_is_sealed_together_up_to_a_number(tmp_path: Path) -> None:
    orders = [ORDER.pack(n % 2, n, 2, True) + b"%02d{}" % n for n in range(AT_ONCE + 3)]
    answers = worked_off(bench_in(tmp_path), orders)
    assert [len(answer) // ANSWER.size for answer in answers] == [AT_ONCE, 3]
    assert [(slab, trouble) for a in answers for slab, trouble, _ in ANSWER.iter_unpack(a)] == [
        (n % 2, 0) for n in range(AT_ONCE + 3)
    ]
    assert sorted(os.listdir(tmp_path / "ready")) == [f"{n:02d}" for n in range(AT_ONCE + 3)]


def test_a_fault_of_ours_is_answered_as_one(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    answers = worked_off(bench, [ORDER.pack(0, 1, 2, True) + b"\0x{}", ORDER.pack(1, 1, 2, True) + b"ok{}"])
    assert [row[:2] for row in ANSWER.iter_unpack(answers[0])] == [(0, FAULT), (1, 0)]
    assert "null byte" in capfd.readouterr().err
