"""`--help` of every command: what it says fits a terminal of 80 columns, and is whole."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from gateway.cli.root import root

COLUMNS = 80


def commands_below(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with what is typed for it, groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands_below(command, *path, name)


EVERY = [((), root), *commands_below(root)]
GROUPS = [path for path, command in EVERY if isinstance(command, click.Group)]


def help_of(path: tuple[str, ...]) -> list[str]:
    ran = CliRunner().invoke(root, [*path, "--help"], terminal_width=COLUMNS)
    assert ran.exit_code == 0, ran.output
    return ran.stdout.splitlines()


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_no_line_about_a_command_is_cut(path: tuple[str, ...]) -> None:
    lines = help_of(path)
    told = lines[lines.index("Commands:") + 1 :]
    assert told
    assert [line for line in told if line.endswith("...")] == [], "give the command a short_help that fits"


@pytest.mark.parametrize(("path", "command"), EVERY, ids=lambda part: " ".join(part) if isinstance(part, tuple) else "")
def test_every_command_says_what_it_does_in_lines_that_fit(path: tuple[str, ...], command: click.Command) -> None:
    assert command.help
    assert command.help.strip().endswith("."), "expected whole sentences"
    assert [line for line in help_of(path) if len(line) > COLUMNS] == []


@pytest.mark.parametrize(("path", "command"), EVERY, ids=lambda part: " ".join(part) if isinstance(part, tuple) else "")
def test_every_option_says_what_it_is_for(path: tuple[str, ...], command: click.Command) -> None:
    shown = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    silent = [option.name for option in shown if not option.help]
    assert silent == [], f"{' '.join(path)} has options without a word"
