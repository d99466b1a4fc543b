"""Decisions: who may, what the lifecycle refuses, what is taken back first, and who is told (SPEC 6)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.admission import Refusal
from gateway.core.model import FileRecord, Status
from gateway.core.register import Role
from gateway.core.routing import Receive
from gateway.errors import Transient
from tests.pipeline.deciding import (
    ADMINISTRATOR,
    HEADTEACHER,
    OFFICER,
    OTHER_OFFICER,
    SAFE,
    SEN,
    SEND,
    actor,
    collect,
    decide,
    events,
    now,
    sent,
    set_service,
    subjects,
)
from tests.scenarios.harness import HEAD, STAFF, Scene
from tests.scenarios.invariants import MARKER


class TestReceiving:
    """Received by a named officer of its service, now, once."""

    async def test_says_who_and_when(self, scene: Scene) -> None:
        file = await sent(scene)
        scene.clock.advance(60)
        got = await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        assert isinstance(got, FileRecord)
        assert (got.status, got.received_by, got.received_by_user) == (Status.RECEIVED, "Nadia Rowbotham", OFFICER)
        assert got.received_at == got.status_at == scene.clock.now()
        assert got == await now(scene, file)
        assert (await events(scene, file))[-1] == ("receive", OFFICER)

    async def test_takes_delivered_off_the_remark_and_leaves_the_rest(self, scene: Scene) -> None:
        file = await sent(scene)
        assert file.remark == "not scanned; Delivered"
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        assert (await now(scene, file)).remark == "not scanned"

    async def test_a_second_time_is_refused_by_name(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        again = await scene.house.decisions.receive(file.id, by=ADMINISTRATOR)
        assert again == Refusal("not-receive", "It was received before, by Nadia Rowbotham.")

    async def test_tells_nobody_unless_the_authority_wants_it(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        await scene.idle()
        assert len(scene.notices_to(STAFF)) == 1

    async def test_tells_the_sender_where_the_authority_wants_it(self, scene: Scene) -> None:
        scene.set_notices(tell_received=True)
        file = await sent(scene)
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        await scene.idle()
        assert subjects(scene, STAFF)[-1] == "SEN received your file"
        assert "Nadia Rowbotham received, for SEN" in " ".join(scene.notices_to(STAFF)[-1].text.split())


class TestWhoMayDecide:
    """Officers of the file's own service, people of the sender's school, administrators for anybody; nobody else."""

    @pytest.mark.parametrize(
        ("deed", "username", "name", "code"),
        [
            ("receive", OTHER_OFFICER, SEN, "not-officer"),  # another service's
            ("receive", STAFF, SEN, "not-officer"),  # the sender
            ("reject", OTHER_OFFICER, SEN, "not-officer"),
            ("reject", HEADTEACHER, SEN, "not-officer"),
            ("reroute", OTHER_OFFICER, SEN, "not-officer"),
            ("recall", OFFICER, SEN, "not-yours"),  # an officer is of no school
            ("recall", HEAD, SEN, "not-yours"),  # another school's headteacher
            ("recall", HEADTEACHER, SAFE, "not-yours"),  # a private file may be about the headteacher
            ("accept", HEAD, SEND, "not-yours"),
            ("accept", HEADTEACHER, SEND, "not-yours"),  # its name says no service: it is the sender's alone
            ("accept", OFFICER, SEND, "not-yours"),  # a rejected file is in no service's view
        ],
    )
    async def test_nobody_else(self, scene: Scene, deed: str, username: str, name: str, code: str) -> None:
        file = await sent(scene, name)
        got = await decide(scene, deed, file, actor(scene, username))
        assert isinstance(got, Refusal)
        assert got.code == code
        assert await now(scene, file) == file

    @pytest.mark.parametrize(
        ("deed", "username", "name"),
        [("recall", STAFF, SEN), ("recall", HEADTEACHER, SEN), ("recall", STAFF, SAFE), ("accept", STAFF, SEND)],
    )
    async def test_the_sender_s_school_may(self, scene: Scene, deed: str, username: str, name: str) -> None:
        file = await sent(scene, name)
        assert isinstance(await decide(scene, deed, file, actor(scene, username)), FileRecord)

    @pytest.mark.parametrize("deed", ["receive", "recall", "reject", "reroute"])
    async def test_an_administrator_may_for_anybody_and_stands_in_the_record(self, scene: Scene, deed: str) -> None:
        file = await sent(scene)
        assert isinstance(await decide(scene, deed, file, ADMINISTRATOR), FileRecord)
        assert (await events(scene, file))[-1] == (deed, "it.admin")

    async def test_a_file_that_is_not_there_is_said_to_be_so(self, scene: Scene) -> None:
        got = await scene.house.decisions.recall("01nothing-01", by=ADMINISTRATOR)
        assert got == Refusal("not-there", "There is no such file.")


class TestAReasonThatComesLater:
    """An officer moved it to Rejected with no brackets in its name; the reason comes by command (SPEC 5, 6)."""

    async def rejected(self, scene: Scene, why: str = "") -> FileRecord:
        file = await sent(scene)
        await scene.house.decisions.reject(file.id, by=actor(scene, OFFICER), why=why)
        await scene.idle()
        scene.clock.advance(7200)
        return await now(scene, file)

    async def test_is_told_to_the_sender_as_the_officer_s_and_changes_nothing_else(self, scene: Scene) -> None:
        before = await self.rejected(scene)
        told, heads = len(scene.notices_to(STAFF)), len(scene.notices_to(HEADTEACHER))
        after = await scene.house.decisions.reject(before.id, by=ADMINISTRATOR, why="page 2  is missing")
        assert isinstance(after, FileRecord)
        assert after == replace(before, detail="page 2 is missing", status_at=after.status_at)
        assert (await events(scene, before))[-1] == ("explain", "it.admin")
        await scene.idle()
        (notice,) = scene.notices_to(STAFF)[told:]
        assert "page 2 is missing" in notice.text
        assert "Nadia Rowbotham rejected, for SEN" in " ".join(notice.text.split())
        assert len(scene.notices_to(HEADTEACHER)) == heads, "who was told of the rejection needs no other word"

    async def test_takes_the_place_of_no_other_reason(self, scene: Scene) -> None:
        before = await self.rejected(scene, "page 2 is missing")
        got = await scene.house.decisions.reject(before.id, by=ADMINISTRATOR, why="page 3 is missing")
        assert isinstance(got, Refusal)
        assert await now(scene, before) == before

    async def test_is_given_by_nobody_of_another_service(self, scene: Scene) -> None:
        before = await self.rejected(scene)
        got = await scene.house.decisions.reject(before.id, by=actor(scene, OTHER_OFFICER), why="page 2 is missing")
        assert isinstance(got, Refusal)
        assert got.code == "not-officer"
        assert await now(scene, before) == before

    async def test_is_still_none_without_words(self, scene: Scene) -> None:
        before = await self.rejected(scene)
        assert isinstance(await scene.house.decisions.reject(before.id, by=ADMINISTRATOR, why=" "), Refusal)


class TestRejecting:
    """By a named officer with a reason, also after reading; the sender and the headteacher are told by whom."""

    async def test_tells_the_sender_in_the_officer_s_words_and_the_headteacher_without_them(self, scene: Scene) -> None:
        file = await sent(scene)
        got = await scene.house.decisions.reject(file.id, by=actor(scene, OFFICER), why="Page two\nis missing.")
        assert isinstance(got, FileRecord)
        assert (got.status, got.reason, got.rejected_by) == (Status.REJECTED, "rejected-by-officer", "Nadia Rowbotham")
        assert got.detail == "Page two is missing."
        await scene.idle()
        mail, copy = scene.notices_to(STAFF)[-1], scene.notices_to(HEADTEACHER)[-1]
        assert "Page two is missing." in mail.text
        assert "Nadia Rowbotham" in mail.text
        assert SEN in mail.text
        assert "Nadia Rowbotham rejected it" in " ".join(copy.text.split())
        assert "Page two" not in copy.text
        assert SEN not in copy.text

    async def test_a_private_file_tells_the_sender_alone(self, scene: Scene) -> None:
        file = await sent(scene, SAFE)
        await scene.house.decisions.reject(file.id, by=actor(scene, "beatrix.olney"), why="Please telephone.")
        await scene.idle()
        assert len(scene.notices_to(STAFF)) == 2
        assert scene.notices_to(HEADTEACHER) == []

    async def test_takes_an_untouched_copy_out_of_the_folder(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.reject(file.id, by=actor(scene, OFFICER), why="")
        assert scene.dropped("SEN") == {}

    async def test_goes_through_also_where_nothing_can_be_taken_back(self, scene: Scene) -> None:
        one, two = await sent(scene), await sent(scene, "8304053_SENother20261120.docx", b"two")
        collect(scene, "SEN", SEN)
        got = await scene.house.decisions.reject(one.id, by=actor(scene, OFFICER), why="no")
        assert isinstance(got, FileRecord)
        assert (got.status, got.received_by) == (Status.REJECTED, "SEN (folder)")
        (scene.drop_folder("SEN") / MARKER).unlink()
        got = await scene.house.decisions.reject(two.id, by=actor(scene, OFFICER), why="no")
        assert isinstance(got, FileRecord)
        (scene.drop_folder("SEN") / MARKER).touch()
        scene.clock.advance(days=15)
        await scene.idle()
        assert scene.dropped("SEN") == {}  # purge took it, since it was still known to lie there
        scene.promises.clear()

    async def test_after_it_was_collected_from_the_folder(self, scene: Scene) -> None:
        file = await sent(scene)
        collect(scene, "SEN", SEN)
        assert await scene.house.collect.pass_once() == 1
        got = await scene.house.decisions.reject(file.id, by=actor(scene, OFFICER), why="Not legible.")
        assert isinstance(got, FileRecord)
        assert got.status is Status.REJECTED

    async def test_its_bytes_are_kept_for_rejected_days_from_the_rejection_and_never_beyond_the_term(
        self, scene: Scene
    ) -> None:
        early, late = await sent(scene), await sent(scene, "8304053_SENlate20261120.docx", b"late")
        scene.clock.advance(days=40)
        got = await scene.house.decisions.reject(early.id, by=actor(scene, OFFICER), why="")
        assert isinstance(got, FileRecord)
        assert got.expires_at == scene.clock.now() + timedelta(days=14)
        scene.clock.advance(days=45)
        got = await scene.house.decisions.reject(late.id, by=actor(scene, OFFICER), why="")
        assert isinstance(got, FileRecord)
        assert got.expires_at == late.expires_at
        scene.promises.clear()

    async def test_can_be_taken_back_by_the_officer_under_the_same_name(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        await scene.house.decisions.reject(file.id, by=actor(scene, OFFICER), why="Wrong school?")
        got = await scene.house.decisions.accept(file.id, by=actor(scene, OFFICER), name=SEN)
        assert isinstance(got, FileRecord)
        assert (got.status, got.received_by, got.reason) == (Status.SENT, None, None)
        await scene.idle()
        assert scene.dropped("SEN") == {SEN: b"a plan"}


class TestACopier:
    """Its school's headteacher stands in for it, but never for what may be about the headteacher."""

    @pytest.mark.parametrize(("code", "officer", "count"), [("SEN", OFFICER, 2), ("SAFE", "beatrix.olney", 0)])
    async def test_tells_the_headteacher_what_became_of_its_file(
        self, scene: Scene, code: str, officer: str, count: int
    ) -> None:
        await scene.set_account(STAFF, role=Role.DEVICE, services=(code,))
        await scene.email(STAFF, ("SCN_0001.pdf", b"%PDF-1.4 scan"))
        await scene.idle()
        (file,) = await scene.files()
        got = await scene.house.decisions.reject(file.id, by=actor(scene, officer), why="Not legible.")
        assert isinstance(got, FileRecord)
        await scene.idle()
        mails = scene.notices_to(HEADTEACHER)
        assert len(mails) == count
        assert all(mail.reply_to is None for mail in mails)
        scene.promises.clear()


