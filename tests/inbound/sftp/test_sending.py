"""Uploads: what makes a file, what does not, and what can be taken up again (SPEC 5; FIELD-NOTES A.1, A.2, B.3)."""

import asyncio
from dataclasses import replace

import pytest

from gateway.core.model import Status
from gateway.inbound.sftp.desk import GHOST_FOR, GHOSTS, Ghost
from gateway.inbound.sftp.means import Shares
from gateway.inbound.sftp.packets import OpenFlags, StatusCode
from gateway.inbound.sftp.portal import No
from tests.fakes import FullDisk
from tests.inbound.sftp.person import DORA, GOOD, NADIA, PDF, REPUT, RUTH, SAMIR, SCP, Person

FINAL, PARTIAL = f"/Send Files/{GOOD}", f"/Send Files/{GOOD}.filepart"
INCOMING = "data/spool/incoming"


async def names(scene):
    """Return (name, status) of every record."""
    return [(file.name, file.status) for file in await scene.files()]


def incoming(scene):
    """Return how many uploads lie in the spool."""
    return len(list((scene.folder / INCOMING).iterdir()))


# ---- The one moment ----


async def test_a_clean_close_under_a_final_name_makes_a_file(scene, person):
    assert await person(SAMIR).put(GOOD) is None
    await scene.idle()
    assert await names(scene) == [(GOOD, Status.SENT)]
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_an_fsync_before_the_close_serves_the_file_too(scene, person):
    """`sftp -f` asks for one before each CLOSE: the file is then durable with its seal, and is fsynced once."""
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    await samir.portal.sync(upload)
    assert await names(scene) == []
    (entry,) = (scene.folder / INCOMING).iterdir()
    assert len(PDF) < entry.stat().st_size
    assert await samir.portal.close(upload) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_an_fsync_under_a_temporary_name_seals_nothing(scene, person):
    samir = person(SAMIR)
    upload = await samir.begin(f"{GOOD}.filepart", PDF)
    await samir.portal.sync(upload)
    (entry,) = (scene.folder / INCOMING).iterdir()
    assert entry.read_bytes() == PDF
    assert await samir.portal.close(upload) is None
    assert await samir.portal.rename(PARTIAL, FINAL) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def written(samir, name, data, *, at=0):
    """Return an upload whose first write has come whole."""
    upload = await samir.begin(name, data, at=at)
    samir.portal.written(upload)
    await asyncio.sleep(0)  # noqa: TID251  # the turn in which the client goes first
    return upload


async def lies_sealed(scene, upload):
    """Whether more lies there than its bytes; a sync of what was not carried to the disk before adds no seal."""
    await upload.intake.sync()
    (entry,) = (scene.folder / INCOMING).iterdir()
    return entry.stat().st_size > upload.size


async def test_what_looks_whole_is_carried_to_the_disk_before_its_close(scene, person):
    samir = person(SAMIR)
    upload = await written(samir, GOOD, PDF)
    assert await lies_sealed(scene, upload)
    assert await names(scene) == []
    assert await samir.portal.close(upload) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_what_looked_whole_and_was_not_is_whole_in_the_end(scene, person):
    samir, more = person(SAMIR), b"%more\n%%EOF\n"
    upload = await written(samir, GOOD, PDF)
    samir.portal.write(upload, len(PDF), memoryview(more))
    samir.portal.written(upload)
    assert await samir.portal.close(upload) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF + more}


async def test_what_looked_whole_and_was_never_closed_is_no_file(scene, person):
    samir = person(SAMIR)
    upload = await written(samir, GOOD, PDF)
    await samir.portal.abandon(upload)
    await scene.idle()
    assert await names(scene) == []
    (entry,) = (scene.folder / INCOMING).iterdir()
    assert entry.read_bytes() == PDF


@pytest.mark.parametrize(
    ("name", "data", "at"),
    [(f"{GOOD}.filepart", PDF, 0), (GOOD, PDF, 5), (GOOD, PDF + bytes(4096 - len(PDF)), 0)],
    ids=["a temporary name", "a hole", "a round size"],
)
async def test_what_does_not_look_whole_waits_for_its_close(scene, person, name, data, at):
    samir = person(SAMIR)
    upload = await written(samir, name, data, at=at)
    assert not await lies_sealed(scene, upload)
    await samir.portal.abandon(upload)


