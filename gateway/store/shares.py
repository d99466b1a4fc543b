"""The threads in which work on drop folders happens: one a job, since a mounted share may never answer.

Owns the patience with a share. A job that has not come back is given up by who waits for it, not ended: it may happen
yet, so nothing else is begun on that share until it has come back. None of these threads keeps the process from ending,
and none is another share's (Source: SPEC 6, 11).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from time import monotonic
from typing import Any, TypeVar, TypeVarTuple

from gateway.errors import Unanswered
from gateway.store.threads import translated

PATIENCE = 30.0  # seconds for a job, besides what its bytes take
GRACE = 5.0  # seconds at a stop for jobs that have begun
_SILENT = "The server of the network share does not answer. The gateway tries again."
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class ShareThreads:
    """The Shares port. Close it when done; a job that never ends is left behind."""

    def __init__(self, *, patience: float = PATIENCE, grace: float = GRACE) -> None:
        """Take the seconds for which a job, and at the end all of them together, are waited for."""
        self._patience = patience
        self._grace = grace
        self._silent: Counter[str] = Counter()  # jobs that were given up and have not come back, by share
        self._running: set[Thread] = set()

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
        for thread in list(self._running):
            thread.join(max(0.0, end - monotonic()))

    def _start(self, job: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # perhaps nobody waits any more

        def work() -> None:
            outcome = partial(_settle, answer, *_outcome_of(job))
            self._running.discard(thread)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(outcome)

        thread = Thread(target=work, name="share", daemon=True)
        self._running.add(thread)
        thread.start()
        return answer


def _outcome_of(job: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return job(), None
    except BaseException as fault:  # raised again where somebody waits for it
        return None, fault


def _settle(answer: "asyncio.Future[Any]", result: Any, fault: BaseException | None) -> None:
    if answer.done():
        return
    answer.set_result(result) if fault is None else answer.set_exception(fault)
