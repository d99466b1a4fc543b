"""The connection while a message is sent over it.

Owns the switch of the transport's protocol for the time of DATA: the loop then fills one large buffer, and the session
hears of it only when the message ended, the disk is behind, or the sender is too slow. Decides nothing about the
message: that is `data` (Source: SPEC 4, 11).
"""

import asyncio
import math
from enum import Enum, auto

from gateway.inbound.smtp.data import Reception
from gateway.inbound.smtp.piece import ROOM, Piece

# Each time the loop turns to a sender costs as much as 100 KB do: of a large message it takes much at a time. A small
# one is no faster for it.
BUFFER_BYTES = 1 << 19


def new_buffer() -> bytearray:
    """Return what transfers are filled into, with room for bytes that are held from piece to piece."""
    return bytearray(ROOM + BUFFER_BYTES)


class Ending(Enum):
    """How a transfer ended. A lost connection ends the session itself."""

    WHOLE = auto()
    TOO_SLOW = auto()
    TOO_LONG = auto()  # more time was taken than this sender has
    HOPELESS = auto()  # far over the limit


class Transfer(asyncio.BufferedProtocol):
    """Takes the place of a session at its transport, from 354 to the end of the message."""

    def __init__(self, *, session: asyncio.Protocol, reception: Reception, buffer: bytearray) -> None:
        """The buffer may be shared by all transfers of a loop: it is filled and handed over in one step."""
        self._session = session
        self._reception = reception
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._has_news = False
        self._waiter: asyncio.Future[None] | None = None  # for news
        self._is_whole = False

    def take_over(self, transport: asyncio.Transport) -> None:
        """From now on read what comes over the transport."""
        self._transport = transport
        transport.set_protocol(self)

    async def carry_on(self, *, bytes_a_second: int, pace_seconds: float, within: float = math.inf) -> Ending:
        """Wait for the end, for the disk where it is behind, and not for ever: at most `within` seconds."""
        now = asyncio.get_running_loop().time
        until = now() + within
        while not self._is_whole:
            before = self._reception.received
            if not await self._hear(min(pace_seconds, until - now())):
                if now() >= until:
                    return Ending.TOO_LONG
                if self._reception.received - before < bytes_a_second * pace_seconds:
                    return Ending.TOO_SLOW
            self._has_news = False
            if self._reception.is_hopeless:
                return Ending.HOPELESS
            await self._catch_up()
        return Ending.WHOLE

    async def _hear(self, seconds: float) -> bool:
        """Wait for news, so long at the most; return whether there are any. An Event and a timeout cost more."""
        if not self._has_news:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            alarm = loop.call_later(seconds, self._wake)
            try:
                await self._waiter
            finally:
                alarm.cancel()
        return self._has_news

    def _tell(self) -> None:
        self._has_news = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _catch_up(self) -> None:
        if self._reception.is_congested:
            await self._reception.wait_for_disk()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def get_buffer(self, sizehint: int) -> memoryview:  # what the loop hints at is less
        """Give the loop where to write."""
        return memoryview(self._buffer)[ROOM : ROOM + self._reception.portion]

    def buffer_updated(self, nbytes: int) -> None:
        """Take what came."""
        rest = self._reception.feed(Piece(self._buffer, ROOM, ROOM + nbytes))
        if rest is not None:
            self._hand_back(rest)
        elif self._reception.is_congested or self._reception.is_hopeless:
            self._pause()

    def _pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()
        self._tell()

    def _hand_back(self, rest: bytes) -> None:
        """Return the transport to the session; commands that came behind the message are the session's."""
        if self._transport is not None:
            self._transport.set_protocol(self._session)
        if rest:
            self._session.data_received(rest)
        self._is_whole = True
        self._tell()

    def eof_received(self) -> bool | None:
        """The client will send no more: the message is cut off."""
        return self._session.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._session.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._session.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._session.resume_writing()
