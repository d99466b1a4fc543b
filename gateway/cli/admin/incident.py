"""`gateway admin incident`: an investigation at a school (Source: SPEC 9, 13).

While it is open its people are suspended ("pending investigation") and no file of theirs is destroyed.
"""

import click

from gateway.cli.admin.endings import people_rows, reason_of
from gateway.cli.admin.errand import Enquiry, Errand, on_enquiry, on_errand
from gateway.cli.filters import DFE_NUMBER, Filters, with_filters
from gateway.cli.render import Column, Kind, Row, iso
from gateway.core.admission import Refusal
from gateway.core.suspension import Incident
from gateway.errors import NotThere

COLUMNS = (
    Column("id", "Id"),
    Column("school", "School"),
    Column("state", "State"),
    Column("opened_at", "Opened", Kind.TIME),
    Column("opened_by", "Opened by"),
    Column("closed_at", "Closed", Kind.TIME),
    Column("parties", "Parties"),
    Column("reason", "Reason"),
)


@click.group()
def incident() -> None:
    """Investigations at schools: access suspended, files held."""


@incident.command("open", short_help="Suspend everybody of a school, and hold their files.")
@click.option("--school", required=True, type=DFE_NUMBER, help="All its people are suspended, and its files held.")
@click.option("--user", "others", multiple=True, metavar="USER", help="A party of no school of it; repeat it.")
@click.option("--reason", default="pending investigation", metavar="TEXT", help="For the audit trail.")
@on_errand
async def open_incident(errand: Errand, school: str, others: tuple[str, ...], reason: str) -> None:
    """Suspend everybody of a school, and hold their files, until it is closed."""
    answer = await errand.house.suspend.open_incident(school, others=others, reason=reason_of(reason), by=errand.actor)
    if isinstance(answer, Refusal):
        raise NotThere(answer.sentence)
    count = len(answer.parties)
    errand.screen.action(
        incident_json(answer),
        sentence=f"Incident {answer.id} is open: {count} {'account is' if count == 1 else 'accounts are'} suspended, "
        f"and no file of school {school}, or from them, is destroyed until it is closed.",
    )


@incident.command("list", short_help="List incidents, newest first.")
@click.option("--open", "is_open", is_flag=True, help="Only those that are open.")
@with_filters(
    statuses=("open", "closed"), only=("school", "status", "sent_by", "since", "until", "academic_year", "search")
)
@on_enquiry
async def list_incidents(enquiry: Enquiry, is_open: bool, filters: Filters) -> None:
    """List incidents, newest first; the time is that of the opening, --sent-by is who opened it."""
    found = [
        each
        for each in await enquiry.ledger.incidents(is_open=True if is_open else None)
        if filters.school in (None, each.school)
        and (not filters.status or _state_of(each) in filters.status)
        and filters.is_by(each.opened_by)
        and filters.has_time(each.opened_at, zone=enquiry.zone, now=enquiry.now())
        and filters.matches(each.id, each.reason, *each.parties)
    ]
    enquiry.screen.listing([incident_json(each) for each in found], COLUMNS, empty="There is no such incident.")


@incident.command("close", short_help="End an incident: access comes back, terms run on.")
@click.argument("id")
@click.option("--reason", required=True, metavar="TEXT", help="What came of it, for the audit trail.")
@on_errand
async def close_incident(errand: Errand, id: str, reason: str) -> None:
    """End an incident: whom it suspended has access again, and terms run out as before.

    Who was suspended before it, or by another command, stays so.
    """
    closed, back = await errand.house.suspend.close_incident(id, reason=reason_of(reason), by=errand.actor)
    names = ", ".join(account.username for account in back) or "nobody"
    errand.screen.action(
        {**incident_json(closed), "reinstated": people_rows(errand, back)},
        sentence=f"Incident {closed.id} is closed. Access again: {names}.",
    )


def incident_json(found: Incident) -> Row:
    """Return an incident."""
    return {
        "id": found.id,
        "school": found.school,
        "state": _state_of(found),
        "reason": found.reason,
        "opened_at": iso(found.opened_at),
        "opened_by": found.opened_by,
        "parties": list(found.parties),
        "closed_at": iso(found.closed_at),
        "closed_by": found.closed_by,
        "closed_why": found.closed_why,
    }


def _state_of(found: Incident) -> str:
    return "open" if found.closed_at is None else "closed"
