"""Transitions: every change of a file's status, written in one place.

Owns the compare-and-set, the one row of history, the notices that are owed from the same transaction, and who hears of
it. What may happen is `core.lifecycle`; what a file becomes is its caller's (Source: SPEC 6).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gateway.core.lifecycle import Event, step
from gateway.core.model import Change, Drop, FileRecord, History
from gateway.core.register import Account
from gateway.pipeline.answer import Answer
from gateway.ports import Clock, Ledger, Wake

Listener = Callable[[FileRecord, FileRecord], None]  # hears of a change: the file before, the file after


@dataclass(frozen=True)
class Actor:
    """Who decides: a person with an account, or an administrator by name."""

    username: str
    name: str  # as people read it
    account: Account | None = None  # None for an administrator, who may decide for anybody

    @classmethod
    def of(cls, account: Account) -> "Actor":
        """Return the actor that an account is."""
        return cls(account.username, account.full_name, account)


class Transitions:
    """Writes them."""

    def __init__(self, *, ledger: Ledger, clock: Clock, answer: Answer, to_drop: Wake, to_notify: Wake) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._clock = clock
        self._answer = answer
        self._to_drop = to_drop
        self._to_notify = to_notify
        self._listeners: list[Listener] = []

    def watch(self, listener: Listener) -> None:
        """Call this after each change that this process makes; it must not raise."""
        self._listeners.append(listener)

    async def make(
        self,
        before: FileRecord,
        after: FileRecord,
        event: Event,
        *,
        by: Actor,
        why: str = "",
        drops: Sequence[Drop] = (),
        withdraw: Sequence[str] = (),
        reclaim: Sequence[str] = (),
    ) -> FileRecord | None:
        """Write `after` with the status that the event leads to; None, and nothing written, if it isn't as before."""
        taken = step(before.status, event)
        if taken is None:
            return None
        now = self._clock.now()
        after = replace(after, status=taken.target, status_at=now)
        change = Change(
            after,
            expected=before.status,
            seen=before,
            history=History(after.id, now, by.username, event, after.status, why),
            drops=tuple(drops),
            withdraw=tuple(withdraw),
            reclaim=tuple(reclaim),
            notices=self._answer.to_change(before, after, event, by=by.name, at=now, id=self._clock.new_id()),
        )
        if not await self._ledger.apply(change):
            return None
        self._to_drop()
        self._to_notify()
        for listener in self._listeners:
            listener(before, after)
        return after
