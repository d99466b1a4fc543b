"""Ingest: what was promised becomes a record once, whatever comes twice or in parts (SPEC 3, 4, 6; DESIGN 3)."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.core.model import Channel, FileRecord, Status
from gateway.core.register import AccountState
from gateway.errors import Transient
from gateway.pipeline.decisions import Actor
from gateway.pipeline.ingest import AT_ONCE
from tests.inbound.smtp.letters import attachment, multipart
from tests.scenarios.harness import GOOD, HEAD, STAFF, Scene
from tests.scenarios.stand_ins import StubbornLedger

OTHER = "8301102_INFOreturn20261120.docx"


async def test_an_upload_is_kept_recorded_and_dropped(scene: Scene) -> None:
    data = os.urandom(300_000)
    assert await scene.upload(HEAD, GOOD, data) == ""
    await scene.idle()
    file = await scene.file(GOOD)
    assert (file.status, file.school, file.service, file.size) == (Status.SENT, "8301102", "INFO", 300_000)
    assert (file.remark, file.sent_by, file.expires_at) == ("not scanned; Delivered", "Ruth Ashdown", file.expires_at)
    assert file.place == f"8301102/2026-11/{file.id}"
    assert scene.dropped("INFO") == {GOOD: data}
    assert [h.event for h in await scene.house.ledger.history(file.id)] == ["route", "deliver", "deliver"]


async def test_a_message_is_one_submission_with_a_record_for_each_file(scene: Scene) -> None:
    await scene.email(HEAD, (GOOD, b"one"), ("holiday photo.exe", b"two"), text="For Monday.", Subject="Return #eyfs")
    await scene.idle()
    good, bad = await scene.file(GOOD), await scene.file("holiday photo.exe")
    assert good.submission == bad.submission
    assert (good.status, bad.status, bad.reason) == (Status.SENT, Status.REJECTED, "no-dfe-number")
    assert (good.comment, good.tags) == ("For Monday.", ("eyfs",))
    assert scene.dropped("INFO") == {GOOD: b"one"}
    assert len(scene.notices_to(HEAD)) == 1


class TestTheSameAgain:
    """The same bytes and name from the same school, while the first is Sent or Received, are no second file."""

    async def test_is_told_as_already_received(self, scene: Scene) -> None:
        for _ in range(2):
            await scene.upload(HEAD, GOOD, b"the same")
            await scene.idle()
        assert len(await scene.files()) == 1
        assert scene.dropped("INFO") == {GOOD: b"the same"}
        _, second = scene.notices_to(HEAD)
        assert "ALREADY RECEIVED" in second.text

    async def test_over_the_other_channel_is_the_same(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"the same")
        await scene.idle()
        await scene.email(HEAD, (GOOD, b"the same"))
        await scene.idle()
        assert len(await scene.files()) == 1
        assert [p["fate"] for p in scene.rows("parts") if p["name"] == GOOD] == ["taken", "duplicate"]

    async def test_twice_in_one_message_is_one_file(self, scene: Scene) -> None:
        await scene.email(HEAD, (GOOD, b"the same"), (GOOD, b"the same"))
        await scene.idle()
        assert len(await scene.files()) == 1
        assert [p["fate"] for p in scene.rows("parts") if p["name"]] == ["taken", "duplicate"]

    @pytest.mark.parametrize("number", [2, 7])
    async def test_in_submissions_decided_together_is_one_file(self, scene: Scene, number: int) -> None:
        for _ in range(number):
            await scene.upload(HEAD, GOOD, b"the same")
        await scene.email(HEAD, (GOOD, b"the same"))
        assert await scene.house.ingest.pass_once() == number + 1
        await scene.idle()
        assert len(await scene.files()) == 1
        assert len(scene.notices_to(HEAD)) == number + 1

    async def test_with_another_case_of_letters_is_the_same(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"the same")
        await scene.idle()
        assert await scene.upload(HEAD, GOOD.replace("docx", "DOCX"), b"the same") == ""
        scene.promises.pop()  # it is on record under the first one's name
        await scene.idle()
        assert len(await scene.files()) == 1

    async def test_is_a_new_file_after_a_rejection(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"the same")
        await scene.idle()
        first = await scene.file(GOOD)
        officer = Actor.of(scene.account("callum.eastwick"))
        rejected = await scene.house.decisions.reject(first.id, by=officer, why="please add the class")
        assert isinstance(rejected, FileRecord)
        await scene.upload(HEAD, GOOD, b"the same")
        await scene.idle()
        assert [f.status for f in await scene.files()] == [Status.SENT, Status.REJECTED]
        assert scene.dropped("INFO") == {GOOD: b"the same"}

    async def test_from_another_school_is_another_file(self, scene: Scene) -> None:
        name = "8304053_INFOreturn20261120.docx"
        await scene.upload(HEAD, OTHER, b"the same")
        await scene.upload(STAFF, name, b"the same")
        await scene.idle()
        assert sorted(scene.dropped("INFO")) == [OTHER, name]

    async def test_under_another_name_is_another_file(self, scene: Scene) -> None:
        await scene.upload(HEAD, OTHER, b"the same")
        await scene.upload(HEAD, GOOD, b"the same")
        await scene.idle()
        assert sorted(scene.dropped("INFO")) == [GOOD, OTHER]


class TestANewVersion:
    """The same name with other bytes: both are kept and linked."""

    async def test_supersedes_the_newest_and_lies_beside_it(self, scene: Scene) -> None:
        for data in (b"first", b"second", b"third"):
            await scene.upload(HEAD, GOOD, data)
            await scene.idle()
        third, second, first = await scene.files()
        assert (first.supersedes, second.supersedes, third.supersedes) == (None, first.id, second.id)
        stem = GOOD.removesuffix(".docx")
        assert scene.dropped("INFO") == {
            GOOD: b"first",
            f"{stem} ({second.id}).docx": b"second",
            f"{stem} ({third.id}).docx": b"third",
        }

    async def test_in_one_message_supersedes_within_it(self, scene: Scene) -> None:
        await scene.email(HEAD, (GOOD, b"first"), (GOOD, b"second"))
        await scene.idle()
        second, first = await scene.files()
        assert second.supersedes == first.id


class TestAFaultFoundInTheBytes:
    """Decided after the rename: recorded as Rejected, told, and never dropped."""

    @pytest.mark.parametrize(
        ("name", "data", "reason"),
        [
            ("8301102_INFOa20261120.pdf", b"MZ program", "type-not-allowed"),
            ("8301102_INFOb20261120.pdf", b"%PDF-1.4\n1 0 obj cut off", "truncated"),
            ("8301102_INFOc20261120.zip", b"PK\x03\x04 cut off", "truncated"),
            ("8301102_INFOd20261120.zip", b"PK\x05\x06 no archive" + bytes(40), "unsafe-archive"),
        ],
    )
    async def test_keeps_the_bytes_from_the_service(self, scene: Scene, name: str, data: bytes, reason: str) -> None:
        assert await scene.upload(HEAD, name, data) == ""
        await scene.idle()
        file = await scene.file(name)
        assert (file.status, file.reason) == (Status.REJECTED, reason)
        assert file.place is not None
        assert scene.dropped("INFO") == {}
        assert len(scene.notices_to(HEAD)) == 1

    async def test_an_empty_attachment_is_rejected(self, scene: Scene) -> None:
        await scene.email(HEAD, (GOOD, b""))
        await scene.idle()
        assert (await scene.file(GOOD)).reason == "empty-file"


async def test_a_message_without_a_file_is_answered(scene: Scene) -> None:
    await scene.email(HEAD, text="Sorry, I forgot the attachment.")
    await scene.idle()
    (notice,) = scene.notices_to(HEAD)
    assert scene.rows("submissions")[0]["outcome"]
    assert "attach" in notice.text


async def test_an_automatic_message_is_taken_and_not_answered(scene: Scene) -> None:
    envelope = await scene.email(HEAD, (GOOD, b"from a program"), Auto_Submitted="auto-generated")
    scene.known.unanswered.add(envelope.id)
    await scene.idle()
    assert scene.dropped("INFO") == {GOOD: b"from a program"}
    assert scene.courier.taken == []


async def test_who_was_suspended_since_is_still_owed_an_outcome(scene: Scene) -> None:
    await scene.upload(HEAD, GOOD, b"accepted before")
    await scene.set_account(HEAD, state=AccountState.SUSPENDED)
    await scene.idle()
    assert (await scene.file(GOOD)).status is Status.SENT


class TestTroubleWithTheLedger:
    """What can't be recorded now stays in the spool; what can never be recorded is kept for a person."""

    async def test_a_busy_ledger_delays_and_loses_nothing(self, scene: Scene) -> None:
        await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "record", Transient("busy"), times=3))
        await scene.upload(HEAD, GOOD, b"patient")
        assert await scene.house.ingest.pass_once() == 0
        assert len(await scene.house.spool.ready()) == 1
        for _ in range(4):
            await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"patient"}

    async def test_a_bug_sets_aside_one_and_the_others_go_on(self, scene: Scene) -> None:
        await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "record", RuntimeError("a bug"), times=1))
        envelope = await scene.email(HEAD, (GOOD, b"unlucky"), ("8301102_INFOb20261120.docx", b"too"))
        await scene.idle()
        scene.known.failed.add(envelope.id)
        del scene.promises[:]
        await scene.upload(HEAD, OTHER, b"lucky")
        await scene.idle()
        assert scene.dropped("INFO") == {OTHER: b"lucky"}
        assert await scene.house.spool.failed() == [envelope.id]
        assert "a bug" in _why(scene, envelope.id)

    async def test_an_unreadable_envelope_is_set_aside_with_a_sentence(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"damaged")
        (id,) = await scene.house.spool.ready()
        path = Path(scene.house.spool.path(id))
        path.write_bytes(path.read_bytes()[:-3])
        await scene.idle()
        scene.known.failed.add(id)
        del scene.promises[:]
        assert "damaged" in _why(scene, id)

    async def test_a_stranger_in_the_envelope_is_set_aside(self, scene: Scene) -> None:
        intake = scene.house.receive.begin()
        intake.write(b"whose?")
        await intake.seal(channel="sftp", username="nobody", verified_by="publickey", name=GOOD)
        await scene.idle()
        scene.known.failed.add(intake.id)
        assert await scene.house.spool.failed() == [intake.id]


