"""Drop: at least once, with an id that makes a repeat harmless; trouble at one target delays no other (SPEC 6, 11)."""

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.core.admission import Refusal
from gateway.core.model import Drop, DropState, FileRecord, Status
from gateway.core.remarks import is_being_recalled
from gateway.core.routing import Receive, Service, Target, TargetKind
from gateway.errors import Transient
from gateway.pipeline.decisions import TRY_AGAIN, Actor
from gateway.pipeline.foldernames import MARK
from gateway.pipeline.withdraw import CLAIM
from gateway.store.disk import PosixDisk
from gateway.tables import read_deployment
from tests.scenarios.harness import GOOD, HEAD, Scene
from tests.scenarios.invariants import MARKER
from tests.scenarios.stand_ins import StubbornLedger

ADMINISTRATOR = Actor("it.admin", "it.admin")
SEN = "8301102_SENplan20261120.docx"


async def folder_drop(scene: Scene, name: str = GOOD) -> Drop:
    """Return the drop of a file into its service's folder."""
    drops = await scene.house.ledger.drops(file=(await scene.file(name)).id)
    (found,) = [d for d in drops if d.target != "pickup"]
    return found


def set_service(scene: Scene, code: str, **values: object) -> Service:
    """Put another table row in force."""
    policy = scene.house.policy
    services = dict(policy.current.catalogue.services)
    services[code] = replace(services[code], **values)  # type: ignore[arg-type]
    policy.current = replace(policy.current, catalogue=replace(policy.current.catalogue, services=services))
    return services[code]


class TestAFolderThatIsAway:
    """Gone, or without its marker (an empty folder where a share should be): nothing is written, nothing is lost."""

    @pytest.mark.parametrize("what", ["folder", "marker"])
    async def test_holds_its_own_drops_and_no_others(self, scene: Scene, what: str) -> None:
        folder = scene.drop_folder("INFO")
        shutil.rmtree(folder) if what == "folder" else (folder / MARKER).unlink()
        await scene.upload(HEAD, GOOD, b"for info")
        await scene.upload(HEAD, SEN, b"for sen")
        await scene.idle()
        assert scene.dropped("SEN") == {SEN: b"for sen"}
        drop = await folder_drop(scene)
        assert (drop.state, drop.attempts) == (DropState.DUE, 1)
        assert drop.error is not None
        assert ("not there" if what == "folder" else "marker") in drop.error
        assert not folder.exists() or os.listdir(folder) == []
        folder.mkdir(exist_ok=True)
        (folder / MARKER).touch()
        scene.clock.advance(60)
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"for info"}

    async def test_is_tried_at_growing_intervals_and_given_to_a_person_after_days(self, scene: Scene) -> None:
        (scene.drop_folder("INFO") / MARKER).unlink()
        await scene.upload(HEAD, GOOD, b"for info")
        waits = []
        for _ in range(400):
            await scene.idle()
            drop = await folder_drop(scene)
            if drop.state is not DropState.DUE:
                break
            assert drop.due_at is not None
            waits.append((drop.due_at - scene.clock.now()).total_seconds())
            scene.clock.advance(waits[-1])
        assert drop.state is DropState.GIVEN_UP
        assert waits[:5] == sorted(waits[:5])
        assert 5 <= waits[0] <= 6.25
        assert max(waits) <= 3600 * 1.25
        assert scene.clock.now() - (await scene.file(GOOD)).sent_at >= timedelta(days=5)
        file = await scene.file(GOOD)
        assert file.status is Status.SENT  # nobody loses it: it lies in the Inbox, and a person is asked
        (scene.drop_folder("INFO") / MARKER).touch()

    async def test_under_a_drop_that_was_placed_before_costs_nothing(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"for info")
        await scene.idle()
        (scene.drop_folder("INFO") / MARKER).unlink()
        await scene.idle()
        assert (await folder_drop(scene)).state is DropState.DONE
        (scene.drop_folder("INFO") / MARKER).touch()


