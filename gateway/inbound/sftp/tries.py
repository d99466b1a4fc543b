"""The tries of one connection to log in: so many, and after a wrong one a wait.

Owns the count and the wait. Both hold for who does not listen: a request that comes while another is looked at cancels
that one (asyncssh; RFC 4252, 5.1), and must win no try by it (Source: SPEC 5, 9).
"""

from collections.abc import Callable

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

    async def begin(self) -> bool:
        """Count a try before it is looked at, and wait what is left for a wrong one; False: it was one too many."""
        self._made += 1
        if self._made > self._most:
            self._used_up()
            return False
        left = self._next_at - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(left)
        return True

    def right(self) -> None:
        """Take a try back: it was none."""
        self._made -= 1

    async def wrong(self, *, wait: float) -> None:
        """Answer a wrong one after so many seconds."""
        self._next_at = self._clock.monotonic() + wait
        await self._clock.sleep(wait)
        self._end_if_used_up()

    def count(self) -> None:
        """Count a wrong one that is answered at once."""
        self._made += 1
        self._end_if_used_up()

    def _end_if_used_up(self) -> None:
        if self._made >= self._most:
            self._used_up()
