"""Documents as they enter the ledger: with their schools, their words in the trail, and the versions they replace.

Owns what is written when a document comes in or goes out to its schools, inside somebody else's transaction. A place
that is shared is taken only while another document still holds it (Source: SPEC 7, 10).
"""

from datetime import datetime

from gateway.core.documents import Addressed, Document, DocumentEvent, DocumentState
from gateway.errors import Transient
from gateway.store.engine.connection import Transaction
from gateway.store.ledger.records import DOCUMENT, document_values
from gateway.store.ledger.trail import Entry, append

_FIRST = {
    DocumentState.PUBLISHED: DocumentEvent.PUBLISH,
    DocumentState.WAITING: DocumentEvent.WAIT,
    DocumentState.HELD: DocumentEvent.HOLD,
}


def add_document(tx: Transaction, addressed: Addressed, *, actor: str) -> None:
    """Write a new document with its schools. Raises Transient when the bytes that it shares are being destroyed."""
    document = addressed.document
    _claim(tx, document)
    tx.change("insert_document", document_values(document))
    rows = ({"document": document.id, "school": school} for school in addressed.schools)
    tx.change_each("insert_document_school", rows)
    if document.state is DocumentState.PUBLISHED:
        replace_versions(tx, document)
    append(tx, entry_of_document(document, _FIRST[document.state], actor=actor, at=document.sent_at))


def replace_versions(tx: Transaction, document: Document) -> None:
    """Take from its schools' view what they saw under this name, and link the newest of it."""
    values = document_values(document)
    wanted = {name: values[name] for name in ("id", "folder", "name_key", "head_only")}
    if not tx.change("replace_versions", wanted):
        return
    (newest,) = tx.row("newest_replaced", wanted) or (None,)
    if newest is not None:
        tx.change("note_superseded", {"id": document.id, "supersedes": newest})


def documents_of_submission(tx: Transaction, submission: str) -> list[Addressed]:
    """Return what came in with a submission."""
    rows = tx.rows("documents_of_submission", {"submission": submission})
    return [addressed_of(tx, DOCUMENT.of(row)) for row in rows]


def addressed_of(tx: Transaction, document: Document) -> Addressed:
    """Return a document with all its schools."""
    return Addressed(document, tuple(row[0] for row in tx.rows("schools_of_document", {"document": document.id})))


def entry_of_document(document: Document, event: str, *, actor: str, at: datetime, why: str = "") -> Entry:
    """Return what the trail keeps of a change of a document."""
    return Entry(
        at=at,
        actor=actor,
        action=str(event),
        subject=document.id,
        plain={"state": str(document.state), "schools": document.reach, "sha256": document.sha256},
        words={
            "name": document.sent_name,
            "folder": document.folder,
            **({"why": why or document.reason} if why or document.reason else {}),
        },
    )


def _claim(tx: Transaction, document: Document) -> None:
    """Look that a shared place is held by another document: its destruction may have begun since the caller looked."""
    is_own = document.place is None or document.place.rpartition("/")[2].startswith(document.submission)
    if is_own:
        return
    (claims,) = tx.row("place_claims", {"place": document.place}) or (0,)
    if not claims:
        raise Transient("The bytes that this document shares are being destroyed. It is stored on its own in a moment.")
