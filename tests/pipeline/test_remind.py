"""Remind: a digest has no gap and no repeat, and what nobody collected is told on working days (SPEC 6)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from gateway.core.mail import Mail
from gateway.errors import Transient
from gateway.pipeline.decisions import Actor
from gateway.pipeline.policy import Reminders
from gateway.ports import Ledger
from tests.fakes import ManualClock
from tests.scenarios.harness import HEAD, STAFF, Scene, scene_in

OFFICER = "nadia.rowbotham"  # of SEN
ADMINISTRATOR = "files-help@derbyshire.example"
HOUR = 3600


@pytest.fixture
async def scene(deployment):  # type: ignore[no-untyped-def]
    """A Friday morning, so that working days count."""
    async with scene_in(deployment, clock=ManualClock(datetime(2026, 11, 20, 9, 30, tzinfo=UTC))) as scene:
        scene.set_notices(administrator=ADMINISTRATOR)
        yield scene


def set_digest(scene: Scene, digest: str, code: str = "SEN") -> None:
    policy = scene.house.policy
    services = dict(policy.current.catalogue.services)
    services[code] = replace(services[code], digest=digest)
    policy.current = replace(policy.current, catalogue=replace(policy.current.catalogue, services=services))


def set_reminders(scene: Scene, **values: object) -> None:
    policy = scene.house.policy
    policy.current = replace(policy.current, reminders=replace(policy.current.reminders, **values))  # type: ignore[arg-type]


async def send(scene: Scene, *names: str, by: str = STAFF) -> None:
    await scene.email(by, *((name, name.encode()) for name in names))
    await scene.idle()
    scene.promises.clear()


async def remind(scene: Scene) -> int:
    owed = await scene.house.remind.pass_once()
    await scene.idle()
    return owed


def digests(scene: Scene, username: str = OFFICER) -> list[Mail]:
    return [mail for mail in scene.notices_to(username) if "for SEN" in mail.subject]


class EndsAtAMark:
    """The real ledger of a process that ends when it sets its nth mark."""

    def __init__(self, inner: Ledger, at: int) -> None:
        self._inner, self._left = inner, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def set_mark(self, name: str, value: str) -> None:
        self._left -= 1
        if self._left <= 0:
            raise Transient("the process ended here")
        await self._inner.set_mark(name, value)


class TestADigest:
    """What came for a service, told to its officers."""

    async def test_tells_at_once_what_came_and_nothing_twice(self, scene: Scene) -> None:
        set_digest(scene, "immediately")
        assert await remind(scene) == 0
        await send(scene, "8304053_SENjanedoe20261120.docx")
        assert await remind(scene) == 1
        assert await remind(scene) == 0
        (mail,) = digests(scene)
        assert mail.subject == "1 file for SEN"
        assert "8304053_SEN…20261120.docx" in mail.text
        assert "Jonas Abernethy" in mail.text
        assert "janedoe" not in mail.text
        assert "8304053 Highmoor Community School" in mail.text

    async def test_of_an_hour_waits_for_the_next_one(self, scene: Scene) -> None:
        set_digest(scene, "hourly")
        await remind(scene)
        await send(scene, "8304053_SENaV01.docx")
        scene.clock.advance(29 * 60)
        assert await remind(scene) == 0
        await send(scene, "8304053_SENbV01.docx")
        scene.clock.advance(60)
        assert await remind(scene) == 1
        assert [mail.subject for mail in digests(scene)] == ["2 files for SEN"]

    async def test_of_a_day_comes_at_its_time(self, scene: Scene) -> None:
        set_digest(scene, "daily")
        set_reminders(scene, at=time(16, 0), uncollected_days=0, warning_days=0)
        await remind(scene)
        await send(scene, "8304053_SENaV01.docx")
        scene.clock.advance(6 * HOUR)
        assert await remind(scene) == 0
        scene.clock.advance(30 * 60)
        assert await remind(scene) == 1
        await send(scene, "8304053_SENbV01.docx")
        scene.clock.advance(HOUR)
        assert await remind(scene) == 0
        scene.clock.advance(23 * HOUR)
        assert await remind(scene) == 1

    async def test_is_none_where_nothing_came(self, scene: Scene) -> None:
        set_digest(scene, "hourly")
        await remind(scene)
        await send(scene, "8304053_INFOaV01.docx")
        scene.clock.advance(HOUR)
        assert await remind(scene) == 0

    async def test_leaves_out_what_was_recalled_and_takes_in_what_was_handed_over(self, scene: Scene) -> None:
        set_digest(scene, "hourly")
        await remind(scene)
        await send(scene, "8304053_SENaV01.docx", "8304053_INFObV01.docx", "8304053_SENcV01.docx")
        admin = Actor("it.admin", "it.admin")
        await scene.house.decisions.recall((await scene.file("8304053_SENaV01.docx")).id, by=admin)
        await scene.house.decisions.reroute((await scene.file("8304053_INFObV01.docx")).id, "SEN", by=admin)
        await scene.house.decisions.reroute((await scene.file("8304053_SENcV01.docx")).id, "INFO", by=admin)
        await scene.idle()
        scene.clock.advance(HOUR)
        await remind(scene)
        (mail,) = digests(scene)
        assert mail.subject == "1 file for SEN"
        assert "re-routed from INFO" in mail.text

    async def test_says_that_a_file_is_a_new_version(self, scene: Scene) -> None:
        set_digest(scene, "hourly")
        await scene.email(STAFF, ("8304053_SENaV01.docx", b"one"))
        await scene.idle()
        await remind(scene)
        await scene.email(STAFF, ("8304053_SENaV01.docx", b"two"))
        await scene.idle()
        scene.clock.advance(HOUR)
        await remind(scene)
        assert "A new version" in digests(scene)[0].text

    async def test_that_a_file_is_not_told_before_it_lies_there(self, scene: Scene) -> None:
        set_digest(scene, "immediately")
        scene.house.policy.current = replace(scene.house.policy.current, undo_seconds=300.0)
        await remind(scene)
        await send(scene, "8304053_SENaV01.docx")
        assert await remind(scene) == 0
        scene.clock.advance(301)
        await scene.idle()
        assert await remind(scene) == 1

    async def test_survives_a_restart_without_a_gap(self, scene: Scene) -> None:
        set_digest(scene, "hourly")
        await remind(scene)
        await send(scene, "8304053_SENaV01.docx")
        current = scene.house.policy.current
        await scene.restart()
        scene.house.policy.current = current
        scene.clock.advance(HOUR)
        assert await remind(scene) == 1

    @pytest.mark.parametrize("at", [1, 2])
    async def test_is_neither_lost_nor_repeated_when_a_stop_comes_at_a_mark(self, scene: Scene, at: int) -> None:
        set_digest(scene, "hourly")
        await remind(scene)
        await send(scene, "8304053_SENaV01.docx")
        scene.clock.advance(HOUR)
        rules = scene.house.policy.current
        await scene.restart(wrap=lambda ledger: EndsAtAMark(ledger, at))  # type: ignore[arg-type,return-value]
        scene.house.policy.current = rules
        with pytest.raises(Transient):
            await scene.house.remind.pass_once()
        await scene.restart()
        scene.house.policy.current = rules
        await send(scene, "8304053_SENbV01.docx")
        await remind(scene)
        scene.clock.advance(HOUR)
        await remind(scene)
        told = [line for mail in digests(scene) for line in mail.text.split("\n") if "SEN…" in line]
        assert len(told) == 2

    async def test_of_very_many_files_names_a_hundred(self, scene: Scene) -> None:
        set_digest(scene, "immediately")
        await remind(scene)
        await send(scene, *(f"8304053_SENa{n}V01.docx" for n in range(105)))
        await remind(scene)
        (mail,) = digests(scene)
        assert mail.subject == "105 files for SEN"
        assert "and 5 more, in the Inbox." in mail.text

    async def test_leaves_with_a_return_path_and_no_reply_address(self, scene: Scene) -> None:
        set_digest(scene, "immediately")
        await remind(scene)
        await send(scene, "8304053_SENaV01.docx")
        await remind(scene)
        (mail,) = digests(scene)
        assert mail.return_path.startswith("bounce+")
        assert mail.reply_to is None

    async def test_costs_no_look_at_what_was_looked_at(self, scene: Scene) -> None:
        set_digest(scene, "immediately")
        await remind(scene)
        for n in range(3):
            await send(scene, f"8304053_INFOa{n}V01.docx")
            await remind(scene)
        assert scene.house.remind._looked_at["SEN"] == await scene.house.ledger.trail_end()


class TestUncollected:
    """Told after working days, and before the purge; the administrator gets the list by service."""

    async def test_is_told_after_so_many_working_days_and_once(self, scene: Scene) -> None:
        await remind(scene)  # Friday
        await send(scene, "8304053_SENaV01.docx", "8304053_INFOb20261120.docx")
        told = []
        for _ in range(14):
            scene.clock.advance(days=1)
            if await remind(scene):
                told.append(scene.clock.now().date())
        assert told == [date(2026, 11, 27)]  # the fifth working day after a Friday
        (mail,) = scene.notices_to(OFFICER)
        assert mail.subject == "1 file waits to be collected"
        (alert,) = scene.courier.to(ADMINISTRATOR)
        assert alert.subject == "2 files wait to be collected"
        assert alert.text.index("INFO (EYFS, Phonics): 1") < alert.text.index("SEN: 1")

    async def test_counts_no_holiday(self, scene: Scene) -> None:
        set_reminders(scene, holidays=frozenset({date(2026, 11, 23), date(2026, 11, 24)}))
        await send(scene, "8304053_SENaV01.docx")
        told = []
        for _ in range(14):
            scene.clock.advance(days=1)
            if await remind(scene):
                told.append(scene.clock.now().date())
        assert told == [date(2026, 12, 1)]

    async def test_is_told_on_a_later_day_when_nobody_ran_on_its_own(self, scene: Scene) -> None:
        await remind(scene)
        await send(scene, "8304053_SENaV01.docx")
        scene.clock.advance(days=11)
        assert await remind(scene) == 2
        scene.clock.advance(days=1)
        assert await remind(scene) == 0

    async def test_of_what_was_collected_is_not_told(self, scene: Scene) -> None:
        await send(scene, "8304053_SENaV01.docx")
        file = await scene.file("8304053_SENaV01.docx")
        await scene.house.decisions.receive(file.id, by=Actor.of(scene.account(OFFICER)))
        for _ in range(14):
            scene.clock.advance(days=1)
            assert await remind(scene) == 0

    async def test_is_told_again_before_it_is_destroyed(self, scene: Scene) -> None:
        await send(scene, "8304053_SENaV01.docx")
        told: list[tuple[date, str]] = []
        for _ in range(90):
            scene.clock.advance(days=1)
            if await remind(scene):
                told.append((scene.clock.now().date(), scene.notices_to(OFFICER)[-1].subject))
        assert told == [
            (date(2026, 11, 27), "1 file waits to be collected"),
            (date(2027, 2, 11), "Last chance: 1 file waits to be collected"),  # seven days before 18 February
        ]
        assert "destroyed on 18 February 2027" in " ".join(scene.notices_to(OFFICER)[-1].text.lower().split()).replace(
            "february", "February"
        )

    async def test_begins_anew_for_a_service_that_was_handed_the_file(self, scene: Scene) -> None:
        await send(scene, "8304053_INFOaV01.docx")
        scene.clock.advance(days=5)
        file = await scene.file("8304053_INFOaV01.docx")
        await scene.house.decisions.reroute(file.id, "SEN", by=Actor("it.admin", "it.admin"))
        await scene.idle()
        told = []
        for _ in range(10):
            scene.clock.advance(days=1)
            if await remind(scene):
                told.append(scene.clock.now().date())
        assert told == [date(2026, 12, 2)]

    async def test_can_be_switched_off(self, scene: Scene) -> None:
        scene.house.policy.current = replace(
            scene.house.policy.current, reminders=Reminders(uncollected_days=0, warning_days=0)
        )
        await send(scene, "8304053_SENaV01.docx")
        for _ in range(89):
            scene.clock.advance(days=1)
            assert await remind(scene) == 0


class TestADeliveryThatIsGivenUp:
    """A person hears of it, and can let it be tried again."""

    async def test_alerts_the_administrator_once(self, scene: Scene) -> None:
        (scene.drop_folder("SEN") / ".gateway-drop-folder").unlink()
        await send(scene, "8304053_SENjanedoe20261120.docx")
        for _ in range(200):
            scene.clock.advance(2 * HOUR)
            await scene.idle()
        (mail,) = scene.courier.to(ADMINISTRATOR)
        assert mail.subject == "A delivery to SEN was given up"
        assert "marker file .gateway-drop-folder is missing" in " ".join(mail.text.split())
        file = await scene.file("8304053_SENjanedoe20261120.docx")
        assert f"gateway admin deliveries retry {file.id}-2" in mail.text
        assert "janedoe" not in mail.text
        (scene.drop_folder("SEN") / ".gateway-drop-folder").touch()

    async def test_alerts_nobody_where_the_contact_names_no_address(self, scene: Scene) -> None:
        scene.set_notices(administrator="")
        (scene.drop_folder("SEN") / ".gateway-drop-folder").unlink()
        await send(scene, "8304053_SENaV01.docx", by=STAFF)
        for _ in range(200):
            scene.clock.advance(2 * HOUR)
            await scene.idle()
        assert scene.courier.to(ADMINISTRATOR) == []
        (scene.drop_folder("SEN") / ".gateway-drop-folder").touch()


async def test_a_head_and_an_officer_of_another_service_hear_nothing(scene: Scene) -> None:
    set_digest(scene, "immediately")
    await remind(scene)
    await send(scene, "8304053_SENaV01.docx")
    await remind(scene)
    for username in ("yusuf.demirel", HEAD, "callum.eastwick"):
        assert scene.notices_to(username) == []
