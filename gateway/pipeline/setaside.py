"""Set aside: the administrator is told of what lies in `failed/`, and what a person decides about it is done.

Owns one alert for each time that a submission is set aside, over restarts: what is about to be told is written down
before it is owed, and what is owed has an id of that mark. At most one alert an hour, with all that came meanwhile: a
thousand failures are not a thousand mails (Source: DESIGN 4; SPEC 11).
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from gateway.core.admission import Refusal
from gateway.core.setaside import SetAside, alert, told_why
from gateway.errors import NotThere, Permanent
from gateway.pipeline.answer import ADMINISTRATOR
from gateway.pipeline.telling import Telling
from gateway.ports import Spool

MARK = "set-aside"
BETWEEN = timedelta(hours=1)  # alerts, at the least
_GONE = "There is nothing of the id {id} in failed/. `gateway admin failed list` shows the ids."


@dataclass(frozen=True)
class Told:
    """What was told: a mark that survives a restart."""

    since: Mapping[str, str] = field(default_factory=dict)  # of what lies there and was told: when it was seen first
    about: tuple[str, ...] = ()  # what is about to be told; a stop came between
    at: str = ""  # of the last alert


class SetAsides:
    """Tells of them, and does what is decided."""

    def __init__(self, telling: Telling, spool: Spool) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._spool = spool
        self._marking = asyncio.Lock()  # ingest and the worker read and write the mark

    async def begin(self, id: str) -> None:
        """Note that this is about to be set aside: told anew, though it was once before. Safe to repeat."""
        async with self._marking:
            told = await self._told()
            if id in told.since:
                await self._put(replace(told, since={k: v for k, v in told.since.items() if k != id}))

    async def pass_once(self) -> int:
        """Owe the alert about what was not told yet; return how many notices that were."""
        async with self._marking:
            lying, told = await self._spool.failed(), await self._told()
            if not told.about:
                told = await self._look(lying, told)
            if not told.about:
                return 0
            owed = await self._tell(told)
            seen = {id: told.since.get(id, told.at) for id in (*told.since, *told.about)}
            await self._put(Told(seen, (), told.at))
        if owed:
            self._to_notify()
        return owed

    async def all(self) -> list[SetAside]:
        """Return everything that lies there, oldest first."""
        told = await self._told()
        return [await self._read(id, told) for id in await self._spool.failed()]

    async def find(self, id: str) -> SetAside | Refusal:
        """Return one of them."""
        if id not in await self._spool.failed():
            return Refusal("not-there", _GONE.format(id=id))
        return await self._read(id, await self._told())

    async def words(self, id: str) -> str:
        """Return all that was written down about why, for who may read it on this host."""
        return await self._spool.why(id)

    async def retry(self, id: str, *, actor: str) -> SetAside | Refusal:
        """Put it back on the to-do list; the trail says who did."""
        found = await self.find(id)
        if isinstance(found, SetAside):
            await self._note(found, "retry-set-aside", actor=actor)
            await self._spool.retry_failed(id)
        return found

    async def delete(self, id: str, *, reason: str, requested_by: str, actor: str) -> SetAside | Refusal:
        """Destroy its bytes, on request: in the trail first, since bytes that went without a word are worse."""
        found = await self.find(id)
        if isinstance(found, SetAside):
            await self._note(found, "delete-set-aside", actor=actor, reason=reason, requested_by=requested_by)
            await self._spool.drop_failed(id)
        return found

    # Steps

    async def _look(self, lying: Sequence[str], told: Told) -> Told:
        """Return what is to be told now; what lies there no more is forgotten."""
        now, known = self._clock.now(), {id: at for id, at in told.since.items() if id in lying}
        fresh = tuple(id for id in lying if id not in known)
        is_soon = bool(told.at) and now < datetime.fromisoformat(told.at) + BETWEEN
        about = () if is_soon or not self._policy.current.notices.administrator else fresh
        found = Told(known, about, now.isoformat() if about else told.at)
        if found != told:
            await self._put(found)
        return found

    async def _tell(self, told: Told) -> int:
        found = [await self._read(id, told) for id in told.about]
        policy, at = self._policy.current, datetime.fromisoformat(told.at)
        context = alert(
            [replace(one, since=one.since or at) for one in found],
            days=policy.terms.days,
            hours=policy.unfinished_hours,
            reader=ADMINISTRATOR,
            head=self._answer.letterhead(),
            directory=self._directory.current,
        )
        id = f"set-aside-{at:%Y%m%d%H%M%S%f}"
        await self._ledger.owe([self._answer.unasked(id, "set-aside", context, at=at)])
        return 1

    async def _read(self, id: str, told: Told) -> SetAside:
        why, is_bug = told_why(await self._spool.why(id))
        try:
            envelope = await self._spool.failed_envelope(id)
        except (NotThere, Permanent):  # damaged, or taken away in this moment
            envelope = None
        since = told.since.get(id)
        return SetAside(id, why, is_bug, envelope, datetime.fromisoformat(since) if since else None)

    async def _note(self, one: SetAside, action: str, *, actor: str, **words: str) -> None:
        await self._ledger.note(at=self._clock.now(), actor=actor, action=action, subject=one.id, detail=words)

    async def _told(self) -> Told:
        mark = await self._ledger.mark(MARK)
        if not mark:
            return Told()
        found = json.loads(mark)
        return Told(found["since"], tuple(found["about"]), found["at"])

    async def _put(self, told: Told) -> None:
        await self._ledger.set_mark(MARK, json.dumps(asdict(told)))
