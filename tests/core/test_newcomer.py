"""Who can have an account: a row for each rule of SPEC 9 that a newcomer breaks."""

from dataclasses import replace

import pytest

from gateway.core.newcomer import USERNAME, HouseRules, Newcomer, free_username, objections
from gateway.core.register import Account, AccountState, Directory, Role, School, SchoolStatus
from gateway.core.routing import Catalogue, Service

HEAD = Newcomer("ada.person", "Ada", "Person", "ada.person@leys.example", Role.HEAD, schools=("8302000",))
OFFICER = replace(HEAD, role=Role.OFFICER, schools=(), services=("SEN",))
COPIER = replace(HEAD, role=Role.DEVICE, email="office@leys.example", services=("INFO",))

RULES = HouseRules(
    directory=Directory(
        schools={
            "8302000": School("8302000", "Leys Junior School"),
            "8301102": School("8301102", "Millbeck Primary School"),
            "8302222": School("8302222", "Old School", status=SchoolStatus.CLOSED),
        },
        accounts={
            "r.gone": Account("r.gone", "Ray", "Gone", "Ray.Gone@leys.example", Role.HEAD, AccountState.REVOKED),
        },
    ),
    catalogue=Catalogue({code: Service(code, code) for code in ("SEN", "INFO")}),
    shared_mailboxes=frozenset({"office", "headteacher"}),
    home_domains=frozenset({"hotmail.com"}),
)


@pytest.mark.parametrize(
    "newcomer",
    [
        HEAD,
        OFFICER,
        COPIER,  # a device may use the office's mailbox
        replace(HEAD, schools=("8302000", "8301102")),
        replace(HEAD, username="ada@leys"),
        replace(HEAD, forename="Zoë", surname="O'Marsh-Hill"),
        replace(OFFICER, services=("SEN", "INFO")),
    ],
)
def test_who_keeps_the_rules_can_have_an_account(newcomer: Newcomer) -> None:
    assert objections(newcomer, RULES) == ()


@pytest.mark.parametrize(
    ("newcomer", "sentence"),
    [
        (replace(HEAD, username="r.gone"), 'The username "r.gone" is taken'),
        (replace(HEAD, username="ada person"), "can't be a username"),
        (replace(HEAD, username="-ada"), "can't be a username"),
        (replace(HEAD, username="gateway"), "can't be a username"),
        (replace(HEAD, username="a" * 65), "can't be a username"),
        (replace(HEAD, forename=" "), "The forename is missing"),
        (replace(HEAD, surname="Per\x1bson"), "The surname is missing or has characters that can't be shown"),
        (replace(HEAD, email="ada.person"), "is no email address"),
        (replace(HEAD, email="ada.person@leys"), "is no email address"),
        (replace(HEAD, email="ada person@leys.example"), "is no email address"),
        (replace(HEAD, email=f"{'a' * 250}@leys.example"), "is no email address"),
        (replace(HEAD, email="ray.gone@LEYS.example"), "belongs to another account"),
        (replace(HEAD, email="ada.person@Hotmail.com"), "is an address at home (hotmail.com)"),
        (replace(COPIER, email="ada.person@hotmail.com"), "is an address at home (hotmail.com)"),
        (replace(HEAD, email="HeadTeacher@leys.example"), "a mailbox that several people read"),
        (replace(HEAD, schools=("8302001",)), "There is no school 8302001"),
        (replace(HEAD, schools=("8302222",)), "School 8302222 is closed"),
        (replace(HEAD, schools=()), "School staff need the school"),
        (replace(HEAD, role=Role.STAFF, schools=()), "School staff need the school"),
        (replace(HEAD, services=("SEN",)), "School staff belong to schools"),
        (replace(OFFICER, services=()), "An officer needs the service"),
        (replace(OFFICER, services=("SEND",)), "There is no service SEND"),
        (replace(OFFICER, schools=("8302000",)), "An officer belongs to services"),
        (replace(COPIER, services=()), "it belongs to exactly one service"),
        (replace(COPIER, services=("SEN", "INFO")), "it belongs to exactly one service"),
        (replace(COPIER, schools=("8302000", "8301102")), "A device belongs to exactly one school"),
    ],
)
def test_each_rule_has_its_own_sentence(newcomer: Newcomer, sentence: str) -> None:
    said = objections(newcomer, RULES)
    assert [s for s in said if sentence in s], said


def test_all_objections_are_told_at_once() -> None:
    nobody = Newcomer("A!", "", "", "x", Role.OFFICER, schools=("8300000",), services=("X",))
    assert len(objections(nobody, RULES)) == 7


@pytest.mark.parametrize(
    ("forename", "surname", "username"),
    [
        ("Ada", "Person", "a.person"),
        ("Zoë", "O'Marsh-Hill", "z.omarsh-hill"),
        ("Ray", "Gone", "r.gone2"),  # of another Gone, who was here before
        ("李", "明", "person"),
    ],
)
def test_a_username_is_made_of_a_name_and_is_nobody_elses(forename: str, surname: str, username: str) -> None:
    made = free_username(forename, surname, RULES.directory)
    assert made == username
    assert USERNAME.fullmatch(made)
