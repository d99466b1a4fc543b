"""Each listing takes the portal's filters that mean something there and refuses all others (SPEC 13)."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gateway.cli.admin import admin
from tests.cli.conftest import Deployment

DOCS = Path(__file__).parents[3] / "docs" / "administrators.md"
COLUMNS = ("school", "service", "status", "sent-by", "time", "search")
OF_TIME = ("since", "until", "academic-year")
SAMPLES = {
    "school": "8302000",
    "service": "SEN",
    "status": "Sent",
    "sent-by": "somebody",
    "since": "2026-01-01",
    "until": "2026-12-31",
    "academic-year": "current",
    "search": "plan",
}


def documented() -> dict[str, set[str]]:
    """Return the listings of the table in the docs, each with its filters."""
    found = {}
    for name, marks in re.findall(
        r"^\| `([a-z ]+)` ((?:\| x? ?){6})\|", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    ):
        has = [column for column, mark in zip(COLUMNS, marks.split("|")[1:], strict=True) if mark.strip() == "x"]
        found[name] = {each for column in has for each in (OF_TIME if column == "time" else (column,))}
    return found


def commands(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command below a group by its words."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        words = f"{above} {name}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, words)
        else:
            yield words, command


def filters_of(command: click.Command) -> tuple[set[str], set[str]]:
    """Return the filters that a command takes, and those that it refuses with a sentence."""
    options = [p for p in command.params if isinstance(p, click.Option) and p.opts[0].removeprefix("--") in SAMPLES]
    taken = {p.opts[0].removeprefix("--") for p in options if not p.hidden}
    return taken, {p.opts[0].removeprefix("--") for p in options if p.hidden}


LISTINGS = {
    words: command for words, command in commands(admin) if re.search(r"(^| )list$|^report |^retention due$", words)
}
OF_ONE_PERSON = {"users key list"}


def test_the_table_in_the_docs_has_every_listing() -> None:
    assert set(documented()) == set(LISTINGS) - OF_ONE_PERSON


@pytest.mark.parametrize("listing", sorted(documented()))
def test_a_listing_takes_the_filters_of_the_table_and_refuses_the_others(listing: str) -> None:
    taken, refused = filters_of(LISTINGS[listing])
    assert taken == documented()[listing]
    assert taken | refused == set(SAMPLES)


@pytest.mark.parametrize("listing", sorted(documented()))
def test_a_filter_without_a_meaning_is_a_usage_error_with_a_sentence(deployment: Deployment, listing: str) -> None:
    for name in set(SAMPLES) - documented()[listing]:
        ran = deployment.run("admin", *listing.split(), f"--{name}", SAMPLES[name])
        assert ran.exit_code == 64
        assert f"--{name} has no meaning here: " in " ".join(ran.stderr.split())


@pytest.mark.parametrize("listing", sorted(documented()))
def test_a_listing_is_an_array_with_every_filter_and_with_none(deployment: Deployment, listing: str) -> None:
    config = deployment.config.read_text().replace("\nenabled = false", "\nenabled = true")  # file requests
    deployment.config.write_text(config)
    assert isinstance(deployment.ask("admin", *listing.split()), list)
    status = next((p.type for p in LISTINGS[listing].params if p.name == "status"), None)
    words = SAMPLES | ({"status": status.choices[0]} if isinstance(status, click.Choice) else {})
    for left_out in ({"since", "until"}, {"academic-year"}):
        line = [part for name in documented()[listing] - left_out for part in (f"--{name}", words[name])]
        assert isinstance(deployment.ask("admin", *listing.split(), *line), list)
