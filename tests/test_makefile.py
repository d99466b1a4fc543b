"""What is assumed of a machine is named in a sentence where it is missing; nothing is half set up (README)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import gateway

HOUSE = Path(gateway.__file__).parents[1]

pytestmark = [
    pytest.mark.skipif(not (HOUSE / "Makefile").is_file(), reason="an installed package has no Makefile"),
    pytest.mark.skipif(shutil.which("make") is None, reason="needs make"),
]

NEEDED = "Python 3.11 or later is needed"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a Makefile and nothing behind it: no test may really install anything."""
    shutil.copy(HOUSE / "Makefile", tmp_path)
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("make", "sh", "touch"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    return tmp_path


def stand_in(checkout: Path, name: str, lines: str) -> Path:
    """Put a program in the way."""
    program = checkout / "programs" / name
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)
    return program


def make(checkout: Path, *line: str) -> subprocess.CompletedProcess[str]:
    """Run make where only the programs of this test are found."""
    environ = {k: v for k, v in os.environ.items() if k not in ("PYTHON", "MAKEFLAGS", "MAKELEVEL")}
    environ["PATH"] = str(checkout / "programs")
    return subprocess.run(["make", *line], cwd=checkout, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["setup", "demo", "test", "check"])
def test_without_a_python_it_says_what_to_install(checkout: Path, target: str) -> None:
    ran = make(checkout, target)
    assert ran.returncode != 0
    assert f"{NEEDED} and none was found" in ran.stderr
    assert f"make PYTHON=/path/of/python3.11 {target}" in ran.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        ("it is too old", "echo no"),
        ("it ends with an error", "exit 1"),
        ("it is no Python", "echo hello"),
        ("a shim for one that is not installed", 'echo "python3.13: command not found" >&2; exit 127'),
    ],
)
def test_a_python_that_cant_be_used_is_passed_over(checkout: Path, rule: str, lines: str) -> None:
    stand_in(checkout, "python3.13", lines)
    ran = make(checkout, "setup")
    assert f"{NEEDED} and none was found" in ran.stderr, rule
    stand_in(checkout, "python3", 'case "$2" in *version*) echo yes;; *) exit 1;; esac')
    assert "python3 has none: install it (Debian: apt install python3-venv)" in make(checkout, "setup").stderr, rule


@pytest.mark.parametrize("lines", ["echo no", "exit 1", None])
def test_a_python_that_was_named_and_cant_be_used_is_named_again(checkout: Path, lines: str | None) -> None:
    named = checkout / "programs" / "other"
    if lines:
        stand_in(checkout, "other", lines)
    ran = make(checkout, "setup", f"PYTHON={named}")
    assert ran.returncode != 0
    assert f"{NEEDED}, and {named} is none that runs." in ran.stderr
    assert not (checkout / ".venv").exists()


def test_packages_that_cant_be_fetched_are_tried_again_the_next_time(checkout: Path) -> None:
    pip = checkout / ".venv" / "bin"
    pip.mkdir(parents=True)
    stand_in(checkout, "python3", 'case "$2" in *version*) echo yes;; esac')
    (pip / "python").write_text('#!/bin/sh\ncase "$*" in *--requirement*) echo no route >&2; exit 1;; esac\n')
    (pip / "python").chmod(0o755)
    for _ in range(2):
        ran = make(checkout, "setup")
        assert ran.returncode != 0
        assert "no route\nThe packages of requirements.lock could not be installed" in ran.stderr
    assert not (checkout / ".venv" / ".set-up").exists()


def test_what_is_set_up_is_not_set_up_again(checkout: Path) -> None:
    stamp = checkout / ".venv" / ".set-up"
    stamp.parent.mkdir()
    stamp.touch()
    assert make(checkout, "setup").returncode == 0


def test_help_names_every_target_that_people_use(checkout: Path) -> None:
    shown = subprocess.run(["make", "help"], cwd=HOUSE, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in shown.splitlines()} >= {"setup", "demo", "test", "check", "bench"}
