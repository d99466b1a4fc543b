"""A portal of files in memory, and a channel that keeps what was sent: what the engine's tests talk to.

The portal does what the requests say, writes down what it was asked, and gives its replies through `give`,
which a test may replace to give them later.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from gateway.inbound.sftp.listing import Entry
from gateway.inbound.sftp.packets import Attributes, DiskSpace, OpenFlags
from gateway.inbound.sftp.protocol import Engine, Limits
from gateway.inbound.sftp.replies import (
    AttributesReply,
    DataReply,
    FileReply,
    FolderReply,
    PathReply,
    Reply,
    SpaceReply,
)
from tests.inbound.sftp import wire

NOW = datetime(2026, 11, 22, 10, 51, tzinfo=UTC)
LARGEST = 8 * 1024 * 1024  # bytes of a file; a write at a wild offset shall not fill the memory


class KeptChannel:
    """Keeps what was written, and whether reading is paused."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.is_paused = False

    def write(self, data: bytes | memoryview) -> None:
        self.sent += data

    def pause_reading(self) -> None:
        assert not self.is_paused
        self.is_paused = True

    def resume_reading(self) -> None:
        assert self.is_paused
        self.is_paused = False


@dataclass(eq=False)
class MemoryFile:
    path: str
    data: bytearray
    ends: list[str] = field(default_factory=list)  # "closed" or "abandoned", once


