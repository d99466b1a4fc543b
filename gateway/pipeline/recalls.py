"""Recalls: one that met a share which gives no answer is gone on with, until its copy is back or was collected.

Owns the remark by which such a file is known (*being recalled*), and its end. What was asked of a share that hangs may
happen yet and can't be called off, so the file is neither refused to its school for good nor delivered anew: it is
Recalled when every copy is in our hands, and Received when somebody was quicker. Its school is told which (Source:
SPEC 6; docs/decisions/0012).
"""

from dataclasses import replace

from gateway.core.admission import Refusal
from gateway.core.lifecycle import Event
from gateway.core.model import Drop, DropState, FileRecord, Status
from gateway.core.remarks import BEING_RECALLED, is_being_recalled, joined
from gateway.core.routing import TargetKind
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.transitions import Actor, Transitions
from gateway.pipeline.withdraw import CLAIM, UNANSWERED, Withdraw, kind_of
from gateway.ports import Clock, Ledger

_SENTENCE = (
    "The folder of {code} does not answer just now, so it is not recalled yet. It is taken back as soon as the folder "
    "answers, and the sender is told then; if {code} has collected it before, the sender is told that instead."
)
_CHANGED = Refusal("changed", "It was changed by somebody else in the same moment. Please look again.")


def is_pending(file: FileRecord) -> bool:
    """Return whether a file's school has recalled it, and a copy of it could not be reached yet."""
    return file.status is Status.SENT and is_being_recalled(file.remark)


class Recalls:
    """Keeps them, and ends them."""

    def __init__(
        self, *, ledger: Ledger, clock: Clock, directory: LiveDirectory, withdraw: Withdraw, transitions: Transitions
    ) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._clock = clock
        self._directory = directory
        self._withdraw = withdraw
        self._transitions = transitions

    async def ask(self, file: FileRecord, *, by: Actor) -> Refusal:
        """Write that a file is being recalled, its drops claimed for that; return what its school is told."""
        claimed = await self._withdraw.claim_all(file)
        if isinstance(claimed, Refusal):
            return claimed
        asked = replace(file, remark=joined(file.remark, BEING_RECALLED))
        if await self._transitions.make(file, asked, Event.ASK_BACK, by=by) is None:
            return _CHANGED  # the claims are due: the dropper sees what the file is now
        return answer_for(file)

    async def go_on(self, drop: Drop, file: FileRecord) -> None:
        """Take one drop back, and end the recall with the last. Raises Transient; safe to repeat at any point."""
        claimed = replace(drop, state=DropState.WITHDRAWING, due_at=self._clock.now() + CLAIM, error=None)
        if not await self._ledger.mark_drop(claimed, expected=drop.state):
            return
        if await self._withdraw.fetch(file, claimed) is not None:
            await self._end(file)

    async def hasten(self, file: FileRecord) -> Refusal:
        """Try it now, for who asks again."""
        for drop in await self._ledger.drops(file=file.id, state=DropState.WITHDRAWING):
            await self._ledger.mark_drop(replace(drop, due_at=self._clock.now()), expected=DropState.WITHDRAWING)
        return answer_for(file)

    async def _end(self, file: FileRecord) -> None:
        """Write that it is recalled, if nothing of it lies anywhere any more; else another drop ends it."""
        owed = [d for d in await self._ledger.drops(file=file.id) if d.state is not DropState.WITHDRAWN]
        if not all(_is_back(drop) for drop in owed):
            return
        by = await self._asker(file)
        recalled = replace(file, remark=f"recalled by {by.name}")
        withdraw = [drop.id for drop in owed]
        await self._transitions.make(file, recalled, Event.RECALL, by=by, withdraw=withdraw)

    async def _asker(self, file: FileRecord) -> Actor:
        """Return who recalled it, as the history says."""
        asked = [row for row in await self._ledger.history(file.id) if row.event == Event.ASK_BACK]
        username = asked[-1].actor if asked else "gateway"
        account = self._directory.current.account(username)
        return Actor.of(account) if account else Actor(username, username)


def answer_for(file: FileRecord) -> Refusal:
    """Return what somebody is told whose recall waits for a share."""
    return Refusal(UNANSWERED, _SENTENCE.format(code=file.service))


def _is_back(drop: Drop) -> bool:
    """Return whether a drop has no copy anywhere: one into an Inbox never has."""
    is_taken = drop.state is DropState.WITHDRAWING and drop.placed_as is None
    return is_taken or kind_of(drop) is TargetKind.PICKUP
