"""Accepting: held bytes under a better name, judged as any file that comes in (SPEC 3, 6)."""

import asyncio
from datetime import timedelta

from gateway.core.admission import Refusal
from gateway.core.model import FileRecord, Status
from tests.pipeline.deciding import (
    ADMINISTRATOR,
    SEN,
    SEND,
    actor,
    events,
    now,
    sent,
    subjects,
)
from tests.scenarios.harness import HEAD, STAFF, Scene


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
