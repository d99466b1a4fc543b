"""Doing things by moving files: received, recalled, sent after all, turned away (SPEC 5, 6)."""

from dataclasses import replace

import pytest

from gateway.core.model import Status
from gateway.inbound.sftp.deeds import reason_in
from gateway.inbound.sftp.means import Shares
from gateway.inbound.sftp.packets import StatusCode
from gateway.inbound.sftp.portal import No
from tests.inbound.sftp.person import CALLUM, GOOD, JONAS, NADIA, PDF, RUTH, SAMIR, YUSUF, Person

SENT, REJECTED = "/Sent Files/2026-11", "/Rejected Files/2026-11"
INBOX = "/SEN/Inbox/8302000 Leys Junior School"
MISNAMED = "8302000_SENDplan20261120.pdf"


async def held(person, name=MISNAMED, data=PDF):
    """Leave held bytes under a bad name, as a temporary name and its rename do."""
    samir = person(SAMIR)
    await samir.put(f"{name}.part", data)
    assert isinstance(await samir.mv(f"/Send Files/{name}.part", f"/Send Files/{name}"), No)
    await samir.scene.idle()
    return samir


async def only(scene):
    """Return the one file of the story."""
    (file,) = await scene.files()
    return file


async def events(scene, file):
    """Return (event, actor, why) of a file's history."""
    return [(past.event, past.actor, past.why) for past in await scene.house.ledger.history(file)]


# ---- Received ----


async def test_reading_a_file_of_an_inbox_to_its_end_receives_it(scene, person):
    id = await person(SAMIR).send(GOOD)
    scene.clock.advance(60)
    assert await person(NADIA).read(f"{INBOX}/{GOOD}") == PDF
    file = await only(scene)
    assert (file.status, file.received_by, file.received_by_user) == (Status.RECEIVED, "Nadia Rowbotham", NADIA)
    assert file.received_at == scene.clock.now()
    assert ("receive", NADIA, "read over SFTP") in await events(scene, id)


async def test_a_file_that_was_received_stays_in_the_inbox(person):
    await person(SAMIR).send(GOOD)
    nadia = person(NADIA)
    for _ in range(2):
        assert await nadia.read(f"{INBOX}/{GOOD}") == PDF


@pytest.mark.parametrize(("size", "close"), [(len(PDF) - 1, True), (len(PDF), False), (0, True)])
async def test_reading_a_part_or_not_closing_receives_nothing(scene, person, size, close):
    await person(SAMIR).send(GOOD)
    await person(NADIA).read(f"{INBOX}/{GOOD}", size=size, close=close)
    assert (await only(scene)).status is Status.SENT


async def test_a_reading_may_take_several_handles_of_one_session(scene, person):
    await person(SAMIR).send(GOOD)
    nadia = person(NADIA)
    for start, end in ((0, 100), (100, len(PDF))):
        download = await nadia.portal.open_to_read(f"{INBOX}/{GOOD}")
        download.served.add(start, end)
        assert await nadia.portal.finish(download) is None
    assert (await only(scene)).status is Status.RECEIVED


async def test_what_was_read_of_one_file_counts_for_no_other(scene, person):
    other = "8302000_SENother20261120.pdf"
    first, second = [await person(SAMIR).send(name, data) for name, data in ((GOOD, PDF), (other, PDF[::-1]))]
    nadia = person(NADIA)
    assert await nadia.read(f"{INBOX}/{GOOD}") == PDF
    assert await nadia.read(f"{INBOX}/{other}", size=0) == b""
    statuses = {file.id: file.status for file in await scene.files()}
    assert statuses == {first: Status.RECEIVED, second: Status.SENT}


async def test_two_sessions_that_read_a_half_each_receive_nothing(scene, person):
    await person(SAMIR).send(GOOD)
    for start, end in ((0, 100), (100, len(PDF))):
        nadia = person(NADIA)
        download = await nadia.portal.open_to_read(f"{INBOX}/{GOOD}")
        download.served.add(start, end)
        await nadia.portal.finish(download)
    assert (await only(scene)).status is Status.SENT


async def test_the_sender_reading_their_own_file_receives_nothing(scene, person):
    await person(SAMIR).send(GOOD)
    assert await person(SAMIR).read(f"{SENT}/{GOOD}") == PDF
    assert (await only(scene)).status is Status.SENT


