"""What we write to people and services: the notices that we owe, and the emails that leave.

Frozen values only. Refuses nothing; what a notice says is `core.notices` and the templates (Source: SPEC 2, 4, 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeState(StrEnum):
    """How far a notice is."""

    DUE = "due"
    SENT = "sent"
    GIVEN_UP = "given-up"


@dataclass(frozen=True)
class Notice:
    """One email that we owe to one person. Rendered when it is sent, from its template and context."""

    id: str
    template: str  # file name in config/notices without ending
    username: str  # "" when it goes to an address that is no account's
    address: str
    context: Mapping[str, object]  # plain JSON
    submission: str | None = None
    state: NoticeState = NoticeState.DUE
    due_at: datetime | None = None
    first_due_at: datetime | None = None
    attempts: int = 0
    error: str | None = None
    sent_at: datetime | None = None
    is_answer: bool = True  # leaves with a null return path (SPEC 4)
    in_reply_to: str | None = None  # Message-ID of the mail that it answers


@dataclass(frozen=True)
class NoticeQuery:
    """Which notices to list; every field narrows. Newest first."""

    school: str | None = None
    username: str | None = None
    state: NoticeState | None = None
    submission: str | None = None
    template: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Mail:
    """One email, rendered and ready to leave."""

    to: str
    subject: str
    text: str
    message_id: str
    return_path: str = ""  # "" is the null return path
    html: str | None = None
    in_reply_to: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True)
class Parcel:
    """A file on its way to a service's mailbox."""

    to: str
    subject: str
    text: str
    message_id: str  # the same for each try
    name: str  # of the attachment
    path: str  # of its bytes, on our disk
    size: int
    file: str  # id, for the reader's programs
    sha256: str
    return_path: str = ""  # where it comes back to; a person reads there


@dataclass(frozen=True)
class Posted:
    """What the relay said: sent, later (4xx, no answer) or refused (5xx)."""

    outcome: str
    text: str = ""
