"""Ids and the time in them: 26 characters that begin with the milliseconds at which they were made.

Owns that form, to compare an id with a time. Makes none: that is the clock's. Pure (Source: the ULID specification).
"""

from datetime import UTC, datetime, timedelta

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_LONG = 10  # characters of the time
_START = datetime(1970, 1, 1, tzinfo=UTC)


def time_of(id: str) -> datetime:
    """Return when an id was made; characters that no id has count as nothing."""
    number = 0
    for character in id[:_LONG]:
        number = number * 32 + max(0, _DIGITS.find(character))
    return _START + timedelta(milliseconds=number)


def first_id_of(at: datetime) -> str:
    """Return what every id made at this time, or later, sorts behind, and every earlier one before."""
    number = max(0, (at - _START) // timedelta(milliseconds=1))
    return "".join(_DIGITS[number >> shift & 31] for shift in range(5 * (_LONG - 1), -1, -5))
