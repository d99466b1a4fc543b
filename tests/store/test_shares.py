"""Shares: a job that never ends holds up neither another share, nor another job for ever, nor the exit (SPEC 6, 11)."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from gateway.clock import SystemClock
from gateway.errors import Transient, Unanswered
from gateway.store.shares import ShareThreads


@pytest.fixture
def shares() -> Iterator[ShareThreads]:
    shares = ShareThreads(patience=0.05, grace=0.05)
    yield shares
    shares.close()


@pytest.fixture
def back() -> Iterator[threading.Event]:
    back = threading.Event()
    yield back
    back.set()


async def test_a_job_answers_in_a_thread_of_its_own(shares: ShareThreads) -> None:
    assert await shares.run("a", lambda x: (x, threading.current_thread().name), 7) == (7, "share")


async def test_what_the_disk_says_becomes_a_sentence(shares: ShareThreads) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(Transient, match="may not do this"):
        await shares.run("a", refuse)


async def test_a_job_that_does_not_end_is_given_up_and_no_other_is_begun_there(
    shares: ShareThreads, back: threading.Event
) -> None:
    begun: list[int] = []
    with pytest.raises(Unanswered, match="does not answer"):
        await shares.run("a", back.wait)
    with pytest.raises(Unanswered):
        await shares.run("a", begun.append, 1)
    assert begun == []
    assert await shares.run("b", lambda: "another share") == "another share"


async def test_when_it_comes_back_the_share_is_served_again(shares: ShareThreads, back: threading.Event) -> None:
    with pytest.raises(Unanswered):
        await shares.run("a", back.wait)
    back.set()
    for _ in range(1000):
        try:
            assert await shares.run("a", lambda: "served") == "served"
            return
        except Unanswered:
            await asyncio.to_thread(threading.Event().wait, 0.01)
    raise AssertionError("it is never served again")


async def test_a_large_job_is_waited_for_longer(shares: ShareThreads, back: threading.Event) -> None:
    going = asyncio.ensure_future(shares.run("a", back.wait, seconds=60))
    done, _ = await asyncio.wait([going], timeout=0.2)  # longer than the patience with a small one
    assert not done
    back.set()
    assert await going


async def test_who_stops_waiting_leaves_no_trace(shares: ShareThreads, back: threading.Event) -> None:
    waiting = asyncio.ensure_future(shares.run("a", back.wait))
    await SystemClock().sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await shares.run("a", lambda: "served") == "served"


async def test_jobs_in_turn_share_a_thread_and_jobs_at_once_do_not(shares: ShareThreads, back: threading.Event) -> None:
    first, second = [await shares.run("a", threading.get_ident) for _ in range(2)]
    begun = threading.Event()
    going = asyncio.ensure_future(shares.run("a", lambda: (begun.set(), back.wait())[1], seconds=60))
    await asyncio.to_thread(begun.wait)
    beside = await shares.run("b", threading.get_ident)
    assert first == second != beside
    back.set()
    assert await going


async def test_a_thread_that_is_about_to_go_leaves_no_job_undone() -> None:
    shares = ShareThreads(idle=0.0)  # each thread gives up at once, many of them just as the next job comes
    assert [await shares.run("a", lambda n: n, n) for n in range(500)] == list(range(500))
    shares.close()


HANGS = """
import asyncio, contextlib, threading
from gateway.errors import Unanswered
from gateway.store.shares import ShareThreads

async def main():
    shares = ShareThreads(patience=0.05, grace=0.05)
    with contextlib.suppress(Unanswered):
        await shares.run("a", threading.Event().wait)
    shares.close()
    print("over", flush=True)

asyncio.run(main())
"""


def test_a_job_that_never_ends_does_not_hold_up_the_exit() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("over\n", "", 0)
