"""A wire in memory between a client and one session of the email door: no socket, no TLS, all of the door.

The session is the real one. What a socket's transport does for it is done here at once, in pieces no larger than a
socket would bring, so that some thousand sessions a second can be held.
"""

import asyncio
from collections import deque

from gateway.inbound.smtp.transfer import BUFFER_BYTES as PIECE  # what comes at once, as from a socket


class Wire(asyncio.Transport):
    """The door's end is the transport; `send`, `hang_up` and `heard` are the client's."""

    def __init__(self, protocol: asyncio.Protocol, *, peer: tuple[str, int], is_encrypted: bool) -> None:
        """Connect."""
        super().__init__({"peername": peer})
        self.heard = bytearray()
        self.is_paused = False
        self._is_encrypted = is_encrypted
        self._protocol: asyncio.BaseProtocol = protocol
        self._pieces: deque[bytes] = deque()
        self._has_hung_up = False
        self._is_closing = False
        self._loop = asyncio.get_running_loop()
        protocol.connection_made(self)

    # The client's end

    def send(self, data: bytes) -> None:
        """Send; what comes while the door does not read waits."""
        self._pieces += (data[at : at + PIECE] for at in range(0, len(data), PIECE))
        self._deliver()

    def hang_up(self) -> None:
        """Send no more."""
        self._has_hung_up = True
        self._deliver()

    def cut(self) -> None:
        """Be gone, without a word."""
        self._pieces.clear()
        self.abort()

    def _deliver(self) -> None:
        while self._pieces and not self.is_paused and not self._is_closing:
            piece = self._pieces.popleft()
            protocol = self._protocol
            if isinstance(protocol, asyncio.BufferedProtocol):
                buffer = protocol.get_buffer(-1)
                piece, rest = piece[: len(buffer)], piece[len(buffer) :]
                if rest:
                    self._pieces.appendleft(rest)
                buffer[: len(piece)] = piece
                protocol.buffer_updated(len(piece))
            else:
                protocol.data_received(piece)  # type: ignore[attr-defined]
        if self._has_hung_up and not self._pieces and not self._is_closing:
            self._has_hung_up = False
            if not self._protocol.eof_received():  # type: ignore[attr-defined]
                self.close()

    # The door's end

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what the door asks of its transport."""
        if name == "sslcontext":
            return self._is_encrypted or default  # only whether there is one is asked
        return super().get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hear what the door says."""
        self.heard += data

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another take what comes."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who takes what comes."""
        return self._protocol

    def pause_reading(self) -> None:
        """Let what comes wait."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """Go on, in the loop's next turn as a socket would."""
        self.is_paused = False
        self._loop.call_soon(self._deliver)

    def is_closing(self) -> bool:
        """Whether the door has closed."""
        return self._is_closing

    def close(self) -> None:
        """Close; the protocol hears of it in the loop's next turn."""
        if not self._is_closing:
            self._is_closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        """Close."""
        self.close()
