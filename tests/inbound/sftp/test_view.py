"""What each person sees: the trees of SPEC 5, computed from records."""

import csv
import hashlib
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.model import Channel, FileRecord, History, Status
from gateway.core.retention import Terms
from gateway.core.submission import PartFate, Submission
from tests.inbound.sftp.person import (
    BEATRIX,
    CALLUM,
    DORA,
    GOOD,
    JONAS,
    NADIA,
    PDF,
    RUTH,
    SAMIR,
    YUSUF,
)

SENT, REJECTED = "/Sent Files/2026-11", "/Rejected Files/2026-11"
INBOX = "/SEN/Inbox/8302000 Leys Junior School"
HIGHMOOR_SECRET = "8304053_SAFEconcern20261120.pdf"


async def record(scene, **fields):
    """Record a file with its bytes, as if ingest had been of another mind about its name; nobody is told."""
    at, id = fields.pop("sent_at", scene.clock.now()), scene.clock.new_id()
    source = scene.folder.parent / id
    source.write_bytes(id.encode())
    usual = {
        "name": GOOD, "school": "8302000", "service": "SEN", "status": Status.SENT, "channel": Channel.EMAIL,
        "sent_by": "Samir Okonjo", "sent_by_user": SAMIR, "size": len(id),
        "sha256": hashlib.sha256(id.encode()).hexdigest(), "expires_at": at + timedelta(days=90),
        "place": f"{fields.get('school', '8302000')}/2026-11/{id}-01", "status_at": at, "delivered_at": at,
    }  # fmt: skip
    file = FileRecord(id=f"{id}-01", submission=id, sent_at=at, **{**usual, **fields})
    if file.place:
        await scene.house.archive.keep(str(source), file.place, size=file.size)
    past = History(file.id, at, "gateway", "route", file.status)
    part = PartFate(1, file.name, "", file.size or 0, "taken", file_id=file.id)
    await scene.house.ledger.record(
        Submission(id, file.channel, at, SAMIR, "password", parts=(part,), files=(file,), history=(past,))
    )
    scene.known.unanswered.add(id)
    return file


async def status(who, folder=""):
    """Return the rows of a Status.csv below its heading."""
    data = await who.read(f"{folder}/Status.csv")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0] == ["File name", "Sent by", "Date sent", "Status", "Info", "Received on", "Received by"]
    return rows[1:]


# ---- A school ----


async def test_a_school_with_nothing_sees_its_rooms(person):
    samir = person(SAMIR)
    assert await samir.ls() == [
        "Send Files",
        "Sent Files",
        "Rejected Files",
        "LA Documents",
        "Status.csv",
        "My Account",
    ]
    for room in ("Send Files", "Sent Files", "Rejected Files"):
        assert await samir.ls(f"/{room}") == []
    assert await status(samir) == []


async def test_what_was_sent_stands_under_its_month_with_its_size_and_our_time(scene, person):
    samir = person(SAMIR)
    await samir.send(GOOD)
    assert await samir.ls("/Sent Files") == ["2026-11"]
    assert await samir.ls(SENT) == [GOOD]
    leaf = await samir.leaf(f"{SENT}/{GOOD}")
    assert (leaf.size, leaf.at) == (len(PDF), scene.clock.now())
    assert await samir.read(f"{SENT}/{GOOD}") == PDF


async def test_another_schools_files_are_nowhere(person):
    await person(SAMIR).send(GOOD)
    assert not [path for path in await person(RUTH).tree() if GOOD in path]
    assert await status(person(RUTH)) == []


async def test_a_colleague_sees_what_the_school_sent_but_nothing_private(person):
    jonas = person(JONAS)
    await jonas.send("8304053_SENplan20261120.pdf")
    await jonas.send(HIGHMOOR_SECRET)
    head = person(YUSUF)
    assert await head.ls(SENT) == ["8304053_SENplan20261120.pdf"]
    assert [row[0] for row in await status(head)] == ["8304053_SENplan20261120.pdf"]
    assert not await head.has(f"{SENT}/{HIGHMOOR_SECRET}")
    assert await person(JONAS).ls(SENT) == [HIGHMOOR_SECRET, "8304053_SENplan20261120.pdf"]


