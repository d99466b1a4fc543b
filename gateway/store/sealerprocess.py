"""The sealer's process: makes small submissions our word beside the gateway's own, which goes on with its doors.

Owns what is done there, and the form of an order and its answer. What waits meanwhile is done together (`together`). It
remembers nothing: an order that it dies with was not answered, so nobody was promised anything for it (Source: SPEC 11;
docs/decisions/0018).
"""

import errno
import mmap
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.beside import be_deaf
from gateway.core.submission import Envelope
from gateway.ports import Disk
from gateway.store.commit import FolderCommit
from gateway.store.disk import PosixDisk
from gateway.store.sealed import facts_of
from gateway.store.together import Entry, promise_together

SLAB = 256 * 1024  # bytes that one order can have in the memory that both processes see
SLABS = 64  # orders under way at the most
LONGEST = 64 * 1024  # bytes of an order
# Which slab, how many bytes of it, how many of the id, whether a digest is wanted; the id and the facts of the draft
# follow.
ORDER = struct.Struct(">III?")
# Which slab, what the disk said (0: it is our word), the digest if it was wanted. Answers come as many as there are.
ANSWER = struct.Struct(">II64s")
FAULT = 0xFFFFFFFF  # instead of what the disk said: a fault of ours
HELLO = b"at work, digests as wanted"  # another form of orders or answers has another one
AT_ONCE = 16  # orders that become our word together
_THREADS = 2  # one writes while the other waits for the disk


@dataclass(frozen=True)
class Place:
    """The two folders of the spool between which a promise is given."""

    incoming: str
    ready: str


class Workbench:
    """Where orders are carried out; safe from a few threads at once."""

    def __init__(self, *, memory: memoryview, place: Place, disk: Disk) -> None:
        """Take the memory in which the bytes of orders are, and where they shall lie."""
        self.memory = memory
        self._place = place
        self._disk = disk
        self._commit = FolderCommit(disk, place.ready)

    def work(self, orders: socket.socket) -> None:
        """Carry out what waits, again and again, until nobody gives any more."""
        with suppress(ConnectionError):  # who asked is gone: nobody waits for an answer
            while waiting := _waiting(orders):
                orders.send(self.carry_out(waiting))

    def carry_out(self, orders: Sequence[bytes]) -> bytes:
        """Make the bytes of these orders our word, and return the answers."""
        slabs = [ORDER.unpack_from(order)[0] for order in orders]
        entries = [self._entry(order) for order in orders]
        promise_together(entries, self._commit)
        return b"".join(map(_answer, slabs, entries))

    def _entry(self, order: bytes) -> Entry:
        slab, size, length, digested = ORDER.unpack_from(order)
        start, facts = slab * SLAB, ORDER.size + length
        id = order[ORDER.size : facts].decode()
        return Entry(
            self._disk,
            data=self.memory[start : start + size],
            facts=order[facts:],
            digested=digested,
            source=f"{self._place.incoming}/{id}",
            target=f"{self._place.ready}/{id}",
        )


def order_for(slab: int, size: int, draft: Envelope, *, digested: bool) -> bytes:
    """Return the order to seal so many bytes of a slab under this draft."""
    id = draft.id.encode()
    return ORDER.pack(slab, size, len(id), digested) + id + facts_of(draft)


def _waiting(orders: socket.socket) -> list[bytes]:
    """Wait for an order; return it with those that lie behind it. Nothing when there are to be no more."""
    taken = [orders.recv(LONGEST)]
    with suppress(BlockingIOError):
        while taken[-1] and len(taken) < AT_ONCE:
            taken.append(orders.recv(LONGEST, socket.MSG_DONTWAIT))
    return [order for order in taken if order]


def _answer(slab: int, entry: Entry) -> bytes:
    if entry.fault is None:
        return ANSWER.pack(slab, 0, entry.sha256.encode())
    if isinstance(entry.fault, OSError):
        return ANSWER.pack(slab, entry.fault.errno or errno.EIO, b"")
    traceback.print_exception(entry.fault)
    return ANSWER.pack(slab, FAULT, b"")


def main(orders: str, _lifeline: str, memory: str, incoming: str, ready: str) -> None:
    """Work until the gateway closes its end, or is gone; what it was handed by then is finished.

    The first three are numbers of inherited descriptors.
    """
    be_deaf()
    channel = socket.socket(fileno=int(orders))
    shared = memoryview(mmap.mmap(int(memory), SLABS * SLAB))
    bench = Workbench(memory=shared, place=Place(incoming, ready), disk=PosixDisk())
    threads = [threading.Thread(target=bench.work, args=(channel,)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    with suppress(ConnectionError):
        channel.send(HELLO)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
