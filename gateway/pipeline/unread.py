"""Remind, of documents that nobody opened: their schools and their publishers, once before they are destroyed.

Owns the mark: the last day whose warnings were told, and the one that is about to be, so that a stop between the two
repeats nobody and leaves nobody out (Source: SPEC 7).
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.core.documents import Addressed, Document
from gateway.core.mail import Notice
from gateway.core.notices.dailyemail import by_school, daily_email, digest_readers, for_reader
from gateway.core.notices.unread import SUMMARY, TEMPLATE, unread_summary, warning_day
from gateway.core.register import Account
from gateway.core.workdays import is_working_day
from gateway.pipeline.answer import ADMINISTRATOR
from gateway.pipeline.telling import Telling

_MARK = "unread documents"
_TOGETHER = 10  # notices that are written and owed at once
_LONGEST_BREAK = timedelta(days=60)  # without a working day: documents further from their end are not looked at


@dataclass(frozen=True)
class Warned:
    """How far everybody was warned: a mark that survives a restart."""

    day: str = date.min.isoformat()  # the last one whose warnings were told
    upto: str | None = None  # the one up to which they are about to be told; a stop came between


class Unread:
    """Owes warnings about documents that some school has not opened."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify

    async def pass_once(self) -> int:
        """Owe the warnings that are due; return how many."""
        policy, now = self._policy.current, self._clock.now()
        today = policy.day_of(now)
        warned = await self._warned()
        if warned.upto is None:
            is_time = now.astimezone(policy.zone).time() >= policy.reminders.at
            if not (policy.documents.unread_days and is_time and is_working_day(today, policy.reminders.holidays)):
                return 0
            if date.fromisoformat(warned.day) == today:
                return 0
            warned = Warned(warned.day, today.isoformat())
            await self._put(warned)
        upto = warned.upto or warned.day
        owed = await self._warn(date.fromisoformat(warned.day), date.fromisoformat(upto))
        await self._put(Warned(upto))
        return owed

    async def _warn(self, since: date, upto: date) -> int:
        unread = await self._unread(since, upto)
        if not unread:
            return 0
        notices = [*await self._to_schools(unread, upto), *self._to_publishers(unread, upto)]
        for start in range(0, len(notices), _TOGETHER):
            await self._ledger.owe(notices[start : start + _TOGETHER])
        self._to_notify()
        return len(notices)

    async def _unread(self, since: date, upto: date) -> list[Addressed]:
        """Return what is to be told of now, each with the schools that have not opened it."""
        policy, now = self._policy.current, self._clock.now()
        last = now + timedelta(days=policy.documents.unread_days) + _LONGEST_BREAK
        found = await self._ledger.unread_documents(after=now, upto=last)
        return [a for a in found if since < self._warning_day(a.document) <= upto]

    def _warning_day(self, document: Document) -> date:
        policy = self._policy.current
        return warning_day(document, policy.documents.unread_days, zone=policy.zone, holidays=policy.reminders.holidays)

    async def _to_schools(self, unread: Sequence[Addressed], upto: date) -> list[Notice]:
        documents, directory = by_school(unread), self._directory.current
        notices = []
        for reader in digest_readers(directory, documents.keys(), await self._ledger.digest_choices()):
            notices += self._to_reader(documents, reader, upto)
            await self._clock.sleep(0)  # hundreds of schools: everybody else has their turn between
        return notices

    def _to_reader(self, documents: Mapping[str, Sequence[Document]], reader: Account, upto: date) -> list[Notice]:
        policy, at = self._policy.current, self._clock.now()
        mine = for_reader(documents, reader, has_head_only=policy.documents.head_only)
        if not mine:
            return []
        context = daily_email(
            mine,
            reader=reader,
            at=at,
            head=self._answer.letterhead(),
            directory=self._directory.current,
            folders=policy.documents.folders,
        )
        return [self._answer.unasked(f"unread-{upto}-{reader.username}", TEMPLATE, context, at=at, reader=reader)]

    def _to_publishers(self, unread: Sequence[Addressed], upto: date) -> list[Notice]:
        """Return a summary to each publisher; the administrator gets that of those who can't be told."""
        mine: dict[str, list[Addressed]] = defaultdict(list)
        for addressed in unread:
            publisher = self._directory.current.account(addressed.document.published_by_user)
            can_be_told = publisher is not None and publisher.is_active and bool(publisher.email)
            mine[publisher.username if publisher is not None and can_be_told else ""].append(addressed)
        if not self._policy.current.notices.administrator:
            mine.pop("", None)
        return [self._to_publisher(username, found, upto) for username, found in mine.items()]

    def _to_publisher(self, username: str, unread: Sequence[Addressed], upto: date) -> Notice:
        policy = self._policy.current
        publisher = self._directory.current.account(username)
        context = unread_summary(
            unread,
            reader=publisher.forename if publisher else ADMINISTRATOR,
            days=policy.documents.unread_days,
            head=self._answer.letterhead(),
            directory=self._directory.current,
            folders=policy.documents.folders,
        )
        id = f"unread-{upto}-summary-{username or 'all'}"
        return self._answer.unasked(id, SUMMARY, context, at=self._clock.now(), reader=publisher)

    async def _warned(self) -> Warned:
        mark = await self._ledger.mark(_MARK)
        return Warned(**json.loads(mark)) if mark else Warned()

    async def _put(self, warned: Warned) -> None:
        await self._ledger.set_mark(_MARK, json.dumps(vars(warned)))
