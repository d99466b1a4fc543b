"""What a person sees: a tree of rooms and leaves, computed from records when somebody looks.

Owns the folders of SPEC 5 and who is shown what; no folder of the disk stands behind any of them. It changes nothing:
what can be done to what is shown is `portal` (Source: SPEC 5, 6, 7).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.core.admission import may_see_as_school
from gateway.core.layout import last_months, month_of, shown_names
from gateway.core.model import FileQuery, FileRecord, Status
from gateway.core.pages import REASON_ENDING, reason_text, status_csv
from gateway.core.register import Account, Role, School
from gateway.core.routing import Service
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Clock, Ledger

SEND = "Send Files"
SENT = "Sent Files"
REJECTED = "Rejected Files"
STATUS = "Status.csv"
INBOX = "Inbox"

_NOT_ON_WINDOWS = str.maketrans(dict.fromkeys('<>:"/\\|?*', " "))


@dataclass(frozen=True)
class Stored:
    """A file whose bytes we hold."""

    file: FileRecord
    inbox: str | None = None  # the service through whose Inbox it is read


@dataclass(frozen=True)
class Page:
    """A page made when somebody looks."""

    data: bytes


@dataclass(frozen=True)
class Leaf:
    """One name in a room that can be read."""

    name: str
    size: int  # bytes
    at: datetime
    what: Stored | Page


class Room(Protocol):
    """One folder of the view."""

    @property
    def name(self) -> str:
        """What it is called where it stands."""
        ...

    async def items(self) -> "Sequence[Room | Leaf]":
        """Return what is in it, now."""
        ...

    async def child(self, name: str, /) -> "Room | Leaf | None":
        """Return one of its items without the cost of all."""
        ...


async def _listed(room: Room, name: str) -> "Room | Leaf | None":
    return next((item for item in await room.items() if item.name == name), None)


@dataclass(frozen=True)
class Sight:
    """One person, and what their view is computed from."""

    account: Account
    ledger: Ledger
    directory: LiveDirectory
    policy: LivePolicy
    clock: Clock

    def root(self) -> Room:
        """Return the room that a person starts in."""
        if self.account.role is Role.OFFICER:
            return Fixed("", tuple(self._service_room(code) for code in self.account.services))
        schools = [s for number in self.account.schools if (s := self.directory.current.school(number))]
        if len(schools) == 1:
            return SchoolRoom("", self, schools[0])
        return Fixed("", tuple(SchoolRoom(room_name(school), self, school) for school in schools))

    def _service_room(self, code: str) -> Room:
        service = self.policy.current.catalogue.get(code)
        return ServiceRoom(self, service) if service else Fixed(code, ())

    def months(self) -> tuple[str, ...]:
        """Return the months that bytes may be from, as `2026-11`, newest first."""
        return last_months(self.clock.now(), self.policy.current.zone)[::-1]

    async def of_month(self, query: FileQuery, month: str) -> list[FileRecord]:
        """Return the files of a query that came in that month of the authority's, newest first."""
        zone = self.policy.current.zone
        start = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=zone)
        end = (start + timedelta(days=32)).replace(day=1)
        found = await self.ledger.files(_within(query, start, end))
        return [file for file in found if month_of(file.sent_at, zone) == month]


def _within(query: FileQuery, start: datetime, end: datetime) -> FileQuery:
    return replace(query, since=start, until=end - timedelta(microseconds=1))


def room_name(school: School) -> str:
    """Return a school's folder name: its number and its name, safe for Windows."""
    return " ".join(f"{school.number} {school.name}".translate(_NOT_ON_WINDOWS).split()).rstrip(". ")


@dataclass(frozen=True)
class Fixed:
    """A room that always holds the same rooms."""

    name: str
    rooms: tuple[Room, ...]

    async def items(self) -> Sequence[Room | Leaf]:
        """Return its rooms."""
        return self.rooms

    async def child(self, name: str) -> Room | Leaf | None:
        """Return one of its rooms."""
        return next((room for room in self.rooms if room.name == name), None)


@dataclass(frozen=True)
class SchoolRoom:
    """What one school's person sees of the school."""

    name: str
    sight: Sight
    school: School

    def _rooms(self) -> tuple[Room, ...]:
        return (
            SendRoom(SEND, self.school.number),
            BoxRoom(SENT, self.sight, self.school.number, (Status.SENT, Status.RECEIVED)),
            BoxRoom(REJECTED, self.sight, self.school.number, (Status.REJECTED,)),
        )

    async def items(self) -> Sequence[Room | Leaf]:
        """Return the boxes and the status table."""
        return (*self._rooms(), await self._status())

    async def child(self, name: str) -> Room | Leaf | None:
        """Return a box, or the status table; nothing is computed for a box."""
        if name == STATUS:
            return await self._status()
        return next((room for room in self._rooms() if room.name == name), None)

    async def _status(self) -> Leaf:
        query = FileQuery(school=self.school.number, since=academic_year_start(self.sight))
        return _status_leaf(self.sight, [f for f in await self.sight.ledger.files(query) if self._may_see(f)])

    def _may_see(self, file: FileRecord) -> bool:
        return may_see_as_school(self.sight.account, file, private=file.private)


@dataclass(frozen=True)
class SendRoom:
    """Where files are put. What it shows is the person's desk, which the portal adds."""

    name: str
    school: str

    async def items(self) -> Sequence[Room | Leaf]:
        """Return nothing: a file that was sent is under its status."""
        return ()

    async def child(self, _name: str) -> Room | Leaf | None:
        """Return nothing."""
        return None


