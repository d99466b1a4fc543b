"""Answer: who is told of what: the sender of everything, the head of a rejection of their own sender's (SPEC 4, 6)."""

from dataclasses import replace

import pytest

from gateway.core.register import Account, AccountState, Role
from tests.scenarios.harness import GOOD, HEAD, STAFF, Scene

HIS_HEAD = "yusuf.demirel"  # of the sender's school, 8304053
FEMI = "femi.adeyinka"  # sends for 8302360 and 8304127, whose heads are tobias.lund and carys.penhallow


async def readers(scene: Scene) -> dict[str, list[str]]:
    """Return the templates that each person is owed."""
    await scene.idle()
    found: dict[str, list[str]] = {}
    for notice in scene.rows("notices"):
        found.setdefault(notice["username"], []).append(notice["template"])
    return found


@pytest.mark.parametrize(
    ("sender", "name", "told"),
    [
        (STAFF, "8304053_INFOreturn20261120.docx", {STAFF: ["receipt"]}),  # sent: no business of the head's
        (STAFF, "8304053_XXXXreturn.docx", {STAFF: ["receipt"], HIS_HEAD: ["rejection"]}),
        (STAFF, "8301102_INFOreturn.docx", {STAFF: ["receipt"], HIS_HEAD: ["rejection"]}),  # never that school's head
        (STAFF, "8304053_SAFEconcern.exe", {STAFF: ["receipt"]}),  # private: it may be about the headteacher
        (STAFF, "8304053_safeconcern.docx", {STAFF: ["receipt"]}),  # and so may be what was meant for it
        (STAFF, "8304053_HRabsence.exe", {STAFF: ["receipt"]}),
        (HEAD, "8301102_XXXXreturn.docx", {HEAD: ["receipt"]}),  # one notice, not two, to a head who sends
        (FEMI, "8304127_XXXXreturn.docx", {FEMI: ["receipt"], "carys.penhallow": ["rejection"]}),
        (FEMI, "nonsense.docx", {FEMI: ["receipt"]}),  # of which of their schools is not certain
        (FEMI, "8301102_INFOreturn.docx", {FEMI: ["receipt"]}),
    ],
)
@pytest.mark.parametrize("channel", ["email", "sftp"])
async def test_who_is_told(scene: Scene, channel: str, sender: str, name: str, told: dict[str, list[str]]) -> None:
    if channel == "email":
        await scene.email(sender, (name, b"x"))
    else:
        await scene.upload(sender, name, b"x")
    assert await readers(scene) == told


async def test_over_sftp_a_folder_says_which_of_their_schools_it_is(scene: Scene) -> None:
    await scene.upload(FEMI, "nonsense.docx", b"x", school="8302360")
    assert await readers(scene) == {FEMI: ["receipt"], "tobias.lund": ["rejection"]}


async def test_a_message_is_one_notice_a_person_whatever_it_holds(scene: Scene) -> None:
    await scene.email(STAFF, ("a.pdf", b"1"), ("b.pdf", b"2"), ("8304053_INFOgoodV01.docx", b"3"))
    assert await readers(scene) == {STAFF: ["receipt"], HIS_HEAD: ["rejection"]}
    (mail,) = scene.notices_to(HIS_HEAD)
    assert "2 files" in mail.subject


AUTOMATIC = [{"Auto_Submitted": "auto-generated"}, {"Precedence": "bulk"}, {"List_Id": "<returns.leys.example>"}]


@pytest.mark.parametrize("mark", AUTOMATIC)
async def test_a_program_s_file_is_never_rejected_in_silence(scene: Scene, mark: dict[str, str]) -> None:
    """A school's information system calls its exports automatic: with a wrong name they vanished for the school."""
    await scene.email(STAFF, ("export.pdf", b"x"), **mark)
    assert await readers(scene) == {STAFF: ["receipt"], HIS_HEAD: ["rejection"]}
    (mail,) = scene.notices_to(HIS_HEAD)
    assert "got the whole name" in mail.text


