"""Decisions: who may, what the lifecycle refuses, what is taken back first, and who is told (SPEC 6)."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from gateway.core.admission import Refusal
from gateway.core.model import Drop, DropState, FileRecord, Status
from gateway.core.register import Role
from gateway.core.routing import Receive, Target, TargetKind
from gateway.errors import Transient
from gateway.pipeline.decisions import TRY_AGAIN, Actor
from gateway.pipeline.withdraw import CLAIM
from gateway.ports import Ledger
from gateway.store.disk import PosixDisk
from tests.fakes import WAYS_TO_DIE, dies, dying
from tests.scenarios.harness import HEAD, STAFF, Scene, restore
from tests.scenarios.invariants import MARKER
from tests.scenarios.stand_ins import DyingLedger, Turnstile

SEN = "8304053_SENplan20261120.docx"
SEND = "8304053_SENDplan20261120.docx"  # rejected, and its correction is certain
SAFE = "8304053_SAFEconcern20261120.docx"
OFFICER = "nadia.rowbotham"  # of SEN
OTHER_OFFICER = "callum.eastwick"  # of INFO and ADMISS
HEADTEACHER = "yusuf.demirel"  # of the school of STAFF
ADMINISTRATOR = Actor("it.admin", "it.admin")


def actor(scene: Scene, username: str) -> Actor:
    return Actor.of(scene.account(username))


async def sent(scene: Scene, name: str = SEN, data: bytes = b"a plan", *, by: str = STAFF) -> FileRecord:
    """Send a file and let it be delivered."""
    await scene.email(by, (name, data))
    await scene.idle()
    scene.promises.clear()  # what becomes of it is the test's own to say
    return await scene.file(name)


async def now(scene: Scene, file: FileRecord) -> FileRecord:
    found = await scene.house.ledger.file(file.id)
    assert found is not None
    return found


async def drops_of(scene: Scene, file: FileRecord) -> dict[str, Drop]:
    """Return the drops of a file by the kind of their target, those that are no longer owed left out."""
    drops = await scene.house.ledger.drops(file=file.id)
    return {d.target.partition(":")[0]: d for d in drops if d.state is not DropState.WITHDRAWN}


async def events(scene: Scene, file: FileRecord) -> list[tuple[str, str]]:
    return [(h.event, h.actor) for h in await scene.house.ledger.history(file.id)]


def set_service(scene: Scene, code: str, **values: object) -> None:
    policy = scene.house.policy
    services = dict(policy.current.catalogue.services)
    services[code] = replace(services[code], **values)  # type: ignore[arg-type]
    policy.current = replace(policy.current, catalogue=replace(policy.current.catalogue, services=services))


def subjects(scene: Scene, username: str) -> list[str]:
    return [mail.subject for mail in scene.notices_to(username)]


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


async def decide(scene: Scene, deed: str, file: FileRecord, by: Actor) -> FileRecord | Refusal:
    decisions = scene.house.decisions
    if deed == "reject":
        return await decisions.reject(file.id, by=by, why="Page two is missing.")
    if deed == "reroute":
        return await decisions.reroute(file.id, "EP", by=by)
    return await {"receive": decisions.receive, "recall": decisions.recall, "accept": decisions.accept}[deed](
        file.id, by=by
    )


class TestRecalling:
    """Until it is received; every drop is taken back first, or it is refused."""

    async def test_takes_the_copy_out_of_the_folder_and_tells_the_sender(self, scene: Scene) -> None:
        file = await sent(scene)
        assert scene.dropped("SEN") == {SEN: b"a plan"}
        got = await scene.house.decisions.recall(file.id, by=actor(scene, HEADTEACHER))
        assert isinstance(got, FileRecord)
        assert (got.status, got.remark) == (Status.RECALLED, "recalled by Yusuf Demirel")
        assert scene.dropped("SEN") == {}
        assert await drops_of(scene, file) == {}
        await scene.idle()
        assert scene.dropped("SEN") == {}
        assert subjects(scene, STAFF)[-1] == "A file of yours was recalled"
        scene.promises.clear()

    async def test_of_a_file_that_was_received_is_refused(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.sentence.startswith("It was received by Nadia Rowbotham and can't be recalled")
        assert scene.dropped("SEN") == {SEN: b"a plan"}

    async def test_after_it_the_same_file_is_a_new_one(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        await scene.email(STAFF, (SEN, b"a plan"))
        await scene.idle()
        scene.promises.clear()
        assert {f.status for f in await scene.files()} == {Status.RECALLED, Status.SENT}
        assert scene.dropped("SEN") == {SEN: b"a plan"}

    async def test_before_the_drop_is_made_leaves_no_drop(self, scene: Scene) -> None:
        scene.house.policy.current = replace(scene.house.policy.current, undo_seconds=300.0)
        file = await sent(scene)
        assert file.remark == "not scanned; leaves at 09:05"
        assert isinstance(await scene.house.decisions.recall(file.id, by=actor(scene, STAFF)), FileRecord)
        scene.clock.advance(301)
        await scene.idle()
        assert scene.dropped("SEN") == {}
        assert (await now(scene, file)).delivered_at is None

    async def test_of_a_file_that_was_collected_is_refused_and_it_is_received(self, scene: Scene) -> None:
        file = await sent(scene)
        collect(scene, "SEN", SEN)
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert got == Refusal("collected", "It was collected by SEN (folder), so it can't be taken back.")
        after = await now(scene, file)
        assert (after.status, after.received_by, after.received_by_user) == (Status.RECEIVED, "SEN (folder)", None)

    async def test_of_a_file_that_its_reader_changed_in_the_folder_is_refused(self, scene: Scene) -> None:
        file = await sent(scene)
        (scene.drop_folder("SEN") / SEN).write_bytes(b"A PLAN")
        scene.known.others.add(f"SEN/{SEN}")
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert (await now(scene, file)).status is Status.RECEIVED
        assert scene.dropped("SEN") == {SEN: b"A PLAN"}

    async def test_waits_for_a_folder_that_is_away(self, scene: Scene) -> None:
        file = await sent(scene)
        (scene.drop_folder("SEN") / MARKER).unlink()
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.code == "away"
        assert got.code in TRY_AGAIN
        assert await now(scene, file) == file
        assert (await drops_of(scene, file))["folder"].state is DropState.DONE
        (scene.drop_folder("SEN") / MARKER).touch()
        assert isinstance(await scene.house.decisions.recall(file.id, by=actor(scene, STAFF)), FileRecord)
        assert scene.dropped("SEN") == {}

    @pytest.mark.parametrize("kind", [TargetKind.EMAIL, TargetKind.SFTP])
    async def test_of_what_left_the_house_is_refused(self, scene: Scene, kind: TargetKind) -> None:
        file = await sent(scene)
        drop = (await drops_of(scene, file))["folder"]
        gone = replace(drop, id=f"{drop.id}x", target=f"{kind}:elsewhere", placed_as=None)
        await add_drop(scene, file, gone)
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert got == Refusal("delivered", "It was delivered to SEN and can't be taken back from there.")
        assert await now(scene, file) == replace(file, status_at=(await now(scene, file)).status_at)
        await scene.idle()
        assert scene.dropped("SEN") == {SEN: b"a plan"}  # what had been taken back already was given back

    async def test_while_it_is_being_delivered_says_so(self, scene: Scene) -> None:
        await scene.email(STAFF, (SEN, b"a plan"))
        await scene.house.ingest.pass_once()
        file = await scene.file(SEN)
        drop = (await drops_of(scene, file))["folder"]
        placing = replace(drop, state=DropState.PLACING, placed_as=SEN)
        assert await scene.house.ledger.mark_drop(placing, expected=DropState.DUE)
        got = await scene.house.decisions.recall(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.code == "busy"
        shutil.copy(scene.house.archive.path(file.place or ""), scene.drop_folder("SEN") / f".{drop.id}.part")

    async def test_of_a_drop_that_is_put_off_halfway_takes_what_was_begun(self, scene: Scene) -> None:
        await scene.email(STAFF, (SEN, b"a plan"))
        await scene.house.ingest.pass_once()
        file = await scene.file(SEN)
        drop = (await drops_of(scene, file))["folder"]
        later = scene.clock.now() + timedelta(hours=1)
        placing = replace(drop, state=DropState.PLACING, placed_as=SEN, due_at=later, error="away")
        assert await scene.house.ledger.mark_drop(placing, expected=DropState.DUE)
        (scene.drop_folder("SEN") / f".{drop.id}.part").write_bytes(b"a plan")
        assert isinstance(await scene.house.decisions.recall(file.id, by=actor(scene, STAFF)), FileRecord)
        assert [p.name for p in scene.drop_folder("SEN").iterdir()] == [MARKER]


async def add_drop(scene: Scene, file: FileRecord, drop: Drop) -> None:
    """Add a drop that was made to another kind of place, as if the service had such a target."""
    from gateway.core.model import Change, History

    past = History(file.id, scene.clock.now(), "a test", "deliver", Status.SENT)
    assert await scene.house.ledger.apply(Change(file, expected=Status.SENT, history=past, drops=(drop,)))


def collect(scene: Scene, code: str, name: str) -> None:
    """Take a file out of a drop folder, as its service does."""
    (scene.drop_folder(code) / name).unlink()
    scene.known.collected.add(f"{code}/{name}")


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


class TestReRouting:
    """To the right service: Sent again, for new readers only, and the school learns the right code."""

    async def test_takes_it_from_one_service_and_brings_it_to_the_other(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        got = await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
        assert isinstance(got, FileRecord)
        assert (got.status, got.service) == (Status.SENT, "EP")
        assert (got.received_by, got.received_by_user, got.received_at, got.delivered_at) == (None,) * 4
        assert got.remark == "not scanned; re-routed from SEN"
        assert scene.dropped("SEN") == {}
        await scene.idle()
        assert scene.dropped("EP") == {SEN: b"a plan"}
        assert got.expires_at == file.expires_at
        assert [e for e, _ in await events(scene, file)].count("receive") == 1  # the first reading is kept
        mail = scene.notices_to(STAFF)[-1]
        assert mail.subject == "A file of yours went to EP instead of SEN"
        assert "8304053_EPplan20261120.docx" in mail.text

    async def test_waits_for_the_undo_window_again(self, scene: Scene) -> None:
        file = await sent(scene)
        scene.house.policy.current = replace(scene.house.policy.current, undo_seconds=300.0)
        got = await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
        assert isinstance(got, FileRecord)
        assert got.remark == "not scanned; re-routed from SEN; leaves at 09:05"
        await scene.idle()
        assert scene.dropped("EP") == {}
        scene.clock.advance(300)
        await scene.idle()
        assert (await now(scene, file)).remark == "not scanned; re-routed from SEN; Delivered"

    async def test_who_lost_it_can_decide_nothing_about_it(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
        got = await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        assert isinstance(got, Refusal)
        assert got.code == "not-officer"

    @pytest.mark.parametrize(("code", "refused"), [("SEN", "same-service"), ("SENX", "unknown-service-code")])
    async def test_to_no_other_service_is_refused(self, scene: Scene, code: str, refused: str) -> None:
        file = await sent(scene)
        got = await scene.house.decisions.reroute(file.id, code, by=actor(scene, OFFICER))
        assert isinstance(got, Refusal)
        assert got.code == refused
        assert scene.dropped("SEN") == {SEN: b"a plan"}

    async def test_to_a_service_that_does_not_take_such_files_is_refused(self, scene: Scene) -> None:
        set_service(scene, "EP", accepts=frozenset({"pdf"}))
        set_service(scene, "HR", max_bytes=3)
        file = await sent(scene)
        for code, refused in (("EP", "type-not-allowed"), ("HR", "too-large")):
            got = await scene.house.decisions.reroute(file.id, code, by=actor(scene, OFFICER))
            assert isinstance(got, Refusal)
            assert got.code == refused

    async def test_never_shows_a_private_file_to_more_people_of_the_school(self, scene: Scene) -> None:
        file = await sent(scene, SAFE)
        got = await scene.house.decisions.reroute(file.id, "SEN", by=actor(scene, "beatrix.olney"))
        assert isinstance(got, FileRecord)
        assert got.private

    async def test_of_a_file_that_was_collected_is_refused(self, scene: Scene) -> None:
        file = await sent(scene)
        collect(scene, "SEN", SEN)
        got = await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
        assert isinstance(got, Refusal)
        assert got.code == "collected"
        assert scene.dropped("EP") == {}

    async def test_twice_at_once_goes_one_way(self, scene: Scene) -> None:
        file = await sent(scene)
        decisions = scene.house.decisions
        got = await asyncio.gather(*(decisions.reroute(file.id, code, by=ADMINISTRATOR) for code in ("EP", "FIN")))
        assert [isinstance(one, FileRecord) for one in got].count(True) == 1
        await scene.idle()
        after = await now(scene, file)
        assert sorted(c for c in ("SEN", "EP", "FIN") if scene.dropped(c)) == [after.service]


class TestAccepting:
    """Held bytes under a better name: judged as any file, sent once, with the term of the first receipt."""

    async def test_the_correction_that_was_offered(self, scene: Scene) -> None:
        file = await sent(scene, SEND)
        assert (file.status, file.correction) == (Status.REJECTED, SEN)
        scene.clock.advance(days=3)
        got = await scene.house.decisions.accept(file.id, by=actor(scene, STAFF))
        assert isinstance(got, FileRecord)
        assert (got.status, got.name, got.service, got.reason, got.faults) == (Status.SENT, SEN, "SEN", None, ())
        assert (got.correction, got.detail, got.rejected_by) == (None, None, None)
        assert got.expires_at == file.sent_at + timedelta(days=90)
        assert got.remark == "not scanned"
        await scene.idle()
        assert scene.dropped("SEN") == {SEN: b"a plan"}
        assert subjects(scene, STAFF)[-1] == "Your file was sent under its right name"
        assert ("accept", STAFF) in await events(scene, file)
        scene.promises.clear()

    async def test_another_name_by_the_administrator_for_the_sender_s_schools(self, scene: Scene) -> None:
        file = await sent(scene, "nonsense.pdf")
        got = await scene.house.decisions.accept(file.id, by=ADMINISTRATOR, name="8301102_INFOa20261120.pdf")
        assert isinstance(got, Refusal)
        assert got.code == "not-your-school"
        got = await scene.house.decisions.accept(file.id, by=ADMINISTRATOR, name="8304053_INFOa20261120.pdf")
        assert isinstance(got, FileRecord)
        assert (got.school, got.service) == ("8304053", "INFO")
        scene.promises.clear()

    async def test_without_a_certain_name_is_refused(self, scene: Scene) -> None:
        file = await sent(scene, "nonsense.pdf")
        got = await scene.house.decisions.accept(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.code == "no-correction"

    async def test_a_faulty_name_is_refused_with_its_sentence(self, scene: Scene) -> None:
        file = await sent(scene, SEND)
        got = await scene.house.decisions.accept(file.id, by=actor(scene, STAFF), name="8304053_XYZa20261120.docx")
        assert isinstance(got, Refusal)
        assert got.code == "unknown-service-code"
        assert "XYZ" in got.sentence

    async def test_is_no_way_past_the_look_at_the_bytes(self, scene: Scene) -> None:
        file = await sent(scene, "8304053_SENDplan20261120.zip", b"PK\x03\x04 cut off")
        got = await scene.house.decisions.accept(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.code == "truncated"
        assert (await now(scene, file)).status is Status.REJECTED

    async def test_is_no_way_to_send_a_thing_twice(self, scene: Scene) -> None:
        rejected, good = await sent(scene, SEND), await sent(scene, SEN)
        got = await scene.house.decisions.accept(rejected.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.code == "already-received"
        assert f"as {SEN}; it is Sent" in got.sentence
        assert good.status is Status.SENT

    async def test_of_other_bytes_under_a_name_that_we_have_is_a_new_version(self, scene: Scene) -> None:
        earlier = await sent(scene, SEN, b"first")
        rejected = await sent(scene, SEND, b"second")
        got = await scene.house.decisions.accept(rejected.id, by=actor(scene, STAFF))
        assert isinstance(got, FileRecord)
        assert got.supersedes == earlier.id
        scene.promises.clear()

    async def test_of_bytes_that_are_not_held_is_refused(self, scene: Scene) -> None:
        file = await sent(scene, SEND)
        scene.clock.advance(days=15)
        await scene.idle()
        got = await scene.house.decisions.accept(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert "destroyed" in got.sentence
        scene.promises.clear()

    async def test_a_second_time_is_refused(self, scene: Scene) -> None:
        file = await sent(scene, SEND)
        await scene.house.decisions.accept(file.id, by=actor(scene, STAFF))
        got = await scene.house.decisions.accept(file.id, by=actor(scene, STAFF))
        assert isinstance(got, Refusal)
        assert got.code == "not-accept"
        scene.promises.clear()

    async def test_twice_at_once_sends_it_once(self, scene: Scene) -> None:
        one, two = await sent(scene, SEND), await sent(scene, f"Copy of {SEN}")
        decisions, by = scene.house.decisions, actor(scene, STAFF)
        got = await asyncio.gather(decisions.accept(one.id, by=by), decisions.accept(two.id, by=by))
        assert [isinstance(one, FileRecord) for one in got].count(True) == 1
        await scene.idle()
        assert scene.dropped("SEN") == {SEN: b"a plan"}
        scene.promises.clear()


class TestTheLook:
    """A file gone from a folder is Received by "SERVICE (folder)"; a folder that is away says nothing."""

    async def test_finds_what_was_collected(self, scene: Scene) -> None:
        one, two = await sent(scene), await sent(scene, "8304053_SENother20261120.docx", b"two")
        assert await scene.house.collect.pass_once() == 0
        collect(scene, "SEN", SEN)
        assert await scene.house.collect.pass_once() == 1
        got = await now(scene, one)
        assert (got.status, got.received_by, got.received_by_user) == (Status.RECEIVED, "SEN (folder)", None)
        assert (await now(scene, two)).status is Status.SENT
        assert await scene.house.collect.pass_once() == 0

    @pytest.mark.parametrize("what", ["folder", "marker"])
    async def test_takes_no_missing_share_for_an_empty_one(self, scene: Scene, what: str) -> None:
        file = await sent(scene)
        folder = scene.drop_folder("SEN")
        kept = folder.with_name("elsewhere")
        folder.rename(kept) if what == "folder" else (folder / MARKER).unlink()
        assert await scene.house.collect.pass_once() == 0
        assert (await now(scene, file)).status is Status.SENT
        kept.rename(folder) if what == "folder" else (folder / MARKER).touch()

    async def test_knows_two_files_of_one_name_apart(self, scene: Scene) -> None:
        first = await sent(scene, SEN, b"first")
        collect(scene, "SEN", SEN)
        scene.clock.advance(60)
        await scene.email(STAFF, (SEN, b"second"))
        await scene.idle()
        assert scene.dropped("SEN") == {SEN: b"second"}
        assert await scene.house.collect.pass_once() == 1
        assert (await now(scene, first)).status is Status.RECEIVED
        assert {f.status for f in await scene.files()} == {Status.RECEIVED, Status.SENT}
        scene.known.collected.clear()

    async def test_goes_on_where_a_stop_cut_it_off(self, scene: Scene) -> None:
        file = await sent(scene)
        collect(scene, "SEN", SEN)
        drop = (await drops_of(scene, file))["folder"]
        assert await scene.house.ledger.mark_drop(replace(drop, placed_as=None), expected=DropState.DONE)
        assert await scene.house.collect.pass_once() == 1
        assert (await now(scene, file)).status is Status.RECEIVED

    async def test_costs_what_waits_and_not_what_ever_was(self, scene: Scene) -> None:
        for n in range(5):
            file = await sent(scene, f"8304053_SENa{n}V01.docx", b"%d" % n)
            await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        await sent(scene)
        assert len(await scene.house.ledger.lying_drops()) == 1


class TestTheRace:
    """One compare-and-set decides between the school and the service."""

    async def test_of_recall_and_collection_is_won_by_one_a_thousand_times(self, scene: Scene) -> None:
        set_service(scene, "SEN", targets=(Target(TargetKind.PICKUP),))
        names = [f"8304053_SENa{n}V01.docx" for n in range(1000)]
        for batch in _batches(names, 200):
            await scene.email(STAFF, *((name, name.encode()) for name in batch))
        await scene.house.ingest.pass_once()
        files = await scene.files()
        assert len(files) == 1000
        chance = random.Random(20261122)
        school, officer, decisions = actor(scene, STAFF), actor(scene, OFFICER), scene.house.decisions
        won = {"recall": 0, "receive": 0}

        async def collected(file: FileRecord) -> FileRecord | Refusal:
            for _ in range(chance.randrange(5)):  # come a few steps later: neither side is always first
                await scene.house.ledger.file(file.id)
            return await decisions.receive(file.id, by=officer)

        async def race(file: FileRecord) -> None:
            recalled, received = await asyncio.gather(decisions.recall(file.id, by=school), collected(file))
            assert isinstance(recalled, Refusal) != isinstance(received, Refusal)
            won["receive" if isinstance(recalled, Refusal) else "recall"] += 1

        for batch in _batches(files, 50):
            await asyncio.gather(*(race(file) for file in batch))
        assert min(won.values()) > 50
        history = await asyncio.gather(*(scene.house.ledger.history(file.id) for file in files))
        assert all([h.event for h in past if h.event != "deliver"][1:] in (["recall"], ["receive"]) for past in history)
        scene.promises.clear()

    async def test_of_recall_and_the_look_into_the_folder_loses_nothing(self, meeting: "Meeting") -> None:
        scene = meeting.scene
        async for file, recall, look in meeting.of("recall", lambda: scene.house.collect.pass_once(), deliver=True):
            assert isinstance(recall, FileRecord) or recall.code in ("busy", "changed"), look
            status = (await now(scene, file)).status
            assert status is (Status.RECALLED if isinstance(recall, FileRecord) else Status.SENT)
            assert scene.dropped("SEN") == ({} if isinstance(recall, FileRecord) else {file.name: b"a plan"})

    async def test_of_recall_and_a_service_that_takes_it_from_the_folder_is_won_by_one(
        self, meeting: "Meeting"
    ) -> None:
        scene = meeting.scene
        files: list[FileRecord] = []

        async def take() -> bool:
            """Move it away, as a service does, if it is still there; then the gateway looks."""
            lying = scene.drop_folder("SEN") / files[-1].name
            has_it = lying.exists()
            lying.unlink(missing_ok=True)
            await scene.house.collect.pass_once()
            return has_it

        async for file, recall, has_it in meeting.of("recall", take, deliver=True, files=files):
            current = await now(scene, file)
            assert isinstance(recall, FileRecord) != has_it
            assert current.status is (Status.RECEIVED if has_it else Status.RECALLED)
            scene.known.collected.add(f"SEN/{file.name}")

    @pytest.mark.parametrize("is_first", [True, False])
    async def test_of_a_rejection_and_a_delivery_leaves_no_copy(self, meeting: "Meeting", is_first: bool) -> None:
        scene = meeting.scene
        async for file, got, _ in meeting.of_delivery("reject", is_first=is_first):
            assert isinstance(got, FileRecord)
            assert (await now(scene, file)).status is Status.REJECTED
            assert scene.dropped("SEN") == {}
            assert await drops_of(scene, file) == {}
            again = await scene.house.decisions.accept(file.id, by=actor(scene, OFFICER), name=file.name)
            assert isinstance(again, FileRecord)
            await scene.idle()
            assert scene.dropped("SEN") == {file.name: b"a plan"}
            collect(scene, "SEN", file.name)

    @pytest.mark.parametrize("is_first", [True, False])
    @pytest.mark.parametrize("deed", ["recall", "reroute"])
    async def test_of_a_delivery_and_who_takes_it_back_is_won_by_one(
        self, meeting: "Meeting", deed: str, is_first: bool
    ) -> None:
        scene = meeting.scene
        async for file, got, _ in meeting.of_delivery(deed, is_first=is_first):
            has_won = isinstance(got, FileRecord)
            assert has_won or got.code in ("busy", "changed")
            current = await now(scene, file)
            assert (current.status, current.service) == {
                ("recall", True): (Status.RECALLED, "SEN"),
                ("reroute", True): (Status.SENT, "EP"),
            }.get((deed, has_won), (Status.SENT, "SEN"))
            lying = {code for code in ("SEN", "EP") if file.name in scene.dropped(code)}
            assert lying == ({current.service} if current.status is Status.SENT else set())

    async def test_of_a_rejection_while_the_folder_is_away_ends_when_it_is_back(self, scene: Scene) -> None:
        file = await sent(scene)
        (scene.drop_folder("SEN") / MARKER).unlink()
        assert isinstance(await decide(scene, "reject", file, actor(scene, OFFICER)), FileRecord)
        await scene.idle()
        again = await scene.house.decisions.accept(file.id, by=actor(scene, OFFICER), name=SEN)
        assert isinstance(again, Refusal)
        assert (again.code, again.code in TRY_AGAIN) == ("away", True)
        scene.clock.advance(days=6)  # longer than a delivery is tried: a copy is never left to itself
        await scene.idle()
        (scene.drop_folder("SEN") / MARKER).touch()
        assert scene.dropped("SEN") == {SEN: b"a plan"}
        scene.clock.advance(2 * 3600)
        await scene.idle()
        assert scene.dropped("SEN") == {}
        assert await drops_of(scene, file) == {}
        assert [m for m in scene.courier.taken if "deliver" in m.subject.lower()] == []


class Meeting:
    """Two who decide about a file in the same moment: every place where one can come between is visited by hand."""

    def __init__(self, scene: Scene, turnstile: Turnstile) -> None:
        """Take the house, and where they meet."""
        self.scene = scene
        self._turnstile = turnstile

    async def of_delivery(self, deed: str, *, is_first: bool) -> AsyncIterator[tuple[FileRecord, Any, Any]]:
        """Yield the file and what the decision answered, for each place in which a delivery can come between."""
        dropping = self.scene.house.dropper.pass_once
        if is_first:
            async for file, got, other in self.of(deed, dropping):
                yield file, got, other
            return
        for n in range(40):
            file = await self._new(n)
            _, got, is_not_over = await self._turnstile.meet(
                dropping(), lambda file=file: decide(self.scene, deed, file, ADMINISTRATOR), at=n
            )
            await self.scene.idle()
            yield file, got, None
            if not is_not_over:
                return
        raise AssertionError("it never ends")

    async def of(
        self,
        deed: str,
        other: Callable[[], Awaitable[Any]],
        *,
        deliver: bool = False,
        files: list[FileRecord] | None = None,
    ) -> AsyncIterator[tuple[FileRecord, Any, Any]]:
        """Yield the file and what both answered, for each place in which the other can come between the decision."""
        for n in range(40):
            file = await self._new(n, deliver=deliver)
            (files if files is not None else []).append(file)
            first = decide(self.scene, deed, file, ADMINISTRATOR)
            got, answer, is_not_over = await self._turnstile.meet(first, other, at=n)
            await self.scene.idle()
            yield file, got, answer
            if not is_not_over:
                assert n > 2
                return
        raise AssertionError("it never ends")

    async def _new(self, number: int, *, deliver: bool = False) -> FileRecord:
        name = f"8304053_SENa{number}V01.docx"
        await self.scene.email(STAFF, (name, b"a plan"))
        await self.scene.house.ingest.pass_once()
        if deliver:
            await self.scene.idle()
        self.scene.promises.clear()
        return await self.scene.file(name)


@pytest.fixture
async def meeting(scene: Scene) -> Meeting:
    turnstiles: list[Turnstile] = []

    def wrap(ledger: Ledger) -> Ledger:
        turnstiles.append(Turnstile(ledger))
        return turnstiles[0]  # type: ignore[return-value]

    await scene.restart(wrap=wrap)
    scene.promises.clear()
    return Meeting(scene, turnstiles[0])


def _batches(items: list, size: int) -> list[list]:  # type: ignore[type-arg]
    return [items[start : start + size] for start in range(0, len(items), size)]


class TestAStopInTheMiddle:
    """A claim that nobody finishes lapses; whatever a stop leaves, the file is with its service or with its school."""

    @pytest.mark.parametrize(
        ("left", "status"),
        [
            ("lying", Status.SENT),  # what lies there is not made anew
            ("taken", Status.SENT),  # it has lost its name, so nobody could collect it
            ("written", Status.SENT),  # and the row says so
            ("collected", Status.RECEIVED),  # neither name is there: its service has it
        ],
    )
    async def test_of_a_claim_is_seen_by_what_lies_there(self, scene: Scene, left: str, status: Status) -> None:
        file = await sent(scene)
        drop = (await drops_of(scene, file))["folder"]
        name = None if left == "written" else drop.placed_as
        claimed = replace(drop, state=DropState.WITHDRAWING, placed_as=name, due_at=scene.clock.now() + CLAIM)
        assert await scene.house.ledger.mark_drop(claimed, expected=DropState.DONE)
        copy = scene.drop_folder("SEN") / SEN
        if left in ("taken", "written"):
            copy.rename(copy.with_name(f".{drop.id}.part"))
        if left == "collected":
            collect(scene, "SEN", SEN)
        stamp = copy.stat().st_ino if left == "lying" else None
        await scene.idle()
        assert await scene.house.collect.pass_once() == 0
        scene.clock.advance(CLAIM.total_seconds() + 1)
        await scene.idle()
        assert scene.dropped("SEN") == ({} if left == "collected" else {SEN: b"a plan"})
        assert stamp in (None, copy.stat().st_ino if copy.exists() else None)
        assert (await now(scene, file)).status is status

    @pytest.mark.parametrize("deed", ["recall", "reroute", "reject", "accept"])
    @pytest.mark.parametrize("after", [False, True])
    async def test_at_every_write_to_the_ledger(self, scene: Scene, deed: str, after: bool) -> None:
        await sent(scene, SEND if deed == "accept" else SEN)
        await scene.stop()
        snapshot = scene.folder.parent / "snapshot"
        for name in ("data", "drops"):
            shutil.copytree(scene.folder / name, snapshot / name)
        for n in range(20):
            restore(snapshot, scene.folder)
            scene.known.collected.clear()
            disk = dying(WAYS_TO_DIE[0], at=None, graveyard=scene.folder.parent / "grave")
            dying_ledger = partial(DyingLedger, disk=disk, dies_at=n, after=after)
            await scene.start(disk=disk, wrap=dying_ledger)  # type: ignore[arg-type]
            file = (await scene.files())[0]
            has_died = await dies(decide(scene, deed, file, ADMINISTRATOR))
            await scene.restart(disk=PosixDisk())
            await scene.idle()
            scene.clock.advance(CLAIM.total_seconds() + 60)
            await scene.idle()
            await check_settled(scene, file, deed)
            if not has_died:
                break
            await scene.stop()
        assert n >= 1
        scene.promises.clear()

    @pytest.mark.parametrize("after", [False, True])
    async def test_of_a_recall_that_waits_for_a_share(self, scene: Scene, after: bool) -> None:
        """At every write with which it is gone on with: it ends Recalled, told once, and nothing is delivered anew."""
        file = await sent(scene)
        drop = (await drops_of(scene, file))["folder"]
        claimed = replace(drop, state=DropState.WITHDRAWING, due_at=scene.clock.now() + CLAIM)
        assert await scene.house.ledger.mark_drop(claimed, expected=DropState.DONE)
        assert isinstance(await scene.house.recalls.ask(file, by=actor(scene, STAFF)), Refusal)
        await scene.stop()
        snapshot = scene.folder.parent / "snapshot"
        for name in ("data", "drops"):
            shutil.copytree(scene.folder / name, snapshot / name)
        for n in range(20):
            restore(snapshot, scene.folder)
            disk = dying(WAYS_TO_DIE[0], at=None, graveyard=scene.folder.parent / "grave")
            await scene.start(disk=disk, wrap=partial(DyingLedger, disk=disk, dies_at=n, after=after))  # type: ignore[arg-type]
            has_died = await dies(scene.house.dropper.pass_once())
            await scene.restart(disk=PosixDisk())
            scene.clock.advance(CLAIM.total_seconds() + 60)
            await scene.idle()
            assert (await now(scene, file)).status is Status.RECALLED
            assert scene.dropped("SEN") == {}
            assert [n["template"] for n in scene.rows("notices")].count("recalled") == 1
            if not has_died:
                break
            await scene.stop()
        assert n >= 3


TOLD_BY = {"recall": "recalled", "reject": "rejected", "reroute": "rerouted", "accept": "correction-accepted"}


async def check_settled(scene: Scene, file: FileRecord, deed: str) -> None:
    """Check that the decision was made or not, and that every copy agrees with it."""
    current = await now(scene, file)
    is_made = (current.status, current.service) != (file.status, file.service)
    expected = {
        "recall": (Status.RECALLED, {}),
        "reject": (Status.REJECTED, {}),
        "reroute": (Status.SENT, {"EP": {SEN: b"a plan"}}),
        "accept": (Status.SENT, {"SEN": {SEN: b"a plan"}}),
    }[deed]
    before = (file.status, {"SEN": {SEN: b"a plan"}} if file.status is Status.SENT else {})
    lying = {code: found for code in ("SEN", "EP") if (found := scene.dropped(code))}
    assert (current.status, lying) == (expected if is_made else before)
    # One row of history and the notice, from the same transaction as the change: both or neither.
    assert [event for event, _ in await events(scene, file)].count(deed) == is_made
    told = [notice["template"] for notice in scene.rows("notices")]
    assert told.count(TOLD_BY[deed]) == is_made
    assert not [d for d in await scene.house.ledger.drops(file=file.id) if d.state is DropState.WITHDRAWING]


class TestDuplicatesAndVersions:
    """The same again is told, not sent again; other bytes are a version; another name is remarked on (issue 5, 5)."""

    async def test_the_same_bytes_under_another_name_are_taken_with_a_remark(self, scene: Scene) -> None:
        await sent(scene, SEN)
        other = await sent(scene, "8304053_SENsecondplan20261121.docx")
        assert other.status is Status.SENT
        assert "the same file came as 8304053_SEN…20261120.docx on 22 November 2026" in (other.remark or "")
        assert len(scene.dropped("SEN")) == 2
        assert "the same file came as" in " ".join(scene.notices_to(STAFF)[-1].text.split())

    async def test_for_another_service_are_not_remarked_on(self, scene: Scene) -> None:
        await sent(scene, SEN)
        other = await sent(scene, "8304053_EPplan20261120.docx")
        assert other.remark == "not scanned; Delivered"

    async def test_of_another_school_are_not_remarked_on(self, scene: Scene) -> None:
        await sent(scene, "8301102_SENplan20261120.docx", by=HEAD)
        other = await sent(scene, "8304053_SENotherplan20261120.docx")
        assert other.remark == "not scanned; Delivered"

    async def test_in_one_message_are_remarked_on_too(self, scene: Scene) -> None:
        await scene.email(STAFF, (SEN, b"x"), ("8304053_SENb20261120.docx", b"x"))
        await scene.idle()
        assert "the same file came as" in ((await scene.file("8304053_SENb20261120.docx")).remark or "")


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
