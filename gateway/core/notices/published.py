"""What a publisher is told: which documents went out, which wait for a confirmation, which are held and why.

Owns these contexts. They go to who published alone, so names are whole; what went out is counted and not listed, since
a mail merge is hundreds (Source: SPEC 7, 10).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.core.documents import Addressed, Document, DocumentState
from gateway.core.notices.receipts import Letterhead
from gateway.core.phrases import day, moment
from gateway.core.register import Directory
from gateway.core.routing import Folder
from gateway.core.submission import PartFate

MOST_ROWS = 100  # in one email; the command shows them all


@dataclass(frozen=True)
class Item:
    """One document that somebody must act on."""

    document: str  # id
    name: str  # as its publisher named it
    folder: str
    schools: str  # "8302000 Leys Junior School", or how many
    sentence: str
    until: str  # the day on which its bytes are destroyed


@dataclass(frozen=True)
class Outcome:
    """What went out into one folder."""

    folder: str
    documents: int
    schools: int
    confirmed_by: str  # who let it out, where it waited


@dataclass(frozen=True)
class Published:
    """What a publisher gets."""

    authority: str
    contact: str
    reader: str
    at: str
    outcomes: tuple[Outcome, ...]
    held: tuple[Item, ...]
    waiting: tuple[Item, ...]
    more: int  # held or waiting, and not listed
    repeated: tuple[str, ...]  # names of what its schools had already
    left_out: tuple[str, ...]  # parts of a message that are no documents: name and why
    second_person: bool
    nothing: str = ""  # why a message brought no document


def published(
    documents: Sequence[Addressed],
    *,
    reader: str,
    at: datetime,
    head: Letterhead,
    directory: Directory,
    folders: Sequence[Folder],
    parts: Sequence[PartFate] = (),
    second_person: bool = False,
) -> Published:
    """Return what the publisher of these documents is told."""
    names = {folder.key: folder.name for folder in folders}
    held = [a for a in documents if a.document.state is DocumentState.HELD]
    waiting = [a for a in documents if a.document.state is DocumentState.WAITING]

    def items(found: Sequence[Addressed]) -> tuple[Item, ...]:
        return tuple(_item(a, names, directory, head) for a in found[:MOST_ROWS])

    return Published(
        authority=head.authority,
        contact=head.contact,
        reader=reader,
        at=moment(at, head.zone),
        outcomes=_outcomes([a for a in documents if a.document.state is DocumentState.PUBLISHED], names),
        held=items(held),
        waiting=items(waiting),
        more=max(0, len(held) - MOST_ROWS) + max(0, len(waiting) - MOST_ROWS),
        repeated=tuple(part.name or "" for part in parts if part.fate == "duplicate"),
        left_out=tuple(f"{part.name}: {part.why}" for part in parts if part.fate == "ignored" and part.name),
        second_person=second_person,
    )


def people_of(addressed: Addressed, directory: Directory) -> str:
    """Return for whom a document is, in a few words."""
    document = addressed.document
    if not document.reach:
        return ""
    if document.reach == 1 and addressed.schools:
        school = directory.school(addressed.schools[0])
        return f"{school.number} {school.name}" if school else addressed.schools[0]
    return f"all {document.reach} schools" if document.everyone else f"{document.reach} schools"


def _item(addressed: Addressed, names: dict[str, str], directory: Directory, head: Letterhead) -> Item:
    document = addressed.document
    return Item(
        document=document.id,
        name=document.sent_name,
        folder=_folder(document, names),
        schools=people_of(addressed, directory),
        sentence=document.detail or "",
        until=day(document.expires_at, head.zone),
    )


def _outcomes(documents: Sequence[Addressed], names: dict[str, str]) -> tuple[Outcome, ...]:
    found: dict[tuple[str, str], list[Addressed]] = defaultdict(list)
    for addressed in documents:
        found[_folder(addressed.document, names), addressed.document.confirmed_by or ""].append(addressed)
    return tuple(
        Outcome(folder, len(some), len({school for a in some for school in a.schools}), by)
        for (folder, by), some in sorted(found.items(), key=lambda item: item[0])
    )


def _folder(document: Document, names: dict[str, str]) -> str:
    name = names.get(document.folder, document.folder)
    return f"{name}, for headteachers alone" if document.head_only else name
