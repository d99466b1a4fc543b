"""The portal's filters: what is read of the options, in the authority's time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result

from gateway.cli.filters import Filters, with_filters
from gateway.cli.root import Front, Part
from gateway.core.mail import NoticeQuery, NoticeState
from gateway.core.model import FileQuery, Status

LONDON = ZoneInfo("Europe/London")
NOVEMBER = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
SUMMER = datetime(2026, 8, 31, 22, 59, tzinfo=UTC)  # 23:59 in London, the last minute of the academic year
AUTUMN = datetime(2026, 8, 31, 23, 0, tzinfo=UTC)  # midnight in London, the first minute of the next


def ask(*line: str, now: datetime = NOVEMBER) -> tuple[Result, list[FileQuery]]:
    """Run a listing with options; return what click said and the query."""
    queries: list[FileQuery] = []

    @click.command()
    @with_filters()
    def files(filters: Filters) -> None:
        queries.append(filters.files(zone=LONDON, now=now))

    front = Front("gateway", parts={"list": Part("x:y", "")})
    front.get_command = lambda ctx, cmd_name: files  # type: ignore[method-assign]
    return CliRunner().invoke(front, ["list", *line]), queries


def query(*line: str, now: datetime = NOVEMBER) -> FileQuery:
    """Return the query of a line that is understood."""
    ran, queries = ask(*line, now=now)
    assert ran.exit_code == 0, ran.stderr
    return queries[0]


def test_without_a_filter_everything_is_asked_for() -> None:
    assert query() == FileQuery()


def test_each_filter_narrows_one_thing() -> None:
    line = "--school 8301102 --service sen --status received --status Sent --sent-by a.ravensdale --search phonics"
    assert query(*line.split()) == FileQuery(
        school="8301102",
        service="SEN",
        status=(Status.RECEIVED, Status.SENT),
        sent_by="a.ravensdale",
        search="phonics",
    )


@pytest.mark.parametrize(
    ("option", "value", "utc"),
    [
        ("--since", "2026-06-15", "2026-06-14T23:00:00+00:00"),  # midnight of British summer time
        ("--since", "2026-11-22", "2026-11-22T00:00:00+00:00"),
        ("--until", "2026-06-15", "2026-06-15T23:00:00+00:00"),  # the whole day belongs to it
        ("--until", "2026-10-25", "2026-10-26T00:00:00+00:00"),  # a day of 25 hours
        ("--since", "2026-06-15T09:30", "2026-06-15T08:30:00+00:00"),
        ("--since", "2026-06-15 09:30:15", "2026-06-15T08:30:15+00:00"),
        ("--since", "2026-06-15T09:30:00Z", "2026-06-15T09:30:00+00:00"),
        ("--until", "2026-06-15T09:30:00+02:00", "2026-06-15T07:30:00.000001+00:00"),  # that time belongs to it
    ],
)
def test_a_date_is_a_day_of_the_authority(option: str, value: str, utc: str) -> None:
    asked = query(option, value)
    found = asked.since or asked.until
    assert found is not None
    assert found.astimezone(UTC).isoformat() == utc


@pytest.mark.parametrize(
    ("now", "year", "first", "last"),
    [
        (NOVEMBER, "current", "2026-09-01", "2027-08-31"),
        (NOVEMBER, "previous", "2025-09-01", "2026-08-31"),
        (SUMMER, "current", "2025-09-01", "2026-08-31"),
        (AUTUMN, "current", "2026-09-01", "2027-08-31"),
        (AUTUMN, "previous", "2025-09-01", "2026-08-31"),
    ],
)
def test_the_academic_year_turns_at_midnight_before_the_first_of_september(
    now: datetime, year: str, first: str, last: str
) -> None:
    asked = query("--academic-year", year, now=now)
    days = query("--since", first, "--until", last)
    assert (asked.since, asked.until) == (days.since, days.until)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--school 830110", "a DfE number of seven digits"),
        ("--school ８３０１１０２", "a DfE number of seven digits"),
        ("--service S3N", "a service code in letters"),
        ("--status Lost", "'sent', 'received', 'rejected', 'recalled'"),
        ("--since 22/11/2026", "one like 2026-11-22"),
        ("--since 2026-11-31", "one like 2026-11-22"),
        ("--until tomorrow", "one like 2026-11-22"),
        ("--until 2026-11-22T25:00", "one like 2026-11-22"),
        ("--academic-year next", "'current', 'previous'"),
        ("--academic-year current --since 2026-11-22", "leave out --since and --until"),
        ("--since 2026-11-22 --until 2026-11-21", "--since is later than --until"),
    ],
)
def test_a_value_that_cant_be_meant_is_refused_with_what_was_expected(line: str, expected: str) -> None:
    ran, queries = ask(*line.split())
    assert (ran.exit_code, queries) == (64, [])
    assert expected in ran.stderr


def test_notices_are_asked_for_by_the_same_words() -> None:
    asked = Filters(school="8301102", status=("given-up",), search="anna")
    assert asked.notices(zone=LONDON, now=NOVEMBER) == NoticeQuery(
        school="8301102", state=NoticeState.GIVEN_UP, search="anna"
    )


def test_a_listing_takes_only_the_filters_that_make_sense_for_it() -> None:
    @click.command()
    @click.option("--other")
    @with_filters(statuses=["open", "closed"], only=["status", "search"])
    def schools(other: str, filters: Filters) -> None:
        """Show them."""

    shown = [option.name for option in schools.params if isinstance(option, click.Option) and not option.hidden]
    assert shown == ["other", "status", "search"]
    assert schools.help == "Show them."
