"""Every leaf of a message ends as exactly one of taken, rejected, held, ignored; what was not read is told (SPEC 4)."""

import random
from collections import Counter

import pytest

from gateway.core.contents import Unpacked, UnpackedPart
from gateway.core.documents import Order
from gateway.core.model import Channel, FileRecord, Status
from gateway.core.submission import PartFate
from gateway.inbound.smtp.limits import MessageLimits
from gateway.pipeline.fates import all_fates, cause_of
from gateway.pipeline.transitions import Actor
from tests.inbound.smtp.letters import attachment, multipart, part
from tests.inbound.smtp.sound_letters import Sound, sound_letter
from tests.scenarios.harness import HEAD, Scene

FATES = {"taken", "rejected", "held", "ignored", "duplicate"}  # a duplicate is taken, and was before
LETTERS = 40
TOO_DEEP = b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nHello\r\n"


def limit(scene: Scene, **limits: object) -> None:
    """Read messages no further than this."""
    scene.house.live.unpacker.limits = MessageLimits(**limits)  # type: ignore[arg-type]


def fates_of(scene: Scene, submission: str) -> list[tuple[int, str, str]]:
    rows = [row for row in scene.rows("parts") if row["submission"] == submission]
    return sorted((row["number"], row["fate"], row["why"] or "") for row in rows)


async def test_what_goes_in_comes_out_once(scene: Scene) -> None:
    """Sound letters of every shape, counted by who wrote them; the names are good and bad, as chance will have it."""
    letters: dict[str, Sound] = {}
    for seed in range(LETTERS):
        sound = sound_letter(random.Random(seed))
        letters[(await scene.post(HEAD, sound.raw)).id] = sound
        await scene.idle()
    records = Counter(file.submission for file in await scene.files())
    for id, sound in letters.items():
        fates = fates_of(scene, id)
        assert [number for number, _, _ in fates] == list(range(1, len(sound.files) + sound.others + 1))
        counted = Counter(fate for _, fate, _ in fates)
        assert set(counted) <= FATES
        assert counted["ignored"] == sound.others
        assert counted["taken"] + counted["rejected"] == records[id]
        assert counted["taken"] + counted["rejected"] + counted["duplicate"] == len(sound.files)
    assert sum(len(sound.files) for sound in letters.values()) > 30


async def test_what_lies_beyond_the_most_parts_is_told(scene: Scene) -> None:
    limit(scene, parts=2)
    message = multipart(*(attachment(str(n).encode(), f"8301102_INFOp{n}x20261120.txt") for n in range(5)))
    envelope = await scene.post(HEAD, b"From: x@y.example\r\n" + message)
    await scene.idle()
    assert fates_of(scene, envelope.id) == [(1, "taken", ""), (2, "taken", ""), (3, "ignored", "too-many-parts")]
    (receipt,) = scene.notices_to(HEAD)
    assert receipt.subject == "Part of your message was not read: what to do"
    assert "What comes after part 2" in " ".join(receipt.text.split())
    assert "all that came after this: not read" in receipt.text


async def test_where_no_file_was_reached_nobody_says_that_none_was_attached(scene: Scene) -> None:
    limit(scene, parts=1)
    message = multipart(part(b"Hello", "Content-Type: text/plain"), attachment(b"1", "8301102_INFOp20261120.txt"))
    envelope = await scene.post(HEAD, b"From: x@y.example\r\n" + message)
    await scene.idle()
    assert fates_of(scene, envelope.id) == [(1, "ignored", "text-body"), (2, "ignored", "too-many-parts")]
    (notice,) = scene.notices_to(HEAD)
    assert notice.subject == "Part of your message was not read: what to do"
    assert "There was no file" not in notice.text
    assert [row["outcome"] for row in scene.rows("submissions")] == ["not-read"]


async def test_a_file_that_a_limit_kept_from_us_is_rejected_and_says_which(scene: Scene) -> None:
    limit(scene, depth=1, part_bytes=10)
    large = attachment(b"x" * 11, "8301102_INFOlarge20261120.txt")
    envelope = await scene.post(HEAD, b"From: x@y.example\r\n" + multipart(large, TOO_DEEP))
    await scene.idle()
    assert fates_of(scene, envelope.id) == [(1, "rejected", "truncated"), (2, "rejected", "truncated")]
    (receipt,) = scene.notices_to(HEAD)
    told = " ".join(receipt.text.split())
    assert "The file is larger than email may carry here" in told
    assert "The file lies deeper in attached messages than we open them" in told
    assert "REJECTED: (a part without a name)" in told
    assert [file.faults for file in await scene.files()] == [("truncated",)] * 2


@pytest.mark.parametrize("fault", ["unclosed", "size-mismatch", "part-too-large", "too-deep"])
def test_faults_that_leave_no_part_unread_add_none(fault: str) -> None:
    body = UnpackedPart(1, None, "text/plain", 1, "", is_file=False, why="text-body")
    unpacked = Unpacked("", "", is_automatic=False, comment="", tags=(), parts=(body,), faults=(fault,))
    assert all_fates((), unpacked) == (PartFate(1, None, "text/plain", 1, "ignored", "text-body"),)
    assert cause_of(unpacked) == "nothing-attached"


NO_END = "its message has no end: look whether the file is whole"


def without_its_end(*names: str) -> bytes:
    """A message of files that are not encoded, which ends where its last boundary should stand."""
    files = [part(name.encode(), f"Content-Type: text/csv; name={name}") for name in names]
    whole = b"From: x@y.example\r\n" + multipart(*files)
    return whole[: whole.rindex(b"\r\n--")]


async def test_a_file_whose_message_has_no_end_is_sent_and_those_who_read_it_are_told(scene: Scene) -> None:
    first, last = "8301102_INFOone20261120.csv", "8301102_INFOtwo20261120.csv"
    await scene.post(HEAD, without_its_end(first, last))
    await scene.idle()
    assert (await scene.file(first)).remark == "not scanned; Delivered"
    assert (await scene.file(last)).remark == f"{NO_END}; not scanned; Delivered"
    (receipt,) = scene.notices_to(HEAD)
    assert f"Remark: {NO_END}; not scanned" in " ".join(receipt.text.split())


async def test_a_right_name_that_comes_later_makes_no_end(scene: Scene) -> None:
    await scene.post(HEAD, without_its_end("8301102 two.csv"))
    await scene.idle()
    (file,) = await scene.files()
    assert (file.status, file.remark) == (Status.REJECTED, NO_END)
    by = Actor("iroe", "Ines Roe")
    got = await scene.house.decisions.accept(file.id, by=by, name="8301102_INFOtwo20261120.csv")
    assert isinstance(got, FileRecord)
    assert got.remark == f"{NO_END}; not scanned"


async def test_a_document_whose_message_has_no_end_says_so(scene: Scene) -> None:
    intake = scene.house.receive.begin()
    intake.write(without_its_end("8302000 two.csv"))
    envelope = await intake.seal(
        channel=Channel.EMAIL, username="nadia.rowbotham", verified_by="password", order=Order("send")
    )
    scene.house.receive.accepted(envelope)
    await scene.idle()
    (document,) = await scene.documents()
    assert document.remark == f"{NO_END}; not scanned"
