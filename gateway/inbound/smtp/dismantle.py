"""A spooled message taken apart on disk: the parser's parts become files among the spool's parts.

Owns the files that parts are decoded into, what the pipeline is told of each part, and the CPU that a message of a
size may take: under two seconds up to 50 MB, beyond that in proportion. Blocking: for a thread, or for a process of its
own (Source: SPEC 4; DESIGN 3, step 3).
"""

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, cast

from gateway.core.contents import Unpacked, UnpackedPart
from gateway.core.streams import FirstBytes
from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.message import Message, read_message
from gateway.inbound.smtp.parts import Part

if TYPE_CHECKING:  # the process has no need of it, and begins in half the time without
    from gateway.ports import Disk

# Bytes a second of CPU: any honest encoding takes far less time, so that no large message is cut for it.
HONEST_PACE = 30_000_000


@dataclass(frozen=True)
class Spooled:
    """A message in the spool, and where its parts shall lie."""

    path: str
    size: int  # bytes of the message; what lies behind them is ours
    parts: str  # how the path of a part begins; its number follows


def dismantle(spooled: Spooled, disk: "Disk", limits: MessageLimits) -> Unpacked:
    """Return the parts of a message, candidates decoded; safe to repeat. Raises OSError, never for what is inside."""
    files = _PartFiles(disk, spooled.parts)
    with open(spooled.path, "rb", buffering=0) as stream, closing(files):
        front = cast(BinaryIO, FirstBytes(stream, spooled.size))
        message = read_message(front, spooled.size, files, limits)
        disk.uncache(stream.fileno())  # hardly anybody reads it again: its memory is for what comes in
    return _unpacked(message, files)


def limits_for(size: int, limits: MessageLimits) -> MessageLimits:
    """The limits of a message of so many bytes: a large one may take more CPU, no other limit grows with it."""
    least = size / HONEST_PACE
    return limits if limits.cpu_seconds >= least else replace(limits, cpu_seconds=least)


class _PartFile:
    """One decoded part on its way to disk."""

    def __init__(self, disk: "Disk", path: str) -> None:
        self._disk = disk
        self._path = path
        self._fd = _create(disk, path)
        self._is_open = True
        self._at = 0

    def write(self, data: bytes) -> None:
        self._disk.write(self._fd, data, self._at)
        self._at += len(data)

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._disk.close(self._fd)

    def discard(self) -> None:
        self.close()
        self._disk.unlink(self._path)


def _create(disk: "Disk", path: str) -> int:
    try:
        return disk.create(path)
    except FileNotFoundError:  # the first in its folder
        disk.make_scratch_folder(path.rpartition("/")[0])
    except FileExistsError:  # of an attempt before a crash
        disk.unlink(path)
    return disk.create(path)


class _PartFiles:
    """The parts of one message."""

    def __init__(self, disk: "Disk", start: str) -> None:
        self._disk = disk
        self._start = start
        self._files: list[_PartFile] = []

    def path(self, number: int) -> str:
        return f"{self._start}{number}"

    def open(self, number: int) -> _PartFile:
        self._files.append(_PartFile(self._disk, self.path(number)))
        return self._files[-1]

    def close(self) -> None:
        """Let go what the reading left open: a disk that is full interrupts it anywhere."""
        for file in self._files:
            file.close()


def _unpacked(message: Message, files: _PartFiles) -> Unpacked:
    heading = message.heading
    names = {part.number: part.name or "" for part in message.parts}
    return Unpacked(
        subject=heading.subject,
        message_id=heading.message_id,
        is_automatic=message.is_report or bool(heading.automation.marks),
        comment=message.comment,
        tags=message.tags,
        parts=tuple(_part(part, files, names.get(part.container or 0, "")) for part in message.parts),
        cause=message.cause,
        faults=message.faults,
        resent=heading.resent,
    )


def _part(part: Part, files: _PartFiles, container: str) -> UnpackedPart:
    """Return a part as the pipeline knows it. One that was cut has no bytes that could be taken for the file's."""
    return UnpackedPart(
        number=part.number,
        name=part.name,
        content_type=part.content_type,
        size=part.size,
        sha256=part.sha256,
        is_file=part.kind != "ignored",
        why=part.why,
        path=files.path(part.number) if part.kind == "file" else "",
        is_whole=part.kind == "file",
        container=container,
        is_ended=part.is_ended,
    )