@pytest.mark.parametrize("name", ["8304053_SAFEconcern.exe", "8304053_SAFEGUARDINGconcern.pdf", "safe_concern.pdf"])
async def test_what_may_have_been_meant_for_a_private_service_is_its_senders_alone(person, name):
    assert await person(JONAS).put(name) is not None
    assert await person(JONAS).ls(REJECTED) == [f"{name}.reason.txt"]
    assert await person(YUSUF).ls("/Rejected Files") == []
    assert await status(person(YUSUF)) == []


async def test_held_bytes_whose_name_says_no_service_are_the_senders_alone(scene, person):
    jonas, name = person(JONAS), "8304053_SENDplan20261120.pdf"
    await jonas.put(f"{name}.part")
    await jonas.mv(f"/Send Files/{name}.part", f"/Send Files/{name}")
    await scene.idle()
    assert await person(JONAS).ls(REJECTED) == [name, f"{name}.reason.txt"]
    assert await person(YUSUF).ls("/Rejected Files") == []
    assert not await person(YUSUF).has(f"{REJECTED}/{name}")
    assert await status(person(YUSUF)) == []


async def test_what_was_refused_shows_as_its_reason_alone(person):
    samir = person(SAMIR)
    await samir.put("8302000_SENplan20261120.exe")
    assert await samir.ls(REJECTED) == ["8302000_SENplan20261120.exe.reason.txt"]
    text = (await samir.read(f"{REJECTED}/8302000_SENplan20261120.exe.reason.txt")).decode()
    assert "SEN does not take .exe files" in text
    assert "send it again in Send Files" in text
    assert text.count("\n") == text.count("\r\n"), "Notepad reads it"


async def test_held_bytes_stand_beside_their_reason_with_the_name_to_use(scene, person):
    samir = person(SAMIR)
    await samir.put("8302000_SENDplan20261120.pdf.part")
    await samir.mv("/Send Files/8302000_SENDplan20261120.pdf.part", "/Send Files/8302000_SENDplan20261120.pdf")
    await scene.idle()
    name = "8302000_SENDplan20261120.pdf"
    assert await samir.ls(REJECTED) == [name, f"{name}.reason.txt"]
    assert await samir.read(f"{REJECTED}/{name}") == PDF
    assert "8302000_SENplan20261120.pdf" in (await samir.read(f"{REJECTED}/{name}.reason.txt")).decode()
    leaf = await samir.leaf(f"{REJECTED}/{name}.reason.txt")
    assert leaf.size == len(await samir.read(f"{REJECTED}/{name}.reason.txt"))


async def test_a_person_of_two_schools_has_a_room_for_each(scene, person):
    dora = person(DORA)
    *rooms, own = await dora.ls()
    assert own == "My Account"
    assert [room[:7] for room in rooms] == ["8302117", "8302118"]
    await dora.send("8302118_SENplan20261120.pdf", folder=f"/{rooms[1]}/Send Files")
    assert await dora.ls(f"/{rooms[1]}/Sent Files/2026-11") == ["8302118_SENplan20261120.pdf"]
    assert await dora.ls(f"/{rooms[0]}/Sent Files") == []


async def test_a_rejected_name_without_a_number_shows_in_each_of_its_senders_schools(person):
    dora = person(DORA)
    *rooms, own = await dora.ls()
    assert own == "My Account"
    await dora.put("report.pdf", folder=f"/{rooms[0]}/Send Files")
    for room in rooms:
        shown = await dora.ls(f"/{room}/Rejected Files/2026-11") if await dora.ls(f"/{room}/Rejected Files") else []
        assert shown in ([], ["report.pdf.reason.txt"])
    assert [row[0] for row in await status(dora, f"/{rooms[0]}")] == ["report.pdf"]


