"""The termly review: a headteacher's reply is applied, kept, and missed when it does not come (SPEC 9)."""

import json

from gateway.core.mail import Mail
from gateway.core.register import AccountState
from gateway.core.reviews import read_answer
from tests.pipeline.test_reply import deliver, reply
from tests.scenarios.harness import Scene

MORAG, DORA = "morag.fairlie", "dora.whitlam"  # headteacher and staff of 8302117 and 8302118
FEMI = "femi.adeyinka"  # staff of 8302360 and 8304127
TOBIAS, RUTH = "tobias.lund", "ruth.ashdown"  # headteachers of 8302360 and of 8301102
TWO = ("8302117", "8302118")


async def start(scene: Scene, *schools: str) -> None:
    await scene.house.review.start(by="the clerk", schools=schools)
    await scene.idle()


async def tick(scene: Scene, days: float) -> None:
    scene.clock.advance(days=days)
    while await scene.house.upkeep.pass_once():
        pass
    await scene.idle()


def asked(scene: Scene, username: str) -> list[Mail]:
    return [mail for mail in scene.notices_to(username) if "Who has access" in mail.subject]


async def test_each_headteacher_is_asked_about_their_school_and_nobody_else_is(scene: Scene) -> None:
    await start(scene, "8302360")
    (mail,) = asked(scene, TOBIAS)
    assert "8302360 Coldbrook" in mail.text
    assert "Femi Adeyinka, staff" in mail.text
    assert "Dora" not in mail.text
    assert "bounce+" in mail.return_path
    assert scene.notices_to(FEMI) == []


async def test_keep_is_taken_and_kept_as_evidence(scene: Scene) -> None:
    await start(scene, "8302360")
    (answer,) = await reply(scene, asked(scene, TOBIAS)[0], "KEEP\n\n> REMOVE everybody", by=TOBIAS)
    assert answer.subject == "Your answer about access"
    (review,) = await scene.house.ledger.reviews()
    assert [letter.answer for letter in review.letters] == ["KEEP"]
    (row, *_) = await scene.house.ledger.trail(subject=review.letters[0].id)
    assert (row.actor, row.action, row.detail["answer"]) == (TOBIAS, "answer-review", "KEEP")
    assert scene.account(FEMI).is_active


async def test_who_is_removed_loses_this_school_and_keeps_another(scene: Scene) -> None:
    await start(scene, "8302360")
    (answer,) = await reply(scene, asked(scene, TOBIAS)[0], "remove: Femi  Adeyinka.", by=TOBIAS)
    assert "Their access to this school has ended." in answer.text
    assert "1. Tobias Lund (you)" in answer.text
    assert (scene.account(FEMI).schools, scene.account(FEMI).state) == (("8304127",), AccountState.ACTIVE)


async def test_whom_no_school_is_left_is_suspended(scene: Scene) -> None:
    await scene.set_account(FEMI, schools=("8302360",))
    await start(scene, "8302360")
    await reply(scene, asked(scene, TOBIAS)[0], f"REMOVE {FEMI}", by=TOBIAS)
    assert scene.account(FEMI).state is AccountState.SUSPENDED
    (ground,) = await scene.house.ledger.suspensions(FEMI)
    assert (ground.ground, ground.actor) == ("review 8302360", TOBIAS)


async def test_nobody_is_removed_on_a_guess_or_by_themselves_or_from_another_school(scene: Scene) -> None:
    await start(scene, "8302360")
    text = "REMOVE 2\nREMOVE Femi\nREMOVE Dora Whitlam\nREMOVE Tobias Lund\n"
    (answer,) = await reply(scene, asked(scene, TOBIAS)[0], text, by=TOBIAS)
    said = " ".join(answer.text.split())
    assert said.count("Nothing was changed.") == 3
    assert "This is you" in said
    assert all(scene.account(name).is_active for name in (FEMI, DORA, TOBIAS))
    assert scene.account(DORA).schools == TWO


async def test_what_is_no_answer_is_said_and_leaves_the_question_open(scene: Scene) -> None:
    await start(scene, "8302360")
    (answer,) = await reply(scene, asked(scene, TOBIAS)[0], "I shall look at it", by=TOBIAS)
    assert answer.subject == "We did not understand your answer about access"
    (review,) = await scene.house.ledger.reviews()
    assert review.letters[0].answered_at is None


async def test_another_persons_reply_changes_nothing(scene: Scene) -> None:
    await start(scene, "8302360")
    await deliver(scene, asked(scene, TOBIAS)[0].reply_to or "", f"REMOVE {TOBIAS}", by=FEMI)
    await scene.idle()
    assert scene.account(TOBIAS).is_active


async def test_an_automatic_answer_is_none(scene: Scene) -> None:
    await start(scene, "8302360")
    address = asked(scene, TOBIAS)[0].reply_to or ""
    await deliver(scene, address, f"REMOVE {FEMI}", by=TOBIAS, Auto_Submitted="auto-replied")
    await scene.idle()
    assert scene.account(FEMI).schools == ("8302360", "8304127")


async def test_an_answer_that_comes_again_after_a_stop_is_harmless(scene: Scene) -> None:
    await start(scene, "8302360")
    for _ in range(2):
        await reply(scene, asked(scene, TOBIAS)[0], f"REMOVE {FEMI}", by=TOBIAS)
        await scene.restart()
    assert scene.account(FEMI).schools == ("8304127",)
    (review,) = await scene.house.ledger.reviews()
    assert review.letters[0].answer == f"REMOVE {FEMI}"


async def test_who_does_not_answer_is_reminded_once_then_reported_once(scene: Scene) -> None:
    scene.set_notices(administrator="files-help@gateway.test")
    await start(scene, "8302360", "8301102")
    await reply(scene, asked(scene, RUTH)[0], "KEEP", by=RUTH)
    await tick(scene, 13)
    assert len(asked(scene, TOBIAS)) == 1
    for _ in range(2):
        await tick(scene, 1)
        await scene.restart()
    assert [mail.subject.partition(":")[0] for mail in asked(scene, TOBIAS)] == [
        "Who has access for your school? Please answer",
        "Reminder",
    ]
    assert len(asked(scene, RUTH)) == 1
    for _ in range(2):
        await tick(scene, 13)
    reports = [m for m in scene.courier.to("files-help@gateway.test") if "review of access" in m.subject]
    assert len(reports) == 1
    assert "Tobias Lund" in reports[0].text
    assert "Millbeck" not in reports[0].text


async def test_a_school_without_a_headteacher_is_reported(scene: Scene) -> None:
    scene.set_notices(administrator="files-help@gateway.test")
    await scene.house.ledger.suspend([TOBIAS], ground="by hand", reason="x", actor="a test", at=scene.clock.now())
    await start(scene, "8302360")
    await tick(scene, 28)
    (report,) = [m for m in scene.courier.to("files-help@gateway.test") if "review of access" in m.subject]
    assert "There is no headteacher who could be asked." in report.text


def test_only_lines_that_begin_with_a_word_count() -> None:
    answer = read_answer(
        "Thanks!\n* keep all\nRemove: A. Person;\nplease remove B\n> REMOVE C\nREMOVE\nremove A. Person\n"
    )
    assert (answer.keeps, answer.removes) == (True, ("A. Person",))
    assert read_answer("keep an eye on it").is_empty
    assert json.dumps(read_answer("").removes) == "[]"