async def test_an_fsync_of_what_was_taken_over_is_harmless(scene, person):
    samir, again = person(SAMIR), person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    assert not isinstance(await again.open(GOOD, flags=REPUT), No)
    await samir.portal.sync(upload)
    assert await names(scene) == []


class Watched:
    """An intake that lets somebody look while it is parked."""

    def __init__(self, intake, look):
        self._intake, self._look = intake, look

    def __getattr__(self, name):
        return getattr(self._intake, name)

    async def park(self):
        await self._look()
        await self._intake.park()
        await self._look()


@pytest.mark.parametrize("ends", ["by itself", "taken over"])
async def test_an_upload_that_is_being_parked_is_seen_all_the_time(scene, person, ends):
    """Who connects again asks for its size at once, to go on with it; "no such file" would be the end of `reput`."""
    samir, again = person(SAMIR), person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    seen = []

    async def look():
        seen.append((await again.leaf(FINAL)).size)

    upload.intake = Watched(upload.intake, look)
    if ends == "by itself":
        await samir.portal.abandon(upload)
    else:
        assert not isinstance(await again.open(GOOD, flags=REPUT), No)
    await look()
    assert seen == [len(PDF)] * 3


async def test_a_dropped_channel_makes_no_file(scene, person):
    upload = await person(SAMIR).begin(GOOD, PDF)
    await person(SAMIR).portal.abandon(upload)
    await scene.idle()
    assert await names(scene) == []


@pytest.mark.parametrize("ending", [".filepart", ".abc123.partial", ".part", ".tmp"])
async def test_a_temporary_name_makes_no_file_until_it_is_renamed(scene, person, ending):
    samir = person(SAMIR)
    assert await samir.put(GOOD + ending) is None
    await scene.idle()
    assert await names(scene) == []
    assert await samir.ls("/Send Files") == [GOOD + ending]
    assert await samir.mv(FINAL + ending, FINAL) is None
    await scene.idle()
    assert await names(scene) == [(GOOD, Status.SENT)]
    assert scene.dropped("SEN") == {GOOD: PDF}
    assert incoming(scene) == 0


async def test_a_leading_dot_is_a_temporary_name(scene, person):
    samir = person(SAMIR)
    assert await samir.put(f".in.{GOOD}") is None
    assert (await samir.rm(FINAL)).code is StatusCode.NO_SUCH_FILE, "lftp removes the target first"
    assert await samir.mv(f"/Send Files/.in.{GOOD}", FINAL) is None
    await scene.idle()
    assert await names(scene) == [(GOOD, Status.SENT)]


async def test_a_rename_that_overtakes_the_close_completes_with_the_close(scene, person):
    samir = person(SAMIR)
    upload = await samir.begin(f"{GOOD}.part", PDF)
    assert await samir.mv(f"{FINAL}.part", FINAL) is None
    assert await samir.portal.close(upload) is None
    await scene.idle()
    assert await names(scene) == [(GOOD, Status.SENT)]


async def test_a_rename_that_overtakes_the_close_to_a_bad_name_is_refused(scene, person):
    samir = person(SAMIR)
    upload = await samir.begin(f"{GOOD}.part", PDF)
    assert "SEN does not take" in (await samir.mv(f"{FINAL}.part", "/Send Files/8302000_SENplan20261120.exe")).sentence
    assert await samir.portal.close(upload) is None
    assert await samir.ls("/Send Files") == [f"{GOOD}.part"]


# ---- Names ----


async def test_a_name_with_a_fault_is_refused_at_open_and_no_byte_is_kept(scene, person):
    refusal = await person(SAMIR).put("8302000_SENplan20261120.exe")
    assert refusal.code is StatusCode.FAILURE, "the one code whose text clients show"
    assert "SEN does not take .exe files" in refusal.sentence
    await scene.idle()
    (file,) = await scene.files()
    assert (file.status, file.size, file.sha256, file.place) == (Status.REJECTED, None, None, None)
    assert incoming(scene) == 0


async def test_the_sentence_ends_with_the_corrected_name(person):
    refusal = await person(SAMIR).put("8302000_SENDplan20261120.pdf")
    assert refusal.sentence.endswith("The right name would be: 8302000_SENplan20261120.pdf")


