"""The records of files: what was sent, what became of it, and where it is still to be delivered.

Frozen values only. Times are aware and in UTC; sizes are bytes. Refuses nothing: the lifecycle is `core.lifecycle`
(Source: SPEC 2, 6, 13).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.core.mail import Notice


class Channel(StrEnum):
    """How something came to us."""

    EMAIL = "email"
    SFTP = "sftp"
    COMMAND = "command"


class Status(StrEnum):
    """What a person sees of a file."""

    SENT = "Sent"
    RECEIVED = "Received"
    REJECTED = "Rejected"
    RECALLED = "Recalled"


@dataclass(frozen=True)
class FileRecord:
    """One file from a school, as every view of the gateway shows it (SPEC 13)."""

    id: str
    submission: str
    name: str  # as sent, NFC; masked once it was destroyed
    school: str | None  # DfE number; None while it is not certain
    service: str | None  # the known code in the name
    status: Status
    channel: Channel
    sent_by: str  # "Forename Surname"
    sent_by_user: str
    sent_at: datetime
    size: int | None
    sha256: str | None
    expires_at: datetime | None  # when its bytes are destroyed; None when there are none
    reason: str | None = None  # code of the first fault
    faults: tuple[str, ...] = ()
    remark: str | None = None
    warnings: tuple[str, ...] = ()
    received_by: str | None = None
    received_by_user: str | None = None
    received_at: datetime | None = None  # when it was Received by the service, not by us
    delivered_at: datetime | None = None
    comment: str | None = None
    tags: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()  # of a zip
    supersedes: str | None = None
    correction: str | None = None  # the name that the sender can accept
    detail: str | None = None  # a sentence more for the sender, e.g. who rejected it
    place: str | None = None  # of the bytes below the archive; None when none are held
    rejected_by: str | None = None
    status_at: datetime | None = None  # when the status last changed
    purged_at: datetime | None = None
    date: str | None = None  # in the name: yyyymmdd, or the version
    extension: str | None = None
    private: bool = False  # seen by the sender alone


@dataclass(frozen=True)
class History:
    """One change of one file: who, when, why."""

    file: str
    at: datetime
    actor: str  # username, "gateway", or the administrator's name
    event: str  # of core.lifecycle
    status: Status
    why: str = ""


class DropState(StrEnum):
    """How far a drop is."""

    DUE = "due"
    PLACING = "placing"  # the bytes are durable under a temporary name; only the rename is left
    DONE = "done"
    WITHDRAWING = "withdrawing"  # claimed for a decision, until due_at; then it is owed again
    WITHDRAWN = "withdrawn"
    GIVEN_UP = "given-up"  # a person must act


@dataclass(frozen=True)
class Drop:
    """One delivery that we owe: one file, one target of its service."""

    id: str
    file: str
    service: str
    target: str  # Target.name
    state: DropState = DropState.DUE
    due_at: datetime | None = None
    first_due_at: datetime | None = None
    attempts: int = 0
    placed_as: str | None = None  # the name it has in the folder
    error: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True)
class Unfinished:
    """Bytes under a temporary name, or cut off: kept for a day so that the upload can go on."""

    id: str  # of the bytes in the spool
    username: str
    folder: str  # in the person's view, e.g. "Send Files"
    name: str
    size: int
    since: datetime


@dataclass(frozen=True)
class FileQuery:
    """Which files to list; every field narrows. Newest first."""

    school: str | None = None
    schools: tuple[str, ...] | None = None
    service: str | None = None
    services: tuple[str, ...] | None = None
    status: tuple[Status, ...] = ()
    sent_by: str | None = None  # username or name
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None  # in the name
    submission: str | None = None
    has_bytes: bool | None = None
    is_delivered: bool = False  # only what lies where its service reads
    limit: int | None = None
    after: str | None = None  # id of the last row of the page before


@dataclass(frozen=True)
class Change:
    """One transition of one file with all that follows from it, written in one transaction or not at all."""

    file: FileRecord  # as it shall be
    expected: Status  # the compare of the compare-and-set
    history: History
    drops: tuple[Drop, ...] = ()  # new drops
    withdraw: tuple[str, ...] = ()  # drops that are no longer owed
    reclaim: tuple[str, ...] = ()  # drops that may lie somewhere yet, and are to be taken back
    notices: tuple[Notice, ...] = ()
    seen: FileRecord | None = None  # the record that was decided about: its service and time are compared too
