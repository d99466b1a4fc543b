"""Time, disk and threads, as the use-cases need them.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Clock(Protocol):
    """Time, and ids that sort by it."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def new_id(self) -> str:
        """Return a new id: 26 characters, lower case, sorting by time."""
        ...


class Disk(Protocol):
    """Blocking disk operations, each one a point where we may die. Raise OSError; paths are absolute."""

    def create(self, path: str) -> int:
        """Make a new file (it must not exist), open for reading and writing, mode 0600; return its descriptor."""
        ...

    def open(self, path: str, *, write: bool = False) -> int:
        """Open an existing regular file; never follows a link."""
        ...

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        """Write all of data at the offset."""
        ...

    def read(self, fd: int, size: int, offset: int) -> bytes:
        """Read up to size bytes; b"" at the end."""
        ...

    def read_cached(self, fd: int, size: int, offset: int) -> bytes | None:
        """Return size bytes if the system has them all in memory; None otherwise. Never waits for the disk."""
        ...

    def fsync(self, fd: int) -> None:
        """Return when the file's bytes are durable."""
        ...

    def write_durably(self, fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        """Write pieces one behind the other; return when they are durable. Says nothing of what was written before."""
        ...

    def begin_writeback(self, fd: int, offset: int, size: int) -> None:
        """Start to carry written bytes to the disk, so that a later fsync is short; promises nothing."""
        ...

    def uncache(self, fd: int) -> None:
        """Let the system have back the memory in which it keeps this file, as far as that is durable. Fails never."""
        ...

    def truncate(self, fd: int, size: int) -> None:
        """Cut or grow the file."""
        ...

    def allow_group(self, fd: int, folder: str) -> None:
        """Give the file's group what the folder gives to its group; harmless where there are no such rights."""
        ...

    def close(self, fd: int) -> None:
        """Close the descriptor."""
        ...

    def size(self, path: str) -> int:
        """Return the size of a file."""
        ...

    def exists(self, path: str) -> bool:
        """Return whether there is anything of this name (links are not followed). A disk in trouble is no absence."""
        ...

    def is_same(self, path: str, other: str) -> bool:
        """Return whether two names are names of one file; False when one is gone."""
        ...

    def list(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; an absent folder is empty."""
        ...

    def make_folder(self, path: str) -> None:
        """Make the folder and its parents, mode 0700, durable; harmless when it is there."""
        ...

    def make_scratch_folder(self, path: str) -> None:
        """Make one folder, mode 0700, for what may be lost with the host; harmless when it is there."""
        ...

    def rename(self, source: str, target: str) -> None:
        """Rename; replaces the target."""
        ...

    def link(self, source: str, target: str) -> None:
        """Give the file a second name; FileExistsError when the name is taken."""
        ...

    def unlink(self, path: str) -> None:
        """Remove the name; harmless when it is gone."""
        ...

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; harmless when it is gone. Raises OSError when something is in it."""
        ...

    def sync_folder(self, path: str) -> None:
        """Return when the folder's names are durable."""
        ...

    def free_bytes(self, path: str) -> int:
        """Return what is free on the disk of this path."""
        ...


class Threads(Protocol):
    """Where blocking disk work happens, so that the event loop never waits for a disk."""

    async def run(self, job: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run a blocking job. Raises Transient, with a sentence, for every OSError that it lets out."""
        ...


class Shares(Protocol):
    """Where blocking work on mounted shares happens: one that hangs holds up neither another share nor the exit."""

    async def run(self, share: str, job: Callable[[*Ts], T], *args: *Ts, seconds: float = 0.0) -> T:
        """Run a blocking job, with so many seconds more than usual. Raises Transient as `Threads`, and Unanswered.

        Unanswered: the job has not come back, and may happen yet. Until it has, nothing else is begun on that share.
        """
        ...


Wake = Callable[[], None]  # tells a worker that there is something to do
