"""A message that its sender's mail system hands over again is recorded as a copy, and tells nobody anything (SPEC 4).

The faults: a sender or a headteacher who is told twice; and, worse, a message that is lost since it was taken for
another.
"""

import asyncio
from datetime import timedelta

import pytest

from gateway.core.documents import DocumentState
from gateway.core.model import FileRecord, Status
from gateway.core.submission import Submission
from gateway.errors import Transient
from gateway.pipeline.decisions import Actor
from gateway.pipeline.repeats import TRIED_FOR
from tests.scenarios.harness import GOOD, HEAD, STAFF, Scene, letter
from tests.scenarios.invariants import Promise, sha256
from tests.scenarios.stand_ins import StubbornLedger

BAD = "8304053_XYZreturnV01.pdf"  # of Highmoor, to no service that there is
FINE = "8304053_INFOreturn20261120.docx"
YUSUF = "yusuf.demirel"  # headteacher of Highmoor
OFFICER = "nadia.rowbotham"


def message_of(scene: Scene, *files: tuple[str, bytes], by: str = STAFF, text: str = "") -> bytes:
    return letter(scene.account(by).email, *files, text=text)


async def hand_over(scene: Scene, message: bytes, *, by: str = STAFF, **facts: object) -> Submission:
    """Hand in what a server tries, let it be worked off, and return its record."""
    envelope = await scene.post(by, message, **facts)  # type: ignore[arg-type]
    await scene.idle()
    return await record_of(scene, envelope.id)


async def record_of(scene: Scene, id: str) -> Submission:
    found = await scene.house.ledger.submission(id)
    assert found is not None
    return found


def tried_again(message: bytes) -> bytes:
    """Return a message as it comes the next time: each try adds its own trace."""
    return b"Received: from retry.example by mail.example\r\n" + message


def sent_on(message: bytes, number: int) -> bytes:
    """Return a message as a person sends it on once more from among those sent ("redirect"): all else stays."""
    return b"Resent-Message-ID: <again%d@highmoor.example>\r\n" % number + message


def subjects(scene: Scene, *usernames: str) -> list[list[str]]:
    return [[mail.subject for mail in scene.notices_to(username)] for username in usernames]


