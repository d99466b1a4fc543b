"""Report: what a publisher is told of what was published, waits, or is held.

Owns when: for an email at once, as its answer; for a drop of many letters over SFTP once, when it has come to rest. The
place in the trail up to which publishers were told is written down before a notice is owed, and the notice has an id of
that place: no gap and no repeat over a restart (Source: SPEC 7).
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.documents import Addressed, Document, DocumentState
from gateway.core.mail import Notice
from gateway.core.model import Channel
from gateway.core.notices.nofile import CAUSES
from gateway.core.notices.published import Published, published
from gateway.core.notices.receipts import plain
from gateway.core.register import Account
from gateway.core.submission import PartFate, Submission
from gateway.pipeline.telling import Telling

_MARK = "publishers-told"
REST = timedelta(minutes=2)  # without another document: a drop has come to its end
PATIENCE = timedelta(minutes=30)  # for a drop that never rests
_LISTED = (DocumentState.HELD, DocumentState.WAITING)


@dataclass(frozen=True)
class _Told:
    """How far publishers were told: a mark that survives a restart."""

    after: int  # place in the trail up to which they were told
    upto: int | None = None  # place up to which they are about to be told; a stop came between


class Report:
    """Owes publishers what became of their documents."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._looked_at = 0  # place in the trail up to which nothing came

    def answered(self, submission: Submission) -> Submission:
        """Return a publication by email with the answer that it owes its publisher."""
        reader = self._directory.current.account(submission.username)
        if reader is None or not reader.email:
            return submission
        at = submission.received_at
        told = self._published(submission.documents, reader, at, submission.parts)
        notice = Notice(
            id=f"{submission.id}-n1",
            template="published",
            username=reader.username,
            address=reader.email,
            context=plain(replace(told, nothing=_why_nothing(submission))),
            submission=submission.id,
            due_at=at,
            first_due_at=at,
            in_reply_to=submission.message_id,
        )
        return replace(submission, notices=(notice,))

    async def pass_once(self) -> int:
        """Owe what is due; return how many notices that were."""
        told = _told_of(await self._ledger.mark(_MARK))
        if told.upto is None:
            end, after = await self._ledger.trail_end(), max(told.after, self._looked_at)
            if end <= after or not self._has_come_to_rest(
                await self._ledger.issued_between(after=after, upto=end), end
            ):
                return 0
            told = replace(told, upto=end)
            await self._put(told)
        return await self._tell(told.after, told.upto or told.after)

    def _has_come_to_rest(self, issued: Sequence[tuple[datetime, Addressed]], end: int) -> bool:
        """Return whether there is something to tell, and it is whole by now."""
        times = [at for at, addressed in issued if _is_told(addressed.document)]
        if not times:
            self._looked_at = end
            return False
        now = self._clock.now()
        return now - max(times) >= REST or now - min(times) >= PATIENCE

    async def _tell(self, after: int, upto: int) -> int:
        by_publisher: dict[str, list[Addressed]] = defaultdict(list)
        for _, addressed in await self._ledger.issued_between(after=after, upto=upto):
            if _is_told(addressed.document):
                by_publisher[addressed.document.published_by_user].append(addressed)
        notices = [n for who, found in by_publisher.items() if (n := self._notice(who, found, upto)) is not None]
        await self._ledger.owe(notices)
        await self._put(_Told(upto))
        if notices:
            self._to_notify()
        return len(notices)

    def _notice(self, username: str, documents: Sequence[Addressed], upto: int) -> Notice | None:
        reader = self._directory.current.account(username)
        listed = [a.document for a in documents if a.document.state in _LISTED]
        is_quiet = not listed and not self._policy.current.notices.sftp_receipts
        if reader is None or not reader.email or is_quiet:
            return None
        context = self._published(documents, reader, self._clock.now())
        id = f"published-{upto}-{username}".lower()
        notice = self._answer.unasked(id, "published", context, at=self._clock.now(), reader=reader)
        # Its words go with the first of those that it names.
        first = min(listed, key=lambda d: d.expires_at, default=None)
        return replace(notice, submission=first.submission if first else None, is_answer=True)

    def _published(
        self, documents: Sequence[Addressed], reader: Account, at: datetime, parts: Sequence[PartFate] = ()
    ) -> Published:
        policy = self._policy.current
        return published(
            documents,
            reader=reader.forename,
            at=at,
            head=self._answer.letterhead(),
            directory=self._directory.current,
            folders=policy.documents.folders,
            parts=parts,
            second_person=policy.documents.second_person,
        )

    async def _put(self, told: _Told) -> None:
        await self._ledger.set_mark(_MARK, json.dumps(vars(told)))


def _is_told(document: Document) -> bool:
    """Whether its publisher waits for our word: a message was answered at once, but for a confirmation since."""
    return document.channel is Channel.SFTP or document.confirmed_by is not None


def _why_nothing(submission: Submission) -> str:
    """Return why a message brought no document; "" when it did."""
    return CAUSES.get(submission.outcome, CAUSES["no-file"]) if submission.outcome else ""


def _told_of(mark: str | None) -> _Told:
    return _Told(**json.loads(mark)) if mark else _Told(0)
