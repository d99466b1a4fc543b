"""The unit file is one that systemd takes, and its README speaks of the same paths, keys and exit codes."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import gateway
from gateway.daemon import GRACE
from gateway.errors import ConfigError, NotPermitted
from gateway.sample import set_keys
from gateway.settings import read_settings

HOUSE = Path(gateway.__file__).parents[1]
UNIT = HOUSE / "systemd" / "gateway.service"
README = HOUSE / "systemd" / "README.md"

pytestmark = pytest.mark.skipif(not UNIT.is_file(), reason="an installed package has no unit file")
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def said(key: str) -> list[str]:
    """Return the values of a key of the unit, in order."""
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def verify(text: str, folder: Path) -> str:
    """Return what systemd has to say of a unit whose program is not installed here."""
    unit = folder / "gateway.service"
    unit.write_text(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    line = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)]
    ran = subprocess.run(line, capture_output=True, text=True, check=False)
    return f"{ran.stdout}{ran.stderr}"


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path) -> None:
    assert verify(UNIT.read_text(), tmp_path) == ""


@needs_systemd
def test_the_line_that_is_only_a_hint_can_be_switched_on(tmp_path: Path) -> None:
    text = UNIT.read_text()
    assert "# ReadWritePaths=/srv/drops" in text
    assert verify(text.replace("# ReadWritePaths", "ReadWritePaths"), tmp_path) == ""


@needs_systemd
def test_systemd_would_say_something(tmp_path: Path) -> None:
    assert verify(UNIT.read_text().replace("Type=notify", "Type=nonsense"), tmp_path) != ""


def test_the_manager_is_told_when_it_is_ready_and_that_it_lives() -> None:
    assert (said("Type"), said("NotifyAccess")) == (["notify"], ["main"])
    assert int(said("WatchdogSec")[0]) > 0


def test_a_reload_is_a_signal_and_a_stop_has_time_to_drain() -> None:
    assert said("ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert int(said("TimeoutStopSec")[0]) > 2 * GRACE


def test_what_a_person_must_mend_is_not_tried_again() -> None:
    usage = 64
    unmendable = {usage, ConfigError.exit_code, NotPermitted.exit_code}
    assert {int(code) for code in said("RestartPreventExitStatus")[0].split()} == unmendable
    assert "64, 77 and 78 are not" in README.read_text()


def test_the_daemon_is_run_as_its_own_user_with_the_readmes_configuration() -> None:
    assert said("User") == said("Group") == ["gateway"]
    assert said("ExecStart") == ["/opt/gateway/.venv/bin/gateway -c /etc/gateway/gateway.toml run"]
    for path in ("/etc/gateway/gateway.toml", "/opt/gateway/.venv/bin/gateway"):
        assert path in README.read_text()


def toml_blocks() -> list[dict[str, dict[str, object]]]:
    """Return the indented blocks of the README that are TOML."""
    text = README.read_text()
    blocks = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    return [tomllib.loads(re.sub(r"^    ", "", b, flags=re.MULTILINE)) for b in blocks if b.startswith("    [")]


def test_the_readmes_keys_can_be_used_as_they_stand(tmp_path: Path) -> None:
    told = {
        (table, key): value for block in toml_blocks() for table, keys in block.items() for key, value in keys.items()
    }
    of_settings = {key: value for key, value in told.items() if key[0] != "defaults"}
    assert {key[0] for key in of_settings} == {"storage", "notices"}
    (tmp_path / "gateway.toml").write_text(set_keys((HOUSE / "gateway.toml").read_text(), of_settings))
    settings = read_settings(tmp_path / "gateway.toml")
    assert settings.storage.data == Path("/var/lib/gateway/data")
    shipped = tomllib.loads((HOUSE / "routing" / "services.toml").read_text())
    assert {key for table, key in told if table == "defaults"} <= set(shipped["defaults"])


def test_the_password_is_where_systemd_puts_the_credential(tmp_path: Path) -> None:
    name, _, source = said("LoadCredential")[0].partition(":")
    (notices,) = [block["notices"] for block in toml_blocks() if "notices" in block]
    assert notices["password_file"] == f"/run/credentials/gateway.service/{name}"
    assert f"install -m 0600 /dev/null {source}" in README.read_text()  # without the file the service does not start


def test_what_is_written_lies_where_the_sandbox_lets_it() -> None:
    assert said("ProtectSystem") == ["strict"]
    writable = f"/var/lib/{said('StateDirectory')[0]}/"
    (storage,) = [block["storage"] for block in toml_blocks() if "storage" in block]
    (defaults,) = [block["defaults"] for block in toml_blocks() if "defaults" in block]
    assert str(storage["data"]).startswith(writable)
    assert f'path = "{writable}drops/{{code}}"' in README.read_text()
    assert defaults["targets"]


def test_every_directive_that_the_readme_names_is_one_of_the_unit() -> None:
    for key in re.findall(r"`([A-Z][A-Za-z]+)=", README.read_text()):
        assert re.search(rf"^(# )?{key}=", UNIT.read_text(), re.MULTILINE), key


def test_what_takes_messages_apart_may_lower_its_priority() -> None:
    filters = said("SystemCallFilter")
    assert filters.index("setpriority") > filters.index("~@privileged @resources")  # else it is killed as it begins
