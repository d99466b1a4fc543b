"""Publications: what people decide about documents that came in: let out to many schools, or delete.

Owns who may confirm, and what a deletion writes. A document that is deleted leaves every view with the same commit;
its bytes go with it (Source: SPEC 7, 10).
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.core.admission import Refusal
from gateway.core.documents import (
    Addressed,
    Document,
    DocumentChange,
    DocumentEvent,
    DocumentQuery,
    DocumentState,
    document_refusal,
)
from gateway.pipeline.purge_documents import PurgeDocuments
from gateway.pipeline.telling import Telling
from gateway.pipeline.transitions import Actor
from gateway.ports import Archive

NO_DOCUMENT = Refusal("not-there", "There is no document or publication of this id.")
_RACE = Refusal("race", "Somebody else was first. Look at it again.")
_SELF = Refusal(
    "second-person",
    "You published it, and here another person must confirm what goes to many schools. Please ask a colleague.",
)
_NOTHING_WAITS = Refusal("nothing-waits", "Nothing of it waits for a confirmation.")


class Publications:
    """Confirms and deletes."""

    def __init__(self, telling: Telling, *, archive: Archive) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._policy = telling.policy
        self._purge = PurgeDocuments(ledger=telling.ledger, archive=archive, clock=telling.clock)

    async def confirm(self, id: str, *, by: Actor) -> list[Document] | Refusal:
        """Let out what waits: one document, or all of a publication. What went out before stays as it is."""
        found = await self._of(id)
        if not found:
            return NO_DOCUMENT
        waiting = [d for d in found if d.state is DocumentState.WAITING]
        if not waiting:
            sentence = document_refusal(found[0], DocumentEvent.PUBLISH) if len(found) == 1 else None
            return Refusal(_NOTHING_WAITS.code, sentence or _NOTHING_WAITS.sentence)
        if self._policy.current.documents.second_person and by.username in {d.published_by_user for d in waiting}:
            return _SELF
        out = [done for d in waiting if (done := await self._publish(d, by)) is not None]
        return out or _RACE

    async def delete(self, id: str, *, by: Actor, why: str, requested_by: str) -> Document | Refusal:
        """Take one document away from everybody, now and for ever."""
        found = await self._ledger.document(id)
        if found is None:
            return NO_DOCUMENT
        document = found.document
        if (sentence := document_refusal(document, DocumentEvent.DELETE)) is not None:
            return Refusal("not-delete", sentence)
        at = self._clock.now()
        gone = replace(
            document,
            state=DocumentState.DELETED,
            deleted_by=by.name,
            deleted_at=at,
            delete_reason=why,
            requested_by=requested_by,
        )
        change = DocumentChange(gone, document.state, DocumentEvent.DELETE, by.username, at, why)
        if not await self._ledger.apply_to_document(change):
            return _RACE
        await self._purge.destroy(gone, actor=by.username)  # cut off here, the next pass of purge does it
        await self._ledger.forget_erased()
        return gone

    async def addressed(self, id: str) -> Sequence[Addressed]:
        """Return one document, or all of a publication, oldest first, each with its schools."""
        return [a for d in await self._of(id) if (a := await self._ledger.document(d.id)) is not None]

    async def _of(self, id: str) -> list[Document]:
        found = await self._ledger.document(id)
        if found is not None:
            return [found.document]
        return (await self._ledger.documents(DocumentQuery(publication=id)))[::-1]

    async def _publish(self, document: Document, by: Actor) -> Document | None:
        at = self._clock.now()
        out = replace(document, state=DocumentState.PUBLISHED, published_at=at, confirmed_by=by.name, confirmed_at=at)
        change = DocumentChange(out, DocumentState.WAITING, DocumentEvent.PUBLISH, by.username, at)
        return out if await self._ledger.apply_to_document(change) else None
