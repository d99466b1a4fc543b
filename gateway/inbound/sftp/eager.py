"""Work that is begun where it was asked for, and goes on as a task only if it has to wait.

Owns that first step alone: most requests wait for nothing, and a task for each would cost another turn of the event
loop. What is begun so must not look for its own task before it first waits (Source:
docs/decisions/0017-what-a-small-file-costs.md).
"""

from collections.abc import Coroutine, Generator
from typing import Any, TypeAlias

Work: TypeAlias = Coroutine[Any, Any, None]


def begun(work: Work) -> Work | None:
    """Run work to where it first waits; return what is left of it for a task, or None when it has ended."""
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return _Rest(work, waits_for)


class _Rest(Coroutine[Any, Any, None]):
    """Work that has begun, and what it waits for."""

    def __init__(self, work: Work, waits_for: object) -> None:
        self._work = work
        self._waits_for = waits_for
        self._is_told = False  # whether the task knows what is waited for

    # What a task asks of a coroutine

    def send(self, value: Any) -> Any:
        if self._is_told:
            return self._work.send(value)
        self._is_told = True
        return self._waits_for

    def throw(self, *fault: Any) -> Any:
        self._is_told = True
        return self._work.throw(*fault)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, None]:
        raise RuntimeError("What has begun is for a task.")