async def test_a_program_that_did_not_sign_in_gets_no_answer_and_its_head_is_told(scene: Scene) -> None:
    """A mail system that answers us by itself could be answered for ever."""
    envelope = await scene.email(
        STAFF, ("export.pdf", b"x"), verified_by="dmarc highmoor.example by dkim", Precedence="bulk"
    )
    assert await readers(scene) == {HIS_HEAD: ["rejection"]}
    scene.known.unanswered.add(envelope.id)
    (mail,) = scene.notices_to(HIS_HEAD)
    assert "programs get no answer" in mail.text
    assert "got the whole name" not in mail.text


@pytest.mark.parametrize("files", [(), (("8304053_INFOreturn20261120.docx", b"x"),)])
async def test_a_program_that_was_understood_or_brought_nothing_is_not_answered(
    scene: Scene, files: tuple[tuple[str, bytes], ...]
) -> None:
    envelope = await scene.email(STAFF, *files, Auto_Submitted="auto-replied")
    assert await readers(scene) == {}
    scene.known.unanswered.add(envelope.id)


async def test_heads_who_are_not_active_are_not_told(scene: Scene) -> None:
    await scene.set_account(HIS_HEAD, state=AccountState.SUSPENDED)
    await scene.email(STAFF, ("a.pdf", b"1"))
    assert await readers(scene) == {STAFF: ["receipt"]}


async def test_an_authority_can_spare_its_heads(scene: Scene) -> None:
    scene.set_notices(headteacher_copies=False)
    envelope = await scene.email(STAFF, ("a.pdf", b"1"))
    assert await readers(scene) == {STAFF: ["receipt"]}
    scene.known.unanswered.add(envelope.id)  # by the head, as the authority wants it


async def test_an_authority_can_spare_uploads_their_receipts_but_not_their_refusals(scene: Scene) -> None:
    scene.set_notices(sftp_receipts=False)
    await scene.upload(HEAD, GOOD, b"x")
    await scene.upload(HEAD, "a.pdf", b"x")
    assert await readers(scene) == {HEAD: ["receipt"]}
    scene.known.unanswered |= {row["id"] for row in scene.rows("submissions")}


async def test_what_a_copier_sent_is_told_to_its_headteacher(scene: Scene) -> None:
    copier = Account(
        "copier", "Copier", "Office", "copier@highmoor.example", Role.DEVICE, AccountState.ACTIVE,
        schools=("8304053",), services=("INFO",),
    )  # fmt: skip
    await scene.house.ledger.add_account(copier, actor="a test", at=scene.clock.now())
    await scene.house.directory.pass_once()
    await scene.email("copier", ("8304053_INFOscan20261120.pdf", b"%PDF-1.4 %%EOF"))
    assert await readers(scene) == {HIS_HEAD: ["receipt"]}


async def test_the_same_submission_is_owed_the_same_notices(scene: Scene) -> None:
    """A repeat after a crash writes nothing new: the ids are made of the submission's."""
    await scene.email(STAFF, ("a.pdf", b"1"))
    await scene.idle()
    ids = [row["id"] for row in scene.rows("notices")]
    (submission,) = {row["submission"] for row in scene.rows("notices")}
    assert sorted(ids) == [f"{submission}-n1", f"{submission}-n2"]


async def test_a_receipt_names_every_part_and_its_fate(scene: Scene) -> None:
    await scene.email(STAFF, ("8304053_INFOgood20261120.docx", b"3"), ("a.pdf", b"1"), text="Kind regards")
    await scene.idle()
    (mail,) = scene.notices_to(STAFF)
    assert mail.subject == "1 of 2 files arrived, 1 rejected: what to do"
    for words in ("8304053_INFOgood20261120.docx", "a.pdf", "Sent", "Rejected", "Ignored"):
        assert words in mail.text


async def test_full_names_are_shown_to_a_head_only_where_the_authority_wants_it(scene: Scene) -> None:
    scene.set_notices(full_names=True)
    await scene.email(STAFF, ("8304053_XXXXpupil.pdf", b"1"))
    await scene.idle()
    (mail,) = scene.notices_to(HIS_HEAD)
    assert "8304053_XXXXpupil.pdf" in mail.text
    scene.house.policy.current = replace(scene.house.policy.current)
