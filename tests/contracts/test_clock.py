"""What every clock keeps: the real one and the one that waits for nobody (the Clock port)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.clock import SystemClock
from gateway.ports import Clock
from tests.fakes import MORNING, ManualClock

CLOCKS: dict[str, Callable[[], Clock]] = {"real": SystemClock, "manual": ManualClock}


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest) -> Clock:
    return CLOCKS[request.param]()


def test_time_is_aware_and_in_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_ids_are_26_lower_case_characters_and_none_comes_twice(clock: Clock) -> None:
    ids = [clock.new_id() for _ in range(100)]
    assert {len(id) for id in ids} == {26}
    assert set("".join(ids)) <= set("0123456789abcdefghjkmnpqrstvwxyz")
    assert len(set(ids)) == 100


async def test_a_sleep_of_nothing_ends(clock: Clock) -> None:
    await clock.sleep(0)
    assert clock.monotonic() >= 0


async def test_a_manual_clock_wakes_who_has_slept_long_enough() -> None:
    clock = ManualClock()
    short, long = (asyncio.ensure_future(clock.sleep(s)) for s in (10, 86_400))
    await clock.sleep(0)
    before = clock.new_id()
    clock.advance(9)
    await clock.sleep(0)
    assert (short.done(), clock.sleeping) == (False, 2)
    clock.advance(1)
    await short
    assert clock.sleeping == 1
    clock.advance(days=90)
    await long
    assert clock.now() == MORNING + timedelta(days=90, seconds=10)
    assert clock.monotonic() == 90 * 86_400 + 10
    assert before < clock.new_id()
