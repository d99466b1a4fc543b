"""`gateway admin deliveries`: what we owe to the places where services read, and another try (Source: SPEC 6, 13)."""

from dataclasses import replace

import click

from gateway.cli.admin.errand import Enquiry, Errand, on_enquiry, on_errand
from gateway.cli.filters import Filters, with_filters
from gateway.cli.render import Column, Kind, Row
from gateway.cli.shapes import drop_json
from gateway.core.model import Drop, DropState, FileRecord, Status
from gateway.errors import NotThere, Transient

COLUMNS = (
    Column("id", "Id"),
    Column("service", "Service"),
    Column("target", "Target"),
    Column("state", "State"),
    Column("name", "File"),
    Column("attempts", "Attempts", Kind.NUMBER),
    Column("due_at", "Due", Kind.TIME),
    Column("done_at", "Done", Kind.TIME),
    Column("error", "Error"),
)
_WAITING = (DropState.GIVEN_UP, DropState.DUE, DropState.PLACING)


@click.group()
def deliveries() -> None:
    """What we owe to the places where services read."""


@deliveries.command("list", short_help="List deliveries, newest first.")
@with_filters(statuses=tuple(DropState))
@on_enquiry
async def list_deliveries(enquiry: Enquiry, filters: Filters) -> None:
    """List deliveries, newest first; --status is of the delivery, every other filter of its file."""
    state = DropState(filters.status[0]) if len(filters.status) == 1 else None
    drops = await enquiry.ledger.drops(state=state)
    found = await enquiry.ledger.files(replace(filters, status=()).files(zone=enquiry.zone, now=enquiry.now()))
    files = {file.id: file for file in found}
    wanted = [d for d in drops if d.file in files and (not filters.status or d.state in filters.status)]
    rows = [_row(drop, files[drop.file]) for drop in wanted]
    enquiry.screen.listing(rows, COLUMNS, empty="There is no such delivery.")


@deliveries.command("retry", short_help="Let a delivery be tried again now.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every delivery that was given up.")
@on_errand
async def retry_deliveries(errand: Errand, ids: tuple[str, ...], every: bool) -> None:
    """Let a delivery be tried again, now: one that was given up, or that waits for its next try."""
    if bool(ids) == every:
        raise click.UsageError("expected one or more ids, or --all")
    if every:
        drops = await errand.ledger.drops(state=DropState.GIVEN_UP)
        retried = [row for drop in drops if (row := await _retry(errand, drop)) is not None]
        errand.screen.listing(retried, COLUMNS, empty="No delivery was given up.")
        return
    rows = [await _retry_one(errand, id.strip().lower()) for id in ids]
    for row in rows if not errand.screen.as_json else ():
        errand.screen.action(row, sentence=f"{row['id']} is tried again now.")
    if errand.screen.as_json:
        errand.screen.action(rows[0], sentence="") if len(rows) == 1 else errand.screen.listing(rows, (), empty="")


async def _retry_one(errand: Errand, id: str) -> Row:
    drop = await _find(errand, id)
    if drop is None:
        raise NotThere(f"There is no delivery {id}. `gateway admin deliveries list` shows the ids.")
    if drop.state not in _WAITING:
        raise NotThere(f"{drop.id} is {drop.state}, so there is nothing to try again.")
    row = await _retry(errand, drop)
    if row is None:
        raise NotThere(f"{drop.id} is owed no more: its file was rejected, recalled or destroyed.")
    return row


async def _find(errand: Errand, id: str) -> Drop | None:
    """Return a delivery; its id begins with that of its file: `SUBMISSION-NN-…`."""
    file = "-".join(id.split("-")[:2])
    return next((drop for drop in await errand.ledger.drops(file=file) if drop.id == id), None)


async def _retry(errand: Errand, drop: Drop) -> Row | None:
    """Make a delivery due now, with all the time that it had at first; None when it is owed no more."""
    file = await errand.ledger.file(drop.file)
    if file is None or file.place is None or file.status not in (Status.SENT, Status.RECEIVED):
        return None
    now = errand.now()
    # What had its name in the folder was perhaps placed: the dropper finds out, and places it only if it was not.
    state = DropState.PLACING if drop.placed_as else DropState.DUE
    again = replace(drop, state=state, due_at=now, first_due_at=now, attempts=0, error=None)
    if not await errand.ledger.mark_drop(again, expected=drop.state):
        raise Transient(f"{drop.id} was changed in the same moment. Please look again.")
    return _row(again, file)


def _row(drop: Drop, file: FileRecord) -> Row:
    return {**drop_json(drop), "name": file.name, "school": file.school}
