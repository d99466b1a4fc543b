"""Who counts as having sent, who is told, and when (issue "File requests")."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.core.model import FileRecord
from gateway.core.notices.asking import COLUMNS, example_of, standing_csv
from gateway.core.register import Account, AccountState, Directory, Role, School, SchoolStatus
from gateway.core.requests import FileRequest, Outcome, ReminderDays, by_reader, reminder_day, standing_of, who_is_told
from tests.contracts.ledger_values import a_file

LONDON = ZoneInfo("Europe/London")
OPENED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # a Friday
DUE = datetime(2026, 12, 4, 23, 59, tzinfo=UTC)  # a Friday
REQUEST = FileRequest("r", "Phonics", "INFO", ("8301102", "8302000", "8303308"), DUE, OPENED, "it.admin")
HEAD = Account("hana", "Hana", "Head", "h@x.example", Role.HEAD, AccountState.ACTIVE, ("8301102", "8302000"))
STAFF = replace(HEAD, username="sam", email="s@x.example", role=Role.STAFF, schools=("8301102", "8303308"))
GONE = replace(STAFF, username="gil", state=AccountState.SUSPENDED)
COPIER = replace(STAFF, username="mfp", role=Role.DEVICE)
DIRECTORY = Directory(
    schools={number: School(number, f"School {number[-4:]}") for number in REQUEST.schools},
    accounts={a.username: a for a in (HEAD, STAFF, GONE, COPIER)},
)


def sent(number: int, school: str, at: datetime) -> FileRecord:
    return a_file(number, school=school, service="INFO", sent_at=at, name=f"{school}_INFOjanedoe20261120.pdf")


def test_the_first_file_decides_and_the_deadline_itself_is_in_time() -> None:
    files = [
        sent(1, "8302000", DUE + timedelta(seconds=1)),
        sent(2, "8301102", DUE + timedelta(days=1)),
        sent(3, "8301102", DUE),
    ]
    standing = standing_of(REQUEST, files, DIRECTORY)
    assert [s.outcome for s in standing.schools] == [Outcome.SENT, Outcome.LATE, Outcome.MISSING]
    assert [len(s.files) for s in standing.schools] == [2, 1, 0]
    assert [s.school for s in standing.those(Outcome.MISSING)] == ["8303308"]


def test_headteachers_are_told_else_who_may_send_and_no_copier() -> None:
    assert [a.username for a in who_is_told("8301102", DIRECTORY)] == ["hana"]
    assert [a.username for a in who_is_told("8303308", DIRECTORY)] == ["sam"]
    assert who_is_told("8309999", DIRECTORY) == ()


def test_nobody_of_a_school_that_is_not_open_is_told() -> None:
    schools = {**DIRECTORY.schools, "8301102": School("8301102", "x", status=SchoolStatus.CLOSED)}
    assert who_is_told("8301102", replace(DIRECTORY, schools=schools)) == ()


def test_one_person_is_told_once_of_several_schools() -> None:
    assert by_reader(REQUEST.schools, DIRECTORY) == [(HEAD, ("8301102", "8302000")), (STAFF, ("8303308",))]


DAYS = ReminderDays(before=(7, 1), after=(1,))


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 26), None),
        (date(2026, 11, 27), date(2026, 11, 27)),  # seven days before
        (date(2026, 12, 2), date(2026, 11, 27)),
        (date(2026, 12, 3), date(2026, 12, 3)),  # the day before
        (date(2026, 12, 6), date(2026, 12, 3)),
        (date(2026, 12, 7), date(2026, 12, 7)),  # the Monday after
    ],
)
def test_the_days_of_reminders(today: date, expected: date | None) -> None:
    assert reminder_day(REQUEST, DAYS, today=today, zone=LONDON, holidays=()) == expected


def test_a_reminder_before_the_deadline_falls_on_a_working_day_and_never_on_the_day_of_the_opening() -> None:
    on_monday = replace(REQUEST, due_at=datetime(2026, 11, 23, 23, 59, tzinfo=UTC))  # a day before it is a Sunday
    days = ReminderDays(before=(1,), after=())
    assert reminder_day(on_monday, days, today=date(2026, 11, 23), zone=LONDON, holidays=()) is None
    earlier = replace(on_monday, opened_at=OPENED - timedelta(days=1))
    assert reminder_day(earlier, days, today=date(2026, 11, 23), zone=LONDON, holidays=()) == date(2026, 11, 20)


def test_the_day_of_the_deadline_is_that_of_the_authority() -> None:
    summer = replace(REQUEST, due_at=datetime(2027, 6, 30, 22, 59, 59, tzinfo=UTC), opened_at=DUE)  # 23:59:59 in London
    days = ReminderDays(before=(1,), after=())
    assert reminder_day(summer, days, today=date(2027, 6, 29), zone=LONDON, holidays=()) == date(2027, 6, 29)


def test_the_table_shows_no_description_and_starts_no_formula() -> None:
    directory = replace(DIRECTORY, schools={**DIRECTORY.schools, "8303308": School("8303308", "=cmd|x")})
    text = standing_csv(standing_of(REQUEST, [sent(1, "8301102", OPENED)], directory), LONDON).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == list(COLUMNS)
    assert rows[1][:5] == ["8301102", "School 1102", "sent", "20/11/2026 09:00", "Ada Quill"]
    assert rows[1][5].startswith("8301102_INFO…")
    assert "janedoe" not in text
    assert rows[3][:8] == ["8303308", "'=cmd|x", "not sent", "", "", "", "", "0"]


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (REQUEST, "8301102_INFOphonics20261120.pdf"),
        (replace(REQUEST, word="eyfs", types=("xlsx", "csv")), "8301102_INFOeyfs20261120.xlsx"),
        (replace(REQUEST, title="Été 2026?"), "8301102_INFOt202620261120.pdf"),
        (replace(REQUEST, title="–"), "8301102_INFOreturn20261120.pdf"),
    ],
)
def test_the_example_is_a_name_that_would_count(request_: FileRequest, name: str) -> None:
    assert example_of(request_, "8301102", at=OPENED) == name
