"""The threads in which SQLite runs: one that writes, a few that read, each with a connection of its own.

Owns the queues before them. A piece of work is a plain function of a `Transaction`; it runs whole in its thread, so
that a transaction never waits for the event loop, and a caller who is cancelled leaves it to end as it would have. What
is waiting to be written is committed together, each piece of it all or nothing (Source: SPEC 11; DESIGN 7).
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

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
    loop: asyncio.AbstractEventLoop


@dataclass(frozen=True)
class Outcome:
    """What a job came to: a value, or an exception for its caller."""

    value: Any = None
    fault: Exception | None = None


Serve = Callable[[sqlite3.Connection, Sequence[Job]], Sequence[Outcome]]


class Crew:
    """Threads that serve one queue. They never keep the interpreter from ending."""

    def __init__(self, connections: Sequence[sqlite3.Connection], serve: Serve, *, together: int, name: str) -> None:
        """Start a thread for each connection, which it closes at its end."""
        self._queue: SimpleQueue[Job | None] = SimpleQueue()  # None: no more work comes
        self._serve = serve
        self._together = together
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._live, args=(connection,), name=name, daemon=True)
            for connection in connections
        ]
        for thread in self._threads:
            thread.start()

    async def do(self, work: Work[T]) -> T:
        """Run a piece of work and return its answer. Cancelling stops the waiting, not the work.

        Raises what the work raises; errors of SQLite as Transient or Permanent.
        """
        if self._is_closed:
            raise Transient("The ledger is closed: the gateway is stopping.")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._queue.put(Job(work, answer, loop))
        return await answer

    async def close(self) -> None:
        """Finish what is waiting, close the connections and let the threads go; safe to repeat."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _live(self, connection: sqlite3.Connection) -> None:
        try:
            while jobs := self._next():
                _settle(jobs, self._serve(connection, jobs))
        finally:
            connection.close()

    def _next(self) -> list[Job]:
        """Wait for work and take what is there with it; return nothing at the end."""
        jobs: list[Job] = []
        job = self._queue.get()
        try:
            while job is not None:
                jobs.append(job)
                if len(jobs) == self._together:
                    return jobs
                job = self._queue.get_nowait()
        except Empty:
            return jobs
        self._queue.put(None)  # for the thread beside this one, and for this one when it comes back
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
    """Hand the outcomes over in the event loop of who asked."""
    try:
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.loop.call_soon_threadsafe(_answer, job.answer, outcome)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return


def _answer(answer: asyncio.Future[Any], outcome: Outcome) -> None:
    if answer.done():
        return
    if outcome.fault is not None:
        answer.set_exception(outcome.fault)
    else:
        answer.set_result(outcome.value)
