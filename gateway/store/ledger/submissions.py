"""Submissions and files: recorded whole or not at all, found by what a view asks, changed by compare-and-set.

Owns the port `Submissions`. It judges no transition (`core.lifecycle`); it only makes sure that the file is still where
the caller saw it (Source: SPEC 6, 13; DESIGN 3, step 6).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from functools import partial
from itertools import islice
from operator import gt
from typing import Any

from gateway.core.listed import ListedFiles
from gateway.core.mail import Notice
from gateway.core.model import Change, Drop, FileQuery, FileRecord, History
from gateway.core.submission import Submission
from gateway.store.engine.connection import Row, Transaction
from gateway.store.engine.rows import containing, fold, moments, stamp, stamp_if
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.issues import add_document, documents_of_submission
from gateway.store.ledger.records import (
    FILE,
    HISTORY,
    PART,
    file_values,
    new_drop_values,
    new_notice_values,
    submission_of,
    submission_values,
)
from gateway.store.ledger.trail import Entry, append, append_each

_SOME = 200  # rows


class SubmissionBook(Desk):
    """Records of what was sent."""

    async def record(self, submission: Submission) -> None:
        """Write a submission with all that follows from it; a repeat of the same id changes nothing."""
        await self._write(partial(_record, submission=submission, now=self._clock.now()))

    async def has_submission(self, id: str) -> bool:
        """Return whether this submission is recorded."""
        return await self._read(lambda tx: tx.row("has_submission", {"id": id}) is not None)

    async def submission(self, id: str) -> Submission | None:
        """Return a submission with its parts and files."""
        return await self._read(partial(_submission, id=id))

    async def submission_like(self, fingerprint: str, *, since: datetime) -> Submission | None:
        """Return the first submission of this fingerprint that was received since."""
        return await self._read(partial(_submission_like, values={"fingerprint": fingerprint, "since": stamp(since)}))

    async def file(self, id: str) -> FileRecord | None:
        """Return one file."""
        row = await self._read(lambda tx: tx.row("file", {"id": id}))
        return FILE.of(row) if row else None

    async def files(self, query: FileQuery) -> list[FileRecord]:
        """Return the files of a query, newest first."""
        return await self._read(lambda tx: [FILE.of(row) for row in listed_files(tx, query)])

    async def listed(self, query: FileQuery) -> ListedFiles:
        """Return the files of a query as a long listing needs them, newest first."""
        return await self._read(lambda tx: _listed(listed_rows(tx, query)))

    async def inbox_schools(self, *, service: str, school: str | None = None) -> list[str]:
        """Return the schools of which something lies in a service's Inbox, by number; or one of them alone."""
        query = "inbox_schools" if school is None else "inbox_school"
        values = {"service": service, **({} if school is None else {"school": school})}
        return await self._read(lambda tx: [str(number) for (number,) in tx.rows(query, values)])

    async def history(self, file: str) -> list[History]:
        """Return what happened to a file, oldest first."""
        return await self._read(lambda tx: [HISTORY.of(row) for row in tx.rows("history", {"file": file})])

    async def twins(self, *, school: str, name: str) -> list[FileRecord]:
        """Return the school's files of this name whose bytes we hold, newest first."""
        values = {"school": school, "name_key": fold(name)}
        return await self._read(lambda tx: [FILE.of(row) for row in tx.rows("twins", values)])

    async def same_bytes(self, *, school: str, service: str, sha256: str) -> list[FileRecord]:
        """Return what the school sent to a service with these bytes and we hold, Sent or Received, newest first."""
        values = {"school": school, "service": service, "sha256": sha256}
        return await self._read(lambda tx: [FILE.of(row) for row in tx.rows("same_bytes", values)])

    async def apply(self, change: Change) -> bool:
        """Write a transition if the file still has the expected status and its bytes are not being destroyed."""
        return await self._write(partial(_apply, change=change, now=self._clock.now()))


def _record(tx: Transaction, submission: Submission, now: datetime) -> None:
    if not tx.change("insert_submission", submission_values(submission)):
        return
    parts = ({**PART.values(p), "submission": submission.id, "position": n} for n, p in enumerate(submission.parts))
    tx.change_each("insert_part", parts)
    tx.change_each("insert_file", (file_values(file) for file in submission.files))
    _add_consequences(tx, submission.history, submission.drops, submission.notices, now)
    append_each(tx, _entries_of(submission))
    for addressed in submission.documents:
        add_document(tx, addressed, actor=submission.username)


def _add_consequences(
    tx: Transaction, history: Iterable[History], drops: Iterable[Drop], notices: Iterable[Notice], now: datetime
) -> None:
    tx.change_each("insert_history", (HISTORY.values(row) for row in history))
    tx.change_each("insert_drop", (new_drop_values(drop, now=now) for drop in drops))
    tx.change_each("insert_notice", (new_notice_values(notice, now=now) for notice in notices))


