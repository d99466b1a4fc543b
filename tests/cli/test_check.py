"""`gateway check`: each thing is found right when it is right, and wrong for the reason that it has."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.cli.verdict import Finding, exit_code, fault, ok, unavailable, warning
from gateway.configfile import Key
from tests.cli.checking import change, clamd
from tests.cli.conftest import Deployment
from tests.outbound.relay import relay

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


# The verdicts and the exit code


@pytest.mark.parametrize(
    ("rule", "findings", "code"),
    [
        ("nothing was looked at", [], 0),
        ("all is right", [ok("a", "")], 0),
        ("a warning alone is no fault", [ok("a", ""), warning("b", "")], 0),
        ("something outside is away", [unavailable("a", ""), ok("b", ""), warning("c", "")], 69),
        ("the configuration can't be used", [fault("a", "")], 78),
        ("the configuration comes before the outside", [unavailable("a", ""), fault("b", "")], 78),
    ],
)
def test_the_exit_code_follows_from_the_worst(rule: str, findings: list[Finding], code: int) -> None:
    assert exit_code(findings) == code, rule


# The command


@asynccontextmanager
async def neighbours(deployment: Deployment) -> AsyncIterator[None]:
    """A relay and a scanner that answer."""
    async with relay() as (_, port), clamd(b"PONG\0") as (scanner, _):
        values: dict[Key, object] = {
            ("notices", "relay"): f"smtp://localhost:{port}",
            ("inspect", "scanner"): str(scanner),
        }
        change(deployment, values)
        yield


async def test_a_deployment_whose_neighbours_answer_is_right_and_says_so(deployment: Deployment) -> None:
    async with neighbours(deployment):
        ran = await asyncio.to_thread(deployment.run, "check")
    assert ran.exit_code == 0, ran.stdout
    assert "every key can be used" in ran.stdout
    assert "27 services" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "8 right, 1 with a warning, 0 at fault."  # its certificate signs itself


async def test_programs_get_a_finding_for_each_thing(deployment: Deployment) -> None:
    async with neighbours(deployment):
        rows = await asyncio.to_thread(deployment.ask, "check")
    assert {tuple(row) for row in rows} == {("what", "verdict", "detail")}
    assert [(row["what"], row["verdict"]) for row in rows] == [
        ("configuration", "ok"),
        ("tables", "ok"),
        ("holidays", "ok"),
        ("certificate", "warning"),
        ("host key", "ok"),
        ("data folder", "ok"),
        ("drop folders", "ok"),
        ("relay", "ok"),
        ("scanner", "ok"),
    ]


def test_a_new_sample_lacks_only_its_relay(deployment: Deployment) -> None:
    change(deployment, {("notices", "relay"): "smtp://127.0.0.1:9"})  # the port of "discard": nobody listens
    ran = deployment.run("check")
    assert ran.exit_code == 69
    assert "0 at fault" not in ran.stdout
    assert "1 at fault." in ran.stdout


def test_every_fault_of_the_configuration_is_told_and_nothing_further_is_looked_at(deployment: Deployment) -> None:
    deployment.config.write_text(deployment.config.read_text().replace("\ndays = 90", "\ndays = -1"))
    (deployment.folder / "routing" / "folders.toml").unlink()
    (deployment.folder / "tls" / "key.pem").unlink()
    ran = deployment.run("check", "--json")
    assert ran.exit_code == 78
    assert [row["what"] for row in json.loads(ran.stdout)] == ["configuration", "configuration"]
    assert "gateway.toml: " in ran.stdout
    assert "routing/folders.toml: " in ran.stdout


def test_holidays_that_have_ended_are_a_warning(deployment: Deployment) -> None:
    (deployment.folder / "config" / "holidays.toml").write_text("days = [2020-12-25]\n")
    assert "none to come" in deployment.run("check").stdout


def test_a_contact_without_an_address_is_a_warning(deployment: Deployment) -> None:
    change(deployment, {("authority", "contact"): "the files team, 01632 960123"})
    assert "holds no email address" in deployment.run("check").stdout


def test_a_key_that_others_can_read_is_a_fault_of_the_configuration(deployment: Deployment) -> None:
    (deployment.folder / "ssh" / "host_ed25519").chmod(0o644)
    assert deployment.run("check").exit_code == 78


def test_a_check_changes_nothing(deployment: Deployment) -> None:
    def seen() -> dict[str, float]:
        return {str(path): path.stat().st_mtime for path in deployment.folder.rglob("*")}

    before = seen()
    deployment.run("check")
    assert seen() == before


@as_root
def test_somebody_else_is_told_that_the_rights_are_theirs(deployment: Deployment) -> None:
    with tempfile.TemporaryDirectory() as folder:  # not below tmp_path, which is root's alone
        Path(folder).chmod(0o755)
        place = shutil.copytree(deployment.folder, Path(folder) / "deployment")
        code = (
            "import os; from gateway.cli.root import root; from gateway.cli.owner import import_everything\n"
            "import_everything()\n"
            "os.setgroups([]); os.setgid(54322); os.setuid(54322)\n"
            f"root.main({['-c', str(place / 'gateway.toml'), 'check']!r})"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 78, ran.stderr
    assert "What follows is judged with your rights." in ran.stdout
    assert "key.pem can't be read: Permission denied; expected the gateway's user as its owner." in ran.stdout
    assert "data can't be written by this user" in ran.stdout
