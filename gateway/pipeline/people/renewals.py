"""Renewals: a new acceptable use policy, and passwords that expire: told in time, once a day.

Owns the moment from which a version is in force: when the daemon first has it. What is owed has an id of the person and
of the day or the version, so that neither a restart nor a day of downtime repeats or loses one (Source: SPEC 9;
FIELD-NOTES A.9).
"""

from datetime import date, datetime

from gateway.core.agreement import PolicyText
from gateway.core.mail import Notice
from gateway.core.notices.wayin import POLICY, REMINDER, expiring, new_policy
from gateway.core.register import Account
from gateway.core.renewals import ReminderDays, has_password_to_renew, reminder_day
from gateway.core.standing import AccessRules
from gateway.pipeline.telling import Telling


class Renewals:
    """Tells people what they have to renew."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._told: tuple[date, str, str] | None = None  # the day, and the policy of which people were told

    async def pass_once(self) -> int:
        """Owe what is due; return how many notices that may be."""
        is_new = await self._bring_in()
        now, policy = self._clock.now(), self._policy.current
        today, use = policy.day_of(now), policy.accounts.acceptable_use
        is_time = now.astimezone(policy.zone).time() >= policy.reminders.at
        turn = (today, use.version, use.digest)
        if not is_new and (turn == self._told or not is_time):
            return 0
        directory = await self._directory.fresh()
        rules = policy.access(directory)
        people = list(directory.accounts.values())
        notices = [notice for person in people for notice in self._of_policy(person, rules, now)]
        if is_time:
            notices += [notice for person in people for notice in self._of_password(person, rules, now)]
            self._told = turn
        await self._ledger.owe(notices)  # one that is there already is left as it is
        if notices:
            self._to_notify()
        return len(notices)

    async def _bring_in(self) -> bool:
        """Write that the policy of the tables is in force from now on, unless it is; return whether it was new."""
        use, known = self._policy.current.accounts.acceptable_use, await self._ledger.policies()
        if not use.version or (known and (known[0].version, known[0].digest) == (use.version, use.digest)):
            return False
        await self._ledger.put_policy(PolicyText(use.version, use.digest, use.text, self._clock.now()))
        return True

    def _of_policy(self, person: Account, rules: AccessRules, now: datetime) -> list[Notice]:
        """Return the word about the new policy: on its first day, and when the days of grace are over."""
        due, use = rules.policy_due(), self._policy.current.accounts.acceptable_use
        if due is None or rules.has_agreed(person) or not person.is_active or not person.email:
            return []
        is_due = now >= due or person.policy_version is None
        context = new_policy(
            person,
            use,
            due=due,
            at=max(now, due) if is_due else now,
            head=self._answer.letterhead(),
            sftp=self._policy.current.accounts.sftp,
        )
        told = f"{use.version}-{use.digest[:16]}-{rules.policy_since:%Y%m%d}"
        id = f"policy-{told}-{person.username}-{'due' if is_due else 'new'}"
        return [self._answer.unasked(id.lower(), POLICY, context, at=now, reader=person)]

    def _of_password(self, person: Account, rules: AccessRules, now: datetime) -> list[Notice]:
        """Return the reminder of a password that is due today."""
        policy, expires_at = self._policy.current, rules.expiry_of(person)
        told = policy.accounts
        if expires_at is None or person.password_set_at is None or not has_password_to_renew(person):
            return []
        days = ReminderDays(told.remind_day, told.remind_daily_from, told.password_days)
        number = reminder_day(policy.day_of(person.password_set_at), policy.day_of(now), days)
        if number is None or now >= expires_at:
            return []
        context = expiring(person, expires_at=expires_at, at=now, head=self._answer.letterhead(), sftp=told.sftp)
        id = f"password-{person.username}-{person.password_set_at:%Y%m%d%H%M%S%f}-{number}"
        return [self._answer.unasked(id.lower(), REMINDER, context, at=now, reader=person)]
