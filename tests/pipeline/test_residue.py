"""Residue: what belongs to no file's term, and may be about a child all the same, does not stay for ever (SPEC 10)."""

import pytest

from gateway.store.disk import PosixDisk
from tests.fakes import WAYS_TO_DIE, dies, dying
from tests.scenarios.harness import GOOD, HEAD, Scene

CHILD = "Zebulon"


async def test_a_message_without_a_file_keeps_its_words_for_the_term_of_rejected_bytes(scene: Scene) -> None:
    await scene.email(HEAD, text=f"About {CHILD}", Subject=f"{CHILD} again")
    await scene.idle()
    scene.clock.advance(days=13.9)
    await scene.idle()
    (submission,) = scene.rows("submissions")
    assert submission["subject"] == f"{CHILD} again"
    scene.clock.advance(days=0.2)
    await scene.idle()
    (submission,) = scene.rows("submissions")
    assert submission["subject"] is None
    assert {part["name"] for part in scene.rows("parts")} <= {None}
    assert [notice["context"] for notice in scene.rows("notices")] == ["{}"]
    await scene.stop()
    assert scene.mentions(CHILD) == []
    await scene.start()


async def test_a_message_with_a_file_keeps_its_words_as_long_as_the_file(scene: Scene) -> None:
    await scene.email(HEAD, (GOOD, b"x"), Subject=f"{CHILD} again")
    await scene.email(HEAD, (GOOD, b"x"), Subject=f"{CHILD} once more")  # a repeat: its record is the first one's
    await scene.idle()
    scene.clock.advance(days=60)
    await scene.idle()
    assert {row["subject"] for row in scene.rows("submissions")} == {f"{CHILD} again", f"{CHILD} once more"}
    scene.clock.advance(days=31)
    await scene.idle()
    assert {row["subject"] for row in scene.rows("submissions")} == {None}
    scene.promises.clear()


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_what_was_set_aside_is_destroyed_after_a_whole_term_wherever_a_stop_cuts_it_off(
    scene: Scene, way: str
) -> None:
    await scene.email(HEAD, (GOOD, CHILD.encode()))
    (id,) = await scene.house.spool.ready()
    await scene.house.spool.set_aside(id, f"about {CHILD}")
    scene.promises.clear()
    scene.clock.advance(days=90.9)
    await scene.idle()
    assert await scene.house.spool.failed() == [id]
    scene.clock.advance(days=0.2)
    for n in range(10):
        disk = dying(way, at=n, graveyard=scene.folder.parent / f"grave {n}")
        await scene.restart(disk=disk)
        if not await dies(scene.house.purge.pass_once()):
            break
    assert n > 0
    await scene.restart(disk=PosixDisk())
    await scene.idle()
    assert list((scene.folder / "data/spool/failed").iterdir()) == []
    assert scene.mentions(CHILD) == []
    assert {row.action for row in await scene.house.ledger.trail(subject=id)} == {"destroy-set-aside"}
