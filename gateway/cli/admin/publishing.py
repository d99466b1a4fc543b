"""`gateway admin documents publish`: files from this host to schools, with a preview of who gets what.

Owns the options, the preview, and the way into the spool: a file is published by the daemon, or by this command itself
where no daemon runs; killed in between, what was sealed is published at the next start (Source: SPEC 7, 11, 13).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.admin.audience import read_audience, with_audience
from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.render import Column, Kind, Row, Screen, print_json
from gateway.cli.shapes import document_json
from gateway.core.documents import Addressed, DocumentState, Order
from gateway.core.model import Channel
from gateway.core.notices.published import people_of
from gateway.core.publishing import Direction, direct
from gateway.core.submission import Envelope, Submission
from gateway.errors import NotThere, Transient
from gateway.store.lock import DataLock

if TYPE_CHECKING:
    from gateway.pipeline.policy import Policy

PIECE = 1 << 20  # bytes read at once
PATIENCE = 60.0  # seconds for which the daemon's record is waited for
LOOK_EVERY = 0.2  # seconds

_PREVIEW = (
    Column("name", "File"),
    Column("schools", "For"),
    Column("shown", "Schools see"),
    Column("state", "State"),
    Column("why", "Why"),
)


@dataclass(frozen=True)
class Ordered:
    """One file with where it goes."""

    path: Path
    size: int
    direction: Direction


@click.command("publish")
@click.option("--folder", metavar="KEY", default="general", help="A key of routing/folders.toml; else general.")
@with_audience
@click.option("--head-only", is_flag=True, help="For headteachers alone.")
@click.option("--preview", is_flag=True, help="Only say who would get what; nothing is published.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@on_errand
async def publish(
    errand: Errand,
    *,
    folder: str,
    schools: tuple[str, ...],
    schools_file: Path | None,
    all_schools: bool,
    head_only: bool,
    preview: bool,
    files: tuple[Path, ...],
) -> None:
    """Publish files to schools.

    Without --school, --schools-file and --all-schools, the DfE number in front of each name says its one school.
    """
    audience = read_audience(schools, schools_file, all_schools=all_schools, may_be_unsaid=True)
    order = Order(folder, schools=audience.numbers, everyone=audience.is_everyone, head_only=head_only)
    policy = errand.house.policy.current
    _check(order, policy, errand)
    ordered = [_ordered(path, order, errand) for path in files]
    order = _together(order, ordered, policy, errand)
    if preview:
        _show_preview(errand.screen, ordered, order, errand)
        return
    if not await errand.house.receive.has_room(sum(one.size for one in ordered)):
        raise Transient("The disk of the spool has no room for these files. Nothing was published.")
    envelopes = [await _seal(errand, one, order) for one in ordered]
    records = await _recorded(errand, envelopes)
    _tell(errand, records, envelopes, ordered, order)


# Before anything is published


def _check(order: Order, policy: "Policy", errand: Errand) -> None:
    """Raise NotThere for what this gateway doesn't have: a folder, a room for headteachers, a school."""
    if policy.documents.folder(order.folder) is None:
        keys = ", ".join(folder.key for folder in policy.documents.folders)
        raise NotThere(f'There is no folder "{order.folder}". Say one with --folder: {keys}.')
    if order.head_only and not policy.documents.head_only:
        raise NotThere("Documents for headteachers alone are not in use here: [documents] head_only is false.")
    register = errand.house.directory.current
    unknown = [n for n in order.schools if register.school(n) is None and n not in register.successions]
    if unknown:
        raise NotThere(f"No school of the register has this number: {', '.join(unknown)}. Nothing was published.")


def _ordered(path: Path, order: Order, errand: Errand) -> Ordered:
    policy = errand.house.policy.current
    try:
        size = path.stat().st_size
    except OSError as error:
        raise NotThere(f"{path} can't be read: {error.strerror}. Nothing was published.") from None
    if not 0 < size <= policy.max_file_bytes:
        problem = "is empty" if not size else f"is larger than the {policy.max_file_bytes >> 20} MiB that are taken"
        raise NotThere(f"{path} {problem}. Nothing was published.")
    on = policy.day_of(errand.now())
    directory = errand.house.directory.current
    return Ordered(path, size, direct(path.name, order, directory=directory, la_codes=policy.la_codes, on=on))


def _together(order: Order, ordered: Sequence[Ordered], policy: "Policy", errand: Errand) -> Order:
    """Return the order with the id of the publication, and whether all of it waits for a confirmation."""
    reached = {school for one in ordered for school in one.direction.schools}
    waits = len(reached) > policy.documents.confirm_above
    return replace(order, publication=errand.house.clock.new_id(), waits=waits)


def _show_preview(screen: Screen, ordered: Sequence[Ordered], order: Order, errand: Errand) -> None:
    rows = [_preview_row(one, order) for one in ordered]
    if screen.as_json:
        print_json(rows)
        return
    screen.table([{**row, "schools": _for_whom(one, errand)} for row, one in zip(rows, ordered, strict=True)], _PREVIEW)
    _tell_passed(ordered)


