"""Uploads: from an OPEN in `Send Files` to the one moment that makes a file of them.

Owns that moment: the client's own CLOSE under a final name, or its RENAME to one. Whatever else ends an upload makes no
file; what came is kept for a day, to be taken up again. Bytes and records are the use-cases' (Source: SPEC 5;
FIELD-NOTES A.1, A.2, B.3).
"""

import asyncio
from dataclasses import replace
from datetime import datetime

from gateway.core.documents import order_of
from gateway.core.model import Channel, Unfinished
from gateway.core.reasons import sentence_for
from gateway.core.uploads import is_system_litter, is_temporary
from gateway.errors import Transient
from gateway.inbound.sftp import refusals
from gateway.inbound.sftp.desk import Desk, Ghost, Upload
from gateway.inbound.sftp.means import Doors, Shares
from gateway.inbound.sftp.packets import OpenFlags
from gateway.inbound.sftp.parking import Parking
from gateway.inbound.sftp.refusals import NOT_THERE, No
from gateway.inbound.sftp.rooms import Sight
from gateway.ports import Intake
from gateway.ports.keeping import Facts

PAGE = 4096  # bytes


class Sending:
    """The uploads of one session of one person."""

    def __init__(self, sight: Sight, desk: Desk, doors: Doors, shares: Shares, *, peer: str, verified_by: str) -> None:
        """Take who it is, their desk, the use-cases, and how we know who it is."""
        self._sight = sight
        self._desk = desk
        self._doors = doors
        self._shares = shares
        self._peer = peer
        self._verified_by = verified_by
        self._parking = Parking(sight, desk, doors.spool)

    # From OPEN to CLOSE

    async def open(self, school: str, name: str, flags: OpenFlags) -> Upload | No:
        """Begin an upload, or go on with one that was cut off. A name with a fault is refused before any byte."""
        async with self._desk.names.hold([(school, name)]):
            return await self._open(school, name, flags)

    async def _open(self, school: str, name: str, flags: OpenFlags) -> Upload | No:
        refusal = await self._refuse_name(school, name) or await self._refuse_use(school, name, flags)
        if refusal is not None:
            return refusal
        goes_on = not flags & OpenFlags.TRUNCATE
        if goes_on:
            await self._take_over(school, name)
        parked = self._parking.find(school, name)
        if parked is not None and not goes_on:
            await self._parking.drop(parked)
            parked = None
        upload = await self._resumed(parked, flags) if parked else None
        if upload is None:
            upload = Upload(self._sight.account, school, name, self._doors.receive.begin(), self._now(), owner=self)
        upload.appends = bool(flags & OpenFlags.APPEND)
        self._desk.opened(upload)
        return upload

    def write(self, upload: Upload, offset: int, piece: memoryview) -> None:
        """Take a piece; what is too much is dropped and told with the write, and at the CLOSE."""
        if upload.is_gone:
            return
        if upload.starts_over:
            self._start_over(upload, goes_on=offset > 0)
        if upload.appends:  # "all writes at the end": many a client leaves the offset at 0 then
            offset = max(offset, upload.size)
        end = offset + len(piece)
        if end > self._sight.policy.current.max_file_bytes:
            upload.reason, upload.refusal = "too-large", self._too_large()
        elif not upload.refusal:
            upload.intake.write(piece, offset)
            upload.has_come.add(offset, end)

    def written(self, upload: Upload) -> None:
        """Begin to carry to the disk what looks like a whole small file, while its client hears of its last write."""
        is_end = upload.size % PAGE > 0  # what is cut into writes is cut at round sizes, but for its end
        is_new = upload.parked is None and not upload.is_gone and not upload.refusal
        if is_end and is_new and upload.is_whole and not is_temporary(upload.name):
            # In the next turn: the answer to the write goes first.
            asyncio.get_running_loop().call_soon(self._foresee, upload)

    def _foresee(self, upload: Upload) -> None:
        if not upload.is_gone:
            upload.intake.foresee(**self._facts(upload.school, upload.name))

    def truncate(self, upload: Upload, size: int) -> None:
        """Cut or grow an upload, in order with its writes; what was grown and never written is a hole, and no file."""
        if not upload.is_gone and not upload.refusal and size <= self._sight.policy.current.max_file_bytes:
            upload.intake.truncate(size)
            upload.has_come.cut(size)

    async def close(self, upload: Upload) -> No | None:
        """Take the client's own CLOSE: under a final name the upload is complete now.

        It is shown until its end is: programs ask for the name without waiting for the answer to this.
        """
        async with self._desk.names.hold([(upload.school, upload.name)]):
            try:
                return await self._close(upload)
            finally:
                self._desk.ended(upload)

    async def _close(self, upload: Upload) -> No | None:
        if upload.is_gone:
            return No(upload.refusal)
        if upload.reason:
            return await self._turn_away(upload, upload.reason, upload.refusal)
        if is_temporary(upload.name):
            await self._parking.park(upload, is_closed=True)
            return None
        if upload.size == 0:
            return await self._turn_away(upload, "empty-file")
        if not upload.is_whole:
            return await self._turn_away(upload, "truncated")
        return await self._complete(upload.intake, upload.school, upload.name, upload.parked)

    async def sync(self, upload: Upload) -> None:
        """Make durable what came; if it can be the whole file, so that its CLOSE has little left to do."""
        if upload.is_gone:
            return
        if is_temporary(upload.name) or not upload.is_whole:
            await upload.intake.sync()
        else:
            await upload.intake.prepare(**self._facts(upload.school, upload.name))

    async def abandon(self, upload: Upload) -> None:
        """Take the end of a session: it makes no file; what came is kept for a day, to be taken up again."""
        async with self._desk.names.hold([(upload.school, upload.name)]):
            try:
                await self._leave(upload)
            finally:
                self._desk.ended(upload)  # after it is parked: who looks for it in between must find it

    async def _leave(self, upload: Upload) -> None:
        if upload.reason and not upload.is_gone:
            await self._parking.discard(upload)
        elif not upload.is_gone:
            await self._parking.park(upload)

    # Names

    async def rename(self, source: tuple[str, str], target: tuple[str, str]) -> No | None:
        """Give an upload another temporary name, or its final one, which completes it."""
        async with self._desk.names.hold([source, target]):
            return await self._rename(source, target)

    async def _rename(self, source: tuple[str, str], target: tuple[str, str]) -> No | None:
        if is_system_litter(target[1]):
            return refusals.LITTER
        under_way = self._desk.under_way(*source)
        if under_way is not None:
            return await self._rename_open(under_way, target)
        parked = self._parking.find(*source)
        if parked is None:
            return refusals.SENT_AS_IT_IS if self._desk.ghost(*source, self._now()) else NOT_THERE
        if is_temporary(target[1]):
            self._desk.unpark(parked)
            await self._parking.keep(replace(parked, folder=target[0], name=target[1]))
            return None
        return await self._complete_parked(parked, *target)

    async def remove(self, school: str, name: str) -> No | None:
        """Remove an unfinished upload, or the trace of one; what was sent is never touched from here."""
        async with self._desk.names.hold([(school, name)]):
            return await self._remove(school, name)

    async def _remove(self, school: str, name: str) -> No | None:
        under_way, parked = self._desk.under_way(school, name), self._parking.find(school, name)
        if under_way is not None:
            self._desk.ended(under_way)
            under_way.is_gone, under_way.refusal = True, refusals.REMOVED
            await self._parking.discard(under_way)
        elif parked is not None:
            await self._parking.drop(parked)
        elif self._desk.ghost(school, name, self._now()) is None:
            return NOT_THERE
        self._desk.exorcise(school, name)
        return None

    # What an OPEN meets

    async def _refuse_name(self, school: str, name: str) -> No | None:
        if is_system_litter(name):
            return refusals.LITTER
        if is_temporary(name) or order_of(school) is not None:  # a document whose name says no school is held, later
            return None
        reading = self._doors.receive.judge(self._sight.account, name, put_for=school)
        return None if reading.reason is None else await self._refuse(school, name, reading.reason)

    async def _refuse_use(self, school: str, name: str, flags: OpenFlags) -> No | None:
        now = self._now()
        is_new = self._parking.find(school, name) is None
        if flags & OpenFlags.EXCLUSIVE and self._desk.look(school, name, now):
            return refusals.THERE_ALREADY
        if is_new and self._desk.under_way(school, name) is None and not flags & OpenFlags.TRUNCATE:
            if flags & OpenFlags.APPEND and self._desk.ghost(school, name, now):
                return refusals.SENT_ALREADY
            if not flags & OpenFlags.CREATE:
                return NOT_THERE
        if is_new and self._desk.count_parked(now) >= self._shares.unfinished:
            return refusals.TOO_MANY_UNFINISHED
        if await self._doors.space.free_bytes() < self._shares.keep_free_bytes:
            return refusals.NO_ROOM
        return None

    async def _take_over(self, school: str, name: str) -> None:
        """Park an upload that hangs on another connection of this person: one that broke may not have ended yet."""
        other = self._desk.under_way(school, name)
        if other is not None and other.owner is not self:
            other.is_gone, other.refusal = True, refusals.TAKEN_OVER
            try:
                await self._parking.park(other)
            finally:
                self._desk.ended(other)

    async def _resumed(self, parked: Unfinished, flags: OpenFlags) -> Upload | None:
        """Return the upload that goes on; None when its bytes are gone."""
        intake = await self._parking.resume(parked)
        if intake is None:
            return None
        upload = Upload(self._sight.account, parked.folder, parked.name, intake, self._now(), parked, owner=self)
        upload.has_come.add(0, intake.size)
        upload.starts_over = not flags & OpenFlags.APPEND
        return upload

    def _start_over(self, upload: Upload, *, goes_on: bool) -> None:
        """Settle with the first write whether a client that did not say so goes on, or sends it all again."""
        upload.starts_over = False
        if not goes_on:
            upload.intake.truncate(0)
            upload.has_come.cut(0)

    def _too_large(self) -> str:
        return f"The file is larger than the {self._sight.policy.current.max_file_bytes >> 20} MiB that are taken here."

    # What a CLOSE or a RENAME comes to

    async def _refuse(self, school: str, name: str, reason: str, detail: str = "") -> No:
        """Record a refusal with no byte kept; a client may look for the name, or remove it, without an error."""
        if order_of(school) is not None:
            self._desk.remember(school, name, Ghost(0, self._now(), was_taken=False, owner=self))
            return No(detail or sentence_for(reason))
        account = self._sight.account
        sentence = await self._doors.receive.refuse(
            account,
            name=name,
            reading=self._doors.receive.judge(account, name, put_for=school),
            reason=reason,
            detail=detail,
            school=school,
            peer=self._peer,
            verified_by=self._verified_by,
        )
        self._desk.remember(school, name, Ghost(0, self._now(), was_taken=False, owner=self))
        return No(sentence)

    async def _turn_away(self, upload: Upload, reason: str, detail: str = "") -> No:
        await self._parking.discard(upload)
        if is_temporary(upload.name):
            return No(detail)  # its name says nothing yet that could be recorded
        return await self._refuse(upload.school, upload.name, reason, detail)

    async def _complete(self, intake: Intake, school: str, name: str, parked: Unfinished | None) -> No | None:
        """Make it our word: only after this is the CLOSE, or the RENAME, a good one."""
        size = intake.size
        try:
            envelope = await intake.seal(**self._facts(school, name))
        except Transient as trouble:
            await intake.discard()
            await self._parking.forget(parked)
            return refusals.try_again(trouble)
        self._desk.remember(school, name, Ghost(size, envelope.received_at, was_taken=True, owner=self))
        # In the next turn: the client, who waits for the answer, goes first.
        asyncio.get_running_loop().call_soon(self._doors.receive.accepted, envelope)
        await self._parking.forget(parked)
        return None

    def _facts(self, school: str, name: str) -> Facts:
        order = order_of(school)
        return Facts(
            channel=Channel.SFTP,
            username=self._sight.account.username,
            verified_by=self._verified_by,
            name=name,
            peer=self._peer,
            school=None if order else school,
            order=order,
        )

    async def _complete_parked(self, parked: Unfinished, school: str, name: str) -> No | None:
        reading = self._doors.receive.judge(self._sight.account, name, put_for=school)
        intake = await self._parking.resume(parked)
        if intake is None:
            return NOT_THERE
        if intake.size == 0:
            await intake.discard()
            await self._parking.forget(parked)
            return await self._refuse(school, name, "empty-file")
        refusal = await self._complete(intake, school, name, parked)
        # The bytes are held, and the record will say so; the client must still hear that it was not sent.
        is_file = order_of(school) is None
        return refusal or (No(reading.advice) if is_file and reading.reason is not None else None)

    async def _rename_open(self, upload: Upload, target: tuple[str, str]) -> No | None:
        """Rename an upload under way: some programs do so before their CLOSE, which then completes it."""
        school, name = target
        if not is_temporary(name) and (refusal := await self._refuse_name(school, name)):
            return refusal
        self._desk.ended(upload)
        upload.school, upload.name = school, name
        self._desk.opened(upload)
        return None

    def _now(self) -> datetime:
        return self._sight.clock.now()
