"""A process beside the gateway: what it is given, what it does not hear, and with whom it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.beside import IS_POSSIBLE, Beside, begin
from tests.scenarios.daemons import until

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="processes beside the gateway need Linux")

# What `python -m there` does in these tests: it says what it is, and works on for as long as it is let.
MODULE = """
import json, os, socket, sys
from gateway.beside import be_deaf, end_with_the_gateway
be_deaf()
end_with_the_gateway(int(sys.argv[2]))
line = socket.socket(fileno=int(sys.argv[1]))
folder = "/proc/self/fd/"
links = {n: os.readlink(folder + n) for n in os.listdir(folder) if os.path.exists(folder + n)}
line.send(json.dumps([os.getpid(), sys.argv[3:], links]).encode())
while True:
    pass
"""
GATEWAY = """
import os, signal, socket
from gateway.beside import begin
process = begin("there", kind=socket.SOCK_STREAM)
process.channel.setblocking(True)
print(process.channel.recv(10_000).decode(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of this name, where processes look for ours."""
    (tmp_path / "there.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def heard(process: Beside) -> list[Any]:
    process.channel.setblocking(True)
    found: list[Any] = json.loads(process.channel.recv(10_000))
    return found


def is_there(number: int) -> bool:
    """Whether a process runs; one that nobody waited for does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.usefixtures("nothing_stays_open")
def test_it_has_what_it_was_given_and_nothing_else(tmp_path: Path) -> None:
    for name in ("kept", "ours"):
        (tmp_path / name).touch()
    with (tmp_path / "kept").open() as kept, (tmp_path / "ours").open():
        process = begin("there", "a word", kind=socket.SOCK_STREAM, keep=(kept.fileno(),))
        number, words, links = heard(process)
        process.let_go()
        process.let_go()
        process.see_off(20)
        assert (number, words) == (process.child.pid, [str(kept.fileno()), "a word"])
    assert str(tmp_path / "kept") in links.values()
    assert str(tmp_path / "ours") not in links.values()


def test_it_ends_in_the_middle_of_its_work_when_we_let_go() -> None:
    process = begin("there", kind=socket.SOCK_STREAM)
    heard(process)
    assert process.child.poll() is None
    process.let_go()
    assert process.child.wait(20) == -signal.SIGIO


async def test_it_ends_in_the_middle_of_its_work_when_the_gateway_is_killed() -> None:
    killed = subprocess.run([sys.executable, "-c", GATEWAY], capture_output=True, timeout=60, check=False)
    number = json.loads(killed.stdout)[0]
    await until(lambda: not is_there(number), "the process is gone")
    assert killed.returncode == -signal.SIGKILL


def test_it_ends_when_we_let_go_before_it_could_know() -> None:
    process = begin("there", kind=socket.SOCK_STREAM)
    os.kill(process.child.pid, signal.SIGSTOP)  # wherever it is now, it has hardly begun
    process.let_go()
    os.kill(process.child.pid, signal.SIGCONT)
    assert process.child.wait(20) in (0, -signal.SIGIO)


def test_signals_that_end_the_gateway_are_not_for_it() -> None:
    process = begin("there", kind=socket.SOCK_STREAM)
    heard(process)
    assert os.getpgid(process.child.pid) == process.child.pid  # what is sent to our whole group does not reach it
    for word in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(process.child.pid, word)
    with pytest.raises(subprocess.TimeoutExpired):
        process.child.wait(0.2)
    process.see_off(0)
    assert process.child.returncode == -signal.SIGKILL
    process.let_go()


@pytest.mark.usefixtures("nothing_stays_open")
def test_what_can_not_be_begun_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    with pytest.raises(FileNotFoundError):
        begin("there", kind=socket.SOCK_STREAM)


def test_what_lies_where_we_were_started_is_no_code_of_its(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "json.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path / "elsewhere")
    process = begin("there", kind=socket.SOCK_STREAM)
    assert heard(process)[0] == process.child.pid
    process.let_go()
    process.see_off(20)
