"""One file being read by one person: what was served, so that "read to its end" means every byte.

Owns the sum of the ranges served on one handle (Source: SPEC 5 "Read to its end").
"""

from dataclasses import dataclass, field

from gateway.inbound.sftp.view import Page, Stored
from gateway.ports import Reader


@dataclass
class Served:
    """Which bytes were served, as ranges that neither touch nor overlap, in order."""

    _ranges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, start: int, end: int) -> None:
        """Note that the bytes from start up to end were served."""
        if start >= end:
            return
        if self._ranges and self._ranges[-1][0] <= start <= self._ranges[-1][1]:  # nearly always the next piece
            self._ranges[-1] = (self._ranges[-1][0], max(end, self._ranges[-1][1]))
            return
        merged: list[tuple[int, int]] = []
        for low, high in sorted((*self._ranges, (start, end))):
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        self._ranges = merged

    def is_all_of(self, size: int) -> bool:
        """Return whether every byte of a file of this size was served."""
        return size == 0 or self._ranges == [(0, size)]


@dataclass
class Download:
    """A file open for reading: the archive's bytes, or a page made for this reading."""

    name: str
    size: int
    what: Stored | Page
    reader: Reader | None = None  # None for a page
    served: Served = field(default_factory=Served)
    ended: str = ""  # set when it may not be read any more: the sentence for the next READ

    @property
    def is_read_to_its_end(self) -> bool:
        """Whether every byte was served."""
        return self.served.is_all_of(self.size)

    def peek(self, offset: int, length: int) -> bytes | None:
        """Return bytes that need no disk; None when the disk must be asked."""
        if isinstance(self.what, Page):
            return self.what.data[offset : offset + length]
        return self.reader.peek(offset, length) if self.reader else b""

    async def read(self, offset: int, length: int) -> bytes:
        """Return bytes from the disk."""
        return await self.reader.read(offset, length) if self.reader else b""

    async def close(self) -> None:
        """Let go of the bytes."""
        if self.reader is not None:
            await self.reader.close()
