"""The Unpacker port: messages are taken apart ahead of ingest, beside the gateway, and each by one at a time.

Owns which messages are taken apart before ingest asks for them, and how much of what was found waits for it; that
whoever leaves one leaves nobody who still writes its parts; and the threads in which it happens where there is no
process for it (Source: SPEC 4; DESIGN 3, step 3; docs/decisions/0019).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from gateway.core.contents import Unpacked
from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.inbound.smtp.dismantle import Spooled, dismantle, limits_for
from gateway.inbound.smtp.dismantler import Flight, Threads
from gateway.inbound.smtp.limits import MessageLimits
from gateway.ports import Disk, Spool

AT_ONCE = 2  # messages in our own threads: more would only take the interpreter from the doors
AHEAD = 2_000  # messages that may wait to be taken apart before ingest asks for them
UNDER_WAY = 8  # of them at a time, so that what ingest asks for does not wait behind all of them
WAITING_PARTS = 10_000  # parts that were found ahead and that ingest did not ask for yet, at which it goes no further
Elsewhere = Callable[[Spooled, MessageLimits], Flight | None]  # None: not now


class MessageUnpacker:
    """The Unpacker port."""

    def __init__(
        self,
        *,
        spool: Spool,
        disk: Disk,
        threads: Threads,
        limits: MessageLimits,
        elsewhere: Elsewhere = lambda _spooled, _limits: None,
    ) -> None:
        """Take where messages lie, how far they may be taken apart, and where that is done if not by our threads."""
        self._spool = spool
        self._disk = disk
        self._threads = threads
        self._elsewhere = elsewhere
        self.limits = limits  # replaced at a reload
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._ahead: dict[str, Envelope] = {}  # to be begun, oldest first
        self._flights: dict[str, Flight] = {}  # begun, and their answer not taken
        self._under_way = 0
        self._waiting_parts = 0

    def begin(self, envelope: Envelope) -> None:
        """Take a message apart as soon as there is time: ingest will ask for it. A help, and no promise."""
        if envelope.channel is Channel.EMAIL and envelope.username and len(self._ahead) < AHEAD:
            self._ahead[envelope.id] = envelope
            self._go_ahead()

    async def unpack(self, envelope: Envelope) -> Unpacked:
        """Return the parts of a ready message, candidates decoded; safe to repeat, never raises for what is inside."""
        self._ahead.pop(envelope.id, None)
        flight = self._flights.get(envelope.id) or self._ask(envelope)
        found = await self._answer(envelope.id, flight) if flight is not None else None
        if found is not None:
            return found
        async with self._gate:
            limits = limits_for(envelope.size, self.limits)
            return await self._threads.run(partial(dismantle, self._spooled(envelope), self._disk, limits))

    async def leave(self, id: str) -> None:
        """Return when nobody takes this message apart any more; what was found is forgotten."""
        self._ahead.pop(id, None)
        if (flight := self._flights.get(id)) is not None:
            await asyncio.wait((flight,))
            self._forget(id)

    def _spooled(self, envelope: Envelope) -> Spooled:
        return Spooled(self._spool.path(envelope.id), envelope.size, self._spool.parts(envelope.id))

    def _ask(self, envelope: Envelope) -> Flight | None:
        flight = self._elsewhere(self._spooled(envelope), limits_for(envelope.size, self.limits))
        if flight is not None:
            self._flights[envelope.id] = flight
            self._under_way += 1
            flight.add_done_callback(self._came)
        return flight

    async def _answer(self, id: str, flight: Flight) -> Unpacked | None:
        """Wait for an answer and take it. Who is cancelled meanwhile leaves it to whoever asks next."""
        try:
            return await asyncio.shield(flight)
        finally:
            if flight.done():
                self._forget(id)

    def _came(self, flight: Flight) -> None:
        self._under_way -= 1
        self._waiting_parts += _parts_of(flight)
        self._go_ahead()

    def _forget(self, id: str) -> None:
        self._waiting_parts -= _parts_of(self._flights.pop(id))
        self._go_ahead()

    def _go_ahead(self) -> None:
        while self._ahead and self._under_way < UNDER_WAY and self._waiting_parts < WAITING_PARTS:
            envelope = self._ahead.pop(next(iter(self._ahead)))
            if self._ask(envelope) is None:
                self._ahead.clear()


def _parts_of(flight: Flight) -> int:
    """Return how many parts an answer has."""
    with suppress(Exception, asyncio.CancelledError):
        found = flight.result()
        return len(found.parts) if found is not None else 0
    return 0
