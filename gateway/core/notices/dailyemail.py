"""The daily email: which documents came for a reader's schools, where they lie, until when; and when it is due.

Owns who opens which document, the day of an email, and its context. Names are short ones unless the authority shows
whole names; then the words of an email go as soon as it has left (Source: SPEC 7, 10).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.core.discretion import mask_document_name
from gateway.core.documents import Addressed, Document
from gateway.core.layout import document_month_names, month_of
from gateway.core.notices.receipts import Letterhead
from gateway.core.phrases import day, moment, size_for_people
from gateway.core.register import Account, Directory, Role
from gateway.core.routing import Folder

TEMPLATE = "digest"
MOST_ROWS = 100  # of a folder in one email; the folder itself shows them all
CONFIDENTIAL = "Confidential (Head Only)"

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """One document in a list."""

    document: str  # id
    name: str
    size: str
    published_by: str
    published_at: str
    until: str  # the day on which its bytes are destroyed
    is_version: bool  # it replaces a document of the same name


@dataclass(frozen=True)
class Shelf:
    """The documents of one folder, as the reader finds it."""

    path: str
    documents: tuple[Row, ...]
    more: int  # that are not listed


@dataclass(frozen=True)
class SchoolShelves:
    """What came for one school."""

    school: str  # number and name
    folders: tuple[Shelf, ...]
    total: int


@dataclass(frozen=True)
class DailyEmail:
    """What a headteacher, and who else chose it, gets."""

    authority: str
    contact: str
    reader: str
    at: str
    schools: tuple[SchoolShelves, ...]
    total: int
    has_several_schools: bool  # a folder for each stands above the others
    has_short_names: bool


def digest_day(local: datetime, at: time) -> date:
    """Return the day whose email is the last one due at a time of the authority's own clock."""
    return local.date() if local.time() >= at else local.date() - _DAY


def is_digest_due(day: date, last: date) -> bool:
    """Return whether the email of this day is still to come.

    Each day has one, also when the hour is changed or comes twice. A clock that was put back by days waits for none of
    them: what is told does not depend on the day, only when.
    """
    return day > last or last - day > _DAY


def opens(account: Account, document: Document, *, has_head_only: bool) -> bool:
    """Return whether a person of its school can open a document."""
    return not document.head_only or (has_head_only and account.role is Role.HEAD)


def digest_readers(directory: Directory, schools: Set[str], chosen: Set[str]) -> list[Account]:
    """Return who reads about these schools: their headteachers, and who of their staff chose it."""
    return [
        account
        for account in directory.accounts.values()
        if account.is_active
        and account.email
        and (account.role is Role.HEAD or (account.role is Role.STAFF and account.username in chosen))
        and any(school in schools for school in account.schools)
    ]


def by_school(published: Iterable[Addressed]) -> dict[str, list[Document]]:
    """Return the documents of each school, in the order in which they came out."""
    found: dict[str, list[Document]] = defaultdict(list)
    for addressed in published:
        for school in addressed.schools:
            found[school].append(addressed.document)
    return dict(found)


def for_reader(
    documents: Mapping[str, Sequence[Document]], reader: Account, *, has_head_only: bool
) -> dict[str, list[Document]]:
    """Return what of this a reader can open, by their schools; schools with nothing are left out."""
    found = {
        school: [d for d in documents.get(school, ()) if opens(reader, d, has_head_only=has_head_only)]
        for school in reader.schools
    }
    return {school: mine for school, mine in found.items() if mine}


def daily_email(
    documents: Mapping[str, Sequence[Document]],
    *,
    reader: Account,
    at: datetime,
    head: Letterhead,
    directory: Directory,
    folders: Sequence[Folder],
) -> DailyEmail:
    """Return a reader's email of these documents, by their schools."""
    shelves = _Shelves(head, {folder.key: folder.name for folder in folders}, at)
    schools = tuple(
        SchoolShelves(_school(number, directory), shelves.of(mine), len(mine)) for number, mine in documents.items()
    )
    return DailyEmail(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        at=moment(at, head.zone),
        schools=schools,
        total=sum(school.total for school in schools),
        has_several_schools=len(reader.schools) > 1,
        has_short_names=not head.full_names,
    )


@dataclass(frozen=True)
class _Shelves:
    """Puts documents where a reader finds them."""

    head: Letterhead
    names: Mapping[str, str]  # of folders, by key
    at: datetime

    def of(self, documents: Iterable[Document]) -> tuple[Shelf, ...]:
        found: dict[str, list[Document]] = defaultdict(list)
        for document in documents:
            found[self._path(document)].append(document)
        return tuple(
            Shelf(path, tuple(self._row(d) for d in mine[:MOST_ROWS]), max(0, len(mine) - MOST_ROWS))
            for path, mine in sorted(found.items())
        )

    def _path(self, document: Document) -> str:
        zone = self.head.zone
        month = document_month_names(self.at, zone).get(month_of(document.published_at or document.sent_at, zone), "")
        root = CONFIDENTIAL if document.head_only else f"{self.head.authority} Documents"
        return "/".join(part for part in ("LA Documents", root, month, self.names.get(document.folder, "")) if part)

    def _row(self, document: Document) -> Row:
        zone = self.head.zone
        return Row(
            document=document.id,
            name=document.name if self.head.full_names else mask_document_name(document, document.name),
            size=size_for_people(document.size),
            published_by=document.published_by,
            published_at=moment(document.published_at or document.sent_at, zone),
            until=day(document.expires_at, zone),
            is_version=document.supersedes is not None,
        )


def _school(number: str, directory: Directory) -> str:
    school = directory.school(number)
    return f"{number} {school.name}" if school else number
