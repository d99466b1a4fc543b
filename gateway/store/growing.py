"""One file of the spool while it grows: blocking work, one job at a time, away from the event loop.

Owns its descriptor and the order of writes and cuts; its digest is made from the file where the bytes did not come in
order. It ends by a seal, or is closed and kept, or removed; before the rename of
the seal it promises nothing (Source: SPEC 11; DESIGN 3, step 2).
"""

import errno
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.core.submission import Envelope
from gateway.ports import Disk
from gateway.store.digest import Digest
from gateway.store.sealed import envelope_at_end, seal_of

SAME_TIME = timedelta(seconds=1)
_SLICE = 1024 * 1024  # bytes, read back at a time
_WRITEBACK = 8 * 1024 * 1024  # bytes; smaller files are fsynced as quickly without it


@dataclass
class Extent:
    """A stretch of the file, and where its bytes are in the batch."""

    offset: int
    start: int
    stop: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + self.stop - self.start


@dataclass(frozen=True)
class Cut:
    """The file shall have this size."""

    size: int


class Batch:
    """Writes and cuts in the order in which they came. Memory is used again: fresh pages cost more than the copying."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.steps: list[Extent | Cut] = []
        self.size = 0  # bytes
        self._store = bytearray()

    def add(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Copy bytes; those that follow the last ones become one write with them."""
        start = self.size
        self.size += len(data)
        self._copy(start, data)
        last = self.steps[-1] if self.steps else None
        if isinstance(last, Extent) and last.end == offset:
            last.stop = self.size
        else:
            self.steps.append(Extent(offset, start, self.size))

    def cut(self, size: int) -> None:
        """Add a cut."""
        self.steps.append(Cut(size))

    def bytes_of(self, extent: Extent) -> memoryview:
        """Return the bytes of one of its stretches, good until `clear`."""
        return memoryview(self._store)[extent.start : extent.stop]

    def whole(self) -> memoryview | None:
        """Return all that there is, if it is one stretch from the beginning; good until `clear`."""
        first = self.steps[0] if len(self.steps) == 1 else None
        return self.bytes_of(first) if isinstance(first, Extent) and first.offset == 0 else None

    def clear(self) -> None:
        """Forget the steps and keep the memory."""
        self.steps.clear()
        self.size = 0

    def _copy(self, start: int, data: bytes | bytearray | memoryview) -> None:
        if self.size > len(self._store):
            del self._store[start:]
            self._store += data
        else:
            memoryview(self._store)[start : self.size] = data