async def test_the_sentence_at_a_rename_ends_with_the_corrected_name_too(person):
    samir = person(SAMIR)
    await samir.put("8302000_SENDplan20261120.pdf.part")
    refusal = await samir.mv(
        "/Send Files/8302000_SENDplan20261120.pdf.part", "/Send Files/8302000_SENDplan20261120.pdf"
    )
    assert refusal.sentence.endswith("The right name would be: 8302000_SENplan20261120.pdf")


async def test_a_client_that_tries_again_is_told_each_time_and_written_to_once(scene, person):
    for _ in range(5):
        assert await person(SAMIR).put("8302000_SENDplan20261120.pdf") is not None
    await scene.idle()
    assert len(await scene.files()) == 1
    assert len(scene.notices_to(SAMIR)) == 1


@pytest.mark.parametrize("name", [".DS_Store", "._plan.pdf", "Thumbs.db", "desktop.ini", "~$plan.docx", "THUMBS.DB"])
async def test_what_systems_write_by_themselves_is_refused_and_recorded_nowhere(scene, person, name):
    samir = person(SAMIR)
    assert isinstance(await samir.put(name), No)
    await samir.put(f"{GOOD}.part")
    assert isinstance(await samir.mv(f"{FINAL}.part", f"/Send Files/{name}"), No)
    await scene.idle()
    assert await names(scene) == []
    assert scene.notices_to(SAMIR) == []


async def test_a_bad_name_at_the_rename_leaves_held_bytes_and_the_client_hears_of_it(scene, person):
    samir = person(SAMIR)
    await samir.put(f"{GOOD}.part")
    refusal = await samir.mv(f"{FINAL}.part", "/Send Files/8302000_SENDplan20261120.pdf")
    assert "SEND" in refusal.sentence
    await scene.idle()
    (file,) = await scene.files()
    assert (file.status, file.size) == (Status.REJECTED, len(PDF))
    assert file.place is not None


async def test_another_schools_number_is_refused(person):
    assert "registered to send for 8302000" in (await person(SAMIR).put("8301102_SENplan20261120.pdf")).sentence


async def test_a_name_that_is_no_text_is_refused(scene, person):
    assert isinstance(await person(SAMIR).put("8302000_SEN\udcff20261120.pdf"), No)
    assert len(await scene.files()) == 1


@pytest.mark.parametrize("folder", ["/", "/Sent Files", "/Sent Files/2026-11", "/Rejected Files", "/Nowhere"])
async def test_files_go_into_send_files_only(scene, person, folder):
    refusal = await person(SAMIR).put(GOOD, folder=folder)
    assert isinstance(refusal, No)
    assert await names(scene) == []


@pytest.mark.parametrize("folder", ["/", "/SEN", "/SEN/Inbox", "/SEN/Rejected", "/SEN/Not Ours/FIN"])
async def test_an_officer_puts_no_file_anywhere(scene, person, folder):
    assert isinstance(await person(NADIA).put(GOOD, folder=folder), No)
    assert await names(scene) == []


async def test_a_person_of_two_schools_may_use_either_folder_and_the_name_decides(scene, person):
    dora = person(DORA)
    first, *_ = await dora.ls()
    assert await dora.put("8302118_SENplan20261120.pdf", folder=f"/{first}/Send Files") is None
    await scene.idle()
    (file,) = await scene.files()
    assert file.school == "8302118"


async def test_a_refusal_shows_a_name_of_the_school_in_whose_folder_the_file_was_put(person):
    dora = person(DORA)
    for room in (await dora.ls())[:2]:
        refused = await dora.put("photo.pdf", folder=f"/{room}/Send Files")
        assert f"as in {room[:7]}_" in refused.sentence


# ---- What is no file ----


async def test_an_empty_file_is_refused_at_its_close(scene, person):
    assert "empty" in (await person(SAMIR).put(GOOD, b"")).sentence
    (file,) = await scene.files()
    assert (file.reason, file.place) == ("empty-file", None)


async def test_a_file_with_a_hole_is_no_file(scene, person):
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    samir.portal.write(upload, len(PDF) + 10, memoryview(b"the end"))
    assert "did not arrive whole" in (await samir.portal.close(upload)).sentence
    assert [f.reason for f in await scene.files()] == ["truncated"]


