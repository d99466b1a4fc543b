"""Working days: which days count, and how many have passed.

Owns the arithmetic of weekends and holidays; a day is the authority's own calendar day. Pure (Source: SPEC 6).
"""

from collections.abc import Collection
from datetime import date, timedelta

_DAY = timedelta(days=1)
_SATURDAY = 5


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Return whether anybody works on that day."""
    return day.weekday() < _SATURDAY and day not in holidays


def after_working_days(day: date, number: int, holidays: Collection[date]) -> date:
    """Return the day on which so many working days have come after a day: 1 after a Friday is the Monday."""
    while number > 0:
        day += _DAY
        number -= is_working_day(day, holidays)
    return day


def last_working_day(day: date, holidays: Collection[date]) -> date:
    """Return that day, or the last working day before it."""
    while not is_working_day(day, holidays):
        day -= _DAY
    return day
