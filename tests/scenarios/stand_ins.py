"""The world around a house in a scenario: a relay that records, and a ledger that dies with its process.

A process dies as a whole: what kills the ledger kills the disk, and the other way round.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from gateway.core.mail import Mail, Posted
from gateway.ports import Ledger
from tests.fakes import Died, DyingDisk

TAKEN = Posted("sent")


@dataclass
class RecordingCourier:
    """The relay: takes everything, or answers as it is told; remembers what it took."""

    answer: Posted | Callable[[Mail], Posted] = TAKEN
    taken: list[Mail] = field(default_factory=list)
    tried: int = 0
    gate: asyncio.Event | None = None  # not set: the relay is silent until then

    async def send(self, mails: Sequence[Mail]) -> list[Posted]:
        """Answer one by one."""
        posted = []
        for mail in mails:
            if self.gate is not None:
                await self.gate.wait()
            self.tried += 1
            said = self.answer(mail) if callable(self.answer) else self.answer
            if said.outcome == "sent":
                self.taken.append(mail)
            posted.append(said)
        return posted

    def to(self, address: str) -> list[Mail]:
        """Return what went to an address."""
        return [mail for mail in self.taken if mail.to == address]


CHANGES = frozenset(
    {
        "record", "apply", "mark_drop", "owe", "mark_notice", "mark_destroying", "mark_destroyed", "put_unfinished",
        "drop_unfinished", "note_login", "note", "set_mark", "apply_to_document", "note_reading",
        "mark_documents_destroying", "mark_document_destroyed", "rename_target",
        "add_account", "put_account", "amend_account", "rehash",
        "put_policy", "suspend", "reinstate", "revoke", "open_incident", "close_incident", "start_review",
        "put_letters", "count_wrong_code", "ask_address", "put_address_change", "move_address", "note_key_use",
    }
)  # fmt: skip


class DyingLedger:
    """The real ledger, until its process dies before or after its nth change; from then on nothing works.

    What was committed stays: that is SQLite's promise, and its own tests'.
    """

    def __init__(self, inner: Ledger, disk: DyingDisk, *, dies_at: int | None = None, after: bool = False) -> None:
        """Take the number of changes that still happen, and whether the last one is still committed."""
        self._inner = inner
        self._disk = disk
        self._dies_at = dies_at
        self._after = after
        self.changes: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """Return a method of the ledger that knows of the death."""
        method = getattr(self._inner, name)

        async def guarded(*args: Any, **named: Any) -> Any:
            if self._disk.is_dead:
                raise Died
            if name not in CHANGES:
                return await method(*args, **named)
            return await self._change(name, lambda: method(*args, **named))

        return guarded

    async def _change(self, name: str, work: Callable[[], Any]) -> Any:
        is_last = len(self.changes) == self._dies_at
        self.changes.append(name)
        if is_last and not self._after:
            self._end()
        answer = await work()
        if is_last:
            self._end()
        return answer

    def _end(self) -> None:
        self._disk.die()
        raise Died


class StubbornLedger:
    """The real ledger, one of whose methods fails so many times."""

    def __init__(self, inner: Ledger, method: str, fault: Exception, *, times: int) -> None:
        """Take the method, and what it raises."""
        self._inner = inner
        self._method = method
        self._fault = fault
        self.left = times

    def __getattr__(self, name: str) -> Any:
        """Return a method of the ledger, or one that fails."""
        method = getattr(self._inner, name)
        if name != self._method:
            return method

        async def failing(*args: Any, **named: Any) -> Any:
            if self.left:
                self.left -= 1
                raise self._fault
            return await method(*args, **named)

        return failing


class Turnstile:
    """The real ledger, at which two can be made to meet by hand: one stops before its nth call, the other goes through.

    Who calls is known by the task, and by the tasks that it starts.
    """

    def __init__(self, inner: Ledger) -> None:
        """Take the ledger; nobody stops yet."""
        self._inner = inner
        self._left: ContextVar[list[int] | None] = ContextVar("left", default=None)
        self._reached = asyncio.Event()
        self._go_on = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        """Return a method of the ledger before which somebody may have to stop."""
        method = getattr(self._inner, name)

        async def passing(*args: Any, **named: Any) -> Any:
            left = self._left.get()
            if left is not None:
                left[0] -= 1
                if left[0] == -1:
                    self._reached.set()
                    await self._go_on.wait()
            return await method(*args, **named)

        return passing

    async def meet(
        self, first: Awaitable[Any], other: Callable[[], Awaitable[Any]], *, at: int
    ) -> tuple[Any, Any, bool]:
        """Let the first go up to its nth call, then the other all the way, then the first on.

        Return what both answered, and whether the first came so far.
        """
        self._reached, self._go_on = asyncio.Event(), asyncio.Event()

        async def go() -> Any:
            self._left.set([at])
            return await first

        going = asyncio.create_task(go())
        arrived = asyncio.create_task(self._reached.wait())
        await asyncio.wait((going, arrived), return_when=asyncio.FIRST_COMPLETED)
        has_stopped = self._reached.is_set()
        arrived.cancel()
        answer = await other()
        self._go_on.set()
        return await going, answer, has_stopped
