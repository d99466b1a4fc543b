"""How answers are shown: tables on a terminal, plain columns in a pipe, JSON for programs.

Owns what reaches the screen. Text from outside (names, comments) never brings a terminal's control characters with it:
they are shown as escapes, in JSON too, where that changes nothing. Times are in the authority's zone for people and in
UTC for programs (Source: SPEC 13).
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum, auto
from typing import Any, Literal, TypeVar

import click

from gateway.core.visible import visible

F = TypeVar("F", bound=Callable[..., Any])
Row = Mapping[str, object]  # plain JSON, as `shapes` makes it

_GAP = "  "


class Kind(Enum):
    """How the value of a column is written for people."""

    TEXT = auto()
    TIME = auto()
    SIZE = auto()
    NUMBER = auto()

    @property
    def is_right(self) -> bool:
        """Whether it stands at the right of its column."""
        return self in (Kind.SIZE, Kind.NUMBER)


@dataclass(frozen=True)
class Column:
    """One column of a table, or one line of a card."""

    key: str  # of the row
    heading: str
    kind: Kind = Kind.TEXT


def json_option(command: F) -> F:
    """Give a command `--json`; it arrives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")(command)


@dataclass(frozen=True)
class Screen:
    """Where a command answers."""

    as_json: bool
    zone: tzinfo

    def listing(self, rows: Sequence[Row], columns: Sequence[Column], *, empty: str) -> None:
        """Show rows: a JSON array, or a table, or the sentence that says there are none."""
        if self.as_json:
            print_json(list(rows))
        elif rows:
            self.table(rows, columns)
        else:
            click.echo(empty)

    def action(self, changed: Row, *, sentence: str) -> None:
        """Show what was done: the object that it changed, or a sentence."""
        if self.as_json:
            print_json(changed)
        else:
            click.echo(visible(sentence))

    def table(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        """Show rows to people."""
        cells = [[self.cell(row.get(c.key), c.kind) for c in columns] for row in rows]
        if not sys.stdout.isatty():
            _print_plain(cells, columns)
        elif not _print_rich(cells, columns):
            self._cards(rows, columns)

    def _cards(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        """Show rows one below the other, on a terminal too narrow for a table."""
        for row in rows:
            self.card(row, columns)
            click.echo()

    def card(self, row: Row, columns: Sequence[Column]) -> None:
        """Show one row to people, a line a value; what is absent is left out."""
        width = max(len(c.heading) for c in columns)
        for column in columns:
            if text := self.cell(row.get(column.key), column.kind):
                click.echo(f"{column.heading:<{width}}{_GAP}{text}")

    def heading(self, text: str) -> None:
        """Show the heading of a part to people."""
        click.echo()
        click.secho(text, bold=True)

    def text(self, text: str) -> None:
        """Show a text of several lines to people."""
        click.echo()
        for line in text.splitlines():
            click.echo(visible(line))

    def cell(self, value: object, kind: Kind) -> str:
        """Return a value as people read it, on one line."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list | tuple):
            return ", ".join(self.cell(each, kind) for each in value)
        if kind is Kind.TIME:
            return self.when(datetime.fromisoformat(str(value)))
        if kind is Kind.SIZE:
            return size_text(int(str(value)))
        return visible(str(value))

    def when(self, at: datetime) -> str:
        """Return a time as people read it, in the authority's zone."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")


def print_json(value: object) -> None:
    """Write JSON in UTF-8, whatever the terminal's encoding is."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    safe = "".join(c if c == "\n" or c.isprintable() else _json_escape(c) for c in text)
    click.echo(safe.encode("utf-8") + b"\n", nl=False)


def iso(at: datetime | None) -> str | None:
    """Return a time for programs: ISO 8601 in UTC, always of the same length."""
    from datetime import UTC

    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def size_text(size: int) -> str:
    """Return a number of bytes as people read it."""
    if size == 1:
        return "1 byte"
    amount = float(size)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _print_rich(cells: Sequence[Sequence[str]], columns: Sequence[Column]) -> bool:
    """Print a table, unless the terminal is so narrow that words would be broken in two."""
    from rich import box
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column, texts in zip(columns, zip(*cells, strict=True), strict=True):
        least = max(len(word) for text in (column.heading, *texts) for word in text.split())
        is_one_word = max(map(len, (column.heading, *texts))) <= least
        justify: Literal["left", "right"] = "right" if column.kind.is_right else "left"
        table.add_column(column.heading, justify=justify, min_width=least, no_wrap=is_one_word)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))  # Text: a name is never read as markup
    console = Console()
    if Measurement.get(console, console.options.update_width(10_000), table).minimum > console.width:
        return False
    console.print(table)
    return True


def _print_plain(cells: Sequence[Sequence[str]], columns: Sequence[Column]) -> None:
    widths = [max(len(line[i]) for line in (*cells, [c.heading for c in columns])) for i in range(len(columns))]
    for line in ([c.heading for c in columns], *cells):
        padded = (
            text.rjust(width) if column.kind.is_right else text.ljust(width)
            for text, width, column in zip(line, widths, columns, strict=True)
        )
        click.echo(_GAP.join(padded).rstrip())
