"""The dismantler: whatever becomes of its processes, every message is taken apart once, and nobody waits for ever.

(SPEC 4; docs/decisions/0019-messages-are-taken-apart-behind-a-wall.md)
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.beside import IS_POSSIBLE
from gateway.core.contents import Unpacked
from gateway.errors import Permanent, Transient
from gateway.inbound.smtp import dismantlerprocess
from gateway.inbound.smtp.dismantle import Spooled
from gateway.inbound.smtp.dismantler import AT_HAND, COUNT
from gateway.inbound.smtp.dismantlerprocess import Answer, carry_out, order_of
from gateway.store.disk import PosixDisk
from gateway.store.threads import DiskThreads
from tests.inbound.smtp.beside import LIMITS, PARTS, House, house_in
from tests.inbound.smtp.letters import PDF, PLAIN, attachment, multipart, part
from tests.inbound.smtp.test_unpacker import LETTER, WHOLE, lying
from tests.scenarios.daemons import until

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="the dismantler needs Linux")


@pytest.fixture
async def house(tmp_path: Path, threads: DiskThreads) -> AsyncIterator[House]:
    async with house_in(tmp_path, threads) as house:
        yield house


def without_paths(found: Unpacked) -> Unpacked:
    return replace(found, parts=tuple(replace(part, path=Path(part.path).suffix) for part in found.parts))


def many_parts(count: int, name: str) -> bytes:
    return multipart(*(attachment(PDF, f"{name}{n}.pdf") for n in range(count)))


# What it finds.


@pytest.mark.parametrize(
    "raw",
    [
        LETTER,
        many_parts(300, "8301102_SEN" + "ŵ" * 1_500),  # an answer of 2 MB
        multipart(part(b"lone \xed\xa0\x80", PLAIN), attachment(PDF, b"8301102_\xed\xa0\x80.pdf")),
        multipart(part(b"a,b", "Content-Type: text/csv; name=8301102_SENlist.csv"))[: -len(b"\r\n--=_boundary--\r\n")],
        b"",
        b"\xff\x00" * 50,
    ],
    ids=["letter", "long answer", "surrogates", "no end", "empty", "rubbish"],
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
    envelopes = [await house.spooled() for _ in range(AT_HAND + 1)]
    asked = [await house.asked(envelope) for envelope in envelopes]
    await house.killed()
    assert [order.spooled.path[-26:] for order in house.dismantler._queue] == [envelope.id for envelope in envelopes]
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


async def test_it_does_not_outlive_the_gateway_whatever_it_does(house: House) -> None:
    await house.start()
    house.endless()
    [line] = house.dismantler._lines
    line._beside.lifeline.close()  # as it is when the gateway is killed
    assert await asyncio.to_thread(line._beside.child.wait, 20) == -signal.SIGIO
    await until(lambda: not house.processes(), "we know that it is gone")


async def test_signals_that_end_the_gateway_are_not_for_it(house: House) -> None:
    [number] = await house.start()
    for word in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(number, word)
    await house.unpacker.unpack(await house.spooled())
    assert house.processes() == [number]


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


async def test_an_answer_of_another_version_is_none(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    await house.start()

    def take(_self: Answer, _line: bytes) -> None:
        raise TypeError("unexpected keyword argument")

    monkeypatch.setattr(Answer, "take", take)
    assert len((await house.unpacker.unpack(await house.spooled(b"Subject: one line\r\n\r\ntext"))).parts) == 1
    assert "could not take a message apart" in "".join(capfd.readouterr())
