"""`gateway admin report`: tables for those who must see that things get done (Source: SPEC 6, 13)."""

from collections.abc import Sequence
from dataclasses import replace

import click

from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.filters import Filters, with_filters
from gateway.cli.render import Column, Kind, Row, iso
from gateway.core.model import FileRecord, Status

_UNCOLLECTED = (
    Column("service", "Service"),
    Column("name", "Name"),
    Column("files", "Files", Kind.NUMBER),
    Column("late", "Too long", Kind.NUMBER),
    Column("undelivered", "Not delivered", Kind.NUMBER),
    Column("oldest_at", "Waiting since", Kind.TIME),
    Column("expires_at", "First destroyed", Kind.TIME),
)


@click.group()
def report() -> None:
    """Tables for those who must see that things get done."""


@report.command("uncollected")
@with_filters(only=["school", "service", "sent_by", "since", "until", "academic_year", "search"])
@on_errand
async def report_uncollected(errand: Errand, filters: Filters) -> None:
    """Show by service what nobody has received: how much, how long it has waited, when the first is destroyed."""
    query = filters.files(zone=errand.zone, now=errand.now())
    waiting = await errand.ledger.files(replace(query, status=(Status.SENT,), has_bytes=True))
    codes = sorted({file.service or "" for file in waiting})
    rows = [_row(errand, code, [f for f in waiting if f.service == code]) for code in codes]
    rows.sort(key=lambda row: str(row["oldest_at"]))
    errand.screen.listing(rows, _UNCOLLECTED, empty="Nothing waits: every file was received.")


def _row(errand: Errand, code: str, files: Sequence[FileRecord]) -> Row:
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
