"""What a person can do with what they see: look, read, send, decide by moving; all else is refused with a sentence.

Owns paths, and which of these a request is. How an upload becomes a file is `sending`, what a gesture decides `deeds`
(Source: SPEC 5).
"""

import posixpath
import unicodedata
from collections.abc import Sequence
from typing import Any, TypeAlias

from gateway.core.register import Role
from gateway.errors import NotThere
from gateway.inbound.sftp import refusals
from gateway.inbound.sftp.accountroom import KEYS_FILE, STAYS, AccountRoom, KeyUpload, KeyWriting
from gateway.inbound.sftp.deeds import Deeds
from gateway.inbound.sftp.desk import Desk, Ghost, Upload
from gateway.inbound.sftp.documentview import DOCUMENT_ROOMS
from gateway.inbound.sftp.downloads import Download
from gateway.inbound.sftp.lines import Leaves, Lines
from gateway.inbound.sftp.means import Doors, FreeSpace, Shares
from gateway.inbound.sftp.packets import OpenFlags
from gateway.inbound.sftp.ranges import Ranges
from gateway.inbound.sftp.refusals import NOT_THERE, No
from gateway.inbound.sftp.rejectedview import RejectedBox, RejectedMonth
from gateway.inbound.sftp.rooms import Found, Leaf, LongRoom, Page, Room, Shelf, Sight, Stored, Waits, Way
from gateway.inbound.sftp.schoolview import SendRoom
from gateway.inbound.sftp.sending import Sending
from gateway.inbound.sftp.serviceview import TurningRoom
from gateway.inbound.sftp.view import root_of

__all__ = ["Doors", "FreeSpace", "No", "Portal", "Shares"]

Place: TypeAlias = tuple[Room, str]  # where a name stands, and the name


