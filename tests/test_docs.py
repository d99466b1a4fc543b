"""What the documents tell people to type exists, and the README's first gateway really runs."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

import gateway
from gateway.cli import demo, init
from gateway.cli.root import root

HOUSE = Path(gateway.__file__).parents[1]
PAGES = sorted([HOUSE / "README.md", HOUSE / "systemd" / "README.md", *(HOUSE / "docs").glob("*.md")])
# What commands say at their end.
TOLD = {"demo": demo._BY_HAND, "init": init._STEPS, "init --sample": init._SAMPLE_STEPS}

_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_KEY = re.compile(r"\[(\w+(?:\.\w+)*)\]+ (\w+)")
_END = re.compile(r"\s(?:\d?>|<|\||&|;|#)|\s{2,}\(")  # of a command, or where what is said about it begins
_SHORTENED = ("…", "...")

pytestmark = pytest.mark.skipif(not (HOUSE / "README.md").is_file(), reason="an installed package has no README")


# What stands in a page


def blocks(text: str) -> Iterator[str]:
    """Yield the indented blocks of a page, without their indentation."""
    lines: list[str] = []
    after_blank = True
    for line in [*text.splitlines(), "."]:
        if line.startswith("    ") and (after_blank or lines):
            lines.append(line[4:])
        elif line.strip() or not lines:
            if lines:
                yield "\n".join(lines).rstrip() + "\n"
            lines = []
        else:
            lines.append("")
        after_blank = not line.strip()


@dataclass(frozen=True)
class Told:
    """One command that a page tells its readers to type."""

    page: str
    line: str

    @property
    def words(self) -> list[str]:
        """Return the words after `gateway`, up to the end of the command."""
        words = shlex.split(_END.split(self.line)[0])
        start = next(i for i, word in enumerate(words) if word == "gateway" or word.endswith("/gateway"))
        return words[start + 1 :]

    @property
    def is_shortened(self) -> bool:
        """Whether the page leaves something out."""
        return any(mark in self.line for mark in _SHORTENED)


def told_in(page: str, text: str) -> Iterator[Told]:
    """Yield every command of ours in a text."""
    lines = [line for block in blocks(text) for line in block.replace("\\\n", " ").splitlines()]
    lines += _SPAN.findall(text)
    for line in lines:
        for part in re.split(r"(?<=\|)", line):
            if re.match(r"\s*(\S*/)?gateway\s+[-a-z…]", part):
                yield Told(page, part.rstrip("| "))
            elif re.match(r"admin [a-z]+", part):  # a command named in passing
                yield Told(page, f"gateway {part}")


COMMANDS = [
    *(told for page in PAGES for told in told_in(str(page.relative_to(HOUSE)), page.read_text(encoding="utf-8"))),
    *(told for name, text in TOLD.items() for told in told_in(f"gateway {name}", text)),
]


def find(words: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    """Return the command that words name, and what is left for it."""
    command: click.Command = root
    context = click.Context(root, info_name="gateway")
    while isinstance(command, click.Group):
        options, rest = list[str](), list(words)
        while rest and rest[0].startswith("-"):
            options += [rest.pop(0)]
            if options[-1] in ("-c", "--config", "--as"):
                options += [rest.pop(0)]
        command.make_parser(context).parse_args(options)
        if not rest or rest[0] in _SHORTENED:
            return command, context, []
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]!r} in {context.command_path!r}"
        command, context, words = found, click.Context(found, info_name=rest[0], parent=context), rest[1:]
    return command, context, words


def test_the_pages_tell_of_most_commands() -> None:
    """The finder finds: else all below would pass for nothing."""
    named = {" ".join(word for word in told.words[:3] if word.isalpha()) for told in COMMANDS}
    assert {"run", "check", "admin status", "admin users add"} <= named
    assert any(name.startswith("init") for name in named)
    assert len(COMMANDS) > 25


@pytest.mark.parametrize("told", COMMANDS, ids=lambda told: f"{told.page}: {told.line.strip()[:60]}")
def test_every_command_that_is_told_exists_with_its_options(told: Told) -> None:
    command, context, rest = find(told.words)
    rest = [word for word in rest if word not in _SHORTENED]
    if "--help" in rest or "-h" in rest:
        return
    values, _, _ = command.make_parser(context).parse_args(rest)  # raises for an option that is not there
    if isinstance(command, click.Group) or told.is_shortened or not rest:
        return  # nothing, or not all of it, is told
    missing = [param.name for param in command.params if param.required and not values.get(param.name or "")]
    assert missing == [], f"{told.page} leaves out {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOUSE)))
def test_every_key_that_a_page_names_is_one_of_gateway_toml(page: Path) -> None:
    known = tomllib.loads((HOUSE / "gateway.toml").read_text(encoding="utf-8"))
    spans = _SPAN.findall(page.read_text(encoding="utf-8"))
    told = [match for span in spans if (match := _KEY.match(span))]
    for match in told:
        assert match[2] in known.get(match[1], {}), f"[{match[1]}] {match[2]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOUSE)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_make_target_that_is_told_exists() -> None:
    made = re.findall(r"^([a-z]+):", (HOUSE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for page in PAGES:
        for target in re.findall(r"\bmake ([a-z]+)`", page.read_text(encoding="utf-8")):
            assert target in made, f"{page.name}: make {target}"


# The README's first gateway


def section(title: str) -> str:
    """Return the shell lines of a section of the README."""
    text = (HOUSE / "README.md").read_text(encoding="utf-8")
    part = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return "".join(blocks(part))


def a_free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def type_in(lines: str, place: Path) -> str:
    """Type lines into a shell where `gateway` is this checkout's; return what is seen, and what failed."""
    programs = place / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, call in (("gateway", f"{sys.executable} -m gateway"), ("python", sys.executable)):
        (programs / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n')
        (programs / name).chmod(0o755)
    (place / "lines").write_text(f"trap 'echo \"FAILED $? $BASH_COMMAND\"' ERR\n{lines}\nwait\n")
    environ = {k: v for k, v in os.environ.items() if k not in ("GATEWAY_CONFIG", "SSH_AUTH_SOCK")}
    shell = subprocess.Popen(
        ["bash", "lines"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=place,
        env={**environ, "PYTHONPATH": str(HOUSE)},
        start_new_session=True,
    )
    try:
        return shell.communicate(timeout=90)[0]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)  # what the lines left running, and nothing else


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "sftp", "ssh-keygen", "swaks"))),
    reason="needs bash, OpenSSH's sftp and ssh-keygen, and swaks",
)
@pytest.mark.clients
def test_a_newcomer_who_types_the_readmes_lines_sees_both_files_arrive(tmp_path: Path) -> None:
    lines, port = section("A first gateway, on loopback"), a_free_port()
    assert lines.count("1025") == 1
    # Somebody else may have a relay at that port; nothing more is changed.
    first = "gateway init my-gateway --sample\n"
    lines = lines.replace("1025", str(port)).replace(first, f"{first}sed -i s/:1025/:{port}/ my-gateway/gateway.toml\n")
    seen = type_in(lines, tmp_path)
    here = tmp_path / "my-gateway"

    failed = re.findall(r"^FAILED (\d+) (gateway \w+)?", seen, re.MULTILINE)
    assert failed == [("65", "gateway name")], seen  # of its three names, two would be rejected
    assert "2 with a warning, 0 at fault." in seen

    assert (here / "drops" / "SEN" / "8302000_SENreview20261122.txt").read_text() == "an invented review\n"
    assert (here / "drops" / "INFO" / "8302000_INFOphonics20261122.csv").read_text() == "pupil,score\n"
    rows = [line for line in seen.splitlines() if "  Petra Varga  20" in line]
    assert [(" Sent " in row, "Delivered" in row) for row in rows[:2]] == [(True, True)] * 2
    assert [(" Received " in row, row.endswith("Olive Howarth")) for row in rows[2:]] == [(True, True)]

    notices = (here / "notices.txt").read_text()
    assert notices.count("To: petra.varga@leysjunior.example") == 2

    (fetched,) = [path for path in (here / "Inbox").rglob("*") if path.is_file()]
    assert (fetched.name, fetched.read_text()) == ("8302000_SENreview20261122.txt", "an invented review\n")

    (letter,) = (p for p in (here / "LA Documents").rglob("*") if p.is_file())
    assert (letter.name, letter.parent.name) == ("Term dates.txt", "General")
    assert not (here / "data" / "run" / "endpoints.json").exists()
    assert '"stopped"' in (here / "gateway.log").read_text()
