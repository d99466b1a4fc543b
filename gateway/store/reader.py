"""A file of the archive on its way out: a download in few trips to the disk.

Owns the descriptor and the block around the last bytes that were asked for. What the system has in memory is taken at
once: a trip to a thread costs more than the copying. What it has not, a thread fetches a block at a time, and the event
loop never waits for a disk. It ends at the recorded size: what may stand
behind it is ours, not the reader's (Source: SPEC 5; DESIGN 3).
"""

import asyncio
from typing import Self

from gateway.errors import NotThere, Permanent
from gateway.ports import Disk
from gateway.store.threads import DiskThreads

BLOCK = 256 * 1024  # bytes in memory for each open download


class ArchiveReader:
    """The Reader port. Reads may overlap; those that need the disk take turns."""

    def __init__(self, *, threads: DiskThreads, disk: Disk, fd: int, size: int) -> None:
        """Take an open file and its recorded size; see `open`."""
        self._threads = threads
        self._disk = disk
        self._fd = fd
        self._size = size
        self._start = 0  # offset of the block
        self._block = b""
        self._turn = asyncio.Lock()
        self._loading: asyncio.Future[bytes] | None = None

    @classmethod
    async def open(cls, *, threads: DiskThreads, disk: Disk, path: str, size: int) -> Self:
        """Open a file. Raises NotThere, and Permanent when it is shorter than its record says."""
        fd = await threads.obtain(_open, disk, path, size, release=disk.close)
        return cls(threads=threads, disk=disk, fd=fd, size=size)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def peek(self, offset: int, size: int) -> bytes | None:
        """Return what `read` would, if that is in memory; None when the disk must be asked."""
        end = min(offset + size, self._size)
        if offset >= end:
            return b""
        if self._start <= offset and end <= self._start + len(self._block):
            return self._block[offset - self._start : end - self._start]
        return self._disk.read_cached(self._fd, end - offset, offset) if self._fd >= 0 else None

    async def read(self, offset: int, size: int) -> bytes:
        """Return size bytes, fewer only at the end of the file; b"" behind it."""
        pieces = []
        end = min(offset + size, self._size)
        while offset < end:
            piece = await self._from_block(offset, end)
            pieces.append(piece)
            offset += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def close(self) -> None:
        """Let go; safe to repeat. Waits for a read in its thread: it must not find another file under its number."""
        fd, self._fd = self._fd, -1
        if self._loading is not None:
            await asyncio.wait([self._loading])
        if fd >= 0:
            self._disk.close(fd)  # nothing was written: it can't wait

    async def _from_block(self, offset: int, end: int) -> bytes:
        """Return bytes from the offset to the end, or to the end of its block."""
        end = min(end, offset - offset % BLOCK + BLOCK)
        held = self.peek(offset, end - offset)
        if held is not None:
            return held
        async with self._turn:
            held = self.peek(offset, end - offset)  # another read may have brought it meanwhile
            if held is None:
                await self._load(offset)
                held = self._block[offset - self._start : end - self._start]
            return held

    async def _load(self, offset: int) -> None:
        if self._fd < 0:
            raise NotThere("This download has ended.")
        start = offset - offset % BLOCK
        wanted = min(BLOCK, self._size - start)
        self._loading = self._threads.submit(self._disk.read, self._fd, wanted, start)
        block = await asyncio.shield(self._loading)
        if len(block) < wanted:
            raise Permanent("The bytes of this file are fewer than were received. Look at the disk.")
        self._start, self._block = start, block


def _open(disk: Disk, path: str, size: int) -> int:
    try:
        if disk.size(path) < size:
            raise Permanent("The bytes of this file are fewer than were received. Look at the disk.")
        return disk.open(path)
    except FileNotFoundError:
        raise NotThere("The bytes of this file are not held any more.") from None
