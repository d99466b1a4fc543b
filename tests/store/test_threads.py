"""Blocking work and what a disk's answers become (DESIGN 4)."""

import asyncio
import errno
import os
import threading
from collections.abc import Iterator

import pytest

from gateway.errors import DiskFull, Permanent, Transient
from gateway.store.threads import DiskThreads, trouble_of


@pytest.fixture
def threads() -> Iterator[DiskThreads]:
    threads = DiskThreads(count=1)
    yield threads
    threads.close()


async def test_work_happens_away_from_the_loop(threads: DiskThreads) -> None:
    assert await threads.run(threading.get_ident) != threading.get_ident()


TROUBLES = [
    (errno.ENOSPC, DiskFull, "The disk is full"),
    (errno.EDQUOT, DiskFull, "quota"),
    (errno.EROFS, Transient, "read-only"),
    (errno.EIO, Transient, "input/output error"),
    (errno.EMFILE, Transient, "Too many files"),
    (errno.EACCES, Transient, "permissions"),
    (errno.ESTALE, Transient, "Mount it again"),
    (errno.EHOSTDOWN, Transient, "does not answer"),
    (errno.ELOOP, Transient, "refused an operation (Too many levels of symbolic links)"),  # any other: temporary too
]


@pytest.mark.parametrize(("number", "kind", "sentence"), TROUBLES)
async def test_every_answer_of_a_disk_is_temporary_and_has_a_sentence(
    threads: DiskThreads, number: int, kind: type[Transient], sentence: str
) -> None:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(kind) as trouble:
        await threads.run(fail)
    assert type(trouble.value) is kind
    assert sentence in str(trouble.value)


def test_a_sentence_never_holds_a_file_name() -> None:
    error = OSError(errno.ELOOP, "Too many levels", "/drops/SEN/8301102_SENjane20261122.pdf")
    assert "jane" not in str(trouble_of(error))


async def test_what_is_no_answer_of_a_disk_passes(threads: DiskThreads) -> None:
    def fail() -> None:
        raise Permanent("damaged")

    with pytest.raises(Permanent):
        await threads.run(fail)


class Job:
    """A job that says when it has begun, and ends when it may."""

    def __init__(self) -> None:
        self._begun, self._may_end = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self._begun.set()
        assert self._may_end.wait(10)
        return "done"

    async def begun(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._begun.wait, 10)

    def end(self) -> None:
        self._may_end.set()


async def test_what_was_obtained_for_somebody_who_left_is_let_go(threads: DiskThreads) -> None:
    job, released = Job(), asyncio.Event()
    waiting = asyncio.ensure_future(threads.obtain(job, release=lambda _: released.set()))
    await job.begun()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not released.is_set()
    job.end()
    await asyncio.wait_for(released.wait(), 10)


async def test_closing_finishes_what_has_begun_and_drops_what_has_not() -> None:
    threads, job = DiskThreads(count=1), Job()
    running, waiting = threads.submit(job), threads.submit(job)
    await job.begun()
    closing = asyncio.get_running_loop().run_in_executor(None, threads.close)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    job.end()  # only now: a thread that is free before closing reaches the second job would take it
    await closing
    assert await running == "done"
