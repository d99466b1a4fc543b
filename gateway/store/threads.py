"""The few threads in which all blocking disk work of one kind happens, so that the event loop never waits for a disk.

Owns the translation of what a disk says into a sentence and a kind of error: unknown means temporary, so every OSError
that a job lets out becomes Transient. What a job expects (a file that is gone), it catches itself. A mounted share gets
an instance of its own: one that hangs must not hold up the spool (Source: DESIGN 4, 7; SPEC 11).
"""

import asyncio
import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, TypeVarTuple

from gateway.errors import DiskFull, Transient

COUNT = 8  # measured: more than eight concurrent fsyncs bring nothing, fewer than four cost a third
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SENTENCES = {
    errno.ENOSPC: "The disk is full. Free some space, or give the gateway a larger disk; it goes on by itself.",
    errno.EDQUOT: "The disk quota is used up. Raise it, or free some space; the gateway goes on by itself.",
    errno.EROFS: "The disk is mounted read-only. Mount it for writing; the gateway goes on by itself.",
    errno.EIO: "The disk reports a fault (input/output error). Look at the system's log, and at the disk.",
    errno.EMFILE: "Too many files are open in the gateway. Raise its limit (LimitNOFILE) if this stays.",
    errno.ENFILE: "Too many files are open on this host. Raise the limit (fs.file-max) if this stays.",
    errno.ENOMEM: "The host is out of memory. The gateway goes on by itself when there is some.",
    errno.EACCES: "The gateway may not do this there. Check the owner and the permissions of the folder.",
    errno.EPERM: "The gateway may not do this there. Check the owner and the permissions of the folder.",
    errno.EXDEV: "The spool and the archive are on two disks. Both must be on one: put the data folder on one disk.",
    errno.ESTALE: "The network share was replaced while it was in use. Mount it again.",
    errno.ENOTCONN: "The network share is not connected. Mount it again.",
    errno.EHOSTDOWN: "The server of the network share does not answer. The gateway tries again.",
    errno.ETIMEDOUT: "The server of the network share does not answer. The gateway tries again.",
}


def trouble_of(error: OSError) -> Transient:
    """Return what a disk said as an error with a sentence. Names of files stay out: they can hold personal data."""
    number = error.errno or 0
    sentence = _SENTENCES.get(number, f"The disk refused an operation ({error.strerror or 'no reason given'}).")
    return DiskFull(sentence) if number in _FULL else Transient(sentence)


class DiskThreads:
    """A small pool. Close it when done; jobs that have begun are finished.

    One of our own: `concurrent.futures` makes two futures a job, with locks of their own, and hands the result from one
    to the other on the event loop, which is the busiest thread of all.
    """

    def __init__(self, name: str = "disk", *, count: int = COUNT) -> None:
        """Take a name for the threads, which start with the first use."""
        self._name = name
        self._most = count
        self._threads: list[threading.Thread] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()  # None ends a thread
        self._under_way = 0  # begun or waiting; counted on the event loop alone
        self._is_closed = False

    def submit(self, job: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Start a blocking job and return its future. Cancelling it only helps before the job has begun."""
        if self._is_closed:
            raise RuntimeError("A job was handed to threads that were closed.")
        loop = asyncio.get_running_loop()
        flight: asyncio.Future[T] = loop.create_future()
        self._under_way += 1
        if self._under_way > len(self._threads) < self._most:
            self._begin_thread()
        self._jobs.put(_Job(loop, flight, partial(translated, job, *args)))
        return flight

    async def run(self, job: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run a blocking job. Raises Transient for every OSError that it lets out."""
        return await self.submit(job, *args)

    async def obtain(self, job: Callable[[*Ts], T], *args: *Ts, release: Callable[[T], None]) -> T:
        """Run a job that returns something to be let go; a caller who is cancelled meanwhile leaves nothing open."""
        flight = self.submit(job, *args)
        try:
            return await asyncio.shield(flight)
        except asyncio.CancelledError:
            flight.add_done_callback(lambda done: _let_go(done, release))
            raise

    def close(self) -> None:
        """Finish what has begun, drop what has not, and let the threads go; safe to repeat."""
        self._is_closed = True
        with suppress(Empty):
            while (waiting := self._jobs.get_nowait()) is not None:
                waiting.tell(waiting.flight.cancel)
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _begin_thread(self) -> None:
        # A daemon: who never closes its pool, as a command that fails, must not wait for it at its end.
        thread = threading.Thread(target=self._work, name=f"{self._name}_{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.tell(partial(self._land, job.flight, None if job.flight.cancelled() else outcome_of(job.run)))
            del job  # what it holds must not stay until the next one comes

    def _land(self, flight: asyncio.Future[Any], outcome: "Outcome | None") -> None:
        self._under_way -= 1
        if outcome is not None:
            outcome.reach(flight)


@dataclass(slots=True)
class _Job:
    """What a thread shall do, and who waits for it."""

    loop: asyncio.AbstractEventLoop
    flight: asyncio.Future[Any]
    run: Callable[[], Any]

    def tell(self, step: Callable[[], object]) -> None:
        """Take a step on the event loop; if that is closed, nobody waits there any more."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(step)


@dataclass(slots=True)
class Outcome:
    """What a job came to: what it returned, or what it raised."""

    found: Any
    fault: BaseException | None

    def reach(self, flight: asyncio.Future[Any]) -> None:
        """Tell who waits, on the event loop; one who left is told nothing."""
        if flight.done():
            return
        if self.fault is None:
            flight.set_result(self.found)
        else:
            flight.set_exception(self.fault)


def outcome_of(job: Callable[[], Any]) -> Outcome:
    """Run a job. Whatever it raises belongs to who waits for it, and never to the thread."""
    try:
        return Outcome(job(), None)
    except BaseException as fault:
        return Outcome(None, fault)


def translated(job: Callable[[*Ts], T], *args: *Ts) -> T:
    """Run a job. Raises Transient for every OSError that it lets out."""
    try:
        return job(*args)
    except OSError as error:
        raise trouble_of(error) from error


def _let_go(done: asyncio.Future[T], release: Callable[[T], None]) -> None:
    if not done.cancelled() and done.exception() is None:
        release(done.result())
