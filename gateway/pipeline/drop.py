"""Drop: the delivery of a file into the place where its service reads it.

Owns lease, do, mark for each target kind, the retries, and what a repeat after a crash finds: a drop that was about to
be renamed and whose temporary name is gone was placed, and perhaps collected (Source: SPEC 6; DESIGN 3, step 8).
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway import log
from gateway.core.lifecycle import Event
from gateway.core.model import Change, Drop, DropState, FileRecord, History, Status
from gateway.core.retry import next_attempt
from gateway.core.routing import Receive, Service, Target, TargetKind
from gateway.errors import GatewayError, Permanent
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Archive, Clock, DropFolder, Ledger

BATCH = 64
Way = Callable[[Drop, FileRecord, Target], Awaitable[Drop]]


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

    async def pass_once(self) -> int:
        """Make what is due; return how many were tried."""
        due = await self._ledger.due_drops(self._clock.now(), BATCH)
        queues: dict[str, list[tuple[Drop, FileRecord]]] = defaultdict(list)
        for drop, file in due:
            queues[drop.target].append((drop, file))
        async with asyncio.TaskGroup() as group:
            for queue in queues.values():
                group.create_task(self._work_off(queue))
        return len(due)

    async def _work_off(self, queue: list[tuple[Drop, FileRecord]]) -> None:
        for drop, file in queue:
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
            name = await self._folder.choose_name(target.path, name=file.name, id=file.id)
            placing = replace(drop, state=DropState.PLACING, placed_as=name)
            # Marked before the rename: whoever finds the temporary name gone after a crash knows that it was placed.
            if not await self._ledger.mark_drop(placing, expected=DropState.DUE):
                await self._folder.withdraw(target.path, id=drop.id, name="", size=file.size)
                return drop
            drop = placing
        await self._folder.place(target.path, id=drop.id, name=drop.placed_as or file.name)
        if target.sidecar:
            await self._folder.write_sidecar(target.path, name=drop.placed_as or file.name, facts=_facts(file))
        return drop

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