@dataclass(frozen=True)
class BoxRoom:
    """Files of a school in some statuses, by month; only months that hold any."""

    name: str
    sight: Sight
    school: str
    statuses: tuple[Status, ...]

    async def items(self) -> Sequence[Room | Leaf]:
        """Return its months, newest first."""
        months = [MonthRoom(month, self.sight, self.school, self.statuses) for month in self.sight.months()]
        return [month for month in months if await month.files()]

    async def child(self, name: str) -> Room | Leaf | None:
        """Return a month that may hold something."""
        months = self.sight.months()
        return MonthRoom(name, self.sight, self.school, self.statuses) if name in months else None


@dataclass(frozen=True)
class MonthRoom:
    """One month of a box."""

    name: str
    sight: Sight
    school: str
    statuses: tuple[Status, ...]

    async def files(self) -> list[FileRecord]:
        """Return what this person may see of it, newest first."""
        sight = self.sight
        own = FileQuery(school=self.school, status=self.statuses)
        found = await sight.of_month(own, self.name)
        if Status.REJECTED in self.statuses:
            # What could not be told to be of one school is shown to its sender alone, in each of their schools.
            mine = FileQuery(sent_by=sight.account.username, status=self.statuses)
            found += [f for f in await sight.of_month(mine, self.name) if f.school is None]
        return [f for f in found if self._is_shown(f)]

    def _is_shown(self, file: FileRecord) -> bool:
        if file.purged_at is not None or (file.place is None and file.size is not None):
            return False
        return may_see_as_school(self.sight.account, file, private=file.private)

    async def items(self) -> Sequence[Room | Leaf]:
        """Return its files, each rejected one with its reason beside it."""
        zone = self.sight.policy.current.zone
        contact = self.sight.policy.current.notices.contact
        shown = shown_names(((f, f.name, f.sent_at) for f in await self.files()), zone)
        leaves: list[Leaf] = []
        for name, file in shown:
            if file.place is not None:
                leaves.append(Leaf(name, file.size or 0, file.sent_at, Stored(file)))
            if file.status is Status.REJECTED:
                page = reason_text(file, zone, contact=contact)
                leaves.append(Leaf(name + REASON_ENDING, len(page), file.status_at or file.sent_at, Page(page)))
        return leaves

    async def child(self, name: str) -> Room | Leaf | None:
        """Return one file."""
        return await _listed(self, name)


@dataclass(frozen=True)
class ServiceRoom:
    """What an officer sees of one service."""

    sight: Sight
    service: Service

    @property
    def name(self) -> str:
        """Return the service's code."""
        return self.service.code

    async def items(self) -> Sequence[Room | Leaf]:
        """Return the Inbox and the status table."""
        return (InboxRoom(self.sight, self.service), await self._status())

    async def child(self, name: str) -> Room | Leaf | None:
        """Return the Inbox, or the status table."""
        if name == STATUS:
            return await self._status()
        return InboxRoom(self.sight, self.service) if name == INBOX else None

    async def _status(self) -> Leaf:
        query = FileQuery(service=self.service.code, since=academic_year_start(self.sight), status=_ROUTED)
        return _status_leaf(self.sight, await self.sight.ledger.files(query))


_ROUTED = (Status.SENT, Status.RECEIVED)


@dataclass(frozen=True)
class InboxRoom:
    """The files that schools sent to a service, by school."""

    sight: Sight
    service: Service
    name: str = INBOX

    async def items(self) -> Sequence[Room | Leaf]:
        """Return a room for each school of which something lies here."""
        found = await self.files()
        numbers = sorted({f.school for f in found if f.school})
        directory = self.sight.directory.current
        rooms = [(directory.school(n) or School(n, ""), [f for f in found if f.school == n]) for n in numbers]
        return [InboxSchoolRoom(room_name(school), self.sight, self.service, files) for school, files in rooms]

    async def child(self, name: str) -> Room | Leaf | None:
        """Return one school's room."""
        return await _listed(self, name)

    async def files(self) -> list[FileRecord]:
        """Return what was delivered here and is not taken back, newest first."""
        query = FileQuery(service=self.service.code, status=_ROUTED, has_bytes=True)
        return [f for f in await self.sight.ledger.files(query) if f.delivered_at is not None]


@dataclass(frozen=True)
class InboxSchoolRoom:
    """One school's files in an Inbox."""

    name: str
    sight: Sight
    service: Service
    files: Sequence[FileRecord] = field(repr=False)

    async def items(self) -> Sequence[Room | Leaf]:
        """Return the files."""
        shown = shown_names(((f, f.name, f.sent_at) for f in self.files), self.sight.policy.current.zone)
        return [Leaf(name, f.size or 0, f.sent_at, Stored(f, inbox=self.service.code)) for name, f in shown]

    async def child(self, name: str) -> Room | Leaf | None:
        """Return one file."""
        return await _listed(self, name)


def academic_year_start(sight: Sight) -> datetime:
    """Return when the current academic year began: the first of September."""
    now = sight.clock.now().astimezone(sight.policy.current.zone)
    year = now.year if now.month >= 9 else now.year - 1
    return now.replace(year=year, month=9, day=1, hour=0, minute=0, second=0, microsecond=0)


def _status_leaf(sight: Sight, files: Sequence[FileRecord]) -> Leaf:
    page = status_csv(files, sight.policy.current.zone)
    return Leaf(STATUS, len(page), sight.clock.now(), Page(page))
