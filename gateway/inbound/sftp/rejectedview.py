"""What a school's person sees of what was rejected: `Rejected Files`, by month, each file with its reason beside it.

Owns which of it is shown: what is held, and what never had bytes. Its pages are written as they are asked for (Source:
SPEC 3, 5).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, starmap

from gateway.core.model import FileQuery, FileRecord, Status
from gateway.core.pages import REASON_ENDING, reason_text
from gateway.inbound.sftp.lines import Leaves
from gateway.inbound.sftp.months import MonthRoom, shown_months
from gateway.inbound.sftp.rooms import Found, Leaf, Page, Shelf, Sight, Stored
from gateway.inbound.sftp.shown import shown_names


async def unplaced(sight: Sight, since: datetime) -> list[FileRecord]:
    """Return what this person sent and could not be told to be of one school: shown in each of their schools."""
    query = FileQuery(sent_by=sight.account.username, status=(Status.REJECTED,), since=since)
    return [file for file in await sight.ledger.files(query) if file.school is None]


@dataclass(frozen=True)
class RejectedBox:
    """What was rejected of a school, by month; only months that hold any."""

    name: str
    sight: Sight
    school: str

    async def items(self) -> Sequence[Found]:
        """Return its months, newest first."""
        months = shown_months(self.sight)
        files = await self.files(since=months[-1].start)
        rooms = (RejectedMonth(month, self) for month in months)
        return [room for room in rooms if any(room.has(file) and self.shows(file) for file in files)]

    async def child(self, name: str) -> Found | None:
        """Return a month that may hold something."""
        return next((RejectedMonth(month, self) for month in shown_months(self.sight) if month.name == name), None)

    async def files(self, *, since: datetime, until: datetime | None = None) -> list[FileRecord]:
        """Return what may be shown of it, newest first."""
        query = FileQuery(school=self.school, status=(Status.REJECTED,), since=since, until=until)
        found = await self.sight.ledger.files(query) + await unplaced(self.sight, since)
        return sorted(found, key=lambda f: f.id, reverse=True)

    def shows(self, file: FileRecord) -> bool:
        """Return whether its bytes are held, or never were, and this person may see it."""
        is_there = file.purged_at is None and (file.place is not None or file.size is None)
        return is_there and self.sight.may_see(file)


@dataclass(frozen=True)
class RejectedMonth(MonthRoom):
    """One month of what was rejected: each file with its reason beside it; without bytes, its reason alone."""

    box: RejectedBox

    async def items(self) -> Sequence[Found]:
        """Return its files and their reasons."""
        return list(await self.lines())

    async def lines(self) -> Leaves[FileRecord, Leaf]:
        """Return its files and their reasons, each made when it is asked for: a reason is a page of text."""
        return Leaves(await self._files(), self._all_leaves)

    async def _files(self) -> list[FileRecord]:
        found = await self.box.files(since=self.month.start, until=self.month.end)
        return [file for file in found if self.has(file)]

    def _names(self, files: Sequence[FileRecord]) -> Iterator[tuple[str, FileRecord]]:
        return shown_names(filter(self.box.shows, files), self.month.zone, companions=(REASON_ENDING,))

    def _all_leaves(self, files: Sequence[FileRecord]) -> Iterator[Leaf]:
        return chain.from_iterable(starmap(self._leaves, self._names(files)))

    def _leaves(self, name: str, file: FileRecord) -> Iterator[Leaf]:
        if file.place is not None:
            yield Leaf(name, file.size or 0, file.sent_at, Stored(file.id, file.place, Shelf.REJECTED))
        contact = self.box.sight.policy.current.notices.contact
        page = reason_text(file, self.month.zone, contact=contact)
        yield Leaf(name + REASON_ENDING, len(page), file.status_at or file.sent_at, Page(page))

    async def child(self, name: str) -> Found | None:
        """Return one file, or its reason; no other page is written for it."""
        shown = ((own, file) for own, file in self._names(await self._files()) if name in (own, own + REASON_ENDING))
        return next((leaf for leaf in chain.from_iterable(starmap(self._leaves, shown)) if leaf.name == name), None)
