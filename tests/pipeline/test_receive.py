"""Receive: what a door takes is our word; what it refuses is told once and leaves no byte (SPEC 5, 11)."""

import asyncio

import pytest

from gateway.core.model import Status
from tests.fakes import FullDisk
from tests.scenarios.harness import GOOD, HEAD, STAFF, Scene


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

    @pytest.mark.parametrize(
        ("name", "is_private"),
        [
            ("8301102_SAFEconcern20261120.exe", True),
            ("8301102_SAFEConcern20261120.docx", True),
            ("8301102_safe_concern20261120.docx", True),
            ("8301102_SENreview20261120.exe", False),
            ("Acronyms.pdf", False),
        ],
    )
    async def test_of_a_private_service_is_seen_by_its_sender_alone(
        self, scene: Scene, name: str, is_private: bool
    ) -> None:
        await scene.upload(STAFF, name.replace("8301102", "8304053"), b"x")
        (file,) = await scene.files()
        assert file.private is is_private

    async def test_is_still_told_after_a_restart_no_second_time(self, scene: Scene) -> None:
        await scene.upload(HEAD, "Acronyms.pdf", b"x")
        await scene.restart()
        await scene.upload(HEAD, "Acronyms.pdf", b"x")
        await scene.idle()
        assert len(scene.notices_to(HEAD)) == 1


class TestAnUploadThatIsNotSealed:
    """Before the rename in the spool nothing was promised."""

    async def test_makes_no_file_and_leaves_no_bytes_after_a_stop(self, scene: Scene) -> None:
        intake = scene.house.receive.begin()
        intake.write(b"h" * 600_000)
        await intake.sync()
        assert await scene.house.spool.parked() == [intake.id]
        await scene.restart()
        assert await scene.house.spool.parked() == []
        assert await scene.files() == []

    async def test_can_be_taken_up_again_after_a_restart(self, scene: Scene) -> None:
        parked = await scene.park(HEAD, GOOD, b"first half, ")
        await scene.restart()
        again = await scene.house.spool.resume(parked.id)
        again.write(b"second half")
        await again.seal(channel="sftp", username=HEAD, verified_by="publickey", name=GOOD)
        await scene.house.ledger.drop_unfinished(parked.id)
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"first half, second half"}

    async def test_is_no_longer_unfinished_once_it_was_sealed(self, scene: Scene) -> None:
        """We died between the seal and the row of the unfinished upload: the row goes, the file stays."""
        parked = await scene.park(HEAD, GOOD, b"all of it")
        again = await scene.house.spool.resume(parked.id)
        await again.seal(channel="sftp", username=HEAD, verified_by="publickey", name=GOOD)
        await scene.restart()
        assert await scene.house.ledger.unfinished() == []
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"all of it"}


async def test_a_temporary_name_may_become_a_faulty_one_and_its_bytes_are_held(scene: Scene) -> None:
    intake = scene.house.receive.begin()
    intake.write(b"all of it")
    await intake.seal(channel="sftp", username=HEAD, verified_by="publickey", name="8301102_info_phonics.docx")
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
        assert "disk is full" in refusal
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


async def test_an_empty_upload_is_told_and_recorded(scene: Scene) -> None:
    assert "empty" in await scene.upload(HEAD, GOOD, b"")
    await scene.idle()
    file = await scene.file(GOOD)
    assert (file.reason, file.size) == ("empty-file", None)
