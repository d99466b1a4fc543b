"""The tries of one connection: a wrong one is answered at a time that tells nothing of the work on it (SPEC 9)."""

import asyncio

import pytest

from gateway.inbound.sftp.tries import Tries
from tests.fakes import ManualClock


async def answered_after(clock: ManualClock, *, work: float, wait: float) -> float:
    """Return the seconds after which a wrong try is answered whose work took so long."""
    tries = Tries(clock, most=9, used_up=lambda: None)
    assert await tries.begin()
    began = clock.monotonic()
    clock.advance(work)
    answer = asyncio.create_task(tries.wrong(wait=wait))
    while not answer.done():
        await asyncio.sleep(0)  # noqa: TID251
        if not answer.done() and clock.sleeping:
            clock.advance(0.01)
    return round(clock.monotonic() - began, 2)


@pytest.mark.parametrize(
    ("work", "after"), [(0.0, 0.25), (0.02, 0.25), (0.05, 0.25), (0.2, 0.25), (0.3, 0.5), (0.45, 0.5), (0.6, 0.75)]
)
async def test_the_work_on_a_wrong_try_is_not_seen_in_its_answer(work: float, after: float) -> None:
    assert await answered_after(ManualClock(), work=work, wait=0.25) == after


async def test_without_a_wait_the_answer_comes_at_once() -> None:
    clock = ManualClock()
    tries = Tries(clock, most=9, used_up=lambda: None)
    assert await tries.begin()
    await asyncio.wait_for(tries.wrong(wait=0.0), 30)


async def test_the_next_try_waits_for_the_answer_of_the_one_before_even_if_nobody_heard_it() -> None:
    clock = ManualClock()
    tries = Tries(clock, most=9, used_up=lambda: None)
    await tries.begin()
    answer = asyncio.create_task(tries.wrong(wait=1.0))
    await asyncio.sleep(0)  # noqa: TID251
    answer.cancel()
    following = asyncio.create_task(tries.begin())
    while not clock.sleeping:
        await asyncio.sleep(0)  # noqa: TID251
    clock.advance(0.9)
    await asyncio.sleep(0)  # noqa: TID251
    assert not following.done()
    clock.advance(0.2)
    assert await asyncio.wait_for(following, 30)
