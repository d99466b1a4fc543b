"""`gateway admin schools`, `services` and `notices`: what is listed, found and shown."""

from dataclasses import replace

import pytest

from gateway.core.notices.samples import sample_contexts
from tests.cli.admin import story
from tests.cli.conftest import Deployment


def test_schools_are_listed_by_their_number(deployment: Deployment) -> None:
    schools = deployment.ask("admin", "schools", "list")
    numbers = [school["number"] for school in schools]
    assert len(numbers) >= 12
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("--school 8302000", ["8302000"]),
        ("--search leys", ["8302000"]),
        ("--status closed --search coldbrook", ["8302245"]),
        ("--school 8309999", []),
    ],
)
def test_schools_are_found(deployment: Deployment, line: str, numbers: list[str]) -> None:
    assert [s["number"] for s in deployment.ask("admin", "schools", "list", *line.split())] == numbers


def test_a_school_is_shown_with_its_people(deployment: Deployment) -> None:
    school = deployment.ask("admin", "schools", "show", "8302000")
    assert (school["name"], school["heads"]) == ("Leys Junior School", ["samir.okonjo"])
    assert [person["username"] for person in school["accounts"]] == ["samir.okonjo"]
    assert "samir.okonjo@leysjunior.example" in deployment.run("admin", "schools", "show", "8302000").stdout


def test_services_are_listed_with_their_officers(deployment: Deployment) -> None:
    services = {service["code"]: service for service in deployment.ask("admin", "services", "list")}
    assert len(services) == 27
    assert services["SEN"]["officers"] == ["nadia.rowbotham"]
    assert [service["private"] for service in services.values()].count(True) == 2


@pytest.mark.parametrize(("line", "codes"), [("--service sen", ["SEN"]), ("--search phonics", ["INFO"])])
def test_services_are_found(deployment: Deployment, line: str, codes: list[str]) -> None:
    assert [s["code"] for s in deployment.ask("admin", "services", "list", *line.split())] == codes


def test_a_service_is_shown_to_people_with_its_targets(deployment: Deployment) -> None:
    said = deployment.run("admin", "services", "show", "sen").stdout
    assert f"pickup, folder {deployment.folder}/drops/SEN" in said


@pytest.mark.parametrize(
    "line", [["schools", "show", "8309999"], ["services", "show", "SENX"], ["notices", "show", "x"]]
)
def test_what_is_not_there_is_bad_data(deployment: Deployment, line: list[str]) -> None:
    ran = deployment.run("admin", *line)
    assert (ran.exit_code, ran.stdout) == (65, "")
    assert ran.stderr.startswith("There is no ")


@pytest.fixture
def told(deployment: Deployment) -> Deployment:
    """A deployment with a school day in it."""
    deployment.in_house(story.tell)
    return deployment


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("", ["01kreceiptleys", "01krejection", "01kreceipt"]),
        ("--status given-up", ["01krejection"]),
        ("--status given-up --status sent", ["01kreceiptleys", "01krejection", "01kreceipt"]),
        ("--school 8302000", ["01kreceiptleys"]),
        ("--service SEN", ["01kreceiptleys"]),
        ("--sent-by ruth.ashdown", ["01krejection", "01kreceipt"]),
        ("--since 2026-11-20T12:00", ["01kreceiptleys"]),
        ("--search rejection", ["01krejection"]),
    ],
)
def test_notices_are_found(told: Deployment, line: str, ids: list[str]) -> None:
    assert [n["id"] for n in told.ask("admin", "notices", "list", *line.split())] == ids


def test_a_notice_whose_words_are_gone_says_so(told: Deployment) -> None:
    notice = told.ask("admin", "notices", "show", "01kreceipt")
    assert (notice["template"], notice["subject"], notice["text"]) == ("receipt", None, None)
    assert "were destroyed with the files" in told.run("admin", "notices", "show", "01kreceipt").stdout


def test_a_notice_is_shown_as_it_reads(deployment: Deployment) -> None:
    notice = replace(story.RECEIPT, id="01kwhole", context=dict(sample_contexts()["receipt"][0]))
    deployment.in_house(lambda house: house.ledger.owe([notice]))
    shown = deployment.ask("admin", "notices", "show", "01kwhole")
    assert shown["subject"]
    assert len(shown["text"].splitlines()) > 3
    said = deployment.run("admin", "notices", "show", "01kwhole").stdout
    assert shown["text"].splitlines()[0] in said
