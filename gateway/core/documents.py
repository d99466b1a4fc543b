"""Documents: files from the authority to its schools, whose they are, and what may become of each.

Owns the values, the states and their one table. A document has one set of bytes and a list of schools; who of a school
reads it follows from `head_only`. It changes nothing: the use-cases ask here, then write with a compare-and-set
(Source: SPEC 2, 7, 10).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.core.mail import Notice
from gateway.core.model import Channel


class DocumentState(StrEnum):
    """Where a document stands. Schools see it while it is PUBLISHED, and never before or after."""

    WAITING = "waiting"  # for a confirmation: it goes to many schools
    PUBLISHED = "published"
    HELD = "held"  # its name says no school that takes it, or its content may not go out
    DELETED = "deleted"  # by the authority, before its term
    DESTROYED = "destroyed"  # at its term


class DocumentEvent(StrEnum):
    """What can happen to a document; these are also the words of the audit trail."""

    WAIT = "wait"
    HOLD = "hold"
    PUBLISH = "publish"  # from here on its schools see it: what a daily email counts
    DELETE = "delete"
    DESTROY = "destroy"


@dataclass(frozen=True)
class DocumentStep:
    """One row of the table: from a state (None: not recorded before), by an event, to a state."""

    source: DocumentState | None
    event: DocumentEvent
    target: DocumentState
    by: str


_S, _E = DocumentState, DocumentEvent
DOCUMENT_STEPS: tuple[DocumentStep, ...] = (
    DocumentStep(None, _E.PUBLISH, _S.PUBLISHED, "an officer or an administrator"),
    DocumentStep(None, _E.WAIT, _S.WAITING, "the gateway: it goes to many schools"),
    DocumentStep(None, _E.HOLD, _S.HELD, "the gateway: it matches no school, or may not go out"),
    DocumentStep(_S.WAITING, _E.PUBLISH, _S.PUBLISHED, "who confirms it"),
    DocumentStep(_S.WAITING, _E.HOLD, _S.HELD, "the gateway: none of its schools is open any more"),
    DocumentStep(_S.WAITING, _E.DELETE, _S.DELETED, "an administrator, on request"),
    DocumentStep(_S.PUBLISHED, _E.DELETE, _S.DELETED, "an administrator, on request"),
    DocumentStep(_S.HELD, _E.DELETE, _S.DELETED, "an administrator, on request"),
    DocumentStep(_S.WAITING, _E.DESTROY, _S.DESTROYED, "the gateway"),
    DocumentStep(_S.PUBLISHED, _E.DESTROY, _S.DESTROYED, "the gateway"),
    DocumentStep(_S.HELD, _E.DESTROY, _S.DESTROYED, "the gateway"),
    DocumentStep(_S.DELETED, _E.DESTROY, _S.DELETED, "the gateway, at once, or when a hold ends"),
)
_TABLE: Mapping[tuple[DocumentState | None, DocumentEvent], DocumentStep] = {
    (s.source, s.event): s for s in DOCUMENT_STEPS
}
_REFUSALS: Mapping[tuple[DocumentState, DocumentEvent], str] = {
    (_S.PUBLISHED, _E.PUBLISH): "It was published before, so there is nothing to confirm.",
    (_S.HELD, _E.PUBLISH): "It is held, and a confirmation is not what it lacks: {detail}",
    (_S.DELETED, _E.PUBLISH): "It was deleted.",
    (_S.DELETED, _E.DELETE): "It was deleted before.",
}


def document_step(source: DocumentState | None, event: DocumentEvent) -> DocumentStep | None:
    """Return the row for an event, or None where it is refused."""
    return _TABLE.get((source, event))


@dataclass(frozen=True)
class Order:
    """What the publisher asked for: in which folder, for whom. Sealed with the bytes, as it was said.

    Neither everyone nor a list of schools: the DfE number in front of the name says the one school.
    """

    folder: str  # key of routing/folders.toml
    schools: tuple[str, ...] = ()  # asked for by number, explicitly
    everyone: bool = False  # asked for explicitly: a folder or an option, never a name
    head_only: bool = False  # for headteachers alone
    waits: bool = False  # for a confirmation, whatever its own number of schools
    publication: str = ""  # what it was published together with; "" for a submission of its own

    @property
    def shelf(self) -> str:
        """What stands for it where uploads are told apart by the folder that they were put into."""
        marks = (_EVERYONE if self.everyone else "", _HEAD_ONLY if self.head_only else "")
        return "/".join((_SHELF, self.folder, *filter(None, marks)))


_SHELF, _EVERYONE, _HEAD_ONLY = "to-schools", "all", "heads"


def order_of(shelf: str) -> Order | None:
    """Return the order that a folder stands for; None for any other folder."""
    top, _, rest = shelf.partition("/")
    folder, *marks = rest.split("/")
    if top != _SHELF:
        return None
    return Order(folder, everyone=_EVERYONE in marks, head_only=_HEAD_ONLY in marks)


@dataclass(frozen=True)
class Document:
    """One file from the authority to schools, as every view of the gateway shows it."""

    id: str
    submission: str
    publication: str  # the id that a confirmation names: of all that was published together
    name: str  # as schools see it, without the number; masked once it was destroyed
    sent_name: str  # as its publisher named it, NFC; masked once it was destroyed
    folder: str  # key of routing/folders.toml
    head_only: bool
    everyone: bool  # it was asked for all schools
    reach: int  # how many schools it is for
    state: DocumentState
    channel: Channel
    published_by: str  # "Forename Surname", or the administrator's name
    published_by_user: str
    sent_at: datetime  # when we received it: its term counts from here
    published_at: datetime | None  # when its schools began to see it
    size: int
    sha256: str
    expires_at: datetime  # when its bytes are destroyed, whatever its state
    place: str | None  # of the bytes below the archive, perhaps shared; None when it holds none
    reason: str | None = None  # why it is held
    detail: str | None = None  # the sentence about it, for its publisher
    remark: str | None = None
    supersedes: str | None = None  # the newest earlier version that it replaced in a school's view
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    deleted_by: str | None = None
    deleted_at: datetime | None = None
    delete_reason: str | None = None
    requested_by: str | None = None  # who asked for the deletion
    purged_at: datetime | None = None  # when its own claim on the bytes ended
    extension: str | None = None


@dataclass(frozen=True)
class Addressed:
    """A document with the schools that it is for: what is recorded in one transaction."""

    document: Document
    schools: tuple[str, ...] = ()  # DfE numbers; none for a document that matches no school


@dataclass(frozen=True)
class Audience:
    """One school of a document, and what became of it there."""

    document: str
    school: str
    replaced_by: str | None  # the newer version that this school sees in its place
    first_read_at: datetime | None  # by anybody of the school, to its end
    first_read_by: str | None  # username
    readers: int  # how many persons read it to its end


@dataclass(frozen=True)
class DocumentReading:
    """One person read a document to its end."""

    document: str
    school: str  # in whose view
    username: str
    at: datetime


@dataclass(frozen=True)
class DocumentChange:
    """One transition of one document with all that follows from it, written in one transaction or not at all."""

    document: Document  # as it shall be
    expected: DocumentState  # the compare of the compare-and-set
    event: DocumentEvent
    actor: str
    at: datetime
    why: str = ""
    notices: tuple[Notice, ...] = ()
    schools: tuple[str, ...] | None = None  # its schools from now on; None: as they were


@dataclass(frozen=True)
class DocumentQuery:
    """Which documents to list; every field narrows. Newest first."""

    school: str | None = None  # in whose audience it is
    folder: str | None = None
    state: tuple[DocumentState, ...] = ()
    published_by: str | None = None  # username or name
    publication: str | None = None
    since: datetime | None = None  # sent
    until: datetime | None = None
    search: str | None = None  # in either name
    unread: bool = False  # published, and at least one of its schools (the one asked for) has not opened it
    expires_by: datetime | None = None
    limit: int | None = None


def document_refusal(document: Document, event: DocumentEvent) -> str | None:
    """Return the sentence for an event that this document's state refuses, or None where it is allowed."""
    if document.purged_at is not None and event is not DocumentEvent.DESTROY:
        return _REFUSALS.get((document.state, event), "Its bytes were destroyed at the end of their term.")
    if document_step(document.state, event) is not None:
        return None
    text = _REFUSALS.get((document.state, event), "A document that is {state} can't be changed in this way.")
    return text.format(state=document.state, detail=document.detail or "")


def drawn_documents() -> str:
    """Return the table as Markdown, for `docs/states.md`."""
    head = "| from | event | to | by |\n|---|---|---|---|\n"
    return head + "".join(f"| {s.source or '(new)'} | {s.event} | {s.target} | {s.by} |\n" for s in DOCUMENT_STEPS)
