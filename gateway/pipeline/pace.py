"""Pace: long work of the loop's own, cut into steps, with a turn for everybody else between some of them.

Owns how many steps are taken in one go, and that of several long works one goes on in a turn of the loop: a message of
a thousand parts holds up nobody, nor do thirty of them. A thread would not help, since Python takes turns there, too.
What is under way may find the register or the rules changed between its turns, so it takes what it decides by at its
beginning (Source: SPEC 11).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from gateway.core.steps import Steps
from gateway.ports import Clock

AT_A_TIME = 16  # steps; the longest that we know, a faulty name, takes 0.3 ms

T = TypeVar("T")


class Pace:
    """Has whoever works long give way to everybody else, all of them together after so many steps."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock."""
        self._clock = clock
        self._one = asyncio.Lock()
        self._taken = 0  # steps since somebody gave way, whoever took them

    async def each(self, items: Iterable[T]) -> AsyncIterator[T]:
        """Yield these, as they are made or for something that is done with each."""
        for item in items:
            yield item
            await self._step()

    async def through(self, steps: Steps[T]) -> T:
        """Take all steps, and return what they come to."""
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            await self._step()

    async def _step(self) -> None:
        self._taken += 1
        if self._taken < AT_A_TIME:
            return
        async with self._one:  # who is behind somebody goes on in a later turn of the loop
            await self._clock.sleep(0)
            self._taken = 0
