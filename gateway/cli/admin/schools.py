"""`gateway admin schools`: the schools of the register (Source: SPEC 8, 13)."""

import click

from gateway.cli.admin.errand import Enquiry, Errand, on_enquiry, on_errand
from gateway.cli.filters import DFE_NUMBER, Filters, with_filters
from gateway.cli.render import Column, Row, print_json
from gateway.cli.shapes import account_json, school_json
from gateway.core.register import Directory, School, SchoolStatus
from gateway.core.standing import AccessRules
from gateway.errors import NotThere

COLUMNS = (
    Column("number", "DfE number"),
    Column("name", "Name"),
    Column("phase", "Phase"),
    Column("status", "Status"),
    Column("successor", "Successor"),
    Column("heads", "Headteacher"),
)
_CARD = (
    *COLUMNS[:4],
    Column("urn", "URN"),
    Column("closed_on", "Closed on"),
    Column("successor", "Successor"),
    Column("accepted_until", "Old number accepted until"),
)
_STALE = (*COLUMNS[:2], Column("stale", "Mail comes back from"))
_PEOPLE = (
    Column("username", "Username"),
    Column("name", "Name"),
    Column("role", "Role"),
    Column("state", "State"),
    Column("email", "Email"),
)


@click.group()
def schools() -> None:
    """The schools of the register."""


@schools.command("list")
@click.option("--stale", is_flag=True, help="Only those with people to whom our mail comes back; shows these people.")
@with_filters(statuses=tuple(SchoolStatus), only=["school", "status", "search"])
@on_enquiry
async def list_schools(enquiry: Enquiry, filters: Filters, stale: bool) -> None:
    """List schools by their DfE number."""
    directory = await enquiry.ledger.directory()
    found = [s for _, s in sorted(directory.schools.items()) if _is_wanted(s, filters)]
    if stale:
        _list_stale(enquiry, found, directory)
        return
    enquiry.screen.listing([school_json(s, directory) for s in found], COLUMNS, empty="There is no such school.")


def _list_stale(enquiry: Enquiry, schools: list[School], directory: Directory) -> None:
    """Show the schools with people to whom our mail comes back, and these people."""
    rows: list[Row] = []
    for school in schools:
        people = [person for person in directory.people_of(school.number) if person.is_stale]
        if people:
            addresses = [f"{person.username} <{person.email}>" for person in people]
            rows.append({**school_json(school, directory), "stale": addresses})
    enquiry.screen.listing(rows, _STALE, empty="Our mail to no school's people comes back.")


@schools.command("show")
@click.argument("number", type=DFE_NUMBER)
@on_errand
async def show_school(errand: Errand, number: str) -> None:
    """Show one school and its people."""
    directory = await errand.ledger.directory()
    school = directory.school(number)
    if school is None:
        raise NotThere(f"There is no school {number} in the register.")
    rules = errand.house.access.rules
    card = {**school_json(school, directory), "accounts": _accounts(number, directory, rules)}
    if errand.screen.as_json:
        print_json(card)
        return
    errand.screen.card(card, _CARD)
    errand.screen.heading("People")
    errand.screen.listing(_accounts(number, directory, rules), _PEOPLE, empty="Nobody may send for this school yet.")


@schools.command("check-mail", short_help="Say whether mail from a domain would pass here.")
@click.argument("sender", metavar="DOMAIN|ADDRESS")
@on_errand
async def check_mail(errand: Errand, sender: str) -> None:
    """Say whether mail from a domain or an address would pass here, and why not.

    The records of its DNS are read: SPF, DKIM, DMARC. Leaves with 65 when its mail would not pass.
    """
    from gateway.cli.admin.checkmail import check_mail as check

    await check(errand, sender)


def _is_wanted(school: School, filters: Filters) -> bool:
    return (
        filters.school in (None, school.number)
        and (not filters.status or school.status in filters.status)
        and filters.matches(school.number, school.name, school.urn)
    )


def _accounts(number: str, directory: Directory, rules: AccessRules) -> list[dict[str, object]]:
    people = sorted(directory.people_of(number), key=lambda a: a.username)
    return [dict(account_json(a, rules=rules)) for a in people]
