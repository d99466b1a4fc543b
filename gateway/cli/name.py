"""`gateway name NAME…`: what the gateway would do with files of these names, and why; nothing is sent.

Owns how a reading is shown. It judges nothing itself: the grammar is `core.names`, the same for every channel. Exit 65
when any name would be rejected (Source: SPEC 3, 13).
"""

import textwrap
from collections.abc import Iterator, Sequence

import click

from gateway.cli.exits import DATA
from gateway.cli.filters import DFE_NUMBER
from gateway.cli.render import Row, json_option, print_json
from gateway.core.names import Reading, read_name
from gateway.core.reasons import Reason, advice_for, sentence_for
from gateway.core.routing import Catalogue
from gateway.core.visible import visible

_WIDTH = 100  # columns
_CODE_FAULTS = {Reason.NO_SERVICE_CODE, Reason.UNKNOWN_SERVICE_CODE}


@click.command("name")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--school",
    "schools",
    multiple=True,
    type=DFE_NUMBER,
    metavar="N",
    help="DfE number of a school that the sender may send for; may be given again. Without it, that is not judged.",
)
@json_option
@click.pass_context
def name_command(ctx: click.Context, names: tuple[str, ...], schools: tuple[str, ...], as_json: bool) -> None:
    """Say what would happen to a file of this name, and what to name it instead; nothing is sent."""
    from gateway.cli.load import load_rules
    from gateway.cli.root import invocation

    rules, today = load_rules(invocation(ctx).config)
    sender = frozenset(schools) if schools else None
    readings = [read_name(name, rules, on=today, schools=sender) for name in names]
    if as_json:
        print_json([as_row(reading) for reading in readings])
    else:
        click.echo(describe(readings, rules.catalogue))
    ctx.exit(exit_code(readings))


def exit_code(readings: Sequence[Reading]) -> int:
    """Return 0 when every name would be accepted, else 65."""
    return DATA if any(reading.faults for reading in readings) else 0


def as_row(reading: Reading) -> Row:
    """Return a reading as programs get it: the keys and their order are a contract (SPEC 13)."""
    return {
        "name": reading.name,
        "verdict": reading.verdict,
        "school": reading.school,
        "service": reading.service,
        "description": reading.description,
        "date": reading.date,
        "version": reading.version,
        "warnings": list(reading.warnings),
        "reason": reading.reason,
        "faults": list(reading.faults),
        "sentence": reading.sentence or None,
        "correction": reading.correction,
    }


def describe(readings: Sequence[Reading], catalogue: Catalogue) -> str:
    """Return what people read: a paragraph a name; and the codes, where one is wanting and no name is offered."""
    paragraphs = ["\n".join(_paragraph(reading, catalogue)) for reading in readings]
    if any(_CODE_FAULTS.intersection(reading.faults) and not reading.correction for reading in readings):
        paragraphs.append("\n".join(_table_of_codes(catalogue)))
    return "\n\n".join(paragraphs)


def _paragraph(reading: Reading, catalogue: Catalogue) -> Iterator[str]:
    yield visible(reading.name) or "(no name)"
    yield from _rejected(reading) if reading.faults else _accepted(reading, catalogue)
    for warning in reading.warnings:
        yield _line("Next time", advice_for(warning))


def _accepted(reading: Reading, catalogue: Catalogue) -> Iterator[str]:
    service = catalogue.get(reading.service or "")
    assert service is not None  # accepted: the code is one of the catalogue's
    yield _line("Accepted", f"goes to {service.code} ({service.name}) as a file of school {reading.school}.")
    if service.hint:
        yield _line("Note", service.hint)


def _rejected(reading: Reading) -> Iterator[str]:
    yield _line("Rejected", f"{reading.sentence} [{reading.reason}]")
    for fault in reading.faults[1:]:
        if not (fault == Reason.NO_SERVICE_CODE and reading.reason == Reason.NO_DFE_NUMBER):  # its sentence says both
            yield _line("Also", f"{sentence_for(fault)} [{fault}]")
    if reading.correction:
        yield f"  Instead:   {visible(reading.correction)}"  # on one line, to be copied


def _line(label: str, text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"  {label + ':':<11}",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table_of_codes(catalogue: Catalogue) -> Iterator[str]:
    yield "The service codes:"
    width = max((len(code) for code in catalogue.services), default=0)
    for service in catalogue.services.values():
        yield f"  {service.code:<{width}}  {service.name}"
