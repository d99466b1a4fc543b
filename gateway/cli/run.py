"""`gateway run`: the daemon, in the foreground (Source: SPEC 11, 13)."""

import asyncio

import click

from gateway.cli.load import read_configuration
from gateway.cli.owner import demand_owner
from gateway.cli.root import invocation


@click.command("run")
@click.pass_context
def run_command(ctx: click.Context) -> None:
    """Run the gateway in the foreground, until SIGTERM or Ctrl-C."""
    from gateway.daemon import serve
    from gateway.loop import new_loop

    configuration = read_configuration(invocation(ctx).config, tries_templates=True)
    if configuration.data.exists():  # or the daemon makes it, as its own
        demand_owner(configuration.data)
    settings = configuration.settings
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve(settings, configuration.tables, settings.file))
