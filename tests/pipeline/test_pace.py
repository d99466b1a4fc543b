"""Pace: a message of very many parts holds up nobody else on the loop (SPEC 11): turns are counted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.core.register import Account, AccountState, Role
from gateway.core.steps import Steps, collected, finished
from gateway.pipeline.pace import AT_A_TIME, Pace
from tests.fakes import ManualClock
from tests.scenarios.harness import HEAD, STAFF, Scene, scene_in

MANY = 5 * AT_A_TIME


class Onlooker:
    """Somebody else on the loop, who counts their own turns."""

    def __init__(self) -> None:
        self.turns = 0

    async def look(self) -> None:
        clock = ManualClock()
        while True:
            self.turns += 1
            await clock.sleep(0)

    @asynccontextmanager
    async def beside(self) -> AsyncIterator["Onlooker"]:
        looking = asyncio.create_task(self.look())
        try:
            yield self
        finally:
            looking.cancel()


class Watched:
    """Things that are made one by one: between which two of them somebody else had a turn is written down."""

    def __init__(self, onlooker: Onlooker) -> None:
        self.longest = 0  # how many were made in one go
        self._onlooker = onlooker
        self._seen = -1
        self._row = 0

    def make(self, number: int) -> int:
        self._row = self._row + 1 if self._onlooker.turns == self._seen else 1
        self._seen = self._onlooker.turns
        self.longest = max(self.longest, self._row)
        return number


class TestPace:
    """Long work, a few steps at a time."""

    async def test_takes_some_steps_in_one_go_and_comes_to_the_same(self) -> None:
        async with Onlooker().beside() as onlooker:
            watched = Watched(onlooker)
            made = await Pace(ManualClock()).through(collected(map(watched.make, range(MANY))))
        assert made == tuple(range(MANY))
        assert watched.longest <= AT_A_TIME + 1  # the next thing is made before its step ends

    async def test_yields_each_thing_and_rests_between_some(self) -> None:
        async with Onlooker().beside() as onlooker:
            watched = Watched(onlooker)
            made = [watched.make(n) async for n in Pace(ManualClock()).each(range(MANY))]
        assert made == list(range(MANY))
        assert watched.longest == AT_A_TIME

    async def test_of_several_long_works_one_goes_on_in_a_turn(self) -> None:
        pace = Pace(ManualClock())
        async with Onlooker().beside() as onlooker:
            watched = Watched(onlooker)
            await asyncio.gather(
                *(pace.through(collected(map(watched.make, range(MANY)))) for _ in range(7)),
            )
        assert watched.longest <= 2 * AT_A_TIME

    async def test_hands_on_what_goes_wrong(self) -> None:
        def wrong() -> Steps[None]:
            yield from collected(range(MANY))
            raise LookupError("in the middle")

        with pytest.raises(LookupError):
            await Pace(ManualClock()).through(wrong())
        with pytest.raises(LookupError):
            finished(wrong())


class CountingClock(ManualClock):
    """Counts how often somebody gave way."""

    def __init__(self) -> None:
        super().__init__()
        self.gave_way = 0

    async def sleep(self, seconds: float) -> None:
        self.gave_way += not seconds
        await super().sleep(seconds)


@pytest.fixture
async def scene(deployment: Path) -> AsyncIterator[Scene]:
    """An open house with a clock that counts."""
    async with scene_in(deployment, clock=CountingClock()) as scene:
        yield scene


COPIER = Account(
    "copier", "Copier", "Office", "copier@highmoor.example", Role.DEVICE, AccountState.ACTIVE,
    schools=("8304053",), services=("INFO",),
)  # fmt: skip


async def turns_of(scene: Scene, work: Callable[[], Awaitable[object]]) -> float:
    """Do this work, and return how many times its MANY parts were gone through a few at a time."""
    assert isinstance(scene.clock, CountingClock)
    before = scene.clock.gave_way
    await work()
    return (scene.clock.gave_way - before) * AT_A_TIME / MANY


class TestAMessageOfVeryManyParts:
    """Each thing that is done with every part is done with a few at a time."""

    @pytest.mark.parametrize(
        ("sender", "name", "times"),
        [
            (
                HEAD,
                "holiday photo {}.exe",
                7,
            ),  # its name read, decided, a headteacher looked for, told in two lists that are kept
            (HEAD, "8301102_INFOreturn{:04}V01.docx", 7),
            (STAFF, "8304053 report {}.docx", 9),  # and the headteacher told in a list, which is kept
            ("copier", "8304053_INFOscan{:04}V01.pdf", 7),  # its name made, and no headteacher looked for
        ],
    )
    async def test_is_ingested_some_at_a_time(self, scene: Scene, sender: str, name: str, times: int) -> None:
        await scene.house.ledger.add_account(COPIER, actor="a test", at=scene.clock.now())
        await scene.house.directory.pass_once()
        await scene.email(sender, *((name.format(n), b"%d" % n) for n in range(MANY)))
        assert times <= await turns_of(scene, scene.house.ingest.pass_once) < times + 1
        assert len(await scene.files()) == MANY

    async def test_is_told_some_at_a_time(self, scene: Scene) -> None:
        await scene.email(STAFF, *((f"8304053 report {n}.docx", b"%d" % n) for n in range(MANY)))
        await scene.house.ingest.pass_once()
        turns = await turns_of(scene, scene.house.notifier.pass_once)
        assert turns > 2 * (2 + 1)  # to two readers, each part at least: in the list, by itself, and so in the page
        assert len(scene.notices_to(STAFF)) == 1

    @pytest.mark.parametrize("name", ["8302000 Offer {}.pdf", "Offer {}.pdf"])
    async def test_is_published_with_a_turn_for_others_at_each(self, scene: Scene, name: str) -> None:
        files = [(name.format(n), b"%%PDF-1.7 %d" % n) for n in range(MANY)]
        await scene.mail_documents("nadia.rowbotham", *files)
        async with Onlooker().beside() as onlooker:
            await scene.house.ingest.pass_once()
        assert onlooker.turns > MANY
        assert len(await scene.documents(limit=MANY + 1)) == MANY
