"""The end of a file's term: which bytes are due, and what is erased from the records with them.

Owns the port `Terms`. It destroys no bytes; it marks before and after, so that a destruction which was cut off is found
again. What stays is what the caller masked; what else describes a child goes here (Source: SPEC 10).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from gateway.core.layout import split_name
from gateway.core.lifecycle import Event
from gateway.core.model import FileRecord, History
from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import canonical, fold, stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import FILE, HISTORY, file_values
from gateway.store.ledger.submissions import entry_of
from gateway.store.ledger.trail import append


class TermBook(Desk):
    """Files whose time has come."""

    async def due_files(self, at: datetime, limit: int | None = None) -> list[FileRecord]:
        """Return files whose bytes are to be destroyed at that time, oldest first; held ones are not due."""
        values = {"at": stamp(at)}
        return await self._read(lambda tx: [FILE.of(row) for row in tx.listing("due", values, limit=limit)])

    async def on_hold(self, files: Sequence[str]) -> frozenset[str]:
        """Return those of these files that may not be destroyed, whatever their term."""
        return await self._read(lambda tx: frozenset(id for id in files if tx.row("on_hold", {"id": id})))

    async def mark_destroying(self, files: Sequence[str], at: datetime) -> None:
        """Write that the destruction of these files began; one that was put on hold meanwhile is left."""
        rows = [{"id": file, "at": stamp(at)} for file in files]
        await self._write(lambda tx: tx.change_each("mark_destroying", rows))

    async def destroying(self) -> list[FileRecord]:
        """Return files whose destruction began and has not ended."""
        return await self._read(lambda tx: [FILE.of(row) for row in tx.rows("destroying")])

    async def mark_destroyed(self, file: FileRecord, *, actor: str) -> None:
        """Write the record as it stays, clear what goes with the bytes, and end the destruction; safe to repeat."""
        await self._write(partial(_mark_destroyed, file=file, actor=actor, now=self._clock.now()))

    async def forget_fileless(self, *, since: str, until: str) -> int:
        """Erase the words of submissions of these ids that brought no file or document; safe to repeat."""
        return await self._write(partial(_forget_fileless, since=since, until=until))


def _forget_fileless(tx: Transaction, since: str, until: str) -> int:
    fileless = [id for (id,) in tx.rows("fileless", {"since": since, "until": until})]
    for submission in fileless:
        _erase_of_submission(tx, submission)
    return len(fileless)


def _mark_destroyed(tx: Transaction, file: FileRecord, actor: str, now: datetime) -> None:
    before = tx.row("not_yet_destroyed", {"id": file.id})
    if before is None:
        return
    name, detail = before
    stays = replace(file, purged_at=file.purged_at or now, detail=None if _holds_name(detail, name) else detail)
    tx.change("mask_file", file_values(stays))
    _erase_of_file(tx, file, name)
    for (submission,) in tx.rows("submissions_about", {"file": file.id}):
        _erase_of_submission(tx, submission)
    destroyed = History(file.id, stays.purged_at or now, actor, Event.DESTROY, file.status)
    tx.change_each("insert_history", (HISTORY.values(destroyed),))
    append(tx, entry_of(destroyed, stays))


def _erase_of_file(tx: Transaction, file: FileRecord, name: str) -> None:
    tx.change("mask_history", {"file": file.id, "old": name, "new": file.name})
    tx.change("close_drops", {"file": file.id})
    tx.change("forget_placed_names", {"file": file.id})
    tx.change("mask_parts", {"file": file.id})
    tx.change("clear_answers", {"username": file.sent_by_user, "since": stamp(file.sent_at)})
    tx.change("erase_words", {"about": file.id, "name": canonical(name).strip('"')})


def _erase_of_submission(tx: Transaction, submission: str) -> None:
    for query in ("clear_subject", "clear_part_names", "clear_contexts", "forget_fingerprint"):
        tx.change(query, {"submission": submission})


def _holds_name(text: str | None, name: str) -> bool:
    """Return whether a sentence holds the name of a file, with its ending or without."""
    return text is not None and fold(split_name(name)[0]) in fold(text)
