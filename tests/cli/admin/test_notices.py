"""Notices: how each reads, and another try for one that was given up."""

from dataclasses import replace

import pytest

from gateway.app import House
from gateway.core.mail import Notice, NoticeQuery, NoticeState
from gateway.core.notices.samples import sample_contexts
from tests.cli.admin import story
from tests.cli.admin.mailbag import send
from tests.cli.conftest import Deployment


@pytest.mark.parametrize("template", sorted(sample_contexts()))
def test_each_notice_can_be_previewed(deployment: Deployment, template: str) -> None:
    told = deployment.ask("admin", "notices", "preview", template)
    assert told["template"] == template
    assert told["subject"]
    assert told["text"].endswith("\n")
    assert told["html"].startswith("<!DOCTYPE html>")
    ran = deployment.run("admin", "notices", "preview", template)
    assert told["text"].split("\n")[0] in ran.stdout


def test_a_preview_is_by_the_templates_in_force(deployment: Deployment) -> None:
    (deployment.folder / "config" / "notices" / "recalled.txt").write_text(
        "Subject: Ours\n\nOur words, {{ reader }}.\n"
    )
    told = deployment.ask("admin", "notices", "preview", "recalled")
    assert (told["subject"], told["text"]) == ("Ours", "Our words, Petra.\n")


def break_template(deployment: Deployment, name: str) -> None:
    (deployment.folder / "config" / "notices" / f"{name}.txt").write_text("Subject: Ours\n\n{{ nobody }}\n")


def test_a_broken_template_stops_no_command_that_does_not_need_it(deployment: Deployment) -> None:
    break_template(deployment, "recalled")
    assert deployment.ask("admin", "files", "list") == []
    assert deployment.ask("admin", "notices", "preview", "received")["subject"]


def test_a_broken_template_is_found_by_check_and_by_a_start_and_by_its_preview(deployment: Deployment) -> None:
    break_template(deployment, "recalled")
    for command in (("check",), ("run",), ("admin", "notices", "preview", "recalled")):
        ran = deployment.run(*command)
        assert ran.exit_code == 78
        assert 'config/notices/recalled.txt: line 3: this notice has nothing called "nobody"' in ran.output


def test_what_was_sent_by_a_template_that_broke_later_is_shown_in_plain_words(deployment: Deployment) -> None:
    id = give_up(deployment)
    template = deployment.ask("admin", "notices", "show", id)["template"]
    break_template(deployment, template)
    shown = deployment.ask("admin", "notices", "show", id)
    assert shown["subject"] != "Ours"
    assert "nobody" not in shown["text"]


def test_a_notice_that_is_not_there_is_bad_data_and_names_those_that_are(deployment: Deployment) -> None:
    ran = deployment.run("admin", "notices", "preview", "receit")
    assert ran.exit_code == 65
    assert "receipt" in ran.stderr


def give_up(deployment: Deployment) -> str:
    send(deployment)

    async def work(house: House) -> str:
        (notice,) = await house.ledger.notices(NoticeQuery())
        await house.ledger.mark_notice(replace(notice, state=NoticeState.GIVEN_UP, attempts=9, error="550 no"))
        return notice.id

    return deployment.in_house(work)


def test_a_notice_that_was_given_up_is_sent_again(deployment: Deployment) -> None:
    id = give_up(deployment)
    told = deployment.ask("admin", "notices", "retry", id)
    assert (told["id"], told["state"], told["attempts"], told["error"]) == (id, "due", 0, None)

    async def due(house: House) -> list[Notice]:
        return await house.ledger.due_notices(house.clock.now(), 9)

    assert [notice.id for notice in deployment.in_house(due)] == [id]


def test_all_that_were_given_up_are_sent_again(deployment: Deployment) -> None:
    give_up(deployment)
    assert [row["state"] for row in deployment.ask("admin", "notices", "retry", "--all")] == ["due"]
    assert deployment.ask("admin", "notices", "retry", "--all") == []


def test_one_that_was_sent_or_lost_its_words_is_bad_data(deployment: Deployment) -> None:
    deployment.in_house(story.tell)
    for id, word in (("01kreceipt", "was sent"), ("01krejection", "words were destroyed"), ("01knothing", "no notice")):
        ran = deployment.run("admin", "notices", "retry", id)
        assert ran.exit_code == 65
        assert word in ran.stderr
