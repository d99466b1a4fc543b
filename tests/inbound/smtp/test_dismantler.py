"""The dismantler: whatever becomes of its processes, every message is taken apart once, and nobody waits for ever.

(SPEC 4; docs/decisions/0019-messages-are-taken-apart-behind-a-wall.md)
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.beside import IS_POSSIBLE
from gateway.core.contents import Unpacked
from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import Permanent, Transient
from gateway.inbound.smtp import dismantlerprocess, unpacker
from gateway.inbound.smtp.dismantle import Spooled, dismantle
from gateway.inbound.smtp.dismantler import AT_HAND, COUNT, Dismantler
from gateway.inbound.smtp.dismantlerprocess import Answer, carry_out, order_of
from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.unpacker import AHEAD, UNDER_WAY, MessageUnpacker
from gateway.store.disk import PosixDisk
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from tests.fakes import ManualClock
from tests.inbound.smtp.letters import PDF, PLAIN, attachment, multipart, part
from tests.inbound.smtp.test_unpacker import LETTER, WHOLE, lying
from tests.scenarios.daemons import CLOCK, until

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="the dismantler needs Linux")
LIMITS, PARTS = MessageLimits(), 7  # of the letter


@dataclass
class House:
    """A spool, the dismantler, and the unpacker that asks it."""

    root: Path
    threads: DiskThreads
    wakes: int = 0

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.dismantler = Dismantler(threads=self.threads, clock=self.clock, wake=self.woken)
        self.spool = DiskSpool(root=str(self.root / "spool"), disk=PosixDisk(), threads=self.threads, clock=self.clock)
        self.unpacker = self.another_unpacker()

    def another_unpacker(self) -> MessageUnpacker:
        return MessageUnpacker(
            spool=self.spool,
            disk=PosixDisk(),
            threads=self.threads,
            limits=LIMITS,
            elsewhere=self.dismantler.take_apart,
        )

    def woken(self) -> None:
        self.wakes += 1

    async def spooled(self, raw: bytes = LETTER) -> Envelope:
        intake = self.spool.begin()
        intake.write(raw)
        return await intake.seal(channel=Channel.EMAIL, username="h.ashdown", verified_by="dmarc leys.example")

    async def start(self) -> list[int]:
        """Have a process at work; return its number in a list. What was sent for that is taken apart."""
        await self.dismantler.pass_once()
        asked = await self.asked(await self.spooled())
        await self.dismantler.pass_once()
        await asked
        return self.processes()

    async def start_all(self) -> None:
        """Have as many processes at work as there may be: each has what it can take, and there is more."""
        await self.dismantler.pass_once()
        endless = [self.fifo() for _ in range(AT_HAND * (COUNT - 1))]
        flights = [self.dismantler.take_apart(one, LIMITS) for one in endless]
        asked = await self.asked(await self.spooled())
        for n in range(1, COUNT + 1):
            await self.dismantler.pass_once()
            await until(lambda n=n: self.at_hand() >= min(AT_HAND * n, len(endless)), "it has begun")
        await asked
        for one in endless:
            await asyncio.to_thread(Path(one.path).write_bytes, b"")
        await asyncio.gather(*filter(None, flights))

    def ask(self, envelope: Envelope) -> asyncio.Future[Unpacked]:
        return asyncio.ensure_future(self.unpacker.unpack(envelope))

    async def asked(self, envelope: Envelope) -> asyncio.Future[Unpacked]:
        """Ask, and see to it that the order is with a process, if one can take it."""
        asked = self.ask(envelope)
        await CLOCK.sleep(0)
        return asked

    def fifo(self, size: int = 1) -> Spooled:
        """Return a message that never comes to its end."""
        path = self.root / f"endless{len(list(self.root.iterdir()))}"
        os.mkfifo(path)
        return Spooled(str(path), size, str(self.root / "spool" / "parts" / path.name))

    def endless(self, size: int = 1) -> asyncio.Future[Unpacked | None]:
        """Have a message taken apart that never comes to its end."""
        flight = self.dismantler.take_apart(self.fifo(size), LIMITS)
        assert flight is not None
        return flight

    async def killed(self) -> None:
        """Kill the one process, and let it be buried."""
        [number] = self.processes()
        os.kill(number, signal.SIGKILL)
        await until(lambda: not self.processes(), "it is gone")
        with pytest.raises(Transient, match="A process that takes messages apart ended"):
            await self.dismantler.pass_once()

    def at_hand(self) -> int:
        """Return how many orders are with processes."""
        return sum(len(line.orders) for line in self.dismantler._lines)

    def has_orders(self) -> int:
        """Return how many orders are under way or wait."""
        return len(self.dismantler._queue) + self.at_hand()

    def processes(self) -> list[int]:
        """Return the processes that are ours, oldest first."""
        return [line._beside.child.pid for line in self.dismantler._lines if not line.is_over]

    async def by_ourselves(self, raw: bytes) -> Unpacked:
        """Return what our own threads find."""
        envelope = await self.spooled(raw)
        found = await self.threads.run(dismantle, self.spooled_as(envelope), PosixDisk(), LIMITS)
        await self.spool.forget(envelope.id)
        return found

    def spooled_as(self, envelope: Envelope) -> Spooled:
        return Spooled(self.spool.path(envelope.id), envelope.size, self.spool.parts_folder(envelope.id))


@pytest.fixture
async def house(tmp_path: Path, threads: DiskThreads) -> AsyncIterator[House]:
    house = House(tmp_path, threads)
    await house.spool.prepare()
    yield house
    numbers = house.processes()
    await house.dismantler.close()
    assert not any(Path(f"/proc/{number}").exists() for number in numbers)


def without_paths(found: Unpacked) -> Unpacked:
    return replace(found, parts=tuple(replace(part, path=Path(part.path).name) for part in found.parts))


def many_parts(count: int, name: str) -> bytes:
    return multipart(*(attachment(PDF, f"{name}{n}.pdf") for n in range(count)))


# What it finds.


@pytest.mark.parametrize(
    "raw",
    [
        LETTER,
        many_parts(300, "8301102_SEN" + "ŵ" * 1_500),  # an answer of 2 MB
        multipart(part(b"lone \xed\xa0\x80", PLAIN), attachment(PDF, b"8301102_\xed\xa0\x80.pdf")),
        b"",
        b"\xff\x00" * 50,
    ],
    ids=["letter", "long answer", "surrogates", "empty", "rubbish"],
)
async def test_it_finds_what_our_threads_find(house: House, raw: bytes) -> None:
    await house.start()
    expected = await house.by_ourselves(raw)
    envelope = await house.spooled(raw)
    found = await house.unpacker.unpack(envelope)
    assert without_paths(found) == without_paths(expected)
    for each in found.parts:
        assert not each.path or Path(each.path).stat().st_size == each.size


async def test_parts_lie_beside_the_message(house: House) -> None:
    await house.start()
    for path in (house.root / "spool" / "ready").iterdir():
        await house.spool.forget(path.name)
    await house.unpacker.unpack(await house.spooled())
    assert lying(house.root) == WHOLE


async def test_limits_are_those_of_the_asker(house: House) -> None:
    await house.start()
    house.unpacker.limits = replace(LIMITS, parts=3)
    found = await house.unpacker.unpack(await house.spooled(many_parts(9, "x")))
    assert (len(found.parts), found.faults) == (3, ("too-many-parts",))


async def test_a_burst_is_shared_and_each_asker_has_his_own(house: House) -> None:
    await house.start_all()
    envelopes = [await house.spooled(multipart(attachment(b"%d" % n, f"{n}.txt"))) for n in range(60)]
    found = await asyncio.gather(*map(house.unpacker.unpack, envelopes))
    assert [one.parts[0].name for one in found] == [f"{n}.txt" for n in range(60)]
    assert len(house.processes()) == COUNT


# Before it begins, and when it can't.


async def test_commands_have_none_and_do_it_themselves(house: House) -> None:
    found = await house.unpacker.unpack(await house.spooled())
    assert (len(found.parts), house.processes(), house.wakes) == (PARTS, [], 0)


async def test_it_begins_with_the_first_message(house: House) -> None:
    await house.dismantler.pass_once()
    assert house.processes() == []
    asked = await house.asked(await house.spooled())
    assert (house.wakes, asked.done()) == (1, False)
    await house.dismantler.pass_once()
    await asked
    assert len(house.processes()) == 1


@pytest.mark.parametrize("executable", ["/bin/false", "/nowhere"])
async def test_where_it_can_not_begin_our_threads_do_it(
    house: House, executable: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    await house.dismantler.pass_once()
    asked = await house.asked(await house.spooled())
    await house.dismantler.pass_once()
    await until(lambda: not house.processes(), "it has ended")
    await house.dismantler.pass_once()
    assert len((await asked).parts) == PARTS
    said = capfd.readouterr()
    assert "could not begin" in said.out + said.err
    monkeypatch.undo()
    assert len(await house.start()) == 1  # it is tried again


async def test_one_that_stands_still_before_it_has_begun_keeps_nobody_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\nexec sleep 1000\n")
    (tmp_path / "python").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    await house.dismantler.pass_once()
    asked = await house.asked(await house.spooled())
    await house.dismantler.pass_once()
    [number] = house.processes()
    house.clock.advance(31)
    await house.dismantler.pass_once()
    await until(lambda: number not in house.processes(), "it is gone")
    await house.dismantler.pass_once()
    assert len((await asked).parts) == PARTS


# When a process ends.


async def test_what_a_killed_process_had_is_done_by_another(house: House) -> None:
    [number] = await house.start()
    os.kill(number, signal.SIGSTOP)
    asked = [await house.asked(await house.spooled()) for _ in range(AT_HAND + 1)]
    await house.killed()
    await house.dismantler.pass_once()
    assert [len(found.parts) for found in await asyncio.gather(*asked)] == [PARTS] * (AT_HAND + 1)
    assert len(house.processes()) == 1


async def test_a_message_at_which_two_ended_is_for_a_person_and_the_next_one_goes_on(house: House) -> None:
    await house.start()
    poison, other = house.endless(), await house.asked(await house.spooled())
    await house.killed()
    await house.dismantler.pass_once()
    await until(lambda: house.at_hand() == AT_HAND, "another one has what the first one had")
    assert not poison.done()
    assert not other.done()
    await house.killed()
    with pytest.raises(Permanent, match="Two processes ended"):
        await poison
    await house.dismantler.pass_once()
    assert len((await other).parts) == PARTS


async def test_one_that_stands_still_is_ended_and_its_message_is_tried_later(house: House) -> None:
    await house.start()
    stuck, other = house.endless(), await house.asked(await house.spooled())
    house.clock.advance(30)
    await house.dismantler.pass_once()
    assert len(house.processes()) == 1
    house.clock.advance(1)
    await house.dismantler.pass_once()
    await until(lambda: not house.processes(), "it is gone")
    with pytest.raises(Transient, match="gave no answer"):
        await stuck
    with pytest.raises(Transient, match="gave no answer for 30 seconds, and was ended"):
        await house.dismantler.pass_once()
    await house.dismantler.pass_once()
    assert len((await other).parts) == PARTS
    for _ in range(3):  # a disk that hangs is no fault of the message's
        again = house.endless()
        house.clock.advance(31)
        await house.dismantler.pass_once()
        await until(lambda: not house.processes(), "it is gone")
        with pytest.raises(Transient):
            await again
        with pytest.raises(Transient):
            await house.dismantler.pass_once()
        await house.start()


async def test_a_large_message_is_given_more_time(house: House) -> None:
    await house.start()
    house.endless(size=1_000_000_000)
    house.clock.advance(500)
    await house.dismantler.pass_once()
    assert len(house.processes()) == 1
    house.clock.advance(31)
    await house.dismantler.pass_once()
    await until(lambda: not house.processes(), "it is gone")


async def test_who_had_nothing_to_do_gives_its_memory_back(house: House) -> None:
    await house.start()
    house.clock.advance(600)
    await house.dismantler.pass_once()
    assert len(house.processes()) == 1
    house.clock.advance(1)
    await house.dismantler.pass_once()
    await until(lambda: not house.processes(), "it is gone")
    await house.dismantler.pass_once()  # nobody need hear of it
    assert len(await house.start()) == 1


async def test_the_end_of_the_house_waits_for_nothing(house: House) -> None:
    [number] = await house.start()
    flights = [house.endless() for _ in range(AT_HAND + 2)]
    await house.dismantler.close()
    await house.dismantler.close()
    assert not Path(f"/proc/{number}").exists()
    assert all(flight.cancelled() for flight in flights)
    assert house.dismantler.take_apart(house.fifo(), LIMITS) is None


# The wall.

WALL = """
import sys
from gateway.inbound.smtp import dismantlerprocess
from gateway.inbound.smtp.dismantle import Spooled
from gateway.inbound.smtp.limits import MessageLimits
def endless(*args):
    while True:
        pass