class TestDeliveryThatIsReceipt:
    """A service whose consumer is a machine."""

    async def test_is_received_by_the_delivery_and_tells_as_any_receipt_does(self, scene: Scene) -> None:
        scene.set_notices(tell_received=True)
        set_service(scene, "SEN", receive=Receive.ON_DELIVERY)
        file = await sent(scene)
        assert (file.status, file.received_by, file.remark) == (Status.RECEIVED, "SEN (delivery)", "not scanned")
        await scene.idle()
        assert subjects(scene, STAFF)[-1] == "SEN received your file"


async def test_whoever_watches_hears_of_each_change(scene: Scene) -> None:
    heard: list[tuple[str | None, str | None, Status]] = []
    scene.house.transitions.watch(lambda before, after: heard.append((before.service, after.service, after.status)))
    file = await sent(scene)
    await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
    await scene.house.decisions.recall(file.id, by=actor(scene, OFFICER))  # refused: nothing to hear
    await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
    assert heard == [("SEN", "EP", Status.SENT), ("EP", "EP", Status.RECALLED)]
    scene.promises.clear()


async def test_a_busy_ledger_is_trouble_and_no_answer(scene: Scene) -> None:
    from tests.scenarios.stand_ins import StubbornLedger

    await sent(scene)
    await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "apply", Transient("busy"), times=1))  # type: ignore[return-value,arg-type]
    file = await scene.file(SEN)
    with pytest.raises(Transient):
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
    assert isinstance(await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER)), FileRecord)
