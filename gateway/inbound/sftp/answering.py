"""What a client asks over SFTP, answered from the portal: the engine's `Requests`.

Owns the words of SFTP for what the portal says: attributes, listings, statuses. Reads and writes run at once, where
they can; the rest in the order in which it was asked (Source: SPEC 5; FIELD-NOTES A.1, B.3).
"""

import stat
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from gateway.errors import GatewayError, Transient
from gateway.inbound.sftp import refusals
from gateway.inbound.sftp.accountroom import AccountRoom
from gateway.inbound.sftp.desk import Upload
from gateway.inbound.sftp.downloads import Download
from gateway.inbound.sftp.lines import Lines
from gateway.inbound.sftp.listing import Entries, Entry
from gateway.inbound.sftp.packets import Attributes, DiskSpace, OpenFlags, StatusCode
from gateway.inbound.sftp.portal import Portal
from gateway.inbound.sftp.refusals import NO_LINKS, NOT_THERE, No, sentence_of
from gateway.inbound.sftp.replies import (
    AttributesReply,
    DataReply,
    FileReply,
    FolderReply,
    PathReply,
    Reply,
    SpaceReply,
)
from gateway.inbound.sftp.rooms import Found, Leaf, LongRoom, Page, Room, Way
from gateway.inbound.sftp.schoolview import SendRoom
from gateway.inbound.sftp.serviceview import TurningRoom

File: TypeAlias = Upload | Download

_FOLDER = stat.S_IFDIR | 0o550
_OPEN_FOLDER = stat.S_IFDIR | 0o750  # things can be put there
_READABLE = stat.S_IFREG | 0o440
_UPLOAD = stat.S_IFREG | 0o640
_WRITES = OpenFlags.WRITE | OpenFlags.APPEND | OpenFlags.CREATE | OpenFlags.TRUNCATE


