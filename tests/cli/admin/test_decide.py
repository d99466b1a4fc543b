"""What an administrator decides for somebody else: the object that changed, or the sentence that refuses it."""

import pytest

from tests.cli.admin.mailbag import GOOD, NEARLY, OFFICER, find, send
from tests.cli.conftest import Deployment

# (the command behind `files`, the status afterwards, what else it says)
DEEDS: list[tuple[list[str], str, dict[str, object]]] = [
    (["reject", "ID", "--reason", "Page two is missing."], "Rejected", {"detail": "Page two is missing."}),
    (["reroute", "ID", "ep"], "Sent", {"service": "EP", "received_by": None}),
    (["recall", "ID"], "Recalled", {"service": "SEN"}),
    (["receive", "ID", "--by", OFFICER], "Received", {"received_by": "Nadia Rowbotham", "received_by_user": OFFICER}),
]


@pytest.mark.parametrize(("line", "status", "facts"), DEEDS, ids=[row[0][0] for row in DEEDS])
def test_a_decision_answers_with_the_file_that_it_changed(
    deployment: Deployment, line: list[str], status: str, facts: dict[str, object]
) -> None:
    id = send(deployment)
    told = deployment.ask("admin", "--as", "it.admin", "files", *[id if word == "ID" else word for word in line])
    assert (told["id"], told["status"]) == (id, status)
    assert {key: told[key] for key in facts} == facts
    assert find(deployment, id).status == status
    history = deployment.ask("admin", "files", "show", id)["history"]
    assert history[-1]["event"] == line[0]
    assert "it.admin" in (history[-1]["actor"], (history[-1]["why"] or "").rpartition(" ")[2])


def test_a_correction_can_be_taken_for_a_school(deployment: Deployment) -> None:
    id = send(deployment, NEARLY)
    told = deployment.ask("admin", "files", "accept", id)
    assert (told["status"], told["name"], told["reason"]) == ("Sent", GOOD, None)


def test_a_better_name_can_be_given(deployment: Deployment) -> None:
    id = send(deployment, NEARLY)
    ran = deployment.run("admin", "files", "accept", id, "--as-name", "8301102_INFOplan20261120.docx")
    assert ran.stdout == "8301102_INFOplan20261120.docx was sent.\n"


# (what was done before, the command that is refused, a word of its sentence)
REFUSALS = [
    ([], ["accept", "ID"], "can't be changed in this way"),
    ([], ["reroute", "ID", "NOPE"], "is no service code. They are: ADMISS"),
    ([], ["reroute", "ID", "SEN"], "with SEN already"),
    ([], ["receive", "ID", "--by", "ruth.ashdown"], "Only an officer of its service"),
    ([], ["receive", "ID", "--by", "nobody"], 'There is no account "nobody"'),
    (["recall", "ID"], ["recall", "ID"], "It was recalled before."),
    (["recall", "ID"], ["reject", "ID", "--reason", "x"], "nothing to reject"),
    (["receive", "ID", "--by", OFFICER], ["recall", "ID"], "It was received by Nadia Rowbotham"),
]


@pytest.mark.parametrize(("before", "line", "word"), REFUSALS)
def test_what_the_lifecycle_refuses_is_bad_data_and_changes_nothing(
    deployment: Deployment, before: list[str], line: list[str], word: str
) -> None:
    id = send(deployment)
    for words in filter(None, (before,)):
        assert deployment.run("admin", "files", *[id if w == "ID" else w for w in words]).exit_code == 0
    was = find(deployment, id)
    ran = deployment.run("admin", "files", *[id if w == "ID" else w for w in line], "--json")
    assert (ran.exit_code, ran.stdout) == (65, "")
    assert word in ran.stderr
    assert find(deployment, id) == was


@pytest.mark.parametrize(
    "line", [["recall", "X"], ["reject", "X", "--reason", "y"], ["accept", "X"], ["reroute", "X", "SEN"]]
)
def test_an_id_that_is_not_there_is_bad_data(deployment: Deployment, line: list[str]) -> None:
    ran = deployment.run("admin", "files", *line)
    assert ran.exit_code == 65
    assert "There is no file X." in ran.stderr


def test_a_rejection_needs_a_reason(deployment: Deployment) -> None:
    assert deployment.run("admin", "files", "reject", "x").exit_code == 64
    assert deployment.run("admin", "files", "reject", "x", "--reason", " ").exit_code == 64


def test_a_folder_that_is_away_means_try_again(deployment: Deployment) -> None:
    id = send(deployment)
    (deployment.folder / "drops" / "SEN" / ".gateway-drop-folder").unlink()
    ran = deployment.run("admin", "files", "recall", id)
    assert ran.exit_code == 75
    assert "can't be reached just now" in ran.stderr
