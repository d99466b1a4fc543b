"""What schools are told of a file request, and its table for a spreadsheet.

Owns these contexts, their samples and the columns of the table. A name in the table is the short one: it is kept longer
than the files that it tells of (Source: SPEC 10, 13).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from gateway.core.discretion import mask_name
from gateway.core.model import FileRecord
from gateway.core.notices.receipts import Letterhead, plain, title_of
from gateway.core.pages import moment_cell, table_csv
from gateway.core.phrases import moment
from gateway.core.register import Account, Directory, Role, School
from gateway.core.requests import FileRequest, Outcome, SchoolStanding, Standing
from gateway.core.routing import Catalogue, Service

TEMPLATE, REMINDER, OVER = "file-request", "file-request-reminder", "file-request-over"
MOST_NAMED = 100  # schools in one email; the table has them all
COLUMNS = ("DfE number", "School", "Outcome", "Date sent", "Sent by", "File name", "Status", "Files", "Id")

_LONGEST_WORD = 20  # of the example's description


@dataclass(frozen=True)
class Asked:
    """What a school gets: what is asked for, of which service, by when."""

    authority: str
    contact: str
    reader: str
    request: str  # id
    title: str
    service: str  # the code
    service_title: str  # code and name, as people read it
    hint: str  # what the service asks of its senders
    types: tuple[str, ...]  # extensions; () is whatever the service accepts
    word: str  # that must stand in the name
    until: str  # the deadline
    is_late: bool  # it has passed
    schools: tuple[
        str, ...
    ]  # number and name of the reader's schools that are asked; of a reminder: that have not sent
    example: str  # a name that counts
    note: str


@dataclass(frozen=True)
class Over:
    """What whoever opened a request gets when its deadline has passed."""

    authority: str
    contact: str
    reader: str
    request: str  # id
    title: str
    service: str  # the code
    service_title: str  # code and name, as people read it
    until: str  # the deadline
    opened_by: str
    is_opener: bool  # the reader opened it, and is not the administrator in their place
    asked: int  # schools
    sent: tuple[str, ...]  # number and name, the first of them
    sent_total: int
    missing: tuple[str, ...]
    missing_total: int


def over(
    standing: Standing,
    *,
    reader: Account | None,
    administrator: str,
    head: Letterhead,
    directory: Directory,
    catalogue: Catalogue,
) -> Over:
    """Return what is told of a request whose deadline has passed; without a reader, to the administrator."""
    request, missing = standing.request, standing.those(Outcome.MISSING)
    sent = tuple(school for school in standing.schools if school.outcome is not Outcome.MISSING)
    return Over(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename if reader else administrator,
        request=request.id,
        title=request.title,
        service=request.service,
        service_title=title_of(request.service, catalogue),
        until=moment(request.due_at, head.zone),
        opened_by=request.opened_by,
        is_opener=reader is not None,
        asked=len(standing.schools),
        sent=tuple(_school(each.school, directory) for each in sent[:MOST_NAMED]),
        sent_total=len(sent),
        missing=tuple(_missing(each, directory) for each in missing[:MOST_NAMED]),
        missing_total=len(missing),
    )


def _missing(school: SchoolStanding, directory: Directory) -> str:
    nobody = "" if school.can_be_told else " (nobody there is told by email: please telephone)"
    return f"{_school(school.school, directory)}{nobody}"


def asked(
    request: FileRequest,
    *,
    reader: Account,
    schools: Sequence[str],
    at: datetime,
    head: Letterhead,
    directory: Directory,
    catalogue: Catalogue,
) -> Asked:
    """Return what a person is told of a request, for those of their schools that are asked."""
    service = catalogue.get(request.service)
    return Asked(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        request=request.id,
        title=request.title,
        service=request.service,
        service_title=title_of(request.service, catalogue),
        hint=service.hint if service else "",
        types=request.types,
        word=request.word,
        until=moment(request.due_at, head.zone),
        is_late=at > request.due_at,
        schools=tuple(_school(number, directory) for number in schools),
        example=example_of(request, schools[0], at=at.astimezone(head.zone)),
        note=request.note,
    )


def example_of(request: FileRequest, school: str, *, at: datetime) -> str:
    """Return a name that counts for a school."""
    word = request.word or re.sub(r"[^a-z0-9]", "", request.title.lower())[:_LONGEST_WORD] or "return"
    return f"{school}_{request.service}{word}{at:%Y%m%d}.{request.types[0] if request.types else 'pdf'}"


def standing_csv(standing: Standing, zone: tzinfo) -> bytes:
    """Return who has sent and who has not, for a spreadsheet."""
    return table_csv(COLUMNS, (_row(school, zone) for school in standing.schools))


def _row(school: SchoolStanding, zone: tzinfo) -> tuple[str, ...]:
    file = school.file
    told = _told_of(file, zone) if file else ("", "", "", "")
    return (school.school, school.name, school.outcome, *told, str(len(school.files)), file.id if file else "")


def _told_of(file: FileRecord, zone: tzinfo) -> tuple[str, ...]:
    return moment_cell(file.sent_at, zone), file.sent_by, mask_name(file), file.status


def _school(number: str, directory: Directory) -> str:
    school = directory.school(number)
    return f"{number} {school.name}" if school else number


# Samples

_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_READER = Account("m.osei", "Marian", "Osei", "marian.osei@leys.example", Role.HEAD, schools=("8302000",))
_SAMPLE = FileRequest(
    id="01kaj0sample0000000000000b",
    title="Early Years profile",
    service="INFO",
    schools=("8302000", "8303308"),
    due_at=_AT + timedelta(days=14),
    opened_at=_AT,
    opened_by="o.howarth",
    types=("xlsx", "csv"),
    word="eyfs",
    note="Please use this year's form.",
)


def sample_asked() -> dict[str, tuple[Mapping[str, object], ...]]:
    """Return contexts to try both templates with; each fills what the other leaves empty."""
    bare = replace(_SAMPLE, types=(), word="", note="", service="GONE")
    catalogue = Catalogue({"INFO": Service(code="INFO", name="EYFS, Phonics", hint="One file a school.")})
    directory = Directory(schools={"8302000": School("8302000", "Leys Junior School")})
    contexts = tuple(
        plain(
            asked(
                request,
                reader=_READER,
                schools=schools,
                at=at,
                head=Letterhead("Derbyshire", "the files team, files-help@derbyshire.example, 01632 960123"),
                directory=directory,
                catalogue=catalogue,
            )
        )
        for request, schools in ((_SAMPLE, ("8302000",)), (bare, ("8302000", "8303308")))
        for at in (_AT, _AT + timedelta(days=20))
    )
    return {TEMPLATE: contexts, REMINDER: contexts, OVER: _sample_over(directory, catalogue)}


def _sample_over(directory: Directory, catalogue: Catalogue) -> tuple[Mapping[str, object], ...]:
    sent = SchoolStanding("8302000", "Leys Junior School", Outcome.SENT)
    silent = SchoolStanding("8303308", "", Outcome.MISSING, can_be_told=False)
    many = (sent, silent, *(replace(each, can_be_told=True) for each in (sent, silent) for _ in range(MOST_NAMED)))
    head = Letterhead("Derbyshire", "the files team, files-help@derbyshire.example, 01632 960123")
    return tuple(
        plain(
            over(
                Standing(_SAMPLE, schools),
                reader=reader,
                administrator="administrator",
                head=head,
                directory=directory,
                catalogue=catalogue,
            )
        )
        for schools, reader in (((sent, silent), _READER), ((sent,), None), ((silent,), None), (many, None))
    )
