"""The register in memory: fresh within seconds, asked without waiting (SPEC 9)."""

import asyncio

from gateway.core.register import AccountState, Directory
from gateway.errors import Transient
from gateway.pipeline.directory import LiveDirectory
from tests.scenarios.harness import HEAD, Scene
from tests.scenarios.stand_ins import StubbornLedger


async def suspend_beside(scene: Scene) -> None:
    """Suspend an account as another process does: the directory hears of nothing."""
    account = scene.account(HEAD)
    changed = type(account)(**{**vars(account), "state": AccountState.SUSPENDED})
    await scene.house.ledger.put_account(changed, actor="a test", at=scene.clock.now(), event="suspend")


async def test_it_is_loaded_when_it_changed_and_only_then(scene: Scene) -> None:
    heard: list[Directory] = []
    scene.house.directory.on_change(heard.append)
    assert await scene.house.directory.pass_once() == 0
    await suspend_beside(scene)
    assert scene.account(HEAD).is_active  # nobody waits for it
    assert await scene.house.directory.pass_once() == 1
    assert not scene.account(HEAD).is_active
    assert heard == [scene.house.directory.current]


async def test_a_suspension_is_heard_within_its_interval(scene: Scene) -> None:
    task = asyncio.create_task(scene.house.directory.run())
    try:
        await suspend_beside(scene)
        async with asyncio.timeout(5):
            while scene.account(HEAD).is_active:
                scene.clock.advance(1)
                await scene.house.ledger.directory_version()
    finally:
        task.cancel()


async def test_a_busy_ledger_leaves_the_last_one_in_force(scene: Scene) -> None:
    ledger = StubbornLedger(scene.house.ledger, "directory_version", Transient("busy"), times=3)
    directory = LiveDirectory(ledger, scene.clock)  # type: ignore[arg-type]
    task = asyncio.create_task(directory.run())
    try:
        async with asyncio.timeout(5):
            while directory.current.account(HEAD) is None:
                scene.clock.advance(1)
                await scene.house.ledger.directory_version()
    finally:
        task.cancel()
    assert ledger.left == 0


async def test_who_asks_for_it_fresh_hears_of_a_change_at_once(scene: Scene) -> None:
    await suspend_beside(scene)
    account = (await scene.house.directory.fresh()).account(HEAD)
    assert account is not None
    assert not account.is_active


async def test_who_asks_for_it_fresh_of_a_busy_ledger_gets_the_last_one(scene: Scene) -> None:
    ledger = StubbornLedger(scene.house.ledger, "directory_version", Transient("busy"), times=1)
    directory = LiveDirectory(ledger, scene.clock)  # type: ignore[arg-type]
    assert (await directory.fresh()).accounts == {}
    assert (await directory.fresh()).account(HEAD) is not None


async def test_many_who_ask_at_once_are_told_of_one_change_once(scene: Scene) -> None:
    heard: list[Directory] = []
    scene.house.directory.on_change(heard.append)
    await suspend_beside(scene)
    found = await asyncio.gather(*(scene.house.directory.fresh() for _ in range(20)))
    assert len(heard) == 1
    assert {id(each) for each in found} == {id(scene.house.directory.current)}
