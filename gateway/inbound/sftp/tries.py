"""The tries of one connection to log in: so many, and after a wrong one a wait.

Owns the count and the wait. Both hold for who does not listen: a request that comes while another is looked at cancels
that one (asyncssh; RFC 4252, 5.1), and must win no try by it (Source: SPEC 5, 9).
"""

from collections.abc import Callable
from math import ceil

from gateway.ports import Clock


class Tries:
    """How often somebody may be wrong."""

    def __init__(self, clock: Clock, *, most: int, used_up: Callable[[], None]) -> None:
        """Take how many there are, and what to do when all were wrong."""
        self._clock = clock
        self._most = most
        self._used_up = used_up
        self._made = 0  # wrong, or not answered yet
        self._next_at = 0.0
        self._began_at = 0.0

    async def begin(self) -> bool:
        """Count a try before it is looked at, and wait what is left for a wrong one; False: it was one too many."""
        self._made += 1
        if self._made > self._most:
            self._used_up()
            return False
        left = self._next_at - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(left)
        self._began_at = self._clock.monotonic()
        return True

    def right(self) -> None:
        """Take a try back: it was none."""
        self._made -= 1

    async def wrong(self, *, wait: float) -> None:
        """Answer a wrong one so many seconds after it came, or twice as many, or three times.

        Never when the work on it is done: how much that was depends on whose try it is.
        """
        now = self._clock.monotonic()
        turns = ceil((now - self._began_at) / wait) if wait > 0 else 0
        self._next_at = max(now, self._began_at + wait * max(1, turns))
        await self._clock.sleep(self._next_at - now)
        self._end_if_used_up()

    def count(self) -> None:
        """Count a wrong one that is answered at once."""
        self._made += 1
        self._end_if_used_up()

    def _end_if_used_up(self) -> None:
        if self._made >= self._most:
            self._used_up()
