"""Access: who may come in at this moment, asked by every path.

Owns the putting together of the register, the rules in force and the time for `core.standing` (Source: SPEC 9).
"""

from gateway.core.admission import Refusal
from gateway.core.proof import has_same_rights
from gateway.core.register import Account, Directory
from gateway.core.standing import AccessRules, Approach, why_not
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Clock


class Access:
    """Answers with the sentence for the person, or with nothing when they may come in."""

    def __init__(self, directory: LiveDirectory, policy: LivePolicy, clock: Clock) -> None:
        """Take who is who, the rules in force and the time."""
        self._directory = directory
        self._policy = policy
        self._clock = clock

    async def directory(self) -> Directory:
        """Return the register as it stands; never waits."""
        return self._directory.current

    async def fresh(self) -> Directory:
        """Return the register as it is this moment."""
        return await self._directory.fresh()

    @property
    def rules(self) -> AccessRules:
        """What is asked of an account besides its state, now."""
        return self._policy.current.access(self._directory.current)

    def refusal(self, account: Account, by: Approach) -> Refusal | None:
        """Return what stops an account on a path, or None when it may come in."""
        return why_not(account, by, rules=self.rules, at=self._clock.now())

    def may_stay(self, before: Account, now: Account) -> bool:
        """Return whether who is in goes on: with the same rights, and though a password expires meanwhile."""
        return has_same_rights(before, now) and self.refusal(now, Approach.KEY) is None