async def test_a_size_that_was_only_announced_is_no_file(scene, person):
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    samir.portal.truncate(upload, len(PDF) + 1)
    assert "did not arrive whole" in (await samir.portal.close(upload)).sentence
    await scene.idle()
    assert [f.status for f in await scene.files()] == [Status.REJECTED]


async def test_pieces_out_of_order_make_a_whole_file(scene, person):
    samir = person(SAMIR)
    upload = await samir.open(GOOD)
    middle = len(PDF) // 2
    samir.portal.write(upload, middle, memoryview(PDF)[middle:])
    samir.portal.write(upload, 0, memoryview(PDF)[:middle])
    assert await samir.portal.close(upload) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_the_size_that_scp_confirms_changes_nothing(scene, person):
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF, flags=SCP)
    samir.portal.truncate(upload, len(PDF))
    assert await samir.portal.close(upload) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_a_size_cuts_what_was_too_much(scene, person):
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF + b"padding", flags=SCP)
    samir.portal.truncate(upload, len(PDF))
    assert await samir.portal.close(upload) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_a_truncated_document_closed_well_is_held_and_told(scene, person):
    assert await person(SAMIR).put(GOOD, PDF[:60]) is None, "a good CLOSE, as OpenSSH's after Ctrl-C"
    await scene.idle()
    (file,) = await scene.files()
    assert (file.status, file.reason) == (Status.REJECTED, "truncated")
    assert file.place is not None
    assert scene.dropped("SEN") == {}
    assert len(scene.notices_to(SAMIR)) == 1


async def test_a_file_that_is_too_large_is_refused_with_the_write_and_kept_nowhere(scene, person):
    scene.house.policy.current = replace(scene.house.policy.current, max_file_bytes=100)
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    assert "larger than" in upload.refusal
    assert "larger than" in (await samir.portal.close(upload)).sentence
    (file,) = await scene.files()
    assert (file.reason, file.size) == ("too-large", None)
    assert incoming(scene) == 0


async def test_too_large_under_a_temporary_name_is_refused_and_recorded_nowhere(scene, person):
    scene.house.policy.current = replace(scene.house.policy.current, max_file_bytes=100)
    assert "larger than" in (await person(SAMIR).put(f"{GOOD}.part")).sentence
    assert await names(scene) == []
    assert incoming(scene) == 0


# ---- A desk ----


async def test_a_file_stays_visible_under_its_name_after_its_close(scene, person):
    samir = person(SAMIR)
    await samir.put(GOOD)
    for _ in range(2):  # before its record, and after
        leaf = await samir.leaf(FINAL)
        assert (leaf.size, leaf.at) == (len(PDF), scene.clock.now())
        await scene.idle()
    assert await person(SAMIR).ls("/Send Files") == [GOOD], "in the person's other sessions too"
    scene.clock.advance(2 * GHOST_FOR.total_seconds())
    assert await samir.ls("/Send Files") == [GOOD], "as long as the session lasts"
    samir.portal.left()
    scene.clock.advance(GHOST_FOR.total_seconds() - 1)
    assert await person(SAMIR).ls("/Send Files") == [GOOD], "and some minutes"
    scene.clock.advance(1)
    assert await person(SAMIR).ls("/Send Files") == []


async def test_what_is_completed_while_its_session_ends_is_not_shown_for_ever(scene, person):
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    samir.portal.left()
    assert await samir.portal.close(upload) is None
    assert await person(SAMIR).ls("/Send Files") == [GOOD]
    scene.clock.advance(GHOST_FOR.total_seconds())
    assert await person(SAMIR).ls("/Send Files") == []


async def test_of_many_completed_uploads_the_oldest_is_forgotten(scene, person):
    desk, now = person(SAMIR).desk, scene.clock.now()
    for number in range(GHOSTS + 1):
        desk.remember("8302000", f"{number}.pdf", Ghost(1, now, was_taken=True, owner=None))
    assert len(list(desk.shown("8302000", now))) == GHOSTS
    assert desk.ghost("8302000", "0.pdf", now) is None


async def test_a_file_is_visible_under_its_name_while_it_comes(person):
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    assert (await samir.leaf(FINAL)).size == len(PDF)
    await samir.portal.abandon(upload)


async def test_an_upload_can_not_be_read_back(person):
    samir = person(SAMIR)
    await samir.put(GOOD)
    assert "can't be read back" in (await samir.read(FINAL)).sentence


