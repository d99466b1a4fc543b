"""Mail for postmaster@ goes to the contact, so many a day, and never becomes a submission of files (SPEC 4)."""

from dataclasses import replace

from gateway.core.mail import NoticeQuery
from gateway.errors import Transient
from gateway.pipeline.postmaster import PostmasterCap
from tests.scenarios.harness import GOOD, HEAD, STAFF, Scene, letter
from tests.scenarios.stand_ins import StubbornLedger

POSTMASTER = ("postmaster@gateway.test",)
CONTACT = "files-help@gateway.test"
WORDS = "Since Monday every message comes back.\n\nRuth\n-- \nRuth Ashdown\n"


async def write(scene: Scene, *files: tuple[str, bytes], to: tuple[str, ...] = POSTMASTER, **headers: str) -> str:
    message = letter(scene.account(HEAD).email, *files, text=WORDS, **headers)
    envelope = await scene.post(HEAD, message, to=to)
    await scene.idle()
    return envelope.id


def cap(scene: Scene) -> PostmasterCap:
    return PostmasterCap(ledger=scene.house.ledger, clock=scene.clock, policy=scene.house.policy)


def mail_to_contact(scene: Scene) -> list[str]:
    return [mail.text for mail in scene.courier.taken if mail.to == CONTACT]


async def test_the_contact_reads_who_wrote_and_what(scene: Scene) -> None:
    id = await write(scene, Subject="Our mail comes back")
    (text,) = mail_to_contact(scene)
    told = " ".join(text.split())
    assert f"Ruth Ashdown <{scene.account(HEAD).email}> of 8301102 wrote to postmaster" in told
    assert "Subject: Our mail comes back" in told
    assert "Since Monday every message comes back." in told
    assert id in told
    assert scene.notices_to(HEAD) == []
    assert await scene.files() == []
    assert [row["outcome"] for row in scene.rows("submissions")] == ["for-postmaster"]


async def test_its_words_are_kept_no_longer_than_it_takes_to_send_them(scene: Scene) -> None:
    await write(scene)
    (notice,) = await scene.house.ledger.notices(NoticeQuery(template="postmaster"))
    assert notice.context == {}


async def test_a_file_in_it_is_not_taken_and_its_sender_is_told(scene: Scene) -> None:
    id = await write(scene, (GOOD, b"one"))
    assert await scene.files() == []
    assert "A file was attached and not kept" in mail_to_contact(scene)[0]
    (notice,) = scene.notices_to(HEAD)
    assert notice.subject == "Files are not taken at postmaster"
    assert GOOD in notice.text
    fates = [(row["number"], row["fate"], row["why"]) for row in scene.rows("parts") if row["submission"] == id]
    assert fates == [(1, "ignored", "text-body"), (2, "ignored", "for-postmaster")]


async def test_beside_another_address_of_ours_it_is_for_that_one(scene: Scene) -> None:
    await write(scene, (GOOD, b"one"), to=("files@gateway.test", *POSTMASTER))
    assert [file.name for file in await scene.files()] == [GOOD]
    assert mail_to_contact(scene) == []


async def test_a_program_gets_no_answer(scene: Scene) -> None:
    await write(scene, (GOOD, b"one"), Auto_Submitted="auto-replied")
    assert scene.notices_to(HEAD) == []
    assert len(mail_to_contact(scene)) == 1


async def test_so_many_a_day_and_then_the_door_says_no(scene: Scene) -> None:
    policy = scene.house.policy
    policy.current = replace(policy.current, notices=replace(policy.current.notices, postmaster_a_day=2))
    for _ in range(2):
        assert await cap(scene).refusal() is None
        await write(scene)
    refusal = await cap(scene).refusal()
    assert refusal is not None
    assert "today" in refusal.sentence
    scene.clock.advance(days=1, seconds=1)
    assert await cap(scene).refusal() is None


async def test_where_the_contact_has_no_address_the_door_says_so(scene: Scene) -> None:
    policy = scene.house.policy
    policy.current = replace(policy.current, notices=replace(policy.current.notices, administrator=""))
    refusal = await cap(scene).refusal()
    assert refusal is not None
    assert "Nobody reads" in refusal.sentence


async def test_a_record_that_fails_hands_it_on_once(scene: Scene) -> None:
    """The fault that it survives: the ledger is busy, or stops, when it should be recorded."""
    await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, "record", Transient("busy"), times=1))
    await scene.post(STAFF, letter(scene.account(STAFF).email, text="Hello"), to=POSTMASTER)
    assert await scene.house.ingest.pass_once() == 0
    await scene.restart()
    await scene.idle()
    assert len(mail_to_contact(scene)) == 1
    assert await scene.house.spool.ready() == []
