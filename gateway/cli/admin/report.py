"""`gateway admin report`: how much came, what was rejected and why, what nobody collected, how schools use it.

Owns the four tables, on the screen, as JSON and for a spreadsheet (Source: SPEC 13).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any, TypeVar

import click

from gateway.cli.admin.errand import Enquiry, Errand, on_enquiry, on_errand
from gateway.cli.filters import Filters, with_filters
from gateway.cli.render import Column, Kind, Row, Screen, iso
from gateway.core.model import FileQuery, FileRecord, Status
from gateway.core.notices.dailyemail import by_school
from gateway.core.pages import table_csv
from gateway.core.tallies import (
    MONTH,
    REJECTION_KEYS,
    TRAFFIC_KEYS,
    Tally,
    grouped,
    rejections,
    school_use,
    traffic,
)

F = TypeVar("F", bound=Callable[..., Any])

_FAR = timedelta(days=36_500)
_TRAFFIC = (
    Column("files", "Files", Kind.NUMBER),
    Column("sent", "Sent", Kind.NUMBER),
    Column("received", "Received", Kind.NUMBER),
    Column("rejected", "Rejected", Kind.NUMBER),
    Column("recalled", "Recalled", Kind.NUMBER),
    Column("by_email", "By email", Kind.NUMBER),
    Column("by_sftp", "Over SFTP", Kind.NUMBER),
    Column("bytes", "Size", Kind.SIZE),
    Column("last_at", "The last", Kind.TIME),
)
_REJECTIONS = (
    Column("files", "Files", Kind.NUMBER),
    Column("schools", "Schools", Kind.NUMBER),
    Column("last_at", "The last", Kind.TIME),
)
_UNCOLLECTED = (
    Column("service", "Service"),
    Column("name", "Name"),
    Column("files", "Files", Kind.NUMBER),
    Column("late", "Too long", Kind.NUMBER),
    Column("undelivered", "Not delivered", Kind.NUMBER),
    Column("oldest_at", "Waiting since", Kind.TIME),
    Column("expires_at", "First destroyed", Kind.TIME),
)
_SCHOOLS = (
    Column("school", "DfE number"),
    Column("name", "School"),
    Column("people", "People", Kind.NUMBER),
    Column("heads", "Headteachers", Kind.NUMBER),
    Column("files", "Files", Kind.NUMBER),
    Column("rejected", "Rejected", Kind.NUMBER),
    Column("last_at", "The last", Kind.TIME),
    Column("unread", "Documents not opened", Kind.NUMBER),
)
_HEADINGS = {"service": "Service", "school": "DfE number", "channel": "Channel", "month": "Month", "reason": "Reason"}
_WHEN = ("school", "service", "since", "until", "academic_year")


def _with_csv(command: F) -> F:
    return click.option("--csv", "as_csv", is_flag=True, help="Answer for a spreadsheet.")(command)


@click.group()
def report() -> None:
    """How much came, what was rejected, what waits, how schools use it. A report names no file and no person."""


@report.command("traffic")
@with_filters()
@click.option("--by", type=click.Choice([*TRAFFIC_KEYS, MONTH]), default="service", help="Else by service.")
@_with_csv
@on_enquiry
async def report_traffic(enquiry: Enquiry, filters: Filters, by: str, as_csv: bool) -> None:
    """Count what schools sent, and what became of it."""
    query = filters.files(zone=enquiry.zone, now=enquiry.now())
    tallies = await enquiry.ledger.tallies(query)
    groups = await _by_month(enquiry, query, tallies) if by == MONTH else grouped(tallies, TRAFFIC_KEYS[by])
    rows = [_row(each, by) for each in traffic(groups)]
    _show(enquiry.screen, rows, (Column(by, _HEADINGS[by]), *_TRAFFIC), as_csv=as_csv)


@report.command("rejections")
@with_filters(only=(*_WHEN, "sent_by", "search"))
@click.option("--by", type=click.Choice(list(REJECTION_KEYS)), default="reason", help="Else by reason.")
@_with_csv
@on_enquiry
async def report_rejections(enquiry: Enquiry, filters: Filters, by: str, as_csv: bool) -> None:
    """Count what was rejected, and why."""
    query = replace(filters.files(zone=enquiry.zone, now=enquiry.now()), status=(Status.REJECTED,))
    found = rejections(grouped(await enquiry.ledger.tallies(query), REJECTION_KEYS[by]))
    _show(enquiry.screen, [_row(each, by) for each in found], (Column(by, _HEADINGS[by]), *_REJECTIONS), as_csv=as_csv)


@report.command("uncollected", short_help="Show by service what nobody has received.")
@with_filters(only=(*_WHEN, "sent_by", "search"))
@_with_csv
@on_errand
async def report_uncollected(errand: Errand, filters: Filters, as_csv: bool) -> None:
    """Show by service what nobody has received: how much, how long it has waited, when the first is destroyed."""
    query = filters.files(zone=errand.zone, now=errand.now())
    waiting = await errand.ledger.files(replace(query, status=(Status.SENT,), has_bytes=True))
    codes = sorted({file.service or "" for file in waiting})
    rows = [_waiting_row(errand, code, [f for f in waiting if f.service == code]) for code in codes]
    rows.sort(key=lambda row: str(row["oldest_at"]))
    _show(errand.screen, rows, _UNCOLLECTED, as_csv=as_csv, empty="Nothing waits: every file was received.")


@report.command("schools", short_help="Say how each school uses the gateway.")
@with_filters(only=_WHEN)
@_with_csv
@on_enquiry
async def report_schools(enquiry: Enquiry, filters: Filters, as_csv: bool) -> None:
    """Say how each school uses the gateway: people, files, and documents that nobody there has opened."""
    tallies = await enquiry.ledger.tallies(filters.files(zone=enquiry.zone, now=enquiry.now()))
    unread = by_school(await enquiry.ledger.unread_documents(after=enquiry.now(), upto=enquiry.now() + _FAR))
    counts = {school: len(documents) for school, documents in unread.items()}
    found = school_use(tallies, counts, await enquiry.ledger.directory())
    rows = [_row(each) for each in found if filters.school in (None, each.school)]
    _show(enquiry.screen, rows, _SCHOOLS, as_csv=as_csv)


async def _by_month(enquiry: Enquiry, query: FileQuery, tallies: Sequence[Tally]) -> dict[str, list[Tally]]:
    """Count each month of the authority's calendar on its own; one without a file is left out."""
    if not tallies:
        return {}
    first, last = min(t.first_at for t in tallies), max(t.last_at for t in tallies)
    months = list(_months(first.astimezone(enquiry.zone).date(), last.astimezone(enquiry.zone).date()))
    found = {}
    for start, end in pairwise(months):
        since, until = (_midnight(day, enquiry.zone) for day in (start, end))
        window = replace(query, since=max(since, query.since or since), until=min(until, query.until or until))
        found[f"{start:%Y-%m}"] = await enquiry.ledger.tallies(window)
    return found


