"""What a school's person sees of the authority's documents: `LA Documents`, by month and folder.

Owns the four month folders, numbered 1 to 4 from the oldest, of which those with nothing in them are not listed and
keep their numbers; the standard folders that hold something; and the rooms for headteachers alone. Nothing in any of
them can be changed by a reader (Source: SPEC 5, 7).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap

from gateway.core.documents import Document
from gateway.core.layout import document_month_names, month_of
from gateway.core.register import Role
from gateway.inbound.sftp.lines import Leaves
from gateway.inbound.sftp.rooms import Found, Leaf, Room, Shelf, Sight, Stored, named
from gateway.inbound.sftp.shown import room_name_of, shown_names

DOCUMENTS = "LA Documents"
HEAD_ONLY = "Confidential (Head Only)"


@dataclass(frozen=True)
class DocumentsRoom:
    """The authority's documents for one school."""

    sight: Sight
    school: str
    name: str = DOCUMENTS

    def _rooms(self) -> tuple[Room, ...]:
        policy = self.sight.policy.current
        for_all = AuthorityRoom(room_name_of(f"{policy.notices.authority} Documents"), self, is_head_only=False)
        for_heads = AuthorityRoom(HEAD_ONLY, self, is_head_only=True)
        is_head = policy.documents.head_only and self.sight.account.role is Role.HEAD
        return (for_heads, for_all) if is_head else (for_all,)

    async def items(self) -> Sequence[Found]:
        """Return the authority's room; for a headteacher, where it is in use, the confidential one too."""
        return self._rooms()

    async def child(self, name: str) -> Found | None:
        """Return one of them."""
        return named(self._rooms(), name)


@dataclass(frozen=True)
class AuthorityRoom:
    """Documents by month: for everybody of the school, or for its headteachers."""

    name: str
    documents: DocumentsRoom
    is_head_only: bool

    async def items(self) -> Sequence[Found]:
        """Return the months that hold anything, the oldest first."""
        shown = {self.month_of(d) for d in await self.shown()}
        return [room for room in self._months() if room.month in shown]

    async def child(self, name: str) -> Found | None:
        """Return a month that may hold something."""
        return named(self._months(), name)

    async def shown(self) -> list[Document]:
        """Return what is shown here, newest first."""
        found = await self.documents.sight.ledger.shown_documents(school=self.documents.school)
        return [d for d in found if d.head_only == self.is_head_only]

    def month_of(self, document: Document) -> str:
        """Return the month in which its schools began to see a document."""
        return month_of(document.published_at or document.sent_at, self.documents.sight.policy.current.zone)

    def _months(self) -> "list[MonthRoom]":
        sight = self.documents.sight
        names = document_month_names(sight.clock.now(), sight.policy.current.zone)
        return [MonthRoom(name, month, self) for month, name in names.items()]


@dataclass(frozen=True)
class MonthRoom:
    """One month of documents, by folder."""

    name: str  # 4 November Files
    month: str  # 2026-11
    authority: AuthorityRoom

    async def items(self) -> Sequence[Found]:
        """Return the standard folders that hold something."""
        keys = {d.folder for d in await self.shown()}
        return [room for room in self._folders(keys) if room.key in keys]

    async def child(self, name: str) -> Found | None:
        """Return a folder that may hold something."""
        return named(self._folders(()), name) or named(await self.items(), name)

    async def shown(self) -> list[Document]:
        """Return what is shown here, newest first."""
        return [d for d in await self.authority.shown() if self.authority.month_of(d) == self.month]

    def _folders(self, keys: "set[str] | tuple[()]") -> "list[FolderRoom]":
        """Return the rooms of the standard folders, and of one that was taken off the table since."""
        known = self.authority.documents.sight.policy.current.documents.folders
        names = {folder.key: folder.name for folder in known}
        gone = sorted(set(keys) - names.keys())
        return [FolderRoom(room_name_of(names.get(key, key)), key, self) for key in (*names, *gone)]


@dataclass(frozen=True)
class FolderRoom:
    """The documents of one folder in one month."""

    name: str
    key: str  # of routing/folders.toml
    month: MonthRoom

    async def items(self) -> Sequence[Found]:
        """Return the documents."""
        return list(await self.lines())

    async def lines(self) -> Leaves[Document, Leaf]:
        """Return the documents, each made when it is asked for."""
        return Leaves([d for d in await self.month.shown() if d.folder == self.key], self._leaves)

    async def child(self, name: str) -> Found | None:
        """Return one document."""
        return next((leaf for leaf in await self.lines() if leaf.name == name), None)

    def _leaves(self, documents: Sequence[Document]) -> Iterator[Leaf]:
        zone = self.month.authority.documents.sight.policy.current.zone
        return starmap(self._leaf, shown_names(documents, zone))

    def _leaf(self, name: str, document: Document) -> Leaf:
        school = self.month.authority.documents.school
        stored = Stored(document.id, document.place or "", Shelf.DOCUMENT, school=school)
        return Leaf(name, document.size, document.published_at or document.sent_at, stored)


DOCUMENT_ROOMS = (DocumentsRoom, AuthorityRoom, MonthRoom, FolderRoom)