class HangingDisk(PosixDisk):
    """A disk on which one folder hangs, as a share whose server is gone."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = str(folder)
        self.back = threading.Event()

    def exists(self, path: str) -> bool:
        """Look, or hang."""
        if path.startswith(self._folder):
            self.back.wait(30)
        return super().exists(path)


async def test_a_share_that_hangs_holds_up_no_other_service(scene: Scene) -> None:
    disk = HangingDisk(scene.drop_folder("INFO"))
    await scene.restart(disk=disk)
    await scene.upload(HEAD, GOOD, b"for info")
    await scene.house.ingest.pass_once()
    first = asyncio.create_task(scene.house.dropper.pass_once())
    try:
        await settled(scene, "8301102_SENone20261120.docx", first)
        await settled(scene, "8301102_SENtwo20261120.docx", first)
    finally:
        disk.back.set()
    await first
    await scene.idle()
    assert scene.dropped("INFO") == {GOOD: b"for info"}


async def settled(scene: Scene, name: str, hanging: asyncio.Task[int]) -> None:
    """Send a file to the other service and wait until it lies there, for as long as the daemon would."""
    await scene.upload(HEAD, name, b"for sen")
    await scene.house.ingest.pass_once()
    for _ in range(500):
        scene.clock.advance(0.1)
        if hanging.done():
            await scene.house.dropper.pass_once()
        if name in scene.dropped("SEN"):
            return
        await SystemClock().sleep(0.005)
    raise AssertionError(f"{name} waits for a share that is none of its own")


class TestANameThatIsTaken:
    """A drop never replaces a file, and never waits for ever for a name."""

    async def test_by_somebody_elses_file_gets_another(self, scene: Scene) -> None:
        (scene.drop_folder("INFO") / GOOD.upper()).write_bytes(b"the service's own")
        scene.known.others.add(f"INFO/{GOOD.upper()}")
        await scene.upload(HEAD, GOOD, b"ours")
        await scene.idle()
        file = await scene.file(GOOD)
        assert scene.dropped("INFO") == {
            GOOD.upper(): b"the service's own",
            f"{GOOD.removesuffix('.docx')} ({file.id}).docx": b"ours",
        }

    async def test_between_the_choice_and_the_rename_is_chosen_again(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"ours")
        await scene.house.ingest.pass_once()
        drop, file = await folder_drop(scene), await scene.file(GOOD)
        folder = scene.drop_folder("INFO")
        shutil.copy(scene.house.archive.path(file.place or ""), folder / f".{drop.id}.part")
        placing = replace(drop, state=DropState.PLACING, placed_as=GOOD)
        assert await scene.house.ledger.mark_drop(placing, expected=DropState.DUE)
        (folder / GOOD).write_bytes(b"the service's own")
        scene.known.others.add(f"INFO/{GOOD}")
        await scene.idle()
        again = await folder_drop(scene)
        assert again.state is DropState.DONE
        assert again.placed_as == f"{GOOD.removesuffix('.docx')} ({file.id}).docx"
        assert scene.dropped("INFO")[again.placed_as] == b"ours"


async def test_a_drop_that_was_collected_before_our_mark_is_done(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"ours")
    await scene.house.ingest.pass_once()
    placing = replace(await folder_drop(scene), state=DropState.PLACING, placed_as=GOOD)
    assert await scene.house.ledger.mark_drop(placing, expected=DropState.DUE)
    scene.known.collected.add(f"INFO/{GOOD}")  # the rename happened, the service took it, and we died before the mark
    await scene.idle()
    assert (await folder_drop(scene)).state is DropState.DONE
    assert scene.dropped("INFO") == {}


async def test_a_half_copy_of_a_process_that_died_is_made_again(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"ours")
    await scene.house.ingest.pass_once()
    drop = await folder_drop(scene)
    (scene.drop_folder("INFO") / f".{drop.id}.part").write_bytes(b"ou")
    await scene.idle()
    assert scene.dropped("INFO") == {GOOD: b"ours"}


async def test_delivered_is_a_remark_and_not_a_receipt(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"ours")
    await scene.idle()
    file = await scene.file(GOOD)
    assert (file.status, file.received_at) == (Status.SENT, None)
    assert file.delivered_at == scene.clock.now()
    assert "Delivered" in (file.remark or "")


async def test_a_machine_that_reads_a_folder_receives_on_delivery(scene: Scene) -> None:
    set_service(scene, "INFO", receive=Receive.ON_DELIVERY)
    await scene.upload(HEAD, GOOD, b"ours")
    await scene.idle()
    file = await scene.file(GOOD)
    assert (file.status, file.received_by) == (Status.RECEIVED, "EYFS, Phonics (delivery)")


async def test_an_undo_window_delays_the_drop(scene: Scene) -> None:
    scene.house.policy.current = replace(scene.house.policy.current, undo_seconds=300.0)
    await scene.upload(HEAD, GOOD, b"ours")
    await scene.idle()
    assert scene.dropped("INFO") == {}
    assert (await scene.file(GOOD)).delivered_at is None
    scene.clock.advance(300)
    await scene.idle()
    assert scene.dropped("INFO") == {GOOD: b"ours"}


async def test_a_service_that_lost_its_target_asks_a_person(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"ours")
    await scene.house.ingest.pass_once()
    set_service(scene, "INFO", targets=(Target(TargetKind.PICKUP),))
    await scene.idle()
    drop = await folder_drop(scene)
    assert (drop.state, drop.attempts) == (DropState.GIVEN_UP, 1)
    assert "INFO has no target" in (drop.error or "")


async def test_a_sidecar_says_what_a_program_needs(scene: Scene) -> None:
    target = Target(TargetKind.FOLDER, path=str(scene.drop_folder("INFO")), sidecar=True)
    set_service(scene, "INFO", targets=(target,))
    await scene.upload(HEAD, GOOD, b"ours")
    scene.known.others.add(f"INFO/{GOOD}.json")
    await scene.idle()
    file = await scene.file(GOOD)
    assert sorted(scene.dropped("INFO")) == [GOOD, f"{GOOD}.json"]
    assert f'"id": "{file.id}"'.encode() in scene.dropped("INFO")[f"{GOOD}.json"]


async def test_a_hundred_drops_for_a_folder_that_is_away_starve_no_other(scene: Scene) -> None:
    (scene.drop_folder("INFO") / MARKER).unlink()
    files = [(f"8301102_INFOa{n}V01.txt", b"%d" % n) for n in range(100)]
    await scene.email(HEAD, *files)
    await scene.upload(HEAD, SEN, b"for sen")
    await scene.house.ingest.pass_once()
    await scene.house.dropper.pass_once()
    await scene.house.dropper.pass_once()
    await scene.house.dropper.pass_once()
    await scene.house.dropper.pass_once()
    assert scene.dropped("SEN") == {SEN: b"for sen"}
    (scene.drop_folder("INFO") / MARKER).touch()
    scene.clock.advance(60)
    await scene.idle()
    assert len(scene.dropped("INFO")) == 100


async def test_a_busy_ledger_leaves_the_rest_of_a_lane_due(scene: Scene) -> None:
    await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "mark_drop", Transient("busy"), times=3))
    await scene.email(HEAD, *((f"8301102_INFOa{n}V01.txt", b"%d" % n) for n in range(5)))
    await scene.house.ingest.pass_once()
    raised = 0
    for _ in range(4):
        scene.clock.advance(10)
        try:
            await scene.house.dropper.pass_once()
        except* Transient:
            raised += 1
    assert raised
    assert len(scene.dropped("INFO")) == 5


class TestARecallThatAShareKeepsFromUs:
    """A share hangs: the taking back may happen yet, so the file is being recalled until that is known (SPEC 6, 11)."""

    @pytest.fixture
    async def hung(self, scene: Scene) -> AsyncIterator[HangingDisk]:
        """Yield a share that hangs with a file in it."""
        await scene.upload(HEAD, GOOD, b"for info")
        await scene.idle()
        scene.promises.clear()
        disk = HangingDisk(scene.drop_folder("INFO"))
        scene.patience = 0.05
        await scene.restart(disk=disk)
        yield disk
        disk.back.set()

    async def test_is_told_so_and_delivers_nothing_anew(self, scene: Scene, hung: HangingDisk) -> None:
        got = await recall(scene)
        assert isinstance(got, Refusal)
        assert (got.code, got.code in TRY_AGAIN) == ("unanswered", True)
        assert got.sentence.startswith("The folder of INFO does not answer just now, so it is not recalled yet.")
        file = await scene.file(GOOD)
        assert (file.status, file.remark) == (Status.SENT, "not scanned; Delivered; being recalled")
        assert await scene.house.collect.pass_once() == 0
        assert await recall(scene) == got  # asked again, it is the same answer
        hung.back.set()
        await until_known(scene)
        file = await scene.file(GOOD)
        assert (file.status, file.remark) == (Status.RECALLED, "recalled by Ruth Ashdown")
        assert scene.dropped("INFO") == {}
        assert [h.event for h in await scene.house.ledger.history(file.id)][-2:] == ["ask-back", "recall"]
        assert scene.notices_to(HEAD)[-1].subject == "A file of yours was recalled"

    async def test_over_a_restart_is_gone_on_with(self, scene: Scene, hung: HangingDisk) -> None:
        await recall(scene)
        hung.back.set()
        await came_back(scene)
        await scene.restart()
        await until_known(scene)
        assert (await scene.file(GOOD)).status is Status.RECALLED
        assert scene.dropped("INFO") == {}

    async def test_of_a_file_that_was_collected_meanwhile_tells_its_sender_that(
        self, scene: Scene, hung: HangingDisk
    ) -> None:
        (scene.drop_folder("INFO") / GOOD).unlink()
        scene.known.collected.add(f"INFO/{GOOD}")
        await recall(scene)
        hung.back.set()
        await until_known(scene)
        file = await scene.file(GOOD)
        assert (file.status, file.received_by, file.remark) == (
            Status.RECEIVED,
            "EYFS, Phonics (folder)",
            "not scanned",
        )
        assert scene.notices_to(HEAD)[-1].subject == "A file of yours could not be recalled"
        assert scene.dropped("INFO") == {}

    async def test_is_never_given_up_while_the_share_is_away(self, scene: Scene, hung: HangingDisk) -> None:
        await recall(scene)
        hung.back.set()
        await came_back(scene)
        (scene.drop_folder("INFO") / MARKER).unlink()
        for _ in range(12):  # six days: longer than a delivery is tried
            scene.clock.advance(12 * 3600)
            await scene.idle()
        assert (await folder_drop(scene)).state is DropState.WITHDRAWING
        (scene.drop_folder("INFO") / MARKER).touch()
        await until_known(scene)
        assert (await scene.file(GOOD)).status is Status.RECALLED
        assert scene.dropped("INFO") == {}

    async def test_can_be_received_before_by_who_has_it_in_the_inbox(self, scene: Scene, hung: HangingDisk) -> None:
        await recall(scene)
        await scene.house.decisions.receive((await scene.file(GOOD)).id, by=ADMINISTRATOR)
        hung.back.set()
        await until_it_rests(scene)
        assert (await scene.file(GOOD)).status is Status.RECEIVED
        assert scene.notices_to(HEAD)[-1].subject == "A file of yours could not be recalled"
        assert scene.dropped("INFO") == {GOOD: b"for info"}

    async def test_cannot_be_handed_on(self, scene: Scene, hung: HangingDisk) -> None:
        await recall(scene)
        got = await scene.house.decisions.reroute((await scene.file(GOOD)).id, "EP", by=ADMINISTRATOR)
        assert got == Refusal("being-recalled", "Its school is taking it back, so it can't be handed on.")
        hung.back.set()
        await until_known(scene)

    async def test_of_somebody_who_hands_on_leaves_the_copy_where_it_lies(
        self, scene: Scene, hung: HangingDisk
    ) -> None:
        """A re-routing is refused and not remembered: what lies there is not made anew, what was taken is."""
        got = await scene.house.decisions.reroute((await scene.file(GOOD)).id, "EP", by=ADMINISTRATOR)
        assert isinstance(got, Refusal)
        assert "so nothing was changed" in got.sentence
        hung.back.set()
        await until_it_rests(scene)
        file = await scene.file(GOOD)
        assert (file.status, file.service) == (Status.SENT, "INFO")
        assert scene.dropped("INFO") == {GOOD: b"for info"}


async def recall(scene: Scene) -> FileRecord | Refusal:
    """Recall the file, as its sender."""
    return await scene.house.decisions.recall((await scene.file(GOOD)).id, by=Actor.of(scene.account(HEAD)))


async def came_back(scene: Scene) -> None:
    """Wait until what was asked of the share has happened after all."""
    while (scene.drop_folder("INFO") / GOOD).exists():
        await SystemClock().sleep(0.01)


async def until_known(scene: Scene) -> None:
    """Let time go by until a recall has ended: a share that is back takes one more try to be asked again."""
    while is_being_recalled((await scene.file(GOOD)).remark):
        await try_again(scene)


async def until_it_rests(scene: Scene) -> None:
    """Let time go by until what was claimed lies where it belongs."""
    while (await folder_drop(scene)).state is not DropState.DONE:
        await try_again(scene)


async def try_again(scene: Scene) -> None:
    """Let a claim lapse; by the clock of the machine only a moment, in which a share's own thread has its turn."""
    scene.clock.advance(CLAIM.total_seconds())
    await scene.idle()
    await SystemClock().sleep(0.01)


