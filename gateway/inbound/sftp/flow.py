"""How much of a session is under way: what was asked and not yet answered, and who wants it to wait.

Writes answers to the channel and says when the engine must stop reading. Calls nobody but the channel and `wake`.
Source: SPEC 5 (a session is bounded), DESIGN 7 (no task and no queue of its own).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.inbound.sftp.stream import WRITE_FIXED


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session may ask for; told to clients that ask by `limits@openssh.com`."""

    max_packet: int = 256 * 1024  # bytes of a packet, without its length
    max_read: int = 255 * 1024  # bytes of one read; a longer one is answered with this much
    max_write: int = 255 * 1024  # bytes of one write; a longer one is refused
    max_handles: int = 64  # files and folders open at once
    max_names: int = 33_000  # bytes of a packet of names
    max_outstanding: int = 64  # requests handed on and not answered; the next ones wait unread

    def __post_init__(self) -> None:
        if self.max_write + WRITE_FIXED > self.max_packet:
            raise ValueError("max_packet must leave room for a whole write: at least max_write and 25 bytes")
        if min(self.max_read, self.max_write, self.max_handles, self.max_outstanding) < 1:
            raise ValueError("every limit must be at least 1")


class Channel(Protocol):
    """The way to the client; an asyncssh channel without an encoding fits as it is."""

    def write(self, data: bytes | memoryview) -> None:
        """Send after all that was written before; never wait; once the channel is closed, drop."""
        ...

    def pause_reading(self) -> None:
        """Bring no more bytes until `resume_reading`."""
        ...

    def resume_reading(self) -> None:
        """Bring bytes again; may feed the engine before it returns."""
        ...


class Flow:
    """Counts the requests that are outstanding, and keeps the reasons to wait."""

    def __init__(self, channel: Channel, *, max_outstanding: int, wake: Callable[[], object]) -> None:
        self.outstanding = 0
        self.is_full = False  # the engine looks at this before each step
        self.is_waiting = False  # the engine stopped, and wants to be woken
        self.is_ended = False
        self._channel = channel
        self._max_outstanding = max_outstanding
        self._wake = wake
        self._pauses: set[str] = set()

    def ask(self) -> None:
        """Count a request that is handed on."""
        self.outstanding += 1
        if self.outstanding >= self._max_outstanding:
            self.is_full = True

    def answer(self, packet: bytes | memoryview) -> None:
        """Send the answer to a request that was counted."""
        self.outstanding -= 1
        self.send(packet)
        if self.is_full:
            self._make_room()

    def send(self, packet: bytes | memoryview) -> None:
        """Send what was never counted: the engine's own answers."""
        if not self.is_ended:
            self._channel.write(packet)

    def pause(self, reason: str) -> None:
        self._pauses.add(reason)
        self.is_full = True

    def resume(self, reason: str) -> None:
        self._pauses.discard(reason)
        if self.is_full:
            self._make_room()

    def end(self) -> None:
        """Drop every answer from now on, and let nothing more be handed on."""
        self.is_ended = True
        self.is_full = True

    def _make_room(self) -> None:
        # half: waking for each single answer would cost more than it brings
        if self.is_ended or self._pauses or self.outstanding > self._max_outstanding // 2:
            return
        self.is_full = False
        if self.is_waiting:
            self.is_waiting = False
            self._wake()
