"""Which bytes of a file were served, or have come: ranges, so that "to its end" means every byte.

Pure (Source: SPEC 5 "Read to its end").
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

MOST = 4096  # ranges; who leaves more gaps than that is not reading, and must not fill our memory


@dataclass
class Ranges:
    """Ranges of bytes, in order, that neither touch nor overlap."""

    _starts: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def add(self, start: int, end: int) -> None:
        """Note the bytes from start up to end."""
        if start >= end:
            return
        ends = self._ends
        if ends and self._starts[-1] <= start <= ends[-1]:  # nearly always the next piece
            ends[-1] = max(end, ends[-1])
            return
        self._merge(start, end)

    def _merge(self, start: int, end: int) -> None:
        low, high = bisect_left(self._ends, start), bisect_right(self._starts, end)  # those that it touches
        if low == high and len(self._starts) >= MOST:
            return
        if low < high:
            start, end = min(start, self._starts[low]), max(end, self._ends[high - 1])
        self._starts[low:high] = [start]
        self._ends[low:high] = [end]

    def cut(self, size: int) -> None:
        """Forget what lies at or behind a size."""
        while self._starts and self._starts[-1] >= size:
            del self._starts[-1], self._ends[-1]
        if self._ends:
            self._ends[-1] = min(self._ends[-1], size)

    @property
    def total(self) -> int:
        """Bytes in all ranges together."""
        return sum(self._ends) - sum(self._starts)

    @property
    def first_hole(self) -> int:
        """Where the first byte is missing."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    def is_all_of(self, size: int) -> bool:
        """Return whether every byte of a file of this size is in them."""
        return self.first_hole >= size
