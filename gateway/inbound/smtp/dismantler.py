"""The dismantler, seen from the event loop: messages are taken apart in processes of ours, each one after the other.

Owns the life of these processes, the queue before them, and who waits for which answer. It is a wall and a help, and
never a need: where there can be no process, the gateway's own threads take messages apart. A message at which a process
ended is tried once more; one at which two ended is for a person. A process that stands still is ended, so that nobody
waits for ever (Source: SPEC 4; docs/decisions/0019).
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar, TypeVarTuple

from gateway import log
from gateway.beside import IS_POSSIBLE, Beside, begin
from gateway.core.contents import Unpacked
from gateway.errors import Permanent, Transient
from gateway.inbound.smtp.dismantle import Spooled
from gateway.inbound.smtp.dismantlerprocess import HELLO, Answer, order_of
from gateway.inbound.smtp.limits import MessageLimits
from gateway.ports import Clock, Wake

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Flight = asyncio.Future[Unpacked | None]  # None: whoever asked shall take it apart by himself
COUNT = 2  # processes: more would only take the processors from the doors
AT_HAND = 2  # orders that one process has: the next one lies there when it is done
_CHUNK = 65_536  # bytes of answers that are looked at in one turn of the loop
_LONGEST_WAIT = 30.0  # seconds of silence, and more for a large message
_LEAST_PACE = 2_000_000  # bytes a second that a disk with troubles still makes of one
_IDLE = 600.0  # seconds without an order, after which a process gives its memory back
_PATIENCE = 2.0  # seconds for the end of one that was ended: only a disk that hangs can hold it
_NOT_BEGUN = "The process that takes messages apart could not begin. The gateway does it by itself, and tries again."
_NOT_DONE = "A process could not take a message apart. The gateway does it by itself."
_TWICE = (
    "Two processes ended as they took this message apart: somebody may have made it to do that. Don't open it; ask its "
    "sender whether they sent it, and to send the file again in a new message."
)
_STOOD_STILL = f"gave no answer for {_LONGEST_WAIT:.0f} seconds, and was ended"
_STUCK = "The process that takes messages apart gave no answer. The disk may hang; the gateway tries again."
_NO_WORK = "had nothing to do"
_BY_ITSELF = "ended; its own words may stand before this"
_ANOTHER = "Another one is begun when there is something to do."


class Threads(Protocol):
    """Where blocking work runs."""

    async def run(self, job: Callable[[], T], /) -> T:
        """Run a job in a thread."""
        ...

    async def obtain(self, job: Callable[[*Ts], T], *args: *Ts, release: Callable[[T], None]) -> T:
        """Run a job that returns something to be let go."""
        ...


@dataclass(slots=True)
class _Order:
    """A message to be taken apart, and who waits for it."""

    spooled: Spooled
    limits: MessageLimits
    flight: Flight
    ends: int = 0  # processes that ended at it, by themselves

    def reach(self, found: Unpacked | None) -> None:
        """Tell who waits; one who left is told nothing."""
        if not self.flight.done():
            self.flight.set_result(found)

    def met_an_end(self, *, by_itself: bool) -> None:
        """The process that worked at it is gone; say when it is not to be tried again here."""
        self.ends += by_itself
        if self.ends > 1:
            self._refuse(Permanent(_TWICE))
        elif not by_itself:
            self._refuse(Transient(_STUCK))

    def _refuse(self, fault: Exception) -> None:
        if not self.flight.done():
            self.flight.set_exception(fault)


class Dismantler:
    """A few processes, begun when there is something to do. Nothing here blocks."""

    def __init__(self, *, threads: Threads, clock: Clock, wake: Wake) -> None:
        """Take where what blocks is done, and what brings about a pass; starts nothing."""
        self._threads = threads
        self._clock = clock
        self._wake = wake
        self._lines: list[_Line] = []
        self._queue: deque[_Order] = deque()
        self._is_in_service = False  # in the daemon: commands have nobody who looks after processes

    def take_apart(self, spooled: Spooled, limits: MessageLimits) -> Flight | None:
        """Begin to take a message apart. None when it can't be done here: then nothing was begun."""
        if not self._is_in_service:
            return None
        order = _Order(spooled, limits, asyncio.get_running_loop().create_future())
        self._queue.append(order)
        self._hand_out()
        return order.flight

    async def pass_once(self) -> int:
        """Begin and end processes as is needed. Raises Transient for one that ended without our wish."""
        self._is_in_service = IS_POSSIBLE
        for line in [line for line in self._lines if line.is_over]:
            await self._bury(line)
        for line in self._lines:
            line.look_after()
        if self._needs_one_more():
            await self._begin_one()
        return 0

    async def close(self) -> None:
        """End all processes: nobody was promised anything for what they do. Safe to repeat."""
        self._is_in_service = False
        lines, self._lines = self._lines, []
        for line in lines:
            line.end("the gateway is stopping")
            line.hang_up()
            await self._threads.run(line.see_off)
        for order in [order for line in lines for order in line.orders] + list(self._queue):
            order.flight.cancel()
        self._queue.clear()

    async def _begin_one(self) -> None:
        try:
            beside = await self._threads.obtain(_begin, release=_leave)
        except Transient as trouble:
            self._leave_to_others(f"The reason: {trouble}")
            return
        self._lines.append(_Line(beside, self._clock, ready=self._hand_out, over=self._take_over))

    async def _bury(self, line: "_Line") -> None:
        self._lines.remove(line)
        await self._threads.run(line.see_off)
        if not line.has_begun:
            self._leave_to_others(f"It {line.ended_for or _BY_ITSELF}.")
        elif line.ended_for != _NO_WORK:
            raise Transient(f"A process that takes messages apart {line.ended_for or _BY_ITSELF}. {_ANOTHER}")

    def _leave_to_others(self, why: str) -> None:
        """Nothing can be done here just now: whoever waits takes his message apart by himself."""
        log.transient(stage="dismantler", why=f"{_NOT_BEGUN} {why}")
        while self._queue:
            self._queue.popleft().reach(None)

    def _hand_out(self) -> None:
        """Give orders to whoever has the fewest."""
        while self._queue and (free := [line for line in self._lines if line.can_take]):
            min(free, key=lambda line: len(line.orders)).give(self._queue.popleft())
        if self._needs_one_more():
            self._wake()

    def _needs_one_more(self) -> bool:
        """Whether there is more to do than those who are there can take; one that begins is waited for."""
        return bool(self._queue) and len(self._lines) < COUNT and all(line.has_begun for line in self._lines)

    def _take_over(self, line: "_Line") -> None:
        """A process is gone: others do what it leaves, and the first of it only once more."""
        if line.orders:
            line.orders[0].met_an_end(by_itself=not line.ended_for)
        left = [order for order in line.orders if not order.flight.done()]
        line.orders.clear()
        self._queue.extendleft(reversed(left))
        self._hand_out()
        self._wake()


