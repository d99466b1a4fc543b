"""Between a record and its row: files, drops, notices, submissions and what hangs on them.

Owns which column is written how. The columns of a listing stand in the order of the dataclass's fields, in SQL as here.
Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from gateway.core.documents import Addressed, Document, DocumentState
from gateway.core.mail import Notice, NoticeState
from gateway.core.model import Channel, Drop, DropState, FileRecord, History, Status, Unfinished
from gateway.core.submission import PartFate, Submission
from gateway.store.engine.connection import Row
from gateway.store.engine.rows import fold, listed, mapped, moment_if, stamp, stamp_if, unlisted, unmapped

R = TypeVar("R")
Form = tuple[Callable[[Any], object], Callable[[Any], object]]  # how a field is written, and how it is read

TIME: Form = (stamp_if, moment_if)
LIST: Form = (listed, unlisted)
FLAG: Form = (bool, bool)
STATUSES = {str(s): s for s in Status}
STATUS: Form = (str, STATUSES.__getitem__)
CHANNEL: Form = (str, {str(c): c for c in Channel}.__getitem__)


@dataclass(frozen=True)
class Shape(Generic[R]):
    """How records of one kind stand in their table; a field without a form stands as it is."""

    record: type[R]
    forms: Mapping[str, Form]

    def values(self, record: R) -> dict[str, object]:
        """Return a record as parameters."""
        values = dict(vars(record))
        for name, (write, _) in self.forms.items():
            values[name] = write(values[name])
        return values

    def of(self, row: Row) -> R:
        """Return the record of a row whose columns stand in the order of the fields."""
        values = list(row)
        for place, read in self._reads:
            values[place] = read(values[place])
        # Not through __init__: a frozen dataclass sets its fields one by one, which is half the time of a long listing.
        record = object.__new__(self.record)
        object.__setattr__(record, "__dict__", dict(zip(self.names, values, strict=True)))
        return record

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields, in order."""
        return tuple(f.name for f in fields(self.record))  # type: ignore[arg-type]  # every record is a dataclass

    @cached_property
    def _reads(self) -> tuple[tuple[int, Callable[[Any], object]], ...]:
        return tuple((self.names.index(name), read) for name, (_, read) in self.forms.items())


FILE = Shape(
    FileRecord,
    {
        "status": STATUS,
        "channel": CHANNEL,
        "sent_at": TIME,
        "expires_at": TIME,
        "faults": LIST,
        "warnings": LIST,
        "received_at": TIME,
        "delivered_at": TIME,
        "tags": LIST,
        "entries": LIST,
        "status_at": TIME,
        "purged_at": TIME,
        "private": FLAG,
    },
)
HISTORY = Shape(History, {"at": TIME, "status": STATUS})
DROP = Shape(Drop, {"state": (str, DropState), "due_at": TIME, "first_due_at": TIME, "done_at": TIME})
NOTICE = Shape(
    Notice,
    {
        "context": (mapped, unmapped),
        "state": (str, NoticeState),
        "due_at": TIME,
        "first_due_at": TIME,
        "sent_at": TIME,
        "is_answer": FLAG,
    },
)
PART = Shape(PartFate, {})
UNFINISHED = Shape(Unfinished, {"since": TIME})
SUBMISSION = Shape(Submission, {"channel": CHANNEL, "received_at": TIME})

DOCUMENT = Shape(
    Document,
    {
        "head_only": FLAG,
        "everyone": FLAG,
        "state": (str, DocumentState),
        "channel": CHANNEL,
        "sent_at": TIME,
        "published_at": TIME,
        "expires_at": TIME,
        "confirmed_at": TIME,
        "deleted_at": TIME,
        "purged_at": TIME,
    },
)

_OWED = (DropState.DUE, DropState.PLACING)
_ELSEWHERE = dict.fromkeys(("parts", "files", "history", "drops", "notices", "documents"))  # have tables of their own


def file_values(file: FileRecord) -> dict[str, object]:
    """Return a file as parameters, with the folded text that it is found by."""
    return {**FILE.values(file), "name_key": fold(file.name), "sent_by_key": fold(file.sent_by)}


def submission_values(submission: Submission) -> dict[str, object]:
    """Return a submission's own row as parameters: what hangs on it has tables of its own."""
    return {**SUBMISSION.values(submission), **_ELSEWHERE}


def submission_of(
    row: Row, parts: Sequence[Row], files: Sequence[Row], documents: Sequence[Addressed] = ()
) -> Submission:
    """Return a submission from its row, its parts' and its files'."""
    hanging = (tuple(PART.of(p) for p in parts), tuple(FILE.of(f) for f in files), (), (), (), tuple(documents))
    return SUBMISSION.of((*row, *hanging))


def document_values(document: Document) -> dict[str, object]:
    """Return a document as parameters, with the folded text that it is found by."""
    keys = {
        "name_key": fold(document.name),
        "sent_name_key": fold(document.sent_name),
        "published_by_key": fold(document.published_by),
    }
    return {**DOCUMENT.values(document), **keys}


def drop_values(drop: Drop, *, now: datetime) -> dict[str, object]:
    """Return a drop as parameters. One that is owed and says no time is due now."""
    values = DROP.values(drop)
    if drop.due_at is None and drop.state in _OWED:
        values["due_at"] = stamp(now)
    return values


def new_drop_values(drop: Drop, *, now: datetime) -> dict[str, object]:
    """Return a drop that is not in the ledger yet as parameters."""
    return _with_first_due_at(drop_values(drop, now=now), now)


def notice_values(notice: Notice, *, now: datetime) -> dict[str, object]:
    """Return a notice as parameters. One that is owed and says no time is due now."""
    values = {**NOTICE.values(notice), "address_key": fold(notice.address)}
    if notice.due_at is None and notice.state is NoticeState.DUE:
        values["due_at"] = stamp(now)
    return values


def new_notice_values(notice: Notice, *, now: datetime) -> dict[str, object]:
    """Return a notice that is not in the ledger yet as parameters."""
    return _with_first_due_at(notice_values(notice, now=now), now)


def _with_first_due_at(values: dict[str, object], now: datetime) -> dict[str, object]:
    return {**values, "first_due_at": values["first_due_at"] or values["due_at"] or stamp(now)}
