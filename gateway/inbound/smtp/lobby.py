"""What all sessions have in common and what changes: the door, the work that outlives a session, the room on the disk.

Owns that work and a short memory of the free space. Source: SPEC 11.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway import log
from gateway.inbound.smtp.desk import SmtpLimits
from gateway.inbound.smtp.door import Door
from gateway.ports import Clock, Spool

T = TypeVar("T")
_PLENTY = 10  # times the room that is needed
_SECONDS = 1.0  # for which plenty is remembered


class Chores:
    """Work that a session began and that outlives it: a seal under way, bytes to be forgotten."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Begin a piece of work that no lost connection stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def finish(self) -> None:
        """Wait for all of it."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.bug(stage="receive", exception=fault)


class Berths:
    """Places for messages that come in from who did not sign in: they may not take all that there are."""

    def __init__(self) -> None:
        """Begin with none taken."""
        self._taken = 0

    @contextmanager
    def one(self, *, most: int) -> Iterator[bool]:
        """Hold a place, if there is one: yields whether."""
        is_free = self._taken < most
        self._taken += is_free
        try:
            yield is_free
        finally:
            self._taken -= is_free


class Room:
    """The free space of one spool."""

    def __init__(self, clock: Clock) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._plenty_until = float("-inf")
        self._look: asyncio.Task[int] | None = None  # under way: whoever asks meanwhile hears the same

    async def is_enough(self, spool: Spool, limits: SmtpLimits) -> bool:
        """Whether one and a half of the largest messages fit beside what shall stay free."""
        if self._clock.monotonic() < self._plenty_until:
            return True
        needed = limits.max_message_bytes * 3 // 2 + limits.keep_free_bytes
        free = await self._free_bytes(spool)
        if free >= _PLENTY * needed:
            self._plenty_until = self._clock.monotonic() + _SECONDS
        return free >= needed

    async def _free_bytes(self, spool: Spool) -> int:
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(spool.free_bytes())
        return await asyncio.shield(self._look)


@dataclass(frozen=True)
class Lobby:
    """Shared by all sessions of the listeners."""

    door: Door
    chores: Chores
    room: Room
    berths: Berths
    buffer: bytearray  # of `transfer`: filled and emptied in one step, so one will do
