"""Receive: what a door takes is our word; what it refuses is told once and leaves no byte (SPEC 5, 11)."""

import asyncio

import pytest

from gateway.core.model import Status
from gateway.inbound.sftp.desk import Upload
from gateway.inbound.sftp.packets import OpenFlags
from tests.fakes import FullDisk
from tests.scenarios.harness import GOOD, HEAD, PUT, STAFF, Scene

ADD = OpenFlags.WRITE | OpenFlags.APPEND | OpenFlags.CREATE


async def opened(scene: Scene, name: str, data: bytes, flags: OpenFlags = PUT) -> Upload:
    """Begin an upload and write to it, as a client that is still there."""
    portal = await scene.portal(HEAD)
    upload = await portal.open_to_write(f"/Send Files/{name}", flags)
    assert isinstance(upload, Upload), upload
    portal.write(upload, upload.size if flags & OpenFlags.APPEND else 0, memoryview(data))
    return upload


class TestANameWithAFault:
    """Refused at OPEN with its sentence: recorded as Rejected with no bytes, told once a day."""

    async def test_keeps_no_byte_and_tells_the_sender(self, scene: Scene) -> None:
        sentence = await scene.upload(HEAD, "8301102_phonics20261120.docx", b"never read")
        assert sentence.startswith("No Service Code in filename")
        await scene.idle()
        file = await scene.file("8301102_phonics20261120.docx")
        assert (file.status, file.reason, file.size, file.sha256) == (Status.REJECTED, "no-service-code", None, None)
        assert (file.place, file.expires_at) == (None, None)
        assert len(scene.notices_to(HEAD)) == 1

    async def test_offers_the_correction_in_the_refusal(self, scene: Scene) -> None:
        sentence = await scene.upload(HEAD, "8301102_info_phonics20261120.docx", b"x")
        assert sentence.endswith("The right name would be: 8301102_INFO_phonics20261120.docx")

    async def test_is_told_once_a_day_however_often_a_client_tries(self, scene: Scene) -> None:
        for _ in range(5):
            await scene.upload(HEAD, "Acronyms.pdf", b"x")
            scene.clock.advance(3600)
        await scene.idle()
        assert len(await scene.files()) == len(scene.notices_to(HEAD)) == 1
        scene.clock.advance(20 * 3600)
        await scene.upload(HEAD, "Acronyms.pdf", b"x")
        await scene.idle()
        assert len(scene.notices_to(HEAD)) == 2

    async def test_is_told_once_when_two_sessions_try_together(self, scene: Scene) -> None:
        await asyncio.gather(*(scene.upload(HEAD, "Acronyms.pdf", b"x") for _ in range(6)))
        await scene.idle()
        assert len(await scene.files()) == len(scene.notices_to(HEAD)) == 1

    async def test_is_told_again_for_another_name_or_another_person(self, scene: Scene) -> None:
        await scene.upload(HEAD, "Acronyms.pdf", b"x")
        await scene.upload(HEAD, "Acronyms 2.pdf", b"x")
        await scene.upload(STAFF, "Acronyms.pdf", b"x")
        await scene.idle()
        assert len(scene.notices_to(HEAD)) == 2
        assert len(scene.notices_to(STAFF)) == 1

    async def test_is_still_told_after_a_restart_no_second_time(self, scene: Scene) -> None:
        await scene.upload(HEAD, "Acronyms.pdf", b"x")
        await scene.restart()
        await scene.upload(HEAD, "Acronyms.pdf", b"x")
        await scene.idle()
        assert len(scene.notices_to(HEAD)) == 1

    @pytest.mark.parametrize("name", [".DS_Store", "._8301102_INFOa.pdf", "Thumbs.db", "~$01102_INFOa.docx"])
    async def test_that_a_computer_made_by_itself_is_recorded_nowhere(self, scene: Scene, name: str) -> None:
        assert "by itself" in await scene.upload(HEAD, name, b"x")
        assert await scene.files() == []


