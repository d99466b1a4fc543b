"""Two who decide in the same moment: one wins, and the other hears what the file is now (SPEC 6)."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.core.admission import Refusal
from gateway.core.model import DropState, FileRecord, Status
from gateway.core.routing import Target, TargetKind
from gateway.pipeline.decisions import TRY_AGAIN
from gateway.ports import Ledger
from tests.pipeline.deciding import (
    ADMINISTRATOR,
    OFFICER,
    SEN,
    actor,
    collect,
    decide,
    drops_of,
    now,
    sent,
    set_service,
)
from tests.scenarios.harness import STAFF, Scene
from tests.scenarios.invariants import MARKER
from tests.scenarios.stand_ins import Turnstile


class TestTheLook:
    """A file gone from a folder is Received by "SERVICE (folder)"; a folder that is away says nothing."""

    async def test_finds_what_was_collected(self, scene: Scene) -> None:
        one, two = await sent(scene), await sent(scene, "8304053_SENother20261120.docx", b"two")
        assert await scene.house.collect.pass_once() == 0
        collect(scene, "SEN", SEN)
        assert await scene.house.collect.pass_once() == 1
        got = await now(scene, one)
        assert (got.status, got.received_by, got.received_by_user) == (Status.RECEIVED, "SEN (folder)", None)
        assert (await now(scene, two)).status is Status.SENT
        assert await scene.house.collect.pass_once() == 0

    @pytest.mark.parametrize("what", ["folder", "marker"])
    async def test_takes_no_missing_share_for_an_empty_one(self, scene: Scene, what: str) -> None:
        file = await sent(scene)
        folder = scene.drop_folder("SEN")
        kept = folder.with_name("elsewhere")
        folder.rename(kept) if what == "folder" else (folder / MARKER).unlink()
        assert await scene.house.collect.pass_once() == 0
        assert (await now(scene, file)).status is Status.SENT
        kept.rename(folder) if what == "folder" else (folder / MARKER).touch()

    async def test_knows_two_files_of_one_name_apart(self, scene: Scene) -> None:
        first = await sent(scene, SEN, b"first")
        collect(scene, "SEN", SEN)
        scene.clock.advance(60)
        await scene.email(STAFF, (SEN, b"second"))
        await scene.idle()
        assert scene.dropped("SEN") == {SEN: b"second"}
        assert await scene.house.collect.pass_once() == 1
        assert (await now(scene, first)).status is Status.RECEIVED
        assert {f.status for f in await scene.files()} == {Status.RECEIVED, Status.SENT}
        scene.known.collected.clear()

    async def test_goes_on_where_a_stop_cut_it_off(self, scene: Scene) -> None:
        file = await sent(scene)
        collect(scene, "SEN", SEN)
        drop = (await drops_of(scene, file))["folder"]
        assert await scene.house.ledger.mark_drop(replace(drop, placed_as=None), expected=DropState.DONE)
        assert await scene.house.collect.pass_once() == 1
        assert (await now(scene, file)).status is Status.RECEIVED

    async def test_costs_what_waits_and_not_what_ever_was(self, scene: Scene) -> None:
        for n in range(5):
            file = await sent(scene, f"8304053_SENa{n}V01.docx", b"%d" % n)
            await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        await sent(scene)
        assert len(await scene.house.ledger.lying_drops()) == 1


class TestTheRace:
    """One compare-and-set decides between the school and the service."""

    async def test_of_recall_and_collection_is_won_by_one_a_thousand_times(self, scene: Scene) -> None:
        set_service(scene, "SEN", targets=(Target(TargetKind.PICKUP),))
        names = [f"8304053_SENa{n}V01.docx" for n in range(1000)]
        for batch in _batches(names, 200):
            await scene.email(STAFF, *((name, name.encode()) for name in batch))
        await scene.house.ingest.pass_once()
        files = await scene.files()
        assert len(files) == 1000
        chance = random.Random(20261122)
        school, officer, decisions = actor(scene, STAFF), actor(scene, OFFICER), scene.house.decisions
        won = {"recall": 0, "receive": 0}

        async def collected(file: FileRecord) -> FileRecord | Refusal:
            for _ in range(chance.randrange(5)):  # come a few steps later: neither side is always first
                await scene.house.ledger.file(file.id)
            return await decisions.receive(file.id, by=officer)

        async def race(file: FileRecord) -> None:
            recalled, received = await asyncio.gather(decisions.recall(file.id, by=school), collected(file))
            assert isinstance(recalled, Refusal) != isinstance(received, Refusal)
            won["receive" if isinstance(recalled, Refusal) else "recall"] += 1

        for batch in _batches(files, 50):
            await asyncio.gather(*(race(file) for file in batch))
        assert min(won.values()) > 50
        history = await asyncio.gather(*(scene.house.ledger.history(file.id) for file in files))
        assert all([h.event for h in past if h.event != "deliver"][1:] in (["recall"], ["receive"]) for past in history)
        scene.promises.clear()

    async def test_of_recall_and_the_look_into_the_folder_loses_nothing(self, meeting: "Meeting") -> None:
        scene = meeting.scene
        async for file, recall, look in meeting.of("recall", lambda: scene.house.collect.pass_once(), deliver=True):
            assert isinstance(recall, FileRecord) or recall.code in ("busy", "changed"), look
            status = (await now(scene, file)).status
            assert status is (Status.RECALLED if isinstance(recall, FileRecord) else Status.SENT)
            assert scene.dropped("SEN") == ({} if isinstance(recall, FileRecord) else {file.name: b"a plan"})

    async def test_of_recall_and_a_service_that_takes_it_from_the_folder_is_won_by_one(
        self, meeting: "Meeting"
    ) -> None:
        scene = meeting.scene
        files: list[FileRecord] = []

        async def take() -> bool:
            """Move it away, as a service does, if it is still there; then the gateway looks."""
            lying = scene.drop_folder("SEN") / files[-1].name
            has_it = lying.exists()
            lying.unlink(missing_ok=True)
            await scene.house.collect.pass_once()
            return has_it

        async for file, recall, has_it in meeting.of("recall", take, deliver=True, files=files):
            current = await now(scene, file)
            assert isinstance(recall, FileRecord) != has_it
            assert current.status is (Status.RECEIVED if has_it else Status.RECALLED)
            scene.known.collected.add(f"SEN/{file.name}")

    @pytest.mark.parametrize("is_first", [True, False])
    async def test_of_a_rejection_and_a_delivery_leaves_no_copy(self, meeting: "Meeting", is_first: bool) -> None:
        scene = meeting.scene
        async for file, got, _ in meeting.of_delivery("reject", is_first=is_first):
            assert isinstance(got, FileRecord)
            assert (await now(scene, file)).status is Status.REJECTED
            assert scene.dropped("SEN") == {}
            assert await drops_of(scene, file) == {}
            again = await scene.house.decisions.accept(file.id, by=actor(scene, OFFICER), name=file.name)
            assert isinstance(again, FileRecord)
            await scene.idle()
            assert scene.dropped("SEN") == {file.name: b"a plan"}
            collect(scene, "SEN", file.name)

    @pytest.mark.parametrize("is_first", [True, False])
    @pytest.mark.parametrize("deed", ["recall", "reroute"])
    async def test_of_a_delivery_and_who_takes_it_back_is_won_by_one(
        self, meeting: "Meeting", deed: str, is_first: bool
    ) -> None:
        scene = meeting.scene
        async for file, got, _ in meeting.of_delivery(deed, is_first=is_first):
            has_won = isinstance(got, FileRecord)
            assert has_won or got.code in ("busy", "changed")
            current = await now(scene, file)
            assert (current.status, current.service) == {
                ("recall", True): (Status.RECALLED, "SEN"),
                ("reroute", True): (Status.SENT, "EP"),
            }.get((deed, has_won), (Status.SENT, "SEN"))
            lying = {code for code in ("SEN", "EP") if file.name in scene.dropped(code)}
            assert lying == ({current.service} if current.status is Status.SENT else set())

    async def test_of_a_rejection_while_the_folder_is_away_ends_when_it_is_back(self, scene: Scene) -> None:
        file = await sent(scene)
        (scene.drop_folder("SEN") / MARKER).unlink()
        assert isinstance(await decide(scene, "reject", file, actor(scene, OFFICER)), FileRecord)
        await scene.idle()
        again = await scene.house.decisions.accept(file.id, by=actor(scene, OFFICER), name=SEN)
        assert isinstance(again, Refusal)
        assert (again.code, again.code in TRY_AGAIN) == ("away", True)
        scene.clock.advance(days=6)  # longer than a delivery is tried: a copy is never left to itself
        await scene.idle()
        (scene.drop_folder("SEN") / MARKER).touch()
        assert scene.dropped("SEN") == {SEN: b"a plan"}
        scene.clock.advance(2 * 3600)
        await scene.idle()
        assert scene.dropped("SEN") == {}
        assert await drops_of(scene, file) == {}
        assert [m for m in scene.courier.taken if "deliver" in m.subject.lower()] == []


class Meeting:
    """Two who decide about a file in the same moment: every place where one can come between is visited by hand."""

    def __init__(self, scene: Scene, turnstile: Turnstile) -> None:
        """Take the house, and where they meet."""
        self.scene = scene
        self._turnstile = turnstile

    async def of_delivery(self, deed: str, *, is_first: bool) -> AsyncIterator[tuple[FileRecord, Any, Any]]:
        """Yield the file and what the decision answered, for each place in which a delivery can come between."""
        dropping = self.scene.house.dropper.pass_once
        if is_first:
            async for file, got, other in self.of(deed, dropping):
                yield file, got, other
            return
        for n in range(40):
            file = await self._new(n)
            _, got, is_not_over = await self._turnstile.meet(
                dropping(), lambda file=file: decide(self.scene, deed, file, ADMINISTRATOR), at=n
            )
            await self.scene.idle()
            yield file, got, None
            if not is_not_over:
                return
        raise AssertionError("it never ends")

    async def of(
        self,
        deed: str,
        other: Callable[[], Awaitable[Any]],
        *,
        deliver: bool = False,
        files: list[FileRecord] | None = None,
    ) -> AsyncIterator[tuple[FileRecord, Any, Any]]:
        """Yield the file and what both answered, for each place in which the other can come between the decision."""
        for n in range(40):
            file = await self._new(n, deliver=deliver)
            (files if files is not None else []).append(file)
            first = decide(self.scene, deed, file, ADMINISTRATOR)
            got, answer, is_not_over = await self._turnstile.meet(first, other, at=n)
            await self.scene.idle()
            yield file, got, answer
            if not is_not_over:
                assert n > 2
                return
        raise AssertionError("it never ends")

    async def _new(self, number: int, *, deliver: bool = False) -> FileRecord:
        name = f"8304053_SENa{number}V01.docx"
        await self.scene.email(STAFF, (name, b"a plan"))
        await self.scene.house.ingest.pass_once()
        if deliver:
            await self.scene.idle()
        self.scene.promises.clear()
        return await self.scene.file(name)


@pytest.fixture
async def meeting(scene: Scene) -> Meeting:
    turnstiles: list[Turnstile] = []

    def wrap(ledger: Ledger) -> Ledger:
        turnstiles.append(Turnstile(ledger))
        return turnstiles[0]  # type: ignore[return-value]

    await scene.restart(wrap=wrap)
    scene.promises.clear()
    return Meeting(scene, turnstiles[0])


def _batches(items: list, size: int) -> list[list]:  # type: ignore[type-arg]
    return [items[start : start + size] for start in range(0, len(items), size)]
