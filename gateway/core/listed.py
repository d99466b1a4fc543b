"""Files as a long listing needs them: little of each, and of ten thousand in a few columns.

Owns these values. What a row for each costs is most of a long listing: to be made, to be kept, and to be looked at by
the collector. The rest of a file is read when somebody asks for the file itself. Frozen (Source: SPEC 5).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any, NamedTuple

from gateway.core.model import FileRecord, Status


class Listed(NamedTuple):
    """One file of a long listing."""

    id: str
    name: str
    service: str | None
    sent_by_user: str
    sent_at: datetime
    size: int | None
    private: bool


def listed_of(file: FileRecord) -> Listed:
    """Return what a long listing needs of a file."""
    return Listed(file.id, file.name, file.service, file.sent_by_user, file.sent_at, file.size, file.private)


@dataclass(frozen=True, slots=True)
class ListedFiles:
    """Many files, newest first: a column for each field of `Listed`."""

    ids: Sequence[str] = ()
    names: Sequence[str] = ()
    services: Sequence[str | None] = ()
    senders: Sequence[str] = ()
    times: Sequence[datetime] = ()
    sizes: Sequence[int | None] = ()
    privates: Sequence[bool] = ()

    @classmethod
    def of(cls, files: Iterable[Listed]) -> "ListedFiles":
        """Return the columns of rows that are in order."""
        return cls(*zip(*files, strict=True))

    def __len__(self) -> int:
        """Return how many files."""
        return len(self.ids)

    def __iter__(self) -> Iterator[Listed]:
        """Yield each file."""
        return map(Listed, *self._columns)

    def part(self, start: int, stop: int) -> "ListedFiles":
        """Return those from one place to before another."""
        return ListedFiles(*(column[start:stop] for column in self._columns))

    def where(self, chosen: Iterable[bool]) -> "ListedFiles":
        """Return those that a choice, an answer a file, takes."""
        answers = tuple(chosen)
        return ListedFiles(*(tuple(compress(column, answers)) for column in self._columns))

    def kinds(self) -> Iterator[tuple[str | None, str, bool]]:
        """Yield of each file what `Kind` says beside its school."""
        return zip(self.services, self.senders, self.privates, strict=True)

    @property
    def _columns(self) -> tuple[Sequence[Any], ...]:
        return self.ids, self.names, self.services, self.senders, self.times, self.sizes, self.privates


class Kind(NamedTuple):
    """What decides who of a school sees a file that is Sent or Received: of these the name decides nothing."""

    school: str | None
    service: str | None
    sent_by_user: str
    private: bool
    status: Status = Status.SENT
    name: str = ""
