"""Dying at every change while documents are published, confirmed, deleted and purged: the promise holds (SPEC 7, 11).

No document that was promised is lost or there twice, no school is shown what it was not meant to see, and shared bytes
go with their last holder and not before: the invariants, checked after a new process has put in order what was left.
"""

from pathlib import Path

import pytest

from gateway.core.documents import DocumentQuery, Order
from gateway.pipeline.transitions import Actor
from tests.fakes import KILLED, POWER_CUT, WAYS_TO_DIE
from tests.scenarios.harness import Scene
from tests.scenarios.test_every_crash_point import (
    Story,
    every_change_of_the_disk,
    every_change_of_the_ledger,
    ingests,
    purges,
    rests,
    waits_for_the_term,
)

OFFICER = "nadia.rowbotham"
PDF = b"%PDF-1.7 invented"
BY = Actor("iroe", "Ines Roe")


async def publishes(scene: Scene) -> None:
    await scene.publish(OFFICER, "8302000 Offer of a place.pdf", PDF)


async def publishes_the_same_to_another(scene: Scene) -> None:
    await scene.publish(OFFICER, "8301102 Offer of a place.pdf", PDF)


async def publishes_a_new_version(scene: Scene) -> None:
    await scene.publish(OFFICER, "8302000 Offer of a place.pdf", PDF + b", corrected")


async def misnames_one(scene: Scene) -> None:
    await scene.publish(OFFICER, "Offer of a place.pdf", PDF)


async def publishes_to_all(scene: Scene) -> None:
    scene.set_documents(confirm_above=3)
    await scene.publish(OFFICER, "Term dates.pdf", b"dates", Order("general", everyone=True))


async def confirms(scene: Scene) -> None:
    (document,) = await scene.house.ledger.documents(DocumentQuery(folder="general"))
    await scene.house.publications.confirm(document.id, by=BY)


async def deletes_the_first(scene: Scene) -> None:
    document = (await scene.house.ledger.documents(DocumentQuery()))[-1]
    await scene.house.publications.delete(document.id, by=BY, why="wrong school", requested_by="Leys Junior School")


async def reports(scene: Scene) -> None:
    scene.clock.advance(300)
    await scene.house.report.pass_once()


SHARED = (publishes, publishes_the_same_to_another, rests)
STORIES = (
    Story("publish", (), (publishes,), {}),
    Story("record a document", (publishes,), (ingests,), {}),
    Story("record three of the same bytes, one misnamed", (*SHARED[:2], misnames_one), (ingests,), {}),
    Story("record a new version", (publishes, rests, publishes_a_new_version), (ingests,), {}),
    Story("record a repeat", (publishes, rests, publishes), (ingests,), {}),
    Story("confirm", (publishes_to_all, rests), (confirms,), {}),
    Story("delete one whose bytes another holds", SHARED, (deletes_the_first, purges), {}),
    Story("delete the only one", (publishes, rests), (deletes_the_first, purges), {}),
    Story("share what is deleted", (publishes, rests, publishes_the_same_to_another, deletes_the_first),
          (ingests, purges), {}),
    Story("purge", (*SHARED, misnames_one, rests, waits_for_the_term), (purges,), {}),
    Story("report", (publishes, misnames_one, rests), (reports,), {}),
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS_TO_DIE)
@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_at_every_change_of_the_disk(deployment: Path, story: Story, way: str) -> None:
    await every_change_of_the_disk(deployment, story, way)


@pytest.mark.parametrize("way", [KILLED, POWER_CUT])
@pytest.mark.parametrize("after", [False, True], ids=["before its commit", "after its commit"])
@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_at_every_change_of_the_ledger(deployment: Path, story: Story, after: bool, way: str) -> None:
    await every_change_of_the_ledger(deployment, story, after=after, way=way)
