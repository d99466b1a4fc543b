"""Documents over SFTP: an officer puts them into a folder, a school's people read them, and change nothing (SPEC 7)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.core.admission import Refusal
from gateway.core.documents import DocumentState, Order, order_of
from gateway.core.register import Role
from gateway.inbound.sftp import refusals
from gateway.inbound.sftp.packets import OpenFlags
from gateway.inbound.sftp.portal import No
from gateway.pipeline.transitions import Actor
from tests.inbound.sftp.person import JONAS, NADIA, PDF, RUTH, SAMIR, YUSUF

SEND = "/SEN/Send to Schools/SEND"
HOME = "/LA Documents"
NOVEMBER = f"{HOME}/Derbyshire Documents/4 November Files"
LETTER = "8302000 Offer of a place.pdf"
SEEN = f"{NOVEMBER}/SEND/Offer of a place.pdf"


async def publish(person, name=LETTER, data=PDF, folder=SEND, who=NADIA):
    """Put a document into a folder, and let the workers do their work."""
    officer = person(who)
    assert await officer.put(name, data, folder=folder) is None
    await officer.scene.idle()


@pytest.fixture
def heads(scene):
    """Documents for headteachers alone are in use."""
    scene.set_documents(head_only=True)


@pytest.mark.parametrize("marks", [{}, {"everyone": True}, {"head_only": True}, {"everyone": True, "head_only": True}])
def test_a_folder_stands_for_its_order(marks):
    order = Order("send", **marks)
    assert order_of(order.shelf) == order


def test_a_school_is_no_order():
    assert order_of("8302000") is None


class TestPublishing:
    """By an officer."""

    async def test_has_a_room_for_each_folder_and_in_it_one_for_all_schools(self, person):
        nadia = person(NADIA)
        assert await nadia.ls("/SEN") == ["Inbox", "Not Ours", "Rejected", "Send to Schools", "Status.csv"]
        names = ["EHSR Report Confidential", "General", "SEND", "Shared Services HR"]
        assert await nadia.ls("/SEN/Send to Schools") == names
        assert await nadia.ls(SEND) == ["All Schools"]

    async def test_has_one_for_headteachers_where_that_is_in_use(self, person, heads):
        nadia = person(NADIA)
        assert await nadia.ls(SEND) == ["All Schools", "Confidential (Head Only)"]
        assert await nadia.ls(f"{SEND}/Confidential (Head Only)") == ["All Schools"]

    async def test_reaches_the_school_of_the_number_in_front(self, scene, person):
        await publish(person)
        assert await person(SAMIR).tree(HOME) == [SEEN]
        assert await person(SAMIR).read(SEEN) == PDF
        assert await person(RUTH).tree(HOME) == []

    async def test_shows_the_upload_for_a_while_as_programs_expect(self, person):
        nadia = person(NADIA)
        await nadia.put(LETTER, PDF, folder=SEND)
        assert await nadia.ls(SEND) == ["All Schools", LETTER]
        assert (await nadia.leaf(f"{SEND}/{LETTER}")).size == len(PDF)
        assert await nadia.rm(f"{SEND}/{LETTER}") is None
        await nadia.scene.idle()
        assert await person(SAMIR).tree(HOME) == [SEEN]

    async def test_of_a_misnamed_one_is_taken_and_held(self, scene, person):
        await publish(person, "Offer of a place.pdf")
        (document,) = await scene.documents()
        assert (document.state, document.reason) == (DocumentState.HELD, "no-dfe-number")

    async def test_to_all_schools_waits_and_reaches_them(self, scene, person):
        scene.set_documents(confirm_above=3)
        await publish(person, "Term dates.pdf", folder=f"{SEND}/All Schools")
        assert await person(SAMIR).tree(HOME) == []
        (document,) = await scene.documents()
        assert document.everyone
        await scene.house.publications.confirm(document.id, by=Actor("iroe", "Ines Roe"))
        for who in (SAMIR, RUTH, JONAS):
            assert await person(who).tree(HOME) == [f"{NOVEMBER}/SEND/Term dates.pdf"]

    async def test_by_a_temporary_name_and_a_rename_is_one_document(self, scene, person):
        nadia = person(NADIA)
        await nadia.put(f"{LETTER}.filepart", PDF, folder=SEND)
        await scene.idle()
        assert await scene.documents() == []
        assert await nadia.mv(f"{SEND}/{LETTER}.filepart", f"{SEND}/{LETTER}") is None
        await scene.idle()
        assert await person(SAMIR).tree(HOME) == [SEEN]

    async def test_of_an_upload_that_was_cut_off_makes_none_until_it_goes_on(self, scene, person):
        nadia = person(NADIA)
        upload = await nadia.begin(LETTER, PDF[:100], folder=SEND)
        await nadia.portal.abandon(upload)
        await scene.idle()
        assert await scene.documents() == []
        flags = OpenFlags.WRITE | OpenFlags.CREATE
        upload = await nadia.begin(LETTER, PDF[100:], at=100, folder=SEND, flags=flags)
        assert await nadia.portal.close(upload) is None
        await scene.idle()
        assert await person(SAMIR).read(SEEN) == PDF

    async def test_of_nothing_is_refused_and_recorded_nowhere(self, scene, person):
        answer = await person(NADIA).put(LETTER, b"", folder=SEND)
        assert isinstance(answer, No)
        await scene.idle()
        assert (await scene.documents(), await scene.files()) == ([], [])

    async def test_is_not_done_under_the_name_of_a_folder(self, person):
        assert await person(NADIA).put("All Schools", PDF, folder=SEND) == refusals.IS_FOLDER

    async def test_moves_into_a_folder_though_it_is_named_alone(self, scene, person):
        nadia = person(NADIA)
        await nadia.put("Term dates.part", PDF, folder=SEND)
        assert await nadia.mv(f"{SEND}/Term dates.part", f"{SEND}/All Schools") is None
        assert await nadia.ls(f"{SEND}/All Schools") == ["Term dates.part"]
        await nadia.rm(f"{SEND}/All Schools/Term dates.part")

    async def test_is_no_business_of_a_school(self, person):
        assert await person(SAMIR).put(LETTER, PDF, folder="/SEN/Send to Schools/SEND") == refusals.NOT_THERE
        answer = await person(SAMIR).put(LETTER, PDF, folder=f"{NOVEMBER}/SEND")
        assert "files-help@" in answer.sentence


class TestReading:
    """By a school's people."""

    async def test_a_school_without_documents_sees_where_they_will_be(self, person):
        assert await person(SAMIR).ls(HOME) == ["Derbyshire Documents"]
        assert await person(SAMIR).ls(f"{HOME}/Derbyshire Documents") == []

    async def test_a_folder_shows_when_it_holds_something(self, person):
        await publish(person)
        await publish(person, "8302000 Budget.xlsx", folder="/SEN/Send to Schools/General")
        assert await person(SAMIR).ls(f"{HOME}/Derbyshire Documents") == ["4 November Files"]
        assert await person(SAMIR).ls(NOVEMBER) == ["General", "SEND"]

    async def test_what_came_in_november_is_there_in_february_under_one(self, scene, person):
        await publish(person)
        await publish(person, "8301102 Other.pdf")
        scene.clock.advance((datetime(2027, 2, 18, 9, tzinfo=UTC) - scene.clock.now()).total_seconds())
        await scene.idle()
        await publish(person, "8302000 News.pdf")
        samir = person(SAMIR)
        months = f"{HOME}/Derbyshire Documents"
        assert await samir.ls(months) == ["1 November Files", "4 February Files"]
        assert await samir.read(f"{months}/1 November Files/SEND/Offer of a place.pdf") == PDF
        scene.clock.advance(3 * 86_400)
        await scene.idle()
        assert await samir.ls(months) == ["4 February Files"]

    async def test_a_month_is_the_authoritys_own(self, scene, person):
        scene.clock.advance((datetime(2027, 6, 30, 23, 30, tzinfo=UTC) - scene.clock.now()).total_seconds())
        await publish(person)
        assert await person(SAMIR).tree(HOME) == [f"{HOME}/Derbyshire Documents/4 July Files/SEND/Offer of a place.pdf"]

    async def test_a_new_version_is_shown_in_the_place_of_the_old(self, scene, person):
        await publish(person)
        await publish(person, data=PDF + b"corrected")
        assert await person(SAMIR).tree(HOME) == [SEEN]
        assert await person(SAMIR).read(SEEN) == PDF + b"corrected"
        assert len(await scene.documents()) == 2

    async def test_headteachers_alone_see_what_is_for_them(self, person, heads):
        await publish(person, "8304053 Pay.pdf", folder=f"{SEND}/Confidential (Head Only)")
        place = f"{HOME}/Confidential (Head Only)/4 November Files/SEND/Pay.pdf"
        assert await person(YUSUF).tree(HOME) == [place]
        assert await person(JONAS).tree(HOME) == []
        assert not await person(JONAS).has(place)
        assert not await person(SAMIR).has(place)

    async def test_the_confidential_room_is_shown_to_nobody_while_it_is_not_in_use(self, scene, person):
        scene.set_documents(head_only=True)
        await publish(person, "8304053 Pay.pdf", folder=f"{SEND}/Confidential (Head Only)")
        scene.set_documents(head_only=False)
        assert await person(YUSUF).ls(HOME) == ["Derbyshire Documents"]
        assert await person(YUSUF).tree(HOME) == []

    async def test_reading_to_the_end_is_recorded_by_person_and_school(self, scene, person):
        await publish(person)
        samir = person(SAMIR)
        await samir.read(SEEN, size=10)
        (document,) = await scene.documents()
        assert await scene.house.ledger.readings(document.id) == []
        await samir.read(SEEN)
        await samir.read(SEEN)
        (reading,) = await scene.house.ledger.readings(document.id)
        assert (reading.school, reading.username, reading.at) == ("8302000", SAMIR, scene.clock.now())
        (row,) = scene.rows("document_readings")
        assert row["times"] == 1
        await person(SAMIR).read(SEEN)
        (row,) = scene.rows("document_readings")
        assert row["times"] == 2

    async def test_nothing_of_it_can_be_changed_and_the_sentence_says_whom_to_ask(self, scene, person):
        await publish(person)
        samir = person(SAMIR)
        answers = [
            await samir.rm(SEEN),
            await samir.mv(SEEN, f"{NOVEMBER}/SEND/Mine.pdf"),
            await samir.mv(SEEN, "/Send Files/8302000_SENplan20261120.pdf"),
            await samir.put("Offer of a place.pdf", PDF, folder=f"{NOVEMBER}/SEND"),
            await samir.portal.make_folder(f"{NOVEMBER}/Mine"),
        ]
        contact = scene.settings.authority.contact
        assert [contact in answer.sentence for answer in answers] == [True] * 5
        assert await samir.read(SEEN) == PDF

    async def test_of_a_deleted_one_ends_at_once_also_on_an_open_handle(self, scene, person):
        await publish(person)
        samir = person(SAMIR)
        download = await samir.portal.open_to_read(SEEN)
        (document,) = await scene.documents()
        gone = await scene.house.publications.delete(
            document.id, by=Actor("iroe", "Ines Roe"), why="wrong school", requested_by="Samir Okonjo"
        )
        assert not isinstance(gone, Refusal)
        assert await samir.tree(HOME) == []
        assert not await samir.has(SEEN)
        assert list(samir.doors.readings.documents) == [document.id]
        samir.doors.readings.end(document.id, refusals.DOCUMENT_GONE)
        assert download.ended == refusals.DOCUMENT_GONE
        await samir.portal.let_go(download)

    async def test_somebody_of_two_schools_reads_each_schools_own(self, scene, person):
        dora = "dora.whitlam"
        await publish(person, "8302117 Infants.pdf")
        await publish(person, "8302118 Juniors.pdf")
        tree = [path for path in await person(dora).tree() if "LA Documents" in path]
        assert [(path[1:8], path.rpartition("/")[2]) for path in tree] == [
            ("8302117", "Infants.pdf"),
            ("8302118", "Juniors.pdf"),
        ]
        await person(dora).read(tree[0])
        (reading,) = scene.rows("document_readings")
        assert reading["school"] == "8302117"

    async def test_a_head_who_is_head_no_more_sees_it_no_more(self, scene, person, heads):
        await publish(person, "8304053 Pay.pdf", folder=f"{SEND}/Confidential (Head Only)")
        await scene.set_account(YUSUF, role=Role.STAFF)
        assert await person(YUSUF).tree(HOME) == []

    async def test_a_folder_that_was_taken_off_the_table_still_shows_what_it_holds(self, scene, person):
        await publish(person)
        policy = scene.house.policy
        left = tuple(f for f in policy.current.documents.folders if f.key != "send")
        policy.current = replace(policy.current, documents=replace(policy.current.documents, folders=left))
        assert await person(SAMIR).tree(HOME) == [f"{NOVEMBER}/send/Offer of a place.pdf"]
