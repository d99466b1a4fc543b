"""Reports: what came, what was rejected, what waits, how schools use it."""

import csv
import io

import pytest

from gateway.app import House
from tests.cli.admin import story
from tests.cli.admin.mailbag import send
from tests.cli.conftest import Deployment
from tests.contracts.ledger_values import a_document, published

REPORT = ("admin", "report")


@pytest.fixture
def told(deployment: Deployment) -> Deployment:
    """The school day of `story`."""
    deployment.in_house(story.tell)
    return deployment


def test_traffic_is_counted_by_service_school_channel_and_month(told: Deployment) -> None:
    rows = {row["service"]: row for row in told.ask(*REPORT, "traffic")}
    assert {code: row["files"] for code, row in rows.items()} == {"FIN": 1, "INFO": 2, "SEN": 1}
    assert (rows["INFO"]["sent"], rows["INFO"]["rejected"], rows["INFO"]["by_email"]) == (1, 1, 2)
    assert (rows["SEN"]["received"], rows["SEN"]["by_sftp"], rows["FIN"]["recalled"]) == (1, 1, 1)
    schools = told.ask(*REPORT, "traffic", "--by", "school")
    assert [(row["school"], row["files"]) for row in schools] == [("8301102", 2), ("8302000", 2)]
    channels = told.ask(*REPORT, "traffic", "--by", "channel")
    assert [(row["channel"], row["files"]) for row in channels] == [("email", 2), ("sftp", 2)]
    months = told.ask(*REPORT, "traffic", "--by", "month")
    assert [(row["month"], row["files"]) for row in months] == [("2026-11", 4)]
    assert "Received" in told.run(*REPORT, "traffic").stdout


def test_a_month_is_one_of_the_authority_s_own_calendar(deployment: Deployment) -> None:
    send(deployment)
    (month,) = deployment.ask(*REPORT, "traffic", "--by", "month")
    (row,) = deployment.ask(*REPORT, "traffic", "--by", "month", "--since", f"{month['month']}-01")
    assert row == month
    assert deployment.ask(*REPORT, "traffic", "--by", "month", "--until", "2020-01-01") == []


def test_the_filters_narrow(told: Deployment) -> None:
    def codes(*filters: str) -> list[str]:
        return [row["service"] for row in told.ask(*REPORT, "traffic", *filters)]

    assert codes("--school", "8302000") == ["FIN", "SEN"]
    assert codes("--service", "SEN") == codes("--status", "Received") == ["SEN"]
    assert codes("--since", "2026-11-21") == codes("--until", "2026-11-19") == []


def test_rejections_say_how_often_for_what_and_from_how_many_schools(told: Deployment) -> None:
    (row,) = told.ask(*REPORT, "rejections")
    assert (row["reason"], row["files"], row["schools"]) == ("type-not-allowed", 1, 1)
    assert [row["school"] for row in told.ask(*REPORT, "rejections", "--by", "school")] == ["8301102"]


def test_schools_stand_there_with_their_people_and_what_they_have_not_opened(deployment: Deployment) -> None:
    async def publish(house: House) -> None:
        now = house.clock.now()
        await house.ledger.record(published(a_document(sent_at=now, published_at=now), "8302000"))

    deployment.in_house(publish)
    send(deployment)
    rows = {row["school"]: row for row in deployment.ask(*REPORT, "schools")}
    assert len(rows) == len([s for s in deployment.ask("admin", "schools", "list") if s["status"] == "open"])
    assert (rows["8301102"]["files"], rows["8302000"]["files"], rows["8302000"]["unread"]) == (1, 0, 1)
    assert rows["8301102"]["heads"] == 1
    assert [row["school"] for row in deployment.ask(*REPORT, "schools", "--school", "8302000")] == ["8302000"]


@pytest.mark.parametrize("noun", ["traffic", "rejections", "uncollected", "schools"])
def test_each_is_had_for_a_spreadsheet(told: Deployment, noun: str) -> None:
    ran = told.run(*REPORT, noun, "--csv")
    assert ran.exit_code == 0, ran.output
    table = list(csv.DictReader(io.StringIO(ran.stdout_bytes.decode("utf-8-sig"))))
    assert len(table) == len(told.ask(*REPORT, noun))
    assert told.run(*REPORT, noun, "--csv", "--json").exit_code == 64


def test_a_report_names_no_file_and_no_person(told: Deployment) -> None:
    for noun in ("traffic", "rejections", "uncollected", "schools"):
        said = told.run(*REPORT, noun, "--json").stdout
        for word in ("phonics", "review", "Ruth", "Samir", "ruth.ashdown"):
            assert word not in said
