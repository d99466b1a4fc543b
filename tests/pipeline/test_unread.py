"""Nothing unread by accident: a school and the publisher are told before what nobody opened is destroyed (SPEC 7)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.core.documents import DocumentReading, DocumentState
from gateway.core.register import AccountState
from gateway.errors import Transient
from gateway.tables import read_deployment
from tests.contracts.ledger_values import a_document, published
from tests.fakes import ManualClock
from tests.pipeline.test_dailyemail import EndsAtAStep
from tests.scenarios.harness import Scene

MORNING = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday
LEYS, MILLBECK, HIGHMOOR = "8302000", "8301102", "8304053"
LEYS_HEAD, MILLBECK_HEAD, PUBLISHER = "samir.okonjo", "ruth.ashdown", "nadia.rowbotham"
ADMINISTRATOR = "files-help@derbyshire.example"
WARNED = date(2027, 2, 4)  # a Thursday, fourteen days before 18 February


@pytest.fixture
async def scene(deployment) -> AsyncIterator[Scene]:  # type: ignore[no-untyped-def]
    """A house whose documents are records alone: no bytes are asked for here."""
    settings, tables = read_deployment(deployment / "gateway.toml")
    scene = Scene(deployment, settings, tables, clock=ManualClock(MORNING))
    await scene.start()
    scene.set_notices(administrator=ADMINISTRATOR)
    yield scene
    await scene.stop()


async def publish(scene: Scene, number: int, *schools: str, **fields: object) -> str:
    now = scene.clock.now()
    usual = {
        "name": f"Letter {number}.pdf",
        "sent_name": f"Letter {number}.pdf",
        "sent_at": now,
        "published_at": now,
        "expires_at": now + timedelta(days=90),
        "published_by_user": PUBLISHER,
        "published_by": "Nadia Rowbotham",
        "reach": len(schools),
    }
    document = a_document(number, **{**usual, **fields})
    await scene.house.ledger.record(published(document, *schools))
    return document.id


async def read(scene: Scene, document: str, school: str, username: str) -> None:
    await scene.house.ledger.note_reading(DocumentReading(document, school, username, scene.clock.now()))


async def days(scene: Scene, number: int) -> list[tuple[date, str, str]]:
    """Let days pass; return who was told what on which. What a purge does to documents is left out."""
    told = []
    for _ in range(number):
        before = len(scene.courier.taken)
        await scene.house.unread.pass_once()
        while await scene.house.notifier.pass_once():
            pass
        told += [(scene.clock.now().date(), mail.to, mail.subject) for mail in scene.courier.taken[before:]]
        scene.clock.advance(days=1)
    return told


def rules(scene: Scene, **values: object) -> None:
    policy = scene.house.policy
    policy.current = replace(policy.current, documents=replace(policy.current.documents, **values))  # type: ignore[arg-type]


class TestAWarning:
    """Goes to who can still open it, and to who published it; once."""

    async def test_is_told_to_the_school_and_to_the_publisher_in_time_and_once(self, scene: Scene) -> None:
        id = await publish(scene, 1, LEYS, MILLBECK)
        await read(scene, id, MILLBECK, MILLBECK_HEAD)
        told = await days(scene, 89)
        head, officer = scene.account(LEYS_HEAD).email, scene.account(PUBLISHER).email
        assert told == [
            (WARNED, head, "Nobody has opened 1 document from Derbyshire yet"),
            (WARNED, officer, "1 document of yours not opened by every school"),
        ]
        to_school, to_publisher = scene.courier.taken
        assert "Destroyed on 18 February 2027." in to_school.text
        assert "Letter 1" not in to_school.text
        assert "1. Letter 1.pdf" in to_publisher.text
        assert "Not opened by 1 of 2: 8302000 Leys Junior School." in " ".join(to_publisher.text.split())
        assert f"Id: {id}" in to_publisher.text

    async def test_of_what_was_opened_deleted_or_never_shown_nobody_hears(self, scene: Scene) -> None:
        id = await publish(scene, 1, LEYS)
        await publish(scene, 2, LEYS, state=DocumentState.HELD, published_at=None)
        await read(scene, id, LEYS, LEYS_HEAD)
        assert await days(scene, 89) == []

    async def test_comes_on_a_working_day_before(self, scene: Scene) -> None:
        scene.clock.advance(days=2)  # it ends on a Saturday; fourteen days before is a Saturday too
        await publish(scene, 1, LEYS)
        assert {day for day, _, _ in await days(scene, 88)} == {date(2027, 2, 5)}

    async def test_comes_the_working_day_after_when_the_term_is_shorter_than_the_warning(self, scene: Scene) -> None:
        await publish(scene, 1, LEYS, expires_at=MORNING + timedelta(days=10))
        assert {day for day, _, _ in await days(scene, 10)} == {date(2026, 11, 23)}

    async def test_comes_later_when_nobody_ran_on_its_day(self, scene: Scene) -> None:
        await days(scene, 1)
        await publish(scene, 1, LEYS)
        scene.clock.advance(days=80)
        assert len(await days(scene, 5)) == 2

    async def test_can_be_switched_off(self, scene: Scene) -> None:
        rules(scene, unread_days=0)
        await publish(scene, 1, LEYS)
        assert await days(scene, 89) == []

    async def test_of_documents_for_heads_goes_to_them_alone(self, scene: Scene) -> None:
        rules(scene, head_only=True)
        await scene.house.ledger.choose_digest("jonas.abernethy", wants=True, actor="a", at=MORNING)
        await publish(scene, 1, HIGHMOOR, head_only=True)
        told = {to for _, to, _ in await days(scene, 89)}
        assert told == {scene.account("yusuf.demirel").email, scene.account(PUBLISHER).email}

    async def test_goes_to_the_administrator_where_its_publisher_can_t_be_told(self, scene: Scene) -> None:
        await publish(scene, 1, LEYS, published_by_user="root")
        await publish(scene, 2, LEYS)
        await scene.set_account(PUBLISHER, state=AccountState.REVOKED)
        told = [(to, subject) for _, to, subject in await days(scene, 89)]
        assert (ADMINISTRATOR, "2 documents of yours not opened by every school") in told
        assert len(told) == 2

    @pytest.mark.parametrize("at", [1, 2, 3])
    async def test_a_stop_at_any_step_leaves_no_gap_and_no_repeat(self, scene: Scene, at: int) -> None:
        await days(scene, 3)  # what is out before the first look has a day of its own
        await publish(scene, 1, LEYS, MILLBECK)
        policy = scene.house.policy.current
        scene.clock.advance(days=78)
        await scene.restart(wrap=lambda ledger: EndsAtAStep(ledger, at))  # type: ignore[arg-type,return-value]
        scene.house.policy.current = policy
        with pytest.raises(Transient):
            await scene.house.unread.pass_once()
        scene.clock.advance(days=1)
        await scene.restart()
        scene.house.policy.current = policy
        await days(scene, 5)
        assert sorted(mail.to for mail in scene.courier.taken) == sorted(
            scene.account(name).email for name in (LEYS_HEAD, MILLBECK_HEAD, PUBLISHER)
        )
