"""Whose hands touch the data folder: root steps down, others are sent away, and the records know who it was."""

import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.cli.owner import actor_name, become_owner, demand_owner, user_name
from gateway.errors import ConfigError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
NOBODY = pwd.getpwnam("nobody")


def in_a_process(call: str, data: Path, *, uid: int) -> subprocess.CompletedProcess[str]:
    """Call something of ours as a user, in a process of its own, and print who it is then."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from gateway.cli.owner import *; from gateway.errors import NotPermitted\n"
        f"os.setgroups([]); os.setgid({uid}); os.setuid({uid})\n"
        f"try: {call}(Path({str(data)!r}))\n"
        "except NotPermitted as refused: sys.exit(f'{refused.exit_code} {refused}')\n"
        "print(os.getuid(), os.geteuid(), os.getgid(), os.getegid(), sorted(os.getgroups()))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_owner_goes_on_as_they_are(tmp_path: Path) -> None:
    become_owner(tmp_path)
    demand_owner(tmp_path)
    assert os.geteuid() == tmp_path.stat().st_uid


@as_root
def test_root_becomes_the_owner_with_their_groups_and_for_good(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY.pw_uid, NOBODY.pw_gid)
    ran = in_a_process("become_owner", tmp_path, uid=0)
    uid, gid = NOBODY.pw_uid, NOBODY.pw_gid
    groups = sorted({gid, *os.getgrouplist("nobody", gid)})
    assert ran.stdout.strip() == f"{uid} {uid} {gid} {gid} {groups}"


@as_root
def test_root_becomes_an_owner_that_has_no_name(tmp_path: Path) -> None:
    os.chown(tmp_path, 54321, 54322)
    ran = in_a_process("become_owner", tmp_path, uid=0)
    assert ran.stdout.strip() == "54321 54321 54322 54322 [54322]"


@as_root
@pytest.mark.parametrize("call", ["become_owner", "demand_owner"])
def test_anybody_else_is_told_who_may(call: str) -> None:
    with tempfile.TemporaryDirectory() as folder:  # not tmp_path, into which only its owner may look
        ran = in_a_process(call, Path(folder), uid=54321)
    assert ran.stderr.startswith("77 The data folder ")
    assert "belongs to root" in ran.stderr
    assert "user 54321" in ran.stderr


@as_root
def test_the_daemon_never_changes_its_user_itself(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY.pw_uid, NOBODY.pw_gid)
    ran = in_a_process("demand_owner", tmp_path, uid=0)
    assert ran.stderr.startswith("77 The data folder ")
    assert "Start it as nobody" in ran.stderr


def test_a_data_folder_that_is_not_there_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`gateway init` makes one"):
        become_owner(tmp_path / "data")


@pytest.mark.parametrize(
    ("named", "sudo_user", "actor"), [("Anna", "bert", "Anna"), (None, "bert", "bert"), ("", "bert", "bert")]
)
def test_the_actor_is_the_named_one_else_who_called_sudo(
    monkeypatch: pytest.MonkeyPatch, named: str | None, sudo_user: str, actor: str
) -> None:
    monkeypatch.setenv("SUDO_USER", sudo_user)
    assert actor_name(named) == actor


def test_without_both_the_actor_is_the_login_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    ran = subprocess.run(
        [sys.executable, "-c", "from gateway.cli.owner import actor_name; print(actor_name(None))"],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,  # without a terminal
        stdin=subprocess.DEVNULL,
    )
    assert ran.stdout.strip() == user_name(os.getuid())