def _months(first: date, last: date) -> Iterable[date]:
    """Yield the first day of each month from one day to another, and of the month after."""
    start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return (date(month // 12, month % 12 + 1, 1) for month in range(start, end + 2))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _row(each: Any, by: str = "") -> Row:
    """Return a row of a report as JSON; the key is named after what it is."""
    values = {name: iso(value) if isinstance(value, datetime) else value for name, value in asdict(each).items()}
    key = {by: values.pop("key") or None} if "key" in values else {}
    return {**key, **values}


def _waiting_row(errand: Errand, code: str, files: Sequence[FileRecord]) -> Row:
    policy = errand.house.policy.current
    service = policy.catalogue.get(code)
    today = policy.day_of(errand.now())
    return {
        "service": code,
        "name": service.name if service else None,
        "files": len(files),
        "late": sum(policy.late_on(file.status_at or file.sent_at) <= today for file in files),
        "undelivered": sum(file.delivered_at is None for file in files),
        "oldest_at": iso(min(file.status_at or file.sent_at for file in files)),
        "expires_at": iso(min((f.expires_at for f in files if f.expires_at), default=None)),
    }


def _show(
    screen: Screen,
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    as_csv: bool,
    empty: str = "There is nothing to report.",
) -> None:
    if not as_csv:
        screen.listing(rows, columns, empty=empty)
        return
    if screen.as_json:
        raise click.UsageError("expected --json or --csv, not both")
    # Sizes as numbers of bytes: a spreadsheet sums them up.
    kinds = [Kind.TEXT if column.kind is Kind.SIZE else column.kind for column in columns]
    cells = ([screen.cell(row.get(c.key), kind) for c, kind in zip(columns, kinds, strict=True)] for row in rows)
    click.echo(table_csv((column.heading for column in columns), cells), nl=False)
