"""The socket below a connection: whether what we sent still moves.

Owns the difference between a slow transfer, which is never ended, and a client that takes nothing any more. Where the
system can't say, only what the client sends counts (Source: SPEC 5; FIELD-NOTES A.2 "idle time-outs").
"""

import fcntl
import socket
import struct
import termios

_NOISE = 4096  # bytes: keep-alives alone are no transfer


def unsent(sock: socket.socket | None) -> int:
    """Return how many bytes the system has not delivered to the other side yet."""
    if sock is None:
        return 0
    try:
        answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    except OSError:  # it is closed, or no such question here
        return 0
    return int(struct.unpack("i", answer)[0])


class Link:
    """One connection's socket, looked at now and then."""

    def __init__(self, sock: socket.socket | None) -> None:
        """Take the socket; None when there is none."""
        self._sock = sock
        self._last = 0

    def has_moved(self) -> bool:
        """Return whether a transfer to the client went on since the last look."""
        last, self._last = self._last, unsent(self._sock)
        return self._last != last and max(self._last, last) > _NOISE


def read_at_most(connection: object, size: int) -> None:
    """Take so many bytes from the socket at a time, so that one turn of the loop serves everybody soon.

    Of asyncssh's connection this asks for its transport, of asyncio's transport for its `max_size`; where there is none
    of that name, all stays as it was.
    """
    transport = getattr(connection, "_transport", None)
    if isinstance(getattr(transport, "max_size", None), int):
        transport.max_size = size  # type: ignore[union-attr]