class TestACopy:
    """Nothing is decided or told again."""

    async def test_of_rejected_and_taken_files_is_recorded_once_and_told_once(self, scene: Scene) -> None:
        message = message_of(scene, (BAD, b"bad"), (FINE, b"fine"))
        first = await hand_over(scene, message)
        told = subjects(scene, STAFF, YUSUF)
        assert [len(mails) for mails in told] == [1, 1]
        copy = await hand_over(scene, tried_again(message))
        assert (copy.files, copy.outcome) == ((), f"repeat of {first.id}")
        assert [(p.name, p.fate, p.file_id) for p in copy.parts if p.name] == [
            (BAD, "duplicate", first.files[0].id),
            (FINE, "duplicate", first.files[1].id),
        ]
        assert subjects(scene, STAFF, YUSUF) == told
        assert scene.dropped("INFO") == {FINE: b"fine"}
        assert await scene.house.spool.ready() == []

    async def test_without_a_file_is_answered_once(self, scene: Scene) -> None:
        message = message_of(scene, text="Sorry, I forgot the attachment.")
        first = await hand_over(scene, message)
        assert first.outcome == "nothing-attached"
        copy = await hand_over(scene, tried_again(message))
        assert copy.outcome == f"repeat of {first.id}"
        assert len(scene.notices_to(STAFF)) == 1

    async def test_for_postmaster_is_handed_on_once(self, scene: Scene) -> None:
        message, to = message_of(scene, text="Who are you?"), ("postmaster@gateway.test",)
        scene.set_notices(administrator="contact@council.test")
        await hand_over(scene, message, to=to)
        await hand_over(scene, tried_again(message), to=to)
        assert len(scene.courier.to("contact@council.test")) == 1

    async def test_comes_before_the_notice_of_the_first_has_left(self, scene: Scene) -> None:
        """What is owed for the first stays owed, and once."""
        message = message_of(scene, (BAD, b"bad"))
        for data in (message, tried_again(message)):
            await scene.post(STAFF, data)
            await scene.house.ingest.pass_once()
        assert subjects(scene, STAFF, YUSUF) == [[], []]
        await scene.idle()
        assert [len(mails) for mails in subjects(scene, STAFF, YUSUF)] == [1, 1]

    @pytest.mark.parametrize("number", [2, 7])
    async def test_in_the_same_pass_is_not_a_second_first(self, scene: Scene, number: int) -> None:
        message = message_of(scene, (BAD, b"bad"), (FINE, b"fine"))
        for _ in range(number):
            await scene.post(STAFF, message)
        assert await scene.house.ingest.pass_once() == number
        await scene.idle()
        assert len(await scene.files()) == 2
        assert [len(mails) for mails in subjects(scene, STAFF, YUSUF)] == [1, 1]

    async def test_that_is_recorded_before_the_first_makes_a_copy_of_that(self, scene: Scene) -> None:
        """The first met trouble, and was put off: whichever is recorded first is decided, and nothing is lost."""
        await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "record", Transient("busy"), times=1))
        message = message_of(scene, (BAD, b"bad"))
        first = await scene.post(STAFF, message)
        assert await scene.house.ingest.pass_once() == 0
        again = await hand_over(scene, tried_again(message))
        for _ in range(4):
            await scene.idle()
        records = [await record_of(scene, id) for id in (first.id, again.id)]
        assert sorted(len(record.files) for record in records) == [0, 1]
        assert len(scene.notices_to(STAFF)) == 1
        assert await scene.house.archive.places() == [f.place for f in await scene.files()]

    async def test_whose_spool_entry_outlived_its_record_is_only_cleared(self, scene: Scene) -> None:
        message = message_of(scene, (BAD, b"bad"))
        await hand_over(scene, message)
        again = await scene.post(STAFF, tried_again(message))
        await scene.house.ingest._record(await scene.house.spool.envelope(again.id))
        copy = await record_of(scene, again.id)
        await scene.restart()
        await scene.idle()
        assert await scene.house.spool.ready() == []
        assert await record_of(scene, again.id) == copy
        assert len(scene.notices_to(STAFF)) == 1

    async def test_brings_back_nothing_that_a_person_recalled_or_rejected(self, scene: Scene) -> None:
        """It is the server that tries again, and not the person."""
        message = message_of(scene, (FINE, b"fine"))
        first = await hand_over(scene, message)
        officer = Actor.of(scene.account("callum.eastwick"))
        rejected = await scene.house.decisions.reject(first.files[0].id, by=officer, why="please add the class")
        assert isinstance(rejected, FileRecord)
        await scene.idle()
        told = subjects(scene, STAFF, YUSUF)
        await hand_over(scene, tried_again(message))
        assert [f.status for f in await scene.files()] == [Status.REJECTED]
        assert subjects(scene, STAFF, YUSUF) == told

    async def test_of_documents_is_published_and_answered_once(self, scene: Scene) -> None:
        message = letter(
            scene.account(OFFICER).email, ("8302000 Offer.pdf", b"%PDF-1.7 a"), ("Nobody's.pdf", b"%PDF-1.7 b")
        )
        first = await self._publish(scene, message)
        told = subjects(scene, OFFICER)
        assert [a.document.state for a in first.documents] == [DocumentState.PUBLISHED, DocumentState.HELD]
        copy = await self._publish(scene, tried_again(message))
        assert copy.outcome == f"repeat of {first.id}"
        assert len(await scene.documents()) == 2
        assert subjects(scene, OFFICER) == told
        assert len(told[0]) == 1

    async def _publish(self, scene: Scene, message: bytes) -> Submission:
        envelope = await scene.mail_documents_as(OFFICER, message)
        await scene.idle()
        return await record_of(scene, envelope.id)


