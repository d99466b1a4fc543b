"""The sample register: invented, whole, and read by the reader that real registers come through."""

import re
from datetime import date
from pathlib import Path

import pytest

from gateway.core.register import Directory, Role, SchoolStatus
from gateway.errors import ConfigError
from gateway.gias import read_day, read_schools
from gateway.sample import Sample, read_sample
from gateway.settings import read_settings
from gateway.tables import read_tables

SHIPPED = Path(__file__).parent.parent
HEADER = (
    "URN,LA (code),EstablishmentNumber,EstablishmentName,EstablishmentStatus (code),CloseDate,PhaseOfEducation (name)"
)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return read_sample(SHIPPED / "config" / "sample")


@pytest.fixture(scope="module")
def directory(sample: Sample) -> Directory:
    return Directory(
        schools={school.number: school for school in sample.schools},
        successions={link.old: link for link in sample.successions},
        accounts={account.username: account for account in sample.accounts},
    )


def test_the_schools_that_spec_13_names_are_open_and_those_it_leaves_out_are_absent(directory: Directory) -> None:
    for number in ("8301102", "8302000", "8303308"):
        assert directory.schools[number].status is SchoolStatus.OPEN
    assert directory.schools["8302000"].name == "Leys Junior School"
    assert not {"8309999", "8304000"} & directory.schools.keys()


def test_there_are_schools_of_every_kind(sample: Sample) -> None:
    assert len(sample.schools) >= 12
    assert {"Primary", "Secondary", "Nursery", "Not applicable"} <= {school.phase for school in sample.schools}
    assert {school.status for school in sample.schools} == set(SchoolStatus)
    assert all(re.fullmatch(r"830[0-9]{4}", school.number) for school in sample.schools)
    assert len({school.urn for school in sample.schools}) == len(sample.schools)


def test_an_academy_took_over_from_a_closed_school(directory: Directory) -> None:
    (link,) = directory.successions.values()
    assert directory.schools[link.old].closed_on == date(2026, 8, 31)
    assert directory.successor(link.old, on=date(2026, 11, 22)) == directory.schools[link.new]
    assert directory.successor(link.old, on=date(2027, 9, 1)) is None


def test_each_open_school_has_one_headteacher_with_an_address(sample: Sample, directory: Directory) -> None:
    for school in sample.schools:
        heads = directory.heads_of(school.number)
        assert len(heads) == (school.status is SchoolStatus.OPEN)
        assert all(head.email for head in heads)


def test_a_federation_has_one_head_for_two_schools(directory: Directory) -> None:
    assert directory.accounts["morag.fairlie"].schools == ("8302117", "8302118")


def test_nobody_in_the_sample_can_log_in_yet_and_everybody_can_be_told(sample: Sample) -> None:
    for account in sample.accounts:
        assert account.is_active
        assert (account.password_hash, account.keys, account.policy_version) == (None, (), None)


def test_all_addresses_are_invented_and_one_person_s(sample: Sample) -> None:
    tables = read_tables(read_settings(SHIPPED / "gateway.toml"))
    for account in sample.accounts:
        mailbox, _, domain = account.email.partition("@")
        assert domain.endswith((".example", ".test"))
        assert mailbox not in tables.shared_mailboxes
        assert account.role is not Role.OFFICER or set(account.services) <= tables.catalogue.services.keys()
    assert len({account.email for account in sample.accounts}) == len(sample.accounts)


def schools_of(place: Path, *rows: str, encoding: str = "utf-8", header: str = HEADER) -> list[str]:
    (place / "schools.csv").write_bytes("\r\n".join((header, *rows, "")).encode(encoding))
    return [f"{s.number} {s.name} {s.status}" for s in read_schools(place / "schools.csv", name="schools.csv")]


