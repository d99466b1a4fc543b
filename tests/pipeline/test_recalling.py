"""Recalling: until it is received, once every drop was taken back, and never after (SPEC 6)."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.admission import Refusal
from gateway.core.model import DropState, FileRecord, Status
from gateway.core.routing import TargetKind
from gateway.pipeline.decisions import TRY_AGAIN
from tests.pipeline.deciding import HEADTEACHER, OFFICER, SEN, actor, add_drop, collect, drops_of, now, sent, subjects
from tests.scenarios.harness import STAFF, Scene
from tests.scenarios.invariants import MARKER


class TestRecalling:
    """Until it is received; every drop is taken back first, or it is refused."""

    async def test_takes_the_copy_out_of_the_folder_and_tells_the_sender(self, scene: Scene) -> None:
        file = await sent(scene)
        assert scene.dropped("SEN") == {SEN: b"a plan"}
        got = await scene.house.decisions.recall(file.id, by=actor(scene, HEADTEACHER))
        assert isinstance(got, FileRecord)
        assert (got.status, got.remark) == (Status.RECALLED, "recalled by Yusuf Demirel")
        assert scene.dropped("SEN") == {}
        assert await drops_of(scene, file) == {}
        await scene.idle()
        assert scene.dropped("SEN") == {}
        assert subjects(scene, STAFF)[-1] == "A file of yours was recalled"
        scene.promises.clear()

    async def test_of_a_file_that_was_received_is_refused(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.sentence.startswith("It was received by Nadia Rowbotham and can't be recalled")
        assert scene.dropped("SEN") == {SEN: b"a plan"}

    async def test_after_it_the_same_file_is_a_new_one(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        await scene.email(STAFF, (SEN, b"a plan"))
        await scene.idle()
        scene.promises.clear()
        assert {f.status for f in await scene.files()} == {Status.RECALLED, Status.SENT}
        assert scene.dropped("SEN") == {SEN: b"a plan"}

    async def test_before_the_drop_is_made_leaves_no_drop(self, scene: Scene) -> None:
        scene.house.policy.current = replace(scene.house.policy.current, undo_seconds=300.0)
        file = await sent(scene)
        assert file.remark == "not scanned; leaves at 09:05"
        assert isinstance(await scene.house.decisions.recall(file.id, by=actor(scene, STAFF)), FileRecord)
        scene.clock.advance(301)
        await scene.idle()
        assert scene.dropped("SEN") == {}
        assert (await now(scene, file)).delivered_at is None

    async def test_of_a_file_that_was_collected_is_refused_and_it_is_received(self, scene: Scene) -> None:
        file = await sent(scene)
        collect(scene, "SEN", SEN)
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert got == Refusal("collected", "It was collected by SEN (folder), so it can't be taken back.")
        after = await now(scene, file)
        assert (after.status, after.received_by, after.received_by_user) == (Status.RECEIVED, "SEN (folder)", None)

    async def test_of_a_file_that_its_reader_changed_in_the_folder_is_refused(self, scene: Scene) -> None:
        file = await sent(scene)
        (scene.drop_folder("SEN") / SEN).write_bytes(b"A PLAN")
        scene.known.others.add(f"SEN/{SEN}")
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert (await now(scene, file)).status is Status.RECEIVED
        assert scene.dropped("SEN") == {SEN: b"A PLAN"}

    async def test_waits_for_a_folder_that_is_away(self, scene: Scene) -> None:
        file = await sent(scene)
        (scene.drop_folder("SEN") / MARKER).unlink()
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.code == "away"
        assert got.code in TRY_AGAIN
        assert await now(scene, file) == file
        assert (await drops_of(scene, file))["folder"].state is DropState.DONE
        (scene.drop_folder("SEN") / MARKER).touch()
        assert isinstance(await scene.house.decisions.recall(file.id, by=actor(scene, STAFF)), FileRecord)
        assert scene.dropped("SEN") == {}

    @pytest.mark.parametrize("kind", [TargetKind.EMAIL, TargetKind.SFTP])
    async def test_of_what_left_the_house_is_refused(self, scene: Scene, kind: TargetKind) -> None:
        file = await sent(scene)
        drop = (await drops_of(scene, file))["folder"]
        gone = replace(drop, id=f"{drop.id}x", target=f"{kind}:elsewhere", placed_as=None)
        await add_drop(scene, file, gone)
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert got == Refusal("delivered", "It was delivered to SEN and can't be taken back from there.")
        assert await now(scene, file) == replace(file, status_at=(await now(scene, file)).status_at)
        await scene.idle()
        assert scene.dropped("SEN") == {SEN: b"a plan"}  # what had been taken back already was given back

    async def test_while_it_is_being_delivered_says_so(self, scene: Scene) -> None:
        await scene.email(STAFF, (SEN, b"a plan"))
        await scene.house.ingest.pass_once()
        file = await scene.file(SEN)
        drop = (await drops_of(scene, file))["folder"]
        placing = replace(drop, state=DropState.PLACING, placed_as=SEN)
        assert await scene.house.ledger.mark_drop(placing, expected=DropState.DUE)
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.code == "busy"
        shutil.copy(scene.house.archive.path(file.place or ""), scene.drop_folder("SEN") / f".{drop.id}.part")

    async def test_of_a_drop_that_is_put_off_halfway_takes_what_was_begun(self, scene: Scene) -> None:
        await scene.email(STAFF, (SEN, b"a plan"))
        await scene.house.ingest.pass_once()
        file = await scene.file(SEN)
        drop = (await drops_of(scene, file))["folder"]
        later = scene.clock.now() + timedelta(hours=1)
        placing = replace(drop, state=DropState.PLACING, placed_as=SEN, due_at=later, error="away")
        assert await scene.house.ledger.mark_drop(placing, expected=DropState.DUE)
        (scene.drop_folder("SEN") / f".{drop.id}.part").write_bytes(b"a plan")
        assert isinstance(await scene.house.decisions.recall(file.id, by=actor(scene, STAFF)), FileRecord)
        assert [p.name for p in scene.drop_folder("SEN").iterdir()] == [MARKER]
