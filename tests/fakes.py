"""Stand-ins for the world, behind the real ports: a clock that waits for nobody, disks that fail when they are told to.

Nothing here is patched into our code; it is passed in, as the real ones are. A crash test runs its story once to count
the changes that it makes to the disk, then once for each of them on a disk that dies there, and each time starts again
on what is left:

    for n in range(count + 1):
        disk = dying(way, at=n, graveyard=...)
        assert await dies(story(disk)) == (n < count)
        disk.die()
        await recover_and_check(PosixDisk())
"""

import asyncio
import errno
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.store.disk import PosixDisk

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
MORNING = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class ManualClock:
    """Time that moves when a test says so; 90 days pass in one call."""

    def __init__(self, start: datetime = MORNING) -> None:
        """Take the time at which it stands."""
        self._now = start
        self._ticks = 0.0
        self._made = 0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the time at which it stands."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds that were advanced."""
        return self._ticks

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was advanced so far."""
        loop = asyncio.get_running_loop()
        wake = loop.create_future()
        if seconds > 0:
            self._sleepers.append((self._ticks + seconds, wake))
        else:
            loop.call_soon(_wake, wake)
        await wake

    def new_id(self) -> str:
        """Return ids that sort in the order of their making, as ULIDs of this time would."""
        self._made += 1
        number = (int(self._now.timestamp() * 1000) << 80) + self._made
        return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))

    def advance(self, seconds: float = 0, *, days: float = 0) -> None:
        """Move on, and wake who has slept long enough."""
        span = seconds + days * 86_400
        self._ticks += span
        self._now += timedelta(seconds=span)
        due = sorted((s for s in self._sleepers if s[0] <= self._ticks), key=lambda s: s[0])
        self._sleepers = [s for s in self._sleepers if s[0] > self._ticks]
        for _, wake in due:
            _wake(wake)

    @property
    def sleeping(self) -> int:
        """How many wait."""
        return sum(not wake.done() for _, wake in self._sleepers)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


class FullDisk(PosixDisk):
    """A disk with room for so many bytes; set `room` to make some."""

    def __init__(self, room: int) -> None:
        """Take the bytes that still fit."""
        self.room = room

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        """Write what fits; the rest is an error, as a real disk does it."""
        fits = memoryview(data)[: self.room]
        self.room -= len(fits)
        super().write(fd, fits, offset)
        if len(fits) < len(data):
            raise OSError(errno.ENOSPC, "No space left on device")

    def write_durably(self, fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        """Write what fits, as `write` does."""
        self.write(fd, b"".join(pieces), offset)
        self.fsync(fd)

    def free_bytes(self, path: str) -> int:
        """Return the bytes that still fit."""
        return self.room


class Died(BaseException):
    """The process is gone. No `except Exception` can go on after it, as none could after a kill."""


async def dies(work: Awaitable[object]) -> bool:
    """Return whether this work ended in a death, also inside a task group."""
    try:
        await work
    except Died:
        return True
    except BaseExceptionGroup as group:
        if group.subgroup(Died) is None:
            raise
        return True
    return False


KILLED, KILLED_HALFWAY, POWER_CUT = "killed", "killed in the middle of a write", "power cut"
WAYS_TO_DIE = (KILLED, KILLED_HALFWAY, POWER_CUT)


def dying(way: str, *, at: int | None, graveyard: Path) -> "DyingDisk":
    """Return a disk that dies in one of the ways; the graveyard is a folder, outside of the data, for power cuts."""
    graveyard.mkdir(parents=True, exist_ok=True)
    return DyingDisk(dies_at=at, halfway=way == KILLED_HALFWAY, graveyard=graveyard if way == POWER_CUT else None)


@dataclass(frozen=True)
class _Unsynced:
    """A change of names that a power cut takes back."""

    folders: tuple[str, ...]  # fsync of any of these makes it durable, as journalling file systems do it
    undo: Callable[[], None]
    settle: Callable[[], None] = lambda: None


class DyingDisk:
    """The real disk, until the process or the host dies before its nth change; from then on nothing works.

    Counted are changes only: dying before a look is dying after the change before it. With `halfway`, the change at
    which it dies, if it is a write, has been done by half. With `graveyard` (a folder on the same disk) it is a power
    cut: every write without an fsync and every name without an fsync of its folder is taken back. Real hosts lose
    anything between the two.
    """

    def __init__(self, *, dies_at: int | None = None, halfway: bool = False, graveyard: Path | None = None) -> None:
        """Take the number of changes that still happen; None never dies and only counts."""
        self._disk = PosixDisk()
        self._dies_at = dies_at
        self._halfway = halfway
        self._graveyard = graveyard
        self._turn = threading.RLock()
        self._open: set[int] = set()
        self._bytes: dict[int, tuple[int, bytes]] = {}  # inode -> (descriptor, durable bytes)
        self._names: list[_Unsynced] = []
        self._buried = 0
        self.changes: list[str] = []  # what was done, e.g. "fsync", "rename ready/01k…"
        self.is_dead = False

    @property
    def count(self) -> int:
        """Changes so far."""
        return len(self.changes)

    def die(self) -> None:
        """Die now, unless it has died: a promise that was given before must hold after it."""
        with self._turn, suppress(Died):
            self._look()
            self._die()

    # Changes.

    def create(self, path: str) -> int:
        with self._turn:
            self._change("create", path)
            fd = self._disk.create(path)
            self._open.add(fd)
            self._remember_bytes(fd)
            self._remember_name(path, undo=lambda: os.unlink(path))
            return fd

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        with self._turn:
            self._change("write", half=lambda: self._disk.write(fd, memoryview(data)[: len(data) // 2], offset))
            self._remember_bytes(fd)
            self._disk.write(fd, data, offset)

    def write_durably(self, fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        """A write for each piece and an fsync: one can die between them, with nothing durable."""
        for piece in pieces:
            self.write(fd, piece, offset)
            offset += len(piece)
        self.fsync(fd)

    def truncate(self, fd: int, size: int) -> None:
        with self._turn:
            self._change("truncate")
            self._remember_bytes(fd)
            self._disk.truncate(fd, size)

    def fsync(self, fd: int) -> None:
        with self._turn:
            self._change("fsync")
            self._disk.fsync(fd)
            kept = self._bytes.pop(os.fstat(fd).st_ino, None)
            if kept is not None:
                os.close(kept[0])

    def allow_group(self, fd: int, folder: str) -> None:
        with self._turn:
            self._change("allow_group", folder)
            self._disk.allow_group(fd, folder)

    def make_folder(self, path: str) -> None:
        with self._turn:
            if not self._disk.exists(path):
                self._change("make_folder", path)  # one change: the port says that it is durable
            self._disk.make_folder(path)

    def make_scratch_folder(self, path: str) -> None:
        with self._turn:
            if not self._disk.exists(path):
                self._change("make_scratch_folder", path)
                self._disk.make_scratch_folder(path)
                self._remember_name(path, undo=lambda: os.rmdir(path))

    def rename(self, source: str, target: str) -> None:
        with self._turn:
            self._change("rename", target)
            replaced = self._bury(target, link=True)
            self._disk.rename(source, target)

            def undo() -> None:
                os.rename(target, source)
                if replaced is not None:
                    os.rename(replaced, target)

            self._remember_name(source, target, undo=undo, grave=replaced)

    def link(self, source: str, target: str) -> None:
        with self._turn:
            self._change("link", target)
            self._disk.link(source, target)
            self._remember_name(target, undo=lambda: os.unlink(target))

    def unlink(self, path: str) -> None:
        with self._turn:
            self._change("unlink", path)
            grave = self._bury(path, link=False)
            if grave is not None:
                self._remember_name(path, undo=lambda: os.rename(grave, path), grave=grave)
            self._disk.unlink(path)

    def remove_folder(self, path: str) -> None:
        with self._turn:
            self._change("remove_folder", path)
            if self._disk.exists(path):
                self._disk.remove_folder(path)
                self._remember_name(path, undo=lambda: os.mkdir(path, 0o700))

    def sync_folder(self, path: str) -> None:
        with self._turn:
            self._change("sync_folder", path)
            self._disk.sync_folder(path)
            for name in [n for n in self._names if path in n.folders]:
                name.settle()
                self._names.remove(name)

    # Looks, and what changes nothing that can be lost.

    def open(self, path: str, *, write: bool = False) -> int:
        with self._turn:
            self._look()
            fd = self._disk.open(path, write=write)
            self._open.add(fd)
            return fd

    def close(self, fd: int) -> None:
        with self._turn:
            self._look()
            self._open.discard(fd)
            self._disk.close(fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        with self._turn:
            self._look()
            return self._disk.read(fd, size, offset)

    def read_cached(self, fd: int, size: int, offset: int) -> bytes | None:
        with self._turn:
            self._look()
            return self._disk.read_cached(fd, size, offset)

    def uncache(self, fd: int) -> None:
        with self._turn:
            self._look()
            self._disk.uncache(fd)

    def begin_writeback(self, fd: int, offset: int, size: int) -> None:
        with self._turn:
            self._look()
            self._disk.begin_writeback(fd, offset, size)

    def size(self, path: str) -> int:
        with self._turn:
            self._look()
            return self._disk.size(path)

    def exists(self, path: str) -> bool:
        with self._turn:
            self._look()
            return self._disk.exists(path)

    def is_same(self, path: str, other: str) -> bool:
        with self._turn:
            self._look()
            return self._disk.is_same(path, other)

    def list(self, folder: str) -> list[str]:
        with self._turn:
            self._look()
            return self._disk.list(folder)

    def free_bytes(self, path: str) -> int:
        with self._turn:
            self._look()
            return self._disk.free_bytes(path)

    # Dying.

    def _look(self) -> None:
        if self.is_dead:
            raise Died

    def _change(self, what: str, path: str = "", *, half: Callable[[], None] | None = None) -> None:
        self._look()
        if self.count == self._dies_at:
            if self._halfway and half is not None:
                half()
            self._die()
        self.changes.append(f"{what} {'/'.join(path.split('/')[-2:])}".strip())

    def _die(self) -> None:
        self.is_dead = True
        if self._graveyard is not None:
            self._lose_unsynced()
        for fd in (*self._open, *(fd for fd, _ in self._bytes.values())):
            os.close(fd)
        raise Died

    def _lose_unsynced(self) -> None:
        for fd, durable in self._bytes.values():
            os.ftruncate(fd, 0)
            os.pwrite(fd, durable, 0)
        for name in reversed(self._names):
            with suppress(FileNotFoundError):  # made under a name that was durably taken away since
                name.undo()

    def _remember_bytes(self, fd: int) -> None:
        inode = os.fstat(fd).st_ino
        if self._graveyard is not None and inode not in self._bytes:
            self._bytes[inode] = (os.dup(fd), os.pread(fd, os.fstat(fd).st_size, 0))

    def _remember_name(self, *paths: str, undo: Callable[[], None], grave: str | None = None) -> None:
        if self._graveyard is not None:
            settle = (lambda: os.unlink(grave)) if grave is not None else (lambda: None)
            self._names.append(_Unsynced(tuple(os.path.dirname(p) for p in paths), undo, settle))

    def _bury(self, path: str, *, link: bool) -> str | None:
        """Keep what a change is about to remove, in case that it is taken back."""
        if self._graveyard is None or not os.path.lexists(path):
            return None
        self._buried += 1
        grave = str(self._graveyard / str(self._buried))
        (os.link if link else os.rename)(path, grave)
        return grave
