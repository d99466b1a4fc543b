"""The sealer's process: makes small submissions our word beside the gateway's own, which goes on with its doors.

Owns what is done there, and the form of an order and its answer. The steps on the disk are those of `growing` and
`commit`, as in the gateway itself. It remembers nothing: an order that it dies with was not answered, so nobody was
promised anything for it (Source: SPEC 11; docs/decisions/0018).
"""

import errno
import mmap
import socket
import struct
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from gateway.beside import be_deaf
from gateway.ports import Disk
from gateway.store.commit import FolderCommit
from gateway.store.disk import PosixDisk
from gateway.store.growing import Batch, GrowingFile
from gateway.store.sealed import envelope_of
from gateway.store.threads import outcome_of

SLAB = 256 * 1024  # bytes that one order can have in the memory that both processes see
SLABS = 64  # orders under way at the most
LONGEST = 64 * 1024  # bytes of an order
ORDER = struct.Struct(">II")  # which slab, how many bytes of it; the facts of the draft follow
ANSWER = struct.Struct(">II")  # which slab, what the disk said (0: it is our word); then the digest follows
FAULT = 0xFFFFFFFF  # instead of what the disk said: a fault of ours
HELLO = b"at work"
_THREADS = 4  # measured: as many wait for one disk together; eight are no quicker


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
        """Carry out one order after the other until nobody gives any more."""
        batch = Batch()
        with suppress(ConnectionError):  # who asked is gone: nobody waits for an answer
            while order := orders.recv(LONGEST):
                orders.send(self.carry_out(order, batch))

    def carry_out(self, order: bytes, batch: Batch) -> bytes:
        """Make the bytes of an order our word, and return the answer; the batch is memory to work with."""
        slab, size = ORDER.unpack_from(order)
        start = slab * SLAB
        outcome = outcome_of(partial(self._seal, self.memory[start : start + size], order[ORDER.size :], batch))
        if isinstance(outcome.fault, OSError):
            return ANSWER.pack(slab, outcome.fault.errno or errno.EIO)
        if outcome.fault is not None:
            traceback.print_exception(outcome.fault)
            return ANSWER.pack(slab, FAULT)
        digest: str = outcome.found
        return ANSWER.pack(slab, 0) + digest.encode()

    def _seal(self, data: memoryview, facts: bytes, batch: Batch) -> str:
        """Make bytes and facts durable under their promised name; return the digest."""
        draft = envelope_of(facts)
        if draft is None:
            raise ValueError("The facts of an order can't be read.")
        batch.clear()
        batch.add(0, data)
        file = GrowingFile(self._disk, f"{self._place.incoming}/{draft.id}")
        sealed = file.seal(batch, draft, target=f"{self._place.ready}/{draft.id}")
        self._commit.sync()
        return sealed.sha256


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
