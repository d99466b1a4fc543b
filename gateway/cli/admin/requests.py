"""`gateway admin requests`: what schools are asked to send, and who has not yet (Source: SPEC 13)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gateway.cli.admin.audience import Audience, read_audience, with_audience
from gateway.cli.admin.errand import Errand, on_errand, run_errand
from gateway.cli.filters import INSTANT, MOMENT, SERVICE_CODE, Filters, Moment, end_of, with_filters
from gateway.cli.render import Column, Kind, Row, iso, json_option, print_json
from gateway.core.notices.asking import standing_csv
from gateway.core.requests import FileRequest, Outcome, RequestState, SchoolStanding, Standing
from gateway.core.routing import Service
from gateway.errors import NotThere

COLUMNS = (
    Column("id", "Id"),
    Column("title", "Title"),
    Column("service", "Service"),
    Column("due_at", "By", Kind.TIME),
    Column("state", "State"),
    Column("asked", "Schools", Kind.NUMBER),
    Column("sent", "Sent", Kind.NUMBER),
    Column("late", "Late", Kind.NUMBER),
    Column("missing", "Not sent", Kind.NUMBER),
)
_CARD = (
    *COLUMNS[:5],
    Column("types", "Types"),
    Column("word", "Word in the name"),
    Column("note", "Note"),
    Column("opened_at", "Opened", Kind.TIME),
    Column("opened_by", "Opened by"),
    Column("closed_at", "Closed", Kind.TIME),
    Column("closed_by", "Closed by"),
    *COLUMNS[5:],
)
_SCHOOLS = (
    Column("school", "DfE number"),
    Column("name", "School"),
    Column("outcome", "Outcome"),
    Column("sent_at", "Date sent", Kind.TIME),
    Column("sent_by", "Sent by"),
    Column("file", "File"),
    Column("files", "Ids"),
    Column("can_be_told", "Is told"),
)
_CSV = click.option("--csv", "as_csv", is_flag=True, help="Answer with the table of schools, for a spreadsheet.")


@click.group()
def requests() -> None:
    """What schools are asked to send, and who has not yet."""


@requests.command("open", short_help="Ask schools for a file of a service.")
@click.argument("title")
@click.option("--service", required=True, type=SERVICE_CODE, help="The service that the file is for.")
@click.option("--by", "deadline", required=True, type=MOMENT, help="The deadline: to the end of this day, or a time.")
@click.option("--type", "types", multiple=True, metavar="EXT", help="Only files of this type count; repeat it.")
@click.option("--word", default="", metavar="WORD", help="Only files with this word in their name count.")
@click.option("--note", default="", metavar="TEXT", help="Words of your own to the schools.")
@with_audience
@json_option
@click.pass_context
def open_request(
    ctx: click.Context,
    /,
    *,
    schools: tuple[str, ...],
    schools_file: Path | None,
    all_schools: bool,
    as_json: bool,
    **said: Any,
) -> None:
    """Ask schools for a file of a service; their headteachers are told by email, now and before the deadline."""
    # Read by whoever calls, before root becomes the owner of the data.
    audience = read_audience(schools, schools_file, all_schools=all_schools)
    run_errand(ctx, lambda errand: _open(errand, audience, **said), as_json=as_json)


async def _open(errand: Errand, audience: Audience, **said: Any) -> None:
    errand.house.requests.require_enabled()
    request = _request(errand, audience.schools(errand.house.directory.current), **said)
    standing = await errand.house.requests.open(request)
    untold = sum(not school.can_be_told for school in standing.schools)
    errand.screen.action(
        _row(standing),
        sentence=f"{request.id}: {len(request.schools)} schools are asked for a file for {request.service} by "
        f"{errand.screen.when(request.due_at)}."
        + (
            f" For {untold} of them there is nobody to tell: `gateway admin requests show {request.id}`." * bool(untold)
        ),
    )


def _request(
    errand: Errand,
    schools: tuple[str, ...],
    *,
    title: str,
    service: str,
    deadline: Moment,
    types: tuple[str, ...],
    word: str,
    note: str,
) -> FileRequest:
    now, due_at = errand.now(), end_of(deadline, errand.zone) - INSTANT
    wanted = tuple(dict.fromkeys(t.strip().lower().removeprefix(".") for t in types))
    if not title.strip() or not title.isprintable() or len(title) > 60:
        raise NotThere("Expected a title of 1 to 60 letters in one line: schools read it as the subject of an email.")
    if due_at <= now:
        raise NotThere(f"The deadline {errand.screen.when(due_at)} has passed; expected one that is still to come.")
    _check_service(errand.house.policy.current.catalogue.get(service), service, wanted)
    if word and not word.isalnum():
        raise NotThere(
            f'"{word}" can\'t be asked for in a name; expected one word of letters and digits, like phonics.'
        )
    return FileRequest(
        id=errand.house.clock.new_id(),
        title=title.strip(),
        service=service,
        schools=schools,
        due_at=due_at,
        opened_at=now,
        opened_by=errand.actor,
        types=wanted,
        word=word.lower(),
        note=note.strip(),
    )


def _check_service(service: Service | None, code: str, types: tuple[str, ...]) -> None:
    if service is None:
        raise NotThere(f"There is no service {code}. `gateway admin services list` shows them.")
    if service.private:
        raise NotThere(
            f"{code} is a private service: who sent a file to it is nobody else's to know, so schools can't be asked."
        )
    if unknown := [t for t in types if t not in service.accepts]:
        raise NotThere(f"{code} accepts no {', '.join(unknown)}. It accepts: {', '.join(sorted(service.accepts))}.")


@requests.command("list", short_help="List requests, newest first.")
@with_filters(statuses=tuple(RequestState))
@on_errand
async def list_requests(errand: Errand, filters: Filters) -> None:
    """List requests, newest first, with how many schools have sent; the time is that of the opening.

    --sent-by is who opened it.
    """
    rows = [
        _row(standing)
        for standing in await errand.house.requests.standings()
        if _is_wanted(standing.request, filters)
        and filters.has_time(standing.request.opened_at, zone=errand.zone, now=errand.now())
    ]
    errand.screen.listing(rows, COLUMNS, empty="There is no such request.")


def _is_wanted(request: FileRequest, filters: Filters) -> bool:
    return (
        (filters.school is None or filters.school in request.schools)
        and filters.service in (None, request.service)
        and (not filters.status or request.state in filters.status)
        and filters.is_by(request.opened_by)
        and filters.matches(request.id, request.title)
    )


@requests.command("show")
@click.argument("id")
@click.option("--outcome", type=click.Choice([str(o) for o in Outcome]), help="Only schools with this outcome.")
@_CSV
@on_errand
async def show_request(errand: Errand, id: str, outcome: str | None, as_csv: bool) -> None:
    """Show a request, and school by school who has sent."""
    _refuse_both(errand, as_csv=as_csv)
    standing = await errand.house.requests.standing(id.strip().lower())
    shown = tuple(s for s in standing.schools if outcome in (None, s.outcome))
    if as_csv:
        _print_csv(errand, replace(standing, schools=shown))
        return
    if errand.screen.as_json:
        print_json({**_row(standing), "schools": [_school_row(school) for school in shown]})
        return
    errand.screen.card(_row(standing), _CARD)
    errand.screen.heading("Schools")
    errand.screen.listing([_school_row(school) for school in shown], _SCHOOLS, empty="No school.")


@requests.command("close", short_help="End a request: nobody is reminded any more.")
@click.argument("id")
@_CSV
@on_errand
async def close_request(errand: Errand, id: str, as_csv: bool) -> None:
    """End a request: nobody is reminded any more, and what comes later does not count."""
    _refuse_both(errand, as_csv=as_csv)
    standing = await errand.house.requests.close(id.strip().lower(), by=errand.actor)
    if as_csv:
        _print_csv(errand, standing)
        return
    sent, late, missing = (len(standing.those(outcome)) for outcome in Outcome)
    errand.screen.action(
        _row(standing),
        sentence=f"{standing.request.id} is closed: {sent} sent, {late} late, {missing} not sent. "
        f"The table for a spreadsheet: gateway admin requests show {standing.request.id} --csv",
    )


def _refuse_both(errand: Errand, *, as_csv: bool) -> None:
    if as_csv and errand.screen.as_json:
        raise click.UsageError("expected --json or --csv, not both")


def _print_csv(errand: Errand, standing: Standing) -> None:
    click.echo(standing_csv(standing, errand.zone), nl=False)


def _row(standing: Standing) -> Row:
    request = standing.request
    return {
        "id": request.id,
        "title": request.title,
        "service": request.service,
        "due_at": iso(request.due_at),
        "state": str(request.state),
        "types": list(request.types),
        "word": request.word or None,
        "note": request.note or None,
        "opened_at": iso(request.opened_at),
        "opened_by": request.opened_by,
        "closed_at": iso(request.closed_at),
        "closed_by": request.closed_by,
        "asked": len(standing.schools),
        "sent": len(standing.those(Outcome.SENT)),
        "late": len(standing.those(Outcome.LATE)),
        "missing": len(standing.those(Outcome.MISSING)),
    }


def _school_row(school: SchoolStanding) -> Row:
    file = school.file
    return {
        "school": school.school,
        "name": school.name or None,
        "outcome": str(school.outcome),
        "sent_at": iso(file.sent_at) if file else None,
        "sent_by": file.sent_by if file else None,
        "file": file.name if file else None,
        "files": [f.id for f in school.files],
        "can_be_told": school.can_be_told,
    }
