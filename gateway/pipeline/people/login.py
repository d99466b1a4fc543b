"""Who is at the door: a password against an account, with guessing slowed and shut out.

Owns the order of the checks (one argon2 whichever path, the account's state only after the right password) and the
counters of failures by address and by account. It knows no protocol (Source: SPEC 9).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway import log
from gateway.core.admission import Refusal
from gateway.core.model import Channel
from gateway.core.prepare import prepared
from gateway.core.proof import Proof, Way, is_same_code, is_same_password
from gateway.core.register import Account
from gateway.core.standing import Approach
from gateway.core.typed import Reading, compared, is_code_try, readings, way_of
from gateway.pipeline.people.access import Access
from gateway.pipeline.people.codes import TriesLeft
from gateway.pipeline.people.passwords import Hasher, Passwords
from gateway.ports import Clock, Ledger

WRONG = Refusal("wrong", "The username or the password is wrong.")
SHUT_OUT = Refusal("shut-out", "Too many wrong passwords. Please wait and try again later.")
_CHANNELS = {Approach.PASSWORD: Channel.SFTP, Approach.MAIL_LOGIN: Channel.EMAIL}


@dataclass(frozen=True)
class GuessLimits:
    """How many wrong passwords are too many, and for how long a door then stays shut."""

    tries: int = 10  # for one account, within the window
    address_tries: int = 50  # for one address: a whole school may be behind its router
    window: float = 600.0  # seconds
    shut_for: float = 900.0  # seconds


@dataclass
class Failures:
    """Wrong passwords by account and by address; forgotten after the window."""

    limits: GuessLimits
    _times: dict[str, list[float]] = field(default_factory=dict)
    _shut_until: dict[str, float] = field(default_factory=dict)

    def is_shut(self, key: str, now: float) -> bool:
        """Return whether this account or address used up its tries."""
        return now < self._shut_until.get(key, 0.0)

    def add(self, key: str, now: float, *, tries: int) -> None:
        """Count one; the last of the tries shuts the door."""
        if len(self._times) > 10_000:
            self._forget(now)
        times = [*self._recent(key, now), now]
        self._times[key] = times
        if len(times) >= tries:
            self._shut_until[key] = now + self.limits.shut_for
            del self._times[key]

    def clear(self, key: str) -> None:
        """Forget an account's failures: the right password came."""
        self._times.pop(key, None)

    def _recent(self, key: str, now: float) -> list[float]:
        return [t for t in self._times.get(key, ()) if now - t < self.limits.window]

    def _forget(self, now: float) -> None:
        self._times = {key: recent for key in self._times if (recent := self._recent(key, now))}
        self._shut_until = {key: until for key, until in self._shut_until.items() if now < until}


@dataclass(frozen=True)
class Proven:
    """Somebody who is who they say; whether they may come in is `refusal`."""

    proof: Proof
    refusal: Refusal | None  # what stops them still
    wants_change: bool = False  # they asked for a new password
    new_password: str | None = None  # that was given with the old one

    @property
    def account(self) -> Account:
        """Who it is."""
        return self.proof.account

    @property
    def by_code(self) -> bool:
        """Whether the one-time code stood for the password."""
        return self.proof.way is Way.CODE

    @property
    def with_code(self) -> bool:
        """Whether a one-time code stood beside the password."""
        return self.proof.way is Way.BOTH


