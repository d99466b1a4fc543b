"""Which configuration a command takes, whose hands it works with, and what it reads before there is a ledger."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import gateway
from gateway.cli.load import find_config, load_rules
from gateway.cli.root import root
from gateway.core.register import School
from gateway.errors import ConfigError
from tests.cli.conftest import Deployment

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
OWNER = 54321


def run(*line: str) -> Result:
    return CliRunner().invoke(root, list(line))


def test_the_named_configuration_comes_first(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_CONFIG", "/nowhere/gateway.toml")
    assert run("-c", str(deployment.config), "admin", "schools", "list").exit_code == 0


def test_then_the_one_of_the_environment(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_CONFIG", str(deployment.config))
    assert run("admin", "schools", "list").exit_code == 0


def test_then_the_one_of_this_folder(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)
    monkeypatch.chdir(deployment.folder)
    assert run("admin", "schools", "list").exit_code == 0


@pytest.mark.skipif(Path("/etc/gateway/gateway.toml").exists(), reason="this host has a gateway")
def test_without_any_both_places_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"neither gateway\.toml nor /etc/gateway/gateway\.toml; name one with -c"):
        find_config(None)


def test_a_named_configuration_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    ran = run("-c", str(tmp_path / "no.toml"), "admin", "status")
    assert ran.exit_code == 78
    assert "no.toml: this file is missing" in ran.stderr


def test_every_fault_is_told_one_a_line(deployment: Deployment) -> None:
    deployment.config.write_text(deployment.config.read_text().replace("\ndays = 90", "\ndays = -1"))
    (deployment.folder / "routing" / "folders.toml").unlink()
    ran = deployment.run("admin", "status")
    assert ran.exit_code == 78
    assert [line.partition(":")[0] for line in ran.stderr.splitlines()] == ["gateway.toml", "routing/folders.toml"]


def test_names_are_read_with_the_living_register(deployment: Deployment) -> None:
    new = School("8309999", "New School")
    deployment.in_house(lambda house: house.ledger.put_school(new, actor="x", at=house.clock.now()))
    assert "8309999" in load_rules(str(deployment.config)).rules.directory.schools


def test_before_there_is_a_data_folder_names_are_read_with_the_sample_register(deployment: Deployment) -> None:
    shutil.rmtree(deployment.folder / "data")
    ran = deployment.run("name", "8302000_SENreview20261120.pdf")
    assert ran.exit_code == 0
    assert "with the sample register" in ran.stderr
    assert not (deployment.folder / "data").exists()


def test_without_a_sample_no_school_is_known_and_that_is_said(deployment: Deployment) -> None:
    shutil.rmtree(deployment.folder / "data")
    shutil.rmtree(deployment.folder / "config" / "sample")
    ran = deployment.run("name", "8302000_SENreview20261120.pdf")
    assert ran.exit_code == 65
    assert "so no school is known" in ran.stderr


def test_a_command_needs_nothing_that_only_the_daemon_may_read(deployment: Deployment) -> None:
    text = deployment.config.read_text().replace('username = ""', 'username = "relay"')
    deployment.config.write_text(text.replace('password_file = ""', 'password_file = "/run/credentials/x/relay"'))
    assert deployment.run("admin", "status").exit_code == 0


@pytest.fixture
def handed_over(deployment: Deployment) -> Iterator[Deployment]:
    """A deployment that belongs to a user of its own, who may go there."""
    with tempfile.TemporaryDirectory() as folder:  # not below tmp_path, which is root's alone
        Path(folder).chmod(0o755)
        place = shutil.copytree(deployment.folder, Path(folder) / "deployment")
        for path in (place, *place.rglob("*")):
            os.chown(path, OWNER, OWNER)
        yield Deployment(place)


@as_root
def test_root_leaves_no_file_of_its_own_in_the_data_folder(handed_over: Deployment) -> None:
    line = ["-c", str(handed_over.config), "admin", "schools", "list", "--json"]
    ran = subprocess.run([sys.executable, "-m", "gateway", *line], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(json.loads(ran.stdout)) >= 12
    data = handed_over.folder / "data"
    assert {path.stat().st_uid for path in (data, *data.rglob("*"))} == {OWNER}


@as_root
def test_the_owner_of_the_data_need_not_be_able_to_read_the_program(handed_over: Deployment, tmp_path: Path) -> None:
    shutil.copytree(Path(gateway.__file__).parent, tmp_path / "gateway")  # below a folder that is root's alone
    line = ["-c", str(handed_over.config), "admin", "status", "--json"]
    ran = subprocess.run(
        [sys.executable, "-m", "gateway", *line], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@as_root
@pytest.mark.parametrize("line", [["admin", "schools", "list"], ["name", "8302000_SENreview20261120.pdf"], ["run"]])
def test_a_user_of_the_host_who_is_not_the_owner_is_sent_away(handed_over: Deployment, line: list[str]) -> None:
    code = (
        "import os; from gateway.cli.root import root; from gateway.cli.owner import import_everything\n"
        "import_everything()\n"
        "os.setgroups([]); os.setgid(54322); os.setuid(54322)\n"
        f"root.main({['-c', str(handed_over.config), *line]!r})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (77, "")
    assert "belongs to user 54321" in ran.stderr
