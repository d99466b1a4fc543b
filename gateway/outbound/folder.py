"""A service's folder: a drop appears in it whole and under its name, or not at all; no unmounted share is written to.

Owns the marker that says "this is the folder that was meant", temporary names, the choice of a free name, the rename
that never replaces, and taking back what nobody touched. It knows no drops and no files: it is told ids, names and
digests (Source: SPEC 6, 11; DESIGN 3, step 8).
"""

import errno
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import TypeVar, TypeVarTuple

from gateway.core.layout import split_name
from gateway.errors import GatewayError, NameTaken, Permanent, Transient, Unanswered
from gateway.ports import Disk, Shares

MARKER = ".gateway-drop-folder"  # made by whoever sets the folder up, on the share itself
SLICE = 2 * 1024 * 1024  # bytes copied in one job: on a slow share, too, within a job's patience
_PIECE = 1024 * 1024  # bytes in memory
_PACE = 100_000  # bytes a second: the slowest share that is waited for
# What file systems without second names answer to a link: FAT, many shares, some FUSE file systems.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_TEMPORARY = re.compile(r"\.([a-z0-9][a-z0-9-]*)\.part", re.ASCII)
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class FolderDrops:
    """The DropFolder port."""

    def __init__(self, *, disk: Disk, shares: Shares) -> None:
        """Take the disk, and where blocking work on a share happens."""
        self._disk = disk
        self._shares = shares

    async def prepare(self, folder: str, *, id: str, source: str, size: int) -> None:
        """Copy the bytes to a temporary name in the folder, durable; a repeat starts anew."""
        temporary = _temporary(folder, id)
        try:
            await self._run(folder, self._start, temporary)
            for offset in range(0, size, SLICE):
                await self._run(folder, self._copy, source, temporary, offset, min(offset + SLICE, size))
            # Looks at the marker again: a share that went away meanwhile has left the bytes on our disk beneath it.
            await self._run(folder, self._settle, temporary, size, seconds=size / _PACE)
        except GatewayError:
            with suppress(Transient):  # a disk that is full or away; the next try starts by removing it
                await self._shares.run(folder, self._disk.unlink, temporary)
            raise

    async def choose_name(self, folder: str, *, name: str, id: str) -> str:
        """Return the file's own name where it is free, case ignored (Windows reads shares), else `STEM (ID).EXT`."""
        return await self._run(folder, self._choose, folder, _plain(name), id)

    async def place(self, folder: str, *, id: str, name: str) -> bool:
        """Rename to the name, durable; False when the temporary name is gone. Raises NameTaken."""
        return await self._run(folder, self._place, _temporary(folder, id), f"{folder}/{_plain(name)}")

    async def write_sidecar(self, folder: str, *, name: str, facts: Mapping[str, object]) -> None:
        """Write NAME.json beside the drop; a repeat replaces it."""
        text = json.dumps(facts, ensure_ascii=False, indent=2).encode("utf-8")
        await self._run(folder, self._write_sidecar, folder, _plain(name), text)

    async def take(self, folder: str, *, id: str, name: str, size: int, sha256: str | None = None) -> bool:
        """Take its name, and its sidecar, from an untouched drop; a repeat finds it under its temporary name."""
        placed = f"{folder}/{_plain(name)}"
        return await self._run(
            folder, self._unname_for_good, _temporary(folder, id), placed, size, sha256, seconds=size / _PACE
        )

    async def withdraw(self, folder: str, *, id: str, name: str, size: int, sha256: str | None = None) -> bool:
        """Take an untouched drop back, with its sidecar and its temporary name; safe to repeat."""
        taken = f"{folder}/{_plain(name)}" if name else None
        temporary = _temporary(folder, id)
        return await self._run(folder, self._withdraw, temporary, taken, size, sha256, seconds=size / _PACE)

    async def holds(self, folder: str, *, name: str) -> bool:
        """Return whether something of this name lies there."""
        return await self._run(folder, self._disk.exists, f"{folder}/{_plain(name)}")

    async def names(self, folder: str) -> frozenset[str]:
        """Return the names in the folder. Raises Transient for a share that went away while we looked."""
        found = await self._run(folder, self._disk.list, folder)
        if MARKER not in found:  # looked at in the same listing: an unmounted share is never an empty folder
            raise Transient(f"Drop folder {folder}: its marker file {MARKER} is missing.")
        return frozenset(found)

    async def under_way(self, folder: str) -> frozenset[str]:
        """Return the ids in temporary names of our form."""
        found = await self._run(folder, self._disk.list, folder)
        return frozenset(m[1] for name in found if (m := _TEMPORARY.fullmatch(name)))

    async def sweep(self, folder: str, *, ids: Collection[str]) -> int:
        """Remove the temporary names of these ids; return how many."""
        return await self._run(folder, self._sweep, [_temporary(folder, id) for id in ids])

    async def _run(self, folder: str, job: Callable[[*Ts], T], *args: *Ts, seconds: float = 0.0) -> T:
        """Run a job in a folder that is the one that was meant; `seconds` are for its bytes."""

        def guarded() -> T:
            self._check(folder)
            return job(*args)

        try:
            return await self._shares.run(folder, guarded, seconds=seconds)
        except NameTaken:
            raise
        except Transient as trouble:
            kind = Unanswered if isinstance(trouble, Unanswered) else Transient
            raise kind(f"Drop folder {folder}: {trouble}") from trouble

    def _check(self, folder: str) -> None:
        if self._disk.exists(f"{folder}/{MARKER}"):
            return
        if not self._disk.exists(folder):
            raise Transient("It is not there. Mount the share, or correct the path in routing/services.toml.")
        raise Transient(
            f"Its marker file {MARKER} is missing, so this may be an empty folder where a share should be. "
            f"Mount the share; if this is the right folder, make the marker in it: touch {folder}/{MARKER}"
        )

    def _start(self, temporary: str) -> None:
        self._disk.unlink(temporary)
        fd = self._disk.create(temporary)
        try:
            self._disk.allow_group(fd, _folder_of(temporary))
        finally:
            self._disk.close(fd)

    def _copy(self, source: str, temporary: str, offset: int, end: int) -> None:
        """Copy one slice. Both files are opened for it, so that a copy that is cut off leaves none open."""
        reading = self._disk.open(source)
        try:
            writing = self._disk.open(temporary, write=True)
            try:
                self._copy_pieces(reading, writing, offset, end)
            finally:
                self._disk.close(writing)
        finally:
            self._disk.close(reading)

    def _copy_pieces(self, reading: int, writing: int, offset: int, end: int) -> None:
        while offset < end:
            piece = self._disk.read(reading, min(_PIECE, end - offset), offset)
            if not piece:
                raise Permanent("The bytes to drop are fewer than were received. Look at the disk.")
            self._disk.write(writing, piece, offset)
            offset += len(piece)

    def _settle(self, temporary: str, size: int) -> None:
        fd = self._disk.open(temporary, write=True)
        try:
            self._disk.fsync(fd)
        finally:
            self._disk.close(fd)
        if self._disk.size(temporary) != size:
            raise Transient("The copy has not the size of the file. It is made again.")
        self._disk.sync_folder(_folder_of(temporary))

    def _choose(self, folder: str, name: str, id: str) -> str:
        taken = {_as_windows_reads(n) for n in self._disk.list(folder)}
        if _as_windows_reads(name) not in taken:
            return name
        stem, ending = split_name(name)
        return f"{stem} ({id}){ending}"

    def _place(self, temporary: str, target: str) -> bool:
        if not self._disk.exists(temporary):
            return False
        try:
            self._disk.link(temporary, target)
        except FileExistsError:
            if not self._disk.is_same(temporary, target):  # else we died between the link and the unlink
                raise NameTaken("Another file has taken the name of this drop. It gets another one.") from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._rename(temporary, target)
        self._disk.unlink(temporary)
        self._disk.sync_folder(_folder_of(target))
        return True

    def _rename(self, temporary: str, target: str) -> None:
        """The way without links: nobody but us writes names of this form, so the look and the rename are enough."""
        if self._disk.exists(target):
            raise NameTaken("Another file has taken the name of this drop. It gets another one.")
        self._disk.rename(temporary, target)

    def _write_sidecar(self, folder: str, name: str, text: bytes) -> None:
        temporary = _sidecar_under_way(f"{folder}/{name}")
        self._disk.unlink(temporary)
        fd = self._disk.create(temporary)
        try:
            self._disk.allow_group(fd, folder)
            self._disk.write(fd, text, 0)
            self._disk.fsync(fd)
        finally:
            self._disk.close(fd)
        self._disk.rename(temporary, f"{folder}/{name}.json")
        self._disk.sync_folder(folder)

    def _withdraw(self, temporary: str, placed: str | None, size: int, sha256: str | None) -> bool:
        is_ours = self._unname(temporary, placed, size, sha256)
        self._disk.unlink(temporary)  # the last: a repeat finds by it what is left to do
        self._disk.sync_folder(_folder_of(temporary))
        return is_ours

    def _unname(self, temporary: str, placed: str | None, size: int, sha256: str | None) -> bool:
        was_waiting = self._disk.exists(temporary)
        if placed is not None and self._disk.exists(placed):
            has_other = was_waiting and not self._disk.is_same(temporary, placed)  # took the name before we did
            self._disk.unlink(temporary)  # or we died between link and unlink: a rename onto itself does nothing
            was_waiting = self._take(placed, temporary, size, sha256) or has_other
        if placed is not None and was_waiting and not self._disk.exists(placed):
            self._disk.unlink(_sidecar_under_way(placed))
            self._disk.unlink(f"{placed}.json")
        return was_waiting or placed is None

    def _unname_for_good(self, temporary: str, placed: str, size: int, sha256: str | None) -> bool:
        is_ours = self._unname(temporary, placed, size, sha256)
        self._disk.sync_folder(_folder_of(temporary))  # before anybody is told that it can't be collected any more
        return is_ours

    def _take(self, placed: str, temporary: str, size: int, sha256: str | None) -> bool:
        """Take the name from a drop that still has its bytes; False when it is gone or another's by now."""
        try:
            if self._disk.size(placed) != size or sha256 not in (None, self._digest_of(placed)):
                return False
            # The rename decides: who collects it at this moment has it, or we have. To unlink would not tell.
            self._disk.rename(placed, temporary)
        except FileNotFoundError:
            return False
        return True

    def _digest_of(self, path: str) -> str:
        fd = self._disk.open(path)
        digest, offset = hashlib.sha256(), 0
        try:
            while piece := self._disk.read(fd, _PIECE, offset):
                digest.update(piece)
                offset += len(piece)
        finally:
            self._disk.close(fd)
        return digest.hexdigest()

    def _sweep(self, temporary: list[str]) -> int:
        for path in temporary:
            self._disk.unlink(path)
        return len(temporary)


def _temporary(folder: str, id: str) -> str:
    return f"{folder}/.{_plain(id)}.part"


def _sidecar_under_way(placed: str) -> str:
    return f"{_folder_of(placed)}/.{placed.rpartition('/')[2]}.json.part"


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _plain(name: str) -> str:
    """Return a name that stays in its folder: the grammar refuses others long before, and this is the last door."""
    if not name or name.startswith(".") or any(c in name for c in "/\\\0"):
        raise Permanent("This drop has no name that can stand in a folder.")
    return name


def _as_windows_reads(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
