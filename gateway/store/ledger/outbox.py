"""Notices: which emails are owed, and how far each is.

Owns the port `Outbox`. What a notice says is not judged here; its context is kept no longer than the bytes that it
tells of. What owes a notice owes it by `put_owed`, in its own transaction (Source: SPEC 10, 11).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from gateway.core.mail import Notice, NoticeQuery
from gateway.ports.files import NO_MARKS
from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import containing, fold, moment_if, stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import NOTICE, new_notice_values, notice_values


class OutboxBook(Desk):
    """Notices that we owe."""

    async def owe(self, notices: Sequence[Notice], *, marks: Mapping[str, str] = NO_MARKS) -> None:
        """Add notices, one whose id is there already is left as it is; and set the marks that they were told."""
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            put_owed(tx, notices, now=now, marks=marks)

        await self._write(work)

    async def due_notices(self, now: datetime, limit: int) -> list[Notice]:
        """Return what is due, oldest first."""
        values = {"now": stamp(now), "limit": limit}
        return await self._read(lambda tx: [NOTICE.of(row) for row in tx.rows("due_notices", values)])

    async def mark_notice(self, notice: Notice) -> None:
        """Write a notice's new state (not its words)."""
        await self._write(partial(_mark, notice=notice, now=self._clock.now()))

    async def notice(self, id: str) -> Notice | None:
        """Return one notice."""
        row = await self._read(lambda tx: tx.row("notice", {"id": id}))
        return NOTICE.of(row) if row else None

    async def notices(self, query: NoticeQuery) -> list[Notice]:
        """Return the notices of a query, newest first; a search looks at address, username and template."""
        values = _conditions(query)
        return await self._read(lambda tx: [NOTICE.of(r) for r in tx.listing("notices", values, limit=query.limit)])

    async def notices_sent(self, address: str, since: datetime) -> int:
        """Return how many notices went to an address since a time.

        Those that are due are not counted: as many as the cap, due together, would keep each other back for ever.
        """
        values = {"address": fold(address), "since": stamp(since)}
        row = await self._read(lambda tx: tx.row("notices_to", values))
        return int(row[0]) if row else 0

    async def next_notice_at(self) -> datetime | None:
        """Return when the next notice is due."""
        row = await self._read(lambda tx: tx.row("next_notice"))
        return moment_if(row[0]) if row else None


def put_owed(tx: Transaction, notices: Iterable[Notice], *, now: datetime, marks: Mapping[str, str] = NO_MARKS) -> None:
    """Owe notices in the transaction that writes what they tell of, and set the marks that they were told."""
    tx.change_each("insert_notice", [new_notice_values(notice, now=now) for notice in notices])
    tx.change_each("set_mark", [{"name": name, "value": value} for name, value in marks.items()])


def _mark(tx: Transaction, notice: Notice, now: datetime) -> None:
    tx.change("mark_notice", notice_values(notice, now=now))
    tx.change("clear_late_context", {"id": notice.id})
    tx.change("clear_left_context", {"id": notice.id})


def _conditions(query: NoticeQuery) -> dict[str, object]:
    """Return the conditions of a query as named values, in the words of `notices.sql`."""
    conditions: dict[str, object] = {
        "school": query.school,
        "username": query.username,
        "state": str(query.state) if query.state else None,
        "submission": query.submission,
        "template": query.template,
        "since": stamp(query.since) if query.since else None,
        "until": stamp(query.until) if query.until else None,
        "search": containing(query.search) if query.search else None,
    }
    return {name: value for name, value in conditions.items() if value is not None}
