"""Publications: what people decide about documents that came in: let out to many schools, or delete.

Owns who may confirm, and what a deletion writes. A document that is deleted leaves every view with the same commit;
its bytes go with it (Source: SPEC 7, 10).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

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
from gateway.core.publishing import HeldFor, still_open
from gateway.core.remarks import joined
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
_CLOSED = "None of the schools that it was for is open any more, so nobody gets it. Please publish it again."
_TO_SEE = timedelta(days=1)  # for which what is held late is kept at the least
_NOTHING_WAITS = Refusal("nothing-waits", "Nothing of it waits for a confirmation.")


class Publications:
    """Confirms and deletes."""

    def __init__(self, telling: Telling, *, archive: Archive) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._policy = telling.policy
        self._directory = telling.directory
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
        out = [done for d in waiting if (done := await self._let_out(d, by)) is not None]
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
            expires_at=min(document.expires_at, at),  # where a hold keeps it, until the hold ends and no longer
        )
        change = DocumentChange(gone, document.state, DocumentEvent.DELETE, by.username, at, why)
        if not await self._ledger.apply_to_document(change):
            return _RACE
        if not any(begun.id == gone.id for begun in await self._ledger.destroying_documents()):
            return gone  # on hold: no school sees it, and its bytes go when the hold ends
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

    async def _let_out(self, document: Document, by: Actor) -> Document | None:
        """Publish it to those of its schools that are still open, or who follows them; hold it when there is none."""
        found = await self._ledger.document(document.id)
        if found is None:
            return None
        at, policy = self._clock.now(), self._policy.current
        still = still_open(found.schools, directory=self._directory.current, on=policy.day_of(at))
        if not still.schools:
            return await self._hold(document, by)
        remark = joined(document.remark, still.remark)
        out = replace(
            document,
            state=DocumentState.PUBLISHED,
            published_at=at,
            confirmed_by=by.name,
            confirmed_at=at,
            reach=len(still.schools),
            remark=remark,
        )
        return await self._change(out, DocumentEvent.PUBLISH, by, schools=still.schools if still.passed else None)

    async def _hold(self, document: Document, by: Actor) -> Document | None:
        """Hold it, as one that matches no school from the beginning: with the same term, and told to its publisher."""
        reason = HeldFor.CLOSED_SCHOOL.value
        term = self._policy.current.terms.for_rejected(document.sent_at, reason)
        held = replace(
            document,
            state=DocumentState.HELD,
            reason=reason,
            detail=_CLOSED,
            expires_at=min(document.expires_at, max(term, self._clock.now() + _TO_SEE)),
        )
        return await self._change(held, DocumentEvent.HOLD, by)

    async def _change(
        self, document: Document, event: DocumentEvent, by: Actor, *, schools: tuple[str, ...] | None = None
    ) -> Document | None:
        at = self._clock.now()
        change = DocumentChange(document, DocumentState.WAITING, event, by.username, at, schools=schools)
        return document if await self._ledger.apply_to_document(change) else None
