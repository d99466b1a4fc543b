"""Working days: weekends and holidays count for nothing (SPEC 6 "Uncollected")."""

from datetime import date

import pytest

from gateway.core.workdays import after_working_days, is_working_day, last_working_day

CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)})

# (from, working days, to, why)
ROWS = [
    (date(2026, 11, 20), 0, date(2026, 11, 20), "no day has passed"),
    (date(2026, 11, 20), 1, date(2026, 11, 23), "Friday to Monday"),
    (date(2026, 11, 21), 1, date(2026, 11, 23), "what comes on a Saturday has waited a day at the end of Monday"),
    (date(2026, 11, 23), 5, date(2026, 11, 30), "a week"),
    (date(2026, 12, 24), 1, date(2026, 12, 29), "over Christmas, its weekend and the day in lieu"),
    (date(2026, 12, 24), 5, date(2027, 1, 5), "and over the New Year"),
]


@pytest.mark.parametrize(("start", "number", "end", "why"), ROWS, ids=[row[3] for row in ROWS])
def test_days_on_which_nobody_works_are_passed_over(start: date, number: int, end: date, why: str) -> None:
    assert after_working_days(start, number, CHRISTMAS) == end


@pytest.mark.parametrize(
    ("day", "is_one"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
        (date(2026, 11, 22), False),
        (date(2026, 12, 25), False),
    ],
)
def test_a_working_day_is_neither_at_the_weekend_nor_a_holiday(day: date, is_one: bool) -> None:
    assert is_working_day(day, CHRISTMAS) is is_one


def test_a_warning_falls_on_the_last_working_day_before() -> None:
    assert last_working_day(date(2026, 12, 27), CHRISTMAS) == date(2026, 12, 24)
    assert last_working_day(date(2026, 12, 24), CHRISTMAS) == date(2026, 12, 24)
