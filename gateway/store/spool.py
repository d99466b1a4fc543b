"""The spool: bytes between the door and the record, in folders named by what is promised for them.

Owns `incoming/` (nothing promised), `ready/` (promised, a to-do list), `parts/` (decoded out of a ready message) and
`failed/` (for a person). The rename from the first to the second is our word. It decides nothing about an entry
(Source: SPEC 11; DESIGN 1, idea 3, and 3).
"""

import re
from collections.abc import Collection

from gateway.core.submission import Envelope
from gateway.errors import NotThere, Permanent, Transient
from gateway.ports import Clock, Disk
from gateway.store.commit import FolderCommit
from gateway.store.digest import NoDigest, RunningDigest
from gateway.store.growing import Batch, GrowingFile
from gateway.store.intake import DiskIntake, Elsewhere, nowhere
from gateway.store.sealed import read_envelope
from gateway.store.threads import DiskThreads

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_WHY = ".why.txt"  # behind the id of what was set aside


class DiskSpool:
    """The Spool port, below one folder. One process at a time, and its sealer beside it."""

    def __init__(
        self,
        *,
        root: str,
        disk: Disk,
        threads: DiskThreads,
        clock: Clock,
        elsewhere: Elsewhere = nowhere,
    ) -> None:
        """Take the folder of the spool, and where small submissions are sealed if not by us; touches no disk."""
        self._root = root
        self._incoming, self._ready = f"{root}/incoming", f"{root}/ready"
        self._parts, self._failed = f"{root}/parts", f"{root}/failed"
        self._disk = disk
        self._threads = threads
        self._clock = clock
        self._elsewhere = elsewhere
        self._commit = FolderCommit(disk, self._ready)
        self._under_way: set[str] = set()  # ids of intakes of this process that have not ended

    async def prepare(self) -> None:
        """Make the folders, and remove parts that belong to no ready message; before any intake. Safe to repeat."""
        await self._threads.run(self._prepare)

    def begin(self, *, digested: bool = True) -> DiskIntake:
        """Start taking bytes, which get a digest if anybody will ask for it; touches no disk before there are some."""
        id = self._clock.new_id()
        return self._intake(id, self._growing(id, digested=digested))

    async def resume(self, id: str) -> DiskIntake:
        """Go on with parked bytes. Raises NotThere, and Transient while somebody else still writes them."""
        file = self._growing(id)
        self._refuse_under_way(id)
        self._under_way.add(id)
        try:
            await self._threads.obtain(self._go_on, file, release=lambda _: file.close())
        except BaseException:
            self._under_way.discard(id)
            raise
        return self._intake(id, file)

    async def ready(self) -> list[str]:
        """Return the ids that are promised and not yet forgotten, oldest first."""
        return await self._threads.run(self._disk.list, self._ready)

    async def envelope(self, id: str) -> Envelope:
        """Return what was sealed with the bytes. Raises NotThere, or Permanent when it can't be read."""
        return await self._threads.run(read_envelope, self._disk, self.path(id))

    def path(self, id: str) -> str:
        """Return where the bytes of a ready submission lie; only the first Envelope.size bytes are theirs."""
        return f"{self._ready}/{_checked(id)}"

    def parts(self, id: str) -> str:
        """Return how the path of each decoded part of a ready message begins; its folder is made by who writes there.

        A few folders hold the parts of all messages: one for each message cost more to make and to remove than the
        part itself.
        """
        return f"{self._parts}/{_checked(id)[-1]}/{id}."

    async def forget(self, id: str) -> None:
        """Remove the promised bytes and their parts; safe to repeat. Not fsynced: what comes back is recorded."""
        await self._threads.run(self._forget, id)

    async def set_aside(self, id: str, why: str) -> None:
        """Move to `failed/`, durable, with the reason beside it in ID.why.txt; safe to repeat."""
        await self._threads.run(self._set_aside, id, why)

    async def failed(self) -> list[str]:
        """Return the ids that were set aside, oldest first."""
        names = await self._threads.run(self._disk.list, self._failed)
        return [n for n in names if not n.endswith(_WHY)]

    async def why(self, id: str) -> str:
        """Return what was written beside what was set aside; "" when that is gone."""
        return await self._threads.run(self._read_why, f"{self._failed}/{_checked(id)}{_WHY}")

    async def failed_envelope(self, id: str) -> Envelope:
        """Return what was sealed with what was set aside. Raises NotThere, or Permanent when it can't be read."""
        return await self._threads.run(read_envelope, self._disk, f"{self._failed}/{_checked(id)}")

    async def retry_failed(self, id: str) -> None:
        """Move it back to `ready/`, durable; safe to repeat. The reason goes first, so that none is left alone."""
        await self._threads.run(self._retry_failed, id, f"{self._failed}/{_checked(id)}")

    async def drop_failed(self, id: str) -> None:
        """Remove what was set aside; safe to repeat: the bytes go last."""
        await self._threads.run(self._drop_failed, f"{self._failed}/{_checked(id)}")

    async def parked(self) -> list[str]:
        """Return the ids of bytes under way or parked, oldest first."""
        return await self._threads.run(self._disk.list, self._incoming)

    async def drop_parked(self, id: str) -> None:
        """Remove parked bytes; safe to repeat. Raises Transient while somebody still writes them."""
        self._refuse_under_way(id)
        await self._threads.run(self._disk.unlink, f"{self._incoming}/{_checked(id)}")

    async def free_bytes(self) -> int:
        """Return what is free on its disk."""
        return await self._threads.run(self._disk.free_bytes, self._root)

    def _drop_failed(self, path: str) -> None:
        self._disk.unlink(f"{path}{_WHY}")
        self._disk.unlink(path)
        self._disk.sync_folder(self._failed)

    def _retry_failed(self, id: str, path: str) -> None:
        if not self._disk.exists(path):
            return
        self._disk.unlink(f"{path}{_WHY}")
        self._disk.sync_folder(self._failed)
        self._disk.rename(path, self.path(id))
        self._disk.sync_folder(self._ready)
        self._disk.sync_folder(self._failed)

    def _read_why(self, path: str) -> str:
        try:
            fd = self._disk.open(path)
        except FileNotFoundError:
            return ""
        try:
            return self._disk.read(fd, self._disk.size(path), 0).decode("utf-8", "replace")
        finally:
            self._disk.close(fd)

    def _growing(self, id: str, *, digested: bool = True) -> GrowingFile:
        digest = RunningDigest() if digested else NoDigest()
        return GrowingFile(self._disk, f"{self._incoming}/{_checked(id)}", digest)

    def _intake(self, id: str, file: GrowingFile) -> DiskIntake:
        self._under_way.add(id)
        return DiskIntake(
            id=id,
            file=file,
            threads=self._threads,
            now=self._clock.now,
            promise=self._promise,
            ended=self._under_way.discard,
            count=lambda: len(self._under_way),
            elsewhere=self._elsewhere,
        )

    def _refuse_under_way(self, id: str) -> None:
        if id in self._under_way:
            raise Transient("This upload is still under way on another connection. Try again when that has ended.")

    def _promise(self, file: GrowingFile, batch: Batch, draft: Envelope) -> Envelope:
        envelope = file.seal(batch, draft, target=self.path(draft.id))
        self._commit.sync()
        return envelope

    def _go_on(self, file: GrowingFile) -> None:
        try:
            file.go_on()
        except FileNotFoundError:
            raise NotThere("The bytes of this unfinished upload are not there any more. Send it again.") from None
        except OSError:
            file.close()
            raise

    def _prepare(self) -> None:
        for folder in (self._incoming, self._ready, self._parts, self._failed):
            self._disk.make_folder(folder)
        ready = set(self._disk.list(self._ready))
        for folder in self._disk.list(self._parts):
            self._clear_parts(folder, ready)

    def _forget(self, id: str) -> None:
        self._remove_parts(id)
        self._disk.unlink(self.path(id))  # last: while it is there, the next start removes the rest

    def _remove_parts(self, id: str) -> None:
        folder, _, start = self.parts(id).rpartition("/")
        for name in self._disk.list(folder):
            if name.startswith(start):
                self._disk.unlink(f"{folder}/{name}")

    def _clear_parts(self, folder: str, ready: Collection[str]) -> None:
        """Remove the parts that belong to no ready message."""
        path = f"{self._parts}/{folder}"
        for name in self._disk.list(path):
            if name.partition(".")[0] not in ready:
                self._disk.unlink(f"{path}/{name}")
        if len(folder) > 1:  # of one message: an earlier gateway made these
            self._disk.remove_folder(path)

    def _set_aside(self, id: str, why: str) -> None:
        self._remove_parts(id)
        if not self._disk.exists(self.path(id)):
            return
        self._write_why(f"{self._failed}/{id}{_WHY}", why.encode("utf-8", "backslashreplace"))
        self._disk.rename(self.path(id), f"{self._failed}/{id}")
        self._disk.sync_folder(self._failed)

    def _write_why(self, path: str, text: bytes) -> None:
        self._disk.unlink(path)  # of an attempt that was cut off
        fd = self._disk.create(path)
        try:
            self._disk.write(fd, text, 0)
            self._disk.fsync(fd)
        finally:
            self._disk.close(fd)


def _checked(id: str) -> str:
    if not _ID.fullmatch(id):
        raise Permanent("That is no id of a submission.")
    return id
