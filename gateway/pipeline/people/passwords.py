"""Passwords: whether a new one may be used, by every rule of the authority.

Owns the questions that need more than the password itself: was it used before, do guessers try it first. The rules that
need only the names are `core.passwords` (Source: SPEC 9).
"""

from collections.abc import Sequence
from typing import Protocol

from gateway.core.passwords import KNOWN_BAD, USED_BEFORE, Owner, judge_password
from gateway.core.prepare import prepared
from gateway.core.register import Account
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Ledger


class Hasher(Protocol):
    """argon2 in a bounded pool."""

    async def hash(self, password: str) -> str:
        """Return the encoded hash, with its own salt and costs in it."""
        ...

    async def verify(self, hash: str | None, password: str) -> bool:
        """Return whether the password fits; None costs as much and never fits."""
        ...

    async def strength(self, password: str, words: Sequence[str]) -> int:
        """Return how hard a password is to guess for who knows these words, from 0 to 4."""
        ...

    def needs_rehash(self, hash: str) -> bool:
        """Return whether a hash was made at another cost."""
        ...


class Passwords:
    """Judges and makes."""

    def __init__(self, ledger: Ledger, policy: LivePolicy, hasher: Hasher) -> None:
        """Take the earlier hashes, the rules in force, and the pool."""
        self._ledger = ledger
        self._policy = policy
        self._hasher = hasher

    async def judge(self, password: str, *, of: Account) -> tuple[str, ...]:
        """Return a sentence for every rule that a new password breaks; none when it may be used."""
        rules, password = self._policy.current.accounts.passwords, prepared(password)
        owner = Owner(of.forename, of.surname, of.username)
        faults = judge_password(password, owner=owner, rules=rules)
        if faults:
            return faults
        if await self._hasher.strength(password, self._words(of)) < rules.strength:
            return (KNOWN_BAD,)
        return (USED_BEFORE,) if await self._was_used(password, of) else ()

    async def hash(self, password: str) -> str:
        """Return the encoded hash."""
        return await self._hasher.hash(password)

    async def freshen(self, account: Account, password: str) -> None:
        """Hash a password that was right anew, where the costs were changed since it was set."""
        old = account.password_hash
        if old is not None and self._hasher.needs_rehash(old):
            await self._ledger.rehash(account.username, old=old, new=await self._hasher.hash(password))

    def _words(self, of: Account) -> list[str]:
        """Return what a guesser knows of somebody's place."""
        return [of.email, of.email.partition("@")[0], self._policy.current.notices.authority, *of.schools]

    async def _was_used(self, password: str, of: Account) -> bool:
        for hash in await self._ledger.earlier_hashes(of.username):
            if await self._hasher.verify(hash, password):
                return True
        return False