async def test_nobody_else_sees_an_upload(person):
    await person(SAMIR).put(f"{GOOD}.part")
    assert not [path for who in (RUTH, NADIA) for path in await person(who).tree() if GOOD in path]


async def test_removing_what_was_sent_from_send_files_recalls_nothing(scene, person):
    samir = person(SAMIR)
    await samir.send(GOOD)
    assert await samir.rm(FINAL) is None
    assert (await samir.rm(FINAL)).code is StatusCode.NO_SUCH_FILE
    await scene.idle()
    assert await names(scene) == [(GOOD, Status.SENT)]


async def test_removing_ones_own_failed_upload_works_and_recalls_nothing_older(scene, person):
    samir = person(SAMIR)
    await samir.send(GOOD)
    assert await samir.put(GOOD, b"") is not None
    assert await samir.rm(FINAL) is None, "as rclone does"
    assert (GOOD, Status.SENT) in await names(scene)


async def test_an_upload_that_is_removed_while_it_comes_makes_no_file_and_its_close_says_so(scene, person):
    """Who removed it may sit at another computer: a good CLOSE would tell the sender that it had arrived."""
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF)
    assert await person(SAMIR).rm(FINAL) is None
    samir.portal.write(upload, 0, memoryview(PDF))
    assert "nothing was sent" in (await samir.portal.close(upload)).sentence
    await scene.idle()
    assert await names(scene) == []
    assert incoming(scene) == 0


async def test_an_exclusive_open_of_what_is_there_is_refused(person):
    samir = person(SAMIR)
    await samir.put(GOOD)
    exclusive = OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE
    assert isinstance(await samir.open(GOOD, flags=exclusive), No)
    assert await samir.put(GOOD.replace("plan", "other"), flags=exclusive) is None


async def test_a_folder_that_is_there_may_be_made_and_no_other(person):
    samir = person(SAMIR)
    assert await samir.portal.make_folder("/Send Files") is None
    assert isinstance(await samir.portal.make_folder("/Send Files/2026"), No)


async def test_a_file_that_was_sent_keeps_its_name(person):
    samir = person(SAMIR)
    await samir.put(GOOD)
    assert "Recall it" in (await samir.mv(FINAL, "/Send Files/8302000_SENother20261120.pdf")).sentence


# ---- Taken up again ----


async def test_what_was_cut_off_goes_on_where_it_ended(scene, person):
    samir = person(SAMIR)
    await samir.portal.abandon(await samir.begin(GOOD, PDF[:100]))
    assert (await samir.leaf(FINAL)).size == 100
    assert await person(SAMIR).put(GOOD, PDF[100:], at=100, flags=REPUT) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}
    assert incoming(scene) == 0
    assert await scene.house.ledger.unfinished() == []


async def test_winscp_goes_on_without_saying_that_it_appends(scene, person):
    samir = person(SAMIR)
    await samir.portal.abandon(await samir.begin(f"{GOOD}.filepart", PDF[:100], flags=SCP))
    assert await samir.put(f"{GOOD}.filepart", PDF[100:], at=100, flags=SCP) is None
    assert await samir.mv(PARTIAL, FINAL) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_scp_begins_again_without_saying_that_it_truncates(scene, person):
    samir = person(SAMIR)
    await samir.portal.abandon(await samir.begin(GOOD, PDF + b"a longer one that was cut off", flags=SCP))
    assert await samir.put(GOOD, PDF, flags=SCP) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_a_new_upload_of_the_name_drops_what_was_cut_off(scene, person):
    samir = person(SAMIR)
    await samir.portal.abandon(await samir.begin(GOOD, PDF[:100]))
    assert await samir.put(GOOD) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}
    assert incoming(scene) == 0


async def test_what_was_cut_off_is_kept_up_to_its_first_hole(person):
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF[:100])
    samir.portal.write(upload, 150, memoryview(PDF)[150:])
    await samir.portal.abandon(upload)
    assert (await samir.leaf(FINAL)).size == 100, "where a client goes on"


async def test_to_go_on_with_what_was_sent_is_refused(person):
    samir = person(SAMIR)
    await samir.put(GOOD)
    assert "sent already" in (await samir.open(GOOD, flags=REPUT)).sentence


async def test_to_write_to_what_is_not_there_without_creating_it_is_refused(person):
    assert (await person(SAMIR).open(GOOD, flags=OpenFlags.WRITE)).code is StatusCode.NO_SUCH_FILE


