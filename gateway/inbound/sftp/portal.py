"""What a person can do with what they see: look, read, and send; everything else is refused with a sentence.

Owns paths, and the moment at which an upload is complete: the client's own CLOSE under a final name, or its RENAME to
one. Bytes and records are the use-cases' (Source: SPEC 5; FIELD-NOTES A.1, A.2, B.3).
"""

import posixpath
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from gateway.core.model import Channel, Unfinished
from gateway.core.uploads import is_system_litter, is_temporary
from gateway.errors import NotThere, Transient
from gateway.inbound.sftp.desk import Desk, Ghost, Upload
from gateway.inbound.sftp.downloads import Download
from gateway.inbound.sftp.packets import OpenFlags, StatusCode
from gateway.inbound.sftp.view import Leaf, Page, Room, SendRoom, Sight
from gateway.pipeline.receive import Receive
from gateway.ports import Archive, Intake, Spool


@dataclass(frozen=True)
class No:
    """A refusal: the sentence that the client shows, where it shows any."""

    sentence: str
    code: StatusCode = StatusCode.FAILURE


NOT_THERE = No("There is no file or folder of this name.", StatusCode.NO_SUCH_FILE)
_TRY_AGAIN = "The gateway can't take it just now: {why} Please try again in a few minutes."
_SEND_ONLY = No("Files can be put into Send Files only; it sends them.")
_LITTER = No("Your computer made this file by itself, so it is not taken.")
_NO_FOLDERS = No("Folders can't be made here. Put the files straight into Send Files; several can go in one zip.")
_NOT_HERE = No("An upload can't be read back here. Once it is complete, look for the file in Sent Files.")
_SENT_ALREADY = No("This file was sent already. To send it again, upload it whole (put, not reput).")

Found: TypeAlias = Room | Leaf


@dataclass(frozen=True)
class Doors:
    """What a portal needs to act; the same for everybody."""

    receive: Receive
    spool: Spool
    archive: Archive
    max_file_bytes: int


