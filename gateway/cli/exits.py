"""What a command leaves with: every outcome becomes an exit code and a sentence on stderr, here and nowhere else.

Source: SPEC 13 (exit codes), DESIGN 4. A bug shows its traceback only with GATEWAY_DEBUG=1: it could hold a name.
"""

import os
import sys
import traceback
from collections.abc import Callable

import click

from gateway.errors import GatewayError

USAGE = 64
DATA = 65
BUG = 70
INTERRUPTED = 130  # as a shell counts SIGINT
READER_LEFT = 141  # as a shell counts SIGPIPE


def leave_with(command: Callable[[], object]) -> int:
    """Run a command to its end and return the exit code; it raises nothing."""
    try:
        code = command()
        sys.stdout.flush()
    except BaseException as error:  # the one boundary of the command line: a bug too must leave with its code
        return _explain(error)
    return code if isinstance(code, int) else 0


def _explain(error: BaseException) -> int:
    if isinstance(error, BaseExceptionGroup):  # of a TaskGroup: the first fault made the others
        return _explain(error.exceptions[0])
    if isinstance(error, BrokenPipeError):
        return _without_reader()
    if isinstance(error, SystemExit):  # click itself leaves with 1 for one thing only: nobody reads our output
        return _without_reader() if error.code == 1 else _as_code(error.code)
    if isinstance(error, click.ClickException):
        error.show()
        return USAGE if isinstance(error, click.UsageError) else DATA
    if isinstance(error, GatewayError):
        click.echo(str(error), err=True)
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    return _confess(error)


def _confess(error: BaseException) -> int:
    if os.environ.get("GATEWAY_DEBUG") == "1":
        traceback.print_exception(error)
        return BUG
    what = type(error).__name__
    click.echo(
        f"This is a bug in the gateway ({what}), not a mistake of yours. What had been done before it stays as it is.\n"
        "Run the command again with GATEWAY_DEBUG=1 in the environment to see where it happened.",
        err=True,
    )
    return BUG


def _without_reader() -> int:
    """Leave quietly: the last flush of the interpreter must not complain either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return READER_LEFT


def _as_code(code: object) -> int:
    return code if isinstance(code, int) else 0 if code is None else BUG
