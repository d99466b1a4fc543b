"""Remind, of documents: the daily email to headteachers and to who chose it, each document in exactly one a reader.

Owns the watermark: a place in the audit trail, never a time. How far an email is about to tell is written down before
it is owed, and what is owed has an id of that place, so that a stop anywhere leaves no gap and no repeat
(Source: SPEC 7).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.core.documents import Document
from gateway.core.mail import Notice
from gateway.core.notices.dailyemail import (
    TEMPLATE,
    DailyEmail,
    by_school,
    daily_email,
    digest_day,
    digest_readers,
    for_reader,
    is_digest_due,
)
from gateway.core.register import Account
from gateway.pipeline.telling import Telling

_MARK = "daily email"
_TOGETHER = 10  # emails that are written and owed at once: between two slices everybody else has their turn


@dataclass(frozen=True)
class Told:
    """How far everybody was told: a mark that survives a restart."""

    after: int = 0  # place in the trail up to which documents were told
    day: str = ""  # of the last email
    upto: int | None = None  # place up to which they are about to be told; a stop came between


class DailyEmails:
    """Owes the daily emails when their time has come."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify

    async def pass_once(self) -> int:
        """Owe the emails that are due; return how many."""
        told, day = await self._told(), self._day()
        if not told.day:  # the first look ever: what came before it is told with the next email
            await self._put(Told(day=day.isoformat()))
            return 0
        if told.upto is None:
            if not is_digest_due(day, date.fromisoformat(told.day)):
                return 0
            told = Told(told.after, told.day, await self._ledger.trail_end())
            await self._put(told)
        owed = await self._tell(told.after, told.upto or told.after)
        await self._put(Told(told.upto or told.after, day.isoformat()))
        return owed

    async def waiting_for(self, school: str) -> list[tuple[Account, DailyEmail]]:
        """Return the emails that readers of a school would get now, for a preview."""
        told = await self._told()
        documents = await self._documents(told.after, await self._ledger.trail_end())
        readers = digest_readers(self._directory.current, {school}, await self._ledger.digest_choices())
        return [(reader, email) for reader in readers if (email := self._email(documents, reader)) is not None]

    async def _tell(self, after: int, upto: int) -> int:
        documents = await self._documents(after, upto)
        if not documents:
            return 0
        readers = digest_readers(self._directory.current, documents.keys(), await self._ledger.digest_choices())
        owed = 0
        for start in range(0, len(readers), _TOGETHER):
            some = readers[start : start + _TOGETHER]
            notices = [n for reader in some if (n := self._notice(documents, reader, upto)) is not None]
            await self._ledger.owe(notices)
            owed += len(notices)
        if owed:
            self._to_notify()
        return owed

    async def _documents(self, after: int, upto: int) -> dict[str, list[Document]]:
        return by_school(await self._ledger.published_between(after=after, upto=upto))

    def _notice(self, documents: Mapping[str, Sequence[Document]], reader: Account, upto: int) -> Notice | None:
        email = self._email(documents, reader)
        if email is None:
            return None
        id = f"digest-{upto}-{reader.username}".lower()
        return self._answer.unasked(id, TEMPLATE, email, at=self._clock.now(), reader=reader)

    def _email(self, documents: Mapping[str, Sequence[Document]], reader: Account) -> DailyEmail | None:
        """Return a reader's email; None when there is nothing that this reader can open."""
        policy = self._policy.current
        mine = for_reader(documents, reader, has_head_only=policy.documents.head_only)
        if not mine:
            return None
        return daily_email(
            mine,
            reader=reader,
            at=self._clock.now(),
            head=self._answer.letterhead(),
            directory=self._directory.current,
            folders=policy.documents.folders,
        )

    def _day(self) -> date:
        policy = self._policy.current
        return digest_day(self._clock.now().astimezone(policy.zone), policy.documents.digest_at)

    async def _told(self) -> Told:
        mark = await self._ledger.mark(_MARK)
        return Told(**json.loads(mark)) if mark else Told()

    async def _put(self, told: Told) -> None:
        await self._ledger.set_mark(_MARK, json.dumps(vars(told)))
