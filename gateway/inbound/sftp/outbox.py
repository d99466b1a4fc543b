"""The way to one client: small answers sent together, nothing sent once the channel is closed.

Owns when answers leave: each packet of SSH costs as much as its first kilobytes, so that the answers of one turn of the
loop go as one (Source: DESIGN 7; the port is `flow.Channel`).
"""

import asyncio

import asyncssh

_TERMINALS = ("SSH-2.0-OpenSSH", "SSH-2.0-PuTTY")  # whose users see what comes as an error stream
LARGE = 16 * 1024  # bytes of an answer that leaves by itself: copying it costs more than a packet


class Outbox:
    """The engine's channel, over asyncssh's."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        """Take the channel."""
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes | memoryview] = []
        self._is_gathering = False  # more answers of the same step may come, and then `flush`
        self._has_terminal = str(channel.get_extra_info("client_version") or "").startswith(_TERMINALS)
        self.pause_reading = channel.pause_reading
        self.resume_reading = channel.resume_reading

    def write(self, data: bytes | memoryview) -> None:
        """Send after all that was written before, in this turn of the loop or at its end."""
        if len(data) >= LARGE:
            self._send_waiting()
            self._send(data)
            return
        if not self._waiting and not self._is_gathering:
            self._loop.call_soon(self._send_waiting)
        self._waiting.append(data)

    def gather(self) -> None:
        """Keep small answers until `flush`, which shall come in this same step."""
        self._is_gathering = True

    def flush(self) -> None:
        """Send what was gathered, now."""
        self._is_gathering = False
        self._send_waiting()

    def hurry(self) -> None:
        """Send what waits now, unless somebody still gathers: the client waits for nothing else."""
        if not self._is_gathering:
            self._send_waiting()

    def _send_waiting(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._send(waiting[0] if len(waiting) == 1 else b"".join(waiting))

    def _send(self, data: bytes | memoryview) -> None:
        if not self._channel.is_closing():
            self._channel.write(data)

    def tell(self, sentence: str) -> None:
        """Show a sentence at the terminal of OpenSSH's and PuTTY's programs, in order with the answers."""
        if self._has_terminal and not self._channel.is_closing():
            self._send_waiting()
            self._channel.write_stderr(f"{sentence}\r\n".encode())

    def finish(self) -> None:
        """Say that all went well, which scp waits for, behind all that was sent."""
        self._send_waiting()
        if not self._channel.is_closing():
            self._channel.exit(0)
