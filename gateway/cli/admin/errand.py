"""One errand of an administrator: the open house, the screen, and the name for the records.

Owns the step from a click callback, which can't wait, to an async function that gets an `Errand` (Source: SPEC 13).
"""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from gateway.cli.load import invocation, run_in_house
from gateway.cli.render import Screen, json_option
from gateway.ports import Ledger

if TYPE_CHECKING:
    from gateway.app import House


@dataclass(frozen=True)
class Errand:
    """What a command works with."""

    house: "House"
    screen: Screen
    actor: str  # who stands in the records

    @property
    def ledger(self) -> Ledger:
        """Return the truth."""
        return self.house.ledger

    @property
    def zone(self) -> tzinfo:
        """Return the authority's time zone."""
        return self.screen.zone

    def now(self) -> datetime:
        """Return the gateway's time."""
        return self.house.clock.now()


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
        zone = ZoneInfo(house.settings.authority.timezone)
        return work(Errand(house, Screen(as_json, zone), invocation(ctx).actor or "administrator"))

    run_in_house(ctx, start)