async def test_two_passes_at_once_do_each_submission_once(scene: Scene) -> None:
    for n in range(4):
        await scene.email(HEAD, (f"8301102_INFOa{n}V01.docx", b"x" * n * 1000 + b"."), (f"odd{n}.pdf", b"y"))
    await asyncio.gather(scene.house.ingest.pass_once(), scene.house.ingest.pass_once())
    await scene.idle()
    assert len(await scene.files()) == 8
    assert await scene.house.spool.failed() == []


async def test_however_many_are_ready_few_are_begun_at_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3 * AT_ONCE):
        await scene.upload(HEAD, f"8301102_INFOreturn{number}.docx", b"%d" % number)
    tasks: list[int] = []
    take = scene.house.ingest.ingest

    async def seen(id: str) -> None:
        tasks.append(len(asyncio.all_tasks()))
        await take(id)

    before = len(asyncio.all_tasks())
    monkeypatch.setattr(scene.house.ingest, "ingest", seen)
    assert await scene.house.ingest.pass_once() == 3 * AT_ONCE == len(tasks)
    assert max(tasks) - before <= AT_ONCE + 1
    assert len(await scene.files()) == 3 * AT_ONCE


async def test_a_policy_that_changed_since_a_crash_moves_the_bytes(scene: Scene) -> None:
    """Bytes were linked for one school; before the record the account moved to another: the first place is cleared."""
    await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "record", Transient("busy"), times=1))
    await scene.email(HEAD, ("no number at all.pdf", b"whose?"))
    await scene.house.ingest.pass_once()
    assert [place.partition("/")[0] for place in await scene.house.archive.places()] == ["8301102"]
    await scene.set_account(HEAD, schools=("8301102", "8302000"))
    await scene.idle()
    file: FileRecord = await scene.file("no number at all.pdf")
    assert file.school is None
    assert await scene.house.archive.places() == [file.place]


def _why(scene: Scene, id: str) -> str:
    return (scene.folder / "data" / "spool" / "failed" / f"{id}.why.txt").read_text()


@pytest.mark.parametrize("username", [HEAD, "a.stranger"])
async def test_parts_are_removed_when_nobody_writes_them_any_more(
    scene: Scene, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a process that takes the message apart would leave a child's file where nobody ever looks again."""
    spool, steps = scene.house.spool, []

    def told(step: str, act: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        def first(id: str, *rest: str) -> Awaitable[None]:
            steps.append((step, id))
            return act(id, *rest)

        return first

    monkeypatch.setattr(scene.house.unpacker, "leave", told("leave", scene.house.unpacker.leave))
    for name in ("forget", "set_aside"):
        monkeypatch.setattr(spool, name, told("remove", getattr(spool, name)))
    intake = spool.begin()
    intake.write(multipart(attachment(b"text", "8301102_INFOx20261120.txt")))
    sealed = await intake.seal(channel=Channel.EMAIL, username=username, verified_by="a test")
    await scene.house.ingest.pass_once()
    assert steps == [("leave", sealed.id), ("remove", sealed.id)]
    scene.known.failed.update(await spool.failed())