class GrowingFile:
    """Bytes in `incoming/`. Touches no disk before there are some."""

    def __init__(self, disk: Disk, path: str, digest: Digest) -> None:
        """Take the path, of a new file or of one to go on with, and a digest of no bytes yet."""
        self._disk = disk
        self._path = path
        self._fd = -1
        self._size = 0
        self._has_file = False
        self._begun_writeback = 0
        self._digest = digest
        self._sealed: Envelope | None = None  # what stands behind the bytes, durable with them

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._size

    @property
    def is_digested(self) -> bool:
        """Whether its bytes get a digest."""
        return self._digest.is_wanted

    @property
    def is_begun(self) -> bool:
        """Whether there is anything on disk."""
        return self._has_file

    def is_sealed_as(self, draft: Envelope) -> bool:
        """Whether its bytes and this draft stand durable on the disk."""
        return self._sealed is not None and _is_same(self._sealed, draft)

    def leave(self) -> None:
        """Leave it to another to make the file and to seal it; what they may leave behind, `remove` removes."""
        self._has_file = True

    def go_on(self) -> None:
        """Open what is there, without a seal that a crash kept from its rename. Raises FileNotFoundError."""
        self._fd = self._disk.open(self._path, write=True)
        self._has_file = True
        self._size = self._disk.size(self._path)
        sealed = envelope_at_end(self._disk, self._fd, self._size)
        if sealed is not None and self._path.endswith(f"/{sealed.id}"):
            self._cut(sealed.size)

    def apply(self, batch: Batch) -> None:
        """Carry out writes and cuts."""
        self._begin()
        if batch.steps:
            self._unseal()
        for step in batch.steps:
            if isinstance(step, Cut):
                self._cut(step.size)
            else:
                self._write(step.offset, batch.bytes_of(step))
        if self._size - self._begun_writeback >= _WRITEBACK:
            self._disk.begin_writeback(self._fd, self._begun_writeback, self._size - self._begun_writeback)
            self._begun_writeback = self._size

    def apply_and_sync(self, batch: Batch) -> None:
        """Carry out writes and cuts, and return when all bytes so far are durable."""
        self.apply(batch)
        self._disk.fsync(self._fd)

    def prepare(self, batch: Batch, draft: Envelope) -> Envelope:
        """Make the bytes and their envelope durable, once; another draft, or one much later, is sealed anew."""
        whole = None if self._has_file else batch.whole()
        if whole is not None:
            return self._make(whole, draft)
        self.apply(batch)
        if self._sealed is not None and self.is_sealed_as(draft):
            return self._sealed
        self._unseal()
        envelope = replace(draft, size=self._size, sha256=self._sha256())
        self._disk.write(self._fd, seal_of(envelope), self._size)
        self._disk.fsync(self._fd)
        self._sealed = envelope
        return envelope

    def seal(self, batch: Batch, draft: Envelope, *, target: str) -> Envelope:
        """Make the bytes and their envelope durable, then rename. The fsync of the target's folder is the caller's."""
        try:
            envelope = self.prepare(batch, draft)  # before the rename: a name in ready/ stands for whole bytes
        finally:
            self.close()
        self._disk.rename(self._path, target)
        return envelope

    def park(self, batch: Batch) -> None:
        """Make the bytes and their name in `incoming/` durable and let go."""
        try:
            self._unseal()
            self.apply_and_sync(batch)  # else a power cut could leave holes, and the sender would go on behind them
        finally:
            self.close()
        self._disk.sync_folder(self._path.rpartition("/")[0])

    def remove(self) -> None:
        """Let go of the bytes and remove them; safe to repeat, and no touch of the disk where there were none."""
        self.close()
        if self._has_file:
            self._disk.unlink(self._path)

    def close(self) -> None:
        """Let go of the descriptor; safe to repeat."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            self._disk.close(fd)

    def _begin(self) -> None:
        if self._fd < 0:
            self._fd = self._disk.create(self._path)
            self._has_file = True

    def _make(self, whole: memoryview, draft: Envelope) -> Envelope:
        """Make a file of bytes that are all in memory, sealed: each trip to the disk less spares the event loop."""
        self._digest.wrote(0, whole)
        envelope = replace(draft, size=len(whole), sha256=self._digest.hexdigest())
        self._begin()
        self._disk.write_durably(self._fd, (whole, seal_of(envelope)), 0)
        self._size, self._sealed = len(whole), envelope
        return envelope

    def _write(self, offset: int, data: memoryview) -> None:
        self._disk.write(self._fd, data, offset)
        self._digest.wrote(offset, data)
        self._size = max(self._size, offset + len(data))

    def _cut(self, size: int) -> None:
        self._disk.truncate(self._fd, size)
        self._digest.cut(size)
        self._size = size
        self._begun_writeback = min(self._begun_writeback, size)

    def _unseal(self) -> None:
        if self._sealed is not None:
            self._disk.truncate(self._fd, self._size)
            self._sealed = None

    def _sha256(self) -> str:
        while self._digest.reach < self._size:
            piece = self._disk.read(self._fd, min(_SLICE, self._size - self._digest.reach), self._digest.reach)
            if not piece:
                raise OSError(errno.EIO, "a file in the spool is shorter than what was written to it")
            self._digest.wrote(self._digest.reach, piece)
        return self._digest.hexdigest()


def _is_same(sealed: Envelope, draft: Envelope) -> bool:
    """Whether a draft says of the same bytes what is sealed, at what a reader takes for the same time."""
    same = replace(sealed, received_at=draft.received_at, size=draft.size, sha256=draft.sha256)
    return same == draft and abs(draft.received_at - sealed.received_at) < SAME_TIME
