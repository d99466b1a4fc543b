"""Sweep: no stray bytes stay in a drop folder, and nothing that is owed is ever removed (SPEC 11)."""

from dataclasses import replace

import pytest

from gateway.core.model import Drop, DropState
from tests.scenarios.harness import GOOD, HEAD, Scene
from tests.scenarios.invariants import MARKER


async def folder_drop(scene: Scene) -> Drop:
    drops = await scene.house.ledger.drops(file=(await scene.file(GOOD)).id)
    return next(d for d in drops if d.target != "pickup")


@pytest.mark.parametrize("state", [DropState.DUE, DropState.PLACING, DropState.WITHDRAWING, DropState.GIVEN_UP])
async def test_what_is_owed_stays(scene: Scene, state: DropState) -> None:
    await scene.upload(HEAD, GOOD, b"for info")
    await scene.house.ingest.pass_once()
    drop = await folder_drop(scene)
    assert await scene.house.ledger.mark_drop(replace(drop, state=state), expected=DropState.DUE)
    begun = scene.drop_folder("INFO") / f".{drop.id}.part"
    begun.write_bytes(b"for info")
    assert await scene.house.sweep.pass_once() == 0
    assert begun.exists()
    begun.unlink()
    assert await scene.house.ledger.mark_drop(drop, expected=state)


@pytest.mark.parametrize("state", [DropState.DONE, DropState.WITHDRAWN])
async def test_what_a_stop_left_of_a_drop_that_is_over_goes(scene: Scene, state: DropState) -> None:
    await scene.upload(HEAD, GOOD, b"for info")
    await scene.idle()
    drop = await folder_drop(scene)
    assert await scene.house.ledger.mark_drop(replace(drop, state=state), expected=DropState.DONE)
    (scene.drop_folder("INFO") / f".{drop.id}.part").write_bytes(b"for i")
    assert await scene.house.sweep.pass_once() == 1
    assert {p.name for p in scene.drop_folder("INFO").iterdir()} == {MARKER, GOOD}
    assert await scene.house.sweep.pass_once() == 0
    assert await scene.house.ledger.mark_drop(drop, expected=state)


async def test_what_is_of_no_drop_that_we_know_goes_and_what_others_put_there_stays(scene: Scene) -> None:
    folder = scene.drop_folder("SEN")
    (folder / ".01nothing-01-2.part").write_bytes(b"x")
    theirs = folder / ".Their temporary.part"
    theirs.write_bytes(b"x")
    assert await scene.house.sweep.pass_once() == 1
    assert theirs.exists()
    theirs.unlink()


async def test_a_folder_that_is_away_waits_for_the_next_look_and_holds_up_no_other(scene: Scene) -> None:
    away, other = scene.drop_folder("INFO"), scene.drop_folder("SEN")
    (away / MARKER).unlink()
    for folder in (away, other):
        (folder / ".01nothing-01-2.part").write_bytes(b"x")
    assert await scene.house.sweep.pass_once() == 1
    (away / MARKER).touch()
    assert await scene.house.sweep.pass_once() == 1
