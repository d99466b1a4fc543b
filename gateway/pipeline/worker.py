"""The loop that every worker shares: do what is due, then wait for a wake-up or for the time.

Owns the waiting and the one boundary where a bug is caught: unknown means temporary, so the work stays and is tried
again (DESIGN 3, 4).
"""

import asyncio
from typing import Protocol

from gateway import log
from gateway.errors import Transient
from gateway.ports import Clock


class Pass(Protocol):
    """What a worker does when it is its turn."""

    async def pass_once(self) -> int:
        """Do what is due; return how many were done."""
        ...


class Turn:
    """A wake-up that is not lost when nobody waits for it yet.

    With a `lull`, the work waits for a pause between wake-ups, at most `patience` seconds: while submissions stream in,
    the door goes first, and what came meanwhile is done together.
    """

    def __init__(self, clock: Clock, *, lull: float = 0.0, patience: float = 0.0) -> None:
        """Make one; wake it with `wake()`. Both times are seconds."""
        self._clock = clock
        self._lull = lull
        self._patience = patience
        self._event = asyncio.Event()
        self._woken_at = float("-inf")

    def wake(self) -> None:
        """There is something to do."""
        self._woken_at = self._clock.monotonic()
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return at a wake-up, or after so many seconds."""
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        waiter = asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait((sleeper, waiter), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waiter.cancel()
        self._event.clear()

    async def let_the_door_go_first(self) -> None:
        """Return at a pause between wake-ups, or when patience is at its end."""
        end = self._clock.monotonic() + self._patience
        while (left := min(self._woken_at + self._lull, end) - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)


async def run_worker(stage: str, worker: Pass, turn: Turn, *, every: float, back_off: float = 1.0) -> None:
    """Pass, wait, pass, for ever. A pass that did something is followed by another at once."""
    while True:
        wait = every
        busy = False
        try:
            await turn.let_the_door_go_first()
            busy = bool(await worker.pass_once())
        except* Transient as trouble:
            log.transient(stage=stage, why="; ".join(str(t) for t in trouble.exceptions))
            wait = back_off
        except* Exception as faults:  # the worker's one boundary: a bug must not stop the daemon or lose the work
            log.bug(stage=stage, exception=faults)
            wait = max(back_off, 5.0)
        if not busy:
            await turn.wait(wait)
