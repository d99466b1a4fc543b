"""One daemon a data folder: a lock that the kernel gives back when the holder dies.

Owns `gateway.lock` in the data folder. A second daemon is told which process holds it and leaves with exit 75.
"""

import fcntl
import os
from pathlib import Path

from gateway.errors import Transient


class DataLock:
    """Held from `take` until the process ends or `release`."""

    def __init__(self, data: Path) -> None:
        """Take the data folder whose lock it is."""
        self._path = data / "gateway.lock"
        self._fd = -1

    def take(self) -> None:
        """Take the lock. Raises Transient when another daemon holds it."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip()
            os.close(fd)
            raise Transient(
                f"Another gateway (process {holder or 'unknown'}) works on {self._path.parent}. "
                "Stop it first, or give this one a data folder of its own."
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Give it back; safe to repeat."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
