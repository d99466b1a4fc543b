"""What people are told of access: who has it, that it is not used, and that an address changes or fails.

Owns these contexts; their samples are `accessnews_samples` (Source: SPEC 4, 9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.core.addresses import AddressChange
from gateway.core.notices.receipts import Letterhead
from gateway.core.notices.replies import Outcome
from gateway.core.phrases import day
from gateway.core.register import Account, Directory, Role

REVIEW, REVIEW_ANSWER, REVIEW_REPORT = "access-review", "access-review-answer", "access-review-report"
ADDRESS, ADDRESS_CHANGED, STALE = "address-confirm", "address-changed", "address-stale"
UNUSED, UNUSED_REPORT = "account-unused", "accounts-unused"

_ROLES = {Role.HEAD: "headteacher", Role.STAFF: "staff", Role.OFFICER: "officer", Role.DEVICE: "device (a copier)"}


@dataclass(frozen=True)
class Access:
    """One person's access, as somebody else reads of it."""

    name: str
    username: str
    role: str
    is_reader: bool
    last: str  # the day of the last login or file; "" for never


@dataclass(frozen=True)
class Reviewed:
    """What a headteacher is asked: who has access to the school."""

    authority: str
    contact: str
    reader: str
    school: str
    people: tuple[Access, ...]
    is_reminder: bool
    asked_on: str
    letter: str  # its id: a reply belongs to it
    reply_until: str  # ISO 8601


@dataclass(frozen=True)
class ReviewAnswered:
    """What became of an answer to a review."""

    authority: str
    contact: str
    reader: str
    school: str
    is_understood: bool
    outcomes: tuple[Outcome, ...]
    people: tuple[Access, ...]  # who has access now
    letter: str
    reply_until: str


@dataclass(frozen=True)
class Unanswered:
    """One school whose review nobody answered, as the administrator reads it."""

    school: str
    asked: tuple[str, ...]  # names; empty where there is nobody to ask


@dataclass(frozen=True)
class ReviewReport:
    """What the administrator gets about a review that was not answered."""

    authority: str
    contact: str
    reader: str
    review: str
    started_on: str
    unanswered: tuple[Unanswered, ...]


@dataclass(frozen=True)
class AddressAsked:
    """The question whether an address shall change, to the old one or to the new one."""

    authority: str
    contact: str
    reader: str
    username: str
    old: str
    new: str
    is_new: bool  # this mail goes to the new one
    by: str  # "you", or who asked for it
    until: str  # a day
    letter: str
    reply_until: str


@dataclass(frozen=True)
class AddressChanged:
    """That an address was changed."""

    authority: str
    contact: str
    reader: str
    username: str
    old: str
    new: str
    by: str


@dataclass(frozen=True)
class Stale:
    """That our mail to somebody comes back."""

    authority: str
    contact: str
    reader: str
    is_administrator: bool
    person: str
    username: str
    address: str
    schools: tuple[str, ...]


@dataclass(frozen=True)
class Unused:
    """That somebody's account is not used, and when it is suspended."""

    authority: str
    contact: str
    reader: str
    username: str
    last: str  # a day; "" for never
    days: int
    suspended_on: str  # a day; "" for never


@dataclass(frozen=True)
class UnusedRow:
    """One account that is not used."""

    name: str
    username: str
    role: str
    places: tuple[str, ...]
    last: str
    is_suspended: bool


@dataclass(frozen=True)
class UnusedReport:
    """The accounts that are not used, as the administrator reads of them."""

    authority: str
    contact: str
    reader: str
    days: int
    people: tuple[UnusedRow, ...]


def access_of(person: Account, *, reader: Account, last: datetime | None, head: Letterhead) -> Access:
    """Return one person's access."""
    return Access(
        name=person.full_name,
        username=person.username,
        role=_ROLES[person.role] + ("" if person.is_active else ", not activated yet"),
        is_reader=person.username == reader.username,
        last=day(last, head.zone) if last else "",
    )


def school_title(number: str, directory: Directory) -> str:
    """Return a school as people read it."""
    school = directory.school(number)
    return f"{school.number} {school.name}" if school else number


def address_asked(change: AddressChange, *, reader: Account, is_new: bool, head: Letterhead) -> AddressAsked:
    """Return the question to one of the two addresses."""
    return AddressAsked(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        username=reader.username,
        old=change.old,
        new=change.new,
        is_new=is_new,
        by="you" if change.asked_by == reader.username else change.asked_by,
        until=day(change.until, head.zone),
        letter=change.letter_to_new if is_new else change.id,
        reply_until=change.until.isoformat(),
    )


def stale(person: Account, *, reader: str, is_administrator: bool, head: Letterhead, directory: Directory) -> Stale:
    """Return the word that our mail to a person comes back."""
    return Stale(
        authority=head.authority,
        contact=head.contact,
        reader=reader,
        is_administrator=is_administrator,
        person=person.full_name,
        username=person.username,
        address=person.email,
        schools=tuple(school_title(number, directory) for number in person.schools),
    )


def unused_row(person: Account, *, last: datetime | None, head: Letterhead) -> UnusedRow:
    """Return one account that is not used."""
    return UnusedRow(
        name=person.full_name,
        username=person.username,
        role=_ROLES[person.role],
        places=(*person.schools, *person.services),
        last=day(last, head.zone) if last else "",
        is_suspended=not person.is_active,
    )


def names_of(people: Sequence[Account]) -> tuple[str, ...]:
    """Return people's names."""
    return tuple(person.full_name for person in people)
