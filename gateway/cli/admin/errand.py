"""One errand of an administrator: the open house, the screen, and the name for the records; or an enquiry of the books.

Owns the step from a click callback, which can't wait, to an async function that gets an `Errand`, or only an `Enquiry`
where nothing is changed: that one starts in half the time (Source: SPEC 13; DESIGN 5).
"""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from gateway.cli.load import run_in_books, run_in_house
from gateway.cli.render import Screen, json_option
from gateway.cli.root import invocation
from gateway.ports import Ledger

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.books import Books
    from gateway.settings import Settings
    from gateway.tables import Tables


@dataclass(frozen=True)
class Enquiry:
    """What a command works with that only looks something up."""

    books: "Books | House"
    screen: Screen

    @property
    def ledger(self) -> Ledger:
        """Return the truth."""
        return self.books.ledger

    @property
    def settings(self) -> "Settings":
        """Return what is set."""
        return self.books.settings

    @property
    def tables(self) -> "Tables":
        """Return what an authority edits."""
        return self.books.tables

    @property
    def zone(self) -> tzinfo:
        """Return the authority's time zone."""
        return self.screen.zone

    def now(self) -> datetime:
        """Return the gateway's time."""
        return self.books.clock.now()


@dataclass(frozen=True)
class Errand(Enquiry):
    """What a command works with that changes something."""

    house: "House"
    actor: str  # who stands in the records


def on_enquiry(command: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Make an async function a command that changes nothing: it gets an enquiry before its options, as `on_errand`."""

    @json_option
    @click.pass_context
    @functools.wraps(command)
    def run(ctx: click.Context, /, as_json: bool, **options: Any) -> None:
        def start(books: "Books") -> Awaitable[None]:
            return command(Enquiry(books, _screen(books, as_json)), **options)

        run_in_books(ctx, start)

    return run


def on_errand(command: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Make an async function a command: it gets an errand before its options, and `--json` is read for it."""

    @json_option
    @click.pass_context
    @functools.wraps(command)
    def run(ctx: click.Context, /, as_json: bool, **options: Any) -> None:
        run_errand(ctx, lambda errand: command(errand, **options), as_json=as_json)

    return run


def run_errand(ctx: click.Context, work: Callable[[Errand], Awaitable[None]], *, as_json: bool) -> None:
    """Open the house, do the work, close."""

    def start(house: "House") -> Awaitable[None]:
        return work(Errand(house, _screen(house, as_json), house, invocation(ctx).actor or "administrator"))

    run_in_house(ctx, start)


def _screen(books: "Books | House", as_json: bool) -> Screen:
    return Screen(as_json, ZoneInfo(books.settings.authority.timezone))