async def test_of_two_officers_the_first_receives_and_the_second_reads_without_a_fault(scene, person):
    await person(SAMIR).send(GOOD)
    one, two = person(NADIA), person(NADIA)
    first = await one.portal.open_to_read(f"{INBOX}/{GOOD}")
    second = await two.portal.open_to_read(f"{INBOX}/{GOOD}")
    for who, download in ((one, first), (two, second)):
        download.served.add(0, len(PDF))
        assert await who.portal.finish(download) is None
    assert (await only(scene)).status is Status.RECEIVED


async def test_every_reading_is_in_the_trail_with_how_much_was_read(scene, person):
    id = await person(SAMIR).send(GOOD)
    await person(NADIA).read(f"{INBOX}/{GOOD}", size=7)
    (entry,) = [e for e in await scene.house.ledger.trail(subject=id) if e.action == "read"]
    assert entry.actor == NADIA
    assert entry.detail["bytes"] == 7


async def test_a_recall_ends_open_handles_and_what_had_been_read_is_in_the_trail(scene, person):
    id = await person(SAMIR).send(GOOD)
    nadia = person(NADIA)
    download = await nadia.portal.open_to_read(f"{INBOX}/{GOOD}")
    download.served.add(0, 10)
    assert await person(SAMIR).rm(f"{SENT}/{GOOD}") is None
    assert "can't be read any more" in download.ended
    download.served.add(10, len(PDF))  # what was under way
    assert await nadia.portal.finish(download) is None
    assert (await only(scene)).status is Status.RECALLED
    assert [e.action for e in await scene.house.ledger.trail(subject=id)].count("read") == 1


# ---- Recalled ----


async def test_removing_a_sent_file_recalls_it(scene, person):
    id = await person(SAMIR).send(GOOD)
    samir = person(SAMIR)
    assert await samir.rm(f"{SENT}/{GOOD}") is None
    assert await samir.ls("/Sent Files") == []
    assert (await only(scene)).status is Status.RECALLED
    assert await person(NADIA).ls("/SEN/Inbox") == []
    assert scene.dropped("SEN") == {}
    assert ("recall", SAMIR, "") in await events(scene, id)


async def test_a_received_file_can_not_be_recalled_and_the_sentence_says_by_whom(scene, person):
    await person(SAMIR).send(GOOD)
    await person(NADIA).read(f"{INBOX}/{GOOD}")
    refusal = await person(SAMIR).rm(f"{SENT}/{GOOD}")
    assert "received by Nadia Rowbotham and can't be recalled" in refusal.sentence
    assert (await only(scene)).status is Status.RECEIVED


async def test_a_colleague_may_recall_what_is_not_private(scene, person):
    await person(JONAS).send("8304053_SENplan20261120.pdf")
    assert await person(YUSUF).rm(f"{SENT}/8304053_SENplan20261120.pdf") is None
    assert (await only(scene)).status is Status.RECALLED


async def test_another_version_is_recalled_by_its_own_name(scene, person):
    older = await person(SAMIR).send(GOOD)
    scene.clock.advance(60)
    await person(SAMIR).send(GOOD, PDF.replace(b"all", b"new"))
    assert await person(SAMIR).rm(f"{SENT}/8302000_SENplan20261120 (2026-11-22 09.00.00).pdf") is None
    assert {f.id: f.status for f in await scene.files()}[older] is Status.RECALLED
    assert Status.SENT in {f.status for f in await scene.files()}


async def test_more_recalls_in_a_minute_than_can_be_meant_are_refused(scene):
    make = Person.maker(scene, Shares(recalls_a_minute=2, keep_free_bytes=0))
    samir = make(SAMIR)
    names = [GOOD.replace("plan", f"plan{letter}") for letter in "abc"]
    for name in names:
        await samir.send(name)
    answers = [await samir.rm(f"{SENT}/{name}") for name in names]
    assert answers[:2] == [None, None]
    assert "too many recalls" in answers[2].sentence
    assert sorted(f.status for f in await scene.files()) == [Status.RECALLED, Status.RECALLED, Status.SENT]
    scene.clock.advance(60)
    assert await samir.rm(f"{SENT}/{names[2]}") is None


STAYS = ["/Status.csv", "/Send Files", "/Sent Files", SENT, REJECTED, f"{REJECTED}/{MISNAMED}"]


@pytest.mark.parametrize("path", [*STAYS, f"{REJECTED}/{MISNAMED}.reason.txt"])
async def test_nothing_else_can_be_removed(scene, person, path):
    samir = await held(person)
    await samir.send(GOOD)
    before = await scene.files()
    assert (await samir.rm(path)).code is StatusCode.FAILURE
    assert await scene.files() == before