class _Line:
    """One process, and what is between us."""

    def __init__(
        self, beside: Beside, clock: Clock, *, ready: Callable[[], None], over: Callable[["_Line"], None]
    ) -> None:
        self.orders: deque[_Order] = deque()  # that it has; the first is the one at which it works
        self.has_begun = False
        self.is_over = False
        self.ended_for = ""  # why we ended it
        self._beside = beside
        self._clock = clock
        self._ready, self._over = ready, over
        self._answer = Answer()
        self._rest = b""  # of a line of which the end did not come yet
        self._heard_at = clock.monotonic()
        asyncio.get_running_loop().add_reader(beside.channel, self._hear)

    @property
    def can_take(self) -> bool:
        """Whether one more order may be given."""
        return self.has_begun and not self.is_over and not self.ended_for and len(self.orders) < AT_HAND

    def give(self, order: _Order) -> None:
        """Hand over an order."""
        if not self.orders:
            self._heard_at = self._clock.monotonic()
        self.orders.append(order)
        with suppress(OSError):  # it is gone, and `_hear` will know
            self._beside.channel.send(order_of(order.spooled, order.limits))

    def look_after(self) -> None:
        """End the process if it stands still, or has had nothing to do for long."""
        silence = self._clock.monotonic() - self._heard_at
        owed = self.orders[0].spooled.size if self.orders else 0
        if (self.orders or not self.has_begun) and silence > _LONGEST_WAIT + owed / _LEAST_PACE:
            self.end(_STOOD_STILL)
        elif not self.orders and silence > _IDLE:
            self.end(_NO_WORK)

    def end(self, why: str) -> None:
        """End the process. `_hear` learns that it is gone, and tells; nothing that it does comes after that."""
        self.ended_for = why
        self._beside.child.kill()

    def hang_up(self) -> None:
        """Close our ends; safe to repeat."""
        if not self.is_over:
            self.is_over = True
            asyncio.get_running_loop().remove_reader(self._beside.channel)
            self._beside.let_go()

    def see_off(self) -> None:
        """Wait until the process is gone; blocks."""
        self._beside.see_off(_PATIENCE)

    def _hear(self) -> None:
        try:
            said = self._beside.channel.recv(_CHUNK)
        except BlockingIOError:
            return
        except ConnectionError:
            said = b""
        if not said:
            self.hang_up()
            self._over(self)
            return
        *lines, self._rest = (self._rest + said).split(b"\n")
        self._heard_at = self._clock.monotonic()
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        if not self.has_begun:
            self.has_begun = line == HELLO.rstrip()
            self._ready()
        elif self.orders:
            self._take_answer(line)

    def _take_answer(self, line: bytes) -> None:
        try:
            found = self._answer.take(line)
            if found is None:
                return
        except (ValueError, TypeError, KeyError):  # it could not, or is of another version than we are
            log.transient(stage="dismantler", why=_NOT_DONE)
            found = None
        self.orders.popleft().reach(found)
        self._ready()


def _begin() -> Beside:
    return begin("gateway.rooms.dismantler", kind=socket.SOCK_STREAM)


def _leave(beside: Beside) -> None:
    beside.let_go()
    beside.see_off(_PATIENCE)
