"""The connections to SQLite, by aiosqlite: one that writes, a few that read, each with its thread.

Owns the queues before them. A piece of work is a plain function of a `Transaction`; it runs whole in its thread, so
that a transaction never waits for the event loop, and a caller who is cancelled leaves it to end as it would have. What
is waiting to be written is committed together, each piece of it all or nothing (Source: SPEC 11; DESIGN 7;
docs/decisions/0006-the-ledger-on-aiosqlite.md).
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import aiosqlite

from gateway.errors import Transient
from gateway.store.engine.connection import Transaction, translated
from gateway.store.engine.queries import load_queries

TOGETHER = 64  # pieces of work that one commit takes at the most: bounds how long other processes wait

T = TypeVar("T")
Work = Callable[[Transaction], T]


@dataclass(frozen=True)
class Job:
    """A piece of work, and who waits for its answer."""

    work: Work[Any]
    answer: asyncio.Future[Any]


@dataclass(frozen=True)
class Outcome:
    """What a job came to: a value, or an exception for its caller."""

    value: Any = None
    fault: Exception | None = None


class Serve(Protocol):
    """How a crew works off some jobs, in the thread of a connection."""

    def __call__(self, connection: sqlite3.Connection, jobs: Sequence[Job]) -> Sequence[Outcome]:
        """Return an outcome a job, in order."""
        ...


class LedgerConnection(aiosqlite.Connection):
    """An aiosqlite connection that also runs a whole piece of work, of many statements, in its thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take a connection that is open and set up."""
        super().__init__(lambda: connection, iter_chunk_size=64)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work in the thread; it ends there whatever becomes of the caller."""
        # Aiosqlite's own step, named as its own: one trip to the thread a transaction, not one a statement.
        execute: Callable[[Callable[[], T]], Awaitable[T]] = self._execute
        return await execute(partial(work, self._conn))


class Crew:
    """Connections that serve one queue; to be made in a running loop, and closed in it."""

    def __init__(self, connections: Sequence[sqlite3.Connection], serve: Serve, *, together: int, name: str) -> None:
        """Begin to serve on each connection, which is closed at its end."""
        self._queue: asyncio.Queue[Job | None] = asyncio.Queue()  # None: no more work comes
        self._serve = serve
        self._together = together
        self._is_closed = False
        self._members = [
            asyncio.get_running_loop().create_task(self._live(LedgerConnection(connection)), name=name)
            for connection in connections
        ]

    async def do(self, work: Work[T]) -> T:
        """Run a piece of work and return its answer. Cancelling stops the waiting, not the work.

        Raises what the work raises; errors of SQLite as Transient or Permanent.
        """
        if self._is_closed:
            raise Transient("The ledger is closed: the gateway is stopping.")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(Job(work, answer))
        return await answer

    async def close(self) -> None:
        """Finish what is waiting, close the connections and let the threads go; safe to repeat."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put_nowait(None)
        await asyncio.shield(asyncio.gather(*self._members))  # who is cancelled here must cut off nobody who waits

    async def _live(self, connection: LedgerConnection) -> None:
        await connection
        try:
            while jobs := await self._next():
                _settle(jobs, await connection.run(partial(self._serve, jobs=jobs)))
        finally:
            await connection.close()

    async def _next(self) -> list[Job]:
        """Wait for work and take what is there with it; return nothing at the end."""
        jobs: list[Job] = []
        job = await self._queue.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == self._together or self._queue.empty():
                return jobs
            job = self._queue.get_nowait()
        self._queue.put_nowait(None)  # for the member beside this one, and for this one when it comes back
        return jobs


def read_each(connection: sqlite3.Connection, jobs: Sequence[Job]) -> list[Outcome]:
    """Serve what reads: each job sees one state of the ledger throughout."""
    return [Outcome() if job.answer.cancelled() else _read(connection, job) for job in jobs]


def _read(connection: sqlite3.Connection, job: Job) -> Outcome:
    queries = load_queries()
    try:
        connection.execute(queries["begin_read"])
        return Outcome(job.work(Transaction(connection)))
    except Exception as fault:  # the thread's one boundary: whatever it is goes to who asked
        return Outcome(fault=_for_caller(fault))
    finally:
        _roll_back(connection)


def commit_together(connection: sqlite3.Connection, jobs: Sequence[Job]) -> list[Outcome]:
    """Serve what writes: one commit for all, each all or nothing, and no answer before the commit."""
    queries = load_queries()
    try:
        connection.execute(queries["begin_write"])
        outcomes = [_write_one(connection, job) for job in jobs]
        connection.execute(queries["commit"])
    except sqlite3.Error as fault:
        _roll_back(connection)
        return [Outcome(fault=translated(fault)) for _ in jobs]
    return outcomes


def _write_one(connection: sqlite3.Connection, job: Job) -> Outcome:
    queries = load_queries()
    connection.execute(queries["begin_one"])
    try:
        outcome = Outcome(job.work(Transaction(connection)))
    except sqlite3.OperationalError:
        raise  # the disk or a lock: nothing of this commit can be trusted
    except Exception as fault:  # the thread's one boundary: whatever it is goes to who asked
        connection.execute(queries["undo_one"])
        outcome = Outcome(fault=_for_caller(fault))
    connection.execute(queries["keep_one"])
    return outcome


def _for_caller(fault: Exception) -> Exception:
    return translated(fault) if isinstance(fault, sqlite3.Error) else fault


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with suppress(sqlite3.Error):  # the fault that led here is the one to tell
            connection.execute(load_queries()["roll_back"])


def _settle(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        _answer(job.answer, outcome)


def _answer(answer: asyncio.Future[Any], outcome: Outcome) -> None:
    if answer.done():
        return
    if outcome.fault is not None:
        answer.set_exception(outcome.fault)
    else:
        answer.set_result(outcome.value)