def test_columns_are_found_by_their_names_and_others_are_ignored(tmp_path: Path) -> None:
    columns = HEADER.split(",")
    header = ",".join(["Extra", *reversed(columns), "More (name)"])
    row = ",".join(["x", "Primary", "", "1", "Millbeck", "12", "830", "990001", "y"])
    assert schools_of(tmp_path, row, header=header) == ["8300012 Millbeck open"]  # numbers are padded


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_names_are_read_in_the_encodings_that_registers_have(tmp_path: Path, encoding: str) -> None:
    rows = ('990001,830,2001,"St Thomas à Becket, Infant",1,,Primary',)
    assert schools_of(tmp_path, *rows, encoding=encoding) == ["8302001 St Thomas à Becket, Infant open"]


def test_an_open_school_takes_its_number_from_a_closed_one_whatever_their_order(tmp_path: Path) -> None:
    closed, opened = "1,830,2001,Old,2,31-08-2020,Primary", "2,830,2001,New,1,,Primary"
    assert schools_of(tmp_path, closed, opened) == ["8302001 New open"]
    assert schools_of(tmp_path, opened, closed) == ["8302001 New open"]


def test_an_establishment_without_a_number_is_left_out(tmp_path: Path) -> None:
    assert schools_of(tmp_path, "1,830,,Outdoor centre,1,,Not applicable") == []


def test_a_register_without_a_needed_column_names_all_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        schools_of(tmp_path, header="URN,EstablishmentName,LA (code),EstablishmentNumber")
    assert str(caught.value).splitlines() == [
        'schools.csv: line 1: the column "EstablishmentStatus (code)" is missing',
        'schools.csv: line 1: the column "CloseDate" is missing',
        'schools.csv: line 1: the column "PhaseOfEducation (name)" is missing',
    ]


def test_every_faulty_row_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        schools_of(
            tmp_path,
            "1,830,2001,Good,1,,Primary",
            "2,830,20012,Long,1,,Primary",
            "x,830,2002,Urn,1,,Primary",
            "4,830,2003,,1,,Primary",
            "5,830,2004,Status,9,,Primary",
            "6,830,2005,Date,2,31-02-2020,Primary",
        )
    assert str(caught.value).splitlines() == [
        'schools.csv: line 3: found "83020012" as the DfE number; expected three digits of the LA and four of the '
        "establishment",
        'schools.csv: line 4: found "x" as the URN of 8302002; expected a number',
        "schools.csv: line 5: 8302003 has no name; expected one",
        'schools.csv: line 6: found "9" as the status of 8302004; expected 1, 2, 3 or 4',
        'schools.csv: line 7: found "31-02-2020" as the close date of 8302005; expected a day like 31-08-2026',
    ]


@pytest.mark.parametrize("text", ["31-08-2026", "31/08/2026", "2026-08-31"])
def test_a_day_is_read_in_every_form_that_registers_have(text: str) -> None:
    assert read_day(text) == date(2026, 8, 31)


def test_people_and_successions_must_agree_with_the_schools(tmp_path: Path) -> None:
    (tmp_path / "schools.csv").write_text(f"{HEADER}\n1,830,2001,Good,1,,Primary\n")
    (tmp_path / "successions.csv").write_text("old,new,until\n8302001,8302002,soon\n")
    (tmp_path / "people.csv").write_text(
        "username,forename,surname,email,role,schools,services\n"
        "a.one,A,One,a@x.example,head,8302001,\n"
        "A.One,A,One,A@x.example,boss,8302009,\n"
        "b.two,,Two,b@x.example,staff,8302001,\n"
    )
    with pytest.raises(ConfigError) as caught:
        read_sample(tmp_path)
    assert str(caught.value).splitlines() == [
        'successions.csv: line 2: found "soon" as the last day of 8302001; expected a day like 31-08-2027',
        "successions.csv: line 2: 8302002 is no school in schools.csv; expected a DfE number that is there",
        'people.csv: line 3: found "A.One" as the username; expected lower case',
        'people.csv: line 3: found "boss" as the role; expected one of head, staff, officer, device',
        "people.csv: line 3: the address A@x.example stands there twice; expected each person's own",
        "people.csv: line 3: 8302009 is no school in schools.csv; expected a DfE number that is there",
        "people.csv: line 4: the column forename is empty; expected something in each of username, forename, surname, "
        "email, role",
    ]