class Runner(Protocol):
    """The session, as far as answers need it."""

    def begin(self, reply: Reply | None, work: Coroutine[Any, Any, None]) -> None:
        """Run what was asked, after all that was asked before."""
        ...

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what carries bytes, beside the line."""
        ...

    def tell(self, sentence: str) -> None:
        """Say why, where the client shows no sentence of an answer."""
        ...

    def pause(self, reason: str) -> None:
        """Hand on nothing more until this reason is taken back."""
        ...

    def resume(self, reason: str) -> None:
        """Take a reason back."""
        ...


class Answering:
    """The requests of one session."""

    def __init__(self, portal: Portal, runner: Runner, *, now: Callable[[], datetime], reading_bytes: int) -> None:
        """`now` is in the reader's zone; `reading_bytes` bounds what is asked of the disk and not yet sent."""
        self._portal = portal
        self._runner = runner
        self._now = now
        self._most_reading = reading_bytes
        self._reading = 0  # bytes
        self._draining: set[int] = set()
        self.uploads = 0  # open, or being completed

    # Bytes

    def read(self, reply: DataReply, file: File, *, offset: int, length: int) -> None:
        """Serve bytes that are in memory at once; others, and all behind them, when the disk has brought them.

        In the order of the wire: PuTTY takes a short answer for the end of the file, whatever it still waits for.
        """
        if isinstance(file, Upload):
            reply.fail("This file is open for writing.")
            return
        data = None if file.waiting else file.peek(offset, length)
        if data is not None:
            _serve(reply, file, offset, data)
            return
        self._count_reading(length)
        file.waiting.append((reply, offset, length))
        if len(file.waiting) == 1:
            self._runner.aside(self._serve_waiting(file))

    async def _serve_waiting(self, file: Download) -> None:
        while file.waiting:
            reply, offset, length = file.waiting[0]
            try:
                data = file.peek(offset, length)
                _serve(reply, file, offset, await file.read(offset, length) if data is None else data)
            except GatewayError as trouble:
                reply.fail(sentence_of(trouble))
            finally:
                file.waiting.popleft()
                self._count_reading(-length)

    def _count_reading(self, length: int) -> None:
        was_much = self._reading >= self._most_reading
        self._reading += length
        is_much = self._reading >= self._most_reading
        if is_much and not was_much:
            self._runner.pause("reading")
        elif was_much and not is_much:
            self._runner.resume("reading")

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
            self._portal.written(file)
            if file.intake.is_congested and not file.is_gone and id(file) not in self._draining:
                self._runner.aside(self._drain(file))

    async def _drain(self, file: Upload) -> None:
        reason = f"disk {id(file)}"
        self._draining.add(id(file))
        self._runner.pause(reason)
        try:
            await file.intake.drain()
        except Transient as trouble:
            file.refusal = file.refusal or refusals.try_again(trouble).sentence
        finally:
            self._draining.discard(id(file))
            self._runner.resume(reason)

    # Files

    def open(self, reply: FileReply[File], *, path: str, flags: OpenFlags, attributes: Attributes) -> None:
        """Open for reading, or begin an upload."""
        is_upload = bool(flags & _WRITES)
        way = self._portal.open_to_write(path, flags) if is_upload else self._portal.open_to_read(path)
        self._runner.begin(reply, self._open(reply, way))

    async def _open(self, reply: FileReply[File], way: Awaitable[File | No]) -> None:
        opened = await way
        if isinstance(opened, No):
            self._refuse(reply, opened)
        else:
            self.uploads += isinstance(opened, Upload)
            reply.opened(opened)

    def close(self, reply: Reply, file: File) -> None:
        """The client's own CLOSE: this, and only this, completes an upload."""
        way = self._close(file) if isinstance(file, Upload) else self._portal.finish(file)
        self._answer(reply, way)

    async def _close(self, file: Upload) -> No | None:
        try:
            return await self._portal.close(file)
        finally:
            self.uploads -= 1

    def abandon(self, file: File) -> None:
        """The session ended first: no file."""
        self._runner.begin(None, self._abandon(file) if isinstance(file, Upload) else self._portal.let_go(file))

    async def _abandon(self, file: Upload) -> None:
        try:
            await self._portal.abandon(file)
        finally:
            self.uploads -= 1

    def fstat(self, reply: AttributesReply, file: File) -> None:
        """Say what is known of an open file."""
        mode = _UPLOAD if isinstance(file, Upload) else _READABLE
        at = int((file.began_at if isinstance(file, Upload) else file.at).timestamp())
        reply.attributes(Attributes(size=file.size, permissions=mode, atime=at, mtime=at))

    def fsetstat(self, reply: Reply, *, file: File, attributes: Attributes) -> None:
        """Honour a size on an open upload; tolerate the rest."""
        if isinstance(file, Upload) and attributes.size is not None and attributes.size != file.size:
            self._portal.truncate(file, attributes.size)
        reply.done()

    def fsync(self, reply: Reply, file: File) -> None:
        """Make durable what was written so far."""
        if isinstance(file, Upload):
            self._answer(reply, self._sync(file))
        else:
            reply.done()

    async def _sync(self, file: Upload) -> No | None:
        await self._portal.sync(file)
        return None

    # Paths

    def stat(self, reply: AttributesReply, path: str) -> None:
        """Say what is there."""
        self._runner.begin(reply, self._stat(reply, path))

    def lstat(self, reply: AttributesReply, path: str) -> None:
        """Say what is there; there are no links."""
        self._runner.begin(reply, self._stat(reply, path))

    async def _stat(self, reply: AttributesReply, path: str) -> None:
        found = await self._portal.find(path)
        if found is None:
            reply.no_such_file()
        else:
            reply.attributes(self._attributes(found))

    def setstat(self, reply: Reply, *, path: str, attributes: Attributes) -> None:
        """Tolerate: no client's mode, owner or time decides anything."""
        self._answer(reply, self._setstat(path))

    async def _setstat(self, path: str) -> No | None:
        return None if await self._portal.find(path) is not None else NOT_THERE

    def opendir(self, reply: FolderReply[File], path: str) -> None:
        """List a room."""
        self._runner.begin(reply, self._opendir(reply, path))

    async def _opendir(self, reply: FolderReply[File], path: str) -> None:
        found = await self._portal.find(path)
        if found is None:
            reply.no_such_file()
        elif isinstance(found, Leaf):
            self._refuse(reply, refusals.IS_FILE)
        else:
            await self._list(reply, found)

    async def _list(self, reply: FolderReply[File], room: Room) -> None:
        entries = await self._entries(room)
        if isinstance(entries, No):
            self._refuse(reply, entries)
        else:
            reply.opened(entries, now=self._now())

    async def _entries(self, room: Room) -> Iterable[Entry | Entries] | No:
        """Return what is in a room, now; each is made when the client asks for it."""
        found = await (self._portal.lines(room) if isinstance(room, LongRoom) else self._portal.items(room))
        if isinstance(found, No):
            return found
        return _long(found) if isinstance(found, Lines) else map(self._entry, found)

    def _entry(self, found: Found) -> Entry:
        return Entry(found.name, *self._looks(found))

    def _attributes(self, found: Found) -> Attributes:
        mode, size, at = self._looks(found)
        return Attributes(size=size, permissions=mode, atime=at, mtime=at)

    def _looks(self, found: Found) -> tuple[int, int, int]:
        """Return mode, size and time of what is in a view."""
        if isinstance(found, Leaf):
            what = found.what
            is_open = isinstance(what, Way) or (isinstance(what, Page) and what.is_writable)
            return _UPLOAD if is_open else _READABLE, found.size, int(found.at.timestamp())
        mode = _OPEN_FOLDER if isinstance(found, (SendRoom, TurningRoom, AccountRoom)) else _FOLDER
        return mode, 0, int(self._now().timestamp())

    def realpath(self, reply: PathReply, path: str) -> None:
        """Make a path absolute."""
        reply.path(self._portal.absolute(path))

    def statvfs(self, reply: SpaceReply, path: str) -> None:
        """Say how much room there is."""
        self._runner.begin(reply, self._space(reply))

    async def _space(self, reply: SpaceReply) -> None:
        free = await self._portal.space()
        reply.space(DiskSpace(total=free, free=free))

    # Changes

    def remove(self, reply: Reply, path: str) -> None:
        """Remove, where that means something."""
        self._answer(reply, self._portal.remove(path))

    def rename(self, reply: Reply, *, old: str, new: str) -> None:
        """Rename, which may complete an upload, or decide about a file."""
        self._answer(reply, self._portal.rename(old, new))

    def posix_rename(self, reply: Reply, *, old: str, new: str) -> None:
        """Rename; another file of the name is an older version, so there is nothing to replace."""
        self._answer(reply, self._portal.rename(old, new))

    def mkdir(self, reply: Reply, *, path: str, attributes: Attributes) -> None:
        """Harmless where the folder is there."""
        self._answer(reply, self._portal.make_folder(path))

    def rmdir(self, reply: Reply, path: str) -> None:
        """Refuse."""
        self._refuse(reply, refusals.FOLDERS_STAY)

    def readlink(self, reply: PathReply, path: str) -> None:
        """Refuse."""
        self._refuse(reply, NO_LINKS)

    def symlink(self, reply: Reply, *, target: str, link: str) -> None:
        """Refuse."""
        self._refuse(reply, NO_LINKS)

    def _answer(self, reply: Reply, way: Coroutine[Any, Any, No | None]) -> None:
        self._runner.begin(reply, self._say(reply, way))

    async def _say(self, reply: Reply, way: Awaitable[No | None]) -> None:
        answer = await way
        if answer is None:
            reply.done()
        else:
            self._refuse(reply, answer)

    def _refuse(self, reply: Reply, answer: No) -> None:
        if answer.code is StatusCode.FAILURE:
            self._runner.tell(answer.sentence)
        reply.fail(answer.sentence, answer.code)


def _long(lines: Lines) -> Iterator[Entries]:
    for names, files in lines.together():
        sizes = [size or 0 for size in files.sizes]
        yield Entries(names, _READABLE, sizes, list(map(int, map(datetime.timestamp, files.times))))


def _serve(reply: DataReply, file: Download, offset: int, data: bytes) -> None:
    if file.ended:
        reply.fail(file.ended)
        return
    file.served.add(offset, offset + len(data))
    reply.data(data)
