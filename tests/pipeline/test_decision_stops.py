"""A stop in the middle of a decision: it was made or not, and every copy agrees with it (SPEC 11)."""

import shutil
from dataclasses import replace
from functools import partial

import pytest

from gateway.core.admission import Refusal
from gateway.core.model import DropState, FileRecord, Status
from gateway.pipeline.withdraw import CLAIM
from gateway.store.disk import PosixDisk
from tests.fakes import WAYS_TO_DIE, dies, dying
from tests.pipeline.deciding import ADMINISTRATOR, SEN, SEND, actor, collect, decide, drops_of, events, now, sent
from tests.scenarios.harness import STAFF, Scene, restore
from tests.scenarios.stand_ins import DyingLedger


class TestAStopInTheMiddle:
    """A claim that nobody finishes lapses; whatever a stop leaves, the file is with its service or with its school."""

    @pytest.mark.parametrize(
        ("left", "status"),
        [
            ("lying", Status.SENT),  # what lies there is not made anew
            ("taken", Status.SENT),  # it has lost its name, so nobody could collect it
            ("written", Status.SENT),  # and the row says so
            ("collected", Status.RECEIVED),  # neither name is there: its service has it
        ],
    )
    async def test_of_a_claim_is_seen_by_what_lies_there(self, scene: Scene, left: str, status: Status) -> None:
        file = await sent(scene)
        drop = (await drops_of(scene, file))["folder"]
        name = None if left == "written" else drop.placed_as
        claimed = replace(drop, state=DropState.WITHDRAWING, placed_as=name, due_at=scene.clock.now() + CLAIM)
        assert await scene.house.ledger.mark_drop(claimed, expected=DropState.DONE)
        copy = scene.drop_folder("SEN") / SEN
        if left in ("taken", "written"):
            copy.rename(copy.with_name(f".{drop.id}.part"))
        if left == "collected":
            collect(scene, "SEN", SEN)
        stamp = copy.stat().st_ino if left == "lying" else None
        await scene.idle()
        assert await scene.house.collect.pass_once() == 0
        scene.clock.advance(CLAIM.total_seconds() + 1)
        await scene.idle()
        assert scene.dropped("SEN") == ({} if left == "collected" else {SEN: b"a plan"})
        assert stamp in (None, copy.stat().st_ino if copy.exists() else None)
        assert (await now(scene, file)).status is status

    @pytest.mark.parametrize("deed", ["recall", "reroute", "reject", "accept"])
    @pytest.mark.parametrize("after", [False, True])
    async def test_at_every_write_to_the_ledger(self, scene: Scene, deed: str, after: bool) -> None:
        await sent(scene, SEND if deed == "accept" else SEN)
        await scene.stop()
        snapshot = scene.folder.parent / "snapshot"
        for name in ("data", "drops"):
            shutil.copytree(scene.folder / name, snapshot / name)
        for n in range(20):
            restore(snapshot, scene.folder)
            scene.known.collected.clear()
            disk = dying(WAYS_TO_DIE[0], at=None, graveyard=scene.folder.parent / "grave")
            dying_ledger = partial(DyingLedger, disk=disk, dies_at=n, after=after)
            await scene.start(disk=disk, wrap=dying_ledger)  # type: ignore[arg-type]
            file = (await scene.files())[0]
            has_died = await dies(decide(scene, deed, file, ADMINISTRATOR))
            await scene.restart(disk=PosixDisk())
            await scene.idle()
            scene.clock.advance(CLAIM.total_seconds() + 60)
            await scene.idle()
            await check_settled(scene, file, deed)
            if not has_died:
                break
            await scene.stop()
        assert n >= 1
        scene.promises.clear()

    @pytest.mark.parametrize("after", [False, True])
    async def test_of_a_recall_that_waits_for_a_share(self, scene: Scene, after: bool) -> None:
        """At every write with which it is gone on with: it ends Recalled, told once, and nothing is delivered anew."""
        file = await sent(scene)
        drop = (await drops_of(scene, file))["folder"]
        claimed = replace(drop, state=DropState.WITHDRAWING, due_at=scene.clock.now() + CLAIM)
        assert await scene.house.ledger.mark_drop(claimed, expected=DropState.DONE)
        assert isinstance(await scene.house.recalls.ask(file, by=actor(scene, STAFF)), Refusal)
        await scene.stop()
        snapshot = scene.folder.parent / "snapshot"
        for name in ("data", "drops"):
            shutil.copytree(scene.folder / name, snapshot / name)
        for n in range(20):
            restore(snapshot, scene.folder)
            disk = dying(WAYS_TO_DIE[0], at=None, graveyard=scene.folder.parent / "grave")
            await scene.start(disk=disk, wrap=partial(DyingLedger, disk=disk, dies_at=n, after=after))  # type: ignore[arg-type]
            has_died = await dies(scene.house.dropper.pass_once())
            await scene.restart(disk=PosixDisk())
            scene.clock.advance(CLAIM.total_seconds() + 60)
            await scene.idle()
            assert (await now(scene, file)).status is Status.RECALLED
            assert scene.dropped("SEN") == {}
            assert [n["template"] for n in scene.rows("notices")].count("recalled") == 1
            if not has_died:
                break
            await scene.stop()
        assert n >= 3


TOLD_BY = {"recall": "recalled", "reject": "rejected", "reroute": "rerouted", "accept": "correction-accepted"}


async def check_settled(scene: Scene, file: FileRecord, deed: str) -> None:
    """Check that the decision was made or not, and that every copy agrees with it."""
    current = await now(scene, file)
    is_made = (current.status, current.service) != (file.status, file.service)
    expected = {
        "recall": (Status.RECALLED, {}),
        "reject": (Status.REJECTED, {}),
        "reroute": (Status.SENT, {"EP": {SEN: b"a plan"}}),
        "accept": (Status.SENT, {"SEN": {SEN: b"a plan"}}),
    }[deed]
    before = (file.status, {"SEN": {SEN: b"a plan"}} if file.status is Status.SENT else {})
    lying = {code: found for code in ("SEN", "EP") if (found := scene.dropped(code))}
    assert (current.status, lying) == (expected if is_made else before)
    # One row of history and the notice, from the same transaction as the change: both or neither.
    assert [event for event, _ in await events(scene, file)].count(deed) == is_made
    told = [notice["template"] for notice in scene.rows("notices")]
    assert told.count(TOLD_BY[deed]) == is_made
    assert not [d for d in await scene.house.ledger.drops(file=file.id) if d.state is DropState.WITHDRAWING]
