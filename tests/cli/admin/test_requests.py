"""File requests by command: asked, listed, shown, closed; and what is said where they are switched off."""

import csv
import io
from pathlib import Path

import pytest

from tests.cli.admin.mailbag import send
from tests.cli.conftest import Deployment

OPEN = ("admin", "--as", "it.admin", "requests", "open")
ASK = (*OPEN, "Phonics", "--service", "INFO", "--by", "2099-06-30")


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    deployment.config.write_text(deployment.config.read_text().replace("\nenabled = false", "\nenabled = true"))
    return deployment


def test_a_request_is_opened_listed_shown_and_closed(deployment: Deployment) -> None:
    asked = deployment.ask(*ASK, "--school", "8302000", "--school", "8301102", "--type", ".XLSX", "--word", "Phonics")
    assert (asked["asked"], asked["sent"], asked["missing"], asked["state"]) == (2, 0, 2, "open")
    assert (asked["types"], asked["word"], asked["opened_by"]) == (["xlsx"], "phonics", "it.admin")
    assert asked["due_at"] == "2099-06-30T22:59:59.999999+00:00"  # the end of the day in London
    assert [row["id"] for row in deployment.ask("admin", "requests", "list")] == [asked["id"]]
    shown = deployment.ask("admin", "requests", "show", asked["id"].upper())
    assert [(row["school"], row["outcome"]) for row in shown["schools"]] == [
        ("8301102", "not sent"),
        ("8302000", "not sent"),
    ]
    closed = deployment.ask("admin", "--as", "o.howarth", "requests", "close", asked["id"])
    assert (closed["state"], closed["closed_by"]) == ("closed", "o.howarth")
    again = deployment.run("admin", "requests", "close", asked["id"])
    assert again.exit_code == 65
    assert "closed already, by o.howarth" in again.stderr


def test_a_file_that_came_is_counted_and_stands_in_the_table(deployment: Deployment) -> None:
    id = deployment.ask(*ASK, "--all-schools")["id"]
    send(deployment, "8301102_INFOphonics20261120.docx")
    shown = deployment.ask("admin", "requests", "show", id, "--outcome", "sent")
    assert (shown["sent"], shown["late"]) == (1, 0)
    (row,) = shown["schools"]
    ran = deployment.run("admin", "requests", "close", id, "--csv")
    table = list(csv.DictReader(io.StringIO(ran.stdout_bytes.decode("utf-8-sig"))))
    assert len(table) == shown["asked"]
    assert {r["Outcome"] for r in table} == {"sent", "not sent"}
    (counted,) = [r for r in table if r["Outcome"] == "sent"]
    assert (counted["DfE number"], counted["Status"]) == (row["school"], "Sent")
    assert "…" in counted["File name"]


def test_schools_come_from_a_file_with_their_names_behind(deployment: Deployment, tmp_path: Path) -> None:
    listed = tmp_path / "schools.csv"
    listed.write_bytes('\ufeff# ours\r\n8302000,Leys Junior School\r\n\r\n"8301102",x\r\n8302000\r\n'.encode())
    assert deployment.ask(*ASK, "--schools-file", str(listed))["asked"] == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8302000\nLeys Junior School\n83020001\n", ("line 2: expected a DfE number", "line 3: expected")),
        ("# nothing\n", ("there is no DfE number in it",)),
        ("8309999\n8302245\n", ("8309999: there is no such school", "is closed; its successor is 8302360")),
    ],
)
def test_a_file_of_schools_with_faults_names_them_all(
    deployment: Deployment, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    listed = tmp_path / "schools.txt"
    listed.write_text(text)
    ran = deployment.run(*ASK, "--schools-file", str(listed))
    assert ran.exit_code == 65
    for each in words:
        assert each in ran.stderr
    assert deployment.ask("admin", "requests", "list") == []


def test_all_schools_are_those_that_are_open(deployment: Deployment) -> None:
    id = deployment.ask(*ASK, "--all-schools")["id"]
    schools = {row["school"] for row in deployment.ask("admin", "requests", "show", id)["schools"]}
    register = deployment.ask("admin", "schools", "list")
    assert schools == {row["number"] for row in register if row["status"] == "open"}


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ((*ASK,), 64, "in one of three ways"),
        ((*ASK, "--school", "8302000", "--all-schools"), 64, "in one of three ways"),
        ((*OPEN, "x", "--service", "SAFE", "--by", "2099-06-30", "--all-schools"), 65, "private service"),
        ((*OPEN, "x", "--service", "NOPE", "--by", "2099-06-30", "--all-schools"), 65, "There is no service NOPE"),
        ((*OPEN, "x", "--service", "INFO", "--by", "2020-06-30", "--all-schools"), 65, "has passed"),
        ((*OPEN, "x\ny", "--service", "INFO", "--by", "2099-06-30", "--all-schools"), 65, "in one line"),
        ((*ASK, "--all-schools", "--type", "exe"), 65, "INFO accepts no exe"),
        ((*ASK, "--all-schools", "--word", "two words"), 65, "one word"),
        (("admin", "requests", "show", "01knothing"), 65, "There is no request"),
        (("admin", "requests", "close", "01knothing", "--csv", "--json"), 64, "not both"),
    ],
)
def test_what_can_t_be_asked_is_refused_with_its_sentence(
    deployment: Deployment, line: tuple[str, ...], code: int, words: str
) -> None:
    ran = deployment.run(*line)
    assert ran.exit_code == code
    assert words in ran.stderr
    assert deployment.ask("admin", "requests", "list") == []


def test_the_list_takes_the_filters(deployment: Deployment) -> None:
    phonics = deployment.ask(*ASK, "--school", "8302000")["id"]
    budget = deployment.ask(*OPEN, "Budget", "--service", "FIN", "--by", "2099-01-31", "--school", "8301102")["id"]
    deployment.ask("admin", "requests", "close", budget)

    def found(*filters: str) -> list[str]:
        return [row["id"] for row in deployment.ask("admin", "requests", "list", *filters)]

    assert found() == [budget, phonics]
    assert found("--school", "8302000") == found("--service", "INFO") == found("--status", "open") == [phonics]
    assert found("--search", "BUDG") == found("--status", "closed") == [budget]
    assert (
        found("--since", "2099-01-01") == found("--until", "2020-01-01") == found("--academic-year", "previous") == []
    )
    assert found("--academic-year", "current") == [budget, phonics]


def test_switched_off_each_command_says_so(deployment: Deployment) -> None:
    id = deployment.ask(*ASK, "--school", "8302000")["id"]
    deployment.config.write_text(deployment.config.read_text().replace("\nenabled = true", "\nenabled = false"))
    for line in (
        (*ASK, "--school", "8302000"),
        *(("admin", "requests", c, id) for c in ("show", "close")),
        ("admin", "requests", "list"),
    ):
        ran = deployment.run(*line)
        assert ran.exit_code == 69
        assert "switched off here" in ran.stderr
        assert "enabled = true" in ran.stderr
