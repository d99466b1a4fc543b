"""File requests: what the authority asks its schools for, which file answers it, and who still owes one.

Owns when a school counts as having sent, and on which days it is reminded. Which files match is asked of the ledger
(service, time, type, a word in the name). Pure (Source: SPEC 13; issue "File requests").
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from gateway.core.model import FileRecord
from gateway.core.register import Account, Directory, Role, SchoolStatus
from gateway.core.workdays import after_working_days, last_working_day


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What a school did about a request."""

    SENT = "sent"
    LATE = "late"  # sent after the deadline
    MISSING = "not sent"


@dataclass(frozen=True)
class FileRequest:
    """One collection: a file of one service, from each school of an audience, by a deadline."""

    id: str
    title: str  # as schools read it
    service: str  # the code
    schools: tuple[str, ...]  # DfE numbers, as the audience was named
    due_at: datetime  # the last moment that is in time
    opened_at: datetime
    opened_by: str
    types: tuple[str, ...] = ()  # extensions, lower case; () is whatever the service accepts
    word: str = ""  # that stands in the name, where the service collects more than one thing
    note: str = ""  # the authority's own words to the schools
    closed_at: datetime | None = None
    closed_by: str | None = None

    @property
    def state(self) -> RequestState:
        """Where it stands."""
        return RequestState.CLOSED if self.closed_at else RequestState.OPEN


@dataclass(frozen=True)
class SchoolStanding:
    """What one school did about a request."""

    school: str  # DfE number
    name: str  # of the school
    outcome: Outcome
    files: tuple[FileRecord, ...] = ()  # that count, the first one first
    can_be_told: bool = True  # somebody of the school reads our notices

    @property
    def file(self) -> FileRecord | None:
        """The file that decided it: the first one."""
        return self.files[0] if self.files else None


@dataclass(frozen=True)
class Standing:
    """Who has sent, and who has not."""

    request: FileRequest
    schools: tuple[SchoolStanding, ...]

    def those(self, outcome: Outcome) -> tuple[SchoolStanding, ...]:
        """Return the schools with this outcome."""
        return tuple(s for s in self.schools if s.outcome is outcome)


@dataclass(frozen=True)
class ReminderDays:
    """When those who have not sent are reminded."""

    before: tuple[int, ...] = (7, 1)  # days before the deadline, or the last working day before that
    after: tuple[int, ...] = (1,)  # working days after it


def standing_of(request: FileRequest, files: Iterable[FileRecord], directory: Directory) -> Standing:
    """Return who has sent, from the files that count, in the order of the audience."""
    by_school: dict[str, list[FileRecord]] = defaultdict(list)
    for file in sorted(files, key=lambda f: (f.sent_at, f.id)):
        by_school[file.school or ""].append(file)
    return Standing(request, tuple(_of_school(n, request, by_school.get(n, ()), directory) for n in request.schools))


def _of_school(number: str, request: FileRequest, files: Sequence[FileRecord], directory: Directory) -> SchoolStanding:
    school = directory.school(number)
    outcome = Outcome.MISSING
    if files:
        outcome = Outcome.SENT if files[0].sent_at <= request.due_at else Outcome.LATE
    can_be_told = bool(who_is_told(number, directory))
    return SchoolStanding(number, school.name if school else "", outcome, tuple(files), can_be_told)


def who_is_told(number: str, directory: Directory) -> tuple[Account, ...]:
    """Return who reads about a request: an open school's headteachers, else whoever else may send for it."""
    school = directory.school(number)
    if school is None or school.status is not SchoolStatus.OPEN:
        return ()
    staff = (a for a in directory.people_of(number) if a.role is Role.STAFF and a.is_active)
    return tuple(a for a in directory.heads_of(number) or staff if a.email)


def by_reader(numbers: Iterable[str], directory: Directory) -> list[tuple[Account, tuple[str, ...]]]:
    """Return who is told of these schools, each person once, with their schools among them."""
    found: dict[str, tuple[Account, list[str]]] = {}
    for number in numbers:
        for reader in who_is_told(number, directory):
            found.setdefault(reader.username, (reader, []))[1].append(number)
    return [(reader, tuple(schools)) for reader, schools in found.values()]


def reminder_day(
    request: FileRequest, days: ReminderDays, *, today: date, zone: tzinfo, holidays: Collection[date]
) -> date | None:
    """Return the last day up to today on which those who have not sent are reminded; never the day of the opening."""
    due, opened = (at.astimezone(zone).date() for at in (request.due_at, request.opened_at))
    before = [last_working_day(due - timedelta(days=number), holidays) for number in days.before]
    after = [after_working_days(due, number, holidays) for number in days.after]
    return max((day for day in (*before, *after) if opened < day <= today), default=None)
