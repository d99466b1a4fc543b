"""Purge, for documents: one set of bytes goes with the last document that holds it.

Owns mark, destroy, mark for documents: those whose term has come, and those that were deleted. No document is shown
from the first mark on; bytes that another one still holds stay (Source: SPEC 7, 10; DESIGN 3, step 9).
"""

from gateway import log
from gateway.core.documents import Document
from gateway.core.retention import what_stays_of_document
from gateway.ports import Archive, Clock, Ledger

BATCH = 200


class PurgeDocuments:
    """Destroys what is due."""

    def __init__(self, *, ledger: Ledger, archive: Archive, clock: Clock) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._archive = archive
        self._clock = clock

    async def pass_once(self, *, actor: str = "gateway") -> int:
        """Destroy what is due now, and go on with what was begun; return how many documents were destroyed."""
        now = self._clock.now()
        await self._ledger.hide_past_term(now)
        due = await self._ledger.due_documents(now, BATCH)
        await self._ledger.mark_documents_destroying([d.id for d in due], now)
        begun = await self._ledger.destroying_documents()
        for document in begun:
            await self.destroy(document, actor=actor)
        return len(begun)

    async def destroy(self, document: Document, *, actor: str) -> None:
        """Destroy one whose destruction was marked; safe to repeat."""
        # Asked after the mark: from then on nobody new can share bytes that no other document holds.
        if document.place is not None and not await self._ledger.is_place_claimed(document.place):
            await self._archive.destroy(document.place)
        stays = what_stays_of_document(document, purged_at=self._clock.now())
        await self._ledger.mark_document_destroyed(stays, actor=actor)
        log.purged(file=document.id)
