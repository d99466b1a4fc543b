"""From a command line to a house: which configuration, whose hands, and what is open while a command runs.

Owns the search for `gateway.toml` and the life of the house, or of its books alone, in a command. A command works while
the daemon runs and while it is down: both reach the same ledger (Source: SPEC 13).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import click

from gateway.cli.owner import become_owner
from gateway.cli.root import invocation
from gateway.clock import SystemClock
from gateway.core.mail import Mail, Posted
from gateway.core.names import Rules
from gateway.core.register import Directory
from gateway.errors import ConfigError, Fault

if TYPE_CHECKING:  # heavy: imported when a command needs them
    from gateway.app import House
    from gateway.books import Books
    from gateway.settings import Settings
    from gateway.tables import Tables

T = TypeVar("T")
OpenT = TypeVar("OpenT")

USUAL_PLACES = (Path("gateway.toml"), Path("/etc/gateway/gateway.toml"))


class StayingCourier:
    """The Courier port of a command: what it owes, the daemon sends. Asks for no relay and for no password."""

    async def send(self, mails: Sequence[Mail]) -> list[Posted]:
        """Put every mail off."""
        return [Posted("later", "The daemon sends it.") for _ in mails]


def find_config(named: str | None) -> Path:
    """Return the configuration that was named, else the one in a usual place. Raises ConfigError when there is none."""
    if named:
        return Path(named)
    found = next((path for path in USUAL_PLACES if path.is_file()), None)
    if found is None:
        places = " nor ".join(str(path) for path in USUAL_PLACES)
        problem = f"there is neither {places}; name one with -c or GATEWAY_CONFIG, or make one with `gateway init DIR`"
        raise ConfigError((Fault("gateway.toml", "", problem),))
    return found


@dataclass(frozen=True)
class Configuration:
    """What stands in `gateway.toml`, `config/` and `routing/`."""

    settings: "Settings"
    tables: "Tables"

    @property
    def zone(self) -> ZoneInfo:
        """Return the authority's time zone."""
        return ZoneInfo(self.settings.authority.timezone)

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self.settings.storage.data


class NameRules(NamedTuple):
    """What a name is read with, and the day on which it is read."""

    rules: Rules
    today: date  # in the authority's time zone


def read_configuration(config: str | None, *, tries_templates: bool = False) -> Configuration:
    """Read everything that an authority edits. Raises ConfigError with all that is wrong.

    What a template is at fault with is found when it is used, or here with `tries_templates`: half a second's work.
    """
    from gateway.tables import read_deployment

    return Configuration(*read_deployment(find_config(config), tries_templates=tries_templates))


def run_in_house(ctx: click.Context, work: Callable[["House"], Awaitable[T]]) -> T:
    """Open the house as the owner of its data, do the work, close it, and return what the work returned."""
    from gateway.app import open_house

    configuration = read_configuration(invocation(ctx).config)
    courier = StayingCourier()
    return _run(configuration, lambda: open_house(configuration.settings, configuration.tables, courier=courier), work)


def run_in_books(ctx: click.Context, work: Callable[["Books"], Awaitable[T]]) -> T:
    """Do as `run_in_house`, with the books alone: for work that changes nothing."""
    return _look_up(read_configuration(invocation(ctx).config), work)


def load_rules(config: str | None) -> NameRules:
    """Return what names are judged by: the living register, or the sample's where there is no ledger yet."""
    configuration = read_configuration(config)
    today = SystemClock().now().astimezone(configuration.zone).date()
    return NameRules(
        Rules(
            la_codes=frozenset(configuration.settings.authority.la_codes),
            catalogue=configuration.tables.catalogue,
            directory=_read_directory(configuration),
        ),
        today,
    )


def _read_directory(configuration: Configuration) -> Directory:
    if not configuration.data.is_dir():
        return _sample_directory(configuration)
    return _look_up(configuration, lambda books: books.ledger.directory())


def _sample_directory(configuration: Configuration) -> Directory:
    from gateway.sample import read_sample

    folder = configuration.settings.tables.config / "sample"
    if not folder.is_dir():
        click.echo(f"{configuration.data} is not there yet, so no school is known.", err=True)
        return Directory()
    click.echo(f"{configuration.data} is not there yet, so names are read with the sample register.", err=True)
    sample = read_sample(folder)
    return Directory(
        schools={school.number: school for school in sample.schools},
        successions={link.old: link for link in sample.successions},
        accounts={account.username: account for account in sample.accounts},
    )


def _look_up(configuration: Configuration, work: Callable[["Books"], Awaitable[T]]) -> T:
    from gateway.books import open_books

    return _run(configuration, lambda: open_books(configuration.settings, configuration.tables), work)


def _run(
    configuration: Configuration,
    opened: Callable[[], AbstractAsyncContextManager[OpenT]],
    work: Callable[[OpenT], Awaitable[T]],
) -> T:
    from gateway import log

    log.set_up(json=False, level="WARNING")  # the answer is on stdout; the log is the daemon's

    async def inside() -> T:
        async with opened() as what:
            return await work(what)

    become_owner(configuration.data)
    return asyncio.run(inside())
