"""Messages are taken apart before anybody asks for it, each by one at a time, and as far as memory allows.

(SPEC 4; docs/decisions/0019-messages-are-taken-apart-behind-a-wall.md)
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.beside import IS_POSSIBLE
from gateway.core.model import Channel
from gateway.inbound.smtp import unpacker
from gateway.inbound.smtp.unpacker import AHEAD, UNDER_WAY
from gateway.store.threads import DiskThreads
from tests.inbound.smtp.beside import PARTS, House, house_in
from tests.scenarios.daemons import CLOCK, until

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="the dismantler needs Linux")


@pytest.fixture
async def house(tmp_path: Path, threads: DiskThreads) -> AsyncIterator[House]:
    async with house_in(tmp_path, threads) as house:
        yield house


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
    assert house.parts_of(envelope) == []
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
    assert house.parts_of(envelopes[-1]) == []


async def test_what_was_begun_is_there_when_it_is_asked_for(house: House) -> None:
    [number] = await house.start()
    envelopes = [await house.spooled() for _ in range(3 * UNDER_WAY)]
    for envelope in envelopes:
        house.unpacker.begin(envelope)
    lasts = [Path(f"{house.spool.parts(envelope.id)}7") for envelope in envelopes]
    await until(lambda: all(last.exists() for last in lasts) and not house.has_orders(), "all done")
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
    begun = sum(Path(f"{house.spool.parts(envelope.id)}7").exists() for envelope in envelopes)
    assert begun == UNDER_WAY + 19 // PARTS
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
