"""`gateway admin files`: the portal's table and its filters, and the whole story of one file."""

import pytest

from gateway.app import House
from gateway.core.model import Channel, FileRecord
from gateway.core.submission import PartFate, Submission
from tests.cli.admin import story
from tests.cli.conftest import Deployment


@pytest.fixture
def told(deployment: Deployment) -> Deployment:
    """A deployment with a school day in it."""
    deployment.in_house(story.tell)
    return deployment


def listed(deployment: Deployment, *line: str) -> list[str]:
    return [file["id"] for file in deployment.ask("admin", "files", "list", *line)]


def test_all_files_newest_first(told: Deployment) -> None:
    assert listed(told) == story.NEWEST_FIRST


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--school 8301102", [story.PHONICS, story.MISNAMED]),
        ("--service sen", [story.REVIEW]),
        ("--status rejected", [story.MISNAMED]),
        ("--status Sent --status Recalled", [story.BILL, story.PHONICS]),
        ("--sent-by samir.okonjo", [story.BILL, story.REVIEW]),
        ("--since 2026-11-20T12:00", [story.BILL, story.REVIEW]),
        ("--until 2026-11-20T12:00", [story.REVIEW, story.PHONICS, story.MISNAMED]),
        ("--until 2026-11-19", []),
        ("--until 2026-11-20 --since 2026-11-20 --search PHONICS", [story.PHONICS, story.MISNAMED]),
        ("--school 8301102 --status Received", []),
    ],
)
def test_each_filter_narrows(told: Deployment, line: str, expected: list[FileRecord]) -> None:
    assert listed(told, *line.split()) == [file.id for file in expected]


def test_a_sender_is_found_by_name_too(told: Deployment) -> None:
    assert listed(told, "--sent-by", "Samir Okonjo") == [story.BILL.id, story.REVIEW.id]


def test_people_read_a_table_with_nothing_in_it_that_a_terminal_obeys(told: Deployment) -> None:
    said = told.run("admin", "files", "list").stdout
    assert [line.split()[0] for line in said.splitlines()] == ["Id", *story.NEWEST_FIRST]
    assert r"8302000_FINbill\x1b[2J\u202e20261120.pdf" in said
    assert all(c.isprintable() or c == "\n" for c in said)
    assert "type-not-allowed" in said


def test_a_file_tells_its_whole_story(told: Deployment) -> None:
    file = told.ask("admin", "files", "show", story.PHONICS.id)
    assert (file["id"], file["submission"], file["comment"]) == (story.PHONICS.id, "01kmail", "For Monday")
    assert [(change["actor"], change["event"]) for change in file["history"]] == [("ruth.ashdown", "route")]
    assert {drop["target"]: drop["state"] for drop in file["drops"]} == {"pickup": "done", "folder:/x": "given-up"}
    assert {notice["template"]: notice["state"] for notice in file["notices"]} == {
        "receipt": "sent",
        "rejection": "given-up",
    }
    assert file["submission_record"]["subject"] == "Phonics"


def test_every_part_of_its_submission_is_told_with_its_fate(told: Deployment) -> None:
    file = told.ask("admin", "files", "show", story.PHONICS.id)
    assert [(part["number"], part["fate"], part["file_id"]) for part in file["submission_parts"]] == [
        (1, "ignored", None),
        (2, "taken", story.PHONICS.id),
        (3, "rejected", story.MISNAMED.id),
    ]


def test_people_read_the_story_in_parts(told: Deployment) -> None:
    said = told.run("admin", "files", "show", story.PHONICS.id.upper()).stdout
    for word in (
        "For Monday",
        "History",
        "Drops",
        "Notices",
        "Parts of the submission",
        "2026-11-20 10:00",
        "It is away.",
    ):
        assert word in said


def test_a_message_is_found_by_the_reference_in_its_receipt(told: Deployment) -> None:
    whole = told.ask("admin", "files", "show", "01KMAIL")
    assert {file["id"] for file in whole["files"]} == {story.PHONICS.id, story.MISNAMED.id}
    assert [part["fate"] for part in whole["submission_parts"]] == ["ignored", "taken", "rejected"]
    assert (whole["submission_record"]["username"], len(whole["notices"])) == ("ruth.ashdown", 2)
    said = told.run("admin", "files", "show", "01kmail").stdout
    assert [
        word for word in ("Files", story.MISNAMED.id, "Notices", "Parts of the submission") if word not in said
    ] == []
    assert "SHA-256" not in said


def test_a_message_without_a_file_is_found_too(told: Deployment) -> None:
    async def record(house: House) -> None:
        body = PartFate(1, None, "text/plain", 1, "ignored", "text-body")
        empty = Submission(
            "01kempty", Channel.EMAIL, story.DAY, "ruth.ashdown", "password", parts=(body,), outcome="nothing-attached"
        )
        await house.ledger.record(empty)

    told.in_house(record)
    whole = told.ask("admin", "files", "show", "01kempty")
    assert (whole["files"], whole["submission_record"]["outcome"]) == ([], "nothing-attached")
    said = told.run("admin", "files", "show", "01kempty").stdout
    assert "No file, because  nothing-attached" in said
    assert "1 byte " in said


def test_an_id_that_is_not_there_is_bad_data(told: Deployment) -> None:
    ran = told.run("admin", "files", "show", "01knothing", "--json")
    assert (ran.exit_code, ran.stdout) == (65, "")
    assert "There is no file 01knothing." in ran.stderr
