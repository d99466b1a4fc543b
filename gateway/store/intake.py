"""Bytes under way into the spool, seen from the event loop: taken at once, written behind.

Owns the order of writes, cuts and the end, and how far the disk may fall behind. Small submissions stay in memory until
their seal, and are then made, written, hashed and fsynced in one job, of our threads or of the sealer. Nothing here
blocks. A job that has begun runs to its end: a cancelled seal has happened or it has not, never half (Source: SPEC 4,
11; DESIGN 3, step 2).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from typing import Any, Protocol, TypeVar, Unpack

from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import Transient
from gateway.ports.keeping import Facts
from gateway.store.foreseen import Foreseen
from gateway.store.growing import Batch, GrowingFile
from gateway.store.threads import DiskThreads

BATCH = 256 * 1024  # bytes that are worth a job; a submission below this is sealed in one
BACKLOG = 1024 * 1024  # bytes waiting behind a job, at which the sender should wait: the job has as many at the most
MEMORY = 16 * 1024 * 1024  # bytes for all intakes together, when there are so many that each must do with less
LEAST = 64 * 1024  # bytes that wait behind a job, however many intakes there are
T = TypeVar("T")
Promise = Callable[[GrowingFile, Batch, Envelope], Envelope]  # blocking: what the spool does at a seal


class Elsewhere(Protocol):
    """Where small submissions may be sealed, if not by our own threads."""

    def __call__(self, data: memoryview, draft: Envelope, *, digested: bool) -> asyncio.Future[Envelope] | None:
        """Begin to seal these bytes, with their digest if it is wanted. None: not now, and nothing was begun."""
        ...


def nowhere(data: memoryview, draft: Envelope, *, digested: bool) -> None:
    """There is no such place."""


class _State(Enum):
    OPEN = auto()
    ENDING = auto()  # its last job is under way, or failed
    SEALED = auto()
    PARKED = auto()
    GONE = auto()


class DiskIntake:
    """The Intake port. Its owner ends it: seals it, parks it or, also after a failure, discards it."""

    def __init__(
        self,
        *,
        id: str,
        file: GrowingFile,
        threads: DiskThreads,
        now: Callable[[], datetime],
        promise: Promise,
        ended: Callable[[str], None],
        count: Callable[[], int] = lambda: 1,
        elsewhere: Elsewhere = nowhere,
    ) -> None:
        """Take the file, what a seal does (in a thread), whom to tell of the end, and how many intakes there are.

        What is all in memory is sealed `elsewhere`, if there is such a place.
        """
        self._id = id
        self._file = file
        self._threads = threads
        self._now = now
        self._promise = promise
        self._ended = ended
        self._count = count
        self._elsewhere = elsewhere
        self._size = file.size
        self._batch = Batch()  # being filled
        self._other = Batch()  # under way, or empty
        self._flight: asyncio.Future[Any] | None = None  # the one job under way
        self._foreseen: Foreseen | None = None  # what that is, if it looks ahead
        self._end = _State.OPEN  # what it comes to
        self._waiter: asyncio.Future[Any] | None = None  # who waits for it
        self._fault: BaseException | None = None
        self._state = _State.OPEN

    @property
    def id(self) -> str:
        """The submission that they will be."""
        return self._id

    @property
    def size(self) -> int:
        """Bytes so far: the highest offset written, or the last cut."""
        return self._size

    @property
    def is_congested(self) -> bool:
        """Whether the sender should wait: the disk is behind, or a write failed and `drain` says how."""
        return self._batch.size >= self._share or self._fault is not None

    @property
    def portion(self) -> int:
        """Bytes that are best brought at a time: half of what may wait, once it is sure that there will be many."""
        return max(LEAST, self._share // 2) if self._size >= BATCH else LEAST

    def write(self, data: bytes | bytearray | memoryview, offset: int | None = None) -> None:
        """Take a copy of bytes, at the end unless an offset is given."""
        self._check_open()
        at = self._size if offset is None else offset
        self._size = max(self._size, at + len(data))
        if len(data) and self._fault is None:
            self._batch.add(at, data)
            self._hand_over()

    def truncate(self, size: int) -> None:
        """Cut or grow to a size, in order with the writes."""
        self._check_open()
        if size != self._size:  # most clients only confirm the size that the file has
            self._size = size
            self._batch.cut(size)

    async def drain(self) -> None:
        """Wait until the disk takes what is waiting. Raises Transient for a write that failed."""
        while self._flight is not None and self._batch.size >= self._share:
            await asyncio.wait([self._flight])
        self._raise_fault()

    async def sync(self) -> None:
        """Wait until everything written so far is durable; nothing is made where nothing was written."""
        await self._landing()
        if self._batch.steps or self._file.is_begun:
            await self._finish(self._file.apply_and_sync)

    async def prepare(self, **facts: Unpack[Facts]) -> None:
        """Make durable what a seal with these facts needs; nothing is made where nothing was written."""
        await self._landing()
        draft = self._draft(facts)
        if self._may_follow and self._fault is None and self._file.is_sealed_as(draft):
            return  # it was foreseen
        if self._batch.steps or self._file.is_begun:
            await self._finish(lambda batch: self._file.prepare(batch, draft))

    def foresee(self, **facts: Unpack[Facts]) -> None:
        """Begin to `prepare` what is all in memory, and wait for nothing; a failure shows at drain or seal."""
        if self._is_all_here:
            draft = self._draft(facts)
            self._foreseen = Foreseen(lambda batch: self._file.prepare(batch, draft))
            self._launch(self._foreseen.run, _State.OPEN)

    async def seal(self, **facts: Unpack[Facts]) -> Envelope:
        """Make it our word; received is the moment of this call, or of what was prepared less than a second before.

        What fails here can only be discarded.
        """
        draft = self._draft(facts)
        if (sealing := self._seal_elsewhere(draft)) is not None:
            return await sealing

        def promise(batch: Batch) -> Envelope:
            return self._promise(self._file, batch, draft)

        if not self._may_follow or self._foreseen is None or not self._foreseen.follow_with(promise):
            return await self._finish(promise, end=_State.SEALED)
        envelope: Envelope = await self._aim(_State.SEALED)
        return envelope

    def _seal_elsewhere(self, draft: Envelope) -> asyncio.Future[Envelope] | None:
        whole = self._batch.whole() if self._is_all_here else None
        flight = self._elsewhere(whole, draft, digested=self._file.is_digested) if whole is not None else None
        if flight is None:
            return None
        self._file.leave()
        self._follow(flight, _State.SEALED)
        return self._aim(_State.SEALED)

    @property
    def _is_all_here(self) -> bool:
        """Whether nothing but the memory knows of it yet, and there is something."""
        is_untouched = self._flight is None and self._fault is None and not self._file.is_begun
        return is_untouched and self._state is _State.OPEN and bool(self._batch.steps)

    @property
    def _may_follow(self) -> bool:
        """Whether what was foreseen is all that came."""
        return self._state is _State.OPEN and not self._batch.steps

    def _draft(self, facts: Facts) -> Envelope:
        told = {**facts, "channel": Channel(facts["channel"]), "recipients": tuple(facts.get("recipients", ()))}
        return Envelope(id=self._id, received_at=self._now(), size=self._size, sha256="", **told)  # type: ignore[arg-type]

    async def park(self) -> None:
        """Make the bytes durable under their id, and close: `Spool.resume` goes on with them."""
        await self._finish(self._file.park, end=_State.PARKED)

    async def discard(self) -> None:
        """Forget the bytes; safe to repeat, and harmless once they are sealed or parked."""
        await self._landing()
        if self._state not in (_State.OPEN, _State.ENDING):
            return
        self._batch, self._other, self._fault, self._state = Batch(), Batch(), None, _State.OPEN
        await self._finish(lambda _: self._file.remove(), end=_State.GONE)

    async def _finish(self, job: Callable[[Batch], T], *, end: _State = _State.OPEN) -> T:
        """Run a job after everything that was handed over, with what was not; once begun, no cancelling stops it."""
        await self._landing()
        self._raise_fault()
        self._check_open()
        self._launch(job, end)
        done: T = await self._aim(end)
        return done

    async def _landing(self) -> None:
        while self._flight is not None:
            await asyncio.wait([self._flight])

    def _hand_over(self) -> None:
        if self._flight is None and self._batch.size >= min(BATCH, self._share):
            self._launch(self._file.apply, _State.OPEN)

    def _launch(self, job: Callable[[Batch], object], end: _State) -> None:
        self._follow(self._threads.submit(job, self._batch), end)

    def _follow(self, flight: asyncio.Future[Any], end: _State) -> None:
        """Go on filling the other batch while what is in this one is under way."""
        self._batch, self._other = self._other, self._batch
        self._flight, self._end = flight, end
        flight.add_done_callback(self._landed)

    def _aim(self, end: _State) -> asyncio.Future[Any]:
        """Say what the job under way comes to; who waits for it by the answer may leave without stopping it."""
        self._end = end
        if end is not _State.OPEN:
            self._state = _State.ENDING
        self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter

    def _landed(self, flight: asyncio.Future[Any]) -> None:
        waiter, end = self._waiter, self._end
        self._flight = self._waiter = self._foreseen = None
        self._fault = Transient("The gateway is stopping.") if flight.cancelled() else flight.exception()
        if waiter is not None and not waiter.done():
            _pass_on(flight, waiter)
        if self._fault is not None:
            return
        self._other.clear()
        if end is not _State.OPEN:
            self._state = end
            self._ended(self._id)
        else:
            self._hand_over()

    @property
    def _share(self) -> int:
        return max(LEAST, min(BACKLOG, MEMORY // max(1, self._count())))

    def _check_open(self) -> None:
        if self._state is not _State.OPEN:
            raise RuntimeError(f"An intake was used after its end ({self._state.name}).")

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault


def _pass_on(flight: asyncio.Future[T], waiter: asyncio.Future[T]) -> None:
    if flight.cancelled():
        waiter.cancel()
    elif (fault := flight.exception()) is not None:
        waiter.set_exception(fault)
    else:
        waiter.set_result(flight.result())
