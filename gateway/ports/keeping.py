"""Where bytes are kept: the spool and the archive, as the use-cases need them.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Sequence
from typing import Protocol, Required, TypedDict, Unpack

from gateway.core.documents import Order
from gateway.core.submission import Envelope


class Facts(TypedDict, total=False):
    """What a door knows of a submission besides its bytes; each as in the Envelope."""

    channel: Required[str]
    username: Required[str]
    verified_by: Required[str]
    name: str | None
    peer: str
    recipients: Sequence[str]
    sender: str
    school: str | None
    order: Order | None


class Intake(Protocol):
    """Bytes under way into the spool. Nothing was promised for them yet.

    Its owner ends it: seals it, parks it or, also after a failure, discards it. A cancelled call happens whole or not.
    """

    @property
    def id(self) -> str:
        """The submission that they will be."""
        ...

    @property
    def size(self) -> int:
        """Bytes so far: the highest offset written."""
        ...

    @property
    def is_congested(self) -> bool:
        """Whether the sender should wait (see `drain`): the disk is behind."""
        ...

    @property
    def portion(self) -> int:
        """Bytes that are best brought at a time: more of a large submission, fewer when many come at once."""
        ...

    def write(self, data: bytes | bytearray | memoryview, offset: int | None = None) -> None:
        """Take a copy of bytes, at the end unless an offset is given. Never blocks; failures show at drain or seal."""
        ...

    def truncate(self, size: int) -> None:
        """Cut to a size, in order with the writes."""
        ...

    async def drain(self) -> None:
        """Wait until the disk has caught up. Raises Transient for a write that failed."""
        ...

    async def sync(self) -> None:
        """Wait until everything written so far is durable."""
        ...

    async def prepare(self, **facts: Unpack[Facts]) -> None:
        """Make durable all that a seal with these facts needs: it has its rename left to do. More bytes undo this."""
        ...

    def foresee(self, **facts: Unpack[Facts]) -> None:
        """Begin to `prepare` what is likely to be whole, and wait for nothing; failures show at drain or seal."""
        ...

    async def seal(self, **facts: Unpack[Facts]) -> Envelope:
        """Make it our word: fsync, rename to `ready/`, fsync the folder. After this we owe an outcome."""
        ...

    async def park(self) -> None:
        """Close, and keep the bytes under `id`, so that `Spool.resume` can go on with them."""
        ...

    async def discard(self) -> None:
        """Forget the bytes; safe to repeat, and harmless once they are sealed or parked."""
        ...


class Spool(Protocol):
    """Bytes between the door and the record. `ready` is a to-do list."""

    async def prepare(self) -> None:
        """Make its folders and clear what a stop left in `parts/`; before the first intake, safe to repeat."""
        ...

    def begin(self, *, digested: bool = True) -> Intake:
        """Start taking bytes, which get a digest if anybody will ask for it; touches no disk before there are some."""
        ...

    async def resume(self, id: str) -> Intake:
        """Go on with parked bytes. Raises NotThere, and Transient while somebody still writes them."""
        ...

    async def ready(self) -> list[str]:
        """Return the ids that are promised and not yet forgotten, oldest first."""
        ...

    async def envelope(self, id: str) -> Envelope:
        """Return what was sealed with the bytes. Raises NotThere, or Permanent when it can't be read."""
        ...

    def path(self, id: str) -> str:
        """Return where the bytes of a ready submission lie; only the first Envelope.size bytes are theirs."""
        ...

    def parts(self, id: str) -> str:
        """Return how the path of each decoded part of a ready message begins; the number of the part follows."""
        ...

    async def forget(self, id: str) -> None:
        """Remove the promised bytes and their parts; safe to repeat."""
        ...

    async def set_aside(self, id: str, why: str) -> None:
        """Move to `failed/` with the reason beside it: for a person."""
        ...

    async def failed(self) -> list[str]:
        """Return the ids that were set aside, oldest first."""
        ...

    async def why(self, id: str) -> str:
        """Return what was written beside one of them; "" when that is gone."""
        ...

    async def failed_envelope(self, id: str) -> Envelope:
        """Return what was sealed with one of them. Raises NotThere, or Permanent when it can't be read."""
        ...

    async def retry_failed(self, id: str) -> None:
        """Put it back on the to-do list, durable; safe to repeat."""
        ...

    async def drop_failed(self, id: str) -> None:
        """Remove what was set aside, and the reason beside it; safe to repeat."""
        ...

    async def parked(self) -> list[str]:
        """Return the ids of bytes under way or parked."""
        ...

    async def drop_parked(self, id: str) -> None:
        """Remove parked bytes; safe to repeat. Raises Transient while somebody still writes them."""
        ...

    async def free_bytes(self) -> int:
        """Return what is free on its disk."""
        ...


class Reader(Protocol):
    """One file of the archive, open for reading: a download. Close it."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        ...

    def peek(self, offset: int, size: int) -> bytes | None:
        """Return bytes that are in memory already, as `read` would; None when the disk must be asked."""
        ...

    async def read(self, offset: int, size: int) -> bytes:
        """Return size bytes, fewer only at the end of the file; b"" behind it."""
        ...

    async def close(self) -> None:
        """Let go; safe to repeat."""
        ...


class Archive(Protocol):
    """The bytes of files, by school and month, for their term. A place that is not of our form raises Permanent."""

    async def prepare(self) -> None:
        """Make its folder; safe to repeat."""
        ...

    async def keep(self, source: str, place: str, *, size: int) -> None:
        """Link a file that is on our disk into its place, durable. The same place and size is already done.

        The source may be longer than size (a seal stands behind its bytes) and must never be written to again. Raises
        NotThere without a source, and Permanent when either holds fewer bytes.
        """
        ...

    async def trim(self, place: str, size: int) -> None:
        """Cut what the spool sealed behind the bytes; only once they are recorded. Safe to repeat."""
        ...

    async def open(self, place: str, *, size: int) -> Reader:
        """Open a file of this size for a download. Raises NotThere."""
        ...

    def path(self, place: str) -> str:
        """Return where the bytes lie."""
        ...

    async def read(self, place: str, offset: int, size: int) -> bytes:
        """Return bytes of a file; b"" at its end. Raises NotThere."""
        ...

    async def destroy(self, place: str) -> None:
        """Remove the bytes, durable; safe to repeat."""
        ...

    async def places(self) -> list[str]:
        """Return every place that holds bytes."""
        ...

    async def find(self, submission: str) -> list[str]:
        """Return the places that hold bytes of files of this submission; costs a look into every month folder."""
        ...
