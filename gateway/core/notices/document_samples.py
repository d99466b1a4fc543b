"""Sample contexts of what schools and publishers are told of documents: what templates are tried with, and previews.

Built from invented records by the same functions as the real ones (Source: DESIGN 1).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.core.documents import Addressed, Document, DocumentState
from gateway.core.model import Channel
from gateway.core.notices.dailyemail import MOST_ROWS, TEMPLATE, daily_email
from gateway.core.notices.published import MOST_ROWS as MOST_ITEMS
from gateway.core.notices.published import published
from gateway.core.notices.receipts import Letterhead, plain
from gateway.core.notices.unread import MOST_ROWS as MOST_DOCUMENTS
from gateway.core.notices.unread import MOST_SCHOOLS, SUMMARY, unread_summary
from gateway.core.notices.unread import TEMPLATE as UNREAD
from gateway.core.register import Account, AccountState, Directory, Role, School
from gateway.core.routing import Folder
from gateway.core.submission import PartFate

_AT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
_HEAD = Letterhead("Derbyshire", "the files team, files-help@derbyshire.example, 01632 960123")
_READER = Account(
    "m.osei", "Marian", "Osei", "marian.osei@leys.example", Role.HEAD, AccountState.ACTIVE, schools=("8302000",)
)
_DIRECTORY = Directory(
    schools={"8302000": School("8302000", "Leys Junior School"), "8303308": School("8303308", "St Wenna's")}
)
_FOLDERS = (Folder(name="General", key="general"), Folder(name="SEND", key="send"))
_LETTER = Document(
    id="01kaj0sample0000000000000c-01",
    submission="01kaj0sample0000000000000c",
    publication="01kaj0sample0000000000000c",
    name="Term dates.pdf",
    sent_name="8302000 Term dates.pdf",
    folder="general",
    head_only=False,
    everyone=False,
    reach=1,
    state=DocumentState.PUBLISHED,
    channel=Channel.SFTP,
    published_by="Olive Howarth",
    published_by_user="o.howarth",
    sent_at=_AT - timedelta(hours=3),
    published_at=_AT - timedelta(hours=3),
    size=48_200,
    sha256="",
    expires_at=_AT + timedelta(days=90),
    place="documents/2026-11/sample",
    supersedes="01kaj0sample0000000000000b-01",
    extension="pdf",
)
_PRIVATE = replace(_LETTER, folder="send", head_only=True, supersedes=None, extension=None, name="Review")


def sample_documents() -> dict[str, tuple[Mapping[str, object], ...]]:
    """Return the contexts to try each template with, by its name; the first is the one to preview."""
    several = replace(_READER, schools=("8302000", "8303308"))
    lots = [_LETTER] * (MOST_ROWS + 1)
    cases = (
        (_READER, _HEAD, {"8302000": [_LETTER, _PRIVATE]}),
        (several, replace(_HEAD, full_names=True), {"8302000": [_PRIVATE], "8303308": lots}),
        (several, _HEAD, {"8303308": [_LETTER]}),
    )
    emails = tuple(
        plain(daily_email(documents, reader=reader, at=_AT, head=head, directory=_DIRECTORY, folders=_FOLDERS))
        for reader, head, documents in cases
    )
    return {TEMPLATE: emails, UNREAD: emails, SUMMARY: _summaries()}


def _summaries() -> tuple[Mapping[str, object], ...]:
    one = Addressed(replace(_LETTER, reach=2), ("8302000", "8303308"))
    to_many = Addressed(replace(_LETTER, folder="gone", reach=450), ("8302000",) * (MOST_SCHOOLS + 1))
    return tuple(
        plain(unread_summary(unread, reader="Olive", days=14, head=_HEAD, directory=_DIRECTORY, folders=_FOLDERS))
        for unread in ((one, to_many), (one,), (one,) * (MOST_DOCUMENTS + 1))
    )


def sample_published() -> tuple[Mapping[str, object], ...]:
    """Return the contexts to try the report to a publisher with; the first is the one to preview."""
    alone, nobody, many, confirmed = _publications()
    parts = (
        PartFate(2, "8302000 Term dates.pdf", "application/pdf", 9, "duplicate", "earlier", "earlier"),
        PartFate(3, "8302000 Empty.pdf", "application/pdf", 0, "ignored", "empty, or cut off on the way"),
    )
    told: tuple[tuple[tuple[Addressed, ...], bool, tuple[PartFate, ...]], ...] = (
        ((alone, nobody, many), True, ()),
        ((alone, nobody, nobody), False, ()),
        ((many, replace(many, document=replace(many.document, everyone=False))), False, ()),
        ((confirmed, alone, alone), False, ()),
        ((), False, parts),
        ((nobody,) * (MOST_ITEMS + 1), False, parts),
    )
    samples = tuple(_told_publisher(documents, parts, is_strict) for documents, is_strict, parts in told)
    return (*samples, {**samples[4], "repeated": [], "nothing": "There was no file in your message."})


def _publications() -> tuple[Addressed, Addressed, Addressed, Addressed]:
    """Return what went out to one school, what is held, what waits for many schools, and what was let out to them."""
    id = "01kaj0sample0000000000000d"
    out = replace(
        _LETTER,
        id=f"{id}-01",
        submission=id,
        publication=id,
        name="Offer of a place.pdf",
        sent_name="8302000 Offer of a place.pdf",
        folder="send",
        supersedes=None,
        extension=None,
    )
    sentence = "Its name does not begin with the seven digits of a DfE number, so it is for no school."
    held = replace(out, state=DocumentState.HELD, reach=0, sent_name="Offer of a place.pdf", detail=sentence)
    many = replace(out, state=DocumentState.WAITING, reach=412, everyone=True, sent_name="Term dates.pdf")
    confirmed = replace(many, state=DocumentState.PUBLISHED, confirmed_by="Ines Roe", head_only=True)
    return Addressed(out, ("8302000",)), Addressed(held), Addressed(many), Addressed(confirmed)


def _told_publisher(
    documents: tuple[Addressed, ...], parts: tuple[PartFate, ...], second_person: bool
) -> Mapping[str, object]:
    return plain(
        published(
            documents,
            reader="Olive",
            at=datetime(2026, 11, 20, 14, 5, tzinfo=UTC),
            head=_HEAD,
            directory=_DIRECTORY,
            folders=_FOLDERS,
            parts=parts,
            second_person=second_person,
        )
    )
