"""What nobody opened and is about to be destroyed: when it is told, and what its publisher reads of it.

Owns the day of the warning and the publisher's context; the school's is that of the daily email. Pure (Source: SPEC 7).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo

from gateway.core.documents import Addressed, Document
from gateway.core.notices.receipts import Letterhead
from gateway.core.phrases import day, moment
from gateway.core.register import Directory
from gateway.core.routing import Folder
from gateway.core.workdays import last_working_day

TEMPLATE, SUMMARY = "unread", "unread-summary"
MOST_ROWS = 100  # documents in one email; the command shows them all
MOST_SCHOOLS = 20  # named beside a document


@dataclass(frozen=True)
class Unopened:
    """One document, and where nobody opened it."""

    document: str  # id, for the command
    name: str  # as its publisher named it
    folder: str
    published_at: str
    until: str  # the day on which its bytes are destroyed
    unread: int  # schools of which nobody opened it
    reach: int  # schools that it is for
    schools: tuple[str, ...]  # number and name
    more: int  # schools that are not named


@dataclass(frozen=True)
class UnreadSummary:
    """What a publisher gets about documents that are destroyed soon, and that some school has not opened."""

    authority: str
    contact: str
    reader: str
    days: int  # that are left, at the most
    documents: tuple[Unopened, ...]
    more: int  # documents that are not listed
    total: int


def warning_day(document: Document, days: int, *, zone: tzinfo, holidays: Collection[date]) -> date:
    """Return the day on which it is told that nobody opened a document.

    So many days before its end, or the working day before that; the day after it came out where its term is too short.
    """
    out = (document.published_at or document.sent_at).astimezone(zone).date()
    last = last_working_day(document.expires_at.astimezone(zone).date() - timedelta(days=days), holidays)
    return max(last, out + timedelta(days=1))


def unread_summary(
    unread: Sequence[Addressed],
    *,
    reader: str,
    days: int,
    head: Letterhead,
    directory: Directory,
    folders: Sequence[Folder],
) -> UnreadSummary:
    """Return what a publisher is told; the schools of each are those that have not opened it."""
    names = {folder.key: folder.name for folder in folders}
    return UnreadSummary(
        authority=head.authority,
        contact=head.contact,
        reader=reader,
        days=days,
        documents=tuple(_unopened(addressed, names, head, directory) for addressed in unread[:MOST_ROWS]),
        more=max(0, len(unread) - MOST_ROWS),
        total=len(unread),
    )


def _unopened(addressed: Addressed, names: dict[str, str], head: Letterhead, directory: Directory) -> Unopened:
    document, schools = addressed.document, addressed.schools
    return Unopened(
        document=document.id,
        name=document.sent_name,
        folder=names.get(document.folder, document.folder),
        published_at=moment(document.published_at or document.sent_at, head.zone),
        until=day(document.expires_at, head.zone),
        unread=len(schools),
        reach=document.reach,
        schools=tuple(_school(number, directory) for number in schools[:MOST_SCHOOLS]),
        more=max(0, len(schools) - MOST_SCHOOLS),
    )


def _school(number: str, directory: Directory) -> str:
    school = directory.school(number)
    return f"{number} {school.name}" if school else number
