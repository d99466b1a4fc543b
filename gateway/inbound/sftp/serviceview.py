"""What an officer sees of one service: `Inbox`, `Not Ours`, `Rejected`, `Send to Schools`, `Status.csv`.

Owns the rooms of SPEC 5 for one service. What was rejected or handed to another service is in none of them: who lost a
file can't read it any more (Source: SPEC 5, 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from gateway.core.documents import Order
from gateway.core.model import FileQuery, FileRecord, Status
from gateway.core.register import School
from gateway.core.routing import Folder, Service
from gateway.inbound.sftp.documentview import HEAD_ONLY
from gateway.inbound.sftp.lines import Lines
from gateway.inbound.sftp.rooms import Fixed, Found, Leaf, Page, Room, Shelf, Sight, Stored, named
from gateway.inbound.sftp.schoolview import STATUS, SendRoom
from gateway.inbound.sftp.shown import room_name, room_name_of, safe_name, shown_names
from gateway.ports import Ledger

INBOX = "Inbox"
NOT_OURS = "Not Ours"
REJECTED = "Rejected"
TO_SCHOOLS = "Send to Schools"
ALL_SCHOOLS = "All Schools"

_ROUTED = (Status.SENT, Status.RECEIVED)


@dataclass(frozen=True)
class TurningRoom:
    """A room that a file of an Inbox is moved to: to another service, or back as rejected. It never shows any."""

    name: str
    service: str  # whose files can be moved here
    to: str | None = None  # the other service's code; None rejects

    async def items(self) -> Sequence[Found]:
        """Return nothing."""
        return ()

    async def child(self, _name: str) -> Found | None:
        """Return nothing."""
        return None


def publishing_room(sight: Sight) -> Room:
    """Return where documents are put, by folder; what is for all schools is put into a folder that says so."""
    policy = sight.policy.current.documents
    rooms = [_folder_room(folder, has_heads=policy.head_only) for folder in policy.folders]
    return Fixed(TO_SCHOOLS, tuple(rooms))


def _folder_room(folder: Folder, *, has_heads: bool) -> Room:
    heads = Order(folder.key, head_only=True)
    for_heads = SendRoom(HEAD_ONLY, heads.shelf, (_for_all(heads),)) if has_heads else None
    rooms = tuple(filter(None, (_for_all(Order(folder.key)), for_heads)))
    return SendRoom(room_name_of(folder.name), Order(folder.key).shelf, rooms)


def _for_all(order: Order) -> Room:
    return SendRoom(ALL_SCHOOLS, replace(order, everyone=True).shelf)


@dataclass(frozen=True)
class ServiceRoom:
    """What an officer sees of one service."""

    sight: Sight
    service: Service

    @property
    def name(self) -> str:
        """Return the service's code."""
        return self.service.code

    def _rooms(self) -> tuple[Room, ...]:
        code = self.service.code
        others = sorted(other for other in self.sight.policy.current.catalogue.services if other != code)
        not_ours = Fixed(NOT_OURS, tuple(TurningRoom(other, code, to=other) for other in others))
        return InboxRoom(self.sight, self.service), not_ours, TurningRoom(REJECTED, code), publishing_room(self.sight)

    async def items(self) -> Sequence[Found]:
        """Return the rooms and the status table."""
        return (*self._rooms(), await self._status())

    async def child(self, name: str) -> Found | None:
        """Return a room, or the status table."""
        return await self._status() if name == STATUS else named(self._rooms(), name)

    async def _status(self) -> Leaf:
        key = ("service", self.service.code, self.sight.year_start().isoformat())
        table = await self.sight.tables.table(key, self._rows, self.sight.policy.current.zone)
        return Leaf(STATUS, len(table.data), table.at, Page(table.data))

    async def _rows(self) -> list[FileRecord]:
        query = FileQuery(service=self.service.code, since=self.sight.year_start(), status=_ROUTED)
        return await self.sight.ledger.files(query)


@dataclass(frozen=True)
class InboxRoom:
    """The files that schools sent to a service, by school."""

    sight: Sight
    service: Service
    name: str = INBOX

    async def items(self) -> Sequence[Found]:
        """Return a room for each school of which something lies here."""
        return [self._room(number) for number in await self.sight.ledger.inbox_schools(service=self.service.code)]

    async def child(self, name: str) -> Found | None:
        """Return one school's room, if something lies in it."""
        room = self._room(name.partition(" ")[0])
        if room.name != name:
            return None
        found = await self.sight.ledger.inbox_schools(service=self.service.code, school=room.school)
        return room if found else None

    def held_of(self, school: str) -> FileQuery:
        """Return what finds what a school sent, and was delivered here and is not taken back."""
        code = self.service.code
        return FileQuery(service=code, school=school, status=_ROUTED, has_bytes=True, is_delivered=True)

    def _room(self, number: str) -> "InboxSchoolRoom":
        school = self.sight.directory.current.school(number) or School(number, "")
        return InboxSchoolRoom(room_name(school), number, self)


@dataclass(frozen=True)
class InboxSchoolRoom:
    """One school's files in an Inbox."""

    name: str
    school: str
    inbox: InboxRoom

    async def items(self) -> Sequence[Found]:
        """Return the files."""
        files = await self._ledger.files(self.inbox.held_of(self.school))
        return [self._leaf(name, file) for name, file in shown_names(files, self._zone)]

    async def lines(self) -> Lines:
        """Return the files, as a listing needs them."""
        return Lines(await self._ledger.listed(self.inbox.held_of(self.school)), self._zone)

    async def child(self, name: str) -> Found | None:
        """Return one file: by its own name at the cost of one look, by another at the cost of all."""
        found = await self._newest(name)
        if found is None or found.name != name:
            found = await self._other(name)
        return None if found is None else self._leaf(name, found)

    async def _newest(self, name: str) -> FileRecord | None:
        if safe_name(name) != name:
            return None
        twins = await self._ledger.twins(school=self.school, name=name)
        return next((file for file in twins if self._holds(file)), None)

    async def _other(self, name: str) -> FileRecord | None:
        found = (await self.lines()).find(name)
        file = await self._ledger.file(found) if found else None
        return file if file is not None and self._holds(file) else None

    def _holds(self, file: FileRecord) -> bool:
        is_here = file.service == self.inbox.service.code and file.status in _ROUTED
        return is_here and file.delivered_at is not None

    @property
    def _ledger(self) -> Ledger:
        return self.inbox.sight.ledger

    @property
    def _zone(self) -> tzinfo:
        return self.inbox.sight.policy.current.zone

    def _leaf(self, name: str, file: FileRecord) -> Leaf:
        stored = Stored(file.id, file.place or "", Shelf.INBOX, self.inbox.service.code, file.status is Status.RECEIVED)
        return Leaf(name, file.size or 0, file.sent_at, stored)
