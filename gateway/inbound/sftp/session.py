"""One SFTP session: the channel of asyncssh, the engine, and the tasks of what was asked.

Owns the session's life: what comes is fed, what is asked runs, who asks too much at once waits, and what the client had
not closed when the channel ended is abandoned. Nothing but SFTP is spoken (Source: SPEC 5;
docs/decisions/0003-sftp-engine.md).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import asyncssh

from gateway import log
from gateway.errors import GatewayError
from gateway.inbound.sftp.answering import Answering, File
from gateway.inbound.sftp.eager import Work, begun
from gateway.inbound.sftp.flow import Limits
from gateway.inbound.sftp.outbox import Outbox
from gateway.inbound.sftp.packets import ProtocolError
from gateway.inbound.sftp.portal import Portal
from gateway.inbound.sftp.protocol import Engine
from gateway.inbound.sftp.refusals import sentence_of
from gateway.inbound.sftp.replies import Reply

_OUR_FAULT = "Something went wrong in the gateway; nothing was lost. Please try again in a few minutes."


@dataclass(frozen=True)
class SessionLimits:
    """What one session may ask for at once."""

    engine: Limits
    reading_bytes: int = 4 << 20  # asked of the disk and not yet sent


class PortalSession(asyncssh.SSHServerSession[bytes]):
    """The session of one channel."""

    def __init__(
        self, portal: Portal, *, limits: SessionLimits, now: Callable[[], datetime], noticed: Callable[[], None]
    ) -> None:
        """Take the portal, the time in the reader's zone, and whom to tell that the client did something."""
        self._portal = portal
        self._limits = limits
        self._now = now
        self._noticed = noticed
        self._line: deque[tuple[Reply | None, Work]] = deque()  # what was asked, in order; the first is under way
        self._tasks: set[asyncio.Task[None]] = set()
        self._answering: Answering | None = None
        self._engine: Engine[File] | None = None
        self._at_end = False
        self.is_ended = False

    @property
    def is_uploading(self) -> bool:
        """Whether an upload is open, or being completed."""
        return self._answering is not None and self._answering.uploads > 0

    # What asyncssh tells us

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Start the engine on the channel."""
        chan.set_encoding(None)
        loop = asyncio.get_running_loop()
        self._channel = chan
        self._outbox = Outbox(chan)
        self._answering = Answering(self._portal, self, now=self._now, reading_bytes=self._limits.reading_bytes)
        self._engine = Engine(
            self._answering,
            channel=self._outbox,
            limits=self._limits.engine,
            wake=lambda: loop.call_soon(self._go_on),
        )
        # Whatever waits in the channel waits in our memory: less than one answer is enough to keep it busy.
        chan.set_write_buffer_limits(high=self._limits.engine.max_read)

    def subsystem_requested(self, subsystem: str) -> bool:
        """Serve SFTP and nothing else."""
        return subsystem == "sftp"

    def shell_requested(self) -> bool:
        """Refuse."""
        return False

    def exec_requested(self, command: str) -> bool:
        """Refuse; clients probe for shell tools this way."""
        return False

    def pty_requested(self, *terminal: object) -> bool:
        """Refuse."""
        return False

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Feed the engine."""
        self._noticed()
        if self._engine is not None:
            self._step(lambda engine: engine.feed(data))

    def eof_received(self) -> bool:
        """End well once nothing is owed."""
        self._at_end = True
        self._end_if_idle()
        return True

    def pause_writing(self) -> None:
        """Hand on nothing more while the client doesn't take what we sent."""
        self.pause("channel")

    def resume_writing(self) -> None:
        """Go on."""
        self.resume("channel")

    def connection_lost(self, exc: Exception | None) -> None:
        """Abandon what the client had not closed."""
        self.is_ended = True
        if self._engine is not None:
            self._engine.end()
        self._portal.left()

    # What the answering needs

    def tell(self, sentence: str) -> None:
        """Say why: OpenSSH's programs show no sentence of an answer, but what comes as an error stream."""
        self._outbox.tell(sentence)

    def pause(self, reason: str) -> None:
        """Hand on nothing more until this reason is taken back."""
        if self._engine is not None:
            self._engine.pause(reason)

    def resume(self, reason: str) -> None:
        """Take a reason back."""
        if self._engine is not None:
            self._engine.resume(reason)

    def begin(self, reply: Reply | None, work: Work) -> None:
        """Run what was asked, after all that was asked before: sshfs looks at a file without waiting for its OPEN.

        Whatever goes wrong in it, the client hears a sentence, and never a success.
        """
        self._line.append((reply, work))
        if len(self._line) == 1:
            self._start(self._work_off())

    def aside(self, work: Work) -> None:
        """Run what carries bytes, beside the line."""
        self._start(_guarded(None, work))

    async def _work_off(self) -> None:
        while self._line:
            await _guarded(*self._line[0])
            self._line.popleft()
        self._outbox.hurry()

    def _start(self, work: Work) -> None:
        rest = begun(work)
        if rest is None:
            return
        task = asyncio.get_running_loop().create_task(rest)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def settled(self) -> None:
        """Return when nothing that was asked is under way any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._end_if_idle()

    def _go_on(self) -> None:
        self._step(lambda engine: engine.go_on())
        self._end_if_idle()

    def _step(self, step: Callable[[Engine[File]], None]) -> None:
        assert self._engine is not None, "called from the engine's own channel"
        self._outbox.gather()
        try:
            step(self._engine)
        except ProtocolError as fault:
            log.refused(channel="sftp", reason=f"protocol: {fault}")
            self._channel.abort()
        finally:
            self._outbox.flush()

    def _end_if_idle(self) -> None:
        if self._at_end and self._engine is not None and self._engine.is_idle and not self._tasks:
            self._outbox.finish()


async def _guarded(reply: Reply | None, work: Awaitable[None]) -> None:
    try:
        await work
    except GatewayError as trouble:
        log.transient(stage="sftp", why=str(trouble))
        _fail(reply, sentence_of(trouble))
    except Exception as bug:  # the session's one boundary: a bug is told as such
        log.bug(stage="sftp", exception=bug)
        _fail(reply, _OUR_FAULT)


def _fail(reply: Reply | None, sentence: str) -> None:
    if reply is not None and not reply.is_given:
        reply.fail(sentence)
