"""Asks clamd whether a file holds malware; no answer is never taken for a clean one.

Owns the INSTREAM exchange and the meaning of its replies. The file is sent whole, or there is no verdict (Source:
SPEC 11; FIELD-NOTES A.8, B.2; clamd(8)).
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from functools import partial

from gateway.core.contents import Inspection
from gateway.core.endpoint import Scanner as ScannerPlace
from gateway.core.endpoint import SocketPath

Run = Callable[[Callable[[], bytes]], Awaitable[bytes]]

_PIECE = 256 * 1024  # bytes of the file in one chunk of the stream
_LENGTH = struct.Struct(">I")
_CAN_NOT_SCAN = ("Heuristics.Encrypted", "Heuristics.Limits.Exceeded")
_NO_ANSWER = Inspection("wait")


class Clamd:
    """The Scanner that `pipeline.inspect` asks."""

    def __init__(self, place: ScannerPlace, *, run: Run, timeout: float) -> None:
        """Take where clamd listens, how to run blocking reads, and the seconds that one scan may take."""
        self._place = place
        self._run = run
        self._timeout = timeout

    async def scan(self, path: str, *, size: int) -> Inspection:
        """Return clean, rejected (infected, not-scannable), or wait when there is no verdict."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._ask(path, size)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return _NO_ANSWER

    async def _ask(self, path: str, size: int) -> Inspection:
        reader, writer = await self._connect()
        answer = asyncio.ensure_future(reader.readuntil(b"\0"))
        try:
            is_whole = await self._send(writer, path, size)
            verdict = verdict_of((await answer).rstrip(b"\0").decode("utf-8", "replace"))
            # clamd may find something and hang up before it has read everything; that nothing is there, it can't know.
            return verdict if is_whole or verdict.verdict == "rejected" else _NO_ANSWER
        finally:
            answer.cancel()
            writer.transport.abort()  # who has stopped reading would hold back what we have not sent yet, for ever

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        at = self._place.at
        if isinstance(at, SocketPath):
            return await asyncio.open_unix_connection(at.path)
        return await asyncio.open_connection(at.host, at.port)

    async def _send(self, writer: asyncio.StreamWriter, path: str, size: int) -> bool:
        """Send the bytes; return whether clamd took all. Raises OSError when there are fewer than there should be."""
        try:
            await self._stream(writer, path, size)
        except ConnectionError:
            return False
        return True

    async def _stream(self, writer: asyncio.StreamWriter, path: str, size: int) -> None:
        writer.write(b"zINSTREAM\0")
        with open(path, "rb") as stream:  # noqa: ASYNC230  # opening waits for no byte; reading does
            left = size
            while left:
                piece = await self._run(partial(stream.read, min(_PIECE, left)))
                if not piece:
                    raise OSError("the file is shorter than its record")
                left -= len(piece)
                writer.write(_LENGTH.pack(len(piece)) + piece)
                await writer.drain()
        writer.write(_LENGTH.pack(0))
        await writer.drain()


def verdict_of(reply: str) -> Inspection:
    """Return what a reply of clamd means: `stream: OK`, `stream: NAME FOUND`, anything else is no verdict."""
    text = reply.removeprefix("stream: ")
    if text == "OK":
        return Inspection("clean")
    if not text.endswith(" FOUND"):
        return _NO_ANSWER
    name = text.removesuffix(" FOUND")
    if name.startswith(_CAN_NOT_SCAN):
        return Inspection("rejected", "not-scannable")
    return Inspection("rejected", "infected")
