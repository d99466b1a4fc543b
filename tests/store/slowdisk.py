"""A disk whose operations can be held up, to look at what happens meanwhile."""

import asyncio
import threading
from collections.abc import Sequence

from gateway.store.disk import PosixDisk


class SlowDisk(PosixDisk):
    """The real disk; operations named in `held` wait until `go_on`."""

    def __init__(self, *held: str) -> None:
        """Take the names of operations that wait."""
        self._held = set(held)
        self._reached = threading.Event()
        self._may_go_on = threading.Event()
        self.done: list[str] = []

    def go_on(self) -> None:
        """Hold up nothing any more."""
        self._may_go_on.set()

    async def reached(self) -> None:
        """Wait until an operation is being held up."""
        await asyncio.get_running_loop().run_in_executor(None, self.wait_until_reached)

    def wait_until_reached(self) -> None:
        """Wait until an operation is being held up."""
        assert self._reached.wait(10)

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        self._pass("write")
        super().write(fd, data, offset)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        self._pass("read")
        return super().read(fd, size, offset)

    def read_cached(self, fd: int, size: int, offset: int) -> bytes | None:
        """Nothing is in memory."""
        return None

    def fsync(self, fd: int) -> None:
        self._pass("fsync")
        super().fsync(fd)

    def write_durably(self, fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        self.write(fd, b"".join(pieces), offset)
        self.fsync(fd)

    def sync_folder(self, path: str) -> None:
        self._pass("sync_folder")
        super().sync_folder(path)

    def remove_folder(self, path: str) -> None:
        self._pass("remove_folder")
        super().remove_folder(path)

    def _pass(self, what: str) -> None:
        if what in self._held and not self._may_go_on.is_set():
            self._reached.set()
            assert self._may_go_on.wait(10)
        self.done.append(what)