class MemoryPortal:
    """Implements Requests."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.folders: set[str] = {"/"}
        self.opened: list[MemoryFile] = []
        self.asked: list[tuple[Any, ...]] = []  # every call, in order; a write's pieces are joined
        self.give: Callable[[Callable[[], None]], None] = lambda reply: reply()

    def open(self, reply: FileReply[MemoryFile], *, path: str, flags: OpenFlags, attributes: Attributes) -> None:
        self.asked.append(("open", path, flags, attributes))
        if path not in self.files and not flags & OpenFlags.CREATE:
            self.give(reply.no_such_file)
            return
        data = self.files.setdefault(path, bytearray())
        if flags & OpenFlags.TRUNCATE:
            data.clear()
        self.give(partial(self._open, reply, MemoryFile(path, data)))

    def _open(self, reply: FileReply[MemoryFile], file: MemoryFile) -> None:
        self.opened.append(file)
        reply.opened(file)

    def close(self, reply: Reply, file: MemoryFile) -> None:
        self.asked.append(("close", file.path))
        file.ends.append("closed")
        self.give(reply.done)

    def abandon(self, file: MemoryFile) -> None:
        self.asked.append(("abandon", file.path))
        file.ends.append("abandoned")

    def read(self, reply: DataReply, file: MemoryFile, *, offset: int, length: int) -> None:
        self.asked.append(("read", file.path, offset, length))
        data = bytes(file.data[offset : offset + length])
        if length % 2:
            self.give(partial(reply.data, data))
            return
        reply.room(length)[: len(data)] = data
        self.give(partial(reply.filled, len(data)))

    def write(self, file: MemoryFile, offset: int, piece: memoryview) -> None:
        assert len(piece), "a piece is never empty"
        if self.asked[-1][0] == "write":
            self.asked[-1] = (*self.asked[-1][:3], self.asked[-1][3] + bytes(piece))
        else:
            self.asked.append(("write", file.path, offset, bytes(piece)))
        if offset + len(piece) <= LARGEST:
            file.data.extend(bytes(max(0, offset - len(file.data))))
            file.data[offset : offset + len(piece)] = piece

    def written(self, reply: Reply, file: MemoryFile) -> None:
        self.asked.append(("written", file.path))
        self.give(reply.done)

    def stat(self, reply: AttributesReply, path: str) -> None:
        self.asked.append(("stat", path))
        self._tell(reply, path)

    def lstat(self, reply: AttributesReply, path: str) -> None:
        self.asked.append(("lstat", path))
        self._tell(reply, path)

    def _tell(self, reply: AttributesReply, path: str) -> None:
        known = self._attributes(path)
        self.give(partial(reply.attributes, known) if known else reply.no_such_file)

    def fstat(self, reply: AttributesReply, file: MemoryFile) -> None:
        self.asked.append(("fstat", file.path))
        self.give(partial(reply.attributes, Attributes(size=len(file.data), permissions=stat.S_IFREG | 0o640)))

    def setstat(self, reply: Reply, *, path: str, attributes: Attributes) -> None:
        self._did(reply, "setstat", path, attributes)

    def fsetstat(self, reply: Reply, *, file: MemoryFile, attributes: Attributes) -> None:
        self._did(reply, "fsetstat", file.path, attributes)

    def opendir(self, reply: FolderReply[MemoryFile], path: str) -> None:
        self.asked.append(("opendir", path))
        if path not in self.folders:
            self.give(reply.no_such_file)
            return
        inside = [name for name in (*self.files, *self.folders) if name.startswith("/") and name != "/"]
        entries = [_entry(name, self._attributes(name) or Attributes()) for name in inside]
        self.give(partial(reply.opened, entries, now=NOW))

    def remove(self, reply: Reply, path: str) -> None:
        self.asked.append(("remove", path))
        self.give(reply.done if self.files.pop(path, None) is not None else reply.no_such_file)

    def mkdir(self, reply: Reply, *, path: str, attributes: Attributes) -> None:
        self.folders.add(path)
        self._did(reply, "mkdir", path, attributes)

    def rmdir(self, reply: Reply, path: str) -> None:
        self.folders.discard(path)
        self._did(reply, "rmdir", path)

    def realpath(self, reply: PathReply, path: str) -> None:
        self.asked.append(("realpath", path))
        self.give(partial(reply.path, "/" if path in {".", "/"} else path))

    def rename(self, reply: Reply, *, old: str, new: str) -> None:
        self.asked.append(("rename", old, new))
        if new in self.files or old not in self.files:
            self.give(partial(reply.fail, "The new name is taken."))
            return
        self.files[new] = self.files.pop(old)
        self.give(reply.done)

    def posix_rename(self, reply: Reply, *, old: str, new: str) -> None:
        self.asked.append(("posix_rename", old, new))
        if old not in self.files:
            self.give(reply.no_such_file)
            return
        self.files[new] = self.files.pop(old)
        self.give(reply.done)

    def readlink(self, reply: PathReply, path: str) -> None:
        self.asked.append(("readlink", path))
        self.give(partial(reply.fail, "There are no links here."))

    def symlink(self, reply: Reply, *, target: str, link: str) -> None:
        self.asked.append(("symlink", target, link))
        self.give(partial(reply.fail, "Links can't be made here."))

    def fsync(self, reply: Reply, file: MemoryFile) -> None:
        self._did(reply, "fsync", file.path)

    def statvfs(self, reply: SpaceReply, path: str) -> None:
        self.asked.append(("statvfs", path))
        self.give(partial(reply.space, DiskSpace(total=1 << 40, free=1 << 39)))

    def _did(self, reply: Reply, *asked: object) -> None:
        self.asked.append(asked)
        self.give(reply.done)

    def _attributes(self, path: str) -> Attributes | None:
        if path in self.folders:
            return Attributes(permissions=stat.S_IFDIR | 0o750, mtime=1_795_000_000)
        if path not in self.files:
            return None
        size = len(self.files[path])
        return Attributes(size=size, permissions=stat.S_IFREG | 0o640, mtime=1_795_000_000)


def _entry(path: str, known: Attributes) -> Entry:
    return Entry(path[1:], known.permissions or 0, known.size or 0, known.mtime or 0, owner="leys")


class Session:
    """An engine over the portal in memory; `wake` is counted, and obeyed by whoever calls `go_on`."""

    def __init__(self, limits: Limits | None = None, *, greeted: bool = True) -> None:
        self.portal = MemoryPortal()
        self.channel = KeptChannel()
        self.wakes = 0
        self.engine: Engine[MemoryFile] = Engine(
            self.portal, channel=self.channel, limits=limits or Limits(), wake=self._wake
        )
        if greeted:
            self.ask(wire.INIT)

    def ask(self, *packets: bytes) -> list[wire.Answer]:
        """Feed it all at once; return what has come back since the last time."""
        self.engine.feed(b"".join(packets))
        return self.came_back()

    def came_back(self) -> list[wire.Answer]:
        sent = bytes(self.channel.sent)
        self.channel.sent.clear()
        return wire.answers_in(sent)

    def open(self, path: str = "/report.pdf", flags: int = wire.PUT) -> int:
        """Open a file; return its handle."""
        (answer,) = self.ask(wire.open_file(1, path, flags))
        return answer.handle

    def _wake(self) -> None:
        self.wakes += 1
