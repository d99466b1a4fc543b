"""A change of somebody's own address, confirmed from the old one and from the new one.

Owns the value and when it is complete (Source: SPEC 9). Pure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

CONFIRMED_FOR = timedelta(days=7)  # in which both words must have come


@dataclass(frozen=True)
class AddressChange:
    """One change that was asked for. Its own id is that of the letter to the old address."""

    id: str
    username: str
    old: str
    new: str
    asked_at: datetime
    asked_by: str
    until: datetime
    letter_to_new: str  # id
    old_at: datetime | None = None  # when it was confirmed from there
    new_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None  # changed, replaced, refused

    @property
    def is_confirmed(self) -> bool:
        """Whether both words have come."""
        return self.old_at is not None and self.new_at is not None
