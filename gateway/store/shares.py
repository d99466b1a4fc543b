"""The threads in which work on drop folders happens: one for each under way, since a mounted share may never answer.

Owns the patience with a share. A job that has not come back is given up by who waits for it, not ended: it may happen
yet, so nothing else is begun on that share until it has come back. None of these threads keeps the process from ending,
and no job waits for a thread that is busy with another (Source: SPEC 6, 11).
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, TypeVar, TypeVarTuple

from gateway.errors import Unanswered
from gateway.store.threads import Outcome, outcome_of, translated

PATIENCE = 30.0  # seconds for a job, besides what its bytes take
GRACE = 5.0  # seconds at a stop for jobs that have begun
IDLE = 10.0  # seconds for which a thread waits for its next job: to start one holds up the event loop
_SILENT = "The server of the network share does not answer. The gateway tries again."
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_Job = tuple[Callable[[], Any], Callable[[Outcome], None]]  # and whom to tell how it ended


class ShareThreads:
    """The Shares port. Close it when done; a job that never ends is left behind."""

    def __init__(self, *, patience: float = PATIENCE, grace: float = GRACE, idle: float = IDLE) -> None:
        """Take the seconds for which a job is waited for, at the end all of them together, and a thread for a job."""
        self._patience = patience
        self._grace = grace
        self._silent: Counter[str] = Counter()  # jobs that were given up and have not come back, by share
        self._idle_seconds = idle
        self._threads: set[_ShareThread] = set()
        self._idle: deque[_ShareThread] = deque()

    async def run(self, share: str, job: Callable[[*Ts], T], *args: *Ts, seconds: float = 0.0) -> T:
        """Run a blocking job. Raises Transient for every OSError that it lets out; Unanswered when it does not end."""
        if self._silent[share]:
            raise Unanswered(_SILENT)
        answer = self._start(partial(translated, job, *args))
        try:
            async with asyncio.timeout(self._patience + seconds):
                return await asyncio.shield(answer)
        except TimeoutError as silent:
            self._silent[share] += 1
            answer.add_done_callback(lambda _: self._silent.subtract((share,)))
            raise Unanswered(_SILENT) from silent

    def close(self) -> None:
        """Let the jobs that have begun end, for a while; blocking."""
        end = monotonic() + self._grace
        threads = list(self._threads)
        for thread in threads:
            thread.jobs.put(None)
        for thread in threads:
            thread.join(max(0.0, end - monotonic()))

    def _start(self, job: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # perhaps nobody waits any more

        def tell(outcome: Outcome) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(outcome.reach, answer)

        self._free_thread().jobs.put((job, tell))
        return answer

    def _free_thread(self) -> "_ShareThread":
        try:
            return self._idle.pop()
        except IndexError:
            thread = _ShareThread(self._threads, self._idle, self._idle_seconds)
            self._threads.add(thread)
            thread.start()
            return thread


class _ShareThread(Thread):
    """Does one job after the other; whoever takes it out of the idle ones brings it the next."""

    def __init__(self, threads: "set[_ShareThread]", idle: "deque[_ShareThread]", seconds: float) -> None:
        super().__init__(name="share", daemon=True)
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = threads
        self._idle = idle
        self._seconds = seconds

    def run(self) -> None:
        while self._do(self._next()):
            pass
        self._threads.discard(self)

    def _do(self, task: "_Job | None") -> bool:
        if task is None:
            return False
        job, tell = task
        outcome = outcome_of(job)
        self._idle.append(self)  # before who waits is told: their next job is this thread's
        tell(outcome)
        return True

    def _next(self) -> "_Job | None":
        """Return the next job; None when none came for a while."""
        try:
            return self.jobs.get(timeout=self._seconds)
        except Empty:
            pass
        try:
            self._idle.remove(self)
        except ValueError:  # somebody has just taken it, and brings a job
            return self.jobs.get()
        return None
