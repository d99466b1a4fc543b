"""The unfinished uploads of one person: bytes that are kept for a day, to be taken up again.

Owns what becomes of an upload that is no file: kept up to its first hole, or removed, its record with it. When that
happens is `sending`'s to say (Source: SPEC 5; FIELD-NOTES A.1, A.2).
"""

from gateway import log
from gateway.core.model import Unfinished
from gateway.errors import GatewayError, NotThere, Transient
from gateway.inbound.sftp.desk import Desk, Upload
from gateway.inbound.sftp.rooms import Sight
from gateway.ports import Intake, Spool


class Parking:
    """Where one session parks, and finds what all sessions of its person parked."""

    def __init__(self, sight: Sight, desk: Desk, spool: Spool) -> None:
        """Take who it is, their desk, and where the bytes are."""
        self._sight = sight
        self._desk = desk
        self._spool = spool

    def find(self, school: str, name: str) -> Unfinished | None:
        """Return the upload of this name that can be taken up again."""
        return self._desk.parked(school, name, self._sight.clock.now())

    async def park(self, upload: Upload, *, is_closed: bool = False) -> None:
        """Keep what came, up to its first hole, for a day; nothing is kept only if the client closed it so."""
        size = upload.has_come.first_hole
        if size < upload.size:
            upload.intake.truncate(size)
        if not size and not is_closed:
            await self.discard(upload)
            return
        since = upload.parked.since if upload.parked else upload.began_at
        try:
            await upload.intake.park()
        except Transient:
            await self.discard(upload)
            raise
        who = upload.account.username
        await self.keep(Unfinished(upload.intake.id, who, upload.school, upload.name, size, since))

    async def keep(self, parked: Unfinished) -> None:
        """Show it under its name; an older one of the name is removed."""
        older = self.find(parked.folder, parked.name)
        if older is not None and older.id != parked.id:
            await self.drop(older)
        self._desk.park(parked)
        await self._sight.ledger.put_unfinished(parked)

    async def resume(self, parked: Unfinished) -> Intake | None:
        """Return its bytes, to go on with; None when they are gone, and then it is forgotten."""
        try:
            intake = await self._spool.resume(parked.id)
        except NotThere:
            await self.forget(parked)
            return None
        if intake.size > parked.size:
            intake.truncate(parked.size)  # a stop came while it went on: what lies behind may have holes
        return intake

    async def discard(self, upload: Upload) -> None:
        """Remove an upload under way."""
        await upload.intake.discard()
        await self.forget(upload.parked)

    async def drop(self, parked: Unfinished) -> None:
        """Remove one that is parked."""
        await self._spool.drop_parked(parked.id)
        await self.forget(parked)

    async def forget(self, parked: Unfinished | None) -> None:
        """Forget an unfinished upload; its row without bytes is harmless, so that trouble here fails no file."""
        if parked is None:
            return
        self._desk.unpark(parked)
        try:
            await self._sight.ledger.drop_unfinished(parked.id)
        except GatewayError as trouble:
            log.transient(stage="sftp", why=str(trouble))
