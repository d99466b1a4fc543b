"""The open handles of one session: files, which belong to the portal, and folders, which are listed from here.

A file leaves by the client's own CLOSE, or is abandoned; there is no third way, so a dropped channel makes no file.
Source: SPEC 5; draft-ietf-secsh-filexfer-02, section 6.2.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.inbound.sftp.listing import Listing

F = TypeVar("F")  # whatever the portal keeps for an open file; never None


class Handles(Generic[F]):
    """Numbers for what is open; a number isn't used again before all the others were."""

    def __init__(self, *, most: int, abandon: Callable[[F], object], numbers: int = 1 << 32) -> None:
        self._most = most
        self._numbers = numbers  # how many there are; more than `most`
        self._abandon = abandon
        self._open: dict[int, F | Listing] = {}
        self._reserved = 0  # opens that are handed on and not yet answered
        self._next = 0
        self._ended = False

    def __len__(self) -> int:
        return len(self._open) + self._reserved

    def reserve(self) -> bool:
        """Keep a place for an open under way; False when all are taken."""
        if len(self) >= self._most:
            return False
        self._reserved += 1
        return True

    def release(self) -> None:
        self._reserved -= 1

    def add(self, opened: F | Listing) -> int:
        """Return the new handle of what was opened; after the end, abandon it at once."""
        if self._ended:
            self._let_go(opened)
            return 0
        while self._next in self._open:
            self._next = (self._next + 1) % self._numbers
        number = self._next
        self._next = (number + 1) % self._numbers
        self._open[number] = opened
        return number

    def file(self, number: int) -> F | None:
        found = self._open.get(number)
        return None if isinstance(found, Listing) else found

    def listing(self, number: int) -> Listing | None:
        found = self._open.get(number)
        return found if isinstance(found, Listing) else None

    def close(self, number: int) -> F | Listing | None:
        """Take it out; None if it isn't open."""
        return self._open.pop(number, None)

    def end(self) -> None:
        """Abandon every file that the client didn't close."""
        self._ended = True
        left, self._open = self._open, {}
        for opened in left.values():
            self._let_go(opened)

    def _let_go(self, opened: F | Listing) -> None:
        if not isinstance(opened, Listing):
            self._abandon(opened)
