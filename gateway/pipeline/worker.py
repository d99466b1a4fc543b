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
    """A wake-up that is not lost when nobody waits for it yet."""

    def __init__(self, clock: Clock) -> None:
        """Make one; wake it with `wake()`."""
        self._clock = clock
        self._event = asyncio.Event()

    def wake(self) -> None:
        """There is something to do."""
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


async def run_worker(stage: str, worker: Pass, turn: Turn, *, every: float, back_off: float = 1.0) -> None:
    """Pass, wait, pass, for ever. A pass that did something is followed by another at once."""
    while True:
        wait = every
        busy = False
        try:
            busy = bool(await worker.pass_once())
        except* Transient as trouble:
            log.transient(stage=stage, why="; ".join(str(t) for t in trouble.exceptions))
            wait = back_off
        except* Exception as faults:  # the worker's one boundary: a bug must not stop the daemon or lose the work
            log.bug(stage=stage, exception=faults)
            wait = max(back_off, 5.0)
        if not busy:
            await turn.wait(wait)
