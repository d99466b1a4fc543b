"""The command `gateway` and how it finds its parts: a subcommand is imported when it is called, and not before.

Owns `-c`, `--version` and the table of commands. The words of `--help` stand in that table, so that help costs no
import (Source: SPEC 13; DESIGN 5).
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from gateway import __version__
from gateway.cli.exits import leave_with


@dataclass(frozen=True)
class Part:
    """A subcommand that is not imported yet."""

    place: str  # module:attribute
    summary: str  # its line in --help


@dataclass(frozen=True)
class Invocation:
    """What was said before the subcommand: `ctx.obj`."""

    config: str | None = None  # -c, or GATEWAY_CONFIG
    actor: str | None = None  # --as


def invocation(ctx: click.Context) -> Invocation:
    """Return what was said before the subcommand."""
    return ctx.find_object(Invocation) or Invocation()


class LazyGroup(click.Group):
    """A group whose subcommands are named by a table and imported one at a time."""

    def __init__(self, *args: Any, parts: Mapping[str, Part], **kwargs: Any) -> None:
        """Take the table beside what click takes."""
        super().__init__(*args, **kwargs)
        self._parts = parts

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the table."""
        return list(self._parts)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one subcommand."""
        part = self._parts.get(cmd_name)
        if part is None:
            return None
        module, _, attribute = part.place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table into the help, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, part.summary) for name, part in self._parts.items()])


class Front(LazyGroup):
    """The outermost group: here every way to end becomes one of our exit codes."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command line and leave; takes what click takes."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a name that a terminal can't show stops no listing
        options["standalone_mode"] = False
        start = super().main
        sys.exit(leave_with(lambda: start(*args, **options)))


COMMANDS = {
    "run": Part("gateway.cli.run:run_command", "Run the gateway, in the foreground."),
    "demo": Part("gateway.cli.demo:demo_command", "Play a school day on loopback, and show what happens."),
    "init": Part("gateway.cli.init:init_command", "Lay out a deployment in a folder, ready to run."),
    "check": Part("gateway.cli.check:check_command", "Say what is right and what is wrong with the configuration."),
    "name": Part("gateway.cli.name:name_command", "Say what would happen to a file of this name."),
    "admin": Part("gateway.cli.admin:admin", "See what is stuck, and keep the register."),
}


@click.group(cls=Front, parts=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c",
    "--config",
    envvar="GATEWAY_CONFIG",
    metavar="FILE",
    help="The configuration; else GATEWAY_CONFIG, ./gateway.toml, or /etc/gateway/gateway.toml.",
)
@click.version_option(__version__, prog_name="gateway", message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context, config: str | None) -> None:
    """Take confidential files between schools and their local authority, over email and SFTP."""
    ctx.obj = Invocation(config=config)
