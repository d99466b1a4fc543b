"""Remind, of file requests: opens and closes them, counts what answers, and reminds the schools that have not sent.

Owns who is told and when. Switched off it does nothing at all. What is owed for one day has an id of that day, and the
mark is set after it, so that a stop between the two repeats nobody (Source: SPEC 13).
"""

from collections.abc import Sequence
from datetime import date, datetime

from gateway.core.mail import Notice
from gateway.core.notices.asking import OVER, REMINDER, TEMPLATE, Asked, asked, over
from gateway.core.register import Account
from gateway.core.requests import FileRequest, Outcome, Standing, by_reader, reminder_day, standing_of
from gateway.errors import NotThere, Permanent
from gateway.pipeline.answer import ADMINISTRATOR
from gateway.pipeline.telling import Telling

_OFF = (
    "File requests are switched off here: nothing was changed. To use them, set `[requests] enabled = true` in "
    "gateway.toml and reload the gateway."
)


class FileRequests:
    """What the authority asks its schools for."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify

    def require_enabled(self) -> None:
        """Raise Permanent, with the sentence that says so, where requests are switched off."""
        if not self._policy.current.requests.enabled:
            raise Permanent(_OFF)

    async def open(self, request: FileRequest) -> Standing:
        """Ask the schools of its audience; return who has sent: nobody yet."""
        self.require_enabled()
        notices = self._notices(request, request.schools, TEMPLATE, f"{request.id}-open", at=request.opened_at)
        await self._ledger.open_request(request, notices)
        self._to_notify()
        return standing_of(request, (), self._directory.current)

    async def close(self, id: str, *, by: str) -> Standing:
        """End a request; what comes after it counts no more. Raises NotThere when it is closed or not there."""
        request = (await self.standing(id)).request
        if not await self._ledger.close_request(id, actor=by, at=self._clock.now()):
            raise NotThere(f"The request {id} was closed already, by {request.closed_by}.")
        return await self.standing(id)

    async def standing(self, id: str) -> Standing:
        """Return who has sent and who has not, counted now. Raises NotThere."""
        self.require_enabled()
        await self._ledger.count_answers()
        request = await self._ledger.request(id)
        if request is None:
            raise NotThere(f"There is no request {id}. `gateway admin requests list` shows the ids.")
        return await self._standing(request)

    async def standings(self) -> list[Standing]:
        """Return those of all requests, newest first."""
        self.require_enabled()
        await self._ledger.count_answers()
        return [await self._standing(request) for request in await self._ledger.requests()]

    async def pass_once(self) -> int:
        """Count what answers, and owe the reminders that are due; return how many."""
        if not self._policy.current.requests.enabled:
            return 0
        await self._ledger.count_answers()
        still_open = await self._ledger.requests(only_open=True)
        owed = sum([await self._remind(request) + await self._tell_of_end(request) for request in still_open])
        if owed:
            self._to_notify()
        return owed

    async def _remind(self, request: FileRequest) -> int:
        """Remind those who have not sent, when a day for it has come."""
        now = self._clock.now()
        day = self._due_day(request, now)
        mark = f"request {request.id}"
        if day is None or day.isoformat() <= (await self._ledger.mark(mark) or ""):
            return 0
        missing = [s.school for s in (await self._standing(request)).those(Outcome.MISSING)]
        notices = self._notices(request, missing, REMINDER, f"{request.id}-{day}", at=now)
        await self._ledger.owe(notices, marks={mark: day.isoformat()})
        return len(notices)

    async def _tell_of_end(self, request: FileRequest) -> int:
        """Tell whoever opened a request, once, that its deadline has passed, and who has sent."""
        now, mark = self._clock.now(), f"request-over {request.id}"
        if now <= request.due_at or await self._ledger.mark(mark) is not None:
            return 0
        directory, policy = self._directory.current, self._policy.current
        account = directory.account(request.opened_by)
        reader = account if account is not None and account.is_active and account.email else None
        if reader is None and not policy.notices.administrator:
            return 0
        context = over(
            await self._standing(request),
            reader=reader,
            administrator=ADMINISTRATOR,
            head=self._answer.letterhead(),
            directory=directory,
            catalogue=policy.catalogue,
        )
        notice = self._answer.unasked(f"{request.id}-over", OVER, context, at=now, reader=reader)
        await self._ledger.owe([notice], marks={mark: now.isoformat()})
        return 1

    def _due_day(self, request: FileRequest, now: datetime) -> date | None:
        policy = self._policy.current
        if now.astimezone(policy.zone).time() < policy.reminders.at:
            return None
        holidays = policy.reminders.holidays
        return reminder_day(
            request, policy.requests.days, today=policy.day_of(now), zone=policy.zone, holidays=holidays
        )

    async def _standing(self, request: FileRequest) -> Standing:
        return standing_of(request, await self._ledger.answers(request.id), self._directory.current)

    def _notices(
        self, request: FileRequest, schools: Sequence[str], template: str, id: str, *, at: datetime
    ) -> list[Notice]:
        """Return a notice for each person who is told, with those of their schools that it is about."""
        directory = self._directory.current
        return [
            self._answer.unasked(
                f"{id}-{reader.username}",
                template,
                self._context(request, reader, own, at=at),
                at=at,
                reader=reader,
            )
            for reader, own in by_reader(schools, directory)
        ]

    def _context(self, request: FileRequest, reader: Account, schools: Sequence[str], *, at: datetime) -> Asked:
        return asked(
            request,
            reader=reader,
            schools=schools,
            at=at,
            head=self._answer.letterhead(),
            directory=self._directory.current,
            catalogue=self._policy.current.catalogue,
        )