async def test_an_officer_removes_nothing(scene, person):
    await person(SAMIR).send(GOOD)
    refusal = await person(NADIA).rm(f"{INBOX}/{GOOD}")
    assert "Move this one to Rejected" in refusal.sentence
    assert (await only(scene)).status is Status.SENT


async def test_an_officer_puts_no_file_into_an_inbox_and_is_told_what_can_be_done(person):
    refusal = await person(NADIA).put(GOOD, folder="/SEN/Inbox")
    assert "can be moved to Not Ours or Rejected" in refusal.sentence


# ---- Sent after all ----


@pytest.mark.parametrize("target", [f"{REJECTED}/{GOOD}", f"/Rejected Files/{GOOD}", f"/Send Files/{GOOD}"])
async def test_a_rejected_file_is_sent_under_a_good_name(scene, person, target):
    samir = await held(person)
    assert await samir.mv(f"{REJECTED}/{MISNAMED}", target) is None
    await scene.idle()
    assert await samir.ls(SENT) == [GOOD]
    assert await samir.ls("/Rejected Files") == []
    assert scene.dropped("SEN") == {GOOD: PDF}
    file = await only(scene)
    assert ("accept", SAMIR) in [(event, actor) for event, actor, _ in await events(scene, file.id)]


async def test_a_name_that_is_still_bad_is_refused_with_its_sentence(scene, person):
    samir = await held(person)
    refusal = await samir.mv(f"{REJECTED}/{MISNAMED}", f"{REJECTED}/8302000_XYZplan20261120.pdf")
    assert '"XYZ" is not a service code' in refusal.sentence
    assert (await only(scene)).status is Status.REJECTED


async def test_a_name_that_is_still_bad_but_certain_is_refused_with_the_right_one(scene, person):
    samir = await held(person)
    refusal = await samir.mv(f"{REJECTED}/{MISNAMED}", f"{REJECTED}/8302000_sen_plan20261120.pdf")
    assert refusal.sentence.endswith("The right name would be: 8302000_SEN_plan20261120.pdf")
    assert await samir.mv(f"{REJECTED}/{MISNAMED}", f"{REJECTED}/8302000_SEN_plan20261120.pdf") is None
    await scene.idle()


async def test_a_file_that_was_refused_at_open_has_nothing_to_send(scene, person):
    samir = person(SAMIR)
    await samir.put(MISNAMED)
    reason = f"{REJECTED}/{MISNAMED}.reason.txt"
    assert isinstance(await samir.mv(reason, f"{REJECTED}/{GOOD}"), No)
    assert (await samir.mv(f"{REJECTED}/{MISNAMED}", f"{REJECTED}/{GOOD}")).code is StatusCode.NO_SUCH_FILE


async def test_a_rejected_file_goes_nowhere_else(scene, person):
    samir = await held(person)
    for target in (f"{SENT}/{GOOD}", f"/{GOOD}"):
        assert "rename it in Rejected Files" in (await samir.mv(f"{REJECTED}/{MISNAMED}", target)).sentence


async def test_a_sent_file_keeps_its_name_and_place(scene, person):
    samir = person(SAMIR)
    await samir.send(GOOD)
    for target in (f"{SENT}/x.pdf", f"/Send Files/{GOOD}", "/x.pdf"):
        assert "What was sent can't be renamed" in (await samir.mv(f"{SENT}/{GOOD}", target)).sentence


# ---- Turned away ----


async def test_moving_into_not_ours_routes_to_the_right_service_and_tells_the_school(scene, person):
    id = await person(SAMIR).send(GOOD)
    nadia = person(NADIA)
    before = len(scene.notices_to(SAMIR))
    assert await nadia.mv(f"{INBOX}/{GOOD}", f"/SEN/Not Ours/INFO/{GOOD}") is None
    await scene.idle()
    assert await nadia.ls("/SEN/Inbox") == []
    assert await person(CALLUM).ls("/INFO/Inbox/8302000 Leys Junior School") == [GOOD]
    assert (await only(scene)).service == "INFO"
    assert ("reroute", NADIA, "SEN to INFO") in await events(scene, id)
    assert any("INFO" in mail.text for mail in scene.notices_to(SAMIR)[before:]), "the school learns the right code"


