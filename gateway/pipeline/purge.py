"""Purge: bytes whose term has come are destroyed, and their records keep only what may stay.

Owns mark, destroy, mark: interrupted anywhere, the next pass resumes. Takes back our untouched copies in drop folders
too, and clears up uploads that nobody finished (Source: SPEC 5, 10; DESIGN 3, step 9).
"""

from datetime import datetime, timedelta

from gateway import log
from gateway.core.model import Drop, DropState, FileQuery, FileRecord, Unfinished
from gateway.core.retention import what_stays
from gateway.errors import Transient
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.purge_documents import PurgeDocuments
from gateway.pipeline.residue import Residue
from gateway.ports import Archive, Clock, DropFolder, Ledger, Spool

BATCH = 200
MASKED_UNTIL = "refused-masked-until"


class Purge:
    """Destroys what is due."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        archive: Archive,
        spool: Spool,
        folder: DropFolder,
        clock: Clock,
        policy: LivePolicy,
    ) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._archive = archive
        self._spool = spool
        self._folder = folder
        self._clock = clock
        self._policy = policy
        self._documents = PurgeDocuments(ledger=ledger, archive=archive, clock=clock)
        self._residue = Residue(ledger=ledger, spool=spool, policy=policy)
        self._has_erased = True  # perhaps just before the last stop

    async def due(self, at: datetime | None = None) -> list[FileRecord]:
        """Return what would be destroyed at a time (now, unless one is given), oldest first."""
        return await self._ledger.due_files(at or self._clock.now())

    async def pass_once(self, *, actor: str = "gateway") -> int:
        """Destroy what is due now, and go on with what was begun; return how many were destroyed."""
        now = self._clock.now()
        due = await self._ledger.due_files(now, BATCH)
        # Marked first: from here on no view shows them, and a crash leaves a list of what to finish.
        await self._ledger.mark_destroying([f.id for f in due], now)
        begun = await self._ledger.destroying()
        destroyed = sum([await self._destroy(file, actor) for file in begun]) + await self._mask_refused(now, actor)
        destroyed += await self._documents.pass_once(actor=actor) + await self._residue.pass_once(now, actor=actor)
        self._has_erased = self._has_erased or destroyed > 0
        if self._has_erased:
            self._has_erased = not await self._ledger.forget_erased()
        return destroyed + await self._clear_unfinished(now)

    async def _destroy(self, file: FileRecord, actor: str) -> bool:
        """Destroy one; not at its end while a copy of ours lies where we can't reach it: it outlives no term."""
        if file.place is not None:
            await self._archive.destroy(file.place)
        if not await self._take_back(file):
            return False
        await self._ledger.mark_destroyed(what_stays(file, purged_at=self._clock.now()), actor=actor)
        log.purged(file=file.id)
        return True

    async def _mask_refused(self, now: datetime, actor: str) -> int:
        """Mask the records that never had bytes, a refusal at OPEN among them, at the term of rejected bytes.

        The mark says up to when that is done; a repeat after a crash finds what is masked already. What is on hold
        stays as it is, and the mark waits for it.
        """
        # A query ends before its end, and a term is over at its last second.
        until = now - timedelta(days=self._policy.current.terms.rejected_days) + timedelta(microseconds=1)
        done = await self._ledger.mark(MASKED_UNTIL)
        query = FileQuery(has_bytes=False, since=datetime.fromisoformat(done) if done else None, until=until)
        old = [f for f in await self._ledger.files(query) if f.place is None and f.purged_at is None]
        held = await self._ledger.on_hold([file.id for file in old])
        due = [file for file in old if file.id not in held]
        for file in due:
            await self._ledger.mark_destroyed(what_stays(file, purged_at=now), actor=actor)
        if due:
            waiting = [file.sent_at for file in old if file.id in held]
            await self._ledger.set_mark(MASKED_UNTIL, min([until, *waiting]).isoformat())
        return len(due)

    async def _take_back(self, file: FileRecord) -> bool:
        """Remove our untouched copies from drop folders; False while a folder is away."""
        drops = [d for d in await self._ledger.drops(file=file.id) if d.state is not DropState.WITHDRAWN]
        return all([await self._take_one_back(file, drop) for drop in drops])

    async def _take_one_back(self, file: FileRecord, drop: Drop) -> bool:
        catalogue = self._policy.current.catalogue
        folder = catalogue.folder(drop.service, drop.target)
        if folder is None:
            return True
        try:
            await self._folder.withdraw(
                folder, id=drop.id, name=drop.placed_as or "", size=file.size or 0, sha256=file.sha256
            )
        except Transient as away:
            log.transient(stage="purge", why=str(away))
            # A folder that the table has no more may never be back.
            return catalogue.target(drop.service, drop.target) is None
        return True

    async def _clear_unfinished(self, now: datetime) -> int:
        """Remove uploads that were left unfinished too long ago."""
        kept = timedelta(hours=self._policy.current.unfinished_hours)
        old = [u for u in await self._ledger.unfinished() if now - u.since >= kept]
        return sum([await self._clear(upload) for upload in old])

    async def _clear(self, upload: Unfinished) -> bool:
        try:
            await self._spool.drop_parked(upload.id)
        except Transient as under_way:  # somebody goes on with it just now
            log.transient(stage="purge", why=str(under_way))
            return False
        await self._ledger.drop_unfinished(upload.id)
        return True
