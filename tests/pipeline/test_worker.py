"""The loop that every worker shares (DESIGN 3, 4)."""

import asyncio

from gateway.clock import SystemClock
from gateway.errors import Transient
from gateway.pipeline.locks import NamedLocks
from gateway.pipeline.worker import Turn, run_worker


class Scripted:
    """A worker whose passes are given: a number done, or an exception."""

    def __init__(self, *passes: int | Exception) -> None:
        self.left = list(passes)
        self.all_done = asyncio.Event()

    async def pass_once(self) -> int:
        if not self.left:
            self.all_done.set()
            return 0
        now = self.left.pop(0)
        if isinstance(now, Exception):
            raise now
        return now


async def passes_all(*passes: int | Exception) -> bool:
    clock = SystemClock()
    worker = Scripted(*passes)
    task = asyncio.create_task(run_worker("test", worker, Turn(clock), every=0.001, back_off=0.001))
    try:
        await asyncio.wait_for(worker.all_done.wait(), timeout=5)
    finally:
        task.cancel()
    return not worker.left


async def test_a_pass_that_did_something_is_followed_by_another():
    assert await passes_all(1, 1, 0, 1)


async def test_a_transient_trouble_ends_a_pass_and_not_the_worker():
    assert await passes_all(Transient("busy"), ExceptionGroup("both", [Transient("a"), Transient("b")]), 1)


async def test_a_wake_up_before_the_wait_is_not_lost():
    turn = Turn(SystemClock())
    turn.wake()
    await asyncio.wait_for(turn.wait(60), timeout=5)


async def test_two_of_one_name_wait_for_each_other_and_others_do_not():
    locks, order = NamedLocks(), []

    async def hold(label: str, *names: str) -> None:
        async with locks.hold((n,) for n in names):
            order.append(f"{label} in")
            await SystemClock().sleep(0)
            order.append(f"{label} out")

    await asyncio.gather(hold("first", "a", "b"), hold("second", "b", "a"), hold("third", "c"))
    assert order.index("first out") < order.index("second in")
    assert order.index("third in") < order.index("first out")
    assert locks._shared == {}
