"""`gateway admin failed`: what no program could work on, and what a person does about it.

Owns the commands' words (Source: DESIGN 4; SPEC 13).
"""

from datetime import datetime

import click

from gateway.cli.admin.endings import reason_of
from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.filters import Filters, with_filters
from gateway.cli.render import Column, Kind, Row, iso
from gateway.core.admission import Refusal
from gateway.core.ids import time_of
from gateway.core.setaside import SetAside, destroyed_at, kind_of, sender_of
from gateway.errors import NotThere

COLUMNS = (
    Column("id", "Id"),
    Column("kind", "What"),
    Column("sent_by", "Sent by"),
    Column("received_at", "Received", Kind.TIME),
    Column("set_aside_at", "Since", Kind.TIME),
    Column("size", "Size", Kind.SIZE),
    Column("why", "Why"),
)
_CARD = (
    *COLUMNS[:3],
    Column("name", "Name"),
    *COLUMNS[3:],
    Column("destroyed_at", "Kept until", Kind.TIME),
    Column("path", "Bytes"),
)


@click.group()
def failed() -> None:
    """What no program could work on (spool/failed/)."""


@failed.command("list")
@with_filters(only=("school", "sent_by", "since", "until", "academic_year", "search"))
@on_errand
async def list_failed(errand: Errand, filters: Filters) -> None:
    """List what was set aside, newest first; times are of its receipt."""
    found = [
        _row(errand, one)
        for one in reversed(await errand.house.set_asides.all())
        if _is_wanted(one, filters, errand) and filters.has_time(_received(one), zone=errand.zone, now=errand.now())
    ]
    errand.screen.listing(found, COLUMNS, empty="Nothing of the kind was set aside.")


@failed.command("show", short_help="Show one: what it is, and why it lies there.")
@click.argument("id")
@on_errand
async def show_failed(errand: Errand, id: str) -> None:
    """Show one: what it is, why it can't be worked on, and where its bytes lie."""
    one = _found(await errand.house.set_asides.find(id.strip().lower()))
    words = await errand.house.set_asides.words(one.id)
    row = {**_row(errand, one), "why_in_full": words or None}
    if errand.screen.as_json:
        errand.screen.action(row, sentence="")
        return
    errand.screen.card(row, _CARD)
    if words:
        errand.screen.heading("Why, in full")
        errand.screen.text(words)


@failed.command("retry", short_help="Let the gateway try one again.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Everything that was set aside.")
@on_errand
async def retry_failed(errand: Errand, ids: tuple[str, ...], every: bool) -> None:
    """Let the gateway try again, when the cause is put right; what fails again is set aside again, and told."""
    if bool(ids) == every:
        raise click.UsageError("expected one or more ids, or --all")
    wanted = [one.id for one in await errand.house.set_asides.all()] if every else [id.strip().lower() for id in ids]
    rows = [await _retry(errand, id) for id in wanted]
    if every or len(rows) > 1:
        errand.screen.listing(rows, COLUMNS, empty="Nothing was set aside.")
    else:
        errand.screen.action(rows[0], sentence=f"{rows[0]['id']} is tried again now.")


@failed.command("delete")
@click.argument("id")
@click.option("--reason", required=True, metavar="TEXT", help="For the audit trail.")
@click.option("--requested-by", required=True, metavar="WHO", help="For the audit trail.")
@on_errand
async def delete_failed(errand: Errand, id: str, reason: str, requested_by: str) -> None:
    """Let one go: its bytes are destroyed now. Tell its sender to send it again."""
    if not requested_by.strip():
        raise click.BadParameter("expected who asked for it", param_hint="--requested-by")
    answer = await errand.house.set_asides.delete(
        id.strip().lower(), reason=reason_of(reason), requested_by=requested_by.strip(), actor=errand.actor
    )
    row = _row(errand, _found(answer))
    errand.screen.action(row, sentence=f"{row['id']} is destroyed.")


async def _retry(errand: Errand, id: str) -> Row:
    return _row(errand, _found(await errand.house.set_asides.retry(id, actor=errand.actor)))


def _found(answer: SetAside | Refusal) -> SetAside:
    """Return what was found. Raises NotThere."""
    if isinstance(answer, Refusal):
        raise NotThere(answer.sentence)
    return answer


def _received(one: SetAside) -> datetime:
    return one.envelope.received_at if one.envelope else time_of(one.id)


def _is_wanted(one: SetAside, filters: Filters, errand: Errand) -> bool:
    username = one.envelope.username if one.envelope else None
    name = (one.envelope.name if one.envelope else None) or ""
    school = (one.envelope.school if one.envelope else None) or name[:7]
    return (
        filters.school in (None, school)
        and filters.is_by(username, sender_of(one, errand.house.directory.current))
        and filters.matches(one.id, name, one.why, kind_of(one))
    )


def _row(errand: Errand, one: SetAside) -> Row:
    envelope, policy = one.envelope, errand.house.policy.current
    return {
        "id": one.id,
        "kind": kind_of(one),
        "name": envelope.name if envelope else None,
        "channel": str(envelope.channel) if envelope else None,
        "sent_by": sender_of(one, errand.house.directory.current) or None,
        "sent_by_user": envelope.username if envelope else None,
        "received_at": iso(_received(one)),
        "set_aside_at": iso(one.since),
        "size": envelope.size if envelope else None,
        "why": one.why,
        "is_bug": one.is_bug,
        "destroyed_at": iso(destroyed_at(one.id, days=policy.terms.days, hours=policy.unfinished_hours)),
        "path": str(errand.house.settings.storage.data / "spool" / "failed" / one.id),
    }
