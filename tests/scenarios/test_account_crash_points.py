"""Dying at every change of an account, before and after its commit: it happened with all that belongs to it, or not.

Each story is told once to count its changes of the ledger, then twice for each of them with a process that dies there;
then a new process starts on what is left and works everything off. What was told is what happened: no notice is lost,
none tells of what did not happen, and no access is open that was closed (SPEC 9, 11; DESIGN 3).
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from gateway.core.mail import Mail
from gateway.core.model import Channel
from gateway.core.publickeys import key_of
from gateway.core.register import Account, AccountState, Role
from gateway.core.standing import Approach
from gateway.pipeline.people.accounts import Wish
from gateway.pipeline.people.keys import KeyChange
from gateway.pipeline.people.login import Proven
from gateway.pipeline.people.suspend import Whom
from gateway.ports import Ledger
from tests.core.test_proof import KEY, OTHER_KEY
from tests.fakes import DyingDisk, dies
from tests.inbound.sftp.test_way_in import CODE
from tests.pipeline.test_reply import deliver
from tests.scenarios.harness import HEAD, Scene, letter
from tests.scenarios.invariants import Books
from tests.scenarios.stand_ins import DyingLedger
from tests.scenarios.test_every_crash_point import Stage, Story, ingests, notifies, rests

ADA = "ada.person"
DORA, MORAG = "dora.whitlam", "morag.fairlie"  # staff and headteacher of 8302117 and 8302118
SAMIR = "samir.okonjo"  # the headteacher of 8302000
OLD, NEW = "Harvest-Moon-42", "Tulip7garden"
CLERK, SCHOOL, ELSEWHERE = "the clerk", "8302117", "dora@fernhollow-academy.example"

Act = Callable[[Scene], Awaitable[object]]
Told = dict[str, int]  # template -> notices


@dataclass(frozen=True)
class Tale:
    """What went well before, what is cut off, and what must be so then."""

    name: str
    before: tuple[Act, ...]
    act: tuple[Act, ...]
    happened: Callable[[Scene], Awaitable[bool]]  # wholly; fails for half of it
    told: Told
    goes_on: bool = False  # a new process does again what was cut off: it did happen in the end

    def __str__(self) -> str:
        """Name the test."""
        return self.name


async def account(scene: Scene, username: str) -> Account | None:
    return (await scene.house.ledger.directory()).account(username)


async def of(scene: Scene, username: str) -> Account:
    found = await account(scene, username)
    assert found is not None
    return found


async def is_let_in(scene: Scene, username: str, typed: str) -> bool:
    """Return whether a password or a code opens the door now."""
    found = await scene.house.login.prove(username, typed, peer="192.0.2.7", by=Approach.PASSWORD)
    return isinstance(found, Proven) and (found.refusal is None or found.refusal.code == "account-verified")


def last_mail(scene: Scene, username: str) -> Mail:
    return scene.notices_to(username)[-1]


def last_code(scene: Scene, username: str) -> str:
    (found,) = CODE.findall(last_mail(scene, username).text)
    return str(found)


# The way in


async def asks_for_ada(scene: Scene) -> None:
    ada = Account(ADA, "Ada", "Person", "ada.person@millbeck.example", Role.STAFF, schools=("8301102",))
    await scene.house.accounts.request(ada, by="Ruth Ashdown", actor=CLERK)


async def is_requested(scene: Scene) -> bool:
    return await account(scene, ADA) is not None


async def verifies(scene: Scene) -> None:
    await scene.house.accounts.verify(ADA, evidence="form 12", actor=CLERK)


async def is_verified(scene: Scene) -> bool:
    return (await of(scene, ADA)).state is AccountState.VERIFIED


async def sends_another_code(scene: Scene) -> None:
    await scene.house.accounts.send_activation(ADA, actor=CLERK)


async def another_code_was_sent(scene: Scene) -> bool:
    return "send-code" in {row.action for row in await scene.house.ledger.trail(subject=ADA)}


async def the_code_in_the_last_mail_opens(scene: Scene) -> bool:
    assert await is_let_in(scene, ADA, last_code(scene, ADA))
    return True


async def logs_in_for_the_first_time(scene: Scene) -> None:
    await scene.house.directory.pass_once()
    code = last_code(scene, ADA)
    found = await scene.house.login.prove(ADA, code, peer="192.0.2.7", by=Approach.PASSWORD)
    assert isinstance(found, Proven)
    use = scene.tables.acceptable_use
    await scene.house.accounts.settle(found.proof, Wish(NEW, use, "192.0.2.7"))
    await scene.house.login.note(found.account, peer="192.0.2.7", channel="sftp", how="password")


async def is_in_with_everything(scene: Scene) -> bool:
    ada, words = await of(scene, ADA), await scene.house.ledger.agreements(ADA)
    if ada.state is AccountState.VERIFIED:
        assert (ada.password_hash, words, ada.policy_version) == (None, [], None)
        assert await is_let_in(scene, ADA, last_code(scene, ADA))
        return False
    assert (ada.state, ada.code, len(words)) == (AccountState.ACTIVE, None, 1)
    assert ada.activated_at is not None
    assert await is_let_in(scene, ADA, NEW)
    assert not await is_let_in(scene, ADA, last_code(scene, ADA))
    return True


async def agrees_by_reply(scene: Scene) -> None:
    await scene.house.directory.pass_once()
    await deliver(scene, last_mail(scene, ADA).reply_to or "", "AGREE", by=ADA)


async def has_agreed_by_reply(scene: Scene) -> bool:
    ada, words = await of(scene, ADA), await scene.house.ledger.agreements(ADA)
    assert (ada.state, [word.how for word in words]) == (AccountState.ACTIVE, ["email"])
    assert "Your account is active" in " ".join(last_mail(scene, ADA).text.split())
    return True


async def sends_a_form(scene: Scene) -> None:
    await scene.house.forms.send(scene.account(HEAD), actor=CLERK)


async def a_form_was_sent(scene: Scene) -> bool:
    return "send-form" in {row.action for row in await scene.house.ledger.trail(subject=HEAD)}


async def fills_it_in(scene: Scene) -> None:
    said = "Forename: Ada\nSurname: Person\nRole: staff\nEmail: ada.person@millbeck.example"
    await deliver(scene, last_mail(scene, HEAD).reply_to or "", said, by=HEAD)


async def ada_waits(scene: Scene) -> bool:
    found = (await scene.house.ledger.directory()).by_address("ada.person@millbeck.example")
    assert found is not None
    assert found.state is AccountState.REQUESTED
    return True


# Passwords


async def has_a_password(scene: Scene) -> None:
    hash = await scene.house.hasher.hash(OLD)
    await scene.set_account(SAMIR, password_hash=hash, password_set_at=scene.clock.now() - timedelta(days=90))


async def changes_it(scene: Scene) -> None:
    await scene.house.directory.pass_once()
    found = await scene.house.login.prove(SAMIR, OLD, peer="192.0.2.7", by=Approach.PASSWORD)
    assert isinstance(found, Proven)
    await scene.house.accounts.settle(found.proof, Wish(NEW))


async def it_is_changed(scene: Scene) -> bool:
    samir = await of(scene, SAMIR)
    is_new = await scene.house.hasher.verify(samir.password_hash, NEW)
    assert is_new is not await scene.house.hasher.verify(samir.password_hash, OLD)
    assert len(await scene.house.ledger.earlier_hashes(SAMIR)) == 1 + is_new
    return is_new


async def is_reset(scene: Scene) -> None:
    await scene.house.accounts.reset_password(DORA, actor=CLERK)


async def has_a_password_of_her_own(scene: Scene) -> None:
    hash = await scene.house.hasher.hash(OLD)
    await scene.set_account(DORA, password_hash=hash, password_set_at=scene.clock.now())


async def it_was_reset(scene: Scene) -> bool:
    dora = await of(scene, DORA)
    if dora.password_hash is not None:
        return False
    assert not await is_let_in(scene, DORA, OLD)
    assert await is_let_in(scene, DORA, last_code(scene, DORA))
    return True


async def leaves_the_question_unanswered(scene: Scene) -> None:
    await scene.house.accounts.send_expired_code(SAMIR)


async def one_code_of_the_day_is_used(scene: Scene) -> bool:
    return bool(await scene.house.ledger.mark(f"expired-codes {SAMIR}"))


async def guesses(scene: Scene) -> None:
    assert not await is_let_in(scene, ADA, "WRNG-WRNG-WRNG")


async def one_try_is_less(scene: Scene) -> bool:
    code = (await of(scene, ADA)).code
    assert code is not None
    assert scene.settings.accounts.code_tries - code.tries in (0, 1)
    return code.tries < scene.settings.accounts.code_tries


# Access that ends


def ends(deed: str, whom: Whom) -> Act:
    async def act(scene: Scene) -> None:
        answer = await getattr(scene.house.suspend, deed)(whom, reason="a form", by=CLERK)
        assert isinstance(answer, tuple), answer

    return act


async def of_the_school(scene: Scene) -> list[Account]:
    return list((await scene.house.ledger.directory()).people_of(SCHOOL))


def is_all(state: AccountState, *, of_all: bool) -> Callable[[Scene], Awaitable[bool]]:
    """Return whether one person, or everybody of a school, is in this state; never some of them."""

    async def happened(scene: Scene) -> bool:
        people = await of_the_school(scene) if of_all else [await of(scene, DORA)]
        found = {person.state is state for person in people}
        assert len(found) == 1
        if found == {True} and state is not AccountState.ACTIVE:
            assert not await is_let_in(scene, DORA, OLD)
            grounds = {ground.username for ground in await scene.house.ledger.suspensions()}
            assert (DORA in grounds) is (state is AccountState.SUSPENDED)
        return found == {True}

    return happened


async def an_incident_opens(scene: Scene) -> None:
    await scene.house.suspend.open_incident(SCHOOL, reason="looked into", by=CLERK)


async def it_is_open(scene: Scene) -> bool:
    incidents, states = await scene.house.ledger.incidents(), {p.state for p in await of_the_school(scene)}
    assert states == {AccountState.SUSPENDED if incidents else AccountState.ACTIVE}
    return bool(incidents)


async def it_closes(scene: Scene) -> None:
    (incident,) = await scene.house.ledger.incidents(is_open=True)
    await scene.house.suspend.close_incident(incident.id, reason="nothing found", by=CLERK)


async def it_is_closed(scene: Scene) -> bool:
    is_open, states = await scene.house.ledger.incidents(is_open=True), {p.state for p in await of_the_school(scene)}
    assert states == {AccountState.SUSPENDED if is_open else AccountState.ACTIVE}
    return not is_open


async def nobody_comes_for_half_a_year(scene: Scene) -> None:
    scene.clock.advance(days=181)


async def nor_for_a_month_more(scene: Scene) -> None:
    scene.clock.advance(days=31)


async def looks_after_it(scene: Scene) -> None:
    await scene.house.upkeep.pass_once()


async def everybody_is_warned(scene: Scene) -> bool:
    assert all(person.is_active for person in await of_the_school(scene))
    return True


async def everybody_is_suspended(scene: Scene) -> bool:
    assert not any(person.is_active for person in await of_the_school(scene))
    return True


# Keys


async def adds_a_key(scene: Scene) -> None:
    assert isinstance(await scene.house.keys.add(DORA, KEY, by=CLERK), KeyChange)


async def it_is_hers(scene: Scene) -> bool:
    facts = {fact.fingerprint for fact in await scene.house.ledger.key_facts(DORA)}
    assert facts == {key_of(line).fingerprint for line in (await of(scene, DORA)).keys}
    return key_of(KEY).fingerprint in facts


async def removes_it(scene: Scene) -> None:
    assert isinstance(await scene.house.keys.remove(DORA, key_of(KEY).fingerprint, by=CLERK), KeyChange)


async def it_is_gone(scene: Scene) -> bool:
    return not await it_is_hers(scene)


async def puts_another_in_its_place(scene: Scene) -> None:
    assert isinstance(await scene.house.keys.replace(DORA, OTHER_KEY, by=DORA, peer="192.0.2.7"), KeyChange)


# Reviews and addresses


async def a_review_starts(scene: Scene) -> None:
    await scene.house.review.start(by=CLERK, schools=(SCHOOL,))


async def it_has_started(scene: Scene) -> bool:
    return bool(await scene.house.ledger.reviews())


async def says_who_goes(scene: Scene) -> None:
    await deliver(scene, last_mail(scene, MORAG).reply_to or "", "REMOVE Dora Whitlam", by=MORAG)


async def she_is_gone_from_there(scene: Scene) -> bool:
    assert SCHOOL not in (await of(scene, DORA)).schools
    (review,) = await scene.house.ledger.reviews()
    assert [letter.answer for letter in review.letters] == ["REMOVE Dora Whitlam"]
    assert "Their access to this school has ended" in " ".join(last_mail(scene, MORAG).text.split())
    return True


async def weeks_pass(scene: Scene) -> None:
    scene.clock.advance(days=29)


async def it_is_reminded_of_and_reported(scene: Scene) -> bool:
    (review,) = await scene.house.ledger.reviews()
    assert all(letter.reminded_at and letter.reported_at for letter in review.letters)
    return True


async def asks_for_another_address(scene: Scene) -> None:
    await scene.house.addresses.ask(scene.account(DORA), ELSEWHERE, by=DORA)


async def it_was_asked_for(scene: Scene) -> bool:
    return bool((await scene.house.ledger.directory()).pending)


async def the_new_one_confirms(scene: Scene) -> None:
    await deliver(scene, scene.courier.to(ELSEWHERE)[-1].reply_to or "", "CONFIRM", by=DORA)


async def the_old_one_confirms(scene: Scene) -> None:
    await deliver(scene, last_mail(scene, DORA).reply_to or "", "CONFIRM", by=DORA)


async def it_is_her_address(scene: Scene) -> bool:
    directory = await scene.house.ledger.directory()
    dora = await of(scene, DORA)
    if dora.email != ELSEWHERE:
        assert directory.pending == {}
        return False
    assert directory.pending == {}
    return True


async def it_must_be_her_address(scene: Scene) -> bool:
    assert await it_is_her_address(scene)
    return True


async def the_clerk_changes_it(scene: Scene) -> None:
    await scene.house.addresses.change_at_once(scene.account(DORA), ELSEWHERE, by=CLERK, why="a form")


async def mail_comes_back(scene: Scene) -> None:
    return_path = last_mail(scene, DORA).return_path
    intake = scene.house.receive.begin()
    intake.write(letter("MAILER-DAEMON@relay.test", text="User unknown"))
    facts = {"channel": Channel.EMAIL, "username": "", "verified_by": "bounce", "peer": "192.0.2.7"}
    envelope = await intake.seal(**facts, recipients=(return_path,), sender="")  # type: ignore[arg-type]
    scene.house.receive.accepted(envelope)


async def her_address_is_stale(scene: Scene) -> bool:
    assert (await of(scene, DORA)).is_stale
    return True


KNOWN, BEGUN = (asks_for_ada, rests), (asks_for_ada, verifies, rests)
HERS = (has_a_password_of_her_own,)
SCHOOL_OF = Whom(school=SCHOOL)

TALES = (
    Tale("request", (), (asks_for_ada,), is_requested, {"account-requested": 1}),
    Tale("request by a form", (sends_a_form, rests, fills_it_in), (ingests,), ada_waits, {"account-requested": 1, "account-answer": 1}, True),  # noqa: E501
    Tale("send a form", (), (sends_a_form,), a_form_was_sent, {"account-form": 1}),
    Tale("verify", KNOWN, (verifies,), is_verified, {"activation": 1}),
    Tale("mail the code", (asks_for_ada, rests, verifies), (notifies,), the_code_in_the_last_mail_opens, {}, True),
    Tale("activate", BEGUN, (sends_another_code,), another_code_was_sent, {"activation": 1}),
    Tale("first login", BEGUN, (logs_in_for_the_first_time,), is_in_with_everything, {}),
    Tale("agree by reply", (*BEGUN, agrees_by_reply), (ingests,), has_agreed_by_reply, {"account-answer": 1}, True),
    Tale("guess at a code", BEGUN, (guesses,), one_try_is_less, {}),
    Tale("change a password", (has_a_password,), (changes_it,), it_is_changed, {}),
    Tale("reset a password", HERS, (is_reset,), it_was_reset, {"password-code": 1, "password-reset": 1}),
    Tale("mail a code beside", (has_a_password,), (leaves_the_question_unanswered,), one_code_of_the_day_is_used, {"password-code": 1}),  # noqa: E501
    Tale("suspend", HERS, (ends("suspend", Whom(DORA)),), is_all(AccountState.SUSPENDED, of_all=False), {}),
    Tale("suspend a school", HERS, (ends("suspend", SCHOOL_OF),), is_all(AccountState.SUSPENDED, of_all=True), {}),
    Tale("revoke", HERS, (ends("revoke", Whom(DORA)),), is_all(AccountState.REVOKED, of_all=False), {}),
    Tale("revoke a school", HERS, (ends("revoke", SCHOOL_OF),), is_all(AccountState.REVOKED, of_all=True), {}),
    Tale("reinstate a school", (ends("suspend", SCHOOL_OF),), (ends("reinstate", SCHOOL_OF),), is_all(AccountState.ACTIVE, of_all=True), {}),  # noqa: E501
    Tale("reinstate who was closed", (*HERS, ends("revoke", Whom(DORA))), (ends("reinstate", Whom(DORA)),), is_all(AccountState.VERIFIED, of_all=False), {}),  # noqa: E501
    Tale("open an incident", (), (an_incident_opens,), it_is_open, {}),
    Tale("close an incident", (an_incident_opens,), (it_closes,), it_is_closed, {}),
    Tale("warn of unused accounts", (nobody_comes_for_half_a_year,), (looks_after_it,), everybody_is_warned, {"account-unused": 0, "accounts-unused": 1}, True),  # noqa: E501
    Tale("suspend unused accounts", (nobody_comes_for_half_a_year, looks_after_it, rests, nor_for_a_month_more), (looks_after_it,), everybody_is_suspended, {"accounts-unused": 1}, True),  # noqa: E501
    Tale("add a key", (), (adds_a_key,), it_is_hers, {"keys-changed": 1}),
    Tale("remove a key", (adds_a_key, rests), (removes_it,), it_is_gone, {"keys-changed": 1}),
    Tale("put another key in its place", (adds_a_key, rests), (puts_another_in_its_place,), it_is_gone, {"keys-changed": 1}),  # noqa: E501
    Tale("start a review", (), (a_review_starts,), it_has_started, {"access-review": 1}),
    Tale("answer a review", (a_review_starts, rests, says_who_goes), (ingests,), she_is_gone_from_there, {"access-review-answer": 1}, True),  # noqa: E501
    Tale("remind of a review, and report it", (a_review_starts, rests, weeks_pass), (looks_after_it,), it_is_reminded_of_and_reported, {"access-review": 1, "access-review-report": 1}, True),  # noqa: E501
    Tale("ask for another address", (), (asks_for_another_address,), it_was_asked_for, {"address-confirm": 2}),
    Tale("confirm it from both", (asks_for_another_address, rests, the_new_one_confirms, rests, the_old_one_confirms), (ingests,), it_must_be_her_address, {"address-changed": 2}, True),  # noqa: E501
    Tale("change an address at once", (), (the_clerk_changes_it,), it_is_her_address, {"address-changed": 2}),
    Tale("mark an address as stale", (is_reset, rests, mail_comes_back), (ingests,), her_address_is_stale, {"address-stale": 1}, True),  # noqa: E501
)  # fmt: skip


class Theatre(Stage):
    """A stage whose stories are about accounts."""

    def __init__(self, deployment: Path, tale: Tale) -> None:
        """Take the deployment."""
        super().__init__(deployment, Story(tale.name, tale.before, tale.act, {}))
        self.tale = tale

    async def check(self, scene: Scene) -> None:
        """Start again on what is left, work it off, and check that all of it happened or none."""
        await scene.stop()
        scene.known.unanswered |= self.first.known.unanswered
        told_before = Counter(n["template"] for n in Books(self.snapshot / "data").notices)
        scene.clock.advance(1)
        await scene.start()
        await scene.house.recover.pass_once()
        if self.tale.goes_on:
            await scene.house.upkeep.pass_once()
        await scene.idle()
        await scene.house.directory.pass_once()
        happened = await self.tale.happened(scene)
        assert happened or not self.tale.goes_on
        told = Counter(n["template"] for n in scene.rows("notices"))
        told.subtract(told_before)
        for template, count in self.tale.told.items():
            if count:
                assert told[template] == count * happened, (template, dict(told))
        assert set(+told) <= set(self.tale.told), dict(told)
        await check_notices_left(scene)
        await scene.stop()
        scene.assert_whole()


async def check_notices_left(scene: Scene) -> None:
    """Every notice that may leave has left."""
    waiting = {str(n["state"]) for n in scene.rows("notices")}
    assert waiting <= {"sent"}, waiting


@pytest.mark.parametrize("tale", TALES, ids=str)
async def test_at_every_change_of_an_account(deployment: Path, tale: Tale) -> None:
    theatre = Theatre(deployment, tale)
    await theatre.prepare()
    died, changes = await tell(theatre)
    assert not died
    assert changes
    for n in range(len(changes)):
        for after in (False, True):
            died, made = await tell(theatre, at=n, after=after)
            assert died, (made, after)


async def tell(theatre: Theatre, *, at: int | None = None, after: bool = False) -> tuple[bool, list[str]]:
    """Tell the story once, dying before or after the commit of its nth change; return whether it died, and where."""
    disk, scene, ledgers = DyingDisk(), theatre.scene(), []

    def wrap(ledger: Ledger) -> Ledger:
        ledgers.append(DyingLedger(ledger, disk, dies_at=at, after=after))
        return cast(Ledger, ledgers[0])

    await scene.start(disk=disk, wrap=wrap)
    died = await dies(theatre.act(scene))
    disk.die()
    await theatre.check(scene)
    return died, ledgers[0].changes
