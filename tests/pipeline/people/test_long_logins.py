"""Who takes minutes to log in, and what an administrator did meanwhile: what another decided last holds (SPEC 9).

Each case stops at the step that puts things in force, lets the other act go through, and goes on.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from gateway.core.admission import Refusal
from gateway.core.agreement import AcceptableUse
from gateway.core.proof import Proof, Way
from gateway.core.publickeys import key_of
from gateway.core.register import Account, AccountState
from gateway.core.standing import Approach
from gateway.errors import NotThere
from gateway.pipeline.people.accounts import Wish
from gateway.pipeline.people.login import Proven
from gateway.pipeline.people.suspend import Whom
from gateway.tables import read_deployment
from tests.core.test_proof import KEY
from tests.inbound.sftp.test_way_in import CODE
from tests.scenarios.harness import Scene
from tests.scenarios.stand_ins import Turnstile

SAMIR = "samir.okonjo"  # headteacher of Leys Junior
OLD, NEW, THIRD = "Harvest-Moon-42", "Tulip7garden", "Quiet9river"
CLERK = "the clerk"


@dataclass
class Stage:
    """A house whose ledger stops people where a test says so."""

    scene: Scene
    turnstile: Turnstile

    async def account(self) -> Account:
        """Return the account as the ledger has it."""
        found = (await self.scene.house.ledger.directory()).account(SAMIR)
        assert found is not None
        return found

    async def code(self) -> str:
        """Return the code of the mail that was sent last."""
        await self.scene.idle()
        await self.scene.house.directory.pass_once()
        found = CODE.search(self.scene.notices_to(SAMIR)[-1].text)
        assert found is not None
        return found[1]

    async def prove(self, typed: str) -> Proof:
        """Type something where a password is asked for."""
        found = await self.scene.house.login.prove(SAMIR, typed, peer="192.0.2.7", by=Approach.PASSWORD)
        assert isinstance(found, Proven), found
        return found.proof


@pytest.fixture
async def stage(deployment: Path) -> AsyncIterator[Stage]:
    settings, tables = read_deployment(deployment / "gateway.toml")
    scene, found = Scene(deployment, settings, tables), []
    await scene.start(wrap=lambda ledger: found.append(Turnstile(ledger)) or found[0])  # type: ignore[func-returns-value]
    yield Stage(scene, found[0])
    await scene.stop()


# How somebody comes to be known.


async def by_password(stage: Stage) -> Proof:
    hash = await stage.scene.house.hasher.hash(OLD)
    await stage.scene.set_account(SAMIR, password_hash=hash, password_set_at=stage.scene.clock.now())
    return await stage.prove(OLD)


async def by_first_code(stage: Stage) -> Proof:
    await stage.scene.set_account(SAMIR, state=AccountState.VERIFIED, policy_version=None, activated_at=None)
    await stage.scene.house.accounts.send_activation(SAMIR, actor=CLERK)
    return await stage.prove(await stage.code())


async def by_new_code(stage: Stage) -> Proof:
    await stage.scene.house.accounts.reset_password(SAMIR, actor=CLERK)
    return await stage.prove(await stage.code())


async def by_both(stage: Stage) -> Proof:
    await by_password(stage)
    await stage.scene.set_account(SAMIR, password_set_at=stage.scene.clock.now() - timedelta(days=90))
    await stage.scene.house.accounts.send_expired_code(SAMIR)
    return await stage.prove(f"{OLD} {await stage.code()}")


async def by_key(stage: Stage) -> Proof:
    await by_password(stage)
    await stage.scene.set_account(SAMIR, keys=(KEY,))
    return Proof(await stage.account(), Way.KEY, key_of(KEY).fingerprint)


async def by_reply(stage: Stage) -> Proof:
    await by_password(stage)
    return Proof(await stage.account(), Way.REPLY)


# What happens meanwhile.


async def reset(stage: Stage) -> object:
    return await stage.scene.house.accounts.reset_password(SAMIR, actor=CLERK)


async def new_activation(stage: Stage) -> object:
    await stage.scene.house.accounts.send_activation(SAMIR, actor=CLERK)
    return await stage.code()


async def suspended(stage: Stage) -> object:
    return await stage.scene.house.suspend.suspend(Whom(SAMIR), reason="left", by=CLERK)


async def school_suspended(stage: Stage) -> object:
    return await stage.scene.house.suspend.suspend(Whom(school="8302000"), reason="closed", by=CLERK)


async def incident(stage: Stage) -> object:
    return await stage.scene.house.suspend.open_incident("8302000", reason="looked into", by=CLERK)


async def revoked(stage: Stage) -> object:
    return await stage.scene.house.suspend.revoke(Whom(SAMIR), reason="left", by=CLERK)


async def revoked_and_begun_anew(stage: Stage) -> object:
    await revoked(stage)
    return await stage.scene.house.suspend.reinstate(Whom(SAMIR), reason="back", by=CLERK)


async def school_taken(stage: Stage) -> object:
    def without(account: Account) -> Account:
        return replace(account, schools=())

    ledger, now = stage.scene.house.ledger, stage.scene.clock.now()
    return await ledger.amend_account(SAMIR, without, actor="a head", at=now, event="remove-school")


async def address_changed(stage: Stage) -> object:
    addresses, account = stage.scene.house.addresses, await stage.account()
    return await addresses.change_at_once(account, "samir@leys.example", by=CLERK, why="a form")


async def keys_taken(stage: Stage) -> object:
    return await stage.scene.house.keys.remove(SAMIR, key_of(KEY).fingerprint, by=CLERK)


async def another_login(stage: Stage) -> object:
    """The same person in another window, by the same password or code, to its end."""
    account = await stage.account()
    way = Way.CODE if account.code and account.code.is_password else Way.BOTH if account.code else Way.PASSWORD
    use = stage.scene.tables.acceptable_use
    return await stage.scene.house.accounts.settle(Proof(account, way), Wish(THIRD, use))


async def re_hashed(stage: Stage) -> object:
    """Another door lets them in and makes their hash anew, since its costs were changed."""
    hash, passwords = (await stage.account()).password_hash, stage.scene.house.passwords
    stage.scene.house.hasher._argon = type(stage.scene.house.hasher._argon)(2, 16, 1)  # a reload's new costs
    await passwords.freshen(await stage.account(), OLD)
    assert (await stage.account()).password_hash != hash
    return None


async def wrong_guess(stage: Stage) -> object:
    code = (await stage.account()).code
    assert code is not None
    return await stage.scene.house.ledger.count_wrong_code(SAMIR, code=code.hash, at=stage.scene.clock.now())


Begin = Callable[[Stage], Awaitable[Proof]]
Act = Callable[[Stage], Awaitable[object]]

TAKEN_AWAY: tuple[Act, ...] = (suspended, school_suspended, incident, revoked, revoked_and_begun_anew, school_taken)
REFUSED: dict[Begin, tuple[Act, ...]] = {
    by_password: (*TAKEN_AWAY, reset, another_login),
    by_first_code: (*TAKEN_AWAY, new_activation, address_changed, another_login),
    by_new_code: (*TAKEN_AWAY, reset, address_changed, another_login),
    by_both: (*TAKEN_AWAY, reset, address_changed, another_login),
    by_key: (*TAKEN_AWAY, keys_taken),
    by_reply: (*TAKEN_AWAY, address_changed),
}
TAKEN: dict[Begin, tuple[Act, ...]] = {
    by_password: (re_hashed, address_changed),
    by_first_code: (wrong_guess,),
    by_new_code: (wrong_guess,),
    by_both: (re_hashed, wrong_guess),
    by_key: (reset, re_hashed, address_changed, another_login),
    by_reply: (reset, re_hashed, another_login),
}


async def meet(stage: Stage, begin: Begin, act: Act) -> tuple[str, Account]:
    """Settle what somebody wished for, the act in between; return the refusal, if any, and what the act left."""
    proof = await begin(stage)
    stage.scene.clock.advance(60)
    is_known = proof.way in (Way.KEY, Way.REPLY)
    wish = Wish(None if is_known else NEW, AcceptableUse("2026-12", "Other words.\n"))
    left: list[Account] = []

    async def settle() -> str:
        try:
            await stage.scene.house.accounts.settle(proof, wish)
        except NotThere as refused:
            return str(refused)
        return ""

    async def other() -> None:
        await act(stage)
        left.append(await stage.account())

    said, _, has_stopped = await stage.turnstile.meet(settle(), other, at=0)
    assert has_stopped
    return said, left[0]


def cases(table: dict[Begin, tuple[Act, ...]]) -> list[object]:
    return [pytest.param(b, a, id=f"{b.__name__}-{a.__name__}") for b, acts in table.items() for a in acts]


@pytest.mark.parametrize(("begin", "act"), cases(REFUSED))
async def test_what_another_decided_meanwhile_is_not_overruled(stage: Stage, begin: Begin, act: Act) -> None:
    said, left = await meet(stage, begin, act)
    assert "meanwhile" in said or "anew" in said or "any more" in said
    assert await stage.account() == left


@pytest.mark.parametrize(("begin", "act"), cases(TAKEN))
async def test_what_touches_no_proof_refuses_nobody(stage: Stage, begin: Begin, act: Act) -> None:
    said, left = await meet(stage, begin, act)
    assert said == ""
    now = await stage.account()
    assert now != left
    if begin not in (by_key, by_reply):
        assert await stage.scene.house.hasher.verify(now.password_hash, NEW)


async def test_the_same_code_beside_an_expired_password_opens_once(stage: Stage) -> None:
    proof = await by_both(stage)
    use_up = stage.scene.house.accounts.use_up

    async def first() -> str:
        try:
            await use_up(proof)
        except NotThere as refused:
            return str(refused)
        return ""

    said, _, _ = await stage.turnstile.meet(first(), lambda: use_up(proof), at=0)
    assert "one-time code was used" in said


async def test_a_reset_at_every_step_of_a_login_is_never_overruled(stage: Stage) -> None:
    """From the first look at the register to the last write; the administrator's command is a process of its own."""
    house, scene = stage.scene.house, stage.scene
    command = Scene(scene.folder, scene.settings, scene.tables, scene.clock)
    await command.start()

    async def change_password() -> object:
        found = await house.login.prove(SAMIR, OLD, peer="192.0.2.7", by=Approach.PASSWORD)
        if isinstance(found, Refusal):
            return found
        try:
            return await house.accounts.settle(found.proof, Wish(NEW))
        except NotThere as refused:
            return refused

    for step in range(20):
        hash = await house.hasher.hash(OLD)
        await stage.scene.set_account(SAMIR, password_hash=hash, password_set_at=stage.scene.clock.now())
        stage.scene.clock.advance(60)
        reset = partial(command.house.accounts.reset_password, SAMIR, actor=CLERK)
        answer, _, has_stopped = await stage.turnstile.meet(change_password(), reset, at=step)
        assert (await stage.account()).password_hash is None, f"step {step}"
        if not has_stopped:
            assert isinstance(answer, Account)
            assert step >= 3  # the register twice, and the change
            break
        assert isinstance(answer, Refusal | NotThere), f"step {step}: {answer}"
    else:
        raise AssertionError("the login never ends")
    await command.stop()