async def test_an_upload_that_hangs_on_a_broken_connection_goes_on_over_a_new_one(scene, person):
    broken, fresh = person(SAMIR), person(SAMIR)
    hanging = await broken.begin(GOOD, PDF[:100])
    assert await fresh.put(GOOD, PDF[100:], at=100, flags=REPUT) is None
    broken.portal.write(hanging, 100, memoryview(b"late"))
    assert "went on in another connection" in (await broken.portal.close(hanging)).sentence
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_two_sessions_may_send_one_name_at_once_and_one_is_a_new_version(scene, person):
    one, two = person(SAMIR), person(SAMIR)
    first, second = await one.begin(GOOD, PDF), await two.begin(GOOD, PDF.replace(b"all", b"new"))
    assert await one.portal.close(first) is None
    assert await two.portal.close(second) is None
    await scene.idle()
    one, two = await scene.files()
    assert (one.supersedes, two.supersedes) in [(two.id, None), (None, one.id)]


async def test_unfinished_uploads_are_kept_for_a_day(scene, person):
    samir = person(SAMIR)
    await samir.put(f"{GOOD}.part")
    scene.clock.advance(days=1)
    assert await samir.ls("/Send Files") == []
    assert (await samir.mv(f"{FINAL}.part", FINAL)).code is StatusCode.NO_SUCH_FILE
    await scene.idle()
    assert incoming(scene) == 0


async def test_bytes_that_are_gone_are_no_reason_to_refuse_the_file(scene, person):
    samir = person(SAMIR)
    await samir.portal.abandon(await samir.begin(GOOD, PDF[:100]))
    for lying in (scene.folder / INCOMING).iterdir():
        lying.unlink()
    assert await samir.put(GOOD, PDF, flags=SCP) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_after_a_stop_an_upload_goes_on_from_where_it_was_whole(scene, person):
    """What came after it was taken up again may have holes that nobody knows of: a stop kept no list of them."""
    samir = person(SAMIR)
    upload = await samir.begin(GOOD, PDF[:100])
    await samir.portal.abandon(upload)
    again = await samir.begin(GOOD, b"a block that came early", at=len(PDF) + 100, flags=OpenFlags.WRITE)
    await again.intake.sync()
    await scene.restart()
    after = Person.maker(scene)(SAMIR)
    for parked in await scene.house.ledger.unfinished(SAMIR):
        after.desk.park(parked)
    assert (await after.leaf(FINAL)).size == 100
    assert await after.put(GOOD, PDF[100:], at=100, flags=REPUT) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_unfinished_uploads_are_found_again_after_a_restart(scene, person):
    samir = person(SAMIR)
    await samir.portal.abandon(await samir.begin(GOOD, PDF[:100]))
    await scene.restart()
    after = Person.maker(scene)(SAMIR)
    for upload in await scene.house.ledger.unfinished(SAMIR):
        after.desk.park(upload)
    assert await after.put(GOOD, PDF[100:], at=100, flags=REPUT) is None
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_an_account_keeps_only_so_many_unfinished_uploads(scene):
    samir = Person.maker(scene, Shares(unfinished=2, keep_free_bytes=0))(SAMIR)
    for number in range(2):
        assert await samir.put(f"{number}.part") is None
    assert "Too many of your uploads" in (await samir.put("3.part")).sentence
    assert await samir.rm("/Send Files/1.part") is None
    assert await samir.put("3.part") is None


# ---- Trouble ----


async def test_a_full_disk_is_a_refusal_that_passes_and_leaves_nothing(scene):
    await scene.restart(disk=FullDisk(2000))
    samir = Person.maker(scene)(SAMIR)
    refusal = await samir.put(GOOD, PDF * 100)
    assert "no room" in refusal.sentence
    assert "Free some space" not in refusal.sentence, "that is for the administrator: the school's disk is another one"
    assert incoming(scene) == 0
    assert await names(scene) == []
    assert not await samir.has(FINAL)


async def test_with_less_than_the_free_space_that_shall_stay_no_upload_is_begun(scene):
    await scene.restart(disk=FullDisk(2000))
    samir = Person.maker(scene, Shares(keep_free_bytes=2001))(SAMIR)
    assert "no room" in (await samir.put(GOOD)).sentence
    assert await names(scene) == []
