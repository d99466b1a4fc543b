"""Who sends, who sees: a wrong answer here shows a file to the wrong reader (Source: SPEC 4, 5, 6)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.core.admission import may_collect, may_see_as_school, may_send, own_school
from gateway.core.model import Channel, FileRecord, Status
from gateway.core.register import Account, AccountState, Role
from gateway.core.routing import Service

LEYS, MILLBECK, HIGHMOOR = "8302000", "8301102", "8304053"
CLERK = Account("p.varga", "Petra", "Varga", "p.varga@leys.example", Role.STAFF, AccountState.ACTIVE, schools=(LEYS,))
HEAD = replace(CLERK, username="s.okonjo", role=Role.HEAD)
TRUST = replace(CLERK, username="f.adeyinka", schools=(LEYS, MILLBECK))
OFFICER = Account(
    "n.rowbotham", "Nadia", "Rowbotham", "n@la.example", Role.OFFICER, AccountState.ACTIVE, services=("SEN", "INC")
)
COPIER = replace(CLERK, username="copier", role=Role.DEVICE, services=("SEN",))
FILE = FileRecord(
    id="f-01",
    submission="f",
    name=f"{LEYS}_SENreview20261120.pdf",
    school=LEYS,
    service="SEN",
    status=Status.SENT,
    channel=Channel.SFTP,
    sent_by="Petra Varga",
    sent_by_user="p.varga",
    sent_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    size=1,
    sha256="00",
    expires_at=None,
)
SEN = Service("SEN", "SEN")


# Sending


@pytest.mark.parametrize(
    ("rule", "account", "may"),
    [
        ("staff of a school", CLERK, True),
        ("a headteacher", HEAD, True),
        ("of several schools", TRUST, True),
        ("a copier of a school", COPIER, True),
        ("an officer", OFFICER, False),
        ("an officer who also has a school", replace(OFFICER, schools=(LEYS,)), False),
        ("nobody's school", replace(CLERK, schools=()), False),
    ],
)
def test_who_sends_for_schools(rule: str, account: Account, may: bool) -> None:
    assert may_send(account) is may, rule


@pytest.mark.parametrize(
    ("rule", "account", "number", "school"),
    [
        ("the one school, as the name says", CLERK, LEYS, LEYS),
        ("the one school, whatever the name says", CLERK, MILLBECK, LEYS),
        ("the one school, where the name says nothing", CLERK, None, LEYS),
        ("one of several, as the name says", TRUST, MILLBECK, MILLBECK),
        ("none of several: it is not certain", TRUST, HIGHMOOR, None),
        ("nothing is said: it is not certain", TRUST, None, None),
        ("somebody without a school", OFFICER, LEYS, None),
    ],
)
def test_the_school_of_a_file_is_one_of_the_senders_or_nobodys(
    rule: str, account: Account, number: str | None, school: str | None
) -> None:
    assert own_school(account, number) == school, rule


# Seeing, on the school's side


@pytest.mark.parametrize(
    ("rule", "account", "changes", "private", "sees"),
    [
        ("the sender", CLERK, {}, False, True),
        ("the headteacher of the school", HEAD, {}, False, True),
        ("somebody with several schools", TRUST, {}, False, True),
        ("somebody of another school", replace(HEAD, schools=(MILLBECK,)), {}, False, False),
        ("an officer is no school's person", OFFICER, {}, False, False),
        ("a private file: its sender", CLERK, {}, True, True),
        ("a private file may be about the headteacher", HEAD, {}, True, False),
        ("without a certain school: its sender", CLERK, {"school": None}, False, True),
        ("without a certain school: nobody else", HEAD, {"school": None}, False, False),
        ("the sender has left the school since", replace(CLERK, schools=(MILLBECK,)), {}, False, False),
        ("the sender has left the school, a private file", replace(CLERK, schools=()), {}, True, False),
    ],
)
def test_who_sees_a_file_that_a_school_sent(
    rule: str, account: Account, changes: dict[str, None], private: bool, sees: bool
) -> None:
    assert may_see_as_school(account, replace(FILE, **changes), private=private) is sees, rule


# Collecting


def test_an_officer_of_the_service_collects_what_lies_there() -> None:
    assert may_collect(OFFICER, FILE, SEN)
    assert may_collect(OFFICER, replace(FILE, status=Status.RECEIVED), SEN)


@pytest.mark.parametrize(
    ("rule", "account", "file", "service"),
    [
        ("an officer of another service", replace(OFFICER, services=("INC",)), FILE, SEN),
        ("a file of another service of theirs", OFFICER, replace(FILE, service="INC"), SEN),
        ("another service's Inbox", OFFICER, FILE, Service("HR", "HR")),
        ("a file that was rejected", OFFICER, replace(FILE, status=Status.REJECTED), SEN),
        ("a file that was recalled", OFFICER, replace(FILE, status=Status.RECALLED), SEN),
        ("a file of no service", OFFICER, replace(FILE, service=None), SEN),
        ("its own sender", CLERK, FILE, SEN),
        ("a headteacher with the code in their account", replace(HEAD, services=("SEN",)), FILE, SEN),
        ("a copier of the service", COPIER, FILE, SEN),
    ],
)
def test_nobody_else_collects_anything(rule: str, account: Account, file: FileRecord, service: Service) -> None:
    assert not may_collect(account, file, service), rule