class Login:
    """Verifies who is speaking, for both doors."""

    def __init__(
        self,
        access: Access,
        ledger: Ledger,
        clock: Clock,
        hasher: Hasher,
        limits: GuessLimits | None = None,
        *,
        passwords: Passwords | None = None,
    ) -> None:
        """Take who may come in, the clock and the hasher; and who makes hashes anew."""
        self._access = access
        self._ledger = ledger
        self._clock = clock
        self._hasher = hasher
        self._passwords = passwords
        self._failures = Failures(limits or GuessLimits())
        self._tries = TriesLeft()

    def limit(self, limits: GuessLimits) -> None:
        """Take other limits; the wrong passwords so far still count."""
        self._failures.limits = limits

    async def verify_password(self, username: str, password: str, *, peer: str, by: Approach) -> Account | Refusal:
        """Return the account of the right password, or why the door stays shut; a code opens nothing here."""
        found = await self.prove(username, password, peer=peer, by=by)
        return found if isinstance(found, Refusal) else found.refusal or found.account

    async def prove(self, username: str, typed: str, *, peer: str, by: Approach) -> Proven | Refusal:
        """Return whose password or code was typed, or WRONG or SHUT_OUT.

        The same words and the same work whether or not the account exists; what is wrong with an account is said only
        after the right password.
        """
        who, where, now = f"account {username.casefold()}", f"address {peer}", self._clock.monotonic()
        if self._is_shut(who, where):
            return self._refuse(SHUT_OUT, by)
        at, takes_more, typed = self._clock.now(), by is Approach.PASSWORD, prepared(typed)
        account = (await self._access.fresh()).account(username)  # who was added just now comes in
        if account is not None:  # a code counts only where the person can be asked for a new password
            account = self._tries.of(account) if takes_more else replace(account, code=None)
        try:
            reading = await self._fitting(account, readings(typed) if takes_more else [Reading(typed)], at)
            proof = await self._proof(account, reading, at)
        except asyncio.CancelledError:  # who does not wait for the answer has guessed all the same
            self._count(who, where, now)
            raise
        if self._is_shut(who, where):  # by those who guessed meanwhile: many at once win nothing
            return self._refuse(SHUT_OUT, by)
        if reading is None or proof is None:
            self._count(who, where, now)
            await self._count_code(account, typed, at)
            return self._refuse(WRONG, by)
        self._failures.clear(who)
        if self._passwords and proof.way is not Way.CODE:
            await self._passwords.freshen(proof.account, reading.password)
        return self._judged(proof, reading, by=by)

    async def _fitting(self, account: Account | None, ways: Iterable[Reading], at: datetime) -> Reading | None:
        """Return the reading that fits; each is compared to its end, whoever the account is."""
        fitting = None
        for reading in ways:
            fits = [await self._hasher.verify(hash, said) for hash, said in compared(account, reading, at)]
            fitting = reading if all(fits) and fitting is None else fitting
        return fitting

    async def _proof(self, account: Account | None, reading: Reading | None, at: datetime) -> Proof | None:
        """Return what the reading that fits proves, unless it was replaced while it was compared."""
        directory = await self._access.fresh()  # whoever it is: the same work
        now_is = directory.account(account.username) if account is not None else None
        if account is None or reading is None or now_is is None:
            return None
        way = way_of(account, reading, at)
        is_gone = way is not Way.PASSWORD and not is_same_code(account.code, now_is.code)
        return None if is_gone or not is_same_password(account, now_is) else Proof(now_is, way)

    def _judged(self, proof: Proof, reading: Reading, *, by: Approach) -> Proven:
        refusal = self._access.refusal(proof.account, by)
        if refusal is not None and refusal.code == "password-expired" and reading.has_code:
            refusal = None  # the code from the mail stands beside it
        if refusal is not None:
            self._refuse(refusal, by)
        return Proven(proof, refusal, reading.wants_change, reading.new)

    def _count(self, who: str, where: str, now: float) -> None:
        self._failures.add(who, now, tries=self._failures.limits.tries)
        self._failures.add(where, now, tries=self._failures.limits.address_tries)

    async def _count_code(self, account: Account | None, typed: str, at: datetime) -> None:
        """Take a try from the code that was perhaps guessed at; first here, since who guesses may not wait for it."""
        code = account.code if account else None
        if account is not None and code is not None and is_code_try(account, typed, at):
            self._tries.take(code)
            await self._ledger.count_wrong_code(account.username, code=code.hash, at=at)

    def _is_shut(self, *keys: str) -> bool:
        now = self._clock.monotonic()
        return any(self._failures.is_shut(key, now) for key in keys)

    async def note(self, account: Account, *, peer: str, channel: str, how: str) -> None:
        """Record that somebody came in."""
        await self._ledger.note_login(account.username, at=self._clock.now(), peer=peer, how=f"{channel} {how}")
        log.logged_in(channel=channel, username=account.username, how=how)

    def _refuse(self, refusal: Refusal, by: Approach) -> Refusal:
        log.login_refused(channel=_CHANNELS[by], why=refusal.code)
        return refusal
