"""The loop that everything runs on: how much one turn of it takes in.

Owns that no crowd makes a long turn: of all the connections that have something for us, a turn serves a few, and the
next turn the next ones, in the order in which they were found. Whatever waits for its moment (a timer, an answer of the
disk, somebody who comes in) waits for a short turn, not for everybody (Source: SPEC 11).
"""

import asyncio
import selectors
from collections import deque
from typing import TypeAlias

AT_ONCE = 8  # a key exchange takes 2 ms, a mouthful of a file 0.1 to 1 ms

_Ready: TypeAlias = "tuple[selectors.SelectorKey, int]"


class FewAtOnce(selectors.DefaultSelector):
    """Finds what is ready as the system's own does, and hands on a few at a time."""

    def __init__(self) -> None:
        """Start with nothing to wait for."""
        super().__init__()
        self._left: deque[_Ready] = deque()  # found, and not yet handed on

    def select(self, timeout: float | None = None) -> list[_Ready]:
        """Return what is ready, at most AT_ONCE; the system is asked again when all that it named was handed on."""
        if not self._left:
            found = super().select(timeout)
            if len(found) <= AT_ONCE:
                return found
            self._left.extend(found)
        return self._next_few()

    def _next_few(self) -> list[_Ready]:
        few: list[_Ready] = []
        known = self.get_map()
        while self._left and len(few) < AT_ONCE:
            key, events = self._left.popleft()
            if known.get(key.fd) is key:  # or it was closed meanwhile, or waits for something else: it is asked again
                few.append((key, events))
        return few


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop for the daemon."""
    return asyncio.SelectorEventLoop(FewAtOnce())
