"""What the service manager is told: ready, reloading, stopping, alive.

Speaks the notification protocol of systemd on the socket that it names; does nothing where there is none, and nothing
worse than that where it can't be reached (Source: sd_notify(3), sd_watchdog_enabled(3)).
"""

import contextlib
import os
import socket

from gateway.ports import Clock


class Supervisor:
    """The service manager, if there is one."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        """Read the socket and the watchdog's interval from the environment."""
        environ = dict(os.environ) if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog_usec(environ) / 1_000_000

    def ready(self, clock: Clock) -> None:
        """All listeners are open (again)."""
        self._tell(f"READY=1\nMONOTONIC_USEC={int(clock.monotonic() * 1_000_000)}")

    def reloading(self, clock: Clock) -> None:
        """A reload begins; `ready` ends it."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(clock.monotonic() * 1_000_000)}")

    def stopping(self) -> None:
        """A stop begins."""
        self._tell("STOPPING=1")

    async def keep_alive(self, clock: Clock) -> None:
        """Say that the loop turns, twice in each interval, for ever; return at once where nobody asks."""
        while self.watchdog_seconds:
            self._tell("WATCHDOG=1")
            await clock.sleep(self.watchdog_seconds / 2)

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as channel:  # the files matter more
            channel.connect(address)
            channel.sendall(message.encode())


def _watchdog_usec(environ: dict[str, str]) -> int:
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    is_for_us = not pid or pid == str(os.getpid())  # or for the process that started us
    return int(usec) if usec.isascii() and usec.isdecimal() and is_for_us else 0
