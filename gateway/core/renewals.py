"""What has to be renewed in time, and on which day somebody is reminded of it.

Owns the days of a password. A reminder has a day of its own: one that a stop kept back is told later, none is told
twice, and none after the password was changed (Source: SPEC 9; FIELD-NOTES A.9). Pure.
"""

from dataclasses import dataclass
from datetime import date

from gateway.core.register import Account, AccountState, Role


@dataclass(frozen=True)
class ReminderDays:
    """Days of a password, counted from 0, the one on which it was set."""

    first: int = 80
    daily_from: int = 85
    expires: int = 90  # 0 is never


def reminder_day(set_on: date, today: date, days: ReminderDays) -> int | None:
    """Return the day whose reminder is due today; None when none is."""
    age = (today - set_on).days
    if not days.expires or not days.first <= age < days.expires:
        return None
    return age if age >= days.daily_from else days.first


def has_password_to_renew(account: Account) -> bool:
    """Return whether somebody is reminded at all: nobody who can't come in, and no device."""
    return (
        account.state is AccountState.ACTIVE
        and account.role is not Role.DEVICE
        and account.password_hash is not None
        and account.password_set_at is not None
        and bool(account.email)
    )
