"""Access that nobody looks after: warned of, then ended; keys and devices' passwords that are old (SPEC 9)."""

from dataclasses import replace

import asyncssh

from gateway.core.register import AccountState, Role
from tests.scenarios.harness import Scene

DORA, MORAG, HELP = "dora.whitlam", "morag.fairlie", "files-help@gateway.test"
KEY = asyncssh.generate_private_key("ssh-ed25519", comment="a@desk").export_public_key().decode().strip()


async def tick(scene: Scene, days: float) -> None:
    scene.clock.advance(days=days)
    for _ in range(2):  # twice: a second look the same day says nothing more
        await scene.house.upkeep.pass_once()
    await scene.idle()


async def only(scene: Scene, *usernames: str) -> None:
    """Let nobody but these have ever been active, from now on."""
    scene.set_notices(administrator=HELP)
    for name, account in scene.house.directory.current.accounts.items():
        state = AccountState.ACTIVE if name in usernames else AccountState.VERIFIED
        await scene.set_account(name, state=state, activated_at=scene.clock.now() if name in usernames else None)
        assert account.username == name


def subjects(scene: Scene, address: str) -> list[str]:
    return [mail.subject for mail in scene.courier.to(address)]


async def test_an_account_that_is_not_used_is_reported_then_suspended(scene: Scene) -> None:
    await only(scene, DORA)
    await tick(scene, 179)
    assert scene.courier.to(HELP) == []
    await tick(scene, 1)
    assert subjects(scene, scene.account(DORA).email) == ["Your account for the file gateway is not used"]
    assert subjects(scene, HELP) == ["1 account is not used"]
    await scene.restart()
    await tick(scene, 29)
    assert scene.account(DORA).is_active
    await tick(scene, 1)
    assert scene.account(DORA).state is AccountState.SUSPENDED
    assert "suspended today" in scene.courier.to(HELP)[-1].text
    assert len(scene.courier.to(scene.account(DORA).email)) == 1
    (ground,) = await scene.house.ledger.suspensions(DORA)
    assert (ground.ground, ground.actor) == ("inactivity", "gateway")


async def test_a_login_or_a_file_keeps_the_account(scene: Scene) -> None:
    await only(scene, DORA, MORAG)
    await tick(scene, 185)
    await scene.house.ledger.note_login(DORA, at=scene.clock.now(), peer="192.0.2.7", how="sftp password")
    assert await scene.upload(MORAG, "8302117_INFOphonics20270520.docx", b"x", school="8302117") == ""
    await scene.idle()
    await tick(scene, 40)
    assert scene.account(DORA).is_active
    assert scene.account(MORAG).is_active


async def test_nobody_is_suspended_who_was_not_warned_as_long_before(scene: Scene) -> None:
    await only(scene, DORA)
    await tick(scene, 400)  # the gateway was not looked at for more than a year
    assert scene.account(DORA).is_active
    assert len(scene.courier.to(scene.account(DORA).email)) == 1
    await tick(scene, 30)
    assert not scene.account(DORA).is_active


async def test_with_zero_nothing_is_reported_or_suspended(scene: Scene) -> None:
    await only(scene, DORA)
    policy = scene.house.policy
    policy.current = replace(
        policy.current, upkeep=replace(policy.current.upkeep, unused_report_days=0, unused_suspend_days=0)
    )
    await tick(scene, 400)
    assert scene.courier.to(HELP) == []
    assert scene.account(DORA).is_active


async def test_an_old_key_is_told_to_its_owner_and_again_after_some_months_but_opens_on(scene: Scene) -> None:
    await only(scene, DORA)
    policy = scene.house.policy
    policy.current = replace(policy.current, upkeep=replace(policy.current.upkeep, unused_report_days=0))
    await scene.house.keys.add(DORA, KEY, by="the clerk")
    await scene.idle()
    for days in (364, 1, 1, 88):
        await tick(scene, days)
    told = [s for s in subjects(scene, scene.account(DORA).email) if s == "Time for a new key"]
    assert len(told) == 1
    await tick(scene, 10)  # the ninetieth day fell into a downtime
    told = [s for s in subjects(scene, scene.account(DORA).email) if s == "Time for a new key"]
    assert len(told) == 2
    assert scene.account(DORA).keys == (KEY,)


async def test_a_device_with_an_old_password_is_told_to_who_answers_for_it(scene: Scene) -> None:
    await only(scene, DORA, MORAG)
    policy = scene.house.policy
    policy.current = replace(policy.current, upkeep=replace(policy.current.upkeep, unused_report_days=0))
    await scene.set_account(
        DORA, role=Role.DEVICE, services=("INFO",), schools=("8302117",), password_set_at=scene.clock.now(),
        password_hash="$x",
    )  # fmt: skip
    await tick(scene, 365)
    (mail,) = [m for m in scene.notices_to(MORAG) if "password on a copier" in m.subject]
    assert DORA in mail.text
