"""A piece of a message, where it lies.

Owns no bytes: they stand in memory that all senders share and that is filled anew with what comes next, so a piece is
good until then, and who keeps it copies it. What costs is not to look through bytes but to carry them about.
"""

from dataclasses import dataclass
from typing import Self

ROOM = 4  # bytes in front of what comes: for those of before that may be the beginning of its end (see `data`)


@dataclass(slots=True)
class Piece:
    """Bytes from `start` to `stop` of a store."""

    store: bytearray
    start: int
    stop: int

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Return bytes as a piece, with room in front."""
        return cls(bytearray(ROOM) + data, ROOM, ROOM + len(data))

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stop - self.start

    @property
    def view(self) -> memoryview:
        """The bytes, not copied."""
        return memoryview(self.store)[self.start : self.stop]

    def __bytes__(self) -> bytes:
        """Return a copy."""
        return bytes(self.view)

    def led_by(self, held: bytes) -> Self:
        """Return it with these bytes in front, for which there must be room."""
        start = self.start - len(held)
        self.store[start : self.start] = held
        return type(self)(self.store, start, self.stop)

    def until(self, stop: int) -> Self:
        """Return what is before a place in the store."""
        return type(self)(self.store, self.start, stop)

    def behind(self, start: int) -> Self:
        """Return what begins at a place in the store."""
        return type(self)(self.store, start, self.stop)
