"""What a school's person sees of the school: `Send Files`, `Sent Files`, `Rejected Files`, `Status.csv`, documents.

Owns the rooms of SPEC 5 for one school, and who of its people is shown what. A month costs one look at the school's own
files, whatever other schools sent (Source: SPEC 5, 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.listed import ListedFiles, listed_of
from gateway.core.model import FileQuery, FileRecord, Status
from gateway.core.register import School
from gateway.inbound.sftp.documentview import DocumentsRoom
from gateway.inbound.sftp.lines import Lines
from gateway.inbound.sftp.months import Month, MonthRoom, shown_months
from gateway.inbound.sftp.rejectedview import RejectedBox, unplaced
from gateway.inbound.sftp.rooms import Found, Leaf, Page, Room, Shelf, Sight, Stored, Waits, named
from gateway.inbound.sftp.shown import fold, safe_name, shown_names

SEND = "Send Files"
SENT = "Sent Files"
REJECTED = "Rejected Files"
STATUS = "Status.csv"

_HELD = (Status.SENT, Status.RECEIVED)
_FEW = 20  # files


@dataclass(frozen=True)
class SchoolRoom:
    """What one school's person sees of the school."""

    name: str
    sight: Sight
    school: School

    def _rooms(self) -> tuple[Room, ...]:
        number = self.school.number
        boxes = SendRoom(SEND, number), SentBox(SENT, self.sight, number), RejectedBox(REJECTED, self.sight, number)
        return (*boxes, DocumentsRoom(self.sight, number))

    async def items(self) -> Sequence[Found]:
        """Return the boxes and the status table."""
        return (*self._rooms(), await self._status())

    async def child(self, name: str) -> Found | None:
        """Return a box, or the status table; nothing is computed for a box."""
        return await self._status() if name == STATUS else named(self._rooms(), name)

    async def _status(self) -> Leaf:
        sight, number = self.sight, self.school.number
        now = (sight.year_start().isoformat(), str(sight.waiting.version))
        key = ("school", number, sight.account.username, *now)
        table = await self.sight.tables.table(key, self._rows, self.sight.policy.current.zone)
        return Leaf(STATUS, len(table.data), table.at, Page(table.data))

    async def _rows(self) -> list[FileRecord]:
        since = self.sight.year_start()
        found = await self.sight.ledger.files(FileQuery(school=self.school.number, since=since))
        found += await unplaced(self.sight, since)
        found += self.sight.waiting_of(self.school.number)
        return sorted((f for f in found if self.sight.may_see(f)), key=lambda f: f.id, reverse=True)


@dataclass(frozen=True)
class SendRoom:
    """Where files are put. What it shows is the person's desk, which the portal adds."""

    name: str
    school: str  # DfE number; for documents, the shelf of their order
    rooms: tuple[Room, ...] = ()  # that stand in it

    async def items(self) -> Sequence[Found]:
        """Return its rooms alone: a file that was sent is under its status."""
        return self.rooms

    async def child(self, name: str) -> Found | None:
        """Return one of its rooms."""
        return named(self.rooms, name)


@dataclass(frozen=True)
class SentBox:
    """What we hold of a school, by month; only months that hold any."""

    name: str
    sight: Sight
    school: str

    async def items(self) -> Sequence[Found]:
        """Return its months, newest first."""
        return [SentMonth(month, self) for month in shown_months(self.sight) if await self._holds_any(month)]

    async def _holds_any(self, month: Month) -> bool:
        """Return whether this person sees any of a month: the last few tell, unless all of them are of others."""
        return bool(await self.files(month, limit=_FEW) or await self.files(month))

    async def child(self, name: str) -> Found | None:
        """Return a month that may hold something."""
        return next((SentMonth(month, self) for month in shown_months(self.sight) if month.name == name), None)

    async def files(self, month: Month, *, limit: int | None = None) -> ListedFiles:
        """Return what this person may see of a month, newest first, with what waits for the scan.

        `limit` bounds how many are looked at, whoever may see them.
        """
        held = self.sight.seen_of(await self.sight.ledger.listed(self._held_in(month, limit)), self.school)
        waiting = [listed_of(file) for file in self.waiting(month)]
        return ListedFiles.of(sorted((*waiting, *held), reverse=True)) if waiting else held

    async def records(self, month: Month) -> list[FileRecord]:
        """Return the same, with all that is known of each."""
        found = await self.sight.ledger.files(self._held_in(month))
        held = [file for file in found if self.sight.may_see(file)]
        return sorted((*self.waiting(month), *held), key=lambda f: f.id, reverse=True)

    def waiting(self, month: Month) -> list[FileRecord]:
        """Return what waits for the scan and this person may see of a month."""
        return [file for file in self.sight.waiting_of(self.school) if month.holds(file.sent_at)]

    def _held_in(self, month: Month, limit: int | None = None) -> FileQuery:
        since, until = month.start, month.end
        return FileQuery(school=self.school, status=_HELD, has_bytes=True, since=since, until=until, limit=limit)


@dataclass(frozen=True)
class SentMonth(MonthRoom):
    """One month of what we hold of a school."""

    box: SentBox

    async def items(self) -> Sequence[Found]:
        """Return its files."""
        files = await self.box.records(self.month)
        return [_sent_leaf(name, file) for name, file in shown_names(files, self.month.zone)]

    async def lines(self) -> Lines:
        """Return its files, as a listing needs them."""
        return Lines(await self.box.files(self.month), self.month.zone)

    async def child(self, name: str) -> Found | None:
        """Return one file: by its own name at the cost of one look, by another at the cost of all."""
        found = await self._newest(name)
        if found is None or found.name != name:
            found = await self._other(name)
        return None if found is None else _sent_leaf(name, found)

    async def _newest(self, name: str) -> FileRecord | None:
        """Return what stands under its own name; None when that takes a look at all."""
        sight = self.box.sight
        waits = any(fold(file.name) == fold(name) for file in sight.waiting_of(self.box.school))
        if safe_name(name) != name or waits:
            return None
        twins = await sight.ledger.twins(school=self.box.school, name=name)
        return next((f for f in twins if self._holds(f)), None)

    async def _other(self, name: str) -> FileRecord | None:
        """Return what stands under a name that may be another than its own."""
        found = (await self.lines()).find(name)
        waiting = next((file for file in self.box.waiting(self.month) if file.id == found), None)
        if found is None or waiting is not None:
            return waiting
        file = await self.box.sight.ledger.file(found)
        return file if file is not None and self._holds(file) else None

    def _holds(self, file: FileRecord) -> bool:
        is_held = file.status in _HELD and file.place is not None
        return is_held and self.has(file) and self.box.sight.may_see(file)


def _sent_leaf(name: str, file: FileRecord) -> Leaf:
    if file.place is None:
        return Leaf(name, file.size or 0, file.sent_at, Waits())
    stored = Stored(file.id, file.place, Shelf.SENT, None, file.status is Status.RECEIVED)
    return Leaf(name, file.size or 0, file.sent_at, stored)
