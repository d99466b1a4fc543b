"""Dying at every change of the disk and of the ledger, from the first byte to the last: the promise holds (SPEC 11).

Each story is told once to count its changes, then once for each of them with a process that dies there; then a new
process starts on what is left, recovers, works everything off, and the invariants are checked: nothing acknowledged is
lost, nothing is there twice, no stray byte stays, every decision was told.
"""

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.core.model import Status
from gateway.tables import read_deployment
from tests.fakes import KILLED, POWER_CUT, WAYS_TO_DIE, DyingDisk, dies, dying
from tests.scenarios.harness import GOOD, HEAD, Scene, restore
from tests.scenarios.invariants import Promise
from tests.scenarios.stand_ins import DyingLedger, RecordingCourier
from tests.scenarios.states import State, drops_in, legal_drops, legal_submissions, submissions_in

PIC = "8301102_INFOpicture20261120.jpg"
LARGE = b"\xff\xd8\xff" + b"large" * 120_000
TERM = 90 * 86_400

Act = Callable[[Scene], Awaitable[object]]


@dataclass(frozen=True)
class Story:
    """What went well before, and what is cut off."""

    name: str
    before: tuple[Act, ...]
    act: tuple[Act, ...]
    dropped: dict[str, bytes]  # what lies in the folder of INFO when all is done, once it was promised
    is_on_the_page: bool = False  # one of those that together visit every row of docs/states.md

    def __str__(self) -> str:
        """Name the test."""
        return self.name


async def uploads(scene: Scene) -> None:
    assert await scene.upload(HEAD, GOOD, b"small") == ""


async def uploads_a_large_one(scene: Scene) -> None:
    assert await scene.upload(HEAD, PIC, LARGE) == ""


async def goes_on_with_an_upload(scene: Scene) -> None:
    (parked,) = await scene.house.ledger.unfinished()
    intake = await scene.house.spool.resume(parked.id)
    intake.write(b"all")
    envelope = await intake.seal(channel="sftp", username=HEAD, verified_by="publickey", name=GOOD)
    scene.promises.append(Promise(GOOD, envelope.sha256, HEAD))
    await scene.house.ledger.drop_unfinished(parked.id)


async def breaks_an_upload_off(scene: Scene) -> None:
    await scene.park(HEAD, GOOD, b"sm")


async def mails_two(scene: Scene) -> None:
    await scene.email(HEAD, (GOOD, b"small"), ("holiday.jpg", b"\xff\xd8\xff rejected"), text="Please.")


async def is_refused(scene: Scene) -> None:
    assert await scene.upload(HEAD, "Acronyms.pdf", b"never read") != ""


async def ingests(scene: Scene) -> None:
    await scene.house.ingest.pass_once()


async def drops(scene: Scene) -> None:
    await scene.house.dropper.pass_once()


async def notifies(scene: Scene) -> None:
    await scene.house.notifier.pass_once()


async def rests(scene: Scene) -> None:
    await scene.idle()


async def recovers(scene: Scene) -> None:
    await scene.house.recover.pass_once()


async def waits_for_the_term(scene: Scene) -> None:
    scene.clock.advance(TERM)


async def purges(scene: Scene) -> None:
    del scene.promises[:]
    await scene.house.purge.pass_once()


SMALL = {GOOD: b"small"}
STORIES = (
    Story("receive a small upload", (), (uploads,), SMALL, True),
    Story("receive a large upload", (), (uploads_a_large_one,), {PIC: LARGE}),
    Story("break an upload off", (), (breaks_an_upload_off,), {}),
    Story("go on with an upload", (breaks_an_upload_off,), (goes_on_with_an_upload,), {GOOD: b"small"[:2] + b"all"}),
    Story("receive a message", (), (mails_two,), SMALL),
    Story("refuse a name", (), (is_refused, notifies), {}),
    Story("ingest an upload", (uploads,), (ingests,), SMALL, True),
    Story("ingest a large upload", (uploads_a_large_one,), (ingests,), {PIC: LARGE}),
    Story("ingest a message, one file of it rejected", (mails_two,), (ingests,), SMALL, True),
    Story("drop and tell", (mails_two, ingests), (drops, notifies), SMALL, True),
    Story("drop a second version", (uploads, rests, uploads_a_large_one, ingests), (drops,), SMALL | {PIC: LARGE}),
    Story("recover", (mails_two, uploads_a_large_one, breaks_an_upload_off), (recovers,), SMALL | {PIC: LARGE}),
    Story("purge", (mails_two, uploads_a_large_one, rests, waits_for_the_term), (purges,), {}),
    Story("ingest a repeat", (uploads, rests, uploads), (ingests,), SMALL, True),
    Story("purge what waits for its drop", (uploads, ingests, waits_for_the_term), (purges,), {}, True),
)


NOTHING = ("-", "-", "-", "-")
DROPS_THAT_A_DEATH_LEAVES = {
    ("due", "-", "-"),
    ("due", "+", "-"),
    ("placing", "+", "-"),
    ("placing", "+", "+"),
    ("placing", "-", "+"),
    ("done", "-", "+"),
    ("withdrawn", "-", "-"),
}


