"""One daemon a data folder; the kernel gives the lock back, however its holder ended."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import Transient
from gateway.store.lock import DataLock

HOLD = (
    "import sys; from pathlib import Path; from gateway.store.lock import DataLock\n"
    "lock = DataLock(Path(sys.argv[1])); lock.take(); print('held', flush=True); sys.stdin.read()"
)


def hold(data: Path) -> subprocess.Popen[str]:
    """Hold the lock in another process."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_daemon_is_told_which_process_holds_the_folder(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    with holder, pytest.raises(Transient) as refused:
        DataLock(tmp_path).take()
    assert f"process {holder.pid}) works on {tmp_path}" in str(refused.value)
    assert refused.value.exit_code == 75


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_holder_that_dies_gives_it_back(tmp_path: Path, end: signal.Signals) -> None:
    with hold(tmp_path) as holder:
        holder.send_signal(end)
    lock = DataLock(tmp_path)
    lock.take()
    lock.release()


def test_a_lock_that_was_released_can_be_taken_again(tmp_path: Path) -> None:
    first, second = DataLock(tmp_path), DataLock(tmp_path)
    first.take()
    with pytest.raises(Transient):
        second.take()
    first.release()
    first.release()
    second.take()
    second.release()


def test_the_refused_one_neither_takes_nor_changes_anything(tmp_path: Path) -> None:
    lock = DataLock(tmp_path)
    lock.take()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(Transient):
            DataLock(tmp_path).take()
    assert (tmp_path / "gateway.lock").read_text() == f"{os.getpid()}\n"
    assert len(os.listdir("/proc/self/fd")) == before
    lock.release()


def test_the_name_of_an_earlier_holder_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "gateway.lock").write_text("99999999999\n")
    lock = DataLock(tmp_path)
    lock.take()
    assert (tmp_path / "gateway.lock").read_text() == f"{os.getpid()}\n"
    lock.release()


def test_the_file_of_the_lock_is_the_owners_alone_and_stays(tmp_path: Path) -> None:
    lock = DataLock(tmp_path)
    lock.take()
    lock.release()
    assert stat.S_IMODE((tmp_path / "gateway.lock").stat().st_mode) == 0o600


def test_a_child_of_the_daemon_does_not_hold_it(tmp_path: Path) -> None:
    lock = DataLock(tmp_path)
    lock.take()
    with subprocess.Popen(["sleep", "30"], close_fds=False) as child:
        lock.release()
        other = DataLock(tmp_path)
        other.take()
        other.release()
        child.kill()


def test_two_folders_have_two_locks(tmp_path: Path) -> None:
    locks = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        locks.append(DataLock(tmp_path / name))
        locks[-1].take()
    for lock in locks:
        lock.release()
