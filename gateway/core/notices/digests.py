"""What the authority's own people are told unasked: what came, what waits uncollected, what could not be delivered.

Owns these contexts. A name in them is always the short one, whatever the authority shows elsewhere: their words are
kept longer than the files that they tell of (Source: SPEC 6, 10).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from gateway.core.discretion import mask_name
from gateway.core.model import Drop, FileRecord
from gateway.core.notices.receipts import Letterhead, title_of
from gateway.core.phrases import day, moment, size_for_people
from gateway.core.register import Directory
from gateway.core.remarks import without_delivered
from gateway.core.routing import Catalogue

MOST_ROWS = 100  # in one email; the Inbox shows them all


@dataclass(frozen=True)
class Line:
    """One file in a list."""

    file: str  # id
    name: str  # the short one
    school: str  # number and name
    sent_by: str
    sent_at: str
    size: str
    status: str
    remark: str
    until: str  # the day on which its bytes are destroyed
    is_version: bool  # a file of this name with other bytes came before
    is_delivered: bool


@dataclass(frozen=True)
class ServiceDigest:
    """What officers get: the files that came for their service since the last digest."""

    authority: str
    contact: str
    reader: str
    service: str  # the code
    service_title: str  # code and name, as people read it
    at: str
    files: tuple[Line, ...]
    more: int  # files that are not listed
    total: int


@dataclass(frozen=True)
class Waiting:
    """The uncollected files of one service."""

    service: str
    service_title: str  # code and name, as people read it
    files: tuple[Line, ...]
    more: int
    total: int


@dataclass(frozen=True)
class Uncollected:
    """What officers, and the administrator, get about files that nobody took."""

    authority: str
    contact: str
    reader: str
    is_administrator: bool
    is_last: bool  # they are about to be destroyed
    days: int  # working days that they have waited; before the purge, days that are left
    services: tuple[Waiting, ...]
    total: int


@dataclass(frozen=True)
class Undeliverable:
    """What the administrator gets when a delivery was given up."""

    authority: str
    contact: str
    reader: str
    delivery: str  # id of the drop, for the command
    service: str
    service_title: str  # code and name, as people read it
    target: str  # the kind and the place
    error: str
    attempts: int
    since: str
    file: Line


@dataclass(frozen=True)
class WaitsInInbox:
    """What a service's mailbox gets about a file that is too large for it."""

    authority: str
    contact: str
    service: str
    service_title: str
    file: Line


def waits_in_inbox(
    file: FileRecord, *, code: str, head: Letterhead, directory: Directory, catalogue: Catalogue
) -> WaitsInInbox:
    """Return the word to a mailbox that a file waits elsewhere."""
    return WaitsInInbox(
        authority=head.authority,
        contact=head.contact,
        service=code,
        service_title=title_of(code, catalogue),
        file=_line(file, head.zone, directory),
    )


def beside_parcel(file: FileRecord, *, code: str, head: Letterhead, directory: Directory, catalogue: Catalogue) -> str:
    """Return the text of the email that carries a file: for its service alone, so name and comment are whole."""
    line = _line(file, head.zone, directory)
    facts = (
        ("File", file.name),
        ("For", title_of(code, catalogue)),
        ("School", line.school),
        ("Sent by", file.sent_by),
        ("Sent on", line.sent_at),
        ("Size", line.size),
        ("SHA-256", file.sha256 or ""),
        ("New version of", "a file of the same name, sent before" if line.is_version else ""),
        ("Id", file.id),
    )
    told = "\n".join(f"{name + ':':<16}{value}" for name, value in facts if value)
    comment = f"\n\nThe sender's comment:\n\n{file.comment}" if file.comment else ""
    return f"{told}{comment}\n\nThe same id again is the same file. Questions? Please ask: {head.contact}\n"


def service_digest(
    files: Sequence[FileRecord],
    *,
    code: str,
    reader: str,
    at: datetime,
    head: Letterhead,
    directory: Directory,
    catalogue: Catalogue,
) -> ServiceDigest:
    """Return an officer's digest of what came for a service."""
    waiting = _waiting(code, files, head=head, directory=directory, catalogue=catalogue)
    return ServiceDigest(
        authority=head.authority,
        contact=head.contact,
        reader=reader,
        service=code,
        service_title=waiting.service_title,
        at=moment(at, head.zone),
        files=waiting.files,
        more=waiting.more,
        total=waiting.total,
    )


def uncollected(
    by_service: Iterable[tuple[str, Sequence[FileRecord]]],
    *,
    reader: str,
    is_administrator: bool,
    is_last: bool,
    days: int,
    head: Letterhead,
    directory: Directory,
    catalogue: Catalogue,
) -> Uncollected:
    """Return the list of what nobody collected, by service."""
    services = tuple(_waiting(c, f, head=head, directory=directory, catalogue=catalogue) for c, f in by_service)
    return Uncollected(
        authority=head.authority,
        contact=head.contact,
        reader=reader,
        is_administrator=is_administrator,
        is_last=is_last,
        days=days,
        services=services,
        total=sum(service.total for service in services),
    )


def undeliverable(
    drop: Drop, file: FileRecord, *, reader: str, head: Letterhead, directory: Directory, catalogue: Catalogue
) -> Undeliverable:
    """Return the alert about a delivery that was given up."""
    return Undeliverable(
        authority=head.authority,
        contact=head.contact,
        reader=reader,
        delivery=drop.id,
        service=drop.service,
        service_title=title_of(drop.service, catalogue),
        target=drop.target.replace(":", " ", 1),
        error=drop.error or "",
        attempts=drop.attempts,
        since=moment(drop.first_due_at, head.zone) if drop.first_due_at else "",
        file=_line(file, head.zone, directory),
    )


def _waiting(
    code: str, files: Sequence[FileRecord], *, head: Letterhead, directory: Directory, catalogue: Catalogue
) -> Waiting:
    lines = tuple(_line(file, head.zone, directory) for file in files[:MOST_ROWS])
    return Waiting(code, title_of(code, catalogue), lines, len(files) - len(lines), len(files))


def _line(file: FileRecord, zone: tzinfo, directory: Directory) -> Line:
    school = directory.school(file.school or "")
    return Line(
        file=file.id,
        name=mask_name(file),
        school=f"{school.number} {school.name}" if school else file.school or "",
        sent_by=file.sent_by,
        sent_at=moment(file.sent_at, zone),
        size=size_for_people(file.size or 0),
        status=str(file.status),
        remark=without_delivered(file.remark) or "",
        until=day(file.expires_at, zone) if file.expires_at else "",
        is_version=file.supersedes is not None,
        is_delivered=file.delivered_at is not None,
    )