class Stage:
    """A deployment that is put back to where a story begins."""

    def __init__(self, deployment: Path, story: Story) -> None:
        """Take the deployment."""
        self.folder = deployment
        self.story = story
        self.snapshot = deployment.parent / "snapshot"
        self.tables = read_deployment(deployment / "gateway.toml")
        self.tries = 0
        self.seen: set[State] = set()

    async def prepare(self) -> None:
        """Tell what went well before, and remember where that led."""
        self.first = Scene(self.folder, *self.tables)
        await self.first.start()
        for act in self.story.before:
            await act(self.first)
        await self.first.stop()
        self.snapshot.mkdir()
        for name in ("data", "drops"):
            shutil.copytree(self.folder / name, self.snapshot / name)

    def scene(self) -> Scene:
        """Return the story's beginning once more."""
        restore(self.snapshot, self.folder)
        again = Scene(self.folder, *self.tables)
        again.clock.advance((self.first.clock.now() - again.clock.now()).total_seconds() + 1)
        again.promises, again.published = list(self.first.promises), list(self.first.published)
        again.courier = RecordingCourier(taken=list(self.first.courier.taken))
        self.tries += 1
        return again

    def graveyard(self) -> Path:
        """Return an empty folder for what a power cut takes back."""
        return self.folder.parent / f"graveyard {self.tries}"

    async def act(self, scene: Scene) -> None:
        """Tell what is cut off."""
        for act in self.story.act:
            await act(scene)

    async def check(self, scene: Scene) -> None:
        """Start again on what is left, work it off, and check that the promise was kept."""
        await scene.stop()
        self.look(scene.folder)
        scene.clock.advance(1)
        await scene.start()
        await scene.house.recover.pass_once()
        for _ in range(3):
            scene.clock.advance(60)
            await scene.idle()
        self.check_drops(scene)
        await check_notices(scene)
        await scene.stop()
        await check_unfinished(scene)
        scene.assert_whole()

    def look(self, folder: Path) -> None:
        """Check that what is left is a state of the page."""
        left, drops = set(submissions_in(folder).values()), set(drops_in(folder).values())
        assert left <= legal_submissions(), left - legal_submissions()
        assert drops <= legal_drops(), drops - legal_drops()
        self.seen |= left | drops

    def check_drops(self, scene: Scene) -> None:
        """Whatever was promised lies in its folder, whole; nothing else does."""
        dropped = scene.dropped("INFO")
        assert dropped.items() <= self.story.dropped.items()
        promised = {p.name for p in scene.promises if p.name in self.story.dropped}
        assert promised <= dropped.keys()


async def check_notices(scene: Scene) -> None:
    """Every notice left, perhaps twice, always under its own id."""
    owed = {f"<{n['id']}@gateway.test>" for n in scene.rows("notices")}
    assert {mail.message_id for mail in scene.courier.taken} == owed
    for file in await scene.files():
        if file.status is Status.REJECTED:
            assert any(file.submission in mail.message_id for mail in scene.courier.taken)


async def check_unfinished(scene: Scene) -> None:
    """An upload that was broken off is there to go on with, or never was: the sender heard of neither."""
    incoming = {p.name for p in (scene.folder / "data" / "spool" / "incoming").iterdir()}
    assert len(incoming) <= 1


@pytest.mark.parametrize("way", WAYS_TO_DIE)
@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_at_every_change_of_the_disk(deployment: Path, story: Story, way: str) -> None:
    await every_change_of_the_disk(deployment, story, way)


async def test_the_page_of_states_names_those_that_a_death_leaves_and_no_others(
    deployment: Path, tmp_path: Path
) -> None:
    """docs/states.md is the checklist: each of its rows that a death can leave is visited."""
    seen: set[State] = set()
    for n, story in enumerate(STORIES):
        if story.is_on_the_page:
            folder = shutil.copytree(deployment, tmp_path / str(n) / "deployment")
            seen |= await every_change_of_the_disk(folder, story, KILLED)
    assert legal_submissions() - {NOTHING} == seen & legal_submissions()
    assert seen & legal_drops() == DROPS_THAT_A_DEATH_LEAVES


async def every_change_of_the_disk(deployment: Path, story: Story, way: str) -> set[State]:
    """Tell a story for each change that it makes, dying there; return the states that were left."""
    stage = Stage(deployment, story)
    await stage.prepare()
    counting = DyingDisk()
    scene = stage.scene()
    await scene.start(disk=counting)
    await stage.act(scene)
    await stage.check(scene)
    for n in range(counting.count + 1):
        disk = dying(way, at=n, graveyard=stage.graveyard())
        scene = stage.scene()
        await scene.start(disk=disk, wrap=lambda ledger, disk=disk: DyingLedger(ledger, disk))
        assert await dies(stage.act(scene)) == (n < counting.count), counting.changes[:n]
        disk.die()
        await stage.check(scene)
    return stage.seen


@pytest.mark.parametrize("way", [KILLED, POWER_CUT])
@pytest.mark.parametrize("after", [False, True], ids=["before its commit", "after its commit"])
@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_at_every_change_of_the_ledger(deployment: Path, story: Story, after: bool, way: str) -> None:
    await every_change_of_the_ledger(deployment, story, after=after, way=way)


async def every_change_of_the_ledger(deployment: Path, story: Story, *, after: bool, way: str) -> None:
    """Tell a story for each change of the ledger, dying before or after its commit."""
    stage = Stage(deployment, story)
    await stage.prepare()
    counting: list[DyingLedger] = []

    async def tell(at: int | None) -> bool:
        disk = dying(way, at=None, graveyard=stage.graveyard())
        scene = stage.scene()
        await scene.start(
            disk=disk,
            wrap=lambda ledger: counting.append(DyingLedger(ledger, disk, dies_at=at, after=after)) or counting[-1],
        )
        died = await dies(stage.act(scene))
        disk.die()
        await stage.check(scene)
        return died

    assert not await tell(None)
    number = len(counting[0].changes)
    for n in range(number):
        assert await tell(n), counting[0].changes[: n + 1]
