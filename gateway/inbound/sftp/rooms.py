"""What a view is made of: rooms, and the leaves in them that can be read.

Owns these values, and what every room is computed from. Which rooms there are is `schoolview` and `serviceview`
(Source: SPEC 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from gateway.core.admission import may_see_as_school
from gateway.core.discretion import is_for_sender_alone
from gateway.core.listed import Kind, ListedFiles
from gateway.core.model import FileRecord
from gateway.core.register import Account
from gateway.inbound.sftp.lines import Leaves, Lines
from gateway.inbound.sftp.statustable import StatusTables
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.waiting import WaitingRoom
from gateway.ports import Clock, Ledger


class Shelf(Enum):
    """Where a file stands, which decides what can be done to it there."""

    SENT = auto()
    REJECTED = auto()
    INBOX = auto()
    DOCUMENT = auto()


class Stored(NamedTuple):  # as Leaf: made in thousands for a listing, which a dataclass takes three times as long for
    """A file whose bytes we hold."""

    file: str  # its id
    place: str
    shelf: Shelf
    service: str | None = None  # of an Inbox
    is_received: bool = False
    school: str | None = None  # in whose view a document is read


@dataclass(frozen=True)
class Page:
    """A page made when somebody looks."""

    data: bytes
    is_writable: bool = False  # whether its reader may put another in its place


@dataclass(frozen=True)
class Way:
    """What was put somewhere, and can't be read there: an upload in `Send Files`, or what was just moved away."""


@dataclass(frozen=True)
class Waits:
    """A file that waits for the scan. It can be neither read nor recalled yet."""


class Leaf(NamedTuple):
    """One name in a room."""

    name: str
    size: int  # bytes
    at: datetime
    what: Stored | Page | Way | Waits


class Room(Protocol):
    """One folder of the view."""

    @property
    def name(self) -> str:
        """What it is called where it stands."""
        ...

    async def items(self) -> "Sequence[Found]":
        """Return what is in it, now."""
        ...

    async def child(self, name: str, /) -> "Found | None":
        """Return one of its items, without the cost of all where that can be."""
        ...


Found: TypeAlias = Room | Leaf


@runtime_checkable
class LongRoom(Room, Protocol):
    """A folder that may hold thousands."""

    async def lines(self) -> "Lines | Leaves[Any, Leaf]":
        """Return what is in it, now."""
        ...


@dataclass(frozen=True)
class Sight:
    """One person, and what their view is computed from."""

    account: Account
    ledger: Ledger
    directory: LiveDirectory
    policy: LivePolicy
    clock: Clock
    tables: StatusTables
    waiting: WaitingRoom

    def may_see(self, file: FileRecord | Kind) -> bool:
        """Return whether this person sees a file among those of its school."""
        if file.sent_by_user == self.account.username:
            return True  # as admission says, in whatever school; and most of ten thousand files are one person's
        private = is_for_sender_alone(file, self.policy.current.catalogue)
        return may_see_as_school(self.account, file, private=private)

    def seen_of(self, files: ListedFiles, school: str) -> ListedFiles:
        """Return those of a school's Sent or Received files that this person sees."""
        sees = {kind: self.may_see(Kind(school, *kind)) for kind in set(files.kinds())}
        return files if all(sees.values()) else files.where(map(sees.__getitem__, files.kinds()))

    def waiting_of(self, school: str) -> list[FileRecord]:
        """Return what waits for the scan of a school and this person may see, newest first."""
        return [file for file in self.waiting.of_school(school) if self.may_see(file)]

    def year_start(self) -> datetime:
        """Return when the current academic year began: the first of September."""
        now = self.clock.now().astimezone(self.policy.current.zone)
        year = now.year if now.month >= 9 else now.year - 1
        return now.replace(year=year, month=9, day=1, hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Fixed:
    """A room that always holds the same rooms."""

    name: str
    rooms: tuple[Room, ...]

    async def items(self) -> Sequence[Found]:
        """Return its rooms."""
        return self.rooms

    async def child(self, name: str) -> Found | None:
        """Return one of its rooms."""
        return named(self.rooms, name)


def named(found: Sequence[Found], name: str) -> Found | None:
    """Return the one of this name."""
    return next((item for item in found if item.name == name), None)
