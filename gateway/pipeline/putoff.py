"""Put off: what is ready and could not be worked on just now, and when it is tried again.

Owns that a scanner which is away for a night costs little, however much waits for it: a few are tried, each time
others, and only when one of them gets through is all the rest tried. While none does, the tries come further apart.
Decides nothing about a submission, and forgets nothing: the to-do list is the spool's (Source: SPEC 11).
"""

from bisect import bisect_right
from collections.abc import Sequence

from gateway.ports import Clock

PROBE = 32  # submissions that are tried to see whether the trouble is over
EAGER = 3  # tries without a pause: most trouble is over at once
LONGEST = 30.0  # seconds between tries


class PutOff:
    """The ids, and whose turn it is."""

    def __init__(self, clock: Clock) -> None:
        """Start with none."""
        self._clock = clock
        self._ids: set[str] = set()
        self._rests = False  # the pass after a failure tries none of them
        self._failures = 0  # tries in a row in which none got through
        self._next = float("-inf")  # monotonic seconds
        self._last = ""  # the id that was tried last

    def add(self, id: str) -> None:
        """Note that this one could not be worked on."""
        self._rests = self._rests or not self._ids
        self._ids.add(id)

    def fresh(self, ready: Sequence[str]) -> list[str]:
        """Return what was not tried yet, or not put off; what is ready no more is forgotten."""
        self._ids.intersection_update(ready)
        return [id for id in ready if id not in self._ids]

    def probe(self) -> list[str]:
        """Take some of those that were put off, if it is their turn: others than the last time."""
        if self._rests or not self._ids or self._clock.monotonic() < self._next:
            self._rests = False
            return []
        waiting = sorted(self._ids)
        start = bisect_right(waiting, self._last)
        chosen = (waiting[start:] + waiting[:start])[:PROBE]
        self._last = chosen[-1]
        self._ids.difference_update(chosen)
        return chosen

    def all_after(self, *, through: int) -> list[str]:
        """Take all the others when some of those got through; else put off the next try, longer each time."""
        if through:
            self._failures = 0
            rest = sorted(self._ids)
            self._ids.clear()
            return rest
        self._failures += 1
        self._rests = True
        pause = 0.0 if self._failures <= EAGER else min(LONGEST, 2.0 ** (self._failures - EAGER - 1))
        self._next = self._clock.monotonic() + pause
        return []