class Portal:
    """One session of one person."""

    def __init__(
        self,
        sight: Sight,
        desk: Desk,
        doors: Doors,
        *,
        peer: str,
        verified_by: str,
        shares: Shares | None = None,
    ) -> None:
        """Take who it is, what they see, their uploads, and the use-cases."""
        shares = shares or Shares()
        self._sight = sight
        self._desk = desk
        self._doors = doors
        self._sending = Sending(sight, desk, doors, shares, peer=peer, verified_by=verified_by)
        self._deeds = Deeds(sight, doors, shares)
        self._served: dict[str, Ranges] = {}  # by file: a reading may take several handles
        self._own_keys = KeyWriting(sight, doors.keys, peer=peer)

    def left(self) -> None:
        """Take the end of the session."""
        self._desk.left(self._sending, self._sight.clock.now())

    # Looking

    def absolute(self, path: str) -> str:
        """Return a path as this view names it: absolute, NFC, without `.` and `..`."""
        clean = posixpath.normpath("/" + unicodedata.normalize("NFC", path))
        return "/" + clean.lstrip("/")

    async def find(self, path: str) -> Found | None:
        """Return what is at a path."""
        at: Found = root_of(self._sight)
        for part in self._parts(path):
            found = None if isinstance(at, Leaf) else await self._child(at, part)
            if found is None:
                return None
            at = found
        return at

    async def items(self, room: Room) -> Sequence[Found]:
        """Return what is in a room; where files are put, this person's uploads."""
        if isinstance(room, AccountRoom):
            return [
                self._own_keys.just_put() or item if item.name == KEYS_FILE else item for item in await room.items()
            ]
        if not isinstance(room, SendRoom):
            return await room.items()
        uploads = self._desk.shown(room.school, self._sight.clock.now())
        return [*room.rooms, *(Leaf(name, size, at, Way()) for name, (size, at) in uploads)]

    async def lines(self, room: LongRoom) -> Lines | Leaves[Any, Leaf] | No:
        """Return what is in a room of thousands, as a listing needs it."""
        lines = await self._desk.lines.open(room.lines)
        return refusals.TOO_MANY_LISTINGS if lines is None else lines

    async def space(self) -> int:
        """Return the free bytes of the disk that takes uploads."""
        return await self._doors.space.free_bytes()

    async def _child(self, room: Room, name: str) -> Found | None:
        if isinstance(room, AccountRoom) and name == KEYS_FILE and (just_put := self._own_keys.just_put()):
            return just_put
        found, shelf = await room.child(name), _shelf_of(room)
        if found is not None or not shelf:
            return found
        shown = self._desk.look(shelf, name, self._sight.clock.now())
        return Leaf(name, *shown, Way()) if shown else None

    async def _place(self, path: str) -> Place | None:
        """Return the room that a path's last name stands in; nothing is looked up for the name itself."""
        folder, name = posixpath.split(self.absolute(path))
        room = await self.find(folder)
        return None if room is None or isinstance(room, Leaf) or not name else (room, name)

    def _parts(self, path: str) -> list[str]:
        return [part for part in self.absolute(path).split("/") if part]

    # Reading

    async def open_to_read(self, path: str) -> Download | No:
        """Open a file for reading."""
        found = await self.find(path)
        if found is None:
            return NOT_THERE
        if not isinstance(found, Leaf):
            return refusals.IS_FOLDER
        what = found.what
        if isinstance(what, Way):
            return refusals.NOT_READABLE
        if isinstance(what, Waits):
            return refusals.WAITS
        if isinstance(what, Page):
            return Download(found.name, found.size, found.at, what)
        try:
            reader = await self._doors.archive.open(what.place, size=found.size)
        except NotThere as gone:
            return No(str(gone))
        served = self._served.setdefault(what.file, Ranges())
        download = Download(found.name, found.size, found.at, what, reader, served)
        self._doors.readings.began(download)
        return download

    async def finish(self, download: Download) -> No | None:
        """Take the client's own CLOSE of a file that was read."""
        await self.let_go(download)
        return await self._deeds.read(download)

    async def let_go(self, download: Download) -> None:
        """Take the end of a reading that the client did not close."""
        self._doors.readings.ended(download)
        await download.close()

    # Sending, and deciding by moving

    async def open_to_write(self, path: str, flags: OpenFlags) -> Upload | No:
        """Begin an upload, or go on with one that was cut off."""
        place = await self._place(path)
        if place is None:
            return NOT_THERE
        room, name = place
        if isinstance(room, AccountRoom):
            return self._own_keys.open(name, flags)
        if not isinstance(room, SendRoom):
            return self._not_in(room)
        is_folder = await room.child(name) is not None
        return refusals.IS_FOLDER if is_folder else await self._sending.open(room.school, name, flags)

    def _not_in(self, room: Room) -> No:
        """Return why nothing can be put into a room."""
        if isinstance(room, DOCUMENT_ROOMS):
            return self._documents_stay
        return refusals.NOT_PUT_HERE if self._sight.account.role is Role.OFFICER else refusals.SEND_ONLY

    def _writing(self, upload: Upload) -> Sending | KeyWriting:
        return self._own_keys if isinstance(upload, KeyUpload) else self._sending

    def write(self, upload: Upload, offset: int, piece: memoryview) -> None:
        """Take a piece."""
        self._writing(upload).write(upload, offset, piece)

    def written(self, upload: Upload) -> None:
        """Take the end of a write."""
        self._writing(upload).written(upload)

    def truncate(self, upload: Upload, size: int) -> None:
        """Cut or grow an upload, in order with its writes."""
        self._writing(upload).truncate(upload, size)

    async def sync(self, upload: Upload) -> None:
        """Make durable what came so far."""
        await self._writing(upload).sync(upload)

    async def close(self, upload: Upload) -> No | None:
        """Take the client's own CLOSE."""
        return await self._writing(upload).close(upload)

    async def abandon(self, upload: Upload) -> None:
        """Take the end of a session, which completes nothing."""
        await self._writing(upload).abandon(upload)

    @property
    def _documents_stay(self) -> No:
        return refusals.documents_stay(self._sight.policy.current.notices.contact)

    async def rename(self, old: str, new: str) -> No | None:
        """Finish an upload, send a rejected file after all, or turn a file of an Inbox away."""
        source, target = await self._place(old), await self._target(old, new)
        if source is None or target is None:
            return NOT_THERE
        room, name = source
        if isinstance(room, SendRoom):
            return await self._rename_upload(room, name, target)
        found = await room.child(name)
        if found is not None and isinstance(room, DOCUMENT_ROOMS):
            return self._documents_stay
        if not isinstance(found, Leaf):
            return NOT_THERE if found is None else refusals.RENAMES_HERE
        if isinstance(found.what, Waits):
            return refusals.WAITS
        if not isinstance(found.what, Stored):
            return refusals.REASON_STAYS if isinstance(room, RejectedMonth) else refusals.RENAMES_HERE
        refusal = await self._move(found.what, target)
        if refusal is None:
            self._remember_moved(found, *target)
        return refusal

    async def _rename_upload(self, room: SendRoom, name: str, target: Place) -> No | None:
        to, new_name = target
        if not isinstance(to, SendRoom):
            return self._not_in(to)
        return await self._sending.rename((room.school, name), (to.school, new_name))

    async def _move(self, what: Stored, target: Place) -> No | None:
        room, name = target
        if isinstance(room, DOCUMENT_ROOMS):
            return self._documents_stay
        if isinstance(room, TurningRoom):
            return await self._deeds.turn(what, room, name)
        if what.shelf is Shelf.REJECTED:
            is_sent = isinstance(room, (RejectedMonth, RejectedBox, SendRoom))
            return await self._deeds.resend(what, name) if is_sent else refusals.RESENT_ONLY
        return refusals.SENT_STAYS if what.shelf is Shelf.SENT else refusals.INBOX_STAYS

    def _remember_moved(self, leaf: Leaf, room: Room, name: str) -> None:
        """Show to programs that look for it what was moved, though it is elsewhere now: rclone fails without."""
        if shelf := _shelf_of(room):
            ghost = Ghost(leaf.size, self._sight.clock.now(), was_taken=True, owner=self._sending)
            self._desk.remember(shelf, name, ghost)

    async def _target(self, old: str, new: str) -> Place | None:
        """Return where a rename leads: programs that move into a folder may name the folder alone."""
        at = await self._place(new)
        if at is None:
            return None
        room, name = at
        if isinstance(room, RejectedMonth):
            return at
        folder = await room.child(name)
        if folder is None or isinstance(folder, Leaf):
            return at
        return folder, posixpath.basename(self.absolute(old))

    async def remove(self, path: str) -> No | None:
        """Remove an unfinished upload, or the trace of one; in `Sent Files`, recall."""
        place = await self._place(path)
        if place is None:
            return NOT_THERE
        room, name = place
        if isinstance(room, SendRoom):
            return await self._sending.remove(room.school, name)
        found = await room.child(name)
        if found is None:
            return await self._forget_moved(room, name)
        if isinstance(room, DOCUMENT_ROOMS):
            return self._documents_stay
        what = found.what if isinstance(found, Leaf) else None
        if isinstance(what, Stored) and what.shelf is Shelf.SENT:
            return await self._deeds.recall(what)
        return _stays(room, what)

    async def _forget_moved(self, room: Room, name: str) -> No | None:
        """Remove the trace of what was moved; programs do so before they move another of the name there."""
        shelf = _shelf_of(room)
        if not shelf or self._desk.ghost(shelf, name, self._sight.clock.now()) is None:
            return NOT_THERE
        self._desk.exorcise(shelf, name)
        return None

    async def make_folder(self, path: str) -> No | None:
        """Answer a MKDIR: harmless where there is such a folder, refused elsewhere."""
        found = await self.find(path)
        if found is not None and not isinstance(found, Leaf):
            return None
        place = await self._place(path)
        is_documents = place is not None and isinstance(place[0], DOCUMENT_ROOMS)
        return self._documents_stay if is_documents else refusals.NO_FOLDERS


def _shelf_of(room: Room) -> str:
    """Return under what the desk knows what was put into a room; "" where nothing can be."""
    match room:
        case SendRoom():
            return room.school
        case TurningRoom():
            return f"{room.service} to {room.to or room.name}"
        case RejectedMonth():
            return f"{room.box.school} rejected {room.name}"
        case _:
            return ""


def _stays(room: Room, what: object) -> No:
    """Return why something can't be removed."""
    if isinstance(room, AccountRoom):
        return STAYS
    if isinstance(what, Waits):
        return refusals.WAITS
    if isinstance(what, Stored):
        return refusals.INBOX_STAYS if what.shelf is Shelf.INBOX else refusals.REJECTED_STAYS
    return refusals.REASON_STAYS if isinstance(room, RejectedMonth) else refusals.REMOVES_HERE
