"""Ids sort by the time in them."""

from datetime import timedelta

import pytest

from gateway.clock import SystemClock
from gateway.core.ids import first_id_of
from tests.fakes import MORNING, ManualClock


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
def test_an_id_stands_between_its_moment_and_the_next(clock: SystemClock | ManualClock) -> None:
    before = clock.now()
    id = clock.new_id()
    assert first_id_of(before) <= id < first_id_of(clock.now() + timedelta(milliseconds=1))


def test_earlier_is_smaller() -> None:
    times = [MORNING + timedelta(milliseconds=n) for n in (0, 1, 1000, 86_400_000, 10**12)]
    ids = [first_id_of(at) for at in times]
    assert ids == sorted(set(ids))
