"""`gateway name NAME…`: what is told of each name, to people and to programs; nothing is sent and nothing is stored."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest
from click.testing import Result

from gateway.cli.name import as_row, describe, exit_code
from gateway.core.names import Reading, read_name
from tests.cli.conftest import Deployment
from tests.core.derbyshire import CATALOGUE, OPEN, RULES, THIRD, TODAY

KEYS = [  # SPEC 13
    "name", "verdict", "school", "service", "description", "date", "version", "warnings", "reason", "faults",
    "sentence", "correction",
]  # fmt: skip
GOOD = "8302000_SENreview20261120.pdf"
BAD = "8302000_info_phonics20261120.pdf"


def read(name: str, *schools: str) -> Reading:
    return read_name(name, RULES, on=TODAY, schools=frozenset(schools) or None)


def tell(*names: str, schools: tuple[str, ...] = ()) -> str:
    return describe([read(name, *schools) for name in names], CATALOGUE)


# For programs


def test_a_row_has_the_promised_keys_in_their_order() -> None:
    assert list(as_row(read("8301102_INFOeyfsreturn20170731.docx"))) == KEYS


def test_a_good_name_as_programs_get_it() -> None:
    assert as_row(read("8301102_INFOeyfsreturn20170731.docx")) == {
        "name": "8301102_INFOeyfsreturn20170731.docx",
        "verdict": "accept",
        "school": "8301102",
        "service": "INFO",
        "description": "eyfsreturn",
        "date": "20170731",
        "version": None,
        "warnings": [],
        "reason": None,
        "faults": [],
        "sentence": None,
        "correction": None,
    }


def test_a_warning_is_told_and_rejects_nothing() -> None:
    row = as_row(read("8301102 INFOreportV01.pdf"))
    assert (row["verdict"], row["version"], row["warnings"]) == ("accept", "V01", ["separator"])


def test_a_rejected_name_carries_reason_faults_sentence_and_correction() -> None:
    row = as_row(read("8301102_info_phonics.exe"))
    assert (row["verdict"], row["reason"], row["faults"]) == ("reject", "no-service-code", ["no-service-code"])
    assert str(row["sentence"]).startswith("No Service Code in filename")
    assert row["correction"] is None  # INFO takes no .exe: the correction would not be free of faults
    assert as_row(read("8301102_info_phonics.pdf"))["correction"] == "8301102_INFO_phonics.pdf"


def test_a_row_says_nothing_that_the_reading_does_not() -> None:
    known = {field.name for field in fields(Reading)} | {"verdict"}
    assert set(KEYS) <= known


# The exit code


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([], 0),
        (["8301102_INFOa20261120.pdf"], 0),
        (["8301102 INFO a.pdf"], 0),  # with warnings
        (["8301102_INFOa20261120.pdf", "Acronyms.doc"], 65),
        (["Acronyms.doc", "8301102_INFOa20261120.pdf"], 65),
        (["8301102_info_a20261120.pdf"], 65),  # a correction is an offer, not a route
    ],
)
def test_one_rejected_name_is_enough_for_65(names: list[str], code: int) -> None:
    assert exit_code([read(name) for name in names]) == code


# For people


def test_people_are_told_where_a_good_name_goes() -> None:
    assert tell("8301102_INFOeyfsreturn20170731.docx").splitlines() == [
        "8301102_INFOeyfsreturn20170731.docx",
        "  Accepted:  goes to INFO (EYFS, Phonics) as a file of school 8301102.",
    ]


def test_the_hint_of_the_service_is_told() -> None:
    assert "  Note:      Education, health and care plans go through the EHC Hub." in tell("8301102_SENa20261120.pdf")


def test_each_warning_is_told_for_the_next_time() -> None:
    told = tell("8301102 INFO Report.pdf")
    assert told.count("  Next time: ") == 3
    assert "put one underscore" in told


def test_a_rejection_says_what_was_wrong_and_the_name_to_take_on_a_line_of_its_own() -> None:
    lines = tell("8301102_info_phonics20261120.pdf").splitlines()
    assert lines[1].startswith("  Rejected:  No Service Code in filename")
    assert "[no-service-code]" in " ".join(lines)
    assert lines[-1] == "  Instead:   8301102_INFO_phonics20261120.pdf"


def test_every_further_fault_is_told_after_the_first() -> None:
    told = tell("8319999_info.pdf")
    assert "[unknown-la]" in told
    assert "  Also:      No Service Code in filename" in told


def test_a_name_with_neither_number_nor_code_is_told_once() -> None:
    told = tell("Acronyms.doc")
    assert "No Service Code in filename" in told  # within the sentence of the number
    assert "Also:" not in told


def test_the_codes_are_shown_once_and_only_where_one_is_wanting() -> None:
    told = tell("Acronyms.doc", "8301102_XYZreport.pdf")
    assert told.count("The service codes:") == 1
    assert "  SPSS    Sensory and Physical Support Service" in told.splitlines()
    assert "The service codes:" not in tell("8301102_info_phonics.pdf")  # a name is offered
    assert "The service codes:" not in tell("8309999_INFOa.pdf")  # the code is right


def test_no_line_but_a_name_is_longer_than_a_page_is_wide() -> None:
    long = "8301102_info_" + "phonics" * 20 + ".pdf"
    for line in tell("Acronyms.doc", "(830)1102_INFO.pdf", "8301102_CTF_8304000_001.xml", long).splitlines():
        assert len(line) <= 100 or long.partition("_info")[2] in line


@pytest.mark.parametrize(
    ("rule", "name", "shown"),
    [
        ("a terminal's escape", "8301102_INFOa\x1b[2J.pdf", "8301102_INFOa\\x1b[2J.pdf"),
        ("a line break", "8301102_INFOa\nAccepted.pdf", "8301102_INFOa\\nAccepted.pdf"),
        ("a mark that turns the writing round", "8301102_INFO\u202efdp.exe", "8301102_INFO\\u202efdp.exe"),
        ("half a character", "8301102_INFO\udcff.pdf", "8301102_INFO\\udcff.pdf"),
        ("an empty name", "", "(no name)"),
        ("emoji", "8301102_INFO\N{PARTY POPPER}20261120.pdf", "8301102_INFO\N{PARTY POPPER}20261120.pdf"),
    ],
)
def test_no_name_writes_on_the_terminal_as_it_likes(rule: str, name: str, shown: str) -> None:
    assert tell(name).splitlines()[0] == shown, rule


def test_a_correction_never_brings_a_character_that_a_terminal_obeys() -> None:
    assert "\x1b" not in tell("Copy of 8301102_INFOa\x1b20261120.pdf")


# On a deployment


def test_the_command_answers_for_each_name_in_order(deployment: Deployment) -> None:
    ran = deployment.run("name", GOOD, BAD, "Acronyms.doc", "--json")
    rows = json.loads(ran.stdout)
    assert ran.exit_code == 65
    assert [(row["name"], row["verdict"]) for row in rows] == [
        (GOOD, "accept"),
        (BAD, "reject"),
        ("Acronyms.doc", "reject"),
    ]
    assert {tuple(row) for row in rows} == {tuple(KEYS)}


def test_the_command_ends_well_for_good_names(deployment: Deployment) -> None:
    ran = deployment.run("name", GOOD)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[:2] == [GOOD, "  Accepted:  goes to SEN (SEN) as a file of school 8302000."]


def row_of(ran: Result) -> dict[str, Any]:
    (row,) = json.loads(ran.stdout)
    assert isinstance(row, dict)
    return row


@pytest.mark.parametrize(
    ("rule", "schools", "reason"),
    [
        ("without --school it isn't judged whose school it is", [], None),
        ("the sender's own", ["8302000"], None),
        ("one of the sender's own", ["8301102", "8302000"], None),
        ("another school's", ["8301102"], "not-your-school"),
        ("none that is known", ["8309999"], "not-your-school"),
    ],
)
def test_a_school_is_judged_only_when_the_sender_is_named(
    deployment: Deployment, rule: str, schools: list[str], reason: str | None
) -> None:
    options = [word for school in schools for word in ("--school", school)]
    ran = deployment.run("name", GOOD, *options, "--json")
    assert row_of(ran)["reason"] == reason, rule
    assert ran.exit_code == (65 if reason else 0)


def test_a_file_of_another_school_belongs_to_nobody(deployment: Deployment) -> None:
    assert row_of(deployment.run("name", GOOD, "--school", "8301102", "--json"))["school"] is None


@pytest.mark.parametrize("number", ["83", "830200O", "８３０２０００", ""])
def test_a_school_that_is_no_dfe_number_is_a_mistake_of_usage(deployment: Deployment, number: str) -> None:
    refused = deployment.run("name", GOOD, "--school", number)
    assert refused.exit_code == 64
    assert "expected a DfE number of seven digits" in refused.stderr


def test_the_number_is_offered_only_to_a_sender_of_one_school(deployment: Deployment) -> None:
    """Rule (d) of SPEC 3."""
    line = ("name", "INFOphonics20261120.pdf", "--json")
    assert row_of(deployment.run(*line))["correction"] is None
    assert row_of(deployment.run(*line, "--school", OPEN))["correction"] == f"{OPEN}_INFOphonics20261120.pdf"
    assert row_of(deployment.run(*line, "--school", OPEN, "--school", THIRD))["correction"] is None


def test_an_old_number_is_taken_for_its_successor(deployment: Deployment) -> None:
    row = row_of(deployment.run("name", "8302245_SENreview20261120.pdf", "--json"))
    assert (row["verdict"], row["school"], row["warnings"]) == ("accept", "8302360", ["old-dfe-number"])


def test_a_name_that_begins_with_a_hyphen_stands_after_two_of_them(deployment: Deployment) -> None:
    assert row_of(deployment.run("name", "--json", "--", "--help"))["name"] == "--help"


def test_a_name_is_composed_before_it_is_read(deployment: Deployment) -> None:
    assert row_of(deployment.run("name", "e\u0301.pdf", "--json"))["name"] == "\u00e9.pdf"


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_bytes_that_are_no_text_are_told_and_end_nothing(deployment: Deployment, as_json: bool, language: str) -> None:
    names = [b"8302000_SEN\xff.pdf", "8302000_SEN\N{PARTY POPPER}.pdf".encode(), b"\x1b[2J"]
    line = [sys.executable, "-m", "gateway", "-c", str(deployment.config), "name", *names, *["--json"][: int(as_json)]]
    ran = subprocess.run(line, capture_output=True, check=False, env={**os.environ, "LC_ALL": language})
    assert (ran.returncode, ran.stderr) == (65, b"")
    assert b"\x1b" not in ran.stdout
    assert b"unsafe-name" in ran.stdout
    if as_json:
        assert [row["name"] for row in json.loads(ran.stdout)] == [os.fsdecode(name) for name in names]


def test_nothing_is_recorded(deployment: Deployment) -> None:
    deployment.run("name", GOOD, BAD)
    assert deployment.ask("admin", "files", "list") == []
    assert deployment.ask("admin", "notices", "list") == []