class TestAnUploadThatIsNotClosed:
    """Only the client's own CLOSE under a final name, or its RENAME to one, makes a file."""

    async def test_by_a_dropped_connection_makes_no_file(self, scene: Scene) -> None:
        upload = await opened(scene, GOOD, b"half of ")
        await (await scene.portal(HEAD)).abandon(upload)
        await scene.idle()
        assert await scene.files() == []

    async def test_by_a_killed_daemon_makes_no_file_and_leaves_no_bytes(self, scene: Scene) -> None:
        upload = await opened(scene, GOOD, b"h" * 600_000)
        await upload.intake.sync()
        assert await scene.house.spool.parked() == [upload.intake.id]
        await scene.restart()
        assert await scene.house.spool.parked() == []
        assert await scene.files() == []

    async def test_can_be_taken_up_again_after_a_restart(self, scene: Scene) -> None:
        upload = await opened(scene, GOOD, b"first half, ")
        await (await scene.portal(HEAD)).abandon(upload)
        await scene.restart()
        again = await opened(scene, GOOD, b"second half", ADD)
        assert await (await scene.portal(HEAD)).close(again) is None
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"first half, second half"}

    async def test_under_a_temporary_name_counts_at_the_rename(self, scene: Scene) -> None:
        portal = await scene.portal(HEAD)
        upload = await opened(scene, f"{GOOD}.filepart", b"all of it")
        assert await portal.close(upload) is None
        await scene.idle()
        assert await scene.files() == []
        assert await portal.rename(f"/Send Files/{GOOD}.filepart", f"/Send Files/{GOOD}") is None
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"all of it"}

    async def test_under_a_temporary_name_can_be_renamed_after_a_restart(self, scene: Scene) -> None:
        upload = await opened(scene, f"{GOOD}.filepart", b"all of it")
        await (await scene.portal(HEAD)).close(upload)
        await scene.restart()
        portal = await scene.portal(HEAD)
        assert await portal.rename(f"/Send Files/{GOOD}.filepart", f"/Send Files/{GOOD}") is None
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"all of it"}

    async def test_is_held_when_it_is_renamed_to_a_faulty_name(self, scene: Scene) -> None:
        portal = await scene.portal(HEAD)
        await portal.close(await opened(scene, "x.part", b"all of it"))
        refusal = await portal.rename("/Send Files/x.part", "/Send Files/8301102_info_phonics.docx")
        assert refusal is not None
        await scene.idle()
        file = await scene.file("8301102_info_phonics.docx")
        assert (file.status, file.size, file.correction) == (Status.REJECTED, 9, "8301102_INFO_phonics.docx")
        assert file.place is not None


class TestAFullDisk:
    """Refused with a temporary error, and nothing partial stays."""

    async def test_is_try_again_at_the_close_and_leaves_nothing(self, scene: Scene) -> None:
        disk = FullDisk(100_000)
        await scene.restart(disk=disk)
        refusal = await scene.upload(HEAD, GOOD, b"x" * 700_000)
        assert "full" in refusal
        assert "try again" in refusal
        assert await scene.house.spool.parked() == []
        assert await scene.house.spool.ready() == []
        disk.room = 10_000_000
        assert await scene.upload(HEAD, GOOD, b"x" * 700_000) == ""
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"x" * 700_000}

    async def test_in_the_middle_of_a_message_keeps_what_was_promised(self, scene: Scene) -> None:
        """The message is in the spool; there is no room to take it apart: it waits."""
        disk = FullDisk(400_000)
        await scene.restart(disk=disk)
        await scene.email(HEAD, (GOOD, b"x" * 250_000))
        await scene.idle()
        assert len(await scene.house.spool.ready()) == 1
        assert await scene.files() == []
        disk.room = 10_000_000
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"x" * 250_000}

    async def test_has_no_room_says_so_before_the_first_byte(self, scene: Scene) -> None:
        await scene.restart(disk=FullDisk(1000))
        assert not await scene.house.receive.has_room(700)
        assert await scene.house.receive.has_room(600)
        scene.house.disk.room = 10_000_000  # type: ignore[attr-defined]


async def test_more_than_is_taken_is_refused_at_the_close(scene: Scene) -> None:
    scene.settings = scene.settings.model_copy(
        update={"sftp": scene.settings.sftp.model_copy(update={"max_file_bytes": 1 << 20})}
    )
    await scene.restart()
    sentence = await scene.upload(HEAD, GOOD, bytes((1 << 20) + 1))
    assert "larger than the 1 MiB" in sentence
    await scene.idle()
    assert (await scene.file(GOOD)).reason == "too-large"


async def test_an_empty_upload_is_refused_at_the_close(scene: Scene) -> None:
    sentence = await scene.upload(HEAD, GOOD, b"")
    assert "empty" in sentence
    await scene.idle()
    assert (await scene.file(GOOD)).reason == "empty-file"
