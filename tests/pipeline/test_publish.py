"""Publish: each document reaches the schools that were said, once, and nobody else (SPEC 7)."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.core.admission import Refusal
from gateway.core.contents import Inspection
from gateway.core.documents import Document, DocumentState, Order
from gateway.core.model import Channel
from gateway.core.register import Role, SchoolStatus, Succession
from gateway.core.retention import Terms
from gateway.core.suspension import Incident
from gateway.pipeline.transitions import Actor
from tests.scenarios.harness import Scene
from tests.scenarios.invariants import context_of

OFFICER = "nadia.rowbotham"  # of SEN
OTHER = "callum.eastwick"
MILLBECK, LEYS = "8301102", "8302000"
COLDBROOK, NETHERBY = "8302245", "8302310"  # closed: followed by 8302360; followed by nobody
LETTER = f"{LEYS} Offer of a place.pdf"
PDF = b"%PDF-1.7 an invented letter"
EVERYONE = Order("general", everyone=True)
TERM = 90 * 86_400


async def published(scene: Scene, name: str = LETTER, data: bytes = PDF, order: Order | None = None) -> Document | None:
    """Publish, and return the document if there is one."""
    envelope = await scene.publish(OFFICER, name, data, order)
    await scene.idle()
    found = await scene.house.ledger.submission(envelope.id)
    assert found is not None
    return found.documents[0].document if found.documents else None


async def confirm(scene: Scene, id: str, username: str = OTHER) -> list[Document] | Refusal:
    return await scene.house.publications.confirm(id, by=Actor.of(scene.account(username)))


async def delete(scene: Scene, id: str) -> Document | Refusal:
    by = Actor("iroe", "Ines Roe")
    return await scene.house.publications.delete(id, by=by, why="wrong school", requested_by="Leys Junior School")


class TestOneSchool:
    """The number in front of the name."""

    async def test_is_shown_to_that_school_alone(self, scene: Scene) -> None:
        document = await published(scene)
        assert document is not None
        assert (document.state, document.reach) == (DocumentState.PUBLISHED, 1)
        assert await scene.shown(LEYS) == ["Offer of a place.pdf"]
        assert await scene.shown(MILLBECK) == []
        assert await scene.house.archive.read(document.place or "", 0, 99) == PDF

    async def test_that_another_followed_is_that_one(self, scene: Scene) -> None:
        document = await published(scene, f"{COLDBROOK} Budget.pdf")
        assert document is not None
        assert await scene.shown("8302360") == ["Budget.pdf"]
        assert document.remark == "not scanned; for 8302245, which 8302360 followed"

    @pytest.mark.parametrize("name", ["Offer.pdf", f"{NETHERBY} Offer.pdf", "8309999 Offer.pdf", "830110 2 Offer.pdf"])
    async def test_that_is_none_holds_it_from_everybody(self, scene: Scene, name: str) -> None:
        document = await published(scene, name)
        assert document is not None
        assert (document.state, document.reach, bool(document.detail)) == (DocumentState.HELD, 0, True)
        assert document.expires_at - document.sent_at == timedelta(days=14)
        assert not any([await scene.shown(s) for s in scene.house.directory.current.schools])

    async def test_gets_a_new_version_in_the_place_of_the_old(self, scene: Scene) -> None:
        first = await published(scene)
        second = await published(scene, data=PDF + b", corrected")
        assert first is not None
        assert second is not None
        (shown,) = await scene.house.ledger.shown_documents(school=LEYS)
        assert (shown.id, shown.supersedes) == (second.id, first.id)
        assert [d.id for d in await scene.documents()] == [second.id, first.id]

    async def test_gets_the_same_once(self, scene: Scene) -> None:
        first = await published(scene)
        assert await published(scene) is None
        assert first is not None
        assert await scene.shown(LEYS) == [first.name]
        assert len(await scene.documents()) == 1

    async def test_is_told_of_a_misnamed_one_once_though_it_is_sent_twice(self, scene: Scene) -> None:
        held = await published(scene, "Offer.pdf")
        assert await published(scene, "Offer.pdf") is None
        assert await published(scene, "Offer.pdf", PDF + b", corrected") is not None
        assert held is not None
        assert len(await scene.documents(state=(DocumentState.HELD,))) == 2

    async def test_gets_again_what_was_deleted(self, scene: Scene) -> None:
        first = await published(scene)
        assert first is not None
        await delete(scene, first.id)
        await scene.idle()
        assert await published(scene) is not None
        assert await scene.shown(LEYS) == ["Offer of a place.pdf"]


class TestManySchools:
    """Only when asked for, and only after a confirmation when they are many."""

    async def test_see_it_without_one_when_they_are_few(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=2)
        await published(scene, "Term dates.pdf", order=Order("general", schools=(MILLBECK, LEYS, NETHERBY)))
        assert await scene.shown(MILLBECK) == await scene.shown(LEYS) == ["Term dates.pdf"]

    async def test_see_it_after_it_and_not_before(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=5)
        document = await published(scene, "Term dates.pdf", order=EVERYONE)
        assert document is not None
        assert document.state is DocumentState.WAITING
        assert await scene.shown(LEYS) == []
        scene.clock.advance(60)
        (out,) = await confirmed(scene, document.publication)
        assert (out.published_at, out.confirmed_by) == (scene.clock.now(), "Callum Eastwick")
        assert await scene.shown(LEYS) == await scene.shown(MILLBECK) == ["Term dates.pdf"]
        assert len(await scene.house.archive.places()) == 1
        assert isinstance(await confirm(scene, document.id), Refusal)

    async def test_are_confirmed_by_another_where_the_key_says_so(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=5, second_person=True)
        document = await published(scene, "Term dates.pdf", order=EVERYONE)
        assert document is not None
        refusal = await confirm(scene, document.id, OFFICER)
        assert isinstance(refusal, Refusal)
        assert refusal.code == "second-person"
        assert await scene.shown(LEYS) == []
        assert len(await confirmed(scene, document.id)) == 1

    async def test_never_get_what_names_one(self, scene: Scene) -> None:
        document = await published(scene, LETTER, order=EVERYONE)
        assert document is not None
        assert (document.state, document.reason) == (DocumentState.HELD, "contradiction")

    async def test_get_one_document_once_though_it_is_sent_twice(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=5)
        await published(scene, "Term dates.pdf", order=EVERYONE)
        assert await published(scene, "Term dates.pdf", order=EVERYONE) is None

    async def test_that_have_it_already_are_left_out(self, scene: Scene) -> None:
        order = Order("general", schools=(LEYS,))
        first = await published(scene, "Term dates.pdf", order=order)
        second = await published(scene, "Term dates.pdf", order=replace(order, schools=(LEYS, MILLBECK)))
        assert first is not None
        assert second is not None
        assert (second.reach, second.place) == (1, first.place)
        assert [d.id for d in await scene.house.ledger.shown_documents(school=LEYS)] == [first.id]

    async def test_of_a_confirmation_nothing_is_left_when_it_was_deleted(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=5)
        document = await published(scene, "Term dates.pdf", order=EVERYONE)
        assert document is not None
        await delete(scene, document.id)
        await scene.idle()
        assert isinstance(await confirm(scene, document.id), Refusal)
        assert await scene.house.archive.places() == []


class TestASchoolThatClosedMeanwhile:
    """Before the confirmation: who is not open gets nothing, who follows it does (SPEC 3, 7, 8)."""

    async def test_gets_nothing_and_the_publisher_is_told(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=1)
        document = await published(scene, "Term dates.pdf", order=Order("general", schools=(MILLBECK, LEYS)))
        assert document is not None
        await close(scene, LEYS)
        (out,) = await confirmed(scene, document.id)
        assert (out.reach, out.remark) == (1, "not scanned; not to 8302000, which closed before it went out")
        assert (await scene.shown(MILLBECK), await scene.shown(LEYS)) == (["Term dates.pdf"], [])
        found = await scene.house.ledger.document(document.id)
        assert found is not None
        assert (found.document, found.schools) == (out, (MILLBECK,))

    async def test_that_is_followed_leaves_it_to_its_follower_once(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=1)
        document = await published(scene, "Term dates.pdf", order=Order("general", schools=(MILLBECK, LEYS)))
        assert document is not None
        await close(scene, LEYS, successor=MILLBECK)
        (out,) = await confirmed(scene, document.id)
        assert (out.reach, out.remark) == (1, "not scanned; for 8302000, which 8301102 followed")
        assert (await scene.shown(MILLBECK), await scene.shown(LEYS)) == (["Term dates.pdf"], [])

    async def test_and_was_the_only_one_holds_it_from_everybody(self, scene: Scene) -> None:
        document = await published(scene, LETTER, order=Order("general", waits=True))
        assert document is not None
        assert document.state is DocumentState.WAITING
        await close(scene, LEYS)
        (held,) = await confirmed(scene, document.id)
        assert (held.state, held.reason, bool(held.detail)) == (DocumentState.HELD, "closed-school", True)
        assert held.expires_at - held.sent_at == timedelta(days=14)
        assert not any([await scene.shown(s) for s in scene.house.directory.current.schools])
        assert isinstance(await confirm(scene, document.id), Refusal)

    async def test_keeps_what_it_was_given_while_it_was_open(self, scene: Scene) -> None:
        """It was for its people; who may not read it any more is suspended, by name."""
        await published(scene)
        await close(scene, LEYS, successor=MILLBECK)
        assert (await scene.shown(LEYS), await scene.shown(MILLBECK)) == (["Offer of a place.pdf"], [])


async def close(scene: Scene, number: str, *, successor: str | None = None) -> None:
    """Close a school, perhaps with a school that follows it."""
    ledger, at = scene.house.ledger, scene.clock.now()
    school = scene.house.directory.current.schools[number]
    await ledger.put_school(replace(school, status=SchoolStatus.CLOSED), actor="a test", at=at)
    if successor:
        await ledger.put_succession(Succession(number, successor, date(2027, 8, 31)), actor="a test", at=at)
    await scene.house.directory.pass_once()


class TestAnOpenIncident:
    """About a school that a document is for, or its publisher: its bytes stay until it is closed (SPEC 8, 10)."""

    async def test_keeps_the_documents_of_its_school_and_no_others(self, scene: Scene) -> None:
        await published(scene)
        await published(scene, f"{MILLBECK} Budget.pdf", PDF + b"2")
        incident = await investigate(scene, LEYS)
        scene.clock.advance(TERM + 1)
        await scene.idle()
        assert [d.name for d in await scene.documents() if d.place] == ["Offer of a place.pdf"]
        await scene.house.suspend.close_incident(incident.id, reason="nothing found", by="it.admin")
        await scene.idle()
        assert await scene.house.archive.places() == []

    async def test_gives_no_other_school_a_day_more(self, scene: Scene) -> None:
        await published(scene, "Term dates.pdf", order=EVERYONE)
        await investigate(scene, LEYS)
        scene.clock.advance(TERM - 1)
        await scene.idle()
        assert await scene.shown(MILLBECK) == ["Term dates.pdf"]
        scene.clock.advance(2)
        await scene.idle()
        assert (await scene.shown(MILLBECK), await scene.shown(LEYS)) == ([], ["Term dates.pdf"])
        assert len(await scene.house.archive.places()) == 1

    async def test_about_the_publisher_keeps_what_they_published(self, scene: Scene) -> None:
        await published(scene)
        await investigate(scene, MILLBECK, others=(OFFICER,))
        scene.clock.advance(TERM + 1)
        await scene.idle()
        assert len(await scene.house.archive.places()) == 1
        assert await scene.shown(LEYS) == []

    async def test_does_not_stop_a_deletion_which_takes_the_bytes_at_its_end(self, scene: Scene) -> None:
        document = await published(scene)
        assert document is not None
        incident = await investigate(scene, LEYS)
        gone = await delete(scene, document.id)
        assert isinstance(gone, Document)
        assert gone.state is DocumentState.DELETED
        await scene.idle()
        assert await scene.shown(LEYS) == []
        assert len(await scene.house.archive.places()) == 1
        await scene.house.suspend.close_incident(incident.id, reason="nothing found", by="it.admin")
        await scene.idle()
        assert await scene.house.archive.places() == []
        (record,) = await scene.documents()
        assert (record.state, record.requested_by) == (DocumentState.DELETED, "Leys Junior School")


async def investigate(scene: Scene, school: str, others: tuple[str, ...] = ()) -> Incident:
    """Open an incident."""
    found = await scene.house.suspend.open_incident(school, others=others, reason="looked into", by="it.admin")
    assert isinstance(found, Incident)
    return found


async def confirmed(scene: Scene, id: str) -> list[Document]:
    found = await confirm(scene, id)
    assert not isinstance(found, Refusal), found
    return found


class TestBytes:
    """One set, however many documents share it, until the last lets go."""

    async def test_are_shared_by_documents_of_equal_content(self, scene: Scene) -> None:
        first = await published(scene)
        scene.clock.advance(10 * 86_400)
        second = await published(scene, f"{MILLBECK} Offer of a place.pdf")
        assert first is not None
        assert second is not None
        assert first.place == second.place
        scene.clock.advance(80 * 86_400)
        await scene.idle()
        assert await scene.shown(LEYS) == []
        assert await scene.house.archive.read(second.place or "", 0, 99) == PDF
        scene.clock.advance(10 * 86_400)
        await scene.idle()
        assert await scene.house.archive.places() == []
        assert {d.state for d in await scene.documents()} == {DocumentState.DESTROYED}

    async def test_live_to_their_last_second_and_no_longer(self, scene: Scene) -> None:
        await published(scene)
        scene.clock.advance(TERM - 1)
        await scene.idle()
        assert await scene.shown(LEYS) == ["Offer of a place.pdf"]
        scene.clock.advance(1)
        await scene.idle()
        assert await scene.shown(LEYS) == []
        assert not scene.mentions("Offer of a place")

    async def test_of_a_deleted_one_go_at_once_and_the_reason_stays(self, scene: Scene) -> None:
        document = await published(scene)
        assert document is not None
        gone = await delete(scene, document.id)
        assert not isinstance(gone, Refusal)
        assert await scene.shown(LEYS) == []
        await scene.idle()
        assert await scene.house.archive.places() == []
        (stays,) = await scene.documents()
        told = (stays.state, stays.deleted_by, stays.delete_reason, stays.requested_by)
        assert told == (DocumentState.DELETED, "Ines Roe", "wrong school", "Leys Junior School")
        assert isinstance(await delete(scene, document.id), Refusal)
        actions = [row.action for row in await scene.house.ledger.trail(subject=document.id)]
        assert actions == ["destroy", "delete", "publish"]

    async def test_of_no_days_are_gone_at_once_though_equal_ones_come(self, scene: Scene) -> None:
        scene.house.policy.current = replace(scene.house.policy.current, terms=Terms(days=0, rejected_days=0))
        for name in (LETTER, f"{MILLBECK} Offer.pdf", "Offer.pdf"):
            await published(scene, name)
        assert await scene.house.archive.places() == []

    async def test_that_another_holds_outlive_the_first_though_a_stop_left_it_in_the_spool(self, scene: Scene) -> None:
        envelope = await scene.publish(OFFICER, LETTER, PDF)
        ready = Path(scene.house.spool.path(envelope.id))
        sealed = ready.read_bytes()
        await scene.idle()
        second = await published(scene, f"{MILLBECK} Offer.pdf")
        await delete(scene, f"{envelope.id}-01")
        ready.write_bytes(sealed)  # as if we had died before it was forgotten
        await scene.restart()
        assert second is not None
        assert await scene.house.archive.read(second.place or "", 0, 99) == PDF
        assert await scene.shown(LEYS) == []

    async def test_that_are_a_program_go_to_nobody(self, scene: Scene) -> None:
        document = await published(scene, data=b"MZ\x90\x00" + b"x" * 200)
        assert document is not None
        assert (document.state, document.reason) == (DocumentState.HELD, "type-not-allowed")

    async def test_wait_for_the_scanner(self, scene: Scene) -> None:
        scanner = Scanner("wait")
        scene.house.live.inspect.look_with(scene.house.live.inspect._contents, scanner)
        await scene.publish(OFFICER, LETTER, PDF)
        assert await scene.house.ingest.pass_once() == 0
        assert await scene.shown(LEYS) == []
        scanner.verdict = "clean"
        await scene.idle()
        assert await scene.shown(LEYS) == ["Offer of a place.pdf"]

    async def test_that_are_infected_are_held(self, scene: Scene) -> None:
        scene.house.live.inspect.look_with(scene.house.live.inspect._contents, Scanner("rejected"))
        document = await published(scene)
        assert document is not None
        assert (document.state, document.reason) == (DocumentState.HELD, "infected")
        assert document.expires_at - document.sent_at == timedelta(days=30)


class Scanner:
    """Says what it is told to."""

    def __init__(self, verdict: str) -> None:
        self.verdict = verdict

    async def scan(self, path: str, *, size: int) -> Inspection:
        return Inspection(self.verdict, "infected" if self.verdict == "rejected" else None)


class TestTheReport:
    """What the publisher is told."""

    async def test_of_a_drop_is_one_notice_when_it_rests(self, scene: Scene) -> None:
        schools = [MILLBECK, LEYS, "8303308", NETHERBY, "8309999"]
        for school in schools:
            await scene.publish(OFFICER, f"{school} Offer.pdf", PDF)
        await scene.idle()
        assert await scene.house.report.pass_once() == 0
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 1
        assert await scene.house.report.pass_once() == 0
        await scene.idle()
        (mail,) = scene.notices_to(OFFICER)
        assert mail.subject == "2 documents are held"
        assert "3 documents are with 3 schools now, in SEND." in mail.text
        assert f"{NETHERBY} Offer.pdf" in mail.text

    async def test_survives_a_restart_without_gap_or_repeat(self, scene: Scene) -> None:
        await scene.publish(OFFICER, LETTER, PDF)
        await scene.idle()
        await scene.restart()
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 1
        await scene.restart()
        assert await scene.house.report.pass_once() == 0

    async def test_of_one_that_was_confirmed_says_by_whom(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=5)
        document = await published(scene, "Term dates.pdf", order=EVERYONE)
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 1
        assert document is not None
        await confirm(scene, document.id)
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 1
        await scene.idle()
        asked, done = scene.notices_to(OFFICER)
        assert document.id in asked.text
        assert "(confirmed by Callum Eastwick)" in " ".join(done.text.split())

    async def test_forgets_names_with_the_bytes(self, scene: Scene) -> None:
        await published(scene, "Offer for samir.pdf")
        scene.clock.advance(120)
        await scene.house.report.pass_once()
        await scene.idle()
        scene.clock.advance(14 * 86_400)
        await scene.idle()
        (notice,) = scene.rows("notices")
        assert context_of(notice) == {}

    async def test_of_a_quiet_gateway_tells_only_what_needs_somebody(self, scene: Scene) -> None:
        scene.set_notices(sftp_receipts=False)
        await published(scene)
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 0
        await published(scene, "nothing.pdf")
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 1

    async def test_goes_to_no_command(self, scene: Scene) -> None:
        await scene.publish("administrator", LETTER, PDF, channel=Channel.COMMAND)
        await scene.idle()
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 0
        (document,) = await scene.documents()
        assert (document.published_by, document.published_by_user) == ("administrator", "administrator")


class TestByEmail:
    """From a registered officer to the address of a folder."""

    async def test_each_part_is_a_document_and_one_answer_tells_all(self, scene: Scene) -> None:
        files = ((LETTER, PDF), (f"{MILLBECK} Offer.pdf", PDF), ("Offer.pdf", PDF), (f"{LEYS} Empty.pdf", b""))
        envelope = await scene.mail_documents(OFFICER, *files)
        await scene.idle()
        assert (await scene.shown(LEYS), await scene.shown(MILLBECK)) == (["Offer of a place.pdf"], ["Offer.pdf"])
        assert len(await scene.house.archive.places()) == 1
        (mail,) = scene.notices_to(OFFICER)
        assert (mail.subject, mail.return_path) == ("1 document is held", "")
        assert "2 documents are with 2 schools now, in SEND." in mail.text
        assert f"{LEYS} Empty.pdf" in mail.text
        record = await scene.house.ledger.submission(envelope.id)
        assert record is not None
        assert [p.fate for p in record.parts if p.name] == ["taken", "taken", "rejected", "ignored"]
        assert await scene.house.report.pass_once() == 0

    async def test_a_confirmation_is_told_too(self, scene: Scene) -> None:
        scene.set_documents(confirm_above=0)
        await scene.mail_documents(OFFICER, (LETTER, PDF))
        await scene.idle()
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 0
        (document,) = await scene.documents()
        await confirmed(scene, document.id)
        scene.clock.advance(120)
        assert await scene.house.report.pass_once() == 1
        await scene.idle()
        assert [m.subject for m in scene.notices_to(OFFICER)] == [
            "1 document waits for a confirmation",
            "Your documents are with the schools",
        ]

    async def test_a_message_with_nothing_in_it_is_told_so(self, scene: Scene) -> None:
        await scene.mail_documents(OFFICER)
        await scene.idle()
        (mail,) = scene.notices_to(OFFICER)
        assert "nothing attached" in mail.text.lower() or "no file" in mail.text.lower()

    async def test_an_automatic_message_is_not_answered(self, scene: Scene) -> None:
        envelope = await scene.mail_documents(OFFICER, (LETTER, PDF), Auto_Submitted="auto-generated")
        scene.known.unanswered.add(envelope.id)
        await scene.idle()
        assert await scene.shown(LEYS) == ["Offer of a place.pdf"]
        assert scene.notices_to(OFFICER) == []


async def test_people_of_other_schools_are_never_in_an_audience(scene: Scene) -> None:
    """Whatever is published, only those whose school is in it are shown it."""
    await published(scene)
    for account in scene.house.directory.current.accounts.values():
        if account.role is Role.OFFICER:
            continue
        shown = [name for school in account.schools for name in await scene.shown(school)]
        assert bool(shown) == (LEYS in account.schools)