class TestNoCopy:
    """What is alike and not the same is a message of its own: taken, and answered."""

    async def _second(self, scene: Scene, first: bytes, second: bytes, *, by: str = STAFF) -> tuple[str, list[str]]:
        """Hand over both; return what became of the second, and the fate of each of its parts that has a name."""
        await hand_over(scene, first)
        again = await hand_over(scene, second, by=by)
        recorded = {f.id for f in await scene.files(submission=again.id)}
        return again.outcome, [part.fate for part in again.parts if part.name and part.file_id in recorded]

    async def test_with_a_constant_message_id_and_other_bytes(self, scene: Scene) -> None:
        """Some copiers and programs write one Message-ID into everything; the sizes may be the same, too."""
        first = message_of(scene, (FINE, b"page 1"))
        assert await self._second(scene, first, first.replace(b"cGFnZSAx", b"cGFnZSAy")) == ("", ["taken"])

    async def test_with_a_rejected_file_of_other_bytes(self, scene: Scene) -> None:
        first = message_of(scene, (BAD, b"page 1"))
        assert await self._second(scene, first, first.replace(b"cGFnZSAx", b"cGFnZSAy")) == ("", ["rejected"])

    async def test_with_another_name(self, scene: Scene) -> None:
        first = message_of(scene, (BAD, b"page 1"))
        assert await self._second(scene, first, first.replace(b"_XYZ", b"_XYY")) == ("", ["rejected"])

    async def test_without_a_message_id(self, scene: Scene) -> None:
        first = b"".join(
            line for line in message_of(scene, (BAD, b"x")).splitlines(keepends=True) if b"Message-ID" not in line
        )
        assert await self._second(scene, first, first) == ("", ["rejected"])

    async def test_with_an_empty_message_id(self, scene: Scene) -> None:
        lines = message_of(scene, (BAD, b"x")).splitlines(keepends=True)
        first = b"".join(b"Message-ID: \r\n" if b"Message-ID" in line else line for line in lines)
        assert await self._second(scene, first, first) == ("", ["rejected"])

    async def test_from_another_account(self, scene: Scene) -> None:
        first = message_of(scene, (BAD, b"x"))
        assert await self._second(scene, first, first, by=HEAD) == ("", ["rejected"])

    async def test_to_another_of_our_addresses(self, scene: Scene) -> None:
        """A server may hand over one message once for each address; a letter to postmaster is for a person."""
        scene.set_notices(administrator="contact@council.test")
        message = message_of(scene, text="Please ring me.")
        await hand_over(scene, message)
        await hand_over(scene, message, to=("postmaster@gateway.test",))
        assert len(scene.courier.to("contact@council.test")) == 1

    async def test_sent_on_by_a_person_who_was_told_that_it_was_rejected(self, scene: Scene) -> None:
        """Its name is no better, and silence would be no answer; a copy of what was sent on is told nothing."""
        message = message_of(scene, (BAD, b"x"))
        assert await self._second(scene, message, sent_on(message, 1)) == ("", ["rejected"])
        assert len(scene.notices_to(STAFF)) == 2
        copy = await hand_over(scene, tried_again(sent_on(message, 1)))
        assert copy.outcome.startswith("repeat of ")
        assert len(scene.notices_to(STAFF)) == 2

    async def test_sent_on_after_an_officer_rejected_it(self, scene: Scene) -> None:
        """It is a new file (SPEC 4)."""
        message = message_of(scene, (FINE, b"fine"))
        first = await hand_over(scene, message)
        officer = Actor.of(scene.account("callum.eastwick"))
        await scene.house.decisions.reject(first.files[0].id, by=officer, why="please add the class")
        again = await hand_over(scene, sent_on(message, 1))
        assert [f.status for f in await scene.files(submission=again.id)] == [Status.SENT]

    @pytest.mark.parametrize(("beyond", "files"), [(timedelta(0), 1), (timedelta(seconds=1), 2)])
    async def test_after_the_days_for_which_servers_try(self, scene: Scene, beyond: timedelta, files: int) -> None:
        """Counted from the first, however often copies come in between."""
        message = message_of(scene, (BAD, b"x"))
        await hand_over(scene, message)
        for wait in (TRIED_FOR / 2, TRIED_FOR / 2 + beyond):
            scene.clock.advance(wait.total_seconds())
            await hand_over(scene, message)
        assert len(await scene.files()) == files

    async def test_whose_first_was_never_recorded(self, scene: Scene) -> None:
        """It was set aside by a bug: the next one is the first."""
        await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "record", RuntimeError("a bug"), times=1))
        message = message_of(scene, (FINE, b"fine"))
        first = await scene.post(STAFF, message)
        await scene.idle()
        scene.known.failed.add(first.id)
        await hand_over(scene, tried_again(message))
        scene.promises.append(Promise(FINE, sha256(b"fine"), STAFF))
        assert scene.dropped("INFO") == {FINE: b"fine"}


async def test_copies_and_others_at_once_lose_nothing(scene: Scene) -> None:
    """One Message-ID, three contents, each twice, in one pass."""
    base = message_of(scene, (GOOD.replace("8301102", "8304053"), b"page 1"))
    for page in (b"cGFnZSAx", b"cGFnZSAy", b"cGFnZSAz"):
        for _ in range(2):
            await scene.post(STAFF, base.replace(b"cGFnZSAx", page))
    await asyncio.gather(scene.house.ingest.pass_once(), scene.house.ingest.pass_once())
    await scene.idle()
    assert sorted(f.sha256 or "" for f in await scene.files()) == sorted(sha256(b"page %d" % n) for n in (1, 2, 3))
