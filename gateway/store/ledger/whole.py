"""The ledger on SQLite: all its parts on one database file, opened and closed.

Owns the crews' connections. The daemon and the commands may have the same file open at once: one writes at a time, for
milliseconds, and nobody waits to read (Source: SPEC 11; DESIGN 3, 5).
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from datetime import datetime

from gateway.core.documents import DocumentState
from gateway.core.mail import NoticeState
from gateway.core.model import DropState, Status
from gateway.ports import Clock
from gateway.store.engine.connection import Transaction, connect, create
from gateway.store.engine.crew import TOGETHER, Crew, commit_together, read_each
from gateway.store.engine.rows import moment
from gateway.store.ledger.accounts import AccountBook
from gateway.store.ledger.deliveries import DeliveryBook
from gateway.store.ledger.digests import DigestBook
from gateway.store.ledger.documents import DocumentBook
from gateway.store.ledger.keys import KeyBook
from gateway.store.ledger.letters import LetterBook
from gateway.store.ledger.outbox import OutboxBook
from gateway.store.ledger.people import PeopleBook
from gateway.store.ledger.reports import ReportBook
from gateway.store.ledger.requests import RequestBook
from gateway.store.ledger.submissions import SubmissionBook
from gateway.store.ledger.suspensions import SuspensionBook
from gateway.store.ledger.terms import TermBook
from gateway.store.ledger.trail import TrailBook
from gateway.store.ledger.uploads import UploadBook
from gateway.store.migrate import check_version, migrate, read_migrations

READERS = 2  # a slow listing leaves one for everybody else
PATIENCE = 10.0  # seconds for which another process's lock is waited for, before Transient


class SqliteLedger(
    SubmissionBook,
    DocumentBook,
    DeliveryBook,
    OutboxBook,
    TermBook,
    PeopleBook,
    KeyBook,
    LetterBook,
    SuspensionBook,
    AccountBook,
    UploadBook,
    RequestBook,
    DigestBook,
    ReportBook,
    TrailBook,
):
    """The port `Ledger`."""

    def __init__(self, *, writer: Crew | None, readers: Crew, watcher: Crew, clock: Clock) -> None:
        """Take the crews; the watcher has one connection and writes nothing."""
        super().__init__(writer=writer, readers=readers, clock=clock)
        self._watcher = watcher

    async def counts(self) -> Mapping[str, int]:
        """Return sizes: `files.Sent`, `drops.due`, `notices.given-up` …; `drops.oldest-due` is seconds of waiting."""
        now = self._clock.now()
        return await self._read(lambda tx: _counts(tx, now))

    async def change_counter(self) -> int:
        """Return a number that changes whenever anything was written, by this process or another; waits for no lock."""
        row = await self._watcher.do(lambda tx: tx.row("change_counter"))
        return int(row[0]) if row else 0

    async def forget_erased(self) -> bool:
        """Empty the write-ahead log into the database: until then it holds old pages, names and all."""
        row = await self._watcher.do(lambda tx: tx.row("empty_log"))
        return row is not None and row[0] == 0

    async def close(self) -> None:
        """Finish what is under way and let go; safe to repeat."""
        await self._watcher.close()
        await self._readers.close()
        if self._writer is not None:  # last: it folds the write-ahead log into the database
            await self._writer.close()


async def open_ledger(path: str, *, clock: Clock, read_only: bool = False, patience: float = PATIENCE) -> SqliteLedger:
    """Open the ledger at a path. `read_only` neither makes nor migrates nor writes it; `patience` is in seconds.

    Raises NotThere when there is none to look at, Permanent when its format is not this program's.
    """
    writing, reading = await asyncio.to_thread(_connect_all, path, at=clock.now(), read_only=read_only, wait=patience)
    return SqliteLedger(
        writer=Crew(writing, commit_together, together=TOGETHER, name="ledger-write") if writing else None,
        readers=Crew(reading[1:], read_each, together=1, name="ledger-read"),
        # The number means something on one and the same connection only, which must not be the one that writes.
        watcher=Crew(reading[:1], read_each, together=1, name="ledger-watch"),
        clock=clock,
    )


Connections = list[sqlite3.Connection]


def _connect_all(path: str, *, at: datetime, read_only: bool, wait: float) -> tuple[Connections, Connections]:
    """Return the connection that writes (none to look only) and those that read."""
    if not read_only:
        create(path)
    opened: Connections = []
    try:
        opened.append(connect(path, wait=wait, can_write=not read_only))
        if read_only:
            check_version(opened[0], len(read_migrations()))
        else:
            migrate(opened[0], at=at)
        while len(opened) < 2 + READERS:
            opened.append(connect(path, wait=wait, can_write=False))
    except BaseException:
        for connection in opened:
            connection.close()
        raise
    return ([], opened) if read_only else (opened[:1], opened[1:])


def _counts(tx: Transaction, now: datetime) -> dict[str, int]:
    kinds = {"files": Status, "documents": DocumentState, "drops": DropState, "notices": NoticeState}
    counts = {f"{kind}.{state}": 0 for kind, states in kinds.items() for state in states}
    for kind in kinds:
        counts |= {f"{kind}.{state}": number for state, number in tx.rows(f"count_{kind}")}
    for kind, query in (("drops", "next_drop"), ("notices", "next_notice")):
        (due_at,) = tx.row(query) or (None,)
        counts[f"{kind}.oldest-due"] = max(0, int((now - moment(due_at)).total_seconds())) if due_at else 0
    return counts
