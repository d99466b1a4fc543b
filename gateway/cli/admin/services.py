"""`gateway admin services`: what stands in `routing/services.toml`, and who its officers are (Source: SPEC 8, 13)."""

import click

from gateway.cli.admin.errand import Enquiry, on_enquiry
from gateway.cli.filters import SERVICE_CODE, Filters, with_filters
from gateway.cli.render import Column, Kind, Row, print_json
from gateway.cli.shapes import service_json
from gateway.errors import NotThere

COLUMNS = (
    Column("code", "Code"),
    Column("name", "Name"),
    Column("targets", "Targets"),
    Column("receive", "Received"),
    Column("private", "Private"),
    Column("officers", "Officers"),
)
_CARD = (
    *COLUMNS[:2],
    Column("use", "Use"),
    Column("hint", "Hint"),
    Column("aliases", "Also called"),
    Column("confusable", "Confused with"),
    Column("accepts", "Accepts"),
    Column("max_bytes", "Largest file", Kind.SIZE),
    *COLUMNS[2:],
    Column("digest", "Digest"),
)


@click.group()
def services() -> None:
    """The services, as routing/ names them."""


@services.command("list")
@with_filters(only=["service", "search"])
@on_enquiry
async def list_services(enquiry: Enquiry, filters: Filters) -> None:
    """List services by their code."""
    directory = await enquiry.ledger.directory()
    found = [
        service_json(service, directory)
        for code, service in sorted(enquiry.tables.catalogue.services.items())
        if filters.service in (None, code) and filters.matches(code, service.name, service.use, *service.aliases)
    ]
    rows = found if enquiry.screen.as_json else [_in_words(row) for row in found]
    enquiry.screen.listing(rows, COLUMNS, empty="There is no such service.")


@services.command("show")
@click.argument("code", type=SERVICE_CODE)
@on_enquiry
async def show_service(enquiry: Enquiry, code: str) -> None:
    """Show one service."""
    service = enquiry.tables.catalogue.get(code)
    if service is None:
        raise NotThere(f"There is no service {code}. `gateway admin services list` shows the codes.")
    row = service_json(service, await enquiry.ledger.directory())
    if enquiry.screen.as_json:
        print_json(row)
    else:
        enquiry.screen.card(_in_words(row), _CARD)


def _in_words(row: Row) -> Row:
    """Return the row with its targets as text."""
    targets = row["targets"]
    assert isinstance(targets, list)
    return {**row, "targets": [" ".join(str(v) for v in target.values() if v) for target in targets]}