async def test_the_newest_of_a_name_keeps_it_and_the_older_one_is_dated(scene, person):
    samir = person(SAMIR)
    await samir.send(GOOD, PDF)
    scene.clock.advance(3661)
    newer = PDF.replace(b"all", b"new")
    await samir.send(GOOD, newer)
    older = "8302000_SENplan20261120 (2026-11-22 09.00.00).pdf"
    assert await samir.ls(SENT) == [GOOD, older]
    assert await samir.read(f"{SENT}/{GOOD}") == newer
    assert await samir.read(f"{SENT}/{older}") == PDF


async def test_the_months_are_those_from_which_bytes_are_held(scene, person):
    scene.clock.advance(days=-105)  # the 9th of August
    samir = person(SAMIR)
    for description in ("august", "september", "october"):
        await samir.send(f"8302000_SEN{description}20261120.pdf")
        scene.clock.advance(days=29)
    assert await samir.ls("/Sent Files") == ["2026-10", "2026-09", "2026-08"]
    scene.clock.advance(days=10)
    await scene.idle()
    assert await samir.ls("/Sent Files") == ["2026-10", "2026-09"]


async def test_a_file_sent_as_the_month_turns_is_in_the_month_of_the_authoritys_clock(scene, person):
    scene.clock.advance(days=-54)  # into summer time
    moved = datetime(2026, 9, 30, 23, 30, tzinfo=UTC) - scene.clock.now()
    scene.clock.advance(moved.total_seconds())
    samir = person(SAMIR)
    await samir.send(GOOD)
    assert await samir.ls("/Sent Files") == ["2026-10"], "half past midnight in London"


async def test_across_new_year_the_months_go_on(scene, person):
    samir = person(SAMIR)
    await samir.send(GOOD)
    scene.clock.advance(days=60)
    assert await samir.ls("/Sent Files") == ["2026-11"]


async def test_a_longer_term_has_more_months(scene, person):
    """Else what is held stands nowhere after the fourth month, and can't be recalled."""
    policy = scene.house.policy
    policy.current = replace(policy.current, terms=Terms(days=365))
    samir = person(SAMIR)
    await samir.send(GOOD)
    scene.clock.advance(days=300)
    await scene.idle()
    assert await samir.ls("/Sent Files") == ["2026-11"]
    assert await samir.read(f"{SENT}/{GOOD}") == PDF
    assert await samir.rm(f"{SENT}/{GOOD}") is None


async def test_a_file_stands_there_to_the_end_of_its_last_hour(scene, person):
    """Sent in the last hour of December, it is kept into the first one of April in London."""
    scene.clock.advance((datetime(2026, 12, 31, 23, 30, tzinfo=UTC) - scene.clock.now()).total_seconds())
    samir = person(SAMIR)
    await samir.send(GOOD)
    scene.clock.advance((datetime(2027, 3, 31, 23, 20, tzinfo=UTC) - scene.clock.now()).total_seconds())
    assert await samir.ls("/Sent Files") == ["2026-12"]


async def test_what_was_destroyed_is_gone_from_the_rooms_and_stays_in_the_table_without_its_description(scene, person):
    samir = person(SAMIR)
    await samir.send(GOOD)
    scene.clock.advance(days=91)
    await scene.idle()
    assert await samir.ls("/Sent Files") == []
    assert [(row[0], row[3]) for row in await status(samir)] == [("8302000_SEN…20261120.pdf", "Sent")]


NAMES_FOR_WINDOWS = [
    # what the rule is, as it was sent, as it is shown
    ("characters that Windows forbids", 'a<b>c:d"e|f?g*.pdf', "a_b_c_d_e_f_g_.pdf"),
    ("slashes", "a/b\\c.pdf", "a_b_c.pdf"),
    ("trailing dots", "report.", "report"),
    ("trailing spaces", "report.pdf ", "report.pdf"),
    ("nothing but dots", "..", "_"),
    ("a device", "con.pdf", "_con.pdf"),
    ("a line break", "a\nb.pdf", "a_b.pdf"),
    ("a mark that turns the writing round", "a\u202efdp.exe", "a_fdp.exe"),
    ("too long", "é" * 150 + ".pdf", "é" * 98 + ".pdf"),
]


