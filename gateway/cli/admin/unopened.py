"""`gateway admin documents list --unread`: which documents some school has not opened, by document, school, publisher.

Owns these three tables; which documents are asked about is the listing's (Source: SPEC 7).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.cli.admin.errand import Enquiry
from gateway.cli.render import Column, Kind, Row, iso
from gateway.cli.shapes import document_json
from gateway.core.documents import Document
from gateway.core.register import Directory

BY = ("school", "publisher")

_DOCUMENTS = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("folder", "Folder"),
    Column("published_by", "Published by"),
    Column("published_at", "Published on", Kind.TIME),
    Column("expires_at", "Kept until", Kind.TIME),
    Column("reach", "Schools", Kind.NUMBER),
    Column("unread", "Not opened by", Kind.NUMBER),
    Column("unread_by", "Who has not"),
)
_SCHOOLS = (
    Column("school", "DfE number"),
    Column("name", "School"),
    Column("unread", "Not opened", Kind.NUMBER),
    Column("first_end", "The first ends", Kind.TIME),
)
_PUBLISHERS = (
    Column("published_by_user", "Username"),
    Column("published_by", "Publisher"),
    Column("unread", "Not opened", Kind.NUMBER),
    Column("schools", "Schools", Kind.NUMBER),
    Column("first_end", "The first ends", Kind.TIME),
)


@dataclass
class Pile:
    """Unopened documents of one school, or of one publisher."""

    documents: list[Document] = field(default_factory=list)
    schools: set[str] = field(default_factory=set)

    def facts(self) -> Row:
        """Return how many there are and when the first one ends."""
        return {
            "unread": len({document.id for document in self.documents}),
            "schools": len(self.schools),
            "first_end": iso(min(document.expires_at for document in self.documents)),
        }


async def list_unopened(enquiry: Enquiry, documents: Sequence[Document], *, school: str | None, by: str | None) -> None:
    """Show documents with the schools that have not opened them: of one school where it was asked for."""
    found = [(d, [n for n in await _unread_by(enquiry, d) if school in (None, n)]) for d in documents]
    directory = await enquiry.ledger.directory()
    if by is None:
        rows: list[Row] = [{**document_json(d), "unread": len(who), "unread_by": who} for d, who in found]
        enquiry.screen.listing(rows if enquiry.screen.as_json else _shortened(rows), _DOCUMENTS, empty=_NONE)
    elif by == "school":
        enquiry.screen.listing(_by_school(found, directory), _SCHOOLS, empty=_NONE)
    else:
        enquiry.screen.listing(_by_publisher(found), _PUBLISHERS, empty=_NONE)


_NONE = "Every school has opened what it got."
_MOST_NAMED = 5  # schools beside a document, on a screen


async def _unread_by(enquiry: Enquiry, document: Document) -> list[str]:
    """Return the schools that see a document and of which nobody opened it."""
    audience = await enquiry.ledger.audience(document.id)
    return [row.school for row in audience if row.replaced_by is None and row.first_read_at is None]


def _shortened(rows: Iterable[Row]) -> list[Row]:
    """Return rows that fit a screen: of many schools the first few; --json has them all."""
    shown: list[Row] = []
    for row in rows:
        who = row["unread_by"]
        assert isinstance(who, list)
        more = [f"and {len(who) - _MOST_NAMED} more"] if len(who) > _MOST_NAMED else []
        shown.append({**row, "unread_by": [*who[:_MOST_NAMED], *more]})
    return shown


def _by_school(found: Iterable[tuple[Document, Sequence[str]]], directory: Directory) -> list[Row]:
    piles: dict[str, Pile] = defaultdict(Pile)
    for document, who in found:
        for number in who:
            piles[number].documents.append(document)
            piles[number].schools.add(number)
    rows: list[Row] = []
    for number, pile in sorted(piles.items()):
        school = directory.school(number)
        facts = {key: value for key, value in pile.facts().items() if key != "schools"}
        rows.append({"school": number, "name": school.name if school else None, **facts})
    return rows


def _by_publisher(found: Iterable[tuple[Document, Sequence[str]]]) -> list[Row]:
    piles: dict[str, Pile] = defaultdict(Pile)
    for document, who in found:
        piles[document.published_by_user].documents.append(document)
        piles[document.published_by_user].schools.update(who)
    return [
        {"published_by_user": username, "published_by": pile.documents[0].published_by, **pile.facts()}
        for username, pile in sorted(piles.items())
    ]
