"""Somebody's own address: changed when both said so; stale when our mail comes back (SPEC 4, 9)."""

from functools import partial
from pathlib import Path

import pytest

from gateway.core.mail import Mail
from gateway.core.model import Channel
from gateway.tables import read_deployment
from tests.pipeline.test_reply import deliver
from tests.scenarios.harness import Scene, letter
from tests.scenarios.stand_ins import Turnstile

DORA, MORAG = "dora.whitlam", "morag.fairlie"  # staff and headteacher of 8302117 and 8302118
NEW = "dora@fernhollow-academy.example"


async def ask(scene: Scene) -> tuple[Mail, Mail]:
    """Ask for a change; return what went to the old address and to the new one."""
    await scene.house.addresses.ask(scene.account(DORA), NEW, by=DORA)
    await scene.idle()
    return scene.courier.to(scene.account(DORA).email)[-1], scene.courier.to(NEW)[-1]


async def say(scene: Scene, mail: Mail, text: str, *, by: str = DORA) -> None:
    await deliver(scene, mail.reply_to or "", text, by=by)
    await scene.idle()


async def test_it_changes_when_both_have_confirmed_in_any_order_and_both_are_told(scene: Scene) -> None:
    before = scene.account(DORA).email
    old, new = await ask(scene)
    assert old.reply_to != new.reply_to
    await say(scene, new, "Confirm\n\nDora")
    assert scene.account(DORA).email == before
    await say(scene, old, "CONFIRM")
    assert scene.account(DORA).email == NEW
    assert scene.courier.to(NEW)[-1].subject == scene.courier.to(before)[-1].subject == "Your address was changed"


async def test_both_words_that_come_at_once_change_it_once_whichever_is_the_quicker(deployment: Path) -> None:
    """Each message stops at each of its steps, while the other one is worked off to its end."""
    settings, tables = read_deployment(deployment / "gateway.toml")
    scene, gates = Scene(deployment, settings, tables), []
    await scene.start(wrap=lambda ledger: gates.append(Turnstile(ledger)) or gates[0])  # type: ignore[func-returns-value]
    ingest = scene.house.ingest.ingest
    for step in range(20):
        wanted = f"dora{step}@fernhollow-academy.example"
        before = scene.account(DORA).email
        await scene.house.addresses.ask(scene.account(DORA), wanted, by=DORA)
        await scene.idle()
        mails = scene.courier.to(before)[-1], scene.courier.to(wanted)[-1]
        words = [await deliver(scene, mail.reply_to or "", "CONFIRM", by=DORA) for mail in mails]
        _, _, has_stopped = await gates[0].meet(ingest(words[0].id), partial(ingest, words[1].id), at=step)
        await scene.idle()
        assert scene.account(DORA).email == wanted, f"step {step}"
        for address in (before, wanted):
            told = [mail.subject for mail in scene.courier.to(address)]
            assert told.count("Your address was changed") == 1 + (address == before and step > 0)
        if not has_stopped:
            break
    else:
        raise AssertionError("the message never ends")
    assert step > 3
    await scene.stop()


@pytest.mark.parametrize("which", [0, 1])
async def test_one_word_is_not_enough_however_often_it_comes(scene: Scene, which: int) -> None:
    before = scene.account(DORA).email
    mails = await ask(scene)
    for _ in range(3):
        await say(scene, mails[which], "CONFIRM")
    assert scene.account(DORA).email == before


async def test_a_refusal_from_either_ends_it(scene: Scene) -> None:
    before = scene.account(DORA).email
    old, new = await ask(scene)
    await say(scene, old, "REFUSE, this is not me")
    for mail in (old, new):
        await say(scene, mail, "CONFIRM")
    assert scene.account(DORA).email == before


async def test_it_ends_after_its_days_and_with_a_newer_one(scene: Scene) -> None:
    before = scene.account(DORA).email
    first = await ask(scene)
    second = await ask(scene)
    for mail in first:
        await say(scene, mail, "CONFIRM")
    scene.clock.advance(days=8)
    for mail in second:
        await say(scene, mail, "CONFIRM")
    assert scene.account(DORA).email == before


async def test_another_persons_word_and_a_word_from_a_suspended_person_do_nothing(scene: Scene) -> None:
    before = scene.account(DORA).email
    for mail in await ask(scene):
        await say(scene, mail, "CONFIRM", by=MORAG)
    assert scene.account(DORA).email == before


async def test_an_address_that_somebody_else_took_meanwhile_is_not_taken_twice(scene: Scene) -> None:
    before = scene.account(DORA).email
    old, new = await ask(scene)
    await scene.set_account(MORAG, email=NEW)
    for mail in (old, new):
        await say(scene, mail, "CONFIRM")
    assert (scene.account(DORA).email, scene.account(MORAG).email) == (before, NEW)


async def test_the_new_address_may_answer_the_question_and_nothing_else(scene: Scene) -> None:
    await ask(scene)
    directory = await scene.house.directory.fresh()
    assert directory.by_address(NEW) is None
    pending = directory.by_pending_address(NEW.upper())
    assert pending is not None
    assert pending.username == DORA


async def bounce(scene: Scene, mail: Mail) -> None:
    """Bring a mail back, as a mail system does it."""
    intake = scene.house.receive.begin()
    intake.write(letter("mailer-daemon@elsewhere.example", text="undeliverable"))
    envelope = await intake.seal(
        channel=Channel.EMAIL, username="", verified_by="token", recipients=(mail.return_path,), sender=""
    )
    scene.house.receive.accepted(envelope)
    await scene.idle()


async def test_mail_that_comes_back_marks_the_address_and_is_told_once_to_the_other_contact(scene: Scene) -> None:
    old, _ = await ask(scene)
    for _ in range(2):
        await bounce(scene, old)
    assert scene.account(DORA).is_stale
    told = [mail for mail in scene.notices_to(MORAG) if "come back" in mail.subject]
    assert len(told) == 1
    assert scene.account(DORA).email in told[0].text


async def test_without_another_contact_the_administrator_is_told(scene: Scene) -> None:
    scene.set_notices(administrator="files-help@gateway.test")
    await scene.house.ledger.suspend([MORAG], ground="by hand", reason="x", actor="a test", at=scene.clock.now())
    await scene.house.directory.pass_once()
    old, _ = await ask(scene)
    await bounce(scene, old)
    assert "gateway admin users address dora.whitlam" in scene.courier.to("files-help@gateway.test")[-1].text


async def test_what_comes_back_of_somebody_suspended_gives_no_access_back(scene: Scene) -> None:
    old, _ = await ask(scene)
    await scene.house.ledger.suspend([DORA], ground="by hand", reason="x", actor="a test", at=scene.clock.now())
    await bounce(scene, old)
    assert not scene.account(DORA).is_active


async def test_a_confirmed_change_is_fresh_again(scene: Scene) -> None:
    old, new = await ask(scene)
    await bounce(scene, old)
    for mail in (old, new):
        await say(scene, mail, "CONFIRM")
    assert not scene.account(DORA).is_stale
