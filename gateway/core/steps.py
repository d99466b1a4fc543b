"""Long work in steps: a generator that stops after each, so that whoever runs it may do something else between.

Owns how a step is written; how many are taken in one go is for who takes them (`pipeline.pace`). Pure (Source:
SPEC 11).
"""

from collections.abc import Callable, Generator, Iterable
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")
Steps = Generator[None, None, T]  # what it comes to is returned at the end


def collected(items: Iterable[T]) -> Steps[tuple[T, ...]]:
    """Make each of these in a step of its own, and return them."""
    found = []
    for item in items:
        found.append(item)
        yield
    return tuple(found)


def finished(steps: Steps[T]) -> T:
    """Take all steps in one go, and return what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def in_one_go(work: Callable[P, Steps[T]]) -> Callable[P, T]:
    """Return work in steps as a plain function, for a command or a sample, where nobody else waits."""

    def do(*args: P.args, **kwargs: P.kwargs) -> T:
        return finished(work(*args, **kwargs))

    do.__doc__ = work.__doc__
    return do
