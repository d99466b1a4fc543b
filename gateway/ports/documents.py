"""The records of documents: what the authority published, for which schools, and who read it.

Owns no behaviour (Source: SPEC 7, 10; DESIGN 2, 3). New ones come in with their submission (`Submissions.record`).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.core.documents import Addressed, Audience, Document, DocumentChange, DocumentQuery, DocumentReading


class Documents(Protocol):
    """Records of what was published."""

    async def document(self, id: str) -> Addressed | None:
        """Return one document with its schools."""
        ...

    async def documents(self, query: DocumentQuery) -> list[Document]:
        """Return the documents of a query, newest first."""
        ...

    async def shown_documents(self, *, school: str) -> list[Document]:
        """Return what a school is shown, newest first: published, not replaced there, its bytes held."""
        ...

    async def shown_versions(self, *, folder: str, name: str, head_only: bool) -> Mapping[str, tuple[str, str]]:
        """Return what each school sees under a name (case ignored): school -> (document, sha256)."""
        ...

    async def content_place(self, *, sha256: str, size: int) -> str | None:
        """Return where these bytes are held for a document already, if they are and will be for a while."""
        ...

    async def apply_to_document(self, change: DocumentChange) -> bool:
        """Write a transition if the document still has the expected state; False, and nothing written, if not.

        PUBLISH replaces what its schools see under its name. DELETE is also the mark that its destruction began.
        """
        ...

    async def audience(self, document: str) -> list[Audience]:
        """Return each school of a document and whether it was read there, by DfE number."""
        ...

    async def note_reading(self, reading: DocumentReading) -> None:
        """Write that a person read a document to its end, in the records and in the trail."""
        ...

    async def readings(self, document: str) -> list[DocumentReading]:
        """Return who read a document, each person once a school with the first time, oldest first."""
        ...

    async def published_between(self, *, after: int, upto: int) -> list[Addressed]:
        """Return what was published between two places of the trail, in that order, with the schools that see it.

        A watermark: `trail_end` is where the next question begins. What was deleted or replaced meanwhile is left out.
        """
        ...

    async def issued_between(self, *, after: int, upto: int) -> list[tuple[datetime, Addressed]]:
        """Return what came in or went out between two places of the trail, each once, with the time and its schools."""
        ...

    # Terms

    async def due_documents(self, at: datetime, limit: int) -> list[Document]:
        """Return documents whose term is over at that time, oldest first."""
        ...

    async def mark_documents_destroying(self, ids: Collection[str], at: datetime) -> None:
        """Write that the destruction of these began: they leave every view."""
        ...

    async def hide_past_term(self, at: datetime) -> int:
        """Take what a hold keeps beyond its term from the view of schools that no incident is about; return how often.

        Safe to repeat.
        """
        ...

    async def destroying_documents(self) -> Sequence[Document]:
        """Return documents whose destruction began and has not ended."""
        ...

    async def is_place_claimed(self, place: str) -> bool:
        """Return whether a document holds the bytes at a place and is not about to let go."""
        ...

    async def mark_document_destroyed(self, document: Document, *, actor: str) -> None:
        """Write the record as it stays (masked), and end its destruction; safe to repeat."""
        ...
