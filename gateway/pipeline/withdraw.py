"""Withdraw: taking the drops of a file back, before it is recalled or goes to another service.

Owns which drops can be taken back, and the claim on each (`withdrawing`, for a while) that keeps the dropper and the
look for collected files away meanwhile, in this process and in others. A decision that comes to nothing gives back what
it took; a stop in the middle leaves a claim that lapses, and the drop is owed again (Source: SPEC 6; docs/states.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway import log
from gateway.core.admission import Refusal
from gateway.core.lifecycle import Event
from gateway.core.model import Drop, DropState, FileRecord, Status
from gateway.core.remarks import without_delivered
from gateway.core.routing import TargetKind
from gateway.errors import Transient, Unanswered
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.transitions import Actor, Transitions
from gateway.ports import Clock, DropFolder, Ledger

CLAIM = timedelta(minutes=10)  # for which a decision may take; longer than any share is waited for
UNANSWERED = "unanswered"  # the refusal where a share hangs: what was begun may happen yet, so it is finished later
_LATER = frozenset({"busy", "away", UNANSWERED})  # refusals that leave a copy which may be taken back later
_LYING = frozenset({TargetKind.FOLDER})  # where a drop is bytes that we can take away
_BUSY = Refusal("busy", "It is just being delivered. Please try again in a moment.")
_AWAY = "The folder of {code} can't be reached just now, so nothing was changed. Please try again in a while."


@dataclass(frozen=True)
class Taken:
    """One drop that was taken back: as it was, and as it is claimed."""

    before: Drop
    claimed: Drop


class Withdraw:
    """Takes drops back, and gives them back."""

    def __init__(
        self, *, ledger: Ledger, folder: DropFolder, clock: Clock, policy: LivePolicy, transitions: Transitions
    ) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._folder = folder
        self._clock = clock
        self._policy = policy
        self._transitions = transitions

    async def take_back(self, file: FileRecord) -> list[Taken] | Refusal:
        """Take every drop back, or none: then say which one can't be."""
        taken: list[Taken] = []
        for drop in await self._owed(file):
            one = await self._take(file, drop)
            if isinstance(one, Refusal):
                await self.give_back(taken)
                return one
            taken.append(one)
        return taken

    async def take_what_can_be(self, file: FileRecord) -> tuple[list[Taken], list[str]]:
        """Take back what can be; return that, and the ids of drops that may lie in a folder yet.

        Those are in the dropper's hands, or can't be reached just now; what was collected or sent away is neither.
        """
        found = [(drop, await self._take(file, drop)) for drop in await self._owed(file)]
        left = [d.id for d, one in found if isinstance(one, Refusal) and one.code in _LATER and kind_of(d) in _LYING]
        return [one for _, one in found if isinstance(one, Taken)], left

    async def claim_all(self, file: FileRecord) -> list[Taken] | Refusal:
        """Claim every drop that has bytes somewhere, or none, and touch no copy yet.

        A drop that is claimed already is one that a share did not give an answer for.
        """
        taken: list[Taken] = []
        for drop in await self._owed(file):
            if kind_of(drop) is TargetKind.PICKUP:
                continue
            claimed = replace(drop, state=DropState.WITHDRAWING, due_at=self._clock.now())
            refusal = None if drop.state is DropState.WITHDRAWING else self._refusal(drop)
            if refusal is not None or not await self._ledger.mark_drop(claimed, expected=drop.state):
                await self._put_back(taken)
                return refusal or _BUSY
            taken.append(Taken(drop, claimed))
        return taken

    async def _put_back(self, taken: Sequence[Taken]) -> None:
        """Give up claims under which nothing was touched."""
        for one in taken:
            await self._ledger.mark_drop(one.before, expected=DropState.WITHDRAWING)

    async def is_taking_back(self, file: FileRecord) -> bool:
        """Return whether copies of a file that went another way may lie in a folder yet: now it would lie twice."""
        return any(d.state in (DropState.PLACING, DropState.WITHDRAWING) for d in await self._owed(file))

    async def give_back(self, taken: Sequence[Taken]) -> None:
        """Owe these drops again: the decision came to nothing."""
        now = self._clock.now()
        for one in taken:
            drop = one.before
            if drop.placed_as is not None:
                drop = replace(drop, state=DropState.DUE, due_at=now, placed_as=None, done_at=None)
            await self._ledger.mark_drop(drop, expected=DropState.WITHDRAWING)

    async def note_collected(self, drop: Drop, file: FileRecord) -> bool:
        """Write that a drop is gone from its folder: Received by its service, if nobody took the file before (SPEC 6).

        False when the drop is in other hands by now. A stop between the two marks is found by the next look, which
        sees a drop that is done and has no name.
        """
        nameless = replace(drop, placed_as=None)
        if drop.placed_as is not None and not await self._ledger.mark_drop(nameless, expected=DropState.DONE):
            return False
        if file.status is not Status.SENT:
            return True
        return await self._receive(file, self._collector_of(drop))

    async def _receive(self, file: FileRecord, by: Actor) -> bool:
        received = replace(
            file,
            received_by=by.name,
            received_at=self._clock.now(),
            remark=without_delivered(file.remark),
        )
        why = "gone from the folder"
        return await self._transitions.make(file, received, Event.RECEIVE, by=by, why=why) is not None

    def folder_of(self, drop: Drop) -> str:
        """Return the folder of a drop into one."""
        return self._policy.current.catalogue.folder(drop.service, drop.target) or ""

    def _collector_of(self, drop: Drop) -> Actor:
        """Return who received what is gone from a folder: nobody by name."""
        service = self._policy.current.catalogue.get(drop.service)
        by = f"{service.name if service else drop.service} (folder)"
        return Actor(by, by)

    async def _owed(self, file: FileRecord) -> list[Drop]:
        return [d for d in await self._ledger.drops(file=file.id) if d.state is not DropState.WITHDRAWN]

    async def _take(self, file: FileRecord, drop: Drop) -> Taken | Refusal:
        refusal = self._refusal(drop)
        if refusal is not None:
            return refusal
        if kind_of(drop) is TargetKind.PICKUP:
            return Taken(drop, drop)  # no bytes of its own: the change of the file is all
        claimed = replace(drop, state=DropState.WITHDRAWING, due_at=self._clock.now() + CLAIM)
        if not await self._ledger.mark_drop(claimed, expected=drop.state):
            return _BUSY
        if kind_of(drop) is TargetKind.FOLDER and drop.placed_as is not None:
            return await self._take_from_folder(file, claimed, drop)
        return Taken(drop, claimed)

    def _refusal(self, drop: Drop) -> Refusal | None:
        """Return why a drop can't be taken back as it stands."""
        if drop.state is DropState.WITHDRAWING:
            return _BUSY
        is_under_way = drop.state is DropState.PLACING
        if is_under_way and (drop.due_at is None or drop.due_at <= self._clock.now()):
            return _BUSY  # the dropper has it in hand, or is about to
        if kind_of(drop).can_withdraw or drop.state in (DropState.DUE, DropState.GIVEN_UP):
            return None
        how = "may have been" if is_under_way else "was"
        return Refusal("delivered", f"It {how} delivered to {drop.service} and can't be taken back from there.")

    async def _take_from_folder(self, file: FileRecord, claimed: Drop, before: Drop) -> Taken | Refusal:
        try:
            fetched = await self.fetch(file, claimed)
        except Transient as away:
            if not isinstance(away, Unanswered):  # else it may be taken yet: the claim lapses, and it is looked for
                await self._ledger.mark_drop(before, expected=DropState.WITHDRAWING)
            log.transient(stage="withdraw", why=str(away))  # with the path, which is nothing for a school
            code = UNANSWERED if isinstance(away, Unanswered) else "away"
            return Refusal(code, _AWAY.format(code=claimed.service))
        if fetched is not None:
            return Taken(before, fetched)
        return Refusal(
            "collected", f"It was collected by {self._collector_of(claimed).name}, so it can't be taken back."
        )

    async def fetch(self, file: FileRecord, claimed: Drop) -> Drop | None:
        """Take the copy of a claimed drop out of its folder; return the drop as it is then. Raises Transient.

        None when it was collected, and the file is Received. Whatever ends this halfway, a repeat finds where it was:
        the copy under its temporary name, then the row without a name.
        """
        if kind_of(claimed) not in _LYING:
            return claimed
        fetched = replace(claimed, placed_as=None)
        if claimed.placed_as is not None:
            is_back = await self._folder.take(
                self.folder_of(claimed),
                id=claimed.id,
                name=claimed.placed_as,
                size=file.size or 0,
                sha256=file.sha256,
            )
            if not is_back:
                await self._was_collected(claimed, file)
                return None
            await self._ledger.mark_drop(fetched, expected=DropState.WITHDRAWING)
        await self._forget_bytes(claimed)
        return fetched

    async def _forget_bytes(self, drop: Drop) -> None:
        """Remove what lies under the temporary name; a share that is away is swept when it is back."""
        try:
            await self._folder.sweep(self.folder_of(drop), ids=[drop.id])
        except Transient as away:
            log.transient(stage="withdraw", why=str(away))

    async def _was_collected(self, drop: Drop, file: FileRecord) -> None:
        """Write that a copy is gone, or was changed by its reader: it was delivered, and it was collected."""
        gone = replace(drop, state=DropState.DONE, done_at=drop.done_at or self._clock.now())
        await self._ledger.mark_drop(gone, expected=DropState.WITHDRAWING)
        await self.note_collected(gone, await self._ledger.file(file.id) or file)

    async def let_lie(self, file: FileRecord, drop: Drop) -> bool:
        """Leave a copy where it is whose decision came to nothing; False when it must be made anew. Raises Transient.

        Who can see it there must not get it a second time; what was taken meanwhile was received.
        """
        if drop.placed_as is None or kind_of(drop) not in _LYING:
            return False
        if await self._folder.holds(self.folder_of(drop), name=drop.placed_as):
            # Placed is placed: the dropper finds it under its name, if the claim came before its mark.
            state = DropState.DONE if drop.done_at else DropState.PLACING
            await self._ledger.mark_drop(replace(drop, state=state, error=None), expected=DropState.WITHDRAWING)
            return True
        return await self.fetch(file, drop) is None


def kind_of(drop: Drop) -> TargetKind:
    """Return what kind of place a drop is for; its name says it, also when the table no longer does."""
    return TargetKind(drop.target.partition(":")[0])
