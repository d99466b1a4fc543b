"""What a service manager hears on its socket: a real one, as systemd makes it (Source: sd_notify(3))."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.supervisor import Supervisor
from tests.fakes import ManualClock


class Manager:
    """The other end."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.environ = {"NOTIFY_SOCKET": address}

    def heard(self) -> list[dict[str, str]]:
        """Return the messages since the last time, each as its variables."""
        messages = []
        while True:
            try:
                text = self._socket.recv(4096).decode()
            except BlockingIOError:
                return messages
            messages.append(dict(line.split("=", 1) for line in text.splitlines()))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@gateway-test-{os.getpid()}"
    made = Manager(address)
    yield made
    made.close()


def test_ready_is_said_once_all_doors_are_open(manager: Manager) -> None:
    Supervisor(manager.environ).ready(ManualClock())
    (message,) = manager.heard()
    assert message["READY"] == "1"


def test_a_reload_begins_with_the_time_by_the_managers_own_clock(manager: Manager) -> None:
    """systemd takes no reload for begun whose time is not of CLOCK_MONOTONIC."""
    clock = SystemClock()
    before = clock.monotonic()
    Supervisor(manager.environ).reloading(clock)
    (message,) = manager.heard()
    assert message["RELOADING"] == "1"
    assert before <= int(message["MONOTONIC_USEC"]) / 1_000_000 + 0.000_001 <= clock.monotonic() + 0.000_001


def test_a_reload_ends_with_ready(manager: Manager) -> None:
    supervisor = Supervisor(manager.environ)
    supervisor.reloading(ManualClock())
    supervisor.ready(ManualClock())
    assert [next(iter(message)) for message in manager.heard()] == ["RELOADING", "READY"]


def test_a_stop_is_announced(manager: Manager) -> None:
    Supervisor(manager.environ).stopping()
    assert manager.heard() == [{"STOPPING": "1"}]


async def test_the_watchdog_hears_of_us_twice_in_each_interval(manager: Manager) -> None:
    clock = ManualClock()
    alive = asyncio.create_task(Supervisor({**manager.environ, "WATCHDOG_USEC": "60000000"}).keep_alive(clock))
    heard = []
    for seconds in (0, 29.9, 0.1, 30, 15):
        clock.advance(seconds)
        for _ in range(5):
            await SystemClock().sleep(0)
        heard.append(manager.heard())
    alive.cancel()
    assert heard == [[{"WATCHDOG": "1"}], [], [{"WATCHDOG": "1"}], [{"WATCHDOG": "1"}], []]


@pytest.mark.parametrize(
    ("rule", "environ"),
    [
        ("nobody asks", {}),
        ("it is switched off", {"WATCHDOG_USEC": "0"}),
        ("it is nonsense", {"WATCHDOG_USEC": "a minute"}),
        ("it is for another process", {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}),
    ],
)
async def test_without_a_watchdog_nothing_is_said(manager: Manager, rule: str, environ: dict[str, str]) -> None:
    await Supervisor({**manager.environ, **environ}).keep_alive(ManualClock())
    assert manager.heard() == [], rule


def test_a_watchdog_for_this_process_is_taken() -> None:
    environ = {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}
    assert Supervisor(environ).watchdog_seconds == 60


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens-here", "x" * 500])
def test_a_manager_that_cant_be_reached_stops_nothing(address: str) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": address})
    supervisor.ready(ManualClock())
    supervisor.reloading(ManualClock())
    supervisor.stopping()


def test_a_manager_that_does_not_listen_holds_nobody_up(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    supervisor = Supervisor(manager.environ)
    for _ in range(2000):  # more than its queue holds
        supervisor.stopping()
    assert 0 < len(manager.heard()) < 2000
    manager.close()


def test_the_environment_is_that_of_the_process(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    code = "from gateway.supervisor import Supervisor; Supervisor().stopping()"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **manager.environ}, check=True)
    assert manager.heard() == [{"STOPPING": "1"}]
    manager.close()
