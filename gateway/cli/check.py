"""`gateway check`: what is right and what is wrong, before anything depends on it (Source: SPEC 11, 13).

Runs the loader of the daemon, then looks at what the configuration points at. Changes nothing. Exit 78 for a fault of
the configuration, 69 where only something outside is at fault, else 0; a warning alone is 0.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.load import find_config
from gateway.cli.owner import become_owner
from gateway.cli.render import Column, Screen, json_option
from gateway.cli.root import invocation
from gateway.cli.verdict import Finding, exit_code, fault, ok, warning
from gateway.errors import ConfigError, NotPermitted

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.tables import Tables

_COLUMNS = (Column("verdict", "Verdict"), Column("what", "What"), Column("detail", "Detail"))


@click.command("check")
@json_option
@click.pass_context
def check_command(ctx: click.Context, as_json: bool) -> None:
    """Say what is right and what is wrong: configuration, tables, keys, disk, drop folders, relay, scanner."""
    from gateway.clock import SystemClock

    findings = list(_look(ctx, now=SystemClock().now()))
    rows = [{"what": f.what, "verdict": f.verdict, "detail": f.detail} for f in findings]
    Screen(as_json=as_json, zone=UTC).listing(rows, _COLUMNS, empty="")
    if not as_json:
        click.echo(_summary(findings))
    ctx.exit(exit_code(findings))


def _look(ctx: click.Context, *, now: datetime) -> Iterator[Finding]:
    """Yield every finding. What the daemon's loader refuses is not looked at any further."""
    from gateway.tables import read_deployment

    try:
        settings, tables = read_deployment(find_config(invocation(ctx).config))
    except ConfigError as error:
        yield from (fault("configuration", str(each)) for each in error.faults)
        return
    yield ok("configuration", f"{settings.file}: every key can be used")
    yield from _check_contact(settings)
    yield from _describe_tables(tables, today=now.date())
    yield from _check_rights(settings.storage.data)
    yield from _check_around(settings, tables, now=now)


def _describe_tables(tables: "Tables", *, today: date) -> Iterator[Finding]:
    yield ok(
        "tables",
        f"{len(tables.catalogue.services)} services, {len(tables.folders)} standard folders, "
        f"{len(tables.templates.by_name)} notices, policy {tables.acceptable_use.version}",
    )
    yield _check_holidays(tables.holidays, today)


def _check_holidays(days: frozenset[date], today: date) -> Finding:
    last = max(days, default=None)
    if last is None or last < today:
        return warning("holidays", "config/holidays.toml has none to come; every weekday counts as a working day.")
    return ok("holidays", f"{len(days)} days, the last on {last}")


def _check_contact(settings: "Settings") -> Iterator[Finding]:
    if settings.authority.contact_address is None:
        detail = "[authority] contact holds no email address; mail for postmaster@ and alerts have nowhere to go."
        yield warning("contact", detail)


def _check_rights(data: Path) -> Iterator[Finding]:
    """Go on as the user of the daemon, from root; what that user can't read is a fault."""
    try:
        become_owner(data)
    except NotPermitted as error:
        yield warning("user", f"{error} What follows is judged with your rights.")
    except ConfigError:
        return  # an absent data folder has a finding of its own


def _check_around(settings: "Settings", tables: "Tables", *, now: datetime) -> Iterator[Finding]:
    from gateway.cli.check_host import check_drop_folders, check_host

    yield from check_host(settings, now=now)
    yield from check_drop_folders(tables.catalogue)
    yield from asyncio.run(_ask_neighbours(settings))


async def _ask_neighbours(settings: "Settings") -> list[Finding]:
    from gateway.cli.check_neighbours import check_names, check_relay, check_scanner

    asked = [check_relay(settings.notices), check_scanner(settings.inspect.scanner)]
    if settings.smtp.verify_domains and (settings.smtp.listen or settings.smtp.listen_tls):
        asked.append(check_names(settings.dns, settings.smtp.domain))
    return [*await asyncio.gather(*asked)]


def _summary(findings: list[Finding]) -> str:
    counts = {verdict: sum(f.verdict == verdict for f in findings) for verdict in ("ok", "warning", "fault")}
    return f"\n{counts['ok']} right, {counts['warning']} with a warning, {counts['fault']} at fault."
