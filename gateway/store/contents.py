"""Looks at the shape of a file on disk: its type, the entries of a zip, whether it was cut off.

Owns the reading, within limits, in the store's executor. Never unpacks anything: a zip is one file, and only its table
of contents is read (Source: SPEC 3, 6; DESIGN 3, step 4).
"""

import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import BinaryIO

from gateway.core.contents import Inspection
from gateway.core.filetypes import HEAD, is_cut_off, program_kind, types_of
from gateway.core.streams import FirstBytes

Run = Callable[[Callable[[], Inspection]], Awaitable[Inspection]]

_SHOWN_ENTRIES = 1000  # in the record; the rest is counted in a last line
_LEAST = 65_536  # bytes of a list of contents that are always read
_ENTRY = 400  # bytes of one entry in a zip's list of contents, at the most on average: 46 and a long name
_PLAIN_TEXT = frozenset({"txt", "csv"})


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may claim to hold."""

    entries: int = 10_000
    unpacked_bytes: int = 2 << 30
    ratio: int = 200  # unpacked to packed


class _TooLong(Exception):
    """A list of contents that would fill our memory."""


class _ListOfContents(FirstBytes):
    """A zip whose list of contents is read at once, as `zipfile` does it, only up to a length."""

    def __init__(self, stream: BinaryIO, size: int, longest: int) -> None:
        """Take the stream, where it ends, and the bytes of one read at the most."""
        super().__init__(stream, size)
        self._longest = longest

    def read(self, size: int | None = -1) -> bytes:
        """Return bytes. Raises _TooLong instead of reading too many."""
        if size is not None and size > self._longest:
            raise _TooLong
        return super().read(size)


class FileContents:
    """The look that every file gets, scanner or none."""

    def __init__(self, run: Run, limits: ArchiveLimits | None = None) -> None:
        """Take how to run blocking work."""
        self._run = run
        self._limits = limits or ArchiveLimits()

    async def look(self, path: str, *, size: int, extension: str | None, accepts: frozenset[str]) -> Inspection:
        """Return clean with the entries of a zip, or rejected with reason and sentence."""
        return await self._run(lambda: self._look(path, size, extension, accepts))

    def _look(self, path: str, size: int, extension: str | None, accepts: frozenset[str]) -> Inspection:
        with open(path, "rb") as stream:
            window = FirstBytes(stream, size)
            head = window.read(HEAD)
            window.seek(-min(size, 66_000), 2)
            tail = window.read()
            verdict = _judge_bytes(head, tail, size, extension=extension, accepts=accepts)
            if verdict is not None or not zipfile_like(head):
                return verdict or Inspection("clean")
            return self._look_in_zip(stream, size, is_archive=extension in (None, "zip"))

    def _look_in_zip(self, stream: BinaryIO, size: int, *, is_archive: bool) -> Inspection:
        try:
            with zipfile.ZipFile(_ListOfContents(stream, size, _LEAST + self._limits.entries * _ENTRY)) as archive:
                entries = archive.infolist()
        except _TooLong:
            return Inspection("rejected", "unsafe-archive", self._too_many("far too many"))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, UnicodeError):
            return Inspection(
                "rejected", "unsafe-archive", "The archive can't be read: its list of contents is broken."
            )
        problem = self._problem(entries)
        if problem:
            return Inspection("rejected", "unsafe-archive", problem)
        return Inspection("clean", entries=_listed(entries) if is_archive else ())

    def _too_many(self, count: int | str) -> str:
        return f"The archive holds {count} entries; the most that is taken is {self._limits.entries}."

    def _problem(self, entries: list[zipfile.ZipInfo]) -> str:
        limits = self._limits
        unpacked = sum(e.file_size for e in entries)
        packed = sum(e.compress_size for e in entries)
        if len(entries) > limits.entries:
            return self._too_many(len(entries))
        if unpacked > limits.unpacked_bytes or unpacked > limits.ratio * max(packed, 1) + (1 << 20):
            return f"The archive says that it unpacks to {unpacked} bytes, which no service can take. Please send less."
        if any(_escapes(e.filename) for e in entries):
            return "The archive holds names that lead out of its folder. Please make it again with your usual program."
        return ""


def zipfile_like(head: bytes) -> bool:
    """Return whether these first bytes are those of a zip, an Office or an OpenDocument file."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _judge_bytes(
    head: bytes, tail: bytes, size: int, *, extension: str | None, accepts: frozenset[str]
) -> Inspection | None:
    kind = program_kind(head)
    if kind is not None and not (extension in _PLAIN_TEXT and types_of(head) & _PLAIN_TEXT):  # "MZ" may begin a text
        return Inspection("rejected", "type-not-allowed", f"The file is {kind}, whatever its name says; none is taken.")
    if extension is None and accepts and not types_of(head) & accepts:
        listed = " ".join(sorted(accepts))
        return Inspection(
            "rejected",
            "type-not-allowed",
            f"The name has no ending, and the content is of no type that the service takes ({listed}).",
        )
    if is_cut_off(head, tail, size):
        return Inspection(
            "rejected",
            "truncated",
            "The file stops before its end: it was probably cut off on the way. Please send it again.",
        )
    return None


def _escapes(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or name[1:2] == ":"


def _listed(entries: list[zipfile.ZipInfo]) -> tuple[str, ...]:
    names = tuple(e.filename for e in entries if not e.is_dir())
    if len(names) <= _SHOWN_ENTRIES:
        return names
    return (*names[:_SHOWN_ENTRIES], f"… and {len(names) - _SHOWN_ENTRIES} more")
