"""One SFTP session: what the client asks, the portal answers; bytes go straight through.

Owns the meeting of the engine (no I/O), the channel of asyncssh and the portal. Reads and writes run without a task;
the rest are tasks of the session, ended with it (Source: SPEC 5; docs/decisions/0003-sftp-engine.md).
"""

import asyncio
import stat
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, TypeAlias

import asyncssh

from gateway import log
from gateway.errors import GatewayError, Transient
from gateway.inbound.sftp.desk import Upload
from gateway.inbound.sftp.downloads import Download
from gateway.inbound.sftp.flow import Limits
from gateway.inbound.sftp.listing import Entry
from gateway.inbound.sftp.packets import Attributes, DiskSpace, OpenFlags, ProtocolError
from gateway.inbound.sftp.portal import NOT_THERE, Found, No, Portal
from gateway.inbound.sftp.protocol import Engine
from gateway.inbound.sftp.replies import (
    AttributesReply,
    DataReply,
    FileReply,
    FolderReply,
    PathReply,
    Reply,
    SpaceReply,
)
from gateway.inbound.sftp.view import Leaf, SendRoom

File: TypeAlias = Upload | Download

_FOLDER = stat.S_IFDIR | 0o550
_SEND_FOLDER = stat.S_IFDIR | 0o750
_READABLE = stat.S_IFREG | 0o440
_UPLOAD = stat.S_IFREG | 0o640
_NO_LINKS = "Links are not known here."
_OUR_FAULT = "Something went wrong in the gateway; nothing was lost. Please try again in a few minutes."


