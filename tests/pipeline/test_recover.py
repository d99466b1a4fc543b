"""Recover: every state that a stop can leave is put in order before a door opens (SPEC 11; docs/states.md)."""

import shutil
from pathlib import Path

from gateway.core.model import Unfinished
from tests.scenarios.harness import GOOD, HEAD, Scene


def spool(scene: Scene) -> Path:
    return scene.folder / "data" / "spool"


async def test_bytes_under_way_that_nobody_can_go_on_with_are_removed(scene: Scene) -> None:
    (spool(scene) / "incoming" / "01kstray").write_bytes(b"half of something")
    await scene.restart()
    assert await scene.house.spool.parked() == []


async def test_the_row_of_an_upload_whose_bytes_are_gone_is_removed(scene: Scene) -> None:
    gone = Unfinished("01kgone", HEAD, "8301102", GOOD, 5, scene.clock.now())
    await scene.house.ledger.put_unfinished(gone)
    await scene.restart()
    assert await scene.house.ledger.unfinished() == []


async def test_what_was_promised_is_worked_off_before_a_door_opens(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"x")
    await scene.email(HEAD, ("8301102_INFOmailed20261120.docx", b"y"))
    await scene.restart()
    assert await scene.house.spool.ready() == []
    assert len(await scene.files()) == 2


async def test_what_was_recorded_and_not_forgotten_is_only_cleared(scene: Scene) -> None:
    """The ledger has the row; the spool's copy, with its envelope behind the bytes, is still the archive's inode."""
    await scene.upload(HEAD, GOOD, b"x" * 1000)
    (id,) = await scene.house.spool.ready()
    ready = spool(scene) / "ready" / id
    kept = scene.folder / "kept"
    shutil.copy(ready, kept)
    await scene.idle()
    place = Path(scene.house.archive.path((await scene.file(GOOD)).place or ""))
    place.unlink()
    kept.rename(ready)
    place.hardlink_to(ready)
    assert place.stat().st_size > 1000
    await scene.restart()
    assert place.read_bytes() == b"x" * 1000
    await scene.idle()
    assert len(await scene.files()) == 1
    assert len(scene.notices_to(HEAD)) == 1


async def test_bytes_that_an_attempt_left_elsewhere_are_destroyed(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"x")
    (id,) = await scene.house.spool.ready()
    elsewhere = scene.folder / "data" / "archive" / "8302000" / "2026-10"
    elsewhere.mkdir(parents=True)
    (elsewhere / f"{id}-01").hardlink_to(spool(scene) / "ready" / id)
    await scene.restart()
    assert await scene.house.archive.places() == [(await scene.file(GOOD)).place]


async def test_parts_of_a_message_that_is_gone_are_removed(scene: Scene) -> None:
    left = Path(f"{scene.house.spool.parts('01kgone')}1")
    left.parent.mkdir()
    left.write_bytes(b"decoded")
    await scene.restart()
    assert not left.exists()


async def test_it_is_safe_to_repeat_and_finds_nothing_then(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"x")
    await scene.restart()
    assert await scene.house.recover.pass_once() == 0


async def test_what_can_not_be_recorded_now_stops_no_start(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"x")
    (id,) = await scene.house.spool.ready()
    entry = spool(scene) / "ready" / id
    entry.write_bytes(entry.read_bytes()[:-1])
    await scene.restart()
    assert await scene.house.spool.failed() == [id]
    scene.known.failed.add(id)
    del scene.promises[:]
