"""Where things stand, and what they are called in a view (SPEC 5, 7)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.core.layout import document_month_names, last_months, month_of, months_since, place_of, shown_names

LONDON = ZoneInfo("Europe/London")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_month_is_the_authoritys_and_not_utc():
    assert month_of(at("2026-06-30T23:30:00"), LONDON) == "2026-07"
    assert month_of(at("2026-11-30T23:30:00"), LONDON) == "2026-11"


def test_bytes_lie_by_school_and_month_under_their_id():
    assert place_of(school="8301102", received_at=at("2026-11-22T10:00:00"), file="x-01", zone=LONDON) == (
        "8301102/2026-11/x-01"
    )


def test_bytes_of_no_certain_school_lie_apart():
    assert place_of(school=None, received_at=at("2026-11-22T10:00:00"), file="x-01", zone=LONDON).startswith(
        "unplaced/"
    )


@pytest.mark.parametrize(
    ("now", "names"),
    [
        ("2026-11-01T00:30:00", ["1 August Files", "2 September Files", "3 October Files", "4 November Files"]),
        ("2026-10-31T22:30:00", ["1 July Files", "2 August Files", "3 September Files", "4 October Files"]),
        ("2027-01-15T12:00:00", ["1 October Files", "2 November Files", "3 December Files", "4 January Files"]),
        ("2027-02-28T12:00:00", ["1 November Files", "2 December Files", "3 January Files", "4 February Files"]),
    ],
)
def test_the_four_months_are_numbered_from_the_oldest_across_new_year(now, names):
    assert list(document_month_names(at(now), LONDON).values()) == names


def test_the_last_months_are_four_and_end_with_this_one():
    assert last_months(at("2027-01-01T12:00:00"), LONDON) == ("2026-10", "2026-11", "2026-12", "2027-01")


def test_the_months_of_a_span_are_those_of_the_authoritys_clock():
    """From the last hour of December by Greenwich to the first one of April in London: five months."""
    months = months_since(at("2026-12-31T23:30:00"), at("2027-03-31T23:20:00"), LONDON)
    assert months == ("2026-12", "2027-01", "2027-02", "2027-03", "2027-04")


def test_the_newest_of_a_name_keeps_it_and_older_ones_carry_their_time():
    files = [
        ("new", "a.pdf", at("2026-11-22T14:05:09")),
        ("old", "A.pdf", at("2026-11-21T09:00:00")),
        ("other", "b", at("2026-11-20T09:00:00")),
    ]
    assert shown_names(files, LONDON) == [("a.pdf", "new"), ("A (2026-11-21 09.00.00).pdf", "old"), ("b", "other")]


def test_two_older_ones_of_one_second_are_told_apart():
    when = at("2026-11-21T09:00:00")
    names = [name for name, _ in shown_names([(n, "a.pdf", when) for n in range(4)], LONDON)]
    assert names == [
        "a.pdf",
        "a (2026-11-21 09.00.00).pdf",
        "a (2026-11-21 09.00.00) 2.pdf",
        "a (2026-11-21 09.00.00) 3.pdf",
    ]
