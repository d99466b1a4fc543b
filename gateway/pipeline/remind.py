"""Remind: what the authority's own people are told unasked: digests of what came, and what nobody collected.

Owns when each is due, and the marks that make no gap and no repeat over a restart: what is about to be told is written
down before it is owed, and what is owed has an id of that mark (Source: SPEC 6).
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.core.mail import Notice
from gateway.core.model import FileQuery, FileRecord, Status
from gateway.core.notices.digests import service_digest, uncollected
from gateway.core.register import Account
from gateway.core.routing import Service
from gateway.core.workdays import is_working_day, last_working_day
from gateway.pipeline.answer import ADMINISTRATOR
from gateway.pipeline.telling import Telling

_UNCOLLECTED = "uncollected"  # the mark: the last day on which people were told


@dataclass(frozen=True)
class Told:
    """How far a service was told: a mark that survives a restart."""

    after: int  # place in the trail up to which it was told
    slot: str = ""  # the hour or the day of the last digest
    upto: int | None = None  # place up to which it is about to be told; a stop came between


class Remind:
    """Owes digests and reminders when their time has come."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._looked_at: dict[str, int] = {}  # by service: place in the trail up to which nothing came

    async def pass_once(self) -> int:
        """Owe what is due; return how many notices that were."""
        services = self._policy.current.catalogue.services.values()
        owed = sum([await self._digest(service) for service in services if service.digest != "none"])
        owed += await self._uncollected()
        if owed:
            self._to_notify()
        return owed

    # What came

    async def _digest(self, service: Service) -> int:
        """Tell a service's officers what came since they were told."""
        end, slot = await self._ledger.trail_end(), self._slot(service.digest)
        told = _told_of(await self._ledger.mark(_mark_of(service)))
        if told is None:
            await self._put(service, Told(end, slot))  # from now on: what came before was no digest's
            return 0
        if told.upto is None:
            if (slot and slot == told.slot) or end == told.after:
                return 0
            if not await self._has_arrivals(service, told, end):
                if service.digest != "immediately":
                    await self._put(service, Told(end, slot))
                return 0
            told = Told(told.after, told.slot, end)
            await self._put(service, told)
        return await self._tell(service, told, slot)

    async def _has_arrivals(self, service: Service, told: Told, end: int) -> bool:
        """Return whether anything came; what was looked at in vain is not looked at again."""
        after = max(told.after, self._looked_at.get(service.code, 0))
        found = await self._ledger.arrivals(service=service.code, after=after, upto=end)
        if not found:
            self._looked_at[service.code] = end
        return bool(found)

    async def _tell(self, service: Service, told: Told, slot: str) -> int:
        upto = told.upto or told.after
        files = await self._ledger.arrivals(service=service.code, after=told.after, upto=upto)
        readers = self._directory.current.officers_of(service.code) if files else ()
        notices = [self._digest_to(reader, service, files, f"digest-{service.code}-{upto}") for reader in readers]
        await self._ledger.owe(notices)
        await self._put(service, Told(upto, slot))
        return len(notices)

    def _digest_to(self, reader: Account, service: Service, files: Sequence[FileRecord], id: str) -> Notice:
        at = self._clock.now()
        context = service_digest(
            files,
            code=service.code,
            reader=reader.forename,
            at=at,
            head=self._answer.letterhead(),
            directory=self._directory.current,
            catalogue=self._policy.current.catalogue,
        )
        return self._answer.unasked(f"{id}-{reader.username}".lower(), "service-digest", context, at=at, reader=reader)

    def _slot(self, digest: str) -> str:
        """Return the name of the time in which one digest is told; "" is a new one whenever something came."""
        local = self._clock.now().astimezone(self._policy.current.zone)
        if digest == "hourly":
            return f"{local:%Y-%m-%dT%H%z}"
        if digest == "daily":
            is_time = local.time() >= self._policy.current.reminders.at
            return f"{local.date() if is_time else local.date() - timedelta(days=1)}"
        return ""

    async def _put(self, service: Service, told: Told) -> None:
        await self._ledger.set_mark(_mark_of(service), json.dumps(vars(told)))

    # What nobody collected

    async def _uncollected(self) -> int:
        """Tell, once a working day, of what has waited long enough since then, or is about to be destroyed."""
        policy, now = self._policy.current, self._clock.now()
        today = policy.day_of(now)
        is_time = now.astimezone(policy.zone).time() >= policy.reminders.at
        if not is_time or not is_working_day(today, policy.reminders.holidays):
            return 0
        mark = await self._ledger.mark(_UNCOLLECTED)
        since = date.fromisoformat(mark) if mark else date.min
        if since >= today:
            return 0
        waiting = await self._ledger.files(FileQuery(status=(Status.SENT,), has_bytes=True))
        last = [f for f in waiting if since < self._warned_on(f) <= today]
        late = [f for f in waiting if f not in last and since < policy.late_on(f.status_at or f.sent_at) <= today]
        notices = [*self._reminders(late, today, is_last=False), *self._reminders(last, today, is_last=True)]
        await self._ledger.owe(notices, marks={_UNCOLLECTED: today.isoformat()})
        return len(notices)

    def _warned_on(self, file: FileRecord) -> date:
        policy = self._policy.current
        if not policy.reminders.warning_days or file.expires_at is None:
            return date.max
        day = policy.day_of(file.expires_at) - timedelta(days=policy.reminders.warning_days)
        return last_working_day(day, policy.reminders.holidays)

    def _reminders(self, files: Sequence[FileRecord], today: date, *, is_last: bool) -> list[Notice]:
        if not files:
            return []
        by_service = _by_service(files)
        id = f"uncollected-{today}-{'last' if is_last else 'late'}"
        notices = [
            self._reminder({code: found}, f"{id}-{code}-{reader.username}", is_last=is_last, reader=reader)
            for code, found in by_service.items()
            for reader in self._directory.current.officers_of(code)
        ]
        if self._policy.current.notices.administrator:
            notices.append(self._reminder(by_service, f"{id}-all", is_last=is_last, reader=None))
        return notices

    def _reminder(
        self, by_service: Mapping[str, Sequence[FileRecord]], id: str, *, is_last: bool, reader: Account | None
    ) -> Notice:
        policy, at = self._policy.current, self._clock.now()
        context = uncollected(
            by_service.items(),
            reader=reader.forename if reader else ADMINISTRATOR,
            is_administrator=reader is None,
            is_last=is_last,
            days=policy.reminders.warning_days if is_last else policy.reminders.uncollected_days,
            head=self._answer.letterhead(),
            directory=self._directory.current,
            catalogue=policy.catalogue,
        )
        return self._answer.unasked(id.lower(), "uncollected", context, at=at, reader=reader)


def _by_service(files: Sequence[FileRecord]) -> dict[str, list[FileRecord]]:
    found: dict[str, list[FileRecord]] = defaultdict(list)
    for file in sorted(files, key=lambda f: (f.service or "", f.id)):
        found[file.service or ""].append(file)
    return dict(found)


def _mark_of(service: Service) -> str:
    return f"digest {service.code}"


def _told_of(mark: str | None) -> Told | None:
    return Told(**json.loads(mark)) if mark else None