async def test_who_lost_a_file_reads_no_more_of_it_anywhere(scene, person):
    await person(SAMIR).send(GOOD)
    await scene.idle()
    reader, other = person(NADIA), person(NADIA)
    download = await reader.portal.open_to_read(f"{INBOX}/{GOOD}")
    download.served.add(0, 10)
    assert (await status_of(reader)).count(GOOD) == 1
    assert await other.mv(f"{INBOX}/{GOOD}", f"/SEN/Not Ours/INFO/{GOOD}") is None
    await scene.idle()
    assert "can't be read any more" in download.ended
    await reader.portal.finish(download)
    for nadia in (reader, other):
        assert not await nadia.has(f"{INBOX}/{GOOD}")
        assert (await status_of(nadia)).count(GOOD) == 0
    file = await only(scene)
    assert (file.status, file.received_by) == (Status.SENT, None)
    end = await scene.house.ledger.trail_end()
    assert await scene.house.ledger.arrivals(service="SEN", after=0, upto=end) == []  # nor does a digest tell of it
    assert [f.id for f in await scene.house.ledger.arrivals(service="INFO", after=0, upto=end)] == [file.id]


async def hands_on(scene, person):
    assert await person(NADIA).mv(f"{INBOX}/{GOOD}", f"/SEN/Not Ours/INFO/{GOOD}") is None


async def rejects(scene, person):
    assert await person(NADIA).mv(f"{INBOX}/{GOOD}", f"/SEN/Rejected/{GOOD}") is None


async def recalls(scene, person):
    assert await person(SAMIR).rm(f"{SENT}/{GOOD}") is None


@pytest.mark.parametrize("loses", [hands_on, rejects, recalls])
async def test_who_knows_the_name_of_a_lost_file_opens_it_no_more_beside_the_others(scene, person, loses):
    """A file is looked up by its own name without its room: the look must ask what the room asks."""
    await person(SAMIR).send(GOOD)
    await person(SAMIR).send("8302000_SENother20261120.pdf", PDF[::-1])  # the room stays
    await loses(scene, person)
    await scene.idle()
    nadia = person(NADIA)
    assert await nadia.ls(INBOX) == ["8302000_SENother20261120.pdf"]
    assert not await nadia.has(f"{INBOX}/{GOOD}")
    assert isinstance(await nadia.read(f"{INBOX}/{GOOD}"), No)


@pytest.mark.parametrize("loses", [rejects, recalls])
async def test_what_was_rejected_or_recalled_is_not_found_among_the_sent_by_its_name(scene, person, loses):
    await person(SAMIR).send(GOOD)
    await loses(scene, person)
    samir = person(SAMIR)
    assert not await samir.has(f"{SENT}/{GOOD}")
    assert isinstance(await samir.read(f"{SENT}/{GOOD}"), No)


async def test_what_was_not_delivered_yet_is_opened_by_nobody_who_guesses_its_name(scene, person):
    """While it can still be taken back (undo_seconds)."""
    await person(SAMIR).send("8302000_SENother20261120.pdf", PDF[::-1])
    scene.house.policy.current = replace(scene.house.policy.current, undo_seconds=300.0)
    await person(SAMIR).send(GOOD)
    nadia = person(NADIA)
    assert await nadia.ls(INBOX) == ["8302000_SENother20261120.pdf"]
    assert not await nadia.has(f"{INBOX}/{GOOD}")


async def status_of(officer) -> str:
    return (await officer.read("/SEN/Status.csv")).decode()


@pytest.mark.parametrize("target", [f"/SEN/Not Ours/INFO/{GOOD}", f"/SEN/Rejected/{GOOD}"])
async def test_a_program_that_looks_for_what_it_moved_finds_it_and_nobody_else_does(scene, person, target):
    """rclone's moveto ended with 4 for a file that was handed on; and its officer would have tried again."""
    await person(SAMIR).send(GOOD)
    await scene.idle()
    nadia = person(NADIA)
    assert await nadia.mv(f"{INBOX}/{GOOD}", target) is None
    assert (await nadia.leaf(target)).size == len(PDF)
    assert isinstance(await nadia.read(target), No), "who lost it reads nothing of it"
    assert await nadia.ls(target.rpartition("/")[0]) == []
    assert isinstance(await nadia.mv(target, f"{INBOX}/{GOOD}"), No)
    assert await nadia.rm(target) is None, "as rclone does before it moves another of the name there"
    assert not await nadia.has(target)
    assert (await nadia.rm(target)).code is StatusCode.NO_SUCH_FILE
    assert len(await scene.files()) == 1


