"""Documents: found by what a view asks, changed by compare-and-set, read by persons, and the end of their terms.

Owns the port `Documents`. It judges no transition (`core.documents`) and destroys no bytes; how a new one enters is
`issues` (Source: SPEC 7, 10).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from gateway.core.documents import (
    Addressed,
    Audience,
    Document,
    DocumentChange,
    DocumentEvent,
    DocumentQuery,
    DocumentReading,
)
from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import canonical, containing, fold, moment, moment_if, stamp, stamp_if
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.issues import addressed_of, entry_of_document, replace_versions
from gateway.store.ledger.records import DOCUMENT, document_values, new_notice_values
from gateway.store.ledger.trail import Entry, append

_CLEARED_WITH_IT = (
    "clear_document_subject",
    "clear_document_part_names",
    "clear_document_contexts",
    "forget_fingerprint",
)


class DocumentBook(Desk):
    """Records of what was published."""

    async def document(self, id: str) -> Addressed | None:
        """Return one document with its schools."""
        return await self._read(partial(_document, id=id))

    async def documents(self, query: DocumentQuery) -> list[Document]:
        """Return the documents of a query, newest first."""
        values = _conditions(query)
        return await self._read(lambda tx: [DOCUMENT.of(r) for r in tx.listing("documents", values, limit=query.limit)])

    async def shown_documents(self, *, school: str) -> list[Document]:
        """Return what a school is shown, newest first."""
        return await self._read(lambda tx: [DOCUMENT.of(r) for r in tx.rows("shown_documents", {"school": school})])

    async def shown_versions(self, *, folder: str, name: str, head_only: bool) -> Mapping[str, tuple[str, str]]:
        """Return what each school sees under a name: school -> (document, sha256)."""
        values = {"folder": folder, "name_key": fold(name), "head_only": head_only}
        rows = await self._read(lambda tx: tx.rows("shown_versions", values))
        return {school: (document, sha256) for school, document, sha256 in rows}

    async def content_place(self, *, sha256: str, size: int) -> str | None:
        """Return where these bytes are held for a document already."""
        row = await self._read(lambda tx: tx.row("held_content", {"sha256": sha256, "size": size}))
        return str(row[0]) if row else None

    async def apply_to_document(self, change: DocumentChange) -> bool:
        """Write a transition if the document still has the expected state."""
        return await self._write(partial(_apply, change=change, now=self._clock.now()))

    async def audience(self, document: str) -> list[Audience]:
        """Return each school of a document and whether it was read there."""
        rows = await self._read(lambda tx: tx.rows("audience", {"document": document}))
        return [
            Audience(id, school, by or None, moment_if(at), who, readers) for id, school, by, at, who, readers in rows
        ]

    async def note_reading(self, reading: DocumentReading) -> None:
        """Write that a person read a document to its end, in the records and in the trail."""
        await self._write(partial(_note_reading, reading=reading))

    async def readings(self, document: str) -> list[DocumentReading]:
        """Return who read a document, each person once a school with the first time, oldest first."""
        rows = await self._read(lambda tx: tx.rows("document_readings", {"document": document}))
        return [DocumentReading(id, school, username, moment(at)) for id, school, username, at in rows]

    async def published_between(self, *, after: int, upto: int) -> list[Addressed]:
        """Return what was published between two places of the trail, with the schools that see it."""
        return await self._read(partial(_published_between, after=after, upto=upto))

    async def issued_between(self, *, after: int, upto: int) -> list[tuple[datetime, Addressed]]:
        """Return what came in or went out between two places of the trail, each once, with the time and its schools."""
        return await self._read(partial(_issued_between, after=after, upto=upto))

    # Terms

    async def due_documents(self, at: datetime, limit: int) -> list[Document]:
        """Return documents whose term is over at that time, oldest first; those on hold are not due."""
        values = {"at": stamp(at), "limit": limit}
        return await self._read(lambda tx: [DOCUMENT.of(row) for row in tx.rows("due_documents", values)])

    async def mark_documents_destroying(self, ids: Collection[str], at: datetime) -> None:
        """Write that the destruction of these began: they leave every view."""
        rows = [{"id": id, "at": stamp(at)} for id in ids]
        await self._write(lambda tx: tx.change_each("mark_document_destroying", rows))

    async def hide_past_term(self, at: datetime) -> int:
        """Take what a hold keeps beyond its term from the view of schools that no incident is about; return how often.

        Nobody reads longer than the term says because of somebody else's case.
        """
        shown = await self._read(lambda tx: tx.rows("shown_past_term", {"at": stamp(at)}))
        rows = [{"document": document, "school": school} for document, school in shown]
        if rows:
            await self._write(lambda tx: tx.change_each("hide_from_school", rows))
        return len(rows)

    async def destroying_documents(self) -> list[Document]:
        """Return documents whose destruction began and has not ended."""
        return await self._read(lambda tx: [DOCUMENT.of(row) for row in tx.rows("destroying_documents")])

    async def is_place_claimed(self, place: str) -> bool:
        """Return whether a document holds the bytes at a place and is not about to let go."""
        row = await self._read(lambda tx: tx.row("place_claims", {"place": place}))
        return bool(row and row[0])

    async def mark_document_destroyed(self, document: Document, *, actor: str) -> None:
        """Write the record as it stays (masked), and end its destruction; safe to repeat."""
        await self._write(partial(_mark_destroyed, document=document, actor=actor, now=self._clock.now()))


def _document(tx: Transaction, id: str) -> Addressed | None:
    row = tx.row("document", {"id": id})
    return addressed_of(tx, DOCUMENT.of(row)) if row else None


def _apply(tx: Transaction, change: DocumentChange, now: datetime) -> bool:
    document = change.document
    is_on_hold = tx.row("document_on_hold", {"id": document.id}) is not None
    destroying_at = change.at if change.event is DocumentEvent.DELETE and not is_on_hold else None
    values = {**document_values(document), "expected": str(change.expected), "destroying_at": stamp_if(destroying_at)}
    if not tx.change("change_document", values):
        return False
    if change.schools is not None:
        tx.change("drop_document_schools", {"document": document.id})
        tx.change_each("insert_document_school", ({"document": document.id, "school": s} for s in change.schools))
    if change.event is DocumentEvent.PUBLISH:
        replace_versions(tx, document)
    tx.change_each("insert_notice", (new_notice_values(notice, now=now) for notice in change.notices))
    append(tx, entry_of_document(document, change.event, actor=change.actor, at=change.at, why=change.why))
    return True


def _note_reading(tx: Transaction, reading: DocumentReading) -> None:
    tx.change("note_document_reading", {**vars(reading), "at": stamp(reading.at)})
    append(tx, Entry(reading.at, reading.username, "read", reading.document, {"school": reading.school, "whole": True}))


def _published_between(tx: Transaction, after: int, upto: int) -> list[Addressed]:
    found = (DOCUMENT.of(row[1:]) for row in tx.rows("published_between", {"after": after, "upto": upto}))
    return [Addressed(d, tuple(row[0] for row in tx.rows("schools_shown", {"document": d.id}))) for d in found]


def _issued_between(tx: Transaction, after: int, upto: int) -> list[tuple[datetime, Addressed]]:
    rows = tx.rows("issued_between", {"after": after, "upto": upto})
    found = [(moment(at), DOCUMENT.of(tuple(row))) for at, *row in rows]
    return [(at, addressed_of(tx, document)) for at, document in {d.id: (at, d) for at, d in found}.values()]


def _mark_destroyed(tx: Transaction, document: Document, actor: str, now: datetime) -> None:
    before = tx.row("not_yet_destroyed_document", {"id": document.id})
    if before is None:
        return
    stays = replace(document, purged_at=document.purged_at or now, place=None)
    tx.change("mask_document", document_values(stays))
    tx.change("show_no_more", {"id": document.id})
    for name in before:
        tx.change("erase_words", {"about": document.id, "name": canonical(name).strip('"')})
    tx.change("mask_parts", {"file": document.id})
    for (submission,) in tx.rows("submissions_about_document", {"id": document.id}):
        for query in _CLEARED_WITH_IT:
            tx.change(query, {"submission": submission})
    append(tx, entry_of_document(stays, DocumentEvent.DESTROY, actor=actor, at=stays.purged_at or now))


def _conditions(query: DocumentQuery) -> dict[str, object]:
    """Return the conditions of a query as named values, in the words of `documents.sql`."""
    conditions: dict[str, object] = {
        "school": query.school,
        "folder": query.folder,
        "state": tuple(str(s) for s in query.state) or None,
        "published_by": fold(query.published_by) if query.published_by is not None else None,
        "publication": query.publication,
        "since": stamp_if(query.since),
        "until": stamp_if(query.until),
        "search": containing(query.search) if query.search else None,
        "expires_by": stamp_if(query.expires_by),
        "unread": query.school or "" if query.unread else None,
    }
    return {name: value for name, value in conditions.items() if value is not None}
