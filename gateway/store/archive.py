"""The archive: the bytes of files by school and month, each under the id of its file, for their term.

Owns the form of a place (three plain words, never a path of somebody else's making), the link that keeps bytes, and
their destruction. A place appears whole and durable or not at all. It knows no records (Source: SPEC 6, 10, 11; DESIGN
3, steps 5 and 9).
"""

import re
import threading

from gateway.errors import NotThere, Permanent
from gateway.ports import Disk
from gateway.store.reader import ArchiveReader
from gateway.store.threads import DiskThreads

# school (or what stands for it), month, id of the file
_PLACE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}/[0-9]{4}-[0-9]{2}/[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_GONE = "The bytes of this file are not held any more."


class DiskArchive:
    """The Archive port, below one folder on the disk of the spool."""

    def __init__(self, *, root: str, disk: Disk, threads: DiskThreads) -> None:
        """Take the folder of the archive; touches no disk."""
        self._root = root
        self._disk = disk
        self._threads = threads
        self._names = threading.Lock()  # no folder is removed between its making and the link into it
        self._settled: set[str] = set()  # month folders whose own names this process has seen durable

    async def prepare(self) -> None:
        """Make its folder; safe to repeat."""
        await self._threads.run(self._disk.make_folder, self._root)

    async def keep(self, source: str, place: str, *, size: int) -> None:
        """Link a file into its place, durable; a place that holds the bytes already is left as it is."""
        await self._threads.run(self._keep, source, self.path(place), size)

    async def trim(self, place: str, size: int) -> None:
        """Cut what stands behind the bytes. Not fsynced: every reader stops at the recorded size anyway."""
        await self._threads.run(self._trim, self.path(place), size)

    def path(self, place: str) -> str:
        """Return where the bytes lie. Raises Permanent for a place that is not of our form."""
        if not _PLACE.fullmatch(place):
            raise Permanent("That is no place in the archive.")
        return f"{self._root}/{place}"

    async def read(self, place: str, offset: int, size: int) -> bytes:
        """Return bytes of a file; b"" at its end. Raises NotThere."""
        return await self._threads.run(self._read, self.path(place), offset, size)

    async def open(self, place: str, *, size: int) -> ArchiveReader:
        """Open a file of this size for a download. Raises NotThere."""
        return await ArchiveReader.open(threads=self._threads, disk=self._disk, path=self.path(place), size=size)

    async def destroy(self, place: str) -> None:
        """Remove the bytes, durable, and the month folder with its last file; safe to repeat."""
        await self._threads.run(self._destroy, self.path(place))

    async def places(self) -> list[str]:
        """Return every place that holds bytes."""
        return await self._threads.run(self._places)

    async def find(self, submission: str) -> list[str]:
        """Return the places that hold bytes of files of this submission; costs a look into every month folder."""
        return await self._threads.run(self._find, submission)

    def _keep(self, source: str, target: str, size: int) -> None:
        if not self._disk.exists(target):
            self._make_durable(source, size)
            with self._names:
                self._settle(_folder_of(target))
                self._disk.link(source, target)
        elif self._disk.size(target) < size:
            raise Permanent("Its place in the archive holds fewer bytes than it has. Look at the disk.")
        self._disk.sync_folder(_folder_of(target))

    def _make_durable(self, source: str, size: int) -> None:
        """A spooled file is durable already, and its fsync costs next to nothing; a decoded part is not."""
        try:
            fd = self._disk.open(source)
        except FileNotFoundError:
            raise NotThere("The bytes to keep are not there.") from None
        try:
            self._disk.fsync(fd)
        finally:
            self._disk.close(fd)
        if self._disk.size(source) < size:
            raise Permanent("The bytes to keep are fewer than were received. Look at the disk.")

    def _settle(self, folder: str) -> None:
        """Make a month folder, and its name durable: one that is there may be from a process that died too early."""
        if folder in self._settled and self._disk.exists(folder):
            return
        self._disk.make_folder(folder)
        self._disk.sync_folder(_folder_of(folder))
        self._disk.sync_folder(self._root)
        self._settled.add(folder)

    def _trim(self, path: str, size: int) -> None:
        if not self._disk.exists(path) or self._disk.size(path) <= size:
            return
        fd = self._disk.open(path, write=True)
        try:
            self._disk.truncate(fd, size)
        finally:
            self._disk.close(fd)

    def _read(self, path: str, offset: int, size: int) -> bytes:
        try:
            fd = self._disk.open(path)
        except FileNotFoundError:
            raise NotThere(_GONE) from None
        try:
            return self._disk.read(fd, size, offset)
        finally:
            self._disk.close(fd)

    def _destroy(self, path: str) -> None:
        folder = _folder_of(path)
        if not self._disk.exists(folder):
            return
        self._disk.unlink(path)
        self._disk.sync_folder(folder)
        with self._names:
            if not self._disk.list(folder):
                self._disk.remove_folder(folder)

    def _places(self) -> list[str]:
        return [
            f"{school}/{month}/{file}"
            for school in self._disk.list(self._root)
            for month in self._disk.list(f"{self._root}/{school}")
            for file in self._disk.list(f"{self._root}/{school}/{month}")
        ]

    def _find(self, submission: str) -> list[str]:
        return [p for p in self._places() if _submission_of(p) == submission]


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _submission_of(place: str) -> str:
    return place.rpartition("/")[2].partition("-")[0]
