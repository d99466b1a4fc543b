"""Drops: which deliveries are due, and how far each is.

Owns the port `Deliveries`. A drop is marked by compare-and-set, so that a delivery which was withdrawn meanwhile is
never written as done; what a delivery says of its file is written in the same transaction (Source: SPEC 6).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from gateway.core.lifecycle import Event
from gateway.core.mail import Notice
from gateway.core.model import Drop, DropState, FileRecord, History, Status
from gateway.core.remarks import with_delivered
from gateway.store.engine.connection import Row, Transaction
from gateway.store.engine.rows import moment_if, stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.outbox import put_owed
from gateway.store.ledger.records import DROP, FILE, HISTORY, drop_values
from gateway.store.ledger.submissions import entry_of
from gateway.store.ledger.trail import append

_WIDTH = len(DROP.names)


class DeliveryBook(Desk):
    """Drops that we owe."""

    async def due_drops(self, now: datetime, limit: int) -> list[tuple[Drop, FileRecord]]:
        """Return what is due, oldest first, of files that we hold; of one that went another way, what may lie."""
        values = {"now": stamp(now), "limit": limit}
        return await self._read(lambda tx: _with_files(tx.rows("due_drops", values)))

    async def mark_drop(self, drop: Drop, *, expected: DropState, notices: Sequence[Notice] = ()) -> bool:
        """Write a drop's new state, and owe notices, if it still is in the expected one. DONE is also the file's."""
        now = self._clock.now()

        def work(tx: Transaction) -> bool:
            is_marked = _mark(tx, drop, expected, now)
            put_owed(tx, notices if is_marked else (), now=now)
            return is_marked

        return await self._write(work)

    async def drops(self, *, file: str | None = None, state: DropState | None = None) -> list[Drop]:
        """Return drops, newest first."""
        wanted = {"file": file, "state": str(state) if state else None}
        values = {name: value for name, value in wanted.items() if value is not None}
        return await self._read(lambda tx: [DROP.of(row) for row in tx.listing("drops", values)])

    async def lying_drops(self) -> list[tuple[Drop, FileRecord]]:
        """Return what was placed in folders, of files that are still Sent; by target, the last one first."""
        return await self._read(lambda tx: _with_files(tx.rows("lying_drops")))  # thousands, where nobody collects

    async def arrivals(self, *, service: str, after: int, upto: int) -> list[FileRecord]:
        """Return what was first delivered to a service between two places of the trail, in that order, each once."""
        values = {"service": service, "after": after, "upto": upto}
        found = await self._read(lambda tx: [FILE.of(row[1:]) for row in tx.rows("arrivals", values)])
        return list({file.id: file for file in found}.values())

    async def folder_paths(self) -> list[tuple[str, str]]:
        """Return the services and targets of drops into folders that are written as whole paths; walks all drops."""
        rows = await self._read(lambda tx: tx.rows("folder_paths"))
        return [(str(service), str(target)) for service, target in rows]

    async def rename_target(self, *, service: str, old: str, new: str) -> None:
        """Write another name of a target on every drop of a service that has this one; safe to repeat."""
        await self._write(lambda tx: tx.change("rename_target", {"service": service, "old": old, "new": new}))

    async def next_drop_at(self) -> datetime | None:
        """Return when the next drop is due."""
        row = await self._read(lambda tx: tx.row("next_drop"))
        return moment_if(row[0]) if row else None


def _with_files(rows: Iterable[Row]) -> list[tuple[Drop, FileRecord]]:
    """Return drops, each with its file: made where rows are read, since of many it would hold up the event loop."""
    return [(DROP.of(row[:_WIDTH]), FILE.of(row[_WIDTH:])) for row in rows]


def _mark(tx: Transaction, drop: Drop, expected: DropState, now: datetime) -> bool:
    if not tx.change("mark_drop", {**drop_values(drop, now=now), "expected": str(expected)}):
        return False
    if drop.state is DropState.DONE and expected is not DropState.DONE:
        _mark_delivered(tx, drop, at=drop.done_at or now)
    return True


def _mark_delivered(tx: Transaction, drop: Drop, *, at: datetime) -> None:
    row = tx.row("file", {"id": drop.file})
    if row is None:
        return
    file = FILE.of(row)
    tx.change("mark_delivered", {"file": file.id, "done_at": stamp(at), "remark": _remark_of(file)})
    delivered = History(file.id, at, "gateway", Event.DELIVER, file.status, f"to {drop.service} ({drop.target})")
    tx.change_each("insert_history", (HISTORY.values(delivered),))
    append(tx, entry_of(delivered, file))


def _remark_of(file: FileRecord) -> str | None:
    """Return the remark of a delivered file: the status never says more than happened, so it stands on Sent alone."""
    return with_delivered(file.remark) if file.status is Status.SENT else file.remark
