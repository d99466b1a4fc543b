"""The front of the command line: it starts without its parts, and every ending has its exit code."""

import os
import subprocess
import sys
from collections.abc import Sequence

import click
import pytest
from click.testing import CliRunner

from gateway.cli.root import COMMANDS, Front, Part, root
from gateway.errors import ConfigError, Fault, NotPermitted, NotThere, Permanent, Transient
from tests.cli.conftest import Deployment

HEAVY = {
    *("pydantic", "aiosqlite", "rich", "jinja2", "structlog"),
    *("asyncssh", "aiosmtpd", "aiosmtplib", "argon2", "cryptography"),
}
ROOMS = {"gateway.app", "gateway.pipeline", "gateway.inbound", "gateway.outbound"}


def modules_after(line: Sequence[str], *, codes: Sequence[int] = (0,)) -> set[str]:
    """Return what is imported when a command is done in a process of its own."""
    code = (
        "import sys; from gateway.__main__ import main\n"
        f"sys.argv = ['gateway', *{[*line]!r}]\n"
        "try: main()\n"
        f"except SystemExit as left: assert left.code in {[*codes]!r}, left.code\n"
        "print(','.join(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split(","))


@pytest.mark.parametrize("line", [["--version"], ["--help"], ["-h"], ["admin", "--help"], ["admin", "users", "--help"]])
def test_help_and_version_import_nothing_heavy(line: list[str]) -> None:
    assert HEAVY & modules_after(line) == set()


LOOKING = [["admin", "files", "list"], ["admin", "status"], ["admin", "documents", "list"], ["name", "x.pdf"]]


@pytest.mark.parametrize("line", LOOKING, ids=" ".join)
def test_what_only_looks_something_up_builds_no_house(deployment: Deployment, line: list[str]) -> None:
    imported = modules_after(["-c", str(deployment.config), *line], codes=(0, 65))
    assert (HEAVY - {"pydantic", "aiosqlite"} | ROOMS) & imported == set()


def raising(error: BaseException) -> Front:
    """A front with one command, which ends with an error."""

    @click.command()
    def fail() -> None:
        raise error

    front = Front("gateway", parts={"fail": Part("x:y", "")})
    front.get_command = lambda ctx, cmd_name: fail  # type: ignore[method-assign]
    return front


ENDINGS = [
    (NotThere("There is no file x."), 65, "There is no file x.\n"),
    (Permanent("It can't be read."), 69, "It can't be read.\n"),
    (Transient("The disk is full."), 75, "The disk is full.\n"),
    (NotPermitted("You are not the owner."), 77, "You are not the owner.\n"),
    (
        ConfigError((Fault("gateway.toml", "[smtp] listen", "no port"), Fault("services.toml", "line 3", "no code"))),
        78,
        "gateway.toml: [smtp] listen: no port\nservices.toml: line 3: no code\n",
    ),
    (ExceptionGroup("workers", [Transient("The disk is full."), ValueError("x")]), 75, "The disk is full.\n"),
    (click.ClickException("It can't be opened."), 65, "Error: It can't be opened.\n"),
    (KeyboardInterrupt(), 130, "\nStopped.\n"),
    (EOFError(), 130, "\nStopped.\n"),
    (BrokenPipeError(), 141, ""),
]


@pytest.mark.parametrize(("error", "code", "said"), ENDINGS, ids=lambda v: type(v).__name__)
def test_every_ending_has_its_code_and_its_sentence(error: BaseException, code: int, said: str) -> None:
    ran = CliRunner().invoke(raising(error), ["fail"])
    assert (ran.exit_code, ran.stderr, ran.stdout) == (code, said, "")


def test_a_bug_is_admitted_in_two_lines_without_its_details() -> None:
    ran = CliRunner().invoke(raising(RuntimeError("Anna Ravensdale")), ["fail"])
    assert ran.exit_code == 70
    assert "This is a bug in the gateway (RuntimeError)" in ran.stderr
    assert "Anna" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_bug_shows_where_it_happened_when_asked() -> None:
    ran = CliRunner(env={"GATEWAY_DEBUG": "1"}).invoke(raising(RuntimeError("inside")), ["fail"])
    assert ran.exit_code == 70
    assert "Traceback" in ran.stderr
    assert "RuntimeError: inside" in ran.stderr


@pytest.mark.parametrize("line", [[], ["nonsense"], ["--nonsense"], ["name"], ["admin"], ["admin", "files"]])
def test_a_line_that_is_not_understood_is_a_usage_error(line: list[str]) -> None:
    ran = CliRunner().invoke(root, line)
    assert ran.exit_code == 64
    assert "Usage: " in ran.stderr
    assert ran.stdout == ""


def test_every_command_of_the_table_is_there() -> None:
    context = click.Context(root)
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        assert command.name == name


def test_a_reader_that_left_ends_the_command_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "gateway", "--help"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.parametrize("name", ["", " ", "a\x1b[2Jb"])
def test_an_actor_that_cant_stand_in_a_record_is_a_usage_error(name: str) -> None:
    ran = CliRunner().invoke(root, ["admin", "--as", name, "status"])
    assert ran.exit_code == 64
    assert "expected a name to stand in the records" in ran.stderr