@pytest.mark.parametrize(("rule", "name", "shown"), NAMES_FOR_WINDOWS, ids=[row[0] for row in NAMES_FOR_WINDOWS])
async def test_shown_names_are_good_on_windows(scene, person, rule, name, shown):
    await record(scene, name=name, status=Status.REJECTED, reason="unsafe-name", size=None, place=None, sha256=None)
    samir = person(SAMIR)
    assert await samir.ls(REJECTED) == [f"{shown}.reason.txt"], rule
    assert await samir.has(f"{REJECTED}/{shown}.reason.txt")


async def test_a_name_in_another_alphabet_is_shown_as_it_was_sent(scene, person):
    name = "8302000_SENplan für Zoë20261120.pdf"
    await record(scene, name=name)
    assert await person(SAMIR).ls(SENT) == [name]


async def test_two_names_that_windows_takes_for_one_are_told_apart(scene, person):
    await record(scene, name="a?.pdf")
    await record(scene, name="A_.pdf")
    await record(scene, name="a_.PDF")
    await record(scene, name="a*.pdf")
    names = await person(SAMIR).ls(SENT)
    assert len({name.casefold() for name in names}) == 4
    assert "a_.PDF" in names, "the newest that is shown as it was sent goes first"


async def test_every_listed_name_is_found_again_and_is_the_same_file(scene, person):
    for name in ("a?.pdf", "b.pdf", "B.PDF", "b.pdf", "a_.pdf", "b (2026-11-22 09.00.00).pdf", "b.pdf"):
        await record(scene, name=name)
    samir = person(SAMIR)
    room = await samir.portal.find(SENT)
    listed = await samir.portal.items(room)
    assert len(listed) == 7
    for leaf in listed:
        assert await samir.leaf(f"{SENT}/{leaf.name}") == leaf


async def test_a_name_does_not_become_a_formula(scene, person):
    await record(scene, name="=HYPERLINK(1).pdf", sent_by="@SUM(A1)", remark="-1+1")
    (row,) = await status(person(SAMIR))
    assert (row[0], row[1], row[4]) == ("'=HYPERLINK(1).pdf", "'@SUM(A1)", "'-1+1")


async def test_the_table_says_who_received_what_and_when(scene, person):
    await person(SAMIR).send(GOOD)
    scene.clock.advance(600)
    await person(NADIA).read(f"{INBOX}/{GOOD}")
    assert await status(person(SAMIR)) == [
        [GOOD, "Samir Okonjo", "22/11/2026 09:00", "Received", "not scanned", "22/11/2026 09:10", "Nadia Rowbotham"]
    ]


async def test_the_table_is_made_once_while_nothing_changes(scene, person):
    samir = person(SAMIR)
    await samir.send(GOOD)
    first = await samir.leaf("/Status.csv")
    scene.clock.advance(60)
    assert await samir.leaf("/Status.csv") == first, "the same time: a program that mirrors sees no change"
    await samir.send(GOOD.replace("plan", "review"))
    assert (await samir.leaf("/Status.csv")).size > first.size


async def test_a_listing_has_of_several_kinds_those_that_this_person_sees(scene, person):
    """Programs list; what is found by a name, or made whole, is asked elsewhere."""
    jonas, yusuf = person(JONAS), person(YUSUF)
    await jonas.send(HIGHMOOR_SECRET)
    await jonas.send("8304053_SENplan20261120.pdf")
    shown = {}
    for somebody in (jonas, yusuf):
        lines = await somebody.portal.lines(await somebody.portal.find(SENT))
        shown[somebody.username] = sorted(name for name, _ in lines)
    assert shown == {
        JONAS: [HIGHMOOR_SECRET, "8304053_SENplan20261120.pdf"],
        YUSUF: ["8304053_SENplan20261120.pdf"],
    }


