"""Whether the daemon runs, read of the file that it leaves while it does."""

import json
import os
import subprocess
import sys
from pathlib import Path

from gateway.cli.endpoints import DOORS, Endpoints, read_endpoints
from gateway.store.lock import DataLock


def write(data: Path, pid: int) -> None:
    """Write what a daemon writes."""
    (data / "run").mkdir()
    doors: dict[str, list[str]] = {door: [] for door in DOORS} | {"smtp": ["127.0.0.1:40025"]}
    written = {**doors, "pid": pid, "ready_at": "2026-11-22T09:00:00+00:00"}
    (data / "run" / "endpoints.json").write_text(json.dumps(written))


def test_a_daemon_that_lives_listens_where_it_says(tmp_path: Path) -> None:
    write(tmp_path, os.getpid())
    lock = DataLock(tmp_path)
    lock.take()
    found = read_endpoints(tmp_path)
    lock.release()
    assert found.is_running
    assert (found.pid, found.doors["smtp"], found.doors["sftp"]) == (os.getpid(), ["127.0.0.1:40025"], [])


def test_without_the_file_none_runs(tmp_path: Path) -> None:
    assert read_endpoints(tmp_path) == Endpoints()
    assert not Endpoints().is_running
    assert Endpoints().doors == {door: [] for door in DOORS}


def test_a_file_that_a_kill_left_behind_counts_as_not_running(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write(tmp_path, ended.pid)
    assert read_endpoints(tmp_path) == Endpoints()


def test_a_number_that_another_process_has_by_now_counts_as_not_running(tmp_path: Path) -> None:
    write(tmp_path, os.getpid())
    (tmp_path / "gateway.lock").touch()
    assert read_endpoints(tmp_path) == Endpoints()


def test_a_daemon_that_was_killed_and_not_yet_buried_counts_as_not_running(tmp_path: Path) -> None:
    holding = (
        f"from gateway.store.lock import DataLock as L; from pathlib import Path; L(Path({str(tmp_path)!r})).take()"
    )
    killed = subprocess.Popen([sys.executable, "-c", f"{holding}; import os; os.kill(os.getpid(), 9)"])
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    write(tmp_path, killed.pid)
    assert read_endpoints(tmp_path) == Endpoints()
    killed.wait()
