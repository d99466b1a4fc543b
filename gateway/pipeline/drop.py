"""Drop: the delivery of a file into the place where its service reads it.

Owns lease, do, mark for each target kind, the retries, and what a repeat after a crash finds: a drop that was about to
be renamed and whose temporary name is gone was placed, and perhaps collected (Source: SPEC 6; DESIGN 3, step 8).
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from gateway import log
from gateway.core.lifecycle import Event
from gateway.core.model import Change, Drop, DropState, FileRecord, History, Status
from gateway.core.retry import next_attempt
from gateway.core.routing import Receive, Service, Target, TargetKind
from gateway.errors import GatewayError, NameTaken, Permanent
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Archive, Clock, DropFolder, Ledger

BATCH = 64
PATIENCE = 1.0  # seconds for which a pass waits for a slow target; its lane goes on beside the next passes
Owed = tuple[Drop, FileRecord]
Way = Callable[[Drop, FileRecord, Target], Awaitable[Drop]]


@dataclass
class Lane:
    """The drops of one target, made one after the other; a share that hangs holds up its own lane and no other."""

    waiting: deque[Owed] = field(default_factory=deque)
    work: asyncio.Task[None] | None = None


class Dropper:
    """Makes the drops that are due; each target in its own order, none waiting for another."""

    def __init__(
        self, *, ledger: Ledger, archive: Archive, folder: DropFolder, clock: Clock, policy: LivePolicy
    ) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._archive = archive
        self._folder = folder
        self._clock = clock
        self._policy = policy
        self._ways: dict[TargetKind, Way] = {TargetKind.PICKUP: self._show, TargetKind.FOLDER: self._place}
        self._lanes: dict[str, Lane] = {}
        self._under_way: set[str] = set()  # ids of drops in a lane

    async def pass_once(self) -> int:
        """Make what is due; return how many were begun. Two passes at once make no drop twice."""
        due = await self._ledger.due_drops(self._clock.now(), BATCH + len(self._under_way))
        fresh = [(drop, file) for drop, file in due if drop.id not in self._under_way]
        targets = {drop.target for drop, _ in fresh}
        for drop, file in fresh:
            self._under_way.add(drop.id)
            self._lanes.setdefault(drop.target, Lane()).waiting.append((drop, file))
        await self._run(targets)
        return len(fresh)

    async def close(self) -> None:
        """Stop the lanes; a drop that is cut off is found due, or placing, at the next start."""
        for task in [lane.work for lane in self._lanes.values() if lane.work is not None]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    async def _run(self, targets: Iterable[str]) -> None:
        """Start the lanes of these targets, and wait for them as long as they are not slow. Raises what they raised."""
        tasks = {self._start(target) for target in targets}
        patience = asyncio.ensure_future(self._clock.sleep(PATIENCE))
        pending: set[asyncio.Future[None]] = {*tasks}
        try:
            while pending and not patience.done():
                done, _ = await asyncio.wait({*pending, patience}, return_when=asyncio.FIRST_COMPLETED)
                pending -= done
        finally:
            patience.cancel()
        faults = [fault for task in tasks - pending if (fault := task.exception()) is not None]
        if faults:
            raise BaseExceptionGroup("drops", faults)

    def _start(self, target: str) -> asyncio.Task[None]:
        lane = self._lanes[target]
        if lane.work is None or lane.work.done():
            lane.work = asyncio.create_task(self._work_off(lane.waiting))
        return lane.work

    async def _work_off(self, queue: deque[Owed]) -> None:
        try:
            while queue:
                await self._work_on(*queue[0])
                self._under_way.discard(queue.popleft()[0].id)
        finally:  # what a fault left is found due by the next pass
            self._under_way.difference_update(drop.id for drop, _ in queue)
            queue.clear()

    async def _work_on(self, drop: Drop, file: FileRecord) -> None:
        try:
            done = await self._make(drop, file)
        except GatewayError as trouble:
            await self._put_off(drop, trouble)
        else:
            await self._finish(done, file)

    async def _make(self, drop: Drop, file: FileRecord) -> Drop:
        service = self._policy.current.catalogue.get(drop.service)
        target = next((t for t in service.targets if t.name == drop.target), None) if service else None
        if target is None:
            raise Permanent(f"{drop.service} has no target {drop.target} any more; re-route the file or restore it.")
        way = self._ways.get(target.kind)
        if way is None:
            raise Permanent(f"Targets of kind {target.kind} are not served by this version.")
        return await way(drop, file, target)

    async def _show(self, drop: Drop, _file: FileRecord, _target: Target) -> Drop:
        """An Inbox is a view of the record: nothing to carry."""
        return drop

    async def _place(self, drop: Drop, file: FileRecord, target: Target) -> Drop:
        if file.place is None or file.size is None:
            raise Permanent("The file's bytes are not held any more.")
        if drop.state is DropState.DUE:
            await self._folder.prepare(target.path, id=drop.id, source=self._archive.path(file.place), size=file.size)
            placing = await self._claim(drop, file, target)
            if placing is None:
                await self._folder.withdraw(target.path, id=drop.id, name="", size=file.size)
                return drop
            drop = placing
        try:
            await self._folder.place(target.path, id=drop.id, name=drop.placed_as or file.name)
        except NameTaken:
            drop = await self._claim(drop, file, target) or drop
            await self._folder.place(target.path, id=drop.id, name=drop.placed_as or file.name)
        if target.sidecar:
            await self._folder.write_sidecar(target.path, name=drop.placed_as or file.name, facts=_facts(file))
        return drop

    async def _claim(self, drop: Drop, file: FileRecord, target: Target) -> Drop | None:
        """Choose a free name and write it down; None when the drop is not owed any more.

        Before the rename: whoever finds the temporary name gone after a crash knows that it was placed.
        """
        name = await self._folder.choose_name(target.path, name=file.name, id=file.id)
        placing = replace(drop, state=DropState.PLACING, placed_as=name)
        return placing if await self._ledger.mark_drop(placing, expected=drop.state) else None

    async def _finish(self, drop: Drop, file: FileRecord) -> None:
        now = self._clock.now()
        done = replace(drop, state=DropState.DONE, done_at=now, error=None, attempts=drop.attempts + 1)
        if not await self._ledger.mark_drop(done, expected=drop.state):
            return
        log.dropped(file=drop.file, target=drop.target, attempts=done.attempts)
        service = self._policy.current.catalogue.get(drop.service)
        if service is not None and service.receive is Receive.ON_DELIVERY:
            await self._receive(file, service)

    async def _receive(self, file: FileRecord, service: Service) -> None:
        """A machine reads there: its delivery is its receipt."""
        current = await self._ledger.file(file.id)
        if current is None or current.status is not Status.SENT:
            return
        now, by = self._clock.now(), f"{service.name} (delivery)"
        received = replace(current, status=Status.RECEIVED, received_by=by, received_at=now, status_at=now)
        past = History(file.id, now, by, Event.RECEIVE, Status.RECEIVED, "on delivery")
        await self._ledger.apply(Change(received, expected=Status.SENT, history=past))

    async def _put_off(self, drop: Drop, trouble: GatewayError) -> None:
        now = self._clock.now()
        failed = replace(drop, attempts=drop.attempts + 1, error=str(trouble))
        again = next_attempt(
            self._policy.current.drop_retry,
            attempts=failed.attempts,
            first_due_at=drop.first_due_at or now,
            now=now,
            jitter=random.random(),  # noqa: S311  # spreads load, guards nothing
        )
        if again is None or isinstance(trouble, Permanent):
            log.given_up(what="drop", id=drop.id, why=str(trouble))
            await self._ledger.mark_drop(replace(failed, state=DropState.GIVEN_UP), expected=drop.state)
            return
        log.drop_put_off(file=drop.file, target=drop.target, why=str(trouble))
        await self._ledger.mark_drop(replace(failed, due_at=again), expected=drop.state)


def _facts(file: FileRecord) -> dict[str, object]:
    """Return what a service's program may read beside a drop."""
    return {
        "id": file.id,
        "name": file.name,
        "school": file.school,
        "service": file.service,
        "sent_by": file.sent_by,
        "sent_at": file.sent_at.isoformat(),
        "size": file.size,
        "sha256": file.sha256,
        "comment": file.comment,
        "tags": list(file.tags),
    }
