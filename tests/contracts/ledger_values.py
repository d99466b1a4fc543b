"""Invented submissions, files, drops, notices and people for the ledger's tests."""

from datetime import timedelta

from gateway.core.documents import Addressed, Document, DocumentChange, DocumentEvent, DocumentState
from gateway.core.mail import Notice
from gateway.core.model import Change, Channel, Drop, FileRecord, History, Status
from gateway.core.register import Account, AccountState, Role
from gateway.core.submission import PartFate, Submission
from tests.fakes import MORNING

SCHOOL = "8301102"
NAME = "8301102_SENreviewofprogress20261120.pdf"


def submission_id(number: int) -> str:
    """Return an id that sorts by its number."""
    return f"{number:026d}"


def a_file(number: int = 1, part: int = 1, **fields: object) -> FileRecord:
    """Return a file that was sent and whose bytes we hold."""
    id = f"{submission_id(number)}-{part:02d}"
    usual: dict[str, object] = {
        "name": NAME,
        "school": SCHOOL,
        "service": "SEN",
        "status": Status.SENT,
        "channel": Channel.EMAIL,
        "sent_by": "Ada Quill",
        "sent_by_user": "aquill",
        "sent_at": MORNING,
        "size": 1200,
        "sha256": "5e" * 32,
        "expires_at": MORNING + timedelta(days=90),
        "place": f"{SCHOOL}/2026-11/{id}",
        "status_at": MORNING,
        "date": "20261120",
        "extension": "pdf",
    }
    return FileRecord(id=id, submission=submission_id(number), **{**usual, **fields})  # type: ignore[arg-type]


def refused_file(number: int = 1, **fields: object) -> FileRecord:
    """Return a file that was refused at OPEN: no byte of it was kept."""
    nothing = {"size": None, "sha256": None, "expires_at": None, "place": None, "service": None}
    return a_file(number, **{"status": Status.REJECTED, "reason": "no-dfe-number", **nothing, **fields})


def full_file(number: int = 1, part: int = 1) -> FileRecord:
    """Return a file with a value in every field but the time of its destruction."""
    later = MORNING + timedelta(hours=5, microseconds=7)
    return a_file(
        number,
        part,
        reason="rejected-by-officer",
        faults=("rejected-by-officer", "type-not-allowed"),
        remark="not scanned",
        warnings=("separator", "no-date"),
        received_by="Otto Fenn",
        received_by_user="ofenn",
        received_at=later,
        delivered_at=later + timedelta(seconds=1),
        comment="Für die Akte, „dringend“ 🙂",
        tags=("urgent", "année"),
        entries=("a.pdf", "b/ü.pdf"),
        supersedes="earlier",
        correction="8301102_SENreview20261120.pdf",
        detail="Please sign it.",
        rejected_by="Otto Fenn",
        status_at=later,
        private=True,
    )


def a_part(file: FileRecord, number: int = 1) -> PartFate:
    """Return the part that became a file."""
    return PartFate(number, file.name, "application/pdf", file.size or 0, "taken", "", file.id)


def a_drop(file: FileRecord, number: int = 1, **fields: object) -> Drop:
    """Return a drop that is due now."""
    usual = {"service": "SEN", "target": f"folder:/drops/{number}", "due_at": MORNING, "first_due_at": MORNING}
    return Drop(id=f"{file.id}-{number}", file=file.id, **{**usual, **fields})  # type: ignore[arg-type]


def a_notice(id: str = "notice", **fields: object) -> Notice:
    """Return a notice that is due now."""
    usual = {
        "template": "receipt",
        "username": "aquill",
        "address": "Ada.Quill@leys.example",
        "context": {"name": NAME, "number": 1, "rows": [["ü", None, True]]},
        "submission": submission_id(1),
        "due_at": MORNING,
        "first_due_at": MORNING,
    }
    return Notice(id=id, **{**usual, **fields})  # type: ignore[arg-type]


def a_submission(*files: FileRecord, **fields: object) -> Submission:
    """Return a submission of these files, with a part and a row of history for each."""
    number = int(files[0].submission) if files else 1
    usual = {
        "id": submission_id(number),
        "channel": Channel.EMAIL,
        "received_at": MORNING,
        "username": "aquill",
        "verified_by": "dmarc leys.example",
        "peer": "192.0.2.7",
        "subject": "Review of progress #urgent",
        "message_id": "<1@leys.example>",
        "parts": tuple(a_part(file, n) for n, file in enumerate(files, start=1)),
        "files": files,
        "history": tuple(History(f.id, f.sent_at, "gateway", "route", f.status, f"to {f.service}") for f in files),
    }
    return Submission(**{**usual, **fields})  # type: ignore[arg-type]


def a_change(
    file: FileRecord, *, expected: Status, actor: str = "ofenn", event: str = "receive", **parts: object
) -> Change:
    """Return a transition to this file, five minutes after the morning."""
    past = History(file.id, MORNING + timedelta(minutes=5), actor, event, file.status, "as it should be")
    return Change(file, expected, past, **parts)  # type: ignore[arg-type]


def an_account(username: str = "aquill", **fields: object) -> Account:
    """Return an active headteacher."""
    usual = {
        "forename": username[0].upper(),
        "surname": username[1:].title(),
        "email": f"{username}@leys.example",
        "role": Role.HEAD,
        "state": AccountState.ACTIVE,
        "schools": (SCHOOL,),
    }
    return Account(username=username, **{**usual, **fields})  # type: ignore[arg-type]


LETTER = "Offer of a place.pdf"


def a_document(number: int = 1, part: int = 1, **fields: object) -> Document:
    """Return a document that was published to one school."""
    id = f"{submission_id(number)}-{part:02d}"
    usual: dict[str, object] = {
        "publication": submission_id(number),
        "name": LETTER,
        "sent_name": f"{SCHOOL} {LETTER}",
        "folder": "general",
        "head_only": False,
        "everyone": False,
        "reach": 1,
        "state": DocumentState.PUBLISHED,
        "channel": Channel.SFTP,
        "published_by": "Otto Fenn",
        "published_by_user": "ofenn",
        "sent_at": MORNING,
        "published_at": MORNING,
        "size": 700,
        "sha256": "d0" * 32,
        "expires_at": MORNING + timedelta(days=90),
        "place": f"documents/2026-11/{id}",
        "extension": "pdf",
    }
    return Document(id=id, submission=submission_id(number), **{**usual, **fields})  # type: ignore[arg-type]


def published(document: Document, *schools: str, **fields: object) -> Submission:
    """Return a submission that brought one document, for these schools."""
    part = PartFate(1, document.sent_name, "", document.size, "taken", "", document.id)
    facts = {"username": "ofenn", "channel": Channel.SFTP, "parts": (part,), "id": document.submission, **fields}
    return a_submission(documents=(Addressed(document, schools or (SCHOOL,)),), **facts)


def a_document_change(document: Document, *, expected: DocumentState, event: DocumentEvent) -> DocumentChange:
    """Return a transition to this document, five minutes after the morning."""
    return DocumentChange(document, expected, event, "admin", MORNING + timedelta(minutes=5), "as it should be")