def _submission(tx: Transaction, id: str) -> Submission | None:
    row = tx.row("submission", {"id": id})
    if row is None:
        return None
    parts, files = tx.rows("parts", {"submission": id}), tx.rows("files_of_submission", {"submission": id})
    return submission_of(row, parts, files, documents_of_submission(tx, id))


def _submission_like(tx: Transaction, values: dict[str, object]) -> Submission | None:
    row = tx.row("submission_like", values)
    return _submission(tx, str(row[0])) if row else None


def _apply(tx: Transaction, change: Change, now: datetime) -> bool:
    if not tx.change("change_file", {**file_values(change.file), "expected": str(change.expected), **_seen(change)}):
        return False
    tx.change_each("withdraw_drop", ({"id": drop, "file": change.file.id} for drop in change.withdraw))
    tx.change_each("reclaim_drop", ({"id": d, "file": change.file.id, "now": stamp(now)} for d in change.reclaim))
    _add_consequences(tx, (change.history,), change.drops, change.notices, now)
    append(tx, entry_of(change.history, change.file))
    return True


def _seen(change: Change) -> dict[str, object]:
    seen = change.seen
    return {
        "was_seen": int(seen is not None),
        "seen_service": seen.service if seen else None,
        "seen_status_at": stamp_if(seen.status_at) if seen else None,
    }


def entry_of(history: History, file: FileRecord) -> Entry:
    """Return what the trail keeps of a change of a file."""
    return Entry(
        at=history.at,
        actor=history.actor,
        action=history.event,
        subject=file.id,
        plain={"status": str(history.status), "school": file.school, "service": file.service, "sha256": file.sha256},
        words={"name": file.name, **({"why": history.why} if history.why else {})},
    )


def _entries_of(submission: Submission) -> list[Entry]:
    files = {file.id: file for file in submission.files}
    plain = {"channel": str(submission.channel), "files": list(files), "parts": len(submission.parts)}
    first = Entry(
        submission.received_at, submission.username, "record", submission.id, {**plain, "outcome": submission.outcome}
    )
    return [first, *(entry_of(h, files[h.file]) for h in submission.history if h.file in files)]


def listed_files(tx: Transaction, query: FileQuery) -> Iterator[Row]:
    """Yield the rows of a query."""
    return tx.listing("files", conditions_of(query), limit=query.limit, order=_last_first(query))


def _last_first(query: FileQuery) -> str:
    return "order_since" if query.since else "order"


def listed_rows(tx: Transaction, query: FileQuery) -> Iterator[Row]:
    """Yield the rows of a long listing, by time; the first column is the id."""
    return tx.listing("files", conditions_of(query), limit=query.limit, order="order_listed", columns="listed")


def _listed(rows: Iterator[Row]) -> ListedFiles:
    """Return the rows of a long listing by columns, newest first: what is done for each row is felt here.

    Few rows at a time: thousands at once would have the collector look at everything.
    """
    columns: tuple[list[Any], ...] = tuple([] for _ in fields(ListedFiles))
    while some := list(islice(rows, _SOME)):
        for column, values in zip(columns, zip(*some, strict=True), strict=True):
            column.extend(values)
    ids, names, services, senders, times, sizes, privates = _by_id(columns)
    return ListedFiles(ids, names, services, senders, moments(times), sizes, tuple(map(bool, privates)))


def _by_id(columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Return the columns with the newest id first, which stands in the first of them; nearly always they are so."""
    ids = columns[0]
    if all(map(gt, ids, islice(ids, 1, None))):
        return columns
    order = sorted(range(len(ids)), key=ids.__getitem__, reverse=True)
    return [list(map(column.__getitem__, order)) for column in columns]


def conditions_of(query: FileQuery) -> dict[str, object]:
    """Return the conditions of a query as named values, in the words of `files.sql`."""
    bytes_held = {None: None, True: "with_bytes", False: "without_bytes"}[query.has_bytes]
    conditions: dict[str, object] = {
        "school": query.school,
        "schools": query.schools,
        "service": query.service,
        "services": query.services,
        "status": tuple(str(s) for s in query.status) or None,
        "sent_by": fold(query.sent_by) if query.sent_by is not None else None,
        "since": stamp(query.since) if query.since else None,
        "until": stamp(query.until) if query.until else None,
        "search": containing(query.search) if query.search else None,
        "submission": query.submission,
        "after": query.after,
        "delivered": query.is_delivered or None,
        **({bytes_held: True} if bytes_held else {}),
    }
    return {name: value for name, value in conditions.items() if value is not None}
