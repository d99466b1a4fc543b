"""The daily email: each document in exactly one a reader, whatever happens to the process and to its clock (SPEC 7)."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

import pytest

from gateway.core.documents import Addressed, Document, DocumentEvent, DocumentState
from gateway.core.mail import Mail, Notice, NoticeQuery
from gateway.core.register import Account, AccountState, Role, School
from gateway.errors import Transient
from gateway.ports import Ledger
from gateway.tables import read_deployment
from tests.contracts.ledger_values import a_document, a_document_change, published
from tests.fakes import ManualClock
from tests.scenarios.harness import Scene

MORNING = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday
LEYS, MILLBECK, FERNHOLLOW = "8302000", "8301102", ("8302117", "8302118")
LEYS_HEAD, MILLBECK_HEAD, EXECUTIVE = "samir.okonjo", "ruth.ashdown", "morag.fairlie"
HIGHMOOR, HIGHMOOR_HEAD, HIGHMOOR_STAFF = "8304053", "yusuf.demirel", "jonas.abernethy"
HOUR = 3600


@pytest.fixture
async def scene(deployment) -> AsyncIterator[Scene]:  # type: ignore[no-untyped-def]
    """A house whose documents are records alone: no bytes are asked for here."""
    settings, tables = read_deployment(deployment / "gateway.toml")
    scene = Scene(deployment, settings, tables, clock=ManualClock(MORNING))
    await scene.start()
    await scene.house.daily_emails.pass_once()  # the first look ever
    yield scene
    await scene.stop()


async def publish(scene: Scene, number: int, *schools: str, **fields: object) -> Document:
    """Record a document that is published now; its name says its number."""
    now = scene.clock.now()
    usual = {
        "name": f"Letter {number}.pdf",
        "sent_at": now,
        "published_at": now,
        "expires_at": now + timedelta(days=90),
    }
    document = a_document(number, **{**usual, **fields})
    await scene.house.ledger.record(published(document, *schools))
    return document


def allow(scene: Scene, **values: object) -> None:
    """Put other rules for documents in force."""
    policy = scene.house.policy
    policy.current = replace(policy.current, documents=replace(policy.current.documents, **values))  # type: ignore[arg-type]


async def later(scene: Scene, **span: float) -> int:
    """Let time pass, and let the workers look."""
    scene.clock.advance(**span)
    owed = await scene.house.daily_emails.pass_once()
    await scene.idle()
    return owed


def to(scene: Scene, username: str) -> list[Mail]:
    return [m for m in scene.notices_to(username) if "from Derbyshire" in m.subject]


def told(mails: Sequence[Mail]) -> list[int]:
    """Return the numbers of the documents that stand in emails with whole names."""
    return [int(found) for mail in mails for found in re.findall(r"Letter (\d+)\.pdf", mail.text)]


def with_names(scene: Scene) -> None:
    scene.set_notices(full_names=True)


class TestWhatItSays:
    """Folder, way and end of each document."""

    async def test_the_documents_by_folder_the_way_to_them_and_their_end(self, scene: Scene) -> None:
        await publish(scene, 1, LEYS)
        await publish(scene, 2, LEYS, folder="send", supersedes="earlier")
        assert await later(scene, seconds=6 * HOUR) == 0
        assert await later(scene, seconds=HOUR) == 1
        (mail,) = to(scene, LEYS_HEAD)
        assert mail.subject == "2 new documents from Derbyshire"
        for words in (
            "LA Documents/Derbyshire Documents/4 November Files/General",
            "LA Documents/Derbyshire Documents/4 November Files/SEND",
            "….pdf (700 bytes)",
            "From Otto Fenn, Friday 20 November 2026, 09:30",
            "Destroyed on 18 February 2027.",
            "A new version",
        ):
            assert words in mail.text
        assert "Letter" not in mail.text
        assert mail.return_path.startswith("bounce+")
        assert mail.reply_to is None

    async def test_whole_names_only_where_the_authority_shows_them_and_then_not_for_ever(self, scene: Scene) -> None:
        with_names(scene)
        await publish(scene, 1, LEYS)
        await later(scene, seconds=7 * HOUR)
        assert told(to(scene, LEYS_HEAD)) == [1]
        (notice,) = await scene.house.ledger.notices(NoticeQuery(template="digest"))
        assert notice.context == {}

    async def test_one_email_to_a_head_of_several_schools(self, scene: Scene) -> None:
        with_names(scene)
        await publish(scene, 1, *FERNHOLLOW)
        await publish(scene, 2, FERNHOLLOW[1])
        await later(scene, seconds=7 * HOUR)
        (mail,) = to(scene, EXECUTIVE)
        assert mail.subject == "3 new documents from Derbyshire"
        assert mail.text.index("8302117 Fernhollow Infant School: 1") < mail.text.index("8302118 Fernhollow Junior")
        assert told([mail]) == [1, 1, 2]

    async def test_last_month_s_documents_where_they_lie_today(self, scene: Scene) -> None:
        await later(scene, days=10, seconds=7 * HOUR)  # 30 November, 16:30
        await publish(scene, 1, LEYS)
        await later(scene, days=1)
        (mail,) = to(scene, LEYS_HEAD)
        assert "/3 November Files/General" in mail.text


class TestWhoReadsIt:
    """Each reader only what that reader can open."""

    async def test_a_document_for_headteachers_goes_to_them_alone(self, scene: Scene) -> None:
        with_names(scene)
        allow(scene, head_only=True)
        await scene.house.ledger.choose_digest(HIGHMOOR_STAFF, wants=True, actor="a", at=MORNING)
        await publish(scene, 1, HIGHMOOR, head_only=True)
        await publish(scene, 2, HIGHMOOR)
        await later(scene, seconds=7 * HOUR)
        assert told(to(scene, HIGHMOOR_HEAD)) == [1, 2]
        assert told(to(scene, HIGHMOOR_STAFF)) == [2]

    async def test_of_head_only_alone_staff_hear_nothing_and_switched_off_nobody_does(self, scene: Scene) -> None:
        await scene.house.ledger.choose_digest(HIGHMOOR_STAFF, wants=True, actor="a", at=MORNING)
        await publish(scene, 1, HIGHMOOR, head_only=True)
        assert await later(scene, seconds=7 * HOUR) == 0

    async def test_staff_who_did_not_choose_it_officers_and_the_suspended_get_none(self, scene: Scene) -> None:
        await scene.set_account(LEYS_HEAD, state=AccountState.SUSPENDED)
        await scene.house.ledger.choose_digest("nadia.rowbotham", wants=True, actor="a", at=MORNING)
        await publish(scene, 1, LEYS, HIGHMOOR)
        await later(scene, seconds=7 * HOUR)
        assert [mail.to for mail in scene.courier.taken] == [scene.account(HIGHMOOR_HEAD).email]

    async def test_no_reader_hears_of_another_school_s_documents(self, scene: Scene) -> None:
        await publish(scene, 1, LEYS)
        await later(scene, seconds=7 * HOUR)
        assert [mail.to for mail in scene.courier.taken] == [scene.account(LEYS_HEAD).email]

    async def test_none_of_what_waits_was_deleted_or_replaced(self, scene: Scene) -> None:
        with_names(scene)
        gone = await publish(scene, 1, LEYS)
        waiting = await publish(scene, 2, LEYS, state=DocumentState.WAITING, published_at=None)
        await publish(scene, 3, LEYS, name="Letter 4.pdf")
        await publish(scene, 4, LEYS)
        deleted = replace(gone, state=DocumentState.DELETED)
        change = a_document_change(deleted, expected=DocumentState.PUBLISHED, event=DocumentEvent.DELETE)
        assert await scene.house.ledger.apply_to_document(change)
        await later(scene, seconds=7 * HOUR)
        assert told(to(scene, LEYS_HEAD)) == [4]
        out = replace(waiting, state=DocumentState.PUBLISHED, published_at=scene.clock.now())
        change = a_document_change(out, expected=DocumentState.WAITING, event=DocumentEvent.PUBLISH)
        assert await scene.house.ledger.apply_to_document(change)
        await later(scene, days=1)
        assert told(to(scene, LEYS_HEAD)) == [4, 2]


class TestWhen:
    """Once a day at its time, and never about nothing."""

    async def test_none_when_there_is_nothing(self, scene: Scene) -> None:
        for _ in range(5):
            assert await later(scene, days=1) == 0
        assert scene.courier.taken == []

    async def test_after_a_day_of_downtime_it_comes_at_the_start(self, scene: Scene) -> None:
        with_names(scene)
        await publish(scene, 1, LEYS)
        rules = scene.house.policy.current
        await scene.stop()
        scene.clock.advance(days=1, seconds=2 * HOUR)
        await scene.start()
        scene.house.policy.current = rules
        await publish(scene, 2, LEYS)  # by a command, before the daemon looked
        assert await later(scene) == 1
        assert told(to(scene, LEYS_HEAD)) == [1, 2]

    @pytest.mark.parametrize("night", [datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2027, 3, 27, 12, tzinfo=UTC)])
    async def test_when_the_hour_changes_each_day_has_one(self, scene: Scene, night: datetime) -> None:
        """01:30 comes twice in the one night, and not at all in the other."""
        with_names(scene)
        allow(scene, digest_at=time(1, 30))
        scene.clock.advance((night - scene.clock.now()).total_seconds())
        await scene.house.daily_emails.pass_once()
        start = len(to(scene, LEYS_HEAD))
        days = []
        for number in range(1, 48 * 4 + 1):  # each quarter of an hour
            await publish(scene, number, LEYS)
            if await later(scene, seconds=HOUR / 4):
                days.append(scene.clock.now().astimezone(scene.house.policy.current.zone).date())
        assert days == sorted(set(days))
        assert len(days) == 2
        numbers = told(to(scene, LEYS_HEAD)[start:])
        assert numbers == sorted(set(numbers)) == list(range(1, len(numbers) + 1))

    async def test_another_time_of_the_day_holds_from_its_reload(self, scene: Scene) -> None:
        await publish(scene, 1, LEYS)
        assert await later(scene, seconds=7 * HOUR) == 1  # 16:30
        await publish(scene, 2, LEYS)
        allow(scene, digest_at=time(17, 0))
        assert await later(scene, seconds=HOUR) == 0  # today had one
        allow(scene, digest_at=time(8, 0))
        assert await later(scene, seconds=15 * HOUR) == 1

    async def test_a_clock_that_was_days_ahead_holds_up_nobody(self, scene: Scene) -> None:
        with_names(scene)
        await publish(scene, 1, LEYS)
        await later(scene, days=30)
        await publish(scene, 2, LEYS)
        await later(scene, days=-30, seconds=7 * HOUR)
        await publish(scene, 3, LEYS)
        await later(scene, days=1)
        assert told(to(scene, LEYS_HEAD)) == [1, 2, 3]


class TestExactlyOnce:
    """No gap and no repeat."""

    @pytest.mark.parametrize("seed", range(12))
    async def test_whatever_happens(self, scene: Scene, seed: int) -> None:
        random, rules, number = Random(seed), None, 0
        with_names(scene)
        for _ in range(60):
            what = random.choice(("publish", "publish", "look", "restart", "down", "clock", "hour", "look"))
            if what == "publish":
                number += 1
                await publish(scene, number, *random.choice([(LEYS,), (LEYS, MILLBECK), FERNHOLLOW[:1]]))
            elif what == "hour":
                allow(scene, digest_at=time(random.randrange(24), random.randrange(60)))
            elif what in ("restart", "down"):
                rules = scene.house.policy.current
                await scene.stop()
                scene.clock.advance(days=random.random() * 2 if what == "down" else 0)
                await scene.start()
                scene.house.policy.current = rules
            else:
                step = random.uniform(0, 20) * HOUR if what == "look" else random.uniform(-50, 50) * HOUR
                await later(scene, seconds=step)
        await later(scene, days=120)
        await later(scene, days=1)
        heads = (LEYS_HEAD, MILLBECK_HEAD, EXECUTIVE)
        counted = Counter(n for head in heads for n in set(told(to(scene, head))))
        assert all(max(Counter(told(to(scene, head))).values(), default=1) == 1 for head in heads)
        assert set(counted) == set(range(1, number + 1))

    @pytest.mark.parametrize("at", [1, 2, 3, 4])
    async def test_a_stop_at_any_step_leaves_no_gap_and_no_repeat(self, scene: Scene, at: int) -> None:
        with_names(scene)
        for number in range(1, 13):  # more readers than one slice holds
            await publish(scene, number, *_EVERYBODY)
        rules = scene.house.policy.current
        scene.clock.advance(7 * HOUR)
        await scene.restart(wrap=lambda ledger: EndsAtAStep(ledger, at))  # type: ignore[arg-type,return-value]
        scene.house.policy.current = rules
        with pytest.raises(Transient):
            await scene.house.daily_emails.pass_once()
        await publish(scene, 13, *_EVERYBODY)
        await scene.restart()
        scene.house.policy.current = rules
        await later(scene)
        await later(scene, days=1)
        for head in (LEYS_HEAD, MILLBECK_HEAD, HIGHMOOR_HEAD):
            assert sorted(told(to(scene, head))) == list(range(1, 14))


_EVERYBODY = (
    "8301006", MILLBECK, LEYS, *FERNHOLLOW, "8302288", "8302360", "8303101", "8303308", HIGHMOOR, "8304127", "8305203",
    "8307015",
)  # fmt: skip


class EndsAtAStep:
    """The real ledger of a process that ends when it sets a mark, or owes notices, for the nth time."""

    def __init__(self, inner: Ledger, at: int) -> None:
        self._inner, self._left = inner, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _step(self) -> None:
        self._left -= 1
        if self._left <= 0:
            raise Transient("the process ended here")

    async def set_mark(self, name: str, value: str) -> None:
        self._step()
        await self._inner.set_mark(name, value)

    async def owe(self, notices: Sequence[Notice]) -> None:
        self._step()
        await self._inner.owe(notices)


class CountsSlices:
    """The real ledger, and how many notices it was handed at once."""

    def __init__(self, inner: Ledger) -> None:
        self._inner = inner
        self.slices: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def owe(self, notices: Sequence[Notice]) -> None:
        self.slices.append(len(notices))
        await self._inner.owe(notices)


async def test_450_schools_are_told_in_slices_between_which_everybody_else_has_their_turn(scene: Scene) -> None:
    numbers = tuple(str(8305500 + n) for n in range(450))
    for number in numbers:
        await scene.house.ledger.put_school(School(number, f"School {number}"), actor="a", at=MORNING)
        head = Account(f"head{number}", "A", "Head", f"h{number}@x.example", Role.HEAD, AccountState.ACTIVE, (number,))
        await scene.house.ledger.add_account(head, actor="a", at=MORNING)
    for n in range(1, 11):
        await publish(scene, n, *numbers)
    counting: list[CountsSlices] = []
    await scene.restart(wrap=lambda ledger: counting.append(CountsSlices(ledger)) or counting[0])  # type: ignore[arg-type,return-value,func-returns-value]
    scene.clock.advance(7 * HOUR)
    assert await scene.house.daily_emails.pass_once() == 450
    assert sum(counting[0].slices) == 450
    assert max(counting[0].slices) <= 10


async def test_a_published_document_is_told_with_the_schools_that_see_it(scene: Scene) -> None:
    document = await publish(scene, 1, LEYS, MILLBECK)
    found = await scene.house.ledger.published_between(after=0, upto=await scene.house.ledger.trail_end())
    assert found == [Addressed(document, (MILLBECK, LEYS))]