class PortalSession(asyncssh.SSHServerSession[bytes]):
    """The session of one channel: Requests for the engine, and the channel's events."""

    def __init__(self, portal: Portal, *, limits: Limits, now: Callable[[], datetime]) -> None:
        """Take the portal and how to read the time in the reader's zone."""
        self._portal = portal
        self._limits = limits
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining: set[int] = set()
        self._at_end = False
        self._uploads = 0

    @property
    def is_uploading(self) -> bool:
        """Whether an upload is open, or being completed."""
        return self._uploads > 0

    # What asyncssh tells us

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Start the engine on the channel."""
        self._channel = chan
        chan.set_encoding(None)
        loop = asyncio.get_running_loop()
        self._engine: Engine[File] = Engine(
            self, channel=chan, limits=self._limits, wake=lambda: loop.call_soon(self._go_on)
        )

    def subsystem_requested(self, subsystem: str) -> bool:
        """Serve SFTP and nothing else."""
        return subsystem == "sftp"

    def shell_requested(self) -> bool:
        """Refuse."""
        return False

    def exec_requested(self, _command: str) -> bool:
        """Refuse; clients probe for shell tools this way."""
        return False

    def pty_requested(self, *_args: object) -> bool:
        """Refuse."""
        return False

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Feed the engine."""
        self._feed(lambda: self._engine.feed(data))

    def _go_on(self) -> None:
        self._feed(self._engine.go_on)
        self._end_if_idle()

    def _feed(self, step: Callable[[], None]) -> None:
        try:
            step()
        except ProtocolError as fault:
            log.refused(channel="sftp", reason=f"protocol: {fault}")
            self._channel.abort()

    def eof_received(self) -> bool:
        """Say that all went well, which scp waits for, once nothing is owed."""
        self._at_end = True
        self._end_if_idle()
        return True

    def _end_if_idle(self) -> None:
        if self._at_end and self._engine.is_idle and not self._tasks:
            self._channel.exit(0)

    def pause_writing(self) -> None:
        """Hand on nothing more while the client doesn't take what we sent."""
        self._engine.pause("channel")

    def resume_writing(self) -> None:
        """Go on."""
        self._engine.resume("channel")

    def connection_lost(self, exc: Exception | None) -> None:
        """Abandon what the client had not closed."""
        self._engine.end()

    # Requests that carry bytes: no task, no wait

    def read(self, reply: DataReply, file: File, *, offset: int, length: int) -> None:
        """Serve bytes that are in memory at once, others when the disk has brought them."""
        if isinstance(file, Upload):
            reply.fail("This file is open for writing.")
            return
        if file.ended:
            reply.fail(file.ended)
            return
        data = file.peek(offset, length)
        if data is None:
            self._begin(reply, self._read_from_disk(reply, file, offset, length))
            return
        file.served.add(offset, offset + len(data))
        reply.data(data)

    async def _read_from_disk(self, reply: DataReply, file: Download, offset: int, length: int) -> None:
        data = await file.read(offset, length)
        file.served.add(offset, offset + len(data))
        reply.data(data)

    def write(self, file: File, offset: int, piece: memoryview) -> None:
        """Take a piece of an upload."""
        if isinstance(file, Upload):
            self._portal.write(file, offset, piece)

    def written(self, reply: Reply, file: File) -> None:
        """Acknowledge a write; when the disk is behind, read no more until it has caught up."""
        if not isinstance(file, Upload):
            reply.fail("This file is open for reading.")
        elif file.refusal:
            reply.fail(file.refusal)
        else:
            reply.done()
            if file.intake.is_congested and id(file) not in self._draining:
                self._begin(None, self._drain(file))

    async def _drain(self, file: Upload) -> None:
        reason = f"disk {id(file)}"
        self._draining.add(id(file))
        self._engine.pause(reason)
        try:
            await file.intake.drain()
        except Transient as trouble:
            file.refusal = file.refusal or f"The gateway can't take it just now: {trouble} Please try again later."
        finally:
            self._draining.discard(id(file))
            self._engine.resume(reason)

    # Requests that look and change: a task each

    def open(self, reply: FileReply[File], *, path: str, flags: OpenFlags, attributes: Attributes) -> None:
        """Open for reading, or begin an upload."""
        is_upload = bool(flags & (OpenFlags.WRITE | OpenFlags.APPEND | OpenFlags.CREATE))
        way = self._portal.open_to_write(path, flags) if is_upload else self._portal.open_to_read(path)
        self._begin(reply, self._open(reply, way))

    async def _open(self, reply: FileReply[File], way: Awaitable[File | No]) -> None:
        opened = await way
        if isinstance(opened, No):
            reply.fail(opened.sentence, opened.code)
        else:
            self._uploads += isinstance(opened, Upload)
            reply.opened(opened)

    def close(self, reply: Reply, file: File) -> None:
        """The client's own CLOSE: this, and only this, completes an upload."""
        self._begin(reply, self._close(reply, file))

    async def _close(self, reply: Reply, file: File) -> None:
        if isinstance(file, Upload):
            try:
                _say(reply, await self._portal.close(file))
            finally:
                self._uploads -= 1
            return
        await self._portal.finish(file)
        reply.done()

    def abandon(self, file: File) -> None:
        """The session ended first: no file."""
        way = self._portal.abandon(file) if isinstance(file, Upload) else file.close()
        self._begin(None, way)

    def stat(self, reply: AttributesReply, path: str) -> None:
        """Say what is there."""
        self._begin(reply, self._stat(reply, path))

    def lstat(self, reply: AttributesReply, path: str) -> None:
        """Say what is there; there are no links."""
        self._begin(reply, self._stat(reply, path))

    async def _stat(self, reply: AttributesReply, path: str) -> None:
        found = await self._portal.find(path)
        if found is None:
            reply.no_such_file()
        else:
            reply.attributes(self._attributes(found))

    def fstat(self, reply: AttributesReply, file: File) -> None:
        """Say what is known of an open file."""
        mode = _UPLOAD if isinstance(file, Upload) else _READABLE
        now = int(self._now().timestamp())
        reply.attributes(Attributes(size=file.size, permissions=mode, atime=now, mtime=now))

    def setstat(self, reply: Reply, *, path: str, attributes: Attributes) -> None:
        """Tolerate: no client's mode, owner or time decides anything."""
        self._begin(reply, self._setstat(reply, path))

    async def _setstat(self, reply: Reply, path: str) -> None:
        _say(reply, None if await self._portal.find(path) is not None else NOT_THERE)

    def fsetstat(self, reply: Reply, *, file: File, attributes: Attributes) -> None:
        """Honour a size on an open upload; tolerate the rest."""
        if isinstance(file, Upload) and attributes.size is not None and attributes.size != file.size:
            self._portal.truncate(file, attributes.size)
        reply.done()

    def opendir(self, reply: FolderReply[File], path: str) -> None:
        """List a room."""
        self._begin(reply, self._opendir(reply, path))

    async def _opendir(self, reply: FolderReply[File], path: str) -> None:
        found = await self._portal.find(path)
        if found is None:
            reply.no_such_file()
        elif isinstance(found, Leaf):
            reply.fail("This is a file, not a folder.")
        else:
            items = await self._portal.items(found)
            reply.opened((Entry(item.name, self._attributes(item)) for item in items), now=self._now())

    def _attributes(self, found: Found) -> Attributes:
        if isinstance(found, Leaf):
            at = int(found.at.timestamp())
            return Attributes(size=found.size, permissions=_READABLE, atime=at, mtime=at)
        at = int(self._now().timestamp())
        mode = _SEND_FOLDER if isinstance(found, SendRoom) else _FOLDER
        return Attributes(size=0, permissions=mode, atime=at, mtime=at)

    def remove(self, reply: Reply, path: str) -> None:
        """Remove, where that means something."""
        self._answer(reply, self._portal.remove(path))

    def mkdir(self, reply: Reply, *, path: str, attributes: Attributes) -> None:
        """Harmless where the folder is there."""
        self._answer(reply, self._portal.make_folder(path))

    def rmdir(self, reply: Reply, path: str) -> None:
        """Refuse."""
        reply.fail("Folders can't be removed here.")

    def rename(self, reply: Reply, *, old: str, new: str) -> None:
        """Rename, which may complete an upload."""
        self._answer(reply, self._portal.rename(old, new))

    def posix_rename(self, reply: Reply, *, old: str, new: str) -> None:
        """Rename; another file of the name is an older version, so there is nothing to replace."""
        self._answer(reply, self._portal.rename(old, new))

    def realpath(self, reply: PathReply, path: str) -> None:
        """Make a path absolute."""
        reply.path(self._portal.absolute(path))

    def readlink(self, reply: PathReply, path: str) -> None:
        """Refuse."""
        reply.fail(_NO_LINKS)

    def symlink(self, reply: Reply, *, target: str, link: str) -> None:
        """Refuse."""
        reply.fail(_NO_LINKS)

    def fsync(self, reply: Reply, file: File) -> None:
        """Make durable what was written so far."""
        if isinstance(file, Download):
            reply.done()
        else:
            self._answer(reply, self._sync(file))

    async def _sync(self, file: Upload) -> No | None:
        await file.intake.sync()
        return None

    def statvfs(self, reply: SpaceReply, path: str) -> None:
        """Say how much room there is."""
        self._begin(reply, self._space(reply))

    async def _space(self, reply: SpaceReply) -> None:
        free = await self._portal.space()
        reply.space(DiskSpace(total=free, free=free))

    # Tasks

    def _answer(self, reply: Reply, way: Coroutine[Any, Any, No | None]) -> None:
        self._begin(reply, self._answered(reply, way))

    async def _answered(self, reply: Reply, way: Awaitable[No | None]) -> None:
        _say(reply, await way)

    def _begin(self, reply: Reply | None, way: Coroutine[Any, Any, None]) -> None:
        """Run a request; whatever goes wrong in it, the client hears a sentence and nothing is lost."""
        task = asyncio.get_running_loop().create_task(self._guarded(reply, way))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._end_if_idle()

    async def _guarded(self, reply: Reply | None, way: Awaitable[None]) -> None:
        try:
            await way
        except GatewayError as trouble:
            log.transient(stage="sftp", why=str(trouble))
            _fail(reply, f"{trouble} Please try again in a few minutes.")
        except Exception as bug:  # the session's one boundary: a bug is told as such, and never as a success
            log.bug(stage="sftp", exception=bug)
            _fail(reply, _OUR_FAULT)


def _say(reply: Reply, answer: No | None) -> None:
    if answer is None:
        reply.done()
    else:
        reply.fail(answer.sentence, answer.code)


def _fail(reply: Reply | None, sentence: str) -> None:
    if reply is not None and not reply.is_given:
        reply.fail(sentence)
