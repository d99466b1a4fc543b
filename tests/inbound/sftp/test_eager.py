"""Work that begins where it was asked for (gateway.inbound.sftp.eager)."""

import asyncio

import pytest

from gateway.inbound.sftp.eager import begun


async def test_work_that_waits_for_nothing_has_ended() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("done")

    assert begun(work()) is None
    assert done == ["done"]


async def test_work_that_waits_goes_on_as_a_task() -> None:
    done: list[str] = []
    first, second = (asyncio.get_running_loop().create_future() for _ in range(2))

    async def work() -> None:
        done.append("begun")
        done.append(await first)
        done.append(await second)

    rest = begun(work())
    assert rest is not None
    assert done == ["begun"]
    task = asyncio.get_running_loop().create_task(rest)
    first.set_result("went on")
    second.set_result("ended")
    await task
    assert done == ["begun", "went on", "ended"]


async def test_a_fault_of_what_is_waited_for_reaches_the_work() -> None:
    waits = asyncio.get_running_loop().create_future()
    told: list[str] = []

    async def work() -> None:
        try:
            await waits
        except OSError as fault:
            told.append(str(fault))

    rest = begun(work())
    assert rest is not None
    task = asyncio.get_running_loop().create_task(rest)
    waits.set_exception(OSError("the disk"))
    await task
    assert told == ["the disk"]


@pytest.mark.parametrize("turns", [0, 1])
async def test_cancelled_work_clears_up(turns: int) -> None:
    cleared: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cleared.append("cleared")

    rest = begun(work())
    assert rest is not None
    task = asyncio.get_running_loop().create_task(rest)
    for _ in range(turns):
        await asyncio.sleep(0)  # noqa: TID251
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleared == ["cleared"]


async def test_a_bug_in_the_first_step_comes_out_at_once() -> None:
    async def work() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        begun(work())
