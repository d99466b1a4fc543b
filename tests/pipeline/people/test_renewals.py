"""Told in time: a new policy from its first day, and a password on its days, once each (SPEC 9; FIELD-NOTES A.9)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.core.agreement import AcceptableUse
from gateway.core.register import AccountState, Role
from gateway.core.renewals import ReminderDays, reminder_day
from tests.scenarios.harness import HEAD, Scene

DAYS = ReminderDays(80, 85, 90)


@pytest.mark.parametrize(
    ("age", "due"),
    [(0, None), (79, None), (80, 80), (81, 80), (84, 80), (85, 85), (86, 86), (89, 89), (90, None), (200, None)],
)
def test_each_day_of_a_password_has_its_reminder(age: int, due: int | None) -> None:
    set_on = date(2026, 9, 1)
    assert reminder_day(set_on, set_on + timedelta(days=age), DAYS) == due


def test_a_password_that_never_expires_is_never_reminded_of() -> None:
    assert reminder_day(date(2026, 9, 1), date(2026, 11, 25), replace(DAYS, expires=0)) is None


@pytest.fixture
async def aged(scene: Scene) -> Scene:
    """Return a scene in which the headteacher's password was set this morning."""
    await scene.set_account(HEAD, password_hash="hash", password_set_at=scene.clock.now())
    return scene


async def days_told(scene: Scene, days: int, *, without: tuple[int, ...] = (), restart: bool = False) -> list[int]:
    """Let so many days go by, those of a stop left out; return on which days the person was reminded."""
    told = []
    for day in range(1, days + 1):
        scene.clock.advance(days=1)
        if day in without:
            continue
        for _ in range(2):
            if restart:
                await scene.restart()
            await scene.house.renewals.pass_once()
        before = len(scene.courier.taken)
        await scene.idle()
        told += [day] * len(scene.courier.taken[before:])
    return told


async def test_a_password_is_reminded_of_on_its_days_and_never_after(aged: Scene) -> None:
    assert await days_told(aged, 95) == [80, 85, 86, 87, 88, 89]
    assert aged.courier.taken[0].subject == "Your password expires in 10 days"
    assert aged.courier.taken[-1].subject == "Your password expires in 1 day"


async def test_neither_a_restart_nor_a_day_of_downtime_repeats_or_loses_one(aged: Scene) -> None:
    aged.clock.advance(days=78)
    told = await days_told(aged, 12, without=(2, 8), restart=True)  # down on day 80, and on day 86
    assert told == [3, 7, 9, 10, 11]


async def test_the_reminders_stop_at_the_change(aged: Scene) -> None:
    aged.clock.advance(days=84)
    assert await days_told(aged, 2) == [1, 2]
    await aged.set_account(HEAD, password_hash="another", password_set_at=aged.clock.now())
    assert await days_told(aged, 70) == []


@pytest.mark.parametrize("change", [{"state": AccountState.SUSPENDED}, {"role": Role.DEVICE, "services": ("INFO",)}])
async def test_who_cannot_come_in_or_is_a_copier_is_not_reminded(aged: Scene, change: dict[str, object]) -> None:
    await aged.set_account(HEAD, **change)
    assert await days_told(aged, 95) == []


# The policy


def bring_in(scene: Scene, version: str, text: str = "Be kinder.\n") -> None:
    """Reload with another policy."""
    policy = scene.house.policy.current
    use = AcceptableUse(version, text)
    scene.house.policy.current = replace(policy, accounts=replace(policy.accounts, acceptable_use=use))


async def test_the_first_policy_is_written_down_and_nobody_is_told(scene: Scene) -> None:
    await scene.house.renewals.pass_once()
    await scene.idle()
    (known,) = await scene.house.ledger.policies()
    assert (known.version, known.digest, known.text) == (
        scene.tables.acceptable_use.version,
        scene.tables.acceptable_use.digest,
        scene.tables.acceptable_use.text,
    )
    assert scene.courier.taken == []


async def test_a_new_version_is_told_on_its_first_day_and_when_grace_is_over_and_no_more(scene: Scene) -> None:
    await scene.house.renewals.pass_once()
    bring_in(scene, "2026-12")
    people = [a for a in scene.house.directory.current.accounts.values() if a.is_active and a.email]
    for day in range(20):
        for _ in range(2):
            await scene.restart() if day == 3 else None
            bring_in(scene, "2026-12")
            await scene.house.renewals.pass_once()
        await scene.idle()
        told = len(scene.courier.to(people[0].email))
        assert told == (1 if day < 14 else 2), day
        scene.clock.advance(days=1)
    assert len(scene.courier.taken) == 2 * len(people)
    first, last = scene.courier.to(people[0].email)
    assert "Be kinder." in first.text
    assert first.reply_to == last.reply_to or first.reply_to is not None
    assert last.subject.startswith("You can't send until you agree")


async def test_a_new_version_of_the_same_words_is_told_too(scene: Scene) -> None:
    await scene.house.renewals.pass_once()
    bring_in(scene, "2026-12", scene.tables.acceptable_use.text)
    assert await scene.house.renewals.pass_once() > 0


async def test_who_agrees_is_told_no_more(scene: Scene) -> None:
    await scene.house.renewals.pass_once()
    bring_in(scene, "2026-12")
    await scene.house.renewals.pass_once()
    await scene.idle()
    await scene.set_account(HEAD, policy_version="2026-12")
    scene.clock.advance(days=15)
    await scene.house.renewals.pass_once()
    await scene.idle()
    assert len(scene.courier.to(scene.account(HEAD).email)) == 1


async def test_a_version_that_comes_back_is_asked_for_anew(scene: Scene) -> None:
    old = scene.tables.acceptable_use
    await scene.house.renewals.pass_once()
    bring_in(scene, "2026-12")
    await scene.house.renewals.pass_once()
    await scene.set_account(HEAD, policy_version="2026-12")
    scene.clock.advance(days=30)
    bring_in(scene, old.version, old.text)
    await scene.house.renewals.pass_once()
    assert scene.house.access.rules.policy_since == scene.clock.now()
