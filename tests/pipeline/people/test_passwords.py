"""Passwords as they are compared: dearer when the costs change, and the same work for everybody (SPEC 9)."""

import pytest

from gateway.core.codes import CodeFor
from gateway.core.mail import NoticeQuery, NoticeState, Posted
from gateway.core.register import AccountState
from gateway.core.standing import Approach
from gateway.pipeline.people.login import WRONG, Login, Proven
from gateway.pipeline.people.passwords import Passwords
from gateway.store.hashing import Hasher
from tests.pipeline.people.test_login import CountingHasher
from tests.scenarios.harness import HEAD, Scene

PASSWORD = "Harvest-Moon-42"
FORMS = (PASSWORD, f"{PASSWORD} CHANGE", f"{PASSWORD} ABCD-EFGH", f"{PASSWORD} ABCD-EFGH Tulip7garden", "CHANGE", "")


async def test_a_password_is_hashed_anew_when_the_costs_changed_and_keeps_its_age(scene: Scene) -> None:
    cheap, dear = Hasher(time_cost=1, memory_kib=8), Hasher(time_cost=2, memory_kib=16)
    try:
        old, at = await cheap.hash(PASSWORD), scene.clock.now()
        await scene.set_account(HEAD, password_hash=old, password_set_at=at)
        house = scene.house
        passwords = Passwords(house.ledger, house.policy, dear)
        login = Login(house.access, house.ledger, scene.clock, dear, passwords=passwords)
        for _ in range(2):
            assert isinstance(await login.prove(HEAD, PASSWORD, peer="192.0.2.7", by=Approach.PASSWORD), Proven)
        await house.directory.pass_once()
        now = scene.account(HEAD)
        assert now.password_hash not in (None, old)
        assert not dear.needs_rehash(now.password_hash or "")
        assert now.password_set_at == at
        assert await house.ledger.earlier_hashes(HEAD) == [now.password_hash]
        assert await passwords.judge(PASSWORD, of=now) == ("It was used before; choose one that is new.",)
    finally:
        cheap.close()
        dear.close()


@pytest.mark.parametrize("typed", FORMS)
async def test_each_form_costs_the_same_whoever_the_account_is(scene: Scene, typed: str) -> None:
    await scene.set_account(HEAD, password_hash="another hash")
    work = []
    for username in (HEAD, "nobody.atall", "jonas.abernethy"):
        hasher = CountingHasher()
        login = Login(scene.house.access, scene.house.ledger, scene.clock, hasher)
        assert await login.prove(username, typed, peer="192.0.2.7", by=Approach.PASSWORD) == WRONG
        work.append(len(hasher.asked))
    assert len(set(work)) == 1


async def test_a_code_opens_nothing_but_the_conversation(scene: Scene) -> None:
    await scene.set_account(HEAD, state=AccountState.VERIFIED, policy_version=None)
    await scene.house.accounts.send_activation(HEAD, actor="the clerk")
    await scene.idle()
    await scene.house.directory.pass_once()
    code = next(line for line in scene.courier.taken[-1].text.split("\n") if line.strip().count("-") == 2).strip()
    login = scene.house.login
    assert await login.verify_password(HEAD, code, peer="192.0.2.7", by=Approach.MAIL_LOGIN) == WRONG
    found = await login.prove(HEAD, code, peer="192.0.2.7", by=Approach.PASSWORD)
    assert isinstance(found, Proven)
    assert found.by_code


async def test_a_mail_that_is_tried_again_carries_another_code_and_the_first_is_void(scene: Scene) -> None:
    await scene.set_account(HEAD, state=AccountState.VERIFIED, policy_version=None)
    hashes: list[str] = []

    def silent(_mail: object) -> Posted:
        return Posted("later", "451 try again")

    await scene.house.accounts.send_activation(HEAD, actor="the clerk")
    scene.courier.answer = silent
    for _ in range(2):
        await scene.house.notifier.pass_once()
        await scene.house.directory.pass_once()
        account = scene.account(HEAD)
        assert account.code is not None
        assert account.code.purpose is CodeFor.ACTIVATION
        hashes.append(account.code.hash)
        scene.clock.advance(7200)
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.REVOKED])
async def test_a_code_that_is_owed_does_not_leave_to_who_was_taken_away_meanwhile(
    scene: Scene, state: AccountState
) -> None:
    await scene.set_account(HEAD, state=AccountState.VERIFIED, policy_version=None)
    await scene.house.accounts.send_activation(HEAD, actor="the clerk")
    await scene.set_account(HEAD, state=state)
    await scene.idle()
    assert scene.courier.taken == []
    (notice,) = await scene.house.ledger.notices(NoticeQuery(username=HEAD))
    assert notice.state is NoticeState.GIVEN_UP
    assert "may not have a code any more" in (notice.error or "")


async def test_a_reset_voids_the_old_password_at_once_and_tells_the_headteacher(scene: Scene) -> None:
    staff = "jonas.abernethy"
    await scene.set_account(staff, password_hash=await scene.house.hasher.hash(PASSWORD))
    await scene.house.accounts.reset_password(staff, actor="the clerk")
    found = await scene.house.login.prove(staff, PASSWORD, peer="192.0.2.7", by=Approach.PASSWORD)
    assert found == WRONG
    await scene.idle()
    told = {mail.to: mail.subject for mail in scene.courier.taken}
    assert told[scene.account(staff).email] == "A new password for the file gateway"
    assert told[scene.account("yusuf.demirel").email].startswith("The password of Jonas Abernethy was reset")
