"""File requests: schools are asked, counted and reminded; who has sent hears nothing more (issue "File requests")."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gateway.core.mail import Mail, Notice, NoticeQuery
from gateway.core.model import Status
from gateway.core.requests import FileRequest, Outcome, ReminderDays, Standing
from gateway.errors import NotThere, Permanent, Transient
from gateway.pipeline.decisions import Actor
from gateway.pipeline.policy import RequestPolicy
from gateway.ports import Ledger
from tests.fakes import ManualClock
from tests.scenarios.harness import HEAD, STAFF, Scene, scene_in
from tests.scenarios.stand_ins import StubbornLedger

FRIDAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DUE = datetime(2026, 12, 4, 23, 59, 59, tzinfo=UTC)  # a Friday
MILLBECK, HIGHMOOR = "8301102", "8304053"
HIGHMOOR_HEAD = "yusuf.demirel"
USUAL = ReminderDays(before=(7, 1), after=(1,))


@pytest.fixture
async def scene(deployment):  # type: ignore[no-untyped-def]
    async with scene_in(deployment, clock=ManualClock(FRIDAY)) as scene:
        switch(scene, enabled=True)
        yield scene


def switch(scene: Scene, *, enabled: bool, days: ReminderDays = USUAL) -> None:
    policy = scene.house.policy
    policy.current = replace(policy.current, requests=RequestPolicy(enabled=enabled, days=days))


async def ask(scene: Scene, **fields: object) -> Standing:
    usual = {"title": "Phonics", "service": "INFO", "schools": (MILLBECK, HIGHMOOR), "due_at": DUE}
    opened = {"opened_at": scene.clock.now(), "opened_by": "it.admin"}
    return await scene.house.requests.open(FileRequest(id=scene.clock.new_id(), **{**usual, **opened, **fields}))  # type: ignore[arg-type]


async def send(scene: Scene, name: str, *, by: str = STAFF) -> None:
    await scene.email(by, (name, name.encode()))
    await scene.idle()
    scene.promises.clear()


async def days(scene: Scene, number: int) -> list[tuple[date, str, str]]:
    """Let days pass; return who of the schools was told what on which."""
    told, administrator = [], scene.house.policy.current.notices.administrator
    for _ in range(number):
        before = len(scene.courier.taken)
        await scene.house.requests.pass_once()
        await scene.idle()
        mails = [mail for mail in scene.courier.taken[before:] if mail.to != administrator]
        told += [(scene.clock.now().date(), mail.to, mail.subject) for mail in mails]
        scene.clock.advance(days=1)
    return told


def outcomes(standing: Standing) -> list[str]:
    return [str(school.outcome) for school in standing.schools]


class TestAsking:
    """Opening a request tells the headteachers of its audience."""

    async def test_tells_each_headteacher_what_is_asked_and_by_when(self, scene: Scene) -> None:
        await ask(scene, types=("xlsx",), word="phonics", note="Use the new form.")
        await scene.idle()
        (mail,) = scene.notices_to(HEAD)
        assert mail.subject == "Derbyshire asks for a file: Phonics"
        for words in (
            "By: Friday 4 December 2026, 23:59",
            "From: 8301102 Millbeck Primary School",
            "8301102_INFOphonics20261120.xlsx",
            "Use the new form.",
        ):
            assert words in mail.text
        assert HIGHMOOR not in mail.text
        assert mail.return_path.startswith("bounce+")
        assert len(scene.notices_to(HIGHMOOR_HEAD)) == 1
        assert scene.notices_to(STAFF) == []

    async def test_the_example_is_a_name_that_counts(self, scene: Scene) -> None:
        id = (await ask(scene, types=("xlsx",), word="phonics")).request.id
        await scene.email(HEAD, ("8301102_INFOphonics20261120.xlsx", b"x"))
        await scene.idle()
        assert outcomes(await scene.house.requests.standing(id)) == [Outcome.SENT, Outcome.MISSING]

    async def test_is_in_the_trail_and_its_words_can_be_erased(self, scene: Scene) -> None:
        id = (await ask(scene)).request.id
        (entry,) = await scene.house.ledger.trail(subject=id)
        assert (entry.action, entry.actor, entry.detail["schools"]) == ("open-request", "it.admin", 2)


class TestCounting:
    """What a school sends is counted without anybody doing anything for it."""

    async def test_late_is_late_and_a_recalled_file_is_none(self, scene: Scene) -> None:
        id = (await ask(scene)).request.id
        await send(scene, "8304053_INFOphonics20261120.docx")
        file = await scene.file("8304053_INFOphonics20261120.docx")
        assert outcomes(await scene.house.requests.standing(id)) == [Outcome.MISSING, Outcome.SENT]
        await scene.house.decisions.recall(file.id, by=Actor.of(scene.account(STAFF)))
        assert (await scene.file(file.name)).status is Status.RECALLED
        assert outcomes(await scene.house.requests.standing(id)) == [Outcome.MISSING, Outcome.MISSING]
        scene.clock.advance((DUE - scene.clock.now()).total_seconds() + 1)
        await send(scene, "8304053_INFOphonicsb20261120.docx")
        assert outcomes(await scene.house.requests.standing(id)) == [Outcome.MISSING, Outcome.LATE]

    async def test_a_file_that_was_handed_to_the_right_service_counts_as_in_time(self, scene: Scene) -> None:
        id = (await ask(scene)).request.id
        await send(scene, "8304053_SENphonics20261120.docx")
        scene.clock.advance(days=20)
        file = await scene.file("8304053_SENphonics20261120.docx")
        await scene.house.decisions.reroute(file.id, "INFO", by=Actor("it.admin", "it.admin"))
        assert outcomes(await scene.house.requests.standing(id)) == [Outcome.MISSING, Outcome.SENT]

    async def test_it_still_counts_when_the_file_was_destroyed(self, scene: Scene) -> None:
        id = (await ask(scene, word="phonics", due_at=DUE + timedelta(days=200))).request.id
        await send(scene, "8304053_INFOphonics20261120.docx")
        await scene.house.requests.pass_once()
        scene.clock.advance(days=91)
        await scene.idle()
        (file,) = [f for f in await scene.files() if f.school == HIGHMOOR]
        assert file.purged_at is not None
        standing = await scene.house.requests.standing(id)
        assert outcomes(standing) == [Outcome.MISSING, Outcome.SENT]


class TestReminders:
    """Only those who have not sent, on the days that the keys say."""

    async def test_go_on_their_days_to_those_who_have_not_sent(self, scene: Scene) -> None:
        await ask(scene)
        await scene.idle()
        scene.courier.taken.clear()
        told = await days(scene, 10)
        await send(scene, "8304053_INFOphonics20261120.docx")
        scene.courier.taken.clear()
        told += await days(scene, 12)
        head, other = (scene.account(name).email for name in (HEAD, HIGHMOOR_HEAD))
        assert sorted(told) == sorted(
            [
                (date(2026, 11, 27), head, "Still to come: Phonics"),
                (date(2026, 11, 27), other, "Still to come: Phonics"),
                (date(2026, 12, 3), head, "Still to come: Phonics"),
                (date(2026, 12, 7), head, "Overdue: Phonics"),
            ]
        )

    async def test_come_once_when_nobody_ran_on_their_day(self, scene: Scene) -> None:
        await ask(scene)
        await scene.idle()
        scene.courier.taken.clear()
        scene.clock.advance(days=15)  # past both days before the deadline, on a Saturday
        told = await days(scene, 2)
        assert [subject for _, _, subject in told] == ["Overdue: Phonics"] * 2

    async def test_wait_for_the_time_of_the_day(self, scene: Scene) -> None:
        await ask(scene)
        scene.clock.advance(days=6, seconds=-FRIDAY.hour * 3600)  # Friday, 00:30
        scene.clock.advance(days=1)
        assert await scene.house.requests.pass_once() == 0
        scene.clock.advance(8 * 3600)
        assert await scene.house.requests.pass_once() == 2

    async def test_can_be_left_out(self, scene: Scene) -> None:
        switch(scene, enabled=True, days=ReminderDays((), ()))
        await ask(scene)
        await scene.idle()
        scene.courier.taken.clear()
        assert await days(scene, 30) == []

    async def test_end_with_the_request(self, scene: Scene) -> None:
        id = (await ask(scene)).request.id
        await scene.idle()
        scene.courier.taken.clear()
        await scene.house.requests.close(id, by="it.admin")
        assert await days(scene, 30) == []

    @pytest.mark.parametrize("is_written", [False, True], ids=["before its commit", "after its commit"])
    async def test_are_neither_lost_nor_repeated_when_a_stop_comes(self, scene: Scene, is_written: bool) -> None:
        await ask(scene)
        await scene.idle()
        scene.courier.taken.clear()
        scene.clock.advance(days=7)
        rules = scene.house.policy.current
        await scene.restart(wrap=lambda ledger: EndsAtReminders(ledger, is_written))  # type: ignore[arg-type,return-value]
        scene.house.policy.current = rules
        with pytest.raises(Transient):
            await scene.house.requests.pass_once()
        await scene.idle()
        await scene.restart()
        scene.house.policy.current = rules
        await days(scene, 1)
        assert len(scene.courier.taken) == 2


class EndsAtReminders:
    """The real ledger of a process that ends when it owes reminders, with their mark."""

    def __init__(self, inner: Ledger, is_written: bool) -> None:
        self._inner, self._is_written = inner, is_written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def owe(self, notices: Sequence[Notice], *, marks: Mapping[str, str]) -> None:
        if self._is_written:
            await self._inner.owe(notices, marks=marks)
        raise Transient("the process ended here")


class TestSwitchedOff:
    """The commands say so, and nothing else changes."""

    async def test_nothing_can_be_asked_and_nothing_is_counted_or_told(self, scene: Scene) -> None:
        id = (await ask(scene)).request.id
        await scene.idle()
        scene.courier.taken.clear()
        switch(scene, enabled=False)
        await send(scene, "8304053_INFOphonics20261120.docx")
        scene.courier.taken.clear()
        assert await days(scene, 30) == []
        for refused in (ask(scene), scene.house.requests.standing(id), scene.house.requests.standings()):
            with pytest.raises(Permanent, match="switched off"):
                await refused
        with pytest.raises(Permanent, match="switched off"):
            await scene.house.requests.close(id, by="it.admin")
        assert [
            n.template for n in await scene.house.ledger.notices(NoticeQuery(template="file-request-reminder"))
        ] == []
        assert await scene.house.ledger.answers(id) == []
        (request,) = await scene.house.ledger.requests()
        assert request.closed_at is None


async def test_a_request_is_closed_once(scene: Scene) -> None:
    id = (await ask(scene)).request.id
    await scene.house.requests.close(id, by="it.admin")
    with pytest.raises(NotThere, match="closed already, by it"):
        await scene.house.requests.close(id, by="other")
    with pytest.raises(NotThere, match="There is no request"):
        await scene.house.requests.close("01knothing", by="it.admin")


class TestTheEnd:
    """Whoever opened it is told once when the deadline has passed: who has sent, and who has not."""

    async def end(self, scene: Scene) -> list[Mail]:
        """Let the deadline pass, and two more days; return what was told of the end."""
        scene.clock.advance((DUE - scene.clock.now()).total_seconds() + 1)
        for _ in range(3):
            await scene.house.requests.pass_once()
            await scene.idle()
            scene.clock.advance(days=1)
        return [mail for mail in scene.courier.taken if mail.subject.startswith("The deadline has passed")]

    async def test_is_told_to_an_opener_without_an_account_at_the_administrators_address(self, scene: Scene) -> None:
        standing = await ask(scene)
        await send(scene, "8304053_INFOphonics20261120.docx")
        (mail,) = await self.end(scene)
        assert mail.to == scene.house.policy.current.notices.administrator
        assert mail.subject == "The deadline has passed: Phonics (1 of 2 have sent)"
        said = " ".join(mail.text.split())
        for words in (
            "that it.admin opened",
            "Not sent: - 8301102 Millbeck Primary School",
            "Sent: - 8304053 ",
            f"gateway admin requests show {standing.request.id} --csv",
            f"gateway admin requests close {standing.request.id}",
        ):
            assert words in said

    async def test_is_told_to_an_opener_with_an_account_at_their_own(self, scene: Scene) -> None:
        await ask(scene, opened_by="nadia.rowbotham")
        (mail,) = await self.end(scene)
        assert mail.to == scene.account("nadia.rowbotham").email
        assert "that you opened has passed" in " ".join(mail.text.split())

    async def test_is_not_told_before_it_nor_of_one_that_was_closed(self, scene: Scene) -> None:
        standing = await ask(scene)
        scene.clock.advance((DUE - scene.clock.now()).total_seconds())
        await scene.house.requests.pass_once()
        await scene.house.requests.close(standing.request.id, by="it.admin")
        assert await self.end(scene) == []

    async def test_is_told_once_over_a_restart_and_a_day_of_downtime(self, scene: Scene) -> None:
        await ask(scene)
        await scene.stop()
        scene.clock.advance((DUE - scene.clock.now()).total_seconds() + 86_400)
        await scene.start()
        switch(scene, enabled=True)
        await scene.house.requests.pass_once()
        await scene.restart()
        switch(scene, enabled=True)
        assert len(await self.end(scene)) == 1

    async def test_waits_for_a_busy_ledger_and_is_told_then(self, scene: Scene) -> None:
        """The notice and the mark are one transaction: neither a gap nor a repeat."""
        await ask(scene)
        await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "owe", Transient("busy"), times=2))
        switch(scene, enabled=True)
        scene.clock.advance((DUE - scene.clock.now()).total_seconds() + 1)
        for _ in range(2):
            with pytest.raises(Transient):
                await scene.house.requests.pass_once()
        assert len(await self.end(scene)) == 1
