"""The room on the disk, of which all sessions ask (Source: SPEC 4, 11)."""

import asyncio

import pytest

from gateway.errors import Transient
from gateway.inbound.smtp.desk import SmtpLimits
from gateway.inbound.smtp.lobby import Room
from tests.fakes import ManualClock

LIMITS = SmtpLimits(max_message_bytes=1000, keep_free_bytes=500)  # 2,000 are enough, 20,000 are plenty


class SlowSpool:
    """A spool of which only the free space is asked, and which answers when it may."""

    def __init__(self, *answers: int | Transient) -> None:
        self._answers = list(answers)
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def free_bytes(self) -> int:
        self.asked += 1
        answer = self._answers.pop(0)
        await self.may_answer.wait()
        if isinstance(answer, Transient):
            raise answer
        return answer


async def ask_together(room: Room, spool: SlowSpool, *, times: int) -> list[bool | BaseException]:
    asked = [asyncio.ensure_future(room.is_enough(spool, LIMITS)) for _ in range(times)]
    while not spool.asked:
        await asyncio.sleep(0)  # noqa: TID251  # a turn for those who ask
    spool.may_answer.set()
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_who_asks_while_somebody_looks_hears_the_same() -> None:
    spool, room = SlowSpool(2_000), Room(ManualClock())
    assert await ask_together(room, spool, times=20) == [True] * 20
    assert spool.asked == 1


async def test_who_asks_later_has_a_look_of_their_own_where_there_is_no_plenty() -> None:
    spool, room = SlowSpool(2_000, 1_999), Room(ManualClock())
    spool.may_answer.set()
    assert await room.is_enough(spool, LIMITS)
    assert not await room.is_enough(spool, LIMITS)


async def test_plenty_is_remembered_for_a_second() -> None:
    clock = ManualClock()
    spool, room = SlowSpool(20_000, 1_999), Room(clock)
    spool.may_answer.set()
    assert await room.is_enough(spool, LIMITS)
    assert await room.is_enough(spool, LIMITS)
    clock.advance(1.0)
    assert not await room.is_enough(spool, LIMITS)


async def test_trouble_is_told_to_all_who_asked_and_to_nobody_later() -> None:
    spool, room = SlowSpool(Transient("no disk"), 2_000), Room(ManualClock())
    told = await ask_together(room, spool, times=3)
    assert [type(each) for each in told] == [Transient] * 3
    assert await room.is_enough(spool, LIMITS)


async def test_who_leaves_takes_nothing_from_the_others() -> None:
    spool, room = SlowSpool(2_000), Room(ManualClock())
    leaving, staying = (asyncio.ensure_future(room.is_enough(spool, LIMITS)) for _ in range(2))
    while not spool.asked:
        await asyncio.sleep(0)  # noqa: TID251  # a turn for those who ask
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    spool.may_answer.set()
    assert await staying
