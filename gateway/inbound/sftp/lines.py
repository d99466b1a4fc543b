"""What a long folder is listed from, and how much of it one person may hold open.

Owns the bound: a listing keeps its files until it was read to the end or closed, 4 MB for ten thousand, and a client
that closes none would take the memory of everybody (Source: SPEC 5).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence, Sized
from datetime import tzinfo
from typing import Generic, TypeVar
from weakref import WeakSet

from gateway.core.listed import Listed, ListedFiles
from gateway.inbound.sftp.shown import Shown, shown_names, shown_together

MOST = 50_000  # files in all listings that one person holds open

F = TypeVar("F")
L = TypeVar("L")
S = TypeVar("S", bound=Sized)


class Lines:
    """The files of a room, newest first: less of each than a leaf, and its name when it is asked for."""

    def __init__(self, files: ListedFiles, zone: tzinfo) -> None:
        """`zone` is of the times in names."""
        self._files = files
        self._zone = zone

    def __len__(self) -> int:
        """Return how many files are held."""
        return len(self._files)

    def __iter__(self) -> Iterator[tuple[str, Listed]]:
        """Yield (name in the view, file); who reads on holds all of it."""
        yield from shown_names(self._files, self._zone)

    def find(self, name: str) -> str | None:
        """Return the id of the file that has this name in the view."""
        found = (s.files.ids[s.names.index(name)] for s in self.together() if name in s.names)
        return next(found, None)

    def together(self) -> Iterator[Shown]:
        """Yield the same, some hundreds at a time; who reads on holds all of it."""
        yield from shown_together(self._files, self._zone)


class Leaves(Generic[F, L]):
    """The leaves of a room of which more must be known: each is made of its file when it is asked for."""

    def __init__(self, files: Sequence[F], make: Callable[[Sequence[F]], Iterable[L]]) -> None:
        """`make` yields the leaves, one after the other."""
        self._files = files
        self._make = make

    def __len__(self) -> int:
        """Return how many files are held."""
        return len(self._files)

    def __iter__(self) -> Iterator[L]:
        """Yield each leaf; who reads on holds all of it."""
        yield from self._make(self._files)


class OpenLines:
    """The long listings that one person has open, in all their sessions."""

    def __init__(self, *, most: int = MOST) -> None:
        """Start with none."""
        self._most = most
        self._held: WeakSet[Sized] = WeakSet()  # as long as somebody reads in them
        self._turn = asyncio.Lock()

    async def open(self, look: Callable[[], Awaitable[S]]) -> S | None:
        """Return what a look brings; None when that is too much beside what is open. Looks take turns."""
        async with self._turn:
            lines = await look()
            held = sum(map(len, self._held))
            if held and held + len(lines) > self._most:
                return None
            self._held.add(lines)
            return lines
