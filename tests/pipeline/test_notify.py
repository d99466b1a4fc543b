"""Notify: a notice can never fail a file, and none is skipped in silence (SPEC 4, 11)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.core.mail import Mail, Notice, NoticeQuery, NoticeState, Posted
from tests.scenarios.harness import GOOD, HEAD, STAFF, Scene

DAY = 86_400


async def all_notices(scene: Scene) -> list[Notice]:
    return await scene.house.ledger.notices(NoticeQuery())


async def the_notice(scene: Scene) -> Notice:
    (found,) = await all_notices(scene)
    return found


async def advance_until(scene: Scene, is_over: Callable[[Notice], bool], *, most: int = 400) -> list[float]:
    """Let the notice come due again and again; return the waits between the tries, in seconds."""
    waits: list[float] = []
    while not is_over(notice := await the_notice(scene)) and len(waits) < most:
        assert notice.due_at is not None
        waits.append((notice.due_at - scene.clock.now()).total_seconds())
        scene.clock.advance(max(waits[-1], 1))
        await scene.idle()
    return waits


class TestARelayThatIsDown:
    """4xx or no answer: later, at growing intervals; the file went its way long before."""

    async def test_for_a_day_is_told_the_day_after(self, scene: Scene) -> None:
        scene.courier.answer = Posted("later", "Connect call failed")
        await scene.upload(HEAD, GOOD, b"x")
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"x"}
        began = scene.clock.now()
        await advance_until(scene, lambda _: scene.clock.now() - began >= timedelta(days=1))
        scene.courier.answer = Posted("sent")
        await advance_until(scene, lambda n: n.state is NoticeState.SENT)
        notice = await the_notice(scene)
        assert len(scene.notices_to(HEAD)) == 1
        assert (notice.error, notice.sent_at) == (None, scene.clock.now())
        assert 20 <= notice.attempts <= 60  # tried for the whole day, and not every second

    async def test_is_tried_at_growing_intervals(self, scene: Scene) -> None:
        scene.courier.answer = Posted("later", "450 try later")
        await scene.upload(HEAD, GOOD, b"x")
        await scene.idle()
        waits = await advance_until(scene, lambda n: n.attempts >= 12)
        assert waits[:6] == sorted(waits[:6])
        assert 30 <= waits[0] <= 37.5
        assert 3600 <= max(waits) <= 4500

    async def test_for_longer_than_we_try_asks_a_person(self, scene: Scene) -> None:
        scene.courier.answer = Posted("later", "450 try later")
        await scene.upload(HEAD, GOOD, b"x")
        await scene.idle()
        await advance_until(scene, lambda n: n.state is not NoticeState.DUE)
        notice = await the_notice(scene)
        assert (notice.state, notice.error) == (NoticeState.GIVEN_UP, "450 try later")
        assert scene.clock.now() - (await scene.file(GOOD)).sent_at >= timedelta(hours=120)

    async def test_over_a_restart_is_still_owed(self, scene: Scene) -> None:
        scene.courier.answer = Posted("later", "down")
        await scene.upload(HEAD, GOOD, b"x")
        await scene.idle()
        await scene.restart()
        scene.courier.answer = Posted("sent")
        scene.clock.advance(60)
        await scene.idle()
        assert len(scene.notices_to(HEAD)) == 1


async def test_a_refusal_for_good_asks_a_person_at_once(scene: Scene) -> None:
    scene.courier.answer = Posted("refused", "550 no such mailbox")
    await scene.upload(HEAD, GOOD, b"x")
    await scene.idle()
    notice = await the_notice(scene)
    assert (notice.state, notice.attempts, notice.error) == (NoticeState.GIVEN_UP, 1, "550 no such mailbox")
    assert (await scene.file(GOOD)).delivered_at is not None


async def test_one_refused_address_fails_no_other(scene: Scene) -> None:
    def answer(mail: Mail) -> Posted:
        return Posted("refused", "550") if mail.to.startswith("ruth") else Posted("sent")

    scene.courier.answer = answer
    await scene.upload(HEAD, GOOD, b"x")
    await scene.upload(STAFF, "8304053_INFOreturn20261120.docx", b"x")
    await scene.idle()
    assert [len(scene.notices_to(name)) for name in (HEAD, STAFF)] == [0, 1]


async def test_a_crash_between_the_relays_yes_and_our_mark_repeats_the_message_id(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"x")
    await scene.idle()
    notice = await the_notice(scene)
    await scene.house.ledger.mark_notice(notice_due_again(notice))
    await scene.restart()
    await scene.idle()
    first, second = scene.notices_to(HEAD)
    assert first.message_id == second.message_id


def notice_due_again(notice: Notice) -> Notice:
    """Return a notice as it stood before it was marked."""
    return Notice(**{**vars(notice), "state": NoticeState.DUE, "sent_at": None, "attempts": 0})


class TestTheCap:
    """Nobody is flooded; what is over the cap waits and is not lost."""

    async def test_an_hour_puts_off_what_is_over_it(self, scene: Scene) -> None:
        scene.set_notices(an_hour=3)
        for n in range(8):
            await scene.upload(HEAD, f"8301102_INFOa{n}V01.docx", b"%d" % n)
        await scene.upload(STAFF, "8304053_INFOreturn20261120.docx", b"x")
        await scene.idle()
        assert len(scene.notices_to(HEAD)) == 3
        assert len(scene.notices_to(STAFF)) == 1
        for most in (6, 8, 8):
            await hours_pass(scene, 1)
            assert len(scene.notices_to(HEAD)) <= most
        assert len({mail.message_id for mail in scene.notices_to(HEAD)}) == 8

    async def test_an_hour_holds_over_more_notices_than_leave_in_a_batch(self, scene: Scene) -> None:
        scene.set_notices(an_hour=60)
        for n in range(130):
            await scene.upload(HEAD, f"8301102_INFOa{n}V01.docx", b"%d" % n)
        await scene.idle()
        assert len(scene.notices_to(HEAD)) == 60

    async def test_a_day_holds_over_its_hours(self, scene: Scene) -> None:
        scene.set_notices(an_hour=3, a_day=5)
        for n in range(8):
            await scene.upload(HEAD, f"8301102_INFOa{n}V01.docx", b"%d" % n)
        await scene.idle()
        await hours_pass(scene, 20)
        assert len(scene.notices_to(HEAD)) == 5
        await hours_pass(scene, 30)
        assert len(scene.notices_to(HEAD)) == 8

    async def test_counts_what_was_sent_before_a_restart(self, scene: Scene) -> None:
        scene.set_notices(an_hour=1)
        await scene.upload(HEAD, GOOD, b"x")
        await scene.idle()
        await scene.restart()
        scene.set_notices(an_hour=1)
        await scene.upload(HEAD, "8301102_INFOsecondV01.docx", b"y")
        await scene.idle()
        assert len(scene.notices_to(HEAD)) == 1


async def hours_pass(scene: Scene, hours: float) -> None:
    """Let time go by in steps of ten minutes, the workers passing."""
    for _ in range(int(hours * 6)):
        scene.clock.advance(600)
        await scene.house.notifier.pass_once()


class TestTheMail:
    """An answer, and no other machine's business (RFC 3834)."""

    async def test_to_a_message_is_a_reply_with_a_null_return_path(self, scene: Scene) -> None:
        await scene.email(HEAD, (GOOD, b"x"))
        await scene.idle()
        (mail,) = scene.notices_to(HEAD)
        message_id = scene.rows("submissions")[0]["message_id"]
        assert (mail.return_path, mail.in_reply_to) == ("", message_id)
        assert mail.message_id.endswith("@gateway.test>")

    async def test_to_a_headteacher_is_no_reply_to_the_senders_message(self, scene: Scene) -> None:
        await scene.email(STAFF, ("nonsense.pdf", b"x"))
        await scene.idle()
        (mail,) = scene.notices_to("yusuf.demirel")
        assert mail.in_reply_to is None

    @pytest.mark.parametrize("name", ["8301102_INFOpupil-secret20261120.docx", "pupil-secret.pdf"])
    async def test_to_a_headteacher_shows_no_word_that_the_sender_wrote(self, scene: Scene, name: str) -> None:
        name = name.replace("8301102", "8309999")
        await scene.email(STAFF, (name, b"x"), text="about pupil-secret", Subject="pupil-secret")
        await scene.idle()
        (mail,) = scene.notices_to("yusuf.demirel")
        assert "pupil-secret" not in mail.text + mail.subject
        assert "pupil-secret" in scene.notices_to(STAFF)[0].text


async def test_two_passes_at_once_send_each_notice_once(scene: Scene) -> None:
    scene.courier.gate = asyncio.Event()
    await scene.upload(HEAD, GOOD, b"x")
    await scene.house.ingest.pass_once()
    passes = [asyncio.create_task(scene.house.notifier.pass_once()) for _ in range(2)]
    scene.courier.gate.set()
    await asyncio.gather(*passes)
    assert len(scene.notices_to(HEAD)) == 1


async def test_a_relay_that_is_silent_stops_no_file(scene: Scene) -> None:
    scene.courier.gate = asyncio.Event()
    await scene.upload(HEAD, GOOD, b"x")
    await scene.house.ingest.pass_once()
    waiting = asyncio.create_task(scene.house.notifier.pass_once())
    await scene.house.dropper.pass_once()
    assert scene.dropped("INFO") == {GOOD: b"x"}
    assert not waiting.done()
    scene.courier.gate.set()
    await waiting
    assert len(scene.notices_to(HEAD)) == 1
