"""Drop: the delivery of a file into the place where its service reads it.

Owns the lanes, one a target, so that none waits for another; the mark, the retries, and what follows from a delivery.
How a drop is made is `ways` (Source: SPEC 6; DESIGN 3, step 8).
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway import log
from gateway.core.lifecycle import Event
from gateway.core.model import Drop, DropState, FileRecord, Status
from gateway.core.remarks import without_delivered
from gateway.core.retry import next_attempt
from gateway.core.routing import Receive, Service, Target, TargetKind
from gateway.errors import GatewayError, Permanent
from gateway.pipeline.answer import Answer
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.recalls import Recalls, is_pending
from gateway.pipeline.transitions import Actor, Transitions
from gateway.pipeline.ways import Made, Way
from gateway.pipeline.withdraw import Withdraw
from gateway.ports import Clock, Ledger, Wake

BATCH = 64
PATIENCE = 1.0  # seconds for which a pass waits for a slow target; its lane goes on beside the next passes
_GONE = (Status.REJECTED, Status.RECALLED)  # of such a file nothing may lie anywhere
Owed = tuple[Drop, FileRecord]


@dataclass
class Lane:
    """The drops of one target, made one after the other; a share that hangs holds up its own lane and no other."""

    waiting: deque[Owed] = field(default_factory=deque)
    work: asyncio.Task[None] | None = None


class Dropper:
    """Makes the drops that are due; each target in its own order, none waiting for another."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        policy: LivePolicy,
        ways: Mapping[TargetKind, Way],
        transitions: Transitions,
        answer: Answer,
        to_notify: Wake,
        withdraw: Withdraw,
        recalls: Recalls,
    ) -> None:
        """Take the parts; a way for each kind of target."""
        self._ledger = ledger
        self._clock = clock
        self._policy = policy
        self._ways = ways
        self._transitions = transitions
        self._answer = answer
        self._to_notify = to_notify
        self._withdraw = withdraw
        self._recalls = recalls
        self._lanes: dict[str, Lane] = {}
        self._under_way: set[str] = set()  # ids of drops in a lane

    async def pass_once(self) -> int:
        """Make what is due; return how many were begun. Two passes at once make no drop twice."""
        due = await self._ledger.due_drops(self._clock.now(), BATCH + len(self._under_way))
        fresh = [(drop, file) for drop, file in due if drop.id not in self._under_way]
        targets = {_lane_of(drop) for drop, _ in fresh}
        for drop, file in fresh:
            self._under_way.add(drop.id)
            self._lanes.setdefault(_lane_of(drop), Lane()).waiting.append((drop, file))
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
            if file.status in _GONE:
                await self._take_away(drop, file)
                return
            if is_pending(file) and drop.state in (DropState.WITHDRAWING, DropState.DUE):
                await self._recalls.go_on(drop, file)
                return
            if drop.state is DropState.WITHDRAWING:
                await self._owe_again(drop, file)
                return
            made = await self._make(drop, file)
            if made is not None:
                await self._finish(made, file)
        except GatewayError as trouble:
            await self._put_off(await self._as_it_is(drop), file, trouble)

    async def _make(self, drop: Drop, file: FileRecord) -> Made | None:
        target = self._target_of(drop)
        if target is None:
            raise Permanent(f"{drop.service} has no target {drop.target} any more; re-route the file or restore it.")
        return await self._ways[target.kind].make(drop, file, target)

    def _target_of(self, drop: Drop) -> Target | None:
        return self._policy.current.catalogue.target(drop.service, drop.target)

    async def _as_it_is(self, drop: Drop) -> Drop:
        """Return the drop as it stands in the ledger: its way may have marked a step before it failed."""
        known = await self._ledger.drops(file=drop.file)
        return next((d for d in known if d.id == drop.id), drop)

    async def _owe_again(self, drop: Drop, file: FileRecord) -> None:
        """Take up a drop that a decision claimed and did not end: what lies there stays, what does not is made anew."""
        if await self._withdraw.let_lie(file, drop):
            return
        target = self._target_of(drop)
        # Without a name in the row its bytes may lie there yet, under the temporary one.
        if target is not None and (drop.placed_as is not None or target.kind is TargetKind.FOLDER):
            await self._ways[target.kind].undo(drop, file, target)
        due = replace(drop, state=DropState.DUE, placed_as=None, done_at=None)
        await self._ledger.mark_drop(due, expected=DropState.WITHDRAWING)

    async def _take_away(self, drop: Drop, file: FileRecord) -> None:
        """Take back what may lie there of a file that was rejected or recalled meanwhile; safe to repeat."""
        folder = self._policy.current.catalogue.folder(drop.service, drop.target)
        target = self._target_of(drop) or (Target(TargetKind.FOLDER, path=folder) if folder else None)
        if target is not None:
            await self._ways[target.kind].undo(drop, file, target)
        await self._ledger.mark_drop(replace(drop, state=DropState.WITHDRAWN, error=None), expected=drop.state)

    async def _finish(self, made: Made, file: FileRecord) -> None:
        drop, now = made.drop, self._clock.now()
        done = replace(drop, state=DropState.DONE, done_at=now, error=None, attempts=drop.attempts + 1)
        if not await self._ledger.mark_drop(done, expected=drop.state, notices=made.notices):
            target = self._target_of(drop)
            if target is not None:
                await self._ways[target.kind].undo(drop, file, target)
            return
        log.dropped(file=drop.file, target=drop.target, attempts=done.attempts)
        await self._follow(done, made)

    async def _follow(self, drop: Drop, made: Made) -> None:
        """Do what follows from a delivery, for the file as it is now."""
        file = await self._ledger.file(drop.file)
        if file is None:
            return
        service = self._policy.current.catalogue.get(drop.service)
        if service is not None and service.receive is Receive.ON_DELIVERY and made.is_handed_over:
            await self._receive(file, service)

    async def _receive(self, file: FileRecord, service: Service) -> None:
        """A machine reads there: its delivery is its receipt."""
        if file.status is not Status.SENT:
            return
        by = Actor(f"{service.name} (delivery)", f"{service.name} (delivery)")
        remark = without_delivered(file.remark)
        received = replace(file, received_by=by.name, received_at=self._clock.now(), remark=remark)
        await self._transitions.make(file, received, Event.RECEIVE, by=by, why="on delivery")

    async def _put_off(self, drop: Drop, file: FileRecord, trouble: GatewayError) -> None:
        now = self._clock.now()
        failed = replace(drop, attempts=drop.attempts + 1, error=str(trouble))
        again = next_attempt(
            self._policy.current.drop_retry,
            attempts=failed.attempts,
            first_due_at=drop.first_due_at or now,
            now=now,
            jitter=random.random(),  # noqa: S311  # spreads load, guards nothing
        )
        if file.status in _GONE or is_pending(file):  # a copy of it is never left to itself; purge looks for it too
            again = again or now + timedelta(seconds=self._policy.current.drop_retry.longest)
        elif again is None or isinstance(trouble, Permanent):
            await self._give_up(replace(failed, state=DropState.GIVEN_UP), file, expected=drop.state)
            return
        log.drop_put_off(file=drop.file, target=drop.target, why=str(trouble))
        await self._ledger.mark_drop(replace(failed, due_at=again), expected=drop.state)

    async def _give_up(self, drop: Drop, file: FileRecord, *, expected: DropState) -> None:
        """Hand a drop to a person, and owe the alert; neither where it was withdrawn meanwhile."""
        log.given_up(what="drop", id=drop.id, why=drop.error or "")
        alert = self._answer.to_undeliverable(drop, file, at=self._clock.now())
        await self._ledger.mark_drop(drop, expected=expected, notices=alert)
        self._to_notify()


def _lane_of(drop: Drop) -> str:
    return f"{drop.service} {drop.target}"
