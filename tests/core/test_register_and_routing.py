"""Questions to the register and to the catalogue: whose address, whose headteacher, whose alias (Source: SPEC 6, 8)."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.core.register import Account, AccountState, Directory, Role, School, SchoolStatus, Succession
from gateway.core.routing import Catalogue, Service, Target, TargetKind

LEYS, OLD, NEW = "8302000", "8302245", "8302360"
HEAD = Account(
    "samir.okonjo", "Samir", "Okonjo", "Samir.Okonjo@leys.example", Role.HEAD, AccountState.ACTIVE, schools=(LEYS,)
)
CLERK = replace(HEAD, username="p.varga", forename="Petra", surname="Varga", email="p@leys.example", role=Role.STAFF)
OFFICER = replace(HEAD, username="n.row", email="n@la.example", role=Role.OFFICER, schools=(), services=("SEN", "INC"))


def directory(*accounts: Account) -> Directory:
    schools = (School(LEYS, "Leys Junior School"), School(OLD, "Coldbrook", status=SchoolStatus.CLOSED))
    return Directory(
        schools={school.number: school for school in (*schools, School(NEW, "Coldbrook Academy"))},
        successions={OLD: Succession(OLD, NEW, date(2027, 8, 31))},
        accounts={account.username: account for account in accounts or (HEAD, CLERK, OFFICER)},
    )


# Accounts


@pytest.mark.parametrize("address", ["samir.okonjo@leys.example", "SAMIR.OKONJO@LEYS.EXAMPLE"])
def test_an_address_is_found_whatever_its_case(address: str) -> None:
    assert directory().by_address(address) is HEAD


def test_an_address_of_two_people_is_nobodys() -> None:
    shared = replace(CLERK, email=HEAD.email.lower())
    assert directory(HEAD, shared).by_address(HEAD.email) is None


@pytest.mark.parametrize("address", ["", "okonjo@leys.example", "samir.okonjo@leys.example.org"])
def test_an_address_is_matched_whole(address: str) -> None:
    assert directory().by_address(address) is None


@pytest.mark.parametrize("address", ["\u017famir.okonjo@leys.example", "samir.o\u212aonjo@leys.example"])
def test_a_letter_that_only_folds_to_one_of_an_address_is_another(address: str) -> None:
    """Who has the mailbox with a long s, or a sign of kelvin, is somebody else of the same domain."""
    assert address.casefold() == HEAD.email.casefold()
    assert directory().by_address(address) is None
    waiting = replace(directory(), pending={HEAD.email.casefold(): CLERK.username})
    assert waiting.by_pending_address(HEAD.email.upper()) is CLERK
    assert waiting.by_pending_address(address) is None


def test_a_username_is_found_whatever_its_case() -> None:
    assert directory().account("Samir.Okonjo") is HEAD
    assert directory().account("nobody") is None


def test_the_headteachers_of_a_school_are_the_active_ones() -> None:
    suspended = replace(HEAD, username="b", state=AccountState.SUSPENDED)
    elsewhere = replace(HEAD, username="c", schools=(NEW,))
    second = replace(HEAD, username="d")
    assert directory(HEAD, suspended, elsewhere, second, CLERK).heads_of(LEYS) == (HEAD, second)


def test_the_people_of_a_school_are_all_of_them() -> None:
    revoked = replace(CLERK, username="b", state=AccountState.REVOKED)
    assert directory(HEAD, CLERK, revoked, OFFICER).people_of(LEYS) == (HEAD, CLERK, revoked)


def test_the_officers_of_a_service_are_the_active_ones() -> None:
    gone = replace(OFFICER, username="b", state=AccountState.REVOKED)
    copier = replace(OFFICER, username="c", role=Role.DEVICE)
    found = directory(OFFICER, gone, copier, HEAD)
    assert found.officers_of("SEN") == found.officers_of("INC") == (OFFICER,)
    assert found.officers_of("HR") == ()


@pytest.mark.parametrize("state", AccountState)
def test_only_one_state_opens_a_door(state: AccountState) -> None:
    assert replace(HEAD, state=state).is_active == (state is AccountState.ACTIVE)


def test_a_copier_has_one_name() -> None:
    assert replace(HEAD, surname="").full_name == "Samir"
    assert HEAD.full_name == "Samir Okonjo"


# Schools


@pytest.mark.parametrize(
    ("rule", "number", "on", "successor"),
    [
        ("in its time", OLD, date(2026, 11, 22), NEW),
        ("on the last day", OLD, date(2027, 8, 31), NEW),
        ("on the day after", OLD, date(2027, 9, 1), None),
        ("a school that goes on", LEYS, date(2026, 11, 22), None),
        ("a number that is nowhere", "8309999", date(2026, 11, 22), None),
    ],
)
def test_an_old_number_is_taken_for_its_time(rule: str, number: str, on: date, successor: str | None) -> None:
    found = directory().successor(number, on=on)
    assert (found.number if found else None) == successor, rule


@pytest.mark.parametrize("status", [SchoolStatus.CLOSED, SchoolStatus.PROPOSED, None])
def test_a_successor_that_is_not_open_takes_nothing(status: SchoolStatus | None) -> None:
    found = directory()
    schools = {n: s for n, s in found.schools.items() if n != NEW}
    if status:
        schools[NEW] = School(NEW, "Coldbrook Academy", status=status)
    assert replace(found, schools=schools).successor(OLD, on=date(2026, 11, 22)) is None


def test_a_school_is_found_by_its_number_as_text() -> None:
    found = directory().school(LEYS)
    assert found is not None
    assert found.name == "Leys Junior School"
    assert directory().school("2000") is None


# Services


CATALOGUE = Catalogue(
    {"SEN": Service("SEN", "SEN", aliases=("SEND", "Inclusion")), "SP": Service("SP", "Starting Point")}
)


def test_a_code_is_found_exactly_or_not_at_all() -> None:
    assert CATALOGUE.get("SEN") is CATALOGUE.services["SEN"]
    assert [CATALOGUE.get(word) for word in ("sen", "SE", "SENR", "SEND", "SPSS", "", " SEN")] == [None] * 7


def test_an_alias_is_found_whatever_its_case_and_a_code_is_none() -> None:
    assert CATALOGUE.by_alias("send") is CATALOGUE.by_alias("INCLUSION") is CATALOGUE.services["SEN"]
    assert [CATALOGUE.by_alias(word) for word in ("SEN", "SENDS", "")] == [None] * 3


@pytest.mark.parametrize(
    ("target", "name", "can_withdraw"),
    [
        (Target(TargetKind.PICKUP), "pickup", True),
        (Target(TargetKind.FOLDER, path="/srv/drops/SEN"), "folder:/srv/drops/SEN", True),
        (Target(TargetKind.FOLDER, place="drops/SEN", path="/srv/drops/SEN"), "folder:drops/SEN", True),
        (Target(TargetKind.EMAIL, address="sen@la.example"), "email:sen@la.example", False),
        (Target(TargetKind.SFTP, host="sen.example:22", remote_folder="in"), "sftp:sen.example:22/in", False),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_target_has_a_name_for_the_records_and_can_be_taken_back_or_not(
    target: Target, name: str, can_withdraw: bool
) -> None:
    assert (target.name, target.kind.can_withdraw) == (name, can_withdraw)


def test_a_secret_of_a_target_is_not_in_its_name() -> None:
    target = Target(TargetKind.SFTP, host="h:22", username="u", key_file="/k", host_key="ssh-ed25519 AAAA")
    assert target.name == "sftp:h:22/"
