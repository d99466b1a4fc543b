"""`gateway admin status`: is it running, what is stuck, what is on the disk (Source: SPEC 1, 13).

Stuck is what a person must look at: a drop or a notice that was given up, failed before, or is long past due, and what
was set aside in the spool.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from gateway.cli.admin.errand import Enquiry, on_enquiry
from gateway.cli.admin.wayin import late_and_waiting
from gateway.cli.endpoints import Endpoints, read_endpoints
from gateway.cli.render import Column, Kind, Row, Screen, iso, print_json, size_text
from gateway.cli.shapes import drop_json, notice_json
from gateway.core.documents import DocumentState
from gateway.core.mail import Notice, NoticeQuery, NoticeState
from gateway.core.model import Drop, DropState, Status
from gateway.errors import NotThere, Permanent

_LATE = timedelta(minutes=1)  # a running daemon takes what is due at once
_DROPS = (
    Column("file", "File"),
    Column("target", "Target"),
    Column("state", "State"),
    Column("attempts", "Attempts", Kind.NUMBER),
    Column("due_at", "Due", Kind.TIME),
    Column("error", "Error"),
)
_NOTICES = (
    Column("id", "Id"),
    Column("template", "Notice"),
    Column("address", "To"),
    *_DROPS[2:],
)
_STUCK = (  # key, heading, columns
    ("drops", "Drops that are stuck", _DROPS),
    ("notices", "Notices that are stuck", _NOTICES),
    ("failed", "Submissions set aside (`gateway admin failed list` says why)", (Column("submission", "Submission"),)),
)
_LATE_ACCOUNTS = (
    Column("username", "Username"),
    Column("state", "State"),
    Column("waiting_days", "Days", Kind.NUMBER),
)
_OWED_DROPS = (DropState.DUE, DropState.PLACING, DropState.GIVEN_UP)
_OWED_NOTICES = (NoticeState.DUE, NoticeState.GIVEN_UP)


@click.command("status")
@on_enquiry
async def status_command(enquiry: Enquiry) -> None:
    """Say whether the gateway runs, what is stuck, and how full the disk is."""
    report = await _report(enquiry)
    if enquiry.screen.as_json:
        print_json(report)
    else:
        _tell(enquiry.screen, report)


async def _report(enquiry: Enquiry) -> dict[str, object]:
    counts = await enquiry.ledger.counts()
    return {
        **_daemon(read_endpoints(enquiry.settings.storage.data)),
        "files": _counted(counts, "files", Status),
        "documents": _counted(counts, "documents", DocumentState),
        "drops": _counted(counts, "drops", DropState),
        "notices": _counted(counts, "notices", NoticeState),
        "accounts": late_and_waiting(enquiry, (await enquiry.ledger.directory()).accounts.values()),
        "stuck": await _stuck(enquiry),
        "spool": await _spool(enquiry),
        "free_bytes": await enquiry.books.spool.free_bytes(),
        "keep_free_bytes": enquiry.settings.storage.keep_free_bytes,
    }


def _daemon(endpoints: Endpoints) -> Row:
    return {
        "running": endpoints.is_running,
        "pid": endpoints.pid,
        "ready_at": endpoints.ready_at,
        "endpoints": dict(endpoints.doors),
    }


def _counted(counts: Mapping[str, int], kind: str, states: Iterable[str]) -> dict[str, int]:
    return {str(state): counts[f"{kind}.{state}"] for state in states}


async def _stuck(enquiry: Enquiry) -> dict[str, list[Row]]:
    late = enquiry.now() - _LATE
    drops = [drop for state in _OWED_DROPS for drop in await enquiry.ledger.drops(state=state)]
    notices = [notice for state in _OWED_NOTICES for notice in await enquiry.ledger.notices(NoticeQuery(state=state))]
    return {
        "drops": [drop_json(drop) for drop in drops if _is_stuck(drop, late)],
        "notices": [notice_json(notice) for notice in notices if _is_stuck(notice, late)],
        "failed": [{"submission": id} for id in await enquiry.books.spool.failed()],
    }


def _is_stuck(owed: Drop | Notice, late: datetime) -> bool:
    given_up = owed.state in (DropState.GIVEN_UP, NoticeState.GIVEN_UP)
    return given_up or owed.attempts > 0 or (owed.due_at is not None and owed.due_at < late)


async def _spool(enquiry: Enquiry) -> Row:
    """Return what is promised and not yet recorded."""
    ready = await enquiry.books.spool.ready()
    return {
        "unprocessed": len(ready),
        "oldest": ready[0] if ready else None,
        "oldest_at": iso(await _received_at(enquiry, ready[0])) if ready else None,
        "unfinished": len(await enquiry.books.spool.parked()),
    }


async def _received_at(enquiry: Enquiry, id: str) -> datetime | None:
    try:
        return (await enquiry.books.spool.envelope(id)).received_at
    except (NotThere, Permanent):  # worked on a moment ago, or damaged: the daemon sets it aside
        return None


def _tell(screen: Screen, report: Mapping[str, Any]) -> None:
    _tell_daemon(report)
    for kind in ("files", "documents", "drops", "notices"):
        counts = ", ".join(f"{number} {state}" for state, number in report[kind].items() if number)
        click.echo(f"{kind.capitalize():<10}{counts or 'none'}")
    spool = report["spool"]
    oldest = f", the oldest since {screen.cell(spool['oldest_at'], Kind.TIME)}" if spool["oldest_at"] else ""
    click.echo(f"Spool     {spool['unprocessed']} unprocessed{oldest}; {spool['unfinished']} unfinished")
    click.echo(f"Disk      {_room(report['free_bytes'], keep_free=report['keep_free_bytes'])}")
    _tell_accounts(screen, report["accounts"])
    _tell_stuck(screen, report["stuck"])


def _room(free: int, *, keep_free: int) -> str:
    """Return how much is free; people who are turned away are told that the administrator can see why."""
    refused = f": less than the {size_text(keep_free)} of keep_free_bytes, so that new files are refused"
    return f"{size_text(free)} free{refused if free < keep_free else ''}"


def _tell_accounts(screen: Screen, waiting: Mapping[str, Any]) -> None:
    """Say who waits for an account; who has waited longer than is promised by name."""
    late = f", {len(waiting['late'])} longer than the {waiting['promised_days']} days that are promised"
    click.echo(f"Accounts  {waiting['waiting'] or 'none'} waiting{late if waiting['late'] else ''}")
    if waiting["late"]:
        screen.heading("Accounts that are late")
        screen.table(waiting["late"], _LATE_ACCOUNTS)


def _tell_daemon(report: Mapping[str, Any]) -> None:
    if not report["running"]:
        click.echo("The gateway is not running.")
        return
    click.echo(f"The gateway is running (process {report['pid']}).")
    for door, places in report["endpoints"].items():
        if places:
            click.echo(f"  {door:<7}{', '.join(places)}")


def _tell_stuck(screen: Screen, stuck: Mapping[str, Sequence[Row]]) -> None:
    if not any(stuck.values()):
        click.echo("Nothing is stuck.")
    for kind, heading, columns in _STUCK:
        if stuck[kind]:
            screen.heading(heading)
            screen.table(stuck[kind], columns)