def _preview_row(one: Ordered, order: Order) -> Row:
    held = one.direction.reason is not None
    state = DocumentState.HELD if held else DocumentState.WAITING if order.waits else DocumentState.PUBLISHED
    return {
        "name": one.path.name,
        "shown": None if held else one.direction.shown,
        "schools": list(one.direction.schools),
        "state": str(state),
        "reason": one.direction.reason,
        "why": one.direction.sentence or None,
        "passed": [vars(passed) for passed in one.direction.passed],
    }


def _for_whom(one: Ordered, errand: Errand) -> str:
    schools, register = one.direction.schools, errand.house.directory.current
    if len(schools) != 1:
        return f"{len(schools)} schools" if schools else "nobody"
    school = register.school(schools[0])
    return f"{schools[0]} {school.name}" if school else schools[0]


# The way in


async def _seal(errand: Errand, one: Ordered, order: Order) -> Envelope:
    """Make one file our word."""
    intake = errand.house.receive.begin()
    try:
        with one.path.open("rb") as source:
            while piece := source.read(PIECE):
                intake.write(piece)
                await intake.drain()
        return await intake.seal(
            channel=Channel.COMMAND, username=errand.actor, verified_by="command", name=one.path.name, order=order
        )
    except OSError as error:
        await intake.discard()
        raise NotThere(f"{one.path} can't be read by the gateway's user: {error.strerror}.") from None
    except BaseException:
        await intake.discard()
        raise


async def _recorded(errand: Errand, envelopes: Sequence[Envelope]) -> list[Submission]:
    """Return what was recorded: by the daemon, or by ourselves where none runs."""
    house = errand.house
    lock = DataLock(house.settings.storage.data)
    try:
        lock.take()
    except Transient:
        return await _recorded_by_daemon(errand, envelopes)
    try:
        await house.recover.pass_once()  # as the daemon begins: what a stop left goes first
    finally:
        lock.release()
    return await _found(errand, envelopes)


async def _recorded_by_daemon(errand: Errand, envelopes: Sequence[Envelope]) -> list[Submission]:
    clock = errand.house.clock
    end = clock.monotonic() + PATIENCE
    while len(found := await _found(errand, envelopes)) < len(envelopes) and clock.monotonic() < end:
        await clock.sleep(LOOK_EVERY)
    return found


async def _found(errand: Errand, envelopes: Sequence[Envelope]) -> list[Submission]:
    found = [await errand.ledger.submission(envelope.id) for envelope in envelopes]
    return [submission for submission in found if submission is not None]


# Afterwards


def _tell(
    errand: Errand,
    records: Sequence[Submission],
    envelopes: Sequence[Envelope],
    ordered: Sequence[Ordered],
    order: Order,
) -> None:
    """Show what became of each file; leave with 65 when any is held."""
    documents = [a for submission in records for a in submission.documents]
    repeats = [p.name or "" for s in records for p in s.parts if p.fate == "duplicate"]
    held = [a for a in documents if a.document.state is DocumentState.HELD]
    waiting = [a for a in documents if a.document.state is DocumentState.WAITING]
    late = len(envelopes) - len(records)
    if errand.screen.as_json:
        print_json(
            {
                "publication": order.publication,
                "waits": bool(waiting),
                "documents": [document_json(a.document, a.schools) for a in documents],
                "repeats": repeats,
                "unfinished": late,
                "passed": [vars(p) for one in ordered for p in one.direction.passed],
            }
        )
    else:
        errand.screen.table([_outcome_row(a, errand) for a in documents], _OUTCOME) if documents else None
        _tell_passed(ordered)
        _tell_in_words(order, waiting=waiting, held=held, repeats=repeats, late=late)
    if held:
        click.get_current_context().exit(65)


_OUTCOME = (
    Column("id", "Id"),
    Column("sent_name", "File"),
    Column("schools", "For"),
    Column("size", "Size", Kind.SIZE),
    Column("state", "State"),
    Column("detail", "Why"),
)


def _outcome_row(addressed: Addressed, errand: Errand) -> Row:
    people = people_of(addressed, errand.house.directory.current) or "nobody"
    return {**document_json(addressed.document), "schools": people}


def _tell_passed(ordered: Sequence[Ordered]) -> None:
    passed = {p.number: p for one in ordered for p in one.direction.passed}
    for number, one in sorted(passed.items()):
        follower = f"{one.successor} follows it and gets it" if one.successor else "it gets nothing"
        click.echo(f"{number} is closed: {follower}." if one.why == "closed-school" else f"{number} is no school.")


def _tell_in_words(
    order: Order,
    *,
    waiting: Sequence[Addressed],
    held: Sequence[Addressed],
    repeats: Sequence[str],
    late: int,
) -> None:
    for name in repeats:
        click.echo(f"{name}: its schools have exactly this already, so nothing was published twice.")
    if held:
        click.echo(f"{len(held)} held: no school sees them. Publish them again under better names.")
    if waiting:
        click.echo(f"Nothing went out yet. To let it out: gateway admin documents confirm {order.publication}")
    if late:
        click.echo(f"{late} still being looked at; `gateway admin documents list` shows them when they are done.")
