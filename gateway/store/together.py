"""Small submissions that become our word together: all are written before the first is waited for.

Owns the steps on the disk of what is whole in memory, and their order: the bytes of each are durable before its
rename, and nothing is said before the folder is. So many go to the disk side by side, and one sync carries all their
names. What goes wrong with one is that one's alone (Source: SPEC 11; docs/decisions/0018).
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

from gateway.ports import Disk
from gateway.store.commit import FolderCommit
from gateway.store.sealed import seal_from
from gateway.store.threads import outcome_of


class Entry:
    """One submission on its way into the spool."""

    def __init__(self, disk: Disk, *, data: memoryview, facts: bytes, digested: bool, source: str, target: str) -> None:
        """Take its bytes and the facts of its draft, where it is made and where it is promised; touches no disk."""
        self.sha256 = ""  # known when it is written, if it is wanted
        self.fault: BaseException | None = None  # why it will not be our word
        self._disk = disk
        self._data = data
        self._facts = facts
        self._digested = digested
        self._source = source
        self._target = target
        self._fd = -1

    def take(self, step: Callable[["Entry"], None]) -> None:
        """Take a step, unless one before it failed."""
        if self.fault is None:
            self.fault = outcome_of(partial(step, self)).fault
            if self.fault is not None:
                outcome_of(self._close)

    def make(self) -> None:
        """Make the file."""
        if self._digested:
            self.sha256 = hashlib.sha256(self._data).hexdigest()
        self._fd = self._disk.create(self._source)

    def write(self) -> None:
        """Write bytes and seal, and let them begin to go to the disk."""
        seal = self._seal()
        self._disk.write(self._fd, self._data, 0)
        self._disk.write(self._fd, seal, len(self._data))
        self._disk.begin_writeback(self._fd, 0, len(self._data) + len(seal))

    def sync(self) -> None:
        """Wait until they are durable."""
        self._disk.fsync(self._fd)

    def write_durably(self) -> None:
        """Do both in one trip."""
        self._disk.write_durably(self._fd, (self._data, self._seal()), 0)

    def promise(self) -> None:
        """Give it the name that is our word; the sync of its folder is still to come."""
        self._close()
        self._disk.rename(self._source, self._target)

    def _seal(self) -> bytes:
        return seal_from(self._facts, self.sha256)

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            self._disk.close(fd)


_ONE = (Entry.make, Entry.write_durably, Entry.promise)
_MANY = (Entry.make, Entry.write, Entry.sync, Entry.promise)


def promise_together(entries: Sequence[Entry], folder: FolderCommit) -> None:
    """Make these our word, as far as the disk lets us: the `fault` of each says what it did not let be."""
    for step in _ONE if len(entries) == 1 else _MANY:
        for entry in entries:
            entry.take(step)
    promised = [entry for entry in entries if entry.fault is None]
    trouble = outcome_of(folder.sync).fault if promised else None
    for entry in promised:
        entry.fault = trouble