async def test_a_person_agrees_to_the_text_that_they_were_shown(stage: Stage) -> None:
    """A new version that comes in while they read does not become theirs unread."""
    proof, shown = await by_reply(stage), AcceptableUse("2026-10", "The old words.\n")
    await stage.scene.house.accounts.settle(proof, Wish(agrees_to=shown))
    (word,) = [w for w in await stage.scene.house.ledger.agreements(SAMIR) if w.how == "login"]
    assert (word.version, word.digest) == (shown.version, shown.digest)
    assert stage.scene.tables.acceptable_use.version != shown.version


async def test_a_wrong_guess_at_an_old_code_takes_no_try_from_the_new_one(stage: Stage) -> None:
    old = (await by_first_code(stage)).account.code
    await new_activation(stage)
    assert old is not None
    await stage.scene.house.ledger.count_wrong_code(SAMIR, code=old.hash, at=stage.scene.clock.now())
    code = (await stage.account()).code
    assert code is not None
    assert code.tries == stage.scene.settings.accounts.code_tries


async def test_nothing_of_before_opens_an_account_that_was_closed_and_begun_anew(stage: Stage) -> None:
    await by_first_code(stage)
    await revoked_and_begun_anew(stage)
    assert (await stage.account()).code is None


async def test_a_code_for_an_address_that_was_changed_is_not_mailed(stage: Stage) -> None:
    await stage.scene.set_account(SAMIR, state=AccountState.VERIFIED, policy_version=None, activated_at=None)
    await stage.scene.house.accounts.send_activation(SAMIR, actor=CLERK)
    before = (await stage.account()).email
    await address_changed(stage)
    await stage.scene.idle()
    assert [mail.subject for mail in stage.scene.courier.to(before)] == ["Your address was changed"]
    assert (await stage.account()).code is None
