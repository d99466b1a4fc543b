"""The real disk: the Disk port over plain system calls.

Owns flags and full writes: a new file is never an old one (O_EXCL), a link is never followed (O_NOFOLLOW), nothing
leaks into a child process (O_CLOEXEC), no short write passes for a whole one. It decides nothing, and what it raises is
OSError; `threads` turns that into words (Source: SPEC 11; DESIGN 7).
"""

import errno
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC
# Network shares answer fsync of a folder with these: their names are durable when the server has answered.
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP)
_NO_WAIT = getattr(os, "RWF_NOWAIT", 0)  # Linux
_SYNC = getattr(os, "RWF_SYNC", 0)  # Linux: an fsync of what this write wrote, and of what is needed to find it
_NO_SYNCED_WRITE = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
# Shares without owners and groups answer chmod with these.
_NO_RIGHTS = (errno.EPERM, errno.EACCES, errno.ENOTSUP)


class PosixDisk:
    """Blocking disk operations of this host. Stateless, and safe from any thread."""

    def create(self, path: str) -> int:
        """Make a new file, open for reading and writing, for us alone; return its descriptor."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)

    def open(self, path: str, *, write: bool = False) -> int:
        """Open an existing regular file; never follows a link, never waits for a pipe's other end."""
        fd = os.open(path, (os.O_RDWR if write else os.O_RDONLY) | _SAFE | os.O_NONBLOCK)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        raise OSError(errno.EINVAL, "not a regular file", path)

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        """Write all of data at the offset."""
        done = os.pwrite(fd, data, offset)
        if done == len(data):
            return
        rest = memoryview(data)[done:]  # a disk that fills up, or a signal, cuts a write short
        while rest:
            offset += done
            done = os.pwrite(fd, rest, offset)
            rest = rest[done:]

    def read(self, fd: int, size: int, offset: int) -> bytes:
        """Read up to size bytes; b"" at the end."""
        return os.pread(fd, size, offset)

    def read_cached(self, fd: int, size: int, offset: int) -> bytes | None:
        """Return size bytes if the system has them all in memory; None otherwise. Never waits for the disk."""
        if not _NO_WAIT:
            return None
        data = bytearray(size)
        try:
            done = os.preadv(fd, [data], offset, _NO_WAIT)
        except OSError:  # not in memory, or a file system that can't say: whoever reads in a thread is told the rest
            return None
        return bytes(data) if done == size else None

    def fsync(self, fd: int) -> None:
        """Return when the file's bytes are durable."""
        os.fsync(fd)

    def write_durably(self, fd: int, pieces: Sequence[bytes | memoryview], offset: int) -> None:
        """Write all of the pieces, one behind the other, and return when they are durable."""
        try:
            done = os.pwritev(fd, pieces, offset, _SYNC) if _SYNC else 0  # one trip where Linux has it
        except OSError as error:
            if error.errno not in _NO_SYNCED_WRITE:
                raise
            done = 0
        if not done or done < sum(map(len, pieces)):
            self.write(fd, b"".join(pieces), offset)
            self.fsync(fd)

    def begin_writeback(self, fd: int, offset: int, size: int) -> None:
        """Start to carry written bytes to the disk, so that a later fsync is short; promises nothing."""
        # The kernel starts to write dirty pages that it is told to let go (mm/fadvise.c), and keeps them until then.
        os.posix_fadvise(fd, offset, size, os.POSIX_FADV_DONTNEED)

    def uncache(self, fd: int) -> None:
        """Let the system have back the memory in which it keeps this file, as far as its bytes are durable."""
        with suppress(OSError):  # a help, and never a need
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def truncate(self, fd: int, size: int) -> None:
        """Cut or grow the file."""
        os.ftruncate(fd, size)

    def allow_group(self, fd: int, folder: str) -> None:
        """Give the file's group what the folder gives to its group; a share without such rights is left as it is."""
        granted = os.stat(folder).st_mode & 0o060
        with _tolerated(_NO_RIGHTS):
            os.fchmod(fd, 0o600 | granted)

    def close(self, fd: int) -> None:
        """Close the descriptor."""
        os.close(fd)

    def size(self, path: str) -> int:
        """Return the size of a file."""
        return os.lstat(path).st_size

    def exists(self, path: str) -> bool:
        """Return whether there is anything of this name (links are not followed)."""
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True  # any other answer is an error, never an absence: a drop that "is gone" counts as collected

    def is_same(self, path: str, other: str) -> bool:
        """Return whether two names are names of one file; False when one is gone."""
        try:
            return os.path.samestat(os.lstat(path), os.lstat(other))
        except FileNotFoundError:
            return False

    def list(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; an absent folder is empty."""
        try:
            return sorted(os.listdir(folder))
        except FileNotFoundError:
            return []

    def make_folder(self, path: str) -> None:
        """Make the folder and its parents, for us alone and durable; harmless when it is there."""
        if os.path.isdir(path):
            return
        parent = os.path.dirname(path)
        self.make_folder(parent)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not os.path.isdir(path):
                raise
        self.sync_folder(parent)

    def make_scratch_folder(self, path: str) -> None:
        """Make one folder, for us alone, for what may be lost with the host; harmless when it is there."""
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)

    def rename(self, source: str, target: str) -> None:
        """Rename; replaces the target."""
        os.rename(source, target)

    def link(self, source: str, target: str) -> None:
        """Give the file a second name; FileExistsError when the name is taken."""
        os.link(source, target, follow_symlinks=False)

    def unlink(self, path: str) -> None:
        """Remove the name; harmless when it is gone."""
        with suppress(FileNotFoundError):
            os.unlink(path)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; harmless when it is gone."""
        with suppress(FileNotFoundError):
            os.rmdir(path)

    def sync_folder(self, path: str) -> None:
        """Return when the folder's names are durable."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with _tolerated(_NO_FOLDER_SYNC):
                os.fsync(fd)
        finally:
            os.close(fd)

    def free_bytes(self, path: str) -> int:
        """Return what is free on the disk of this path."""
        facts = os.statvfs(path)
        return facts.f_bavail * facts.f_frsize


@contextmanager
def _tolerated(numbers: Collection[int]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in numbers:
            raise