async def test_the_table_that_is_kept_for_one_person_is_shown_to_no_other(scene, person):
    jonas, yusuf = person(JONAS), person(YUSUF)
    await jonas.send(HIGHMOOR_SECRET)
    assert HIGHMOOR_SECRET in [row[0] for row in await status(jonas)], "it is kept from now on"
    assert HIGHMOOR_SECRET not in [row[0] for row in await status(yusuf)], "it may be about the headteacher"


# ---- An officer ----


async def test_an_officer_has_a_tree_for_each_service(person):
    callum = person(CALLUM)
    assert await callum.ls() == ["INFO", "ADMISS", "My Account"]
    assert await callum.ls("/INFO") == ["Inbox", "Not Ours", "Rejected", "Send to Schools", "Status.csv"]
    assert "INFO" not in await callum.ls("/INFO/Not Ours")
    assert "SEN" in await callum.ls("/INFO/Not Ours")
    assert await callum.ls("/INFO/Not Ours/SEN") == []


async def test_an_inbox_is_by_school_and_holds_what_was_delivered(scene, person):
    await person(SAMIR).put(GOOD)
    await scene.house.ingest.pass_once()
    nadia = person(NADIA)
    assert await nadia.ls("/SEN/Inbox") == [], "recorded, not delivered yet"
    await scene.idle()
    assert await nadia.ls("/SEN/Inbox") == ["8302000 Leys Junior School"]
    assert await nadia.ls(INBOX) == [GOOD]
    assert [row[0] for row in await status(nadia, "/SEN")] == [GOOD]


async def test_another_services_files_are_nowhere(person):
    await person(SAMIR).send(GOOD)
    assert not [path for path in await person(CALLUM).tree() if GOOD in path]
    assert not await person(CALLUM).has("/SEN")


async def test_a_private_service_reads_its_own_files(person):
    await person(JONAS).send(HIGHMOOR_SECRET)
    (school,) = await person(BEATRIX).ls("/SAFE/Inbox")
    assert await person(BEATRIX).read(f"/SAFE/Inbox/{school}/{HIGHMOOR_SECRET}") == PDF


async def test_what_was_recalled_or_rejected_is_in_no_services_view(scene, person):
    for status_ in (Status.RECALLED, Status.REJECTED):
        await record(scene, status=status_)
    assert await person(NADIA).ls("/SEN/Inbox") == []
    assert await status(person(NADIA), "/SEN") == []


async def test_a_school_that_left_the_register_shows_by_its_number(scene, person):
    await record(scene, school="8309999")
    assert await person(NADIA).ls("/SEN/Inbox") == ["8309999"]
    assert await person(NADIA).ls("/SEN/Inbox/8309999") == [GOOD]


async def test_a_folder_name_with_signs_that_windows_forbids_is_mended(scene, person):
    school = scene.house.directory.current.school("8302000")
    await scene.house.ledger.put_school(
        replace(school, name='St. Anne\'s: "Upper/Lower" School.'), actor="a", at=scene.clock.now()
    )
    await scene.house.directory.pass_once()
    await record(scene)
    assert await person(NADIA).ls("/SEN/Inbox") == ["8302000 St. Anne's_ _Upper_Lower_ School"]


@pytest.mark.parametrize("path", ["/..", "/../..", "/Sent Files/../..", "//", "/.", "", ".", "Sent Files/.."])
async def test_no_path_leads_out_of_the_view(person, path):
    assert await person(SAMIR).ls(path) == [
        "Send Files",
        "Sent Files",
        "Rejected Files",
        "LA Documents",
        "Status.csv",
        "My Account",
    ]


NOWHERE = [
    "/../../etc/passwd", "/Sent Files/2026-13", "/Sent Files/2026-11/x", "/Sent Files/1999-01", "/Status.csv/x",
    "/\udcff", "/Send Files/x/y", "/sent files", "/8302000 Leys Junior School",
]  # fmt: skip


@pytest.mark.parametrize("path", NOWHERE)
async def test_what_is_not_there_is_not_there(person, path):
    assert not await person(SAMIR).has(path)
