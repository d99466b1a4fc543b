"""Edition: one document as a record, from where it goes, what was seen in it, and the rules in force.

Owns the choice between published, waiting and held. It reads no disk and no ledger, and the same facts give the same
ids (Source: SPEC 7, 10; DESIGN 3, step 3).
"""

from dataclasses import dataclass

from gateway.core.contents import Inspection
from gateway.core.documents import Document, DocumentState, Order
from gateway.core.layout import place_of
from gateway.core.publishing import FOLLOWED, Direction
from gateway.core.reasons import sentence_for
from gateway.core.remarks import joined
from gateway.core.submission import Envelope
from gateway.pipeline.decide import Candidate
from gateway.pipeline.policy import Policy

SHELF = "documents"  # where their bytes lie below the archive


@dataclass(frozen=True)
class Edition:
    """What is known of a document before it is a record."""

    envelope: Envelope
    order: Order
    publisher: tuple[str, str]  # name, username
    candidate: Candidate
    direction: Direction
    seen: Inspection
    schools: tuple[str, ...]  # that don't have exactly this already

    @property
    def id(self) -> str:
        """The document's id."""
        return f"{self.envelope.id}-{self.candidate.number:02d}"

    @property
    def reason(self) -> str | None:
        """Why it is held, if it is."""
        if self.direction.reason is not None or self.seen.verdict == "clean":
            return self.direction.reason
        return self.seen.reason

    @property
    def audience(self) -> tuple[str, ...]:
        """Who it is for: nobody, while it is held."""
        return () if self.reason else self.schools

    def own_place(self, policy: Policy) -> str:
        """Return where its bytes lie, if it shares them with no earlier document."""
        at = self.envelope.received_at
        return place_of(school=SHELF, received_at=at, file=self.id, zone=policy.zone)

    def document(self, policy: Policy, *, place: str) -> Document:
        """Return the record."""
        envelope, order, direction, at = self.envelope, self.order, self.direction, self.envelope.received_at
        state = self._state(policy)
        return Document(
            id=self.id,
            submission=envelope.id,
            publication=order.publication or envelope.id,
            name=direction.shown,
            sent_name=direction.name,
            folder=order.folder,
            head_only=order.head_only,
            everyone=order.everyone,
            reach=len(self.audience),
            state=state,
            channel=envelope.channel,
            published_by=self.publisher[0],
            published_by_user=self.publisher[1],
            sent_at=at,
            published_at=at if state is DocumentState.PUBLISHED else None,
            size=self.candidate.size,
            sha256=self.candidate.sha256,
            expires_at=policy.terms.for_rejected(at, self.reason) if self.reason else policy.terms.for_sent(at),
            place=place,
            reason=self.reason,
            detail=self._detail(),
            remark=self._remark(),
            extension=direction.extension,
        )

    def _state(self, policy: Policy) -> DocumentState:
        if self.reason:
            return DocumentState.HELD
        is_many = len(self.schools) > policy.documents.confirm_above
        return DocumentState.WAITING if is_many or self.order.waits else DocumentState.PUBLISHED

    def _detail(self) -> str | None:
        if self.reason is None:
            return None
        return self.direction.sentence or self.seen.detail or sentence_for(self.reason)

    def _remark(self) -> str | None:
        followed = (FOLLOWED.format(old=p.number, new=p.successor) for p in self.direction.passed if p.successor)
        return joined(self.candidate.remark, self.seen.remark, *followed)