async def test_a_move_that_is_refused_leaves_no_trace(scene, person):
    await person(SAMIR).send(GOOD)
    await scene.idle()
    nadia = person(NADIA)
    assert isinstance(await nadia.mv(f"{INBOX}/{GOOD}", f"/SEN/Not Ours/{GOOD}"), No)
    assert not await nadia.has(f"/SEN/Not Ours/{GOOD}")


async def test_a_rejected_file_that_was_sent_by_its_new_name_is_found_under_it(scene, person):
    samir = await held(person)
    assert await samir.mv(f"{REJECTED}/{MISNAMED}", f"{REJECTED}/{GOOD}") is None
    assert await samir.has(f"{REJECTED}/{GOOD}")
    assert await samir.ls("/Rejected Files") == []


async def test_what_was_handed_on_after_reading_is_sent_again(scene, person):
    await person(SAMIR).send(GOOD)
    nadia = person(NADIA)
    await nadia.read(f"{INBOX}/{GOOD}")
    assert await nadia.mv(f"{INBOX}/{GOOD}", f"/SEN/Not Ours/INFO/{GOOD}") is None
    file = await only(scene)
    assert (file.status, file.received_by) == (Status.SENT, None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (GOOD, "No reason was given"),
        (f"{GOOD} [wrong pupil]", "wrong pupil"),
        ("8302000_SENplan20261120 [page 2 is  missing].pdf", "page 2 is missing"),
    ],
)
async def test_moving_into_rejected_rejects_with_the_reason_in_brackets(scene, person, name, reason):
    await person(SAMIR).send(GOOD)
    assert await person(NADIA).mv(f"{INBOX}/{GOOD}", f"/SEN/Rejected/{name}") is None
    await scene.idle()
    file = await only(scene)
    assert (file.status, file.reason, file.rejected_by) == (Status.REJECTED, "rejected-by-officer", "Nadia Rowbotham")
    assert file.detail.startswith(reason)
    samir = person(SAMIR)
    assert await samir.ls(REJECTED) == [GOOD, f"{GOOD}.reason.txt"]
    text = (await samir.read(f"{REJECTED}/{GOOD}.reason.txt")).decode()
    assert "by Nadia Rowbotham" in text
    assert reason in text
    assert any("Nadia Rowbotham" in mail.text for mail in scene.notices_to(SAMIR))


async def test_a_program_that_moves_into_a_folder_may_name_the_folder_alone(scene, person):
    await person(SAMIR).send(GOOD)
    assert await person(NADIA).mv(f"{INBOX}/{GOOD}", "/SEN/Rejected/") is None
    assert (await only(scene)).status is Status.REJECTED


async def test_a_received_file_may_still_be_rejected(scene, person):
    await person(SAMIR).send(GOOD)
    nadia = person(NADIA)
    await nadia.read(f"{INBOX}/{GOOD}")
    assert await nadia.mv(f"{INBOX}/{GOOD}", f"/SEN/Rejected/{GOOD}") is None
    assert (await only(scene)).status is Status.REJECTED


@pytest.mark.parametrize(
    "target", [f"{INBOX}/x.pdf", f"/SEN/{GOOD}", "/SEN/Status.csv", f"/SEN/Not Ours/{GOOD}", f"/SEN/Inbox/{GOOD}"]
)
async def test_a_file_of_an_inbox_goes_nowhere_else(scene, person, target):
    await person(SAMIR).send(GOOD)
    assert isinstance(await person(NADIA).mv(f"{INBOX}/{GOOD}", target), No)
    assert (await only(scene)).status is Status.SENT


async def test_a_file_goes_into_its_own_services_rooms_only(scene, person):
    await person(RUTH).send("8301102_INFOphonics20261120.pdf")
    callum = person(CALLUM)
    (school,) = await callum.ls("/INFO/Inbox")
    path = f"/INFO/Inbox/{school}/8301102_INFOphonics20261120.pdf"
    assert isinstance(await callum.mv(path, "/ADMISS/Rejected/x.pdf"), No)
    assert (await only(scene)).status is Status.SENT


async def test_folders_can_not_be_renamed(person):
    assert isinstance(await person(SAMIR).mv("/Send Files", "/Other"), No)
    assert isinstance(await person(NADIA).mv("/SEN/Inbox", "/SEN/Rejected/x"), No)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.pdf", ""),
        ("a [b] [c].pdf", "c"),
        ("a [].pdf", ""),
        ("[only]", "only"),
        ("a [b.pdf", ""),
        ("a [b [c]].pdf", "c"),
    ],
)
def test_the_reason_is_what_stands_in_the_last_brackets(name, reason):
    assert reason_in(name) == reason
