"""Access that is taken away and given back, and incidents, as the use-cases need them kept.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.core.mail import Notice
from gateway.core.suspension import Incident, Suspension
from gateway.ports.files import NO_MARKS


class Suspensions(Protocol):
    """Grounds of suspensions, and incidents. Each call is one transaction, however many accounts it is about."""

    async def suspend(
        self,
        usernames: Sequence[str],
        *,
        ground: str,
        reason: str,
        actor: str,
        at: datetime,
        notices: Sequence[Notice] = (),
        marks: Mapping[str, str] = NO_MARKS,
    ) -> tuple[str, ...]:
        """Put a ground on accounts; return those that had it not. One that is closed, or not there, is left.

        The notices are owed, and the marks that they were told are set, in the same transaction.
        """
        ...

    async def reinstate(
        self, usernames: Sequence[str], *, grounds: Sequence[str] | None, reason: str, actor: str, at: datetime
    ) -> tuple[str, ...]:
        """End grounds (None: all but incidents); return the accounts that have none left and are what they were.

        A closed account becomes one that has to be activated, when grounds is None.
        """
        ...

    async def revoke(self, usernames: Sequence[str], *, reason: str, actor: str, at: datetime) -> tuple[str, ...]:
        """Close accounts for good, with all that opens a door to them; return those that were not closed."""
        ...

    async def suspensions(self, username: str | None = None, *, in_force: bool = True) -> list[Suspension]:
        """Return grounds, oldest first."""
        ...

    async def open_incident(self, incident: Incident) -> tuple[str, ...]:
        """Write an incident and put its ground on all its parties; return whom it suspended."""
        ...

    async def close_incident(self, id: str, *, reason: str, actor: str, at: datetime) -> tuple[str, ...]:
        """End an incident and its grounds; return who has access again. Raises NotThere when it is not open."""
        ...

    async def incidents(self, *, is_open: bool | None = None) -> list[Incident]:
        """Return incidents with their parties, newest first."""
        ...

    async def last_activity(self) -> Mapping[str, datetime]:
        """Return, by username, when somebody last came in or sent something."""
        ...
