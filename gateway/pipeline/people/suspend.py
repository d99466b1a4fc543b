"""Suspend: access that is taken away, given back, or ended for good; and the incidents that do so for a whole school.

Owns who is meant by a username or a school, and what is refused with a sentence. The doors hear of it by the register
and end what is under way within seconds (Source: SPEC 9).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.admission import Refusal
from gateway.core.register import Account, AccountState, Directory
from gateway.core.suspension import (
    BY_HAND,
    Incident,
    ground_of_school,
    why_not_reinstated,
    why_not_revoked,
    why_not_suspended,
)
from gateway.ports import Clock, Ledger


@dataclass(frozen=True)
class Whom:
    """One person, or everybody of a school."""

    username: str | None = None
    school: str | None = None

    @property
    def ground(self) -> str:
        """On which they are suspended."""
        return BY_HAND if self.school is None else ground_of_school(self.school)


class Suspend:
    """Ends access, and gives it back."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        """Take the truth and the time."""
        self._ledger = ledger
        self._clock = clock

    async def suspend(self, whom: Whom, *, reason: str, by: str) -> tuple[Account, ...] | Refusal:
        """Suspend; return whom it changed. Nobody of a school left to suspend is no error."""
        found = await self._meant(whom)
        if isinstance(found, Refusal):
            return found
        if whom.school is None and (why := why_not_suspended(found[0])):
            return Refusal("not-suspended", why)
        names = [account.username for account in found]
        done = await self._ledger.suspend(names, ground=whom.ground, reason=reason, actor=by, at=self._clock.now())
        if whom.school is None and not done:
            return Refusal("not-suspended", f"{names[0]} is suspended already; `gateway admin users show` says why.")
        return await self._now(done)

    async def revoke(self, whom: Whom, *, reason: str, by: str) -> tuple[Account, ...] | Refusal:
        """Close accounts for good; return whom it changed."""
        found = await self._meant(whom)
        if isinstance(found, Refusal):
            return found
        if whom.school is None and (why := why_not_revoked(found[0])):
            return Refusal("not-revoked", why)
        names = [account.username for account in found]
        return await self._now(await self._ledger.revoke(names, reason=reason, actor=by, at=self._clock.now()))

    async def reinstate(self, whom: Whom, *, reason: str, by: str) -> tuple[Account, ...] | Refusal:
        """Give access back: to one person, or to those of a school who were suspended with it. Return who has it."""
        found = await self._meant(whom)
        if isinstance(found, Refusal):
            return found
        if whom.school is None and (why := why_not_reinstated(found[0], await self._incidents_of(found[0]))):
            return Refusal("not-reinstated", why)
        done = await self._ledger.reinstate(
            [account.username for account in found],
            grounds=None if whom.school is None else [whom.ground],
            reason=reason,
            actor=by,
            at=self._clock.now(),
        )
        return await self._now(done)

    # Incidents

    async def open_incident(
        self, school: str, *, others: Sequence[str] = (), reason: str, by: str
    ) -> Incident | Refusal:
        """Suspend all who are tied to a school, and others by name, until it is closed; hold their files."""
        found = await self._meant(Whom(school=school))
        if isinstance(found, Refusal):
            return found
        directory = await self._ledger.directory()
        unknown = [name for name in others if directory.account(name) is None]
        if unknown:
            return _no_account(unknown[0])
        parties = [account.username for account in found] + [name.casefold() for name in others]
        incident = Incident(
            id=self._clock.new_id(),
            school=school,
            reason=reason,
            opened_at=self._clock.now(),
            opened_by=by,
            parties=tuple(dict.fromkeys(parties)),
        )
        await self._ledger.open_incident(incident)
        return incident

    async def close_incident(self, id: str, *, reason: str, by: str) -> tuple[Incident, tuple[Account, ...]]:
        """Give back to whom an incident took, and let terms run out again. Raises NotThere when it is not open."""
        key = id.strip().lower()
        done = await self._ledger.close_incident(key, reason=reason, actor=by, at=self._clock.now())
        (incident,) = [found for found in await self._ledger.incidents() if found.id == key]
        return incident, await self._now(done)

    async def _incidents_of(self, account: Account) -> tuple[str, ...]:
        held = {incident.id for incident in await self._ledger.incidents(is_open=True)}
        grounds = await self._ledger.suspensions(account.username)
        return tuple(found.ground for found in grounds if found.ground in held)

    # Whom

    async def _meant(self, whom: Whom) -> tuple[Account, ...] | Refusal:
        """Return who is meant; of a school, all who are tied to it."""
        directory = await self._ledger.directory()
        if whom.school is not None:
            return _people(directory, whom.school)
        account = directory.account(whom.username or "")
        return (account,) if account is not None else _no_account(whom.username or "")

    async def _now(self, usernames: Sequence[str]) -> tuple[Account, ...]:
        directory = await self._ledger.directory()
        return tuple(account for name in usernames if (account := directory.account(name)))


def _people(directory: Directory, number: str) -> tuple[Account, ...] | Refusal:
    if directory.school(number) is None:
        return Refusal(
            "no-school", f"There is no school {number} in the register; `gateway admin schools list` shows them."
        )
    people = sorted(directory.people_of(number), key=lambda account: account.username)
    return tuple(account for account in people if account.state is not AccountState.REVOKED)


def _no_account(username: str) -> Refusal:
    return Refusal("no-account", f'There is no account "{username}". `gateway admin users list` shows them.')
