"""A job that looks ahead: what is likely to be asked next is done; what is asked in time follows in the same thread.

Owns the moment after which it is too late to follow. The change from thread to thread costs a small submission nearly
as much as its fsync (Source: docs/decisions/0017-what-a-small-file-costs.md).
"""

import threading
from collections.abc import Callable
from typing import Any

from gateway.store.growing import Batch

Job = Callable[[Batch], Any]


class Foreseen:
    """The job; blocking where it runs, and safe to be followed from the event loop."""

    def __init__(self, job: Job) -> None:
        """Take what is done ahead."""
        self._job = job
        self._lock = threading.Lock()
        self._follows: Job | None = None
        self._is_over = False

    def run(self, batch: Batch) -> Any:
        """Do it, and what follows; return what the last of them returned."""
        done = self._job(batch)
        with self._lock:
            self._is_over, follows = True, self._follows
        return done if follows is None else follows(Batch())

    def follow_with(self, job: Job) -> bool:
        """Have a job done right behind this one, if that goes well; False when it is too late for that."""
        with self._lock:
            if not self._is_over:
                self._follows = job
            return not self._is_over