class Portal:
    """One session of one person."""

    def __init__(self, sight: Sight, desk: Desk, doors: Doors, *, peer: str, verified_by: str) -> None:
        """Take who it is, what they see, their uploads, and the use-cases."""
        self._sight = sight
        self._desk = desk
        self._doors = doors
        self._peer = peer
        self._verified_by = verified_by

    # Looking

    def absolute(self, path: str) -> str:
        """Return a path as this view names it: absolute, NFC, without `.` and `..`."""
        clean = posixpath.normpath("/" + unicodedata.normalize("NFC", path))
        return "/" + clean.lstrip("/")

    async def find(self, path: str) -> Found | None:
        """Return what is at a path."""
        at: Found = self._sight.root()
        for part in self._parts(path):
            if isinstance(at, Leaf):
                return None
            found = await self._child(at, part)
            if found is None:
                return None
            at = found
        return at

    async def items(self, room: Room) -> Sequence[Found]:
        """Return what is in a room; where files are put, this person's uploads."""
        return self._on_desk(room) if isinstance(room, SendRoom) else await room.items()

    async def _child(self, room: Room, name: str) -> Found | None:
        if isinstance(room, SendRoom):
            return next((leaf for leaf in self._on_desk(room) if leaf.name == name), None)
        return await room.child(name)

    def _on_desk(self, room: SendRoom) -> list[Leaf]:
        shown = self._desk.shown(room.school, self._sight.clock.now())
        return [Leaf(name, size, at, Page(b"")) for name, size, at in shown]

    async def space(self) -> int:
        """Return the free bytes of the disk that takes uploads."""
        return await self._doors.spool.free_bytes()

    def _parts(self, path: str) -> list[str]:
        return [part for part in self.absolute(path).split("/") if part]

    # Reading

    async def open_to_read(self, path: str) -> Download | No:
        """Open a file for reading."""
        found = await self.find(path)
        if found is None:
            return NOT_THERE
        if not isinstance(found, Leaf):
            return No("This is a folder.")
        what = found.what
        if isinstance(what, Page):
            is_upload = len(what.data) != found.size
            return _NOT_HERE if is_upload else Download(found.name, found.size, what)
        try:
            reader = await self._doors.archive.open(what.file.place or "", size=found.size)
        except NotThere as gone:
            return No(str(gone))
        return Download(found.name, found.size, what, reader)

    async def finish(self, download: Download) -> None:
        """Take the client's own CLOSE of a file that was read."""
        await download.close()

    # Sending

    async def open_to_write(self, path: str, flags: OpenFlags) -> Upload | No:
        """Begin an upload, or go on with one that was cut off. A name with a fault is refused before any byte."""
        target = await self._send_target(path)
        if isinstance(target, No):
            return target
        school, name = target
        refusal = await self._refuse_name(school, name)
        if refusal is not None:
            return refusal
        if flags & OpenFlags.APPEND and self._desk.ghost(school, name, self._sight.clock.now()):
            return _SENT_ALREADY
        parked = self._desk.parked(school, name)
        if parked is not None and flags & OpenFlags.TRUNCATE:
            await self._drop(parked)
            parked = None
        intake = await self._doors.spool.resume(parked.id) if parked else self._doors.receive.begin()
        upload = Upload(self._sight.account, school, name, intake, self._sight.clock.now(), parked)
        self._desk.opened(upload)
        return upload

    def write(self, upload: Upload, offset: int, piece: memoryview) -> None:
        """Take a piece; what is too much is dropped and told at the CLOSE."""
        if offset + len(piece) > self._doors.max_file_bytes:
            upload.reason = "too-large"
            upload.refusal = f"The file is larger than the {self._doors.max_file_bytes >> 20} MiB that are taken here."
        elif not upload.refusal:
            upload.intake.write(piece, offset)

    def truncate(self, upload: Upload, size: int) -> None:
        """Cut or grow an upload, in order with its writes."""
        if size <= self._doors.max_file_bytes:
            upload.intake.truncate(size)

    async def close(self, upload: Upload) -> No | None:
        """Take the client's own CLOSE: under a final name the upload is complete now."""
        self._desk.ended(upload)
        if is_temporary(upload.name):
            await self._park(upload)
            return None
        if upload.size == 0 and not upload.reason:
            upload.reason, upload.refusal = "empty-file", ""
        if upload.reason:
            return await self._turn_away(upload)
        return await self._complete(upload.intake, upload.school, upload.name, upload.parked)

    async def abandon(self, upload: Upload) -> None:
        """Take the end of a session: it makes no file; what came is kept for a day, to be taken up again."""
        self._desk.ended(upload)
        if upload.reason:
            await upload.intake.discard()
        else:
            await self._park(upload)

    async def rename(self, old: str, new: str) -> No | None:
        """Give an upload its final name, which completes it, or another temporary one."""
        source, target = await self._send_target(old), await self._send_target(new)
        if isinstance(source, No) or isinstance(target, No):
            return No("Only uploads in Send Files can be renamed, within Send Files.")
        parked = self._desk.parked(*source)
        if parked is None:
            return _SENT_ALREADY if self._desk.ghost(*source, self._sight.clock.now()) else NOT_THERE
        school, name = target
        if is_temporary(name):
            self._desk.unpark(parked)
            await self._keep(replace(parked, folder=school, name=name))
            return None
        return await self._complete_parked(parked, school, name)

    async def remove(self, path: str) -> No | None:
        """Remove an unfinished upload, or the trace of one; what was sent is never touched from here."""
        target = await self._send_target(path)
        if isinstance(target, No):
            return No("Nothing can be removed here.") if await self.find(path) else NOT_THERE
        school, name = target
        parked = self._desk.parked(school, name)
        if parked is not None:
            await self._drop(parked)
            return None
        if self._desk.ghost(school, name, self._sight.clock.now()):
            self._desk.exorcise(school, name)
            return None
        return NOT_THERE

    async def make_folder(self, path: str) -> No | None:
        """Answer a MKDIR: harmless where there is such a folder, refused elsewhere."""
        found = await self.find(path)
        return None if found is not None and not isinstance(found, Leaf) else _NO_FOLDERS

    # How an upload begins and ends

    async def _send_target(self, path: str) -> tuple[str, str] | No:
        """Return school and name of a path in a Send Files room."""
        folder, name = posixpath.split(self.absolute(path))
        room = await self.find(folder)
        if room is None:
            return NOT_THERE
        return (room.school, name) if isinstance(room, SendRoom) and name else _SEND_ONLY

    async def _refuse_name(self, school: str, name: str) -> No | None:
        if is_system_litter(name):
            return _LITTER
        if is_temporary(name):
            return None
        reading = self._doors.receive.judge(self._sight.account, name)
        if reading.reason is None:
            return None
        return await self._refuse(school, name, reading.reason)

    async def _refuse(self, school: str, name: str, reason: str, detail: str = "") -> No:
        """Record a refusal with no byte kept; a client may look for the name, or remove it, without an error."""
        account = self._sight.account
        sentence = await self._doors.receive.refuse(
            account,
            name=name,
            reading=self._doors.receive.judge(account, name),
            reason=reason,
            detail=detail,
            school=school,
            peer=self._peer,
            verified_by=self._verified_by,
        )
        self._desk.remember(school, name, Ghost(0, self._sight.clock.now(), was_taken=False))
        return No(sentence)

    async def _turn_away(self, upload: Upload) -> No:
        await upload.intake.discard()
        return await self._refuse(upload.school, upload.name, upload.reason, upload.refusal)

    async def _drop(self, parked: Unfinished) -> None:
        await self._doors.spool.drop_parked(parked.id)
        await self._forget(parked)

    async def _forget(self, parked: Unfinished) -> None:
        self._desk.unpark(parked)
        await self._sight.ledger.drop_unfinished(parked.id)

    async def _complete(self, intake: Intake, school: str, name: str, parked: Unfinished | None) -> No | None:
        """Make it our word: only after this is the CLOSE, or the RENAME, a good one."""
        size = intake.size
        try:
            envelope = await intake.seal(
                channel=Channel.SFTP,
                username=self._sight.account.username,
                verified_by=self._verified_by,
                name=name,
                peer=self._peer,
                school=school,
            )
        except Transient as trouble:
            await intake.discard()
            return No(_TRY_AGAIN.format(why=trouble))
        if parked is not None:
            await self._forget(parked)
        self._desk.remember(school, name, Ghost(size, envelope.received_at, was_taken=True))
        self._doors.receive.accepted(envelope)
        return None

    async def _complete_parked(self, parked: Unfinished, school: str, name: str) -> No | None:
        reading = self._doors.receive.judge(self._sight.account, name)
        intake = await self._doors.spool.resume(parked.id)
        if intake.size == 0:
            await intake.discard()
            await self._forget(parked)
            return await self._refuse(school, name, "empty-file")
        refusal = await self._complete(intake, school, name, parked)
        if refusal is None and reading.reason is not None:
            # The bytes are held, and the record will say so; the client must still hear that it was not sent.
            return No(reading.sentence)
        return refusal

    async def _park(self, upload: Upload) -> None:
        """Keep what came for a day, so that the upload can go on."""
        since = upload.parked.since if upload.parked else upload.began_at
        if not upload.size:
            await upload.intake.discard()
            return
        await upload.intake.park()
        who = upload.account.username
        await self._keep(Unfinished(upload.intake.id, who, upload.school, upload.name, upload.size, since))

    async def _keep(self, parked: Unfinished) -> None:
        self._desk.park(parked)
        await self._sight.ledger.put_unfinished(parked)