class TestAFolderThatMoves:
    """A drop is known by what the table says of its folder, so that a deployment can be moved with what it owes."""

    async def test_with_its_deployment_is_found_again(self, scene: Scene) -> None:
        (scene.drop_folder("INFO") / MARKER).unlink()
        await scene.upload(HEAD, GOOD, b"for info")
        await scene.upload(HEAD, SEN, b"for sen")
        await scene.idle()
        assert (await folder_drop(scene)).target == "folder:drops/INFO"
        await scene.stop()
        scene.folder = scene.folder.rename(scene.folder.with_name("elsewhere"))
        scene.settings, scene.tables = read_deployment(scene.folder / "gateway.toml")
        await scene.start()
        (scene.drop_folder("INFO") / MARKER).touch()
        scene.clock.advance(60)
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"for info"}
        got = await scene.house.decisions.recall((await scene.file(SEN)).id, by=Actor("it.admin", "it.admin"))
        assert isinstance(got, FileRecord)
        assert scene.dropped("SEN") == {}
        scene.promises.clear()

    @pytest.mark.parametrize("is_moved_first", [False, True])
    async def test_in_the_words_of_an_earlier_version_is_put_into_those_of_the_table(
        self, scene: Scene, is_moved_first: bool
    ) -> None:
        """Also when it was moved before the first start: nothing is delivered twice, or called taken."""
        await earlier(scene)
        await scene.stop()
        if is_moved_first:
            move(scene, "elsewhere")
        await scene.start()
        await scene.house.recover.pass_once()
        await scene.stop()
        move(scene, "and again")
        await scene.start()
        await scene.house.recover.pass_once()
        (scene.drop_folder("INFO") / MARKER).touch()
        scene.clock.advance(60)
        await scene.idle()
        assert await scene.house.collect.pass_once() == 0
        assert scene.dropped("INFO") == {GOOD: b"for info"}
        assert scene.dropped("SEN") == {SEN: b"for sen"}
        assert {d.target for d in await scene.house.ledger.drops()} == {
            "pickup",
            "folder:drops/INFO",
            "folder:drops/SEN",
        }
        assert isinstance(await scene.house.decisions.recall((await scene.file(SEN)).id, by=ADMINISTRATOR), FileRecord)
        assert scene.dropped("SEN") == {}
        scene.promises.clear()

    async def test_is_not_guessed_at_while_the_old_folder_may_be_there(self, scene: Scene) -> None:
        """Another folder of the same ending: what lies there was not collected, and does not lie in ours."""
        await earlier(scene)
        await scene.stop()
        other = scene.folder.with_name("other")
        shutil.copytree(scene.folder / "drops", other / "drops")
        shutil.rmtree(scene.folder / "drops" / "SEN")
        (scene.folder / "drops" / "SEN").mkdir()
        (scene.folder / "drops" / "SEN" / MARKER).touch()
        await scene.start()
        await rename_targets(scene, scene.folder, other)
        await scene.house.recover.pass_once()
        assert await scene.house.collect.pass_once() == 0
        assert (await scene.file(SEN)).status is Status.SENT
        scene.promises.clear()
        scene.known.others.update({f"SEN/{SEN}", f"INFO/{GOOD}"})
        await scene.house.decisions.recall((await scene.file(SEN)).id, by=ADMINISTRATOR)
        assert not (other / "drops" / "SEN" / SEN).exists()

    async def test_in_the_words_of_an_earlier_version_is_understood(self, scene: Scene) -> None:
        target = scene.house.policy.current.catalogue.target("INFO", f"folder:{scene.drop_folder('INFO')}")
        assert target is not None
        assert target.name == "folder:drops/INFO"

    async def test_in_the_table_leaves_no_copy_in_the_old_place_beyond_the_term(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"for info")
        await scene.idle()
        set_service(scene, "INFO", targets=(Target(TargetKind.PICKUP),))
        scene.clock.advance(days=91)
        await scene.idle()
        assert scene.dropped("INFO") == {}
        assert (await scene.files())[0].purged_at is not None
        scene.promises.clear()

    async def test_away_for_good_does_not_keep_a_destruction_from_ending(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"for info")
        await scene.idle()
        set_service(scene, "INFO", targets=(Target(TargetKind.PICKUP),))
        shutil.rmtree(scene.drop_folder("INFO"))
        scene.clock.advance(days=91)
        await scene.idle()
        assert (await scene.files())[0].purged_at is not None
        scene.promises.clear()


async def earlier(scene: Scene) -> None:
    """Leave a drop that waits and one that was made, their folders written as earlier versions did."""
    await scene.house.ledger.set_mark(MARK, "")
    (scene.drop_folder("INFO") / MARKER).unlink()
    await scene.upload(HEAD, GOOD, b"for info")
    await scene.upload(HEAD, SEN, b"for sen")
    await scene.idle()
    for code in ("INFO", "SEN"):
        await scene.house.ledger.rename_target(
            service=code, old=f"folder:drops/{code}", new=f"folder:{scene.drop_folder(code)}"
        )


async def rename_targets(scene: Scene, old: Path, new: Path) -> None:
    for service, target in await scene.house.ledger.folder_paths():
        await scene.house.ledger.rename_target(service=service, old=target, new=target.replace(str(old), str(new)))


def move(scene: Scene, name: str) -> None:
    """Move a deployment to another folder."""
    scene.folder = scene.folder.rename(scene.folder.with_name(name))
    scene.settings, scene.tables = read_deployment(scene.folder / "gateway.toml")