dismantlerprocess.dismantle = endless
dismantlerprocess.SLACK = 0
dismantlerprocess.carry_out(dismantlerprocess.order_of(Spooled("", 0, ""), MessageLimits(cpu_seconds=0.1)), None)
"""


def test_a_message_that_takes_more_than_any_limit_ends_its_process() -> None:
    ended = subprocess.run([sys.executable, "-c", WALL], timeout=120, check=False)
    assert ended.returncode == -signal.SIGXCPU


async def test_it_keeps_the_memory_that_it_has(house: House) -> None:
    [number] = await house.start()
    envelopes = [await house.spooled() for _ in range(40)]

    async def faults() -> int:
        for envelope in envelopes:
            await house.unpacker.unpack(envelope)
        return int(Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2].split()[7])

    await faults()
    before = await faults()
    assert await faults() - before < 10 * len(envelopes)  # page faults; some 200 a message where each slice is anew


async def test_it_lets_the_doors_go_first_and_leaves_no_picture_of_what_it_read(house: House) -> None:
    [number] = await house.start()
    limits = Path(f"/proc/{number}/limits").read_text()
    assert os.getpriority(os.PRIO_PROCESS, number) > os.getpriority(os.PRIO_PROCESS, 0)
    assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]
    assert "unlimited" not in next(line for line in limits.splitlines() if "cpu time" in line).split()[3]


# What it can't do.


async def test_trouble_of_the_disk_is_met_where_it_is_told(house: House) -> None:
    await house.start()
    envelope = await house.spooled()
    (house.root / "spool" / "parts").rename(house.root / "spool" / "away")
    with pytest.raises(Transient, match="No such file"):
        await house.unpacker.unpack(envelope)
    (house.root / "spool" / "away").rename(house.root / "spool" / "parts")
    assert len((await house.unpacker.unpack(envelope)).parts) == PARTS


def test_what_it_can_not_do_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dismantlerprocess, "_bound_processor", float)  # the wall would be around these tests
    for order in (b"", b"{}", b"[1, 2]", order_of(Spooled("/nowhere", 1, "/nowhere"), LIMITS)):
        with pytest.raises(ValueError, match="did not do it"):
            Answer().take(carry_out(order, PosixDisk()))


async def test_an_answer_of_another_version_is_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.start()

    def take(_self: Answer, _line: bytes) -> None:
        raise TypeError("unexpected keyword argument")

    monkeypatch.setattr(Answer, "take", take)
    assert len((await house.unpacker.unpack(await house.spooled(b"Subject: one line\r\n\r\ntext"))).parts) == 1


# One at a time, and ahead.


async def test_who_asks_again_waits_for_the_same_answer(house: House) -> None:
    [number] = await house.start()
    os.kill(number, signal.SIGSTOP)
    envelope = await house.spooled()
    first = await house.asked(envelope)
    first.cancel()
    second = await house.asked(envelope)
    assert house.has_orders() == 1  # two at once would write each other's parts
    os.kill(number, signal.SIGCONT)
    assert len((await second).parts) == PARTS
    assert len((await house.unpacker.unpack(envelope)).parts) == PARTS  # once taken, it is done anew
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_who_leaves_a_message_leaves_nobody_who_writes_its_parts(house: House) -> None:
    [number] = await house.start()
    os.kill(number, signal.SIGSTOP)
    envelope = await house.spooled()
    house.unpacker.begin(envelope)
    leaving = asyncio.ensure_future(house.unpacker.leave(envelope.id))
    await CLOCK.sleep(0.05)
    assert not leaving.done()
    os.kill(number, signal.SIGCONT)
    await leaving
    await house.spool.forget(envelope.id)
    assert not (house.root / "spool" / "parts" / envelope.id).exists()
    await house.unpacker.leave(envelope.id)


async def test_who_leaves_a_message_that_was_not_begun_has_nobody_begin_it(house: House) -> None:
    [number] = await house.start()
    os.kill(number, signal.SIGSTOP)
    envelopes = [await house.spooled() for _ in range(UNDER_WAY + 1)]
    for envelope in envelopes:
        house.unpacker.begin(envelope)
    await house.unpacker.leave(envelopes[-1].id)
    os.kill(number, signal.SIGCONT)
    await asyncio.gather(*map(house.unpacker.unpack, envelopes[:-1]))
    assert not (house.root / "spool" / "parts" / envelopes[-1].id).exists()


async def test_what_was_begun_is_there_when_it_is_asked_for(house: House) -> None:
    [number] = await house.start()
    envelopes = [await house.spooled() for _ in range(3 * UNDER_WAY)]
    for envelope in envelopes:
        house.unpacker.begin(envelope)
    parts = house.root / "spool" / "parts"
    await until(lambda: all((parts / e.id / "7").exists() for e in envelopes) and not house.has_orders(), "all done")
    os.kill(number, signal.SIGSTOP)  # nobody is asked again
    found = await asyncio.gather(*map(house.unpacker.unpack, envelopes))
    assert {len(one.parts) for one in found} == {PARTS}
    os.kill(number, signal.SIGCONT)


async def test_what_ingest_asks_for_does_not_wait_behind_all_that_was_begun(house: House) -> None:
    [number] = await house.start()
    os.kill(number, signal.SIGSTOP)
    for envelope in [await house.spooled() for _ in range(3 * UNDER_WAY)]:
        house.unpacker.begin(envelope)
    assert house.has_orders() == UNDER_WAY
    os.kill(number, signal.SIGCONT)


async def test_it_goes_ahead_only_as_far_as_memory_allows(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.start()
    monkeypatch.setattr(unpacker, "WAITING_PARTS", 20)
    envelopes = [await house.spooled() for _ in range(2 * UNDER_WAY)]
    for envelope in envelopes:
        house.unpacker.begin(envelope)
    await until(lambda: not house.has_orders(), "it pauses")
    begun = len(list((house.root / "spool" / "parts").glob("*/7"))) - AT_HAND
    assert UNDER_WAY <= begun <= UNDER_WAY + 20 // PARTS + 1
    assert {len((await house.unpacker.unpack(e)).parts) for e in envelopes} == {PARTS}  # and on as they are taken


@pytest.mark.parametrize("facts", [{"channel": Channel.SFTP}, {"username": ""}])
async def test_only_messages_that_ingest_asks_for_are_begun(house: House, facts: dict[str, object]) -> None:
    await house.start()
    house.unpacker.begin(replace(await house.spooled(), **facts))  # type: ignore[arg-type]
    assert not house.has_orders()


async def test_without_processes_nothing_is_kept_for_later(house: House) -> None:
    for _ in range(3):
        house.unpacker.begin(await house.spooled())
    assert not house.unpacker._ahead
    await house.dismantler.pass_once()
    for envelope in [replace(await house.spooled(), id=f"n{n}") for n in range(1)] * (AHEAD + UNDER_WAY + 1):
        house.unpacker.begin(envelope)
    assert len(house.unpacker._ahead) <= AHEAD
