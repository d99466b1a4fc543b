"""`gateway admin retention`: what is due to be destroyed, and its destruction (Source: SPEC 10, 13)."""

from datetime import datetime

import click

from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.filters import MOMENT, Filters, Moment, instant, with_filters
from gateway.cli.render import Column, Kind, iso, print_json
from gateway.cli.shapes import file_json
from gateway.core.model import FileRecord

COLUMNS = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("school", "School"),
    Column("service", "Service"),
    Column("status", "Status"),
    Column("sent_at", "Date sent", Kind.TIME),
    Column("expires_at", "Kept until", Kind.TIME),
    Column("size", "Size", Kind.SIZE),
)


@click.group()
def retention() -> None:
    """What is due to be destroyed, and its destruction."""


@retention.command("due")
@click.option("--at", type=MOMENT, help="As it will be then; else now.")
@with_filters()
@on_errand
async def list_due(errand: Errand, at: Moment | None, filters: Filters) -> None:
    """List files whose bytes are to be destroyed, newest first."""
    when = errand.now() if at is None else instant(at, errand.zone)
    due = await _due(errand, when)
    if filters != Filters():
        wanted = await errand.ledger.files(filters.files(zone=errand.zone, now=errand.now()))
        ids = {file.id for file in wanted}
        due = [file for file in due if file.id in ids]
    errand.screen.listing([file_json(file) for file in due], COLUMNS, empty="Nothing is due.")


@retention.command("purge")
@click.option("--dry-run", is_flag=True, help="Say what would be destroyed, and destroy nothing.")
@on_errand
async def purge(errand: Errand, dry_run: bool) -> None:
    """Destroy what is due now; never anything before its term."""
    now = errand.now()
    due = await _due(errand, now)
    if not dry_run:
        while await errand.house.purge.pass_once(actor=errand.actor):
            pass  # a pass has a limit
    after = [await errand.ledger.file(file.id) or file for file in due]
    _report(errand, after, at=now, dry_run=dry_run)


async def _due(errand: Errand, at: datetime) -> list[FileRecord]:
    return list(reversed(await errand.house.purge.due(at)))


def _report(errand: Errand, found: list[FileRecord], *, at: datetime, dry_run: bool) -> None:
    destroyed = [file for file in found if file.purged_at is not None]
    if errand.screen.as_json:
        print_json(
            {
                "dry_run": dry_run,
                "at": iso(at),
                "due": len(found),
                "destroyed": len(destroyed),
                "files": [file_json(file) for file in found],
            }
        )
        return
    errand.screen.listing([file_json(file) for file in found], COLUMNS, empty="Nothing is due.")
    if found:
        said = f"{len(found)} due; nothing was destroyed (dry run)." if dry_run else f"{len(destroyed)} destroyed."
        click.echo(said)
