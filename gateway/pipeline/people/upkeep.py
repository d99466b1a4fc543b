"""Upkeep: access that nobody looks after: accounts that are not used, keys and devices' passwords that are old.

Owns when people are warned and the administrator told, once a day, and the suspension of what is not used for too long.
The mark is the day; what is owed for a day has an id of it, so that a restart repeats nobody, and a day of downtime
loses nothing (Source: SPEC 9; FIELD-NOTES A.9).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from gateway.core.mail import Notice
from gateway.core.notices.accessnews import UNUSED, UNUSED_REPORT, Unused, UnusedReport, unused_row
from gateway.core.notices.keynews import OLD, keys_old
from gateway.core.phrases import day
from gateway.core.publickeys import KeyFact, PublicKey, key_of
from gateway.core.register import Account, AccountState, Directory, Role
from gateway.core.suspension import INACTIVE
from gateway.pipeline.answer import ADMINISTRATOR
from gateway.pipeline.people.review import AccessReview
from gateway.pipeline.telling import Telling

_MARK = "upkeep"  # the last day that was looked at


@dataclass
class _Old:
    """What one person is reminded of."""

    keys: list[tuple[PublicKey, KeyFact]] = field(default_factory=list)
    devices: list[Account] = field(default_factory=list)


class Upkeep:
    """Looks once a day."""

    def __init__(self, telling: Telling, review: AccessReview) -> None:
        """Take the parts; the reviews are looked at with them."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._review = review

    async def pass_once(self) -> int:
        """Do what is due today; return how many notices that made."""
        owed = await self._review.pass_once()
        now, policy = self._clock.now(), self._policy.current
        today = policy.day_of(now)
        mark = await self._ledger.mark(_MARK)
        since = date.fromisoformat(mark) if mark else today - timedelta(days=1)
        if since >= today or now.astimezone(policy.zone).time() < policy.reminders.at:
            return owed
        directory = await self._directory.fresh()
        unused, old = await self._unused(directory, today, now), await self._old(directory, since, today)
        await self._ledger.owe(old, marks={_MARK: today.isoformat()})
        if unused or old:
            self._to_notify()
        return owed + len(unused) + len(old)

    # What is not used

    async def _unused(self, directory: Directory, today: date, now: datetime) -> list[Notice]:
        """Warn whose account is not used; suspend it when it still is not, as long after the warning as is set."""
        told, limits = await self._ledger.last_activity(), self._policy.current.upkeep
        if not limits.unused_report_days:
            return []
        last = {a.username: at for a in directory.accounts.values() if a.is_active and (at := _last(a, told))}
        idle = {name: at for name, at in last.items() if self._age(at, today) >= limits.unused_report_days}
        warned = {name: await self._ledger.mark(_warned(name, at)) for name, at in idle.items()}
        grace = limits.unused_suspend_days - limits.unused_report_days
        ended = [n for n, day_ in warned.items() if day_ and grace > 0 and _days_since(day_, today) >= grace]
        new = [name for name, day_ in warned.items() if day_ is None]
        notices = [self._warning(directory.accounts[n], told.get(n), today) for n in new if directory.accounts[n].email]
        if (new or ended) and self._policy.current.notices.administrator:
            report = [*(replace(directory.accounts[n], state=AccountState.SUSPENDED) for n in ended)]
            notices.append(self._unused_report([*report, *(directory.accounts[n] for n in new)], told, today))
        reason = f"not used for {limits.unused_suspend_days} days"
        marks = {_warned(name, idle[name]): today.isoformat() for name in new}
        await self._ledger.suspend(
            ended, ground=INACTIVE, reason=reason, actor="gateway", at=now, notices=notices, marks=marks
        )
        await self._directory.fresh()
        return notices

    def _age(self, last: datetime, today: date) -> int:
        return (today - self._policy.current.day_of(last)).days

    def _warning(self, person: Account, used: datetime | None, today: date) -> Notice:
        head, limits, now = self._answer.letterhead(), self._policy.current.upkeep, self._clock.now()
        grace = limits.unused_suspend_days - limits.unused_report_days
        ends = now + timedelta(days=grace) if grace > 0 else None
        context = Unused(
            authority=head.authority,
            contact=head.contact,
            reader=person.forename,
            username=person.username,
            last=day(used, head.zone) if used else "",
            days=limits.unused_report_days,
            suspended_on=day(ends, head.zone) if ends else "",
        )
        id = f"unused-{today}-{person.username}"
        return self._answer.unasked(id, UNUSED, context, at=now, reader=person)

    def _unused_report(self, people: Sequence[Account], told: Mapping[str, datetime], today: date) -> Notice:
        head = self._answer.letterhead()
        context = UnusedReport(
            authority=head.authority,
            contact=head.contact,
            reader=ADMINISTRATOR,
            days=self._policy.current.upkeep.unused_report_days,
            people=tuple(unused_row(person, last=told.get(person.username), head=head) for person in people),
        )
        return self._answer.unasked(f"unused-{today}-all", UNUSED_REPORT, context, at=self._clock.now())

    # What is old

    async def _old(self, directory: Directory, since: date, today: date) -> list[Notice]:
        """Remind of keys, and of devices' passwords, that became old since the last look, or did so long ago."""
        if not self._policy.current.keys.rotate_days:
            return []
        found: dict[str, _Old] = defaultdict(_Old)
        for fact in await self._ledger.key_facts():
            owner = directory.account(fact.username)
            key = _key_of(owner, fact.fingerprint) if owner is not None and owner.is_active else None
            if key is not None and self._is_due(fact.added_at, since, today):
                found[fact.username].keys.append((key, fact))
        for device in directory.accounts.values():
            if device.role is Role.DEVICE and device.is_active and self._is_due(device.password_set_at, since, today):
                for person in self._answer.who_answer_for(device):
                    found[person.username].devices.append(device)
        return [self._old_notice(name, old, directory, today) for name, old in found.items() if name]

    def _is_due(self, since_when: datetime | None, since: date, today: date) -> bool:
        if since_when is None:
            return False
        policy = self._policy.current
        first, again = policy.keys.rotate_days, policy.keys.remind_again_days
        began = policy.day_of(since_when)
        return any(
            (age := (since - began).days + n) >= first and (age - first) % again == 0
            for n in range(1, (today - since).days + 1)
        )

    def _old_notice(self, name: str, old: _Old, directory: Directory, today: date) -> Notice:
        reader, head = directory.accounts[name], self._answer.letterhead()
        days = self._policy.current.keys.rotate_days
        context = keys_old(reader, keys=old.keys, devices=old.devices, days=days, head=head)
        return self._answer.unasked(f"old-{today}-{name}", OLD, context, at=self._clock.now(), reader=reader)


def _last(account: Account, told: Mapping[str, datetime]) -> datetime | None:
    """Return when an account was last used; of one that never was, since when it could be."""
    times = [at for at in (told.get(account.username), account.activated_at) if at is not None]
    return max(times) if times else None


def _warned(name: str, last: datetime) -> str:
    """Return the mark of a warning: who uses the account again is warned anew another time."""
    return f"unused {name} since {last:%Y-%m-%dT%H:%M:%S}"


def _days_since(iso: str, today: date) -> int:
    return (today - date.fromisoformat(iso)).days


def _key_of(account: Account, fingerprint: str) -> PublicKey | None:
    return next((key for key in map(key_of, account.keys) if key.fingerprint == fingerprint), None)
