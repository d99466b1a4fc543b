"""Publish: what an officer or an administrator ordered becomes documents of its schools.

Owns the way of a publication from the spool to the record: one place for equal bytes, and that a school which has these
bytes under this name already gets them once. Everything is decided from the order, the received time and the bytes, so
that a repeat after a crash lands in the same places (Source: SPEC 7, 10, 11; DESIGN 3).
"""

from dataclasses import dataclass, field, replace

from gateway import log
from gateway.core.contents import Inspection, Unpacked
from gateway.core.documents import Addressed, Document, DocumentQuery, DocumentState, Order
from gateway.core.model import Channel
from gateway.core.publishing import Direction, direct
from gateway.core.submission import Envelope, PartFate, Submission
from gateway.errors import Permanent, Transient
from gateway.pipeline.decide import CLEAN, Candidate, candidates_of
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.edition import Edition
from gateway.pipeline.fates import all_fates, cause_of, fate_of, submission_of
from gateway.pipeline.inspect import Inspect
from gateway.pipeline.locks import NamedLocks
from gateway.pipeline.policy import LivePolicy, Policy
from gateway.pipeline.repeats import Repeats
from gateway.pipeline.report import Report
from gateway.ports import Archive, Ledger, Spool, Unpacker


@dataclass
class _Draft:
    """A publication while its documents are decided."""

    envelope: Envelope
    order: Order
    publisher: tuple[str, str]  # name, username
    policy: Policy
    documents: list[Addressed] = field(default_factory=list)
    parts: list[PartFate] = field(default_factory=list)
    sources: dict[str, tuple[str, int]] = field(default_factory=dict)  # place -> path of the bytes, size


@dataclass(frozen=True)
class _Want:
    """Who of a document's schools does not have exactly this already."""

    schools: tuple[str, ...] = ()
    repeats: str | None = None  # the document that all of them have, or wait for


class Publish:
    """Records publications, for ingest."""

    def __init__(
        self,
        *,
        spool: Spool,
        archive: Archive,
        ledger: Ledger,
        directory: LiveDirectory,
        policy: LivePolicy,
        inspect: Inspect,
        unpacker: Unpacker,
        report: Report,
    ) -> None:
        """Take the parts."""
        self._spool = spool
        self._archive = archive
        self._ledger = ledger
        self._directory = directory
        self._policy = policy
        self._inspect = inspect
        self._unpacker = unpacker
        self._report = report
        self._turns = NamedLocks()
        self._repeats = Repeats(ledger)

    async def record(self, envelope: Envelope) -> Submission:
        """Bring one publication to the record. Raises Transient while the scanner gives no answer."""
        order = envelope.order
        if order is None:
            raise Permanent(f"{envelope.id} is no publication.")
        unpacked = await self._unpacker.unpack(envelope) if envelope.channel is Channel.EMAIL else None
        draft = _Draft(envelope, order, self._publisher(envelope), self._policy.current)
        async with self._repeats.turn(envelope, unpacked) as repeat:
            return repeat or await self._record(draft, unpacked)

    async def _record(self, draft: _Draft, unpacked: Unpacked | None) -> Submission:
        candidates = candidates_of(draft.envelope, unpacked, self._spool.path(draft.envelope.id))
        # Two of the same bytes, or in the same folder under one name, are not decided at once: both would be the first.
        turns = [key for c in candidates for key in ((c.sha256,), (draft.order.folder, c.name.casefold()))]
        async with self._turns.hold(turns):
            for candidate in candidates:
                await self._take(draft, candidate)
            submission = self._submission(draft, unpacked)
            for place, (path, size) in draft.sources.items():
                await self._archive.keep(path, place, size=size)
            await self._ledger.record(submission)
        held = sum(a.document.state is DocumentState.HELD for a in draft.documents)
        log.published(submission=draft.envelope.id, documents=len(draft.documents), held=held)
        return submission

    def _publisher(self, envelope: Envelope) -> tuple[str, str]:
        """Return who published; an administrator on the host needs no account."""
        if envelope.channel is Channel.COMMAND:
            return envelope.username, envelope.username
        account = self._directory.current.account(envelope.username)
        if account is None:
            raise Permanent(f"No account of the name in the envelope of {envelope.id} is in the register.")
        return account.full_name, account.username

    async def _take(self, draft: _Draft, candidate: Candidate) -> None:
        """Decide one document and add it to the draft."""
        if not candidate.path or not candidate.size:
            draft.parts.append(fate_of(candidate, "ignored", "empty, or cut off on the way", None))
            return
        direction = self._direct(draft, candidate)
        want = await self._want(draft, candidate, direction)
        if want.repeats is not None:
            draft.parts.append(fate_of(candidate, "duplicate", want.repeats, want.repeats))
            return
        seen = await self._look(candidate, direction)
        edition = Edition(draft.envelope, draft.order, draft.publisher, candidate, direction, seen, want.schools)
        document = edition.document(draft.policy, place=await self._place(draft, edition))
        draft.documents.append(Addressed(document, edition.audience))
        fate = "rejected" if document.reason else "taken"
        draft.parts.append(fate_of(candidate, fate, document.reason or "", document.id))

    def _direct(self, draft: _Draft, candidate: Candidate) -> Direction:
        on = draft.policy.day_of(draft.envelope.received_at)
        register = self._directory.current
        return direct(candidate.name, draft.order, directory=register, la_codes=draft.policy.la_codes, on=on)

    async def _look(self, candidate: Candidate, direction: Direction) -> Inspection:
        """Look into what may go out; what is held for its name goes to nobody."""
        if direction.reason is not None:
            return CLEAN
        seen = await self._inspect.inspect(
            candidate.path, size=candidate.size, extension=direction.extension, accepts=frozenset()
        )
        if seen.verdict == "wait":
            raise Transient("The scanner gives no answer.")
        return seen

    async def _place(self, draft: _Draft, edition: Edition) -> str:
        """Return where the bytes lie: with those of an equal document, here or published earlier; else on their own."""
        candidate = edition.candidate
        here = (a.document for a in draft.documents if a.document.sha256 == candidate.sha256)
        known = next((d.place for d in here if d.size == candidate.size), None)
        known = known or await self._ledger.content_place(sha256=candidate.sha256, size=candidate.size)
        if known is None:
            known = edition.own_place(draft.policy)
            draft.sources[known] = (candidate.path, candidate.size)
        return known

    async def _want(self, draft: _Draft, candidate: Candidate, direction: Direction) -> _Want:
        order = draft.order
        if direction.reason is not None:
            return _Want(repeats=await self._held_already(draft, candidate, direction))
        shown = await self._ledger.shown_versions(folder=order.folder, name=direction.shown, head_only=order.head_only)
        have = {school: id for school, (id, sha256) in shown.items() if sha256 == candidate.sha256}
        for addressed in draft.documents:
            if _is_same(addressed.document, candidate, direction, order):
                have |= dict.fromkeys(addressed.schools, addressed.document.id)
        left = tuple(school for school in direction.schools if school not in have)
        if not left:
            return _Want(repeats=have[direction.schools[0]])
        return _Want(left, await self._waits_already(candidate, direction, order))

    async def _held_already(self, draft: _Draft, candidate: Candidate, direction: Direction) -> str | None:
        """Return what of this publisher is held with these bytes, under this name, for this reason."""
        query = DocumentQuery(state=(DocumentState.HELD,), published_by=draft.publisher[1], folder=draft.order.folder)
        found = [*(a.document for a in draft.documents), *await self._ledger.documents(query)]
        facts = (direction.name, candidate.sha256, direction.reason)
        return next((d.id for d in found if (d.sent_name, d.sha256, d.reason) == facts), None)

    async def _waits_already(self, candidate: Candidate, direction: Direction, order: Order) -> str | None:
        """Return what waits for a confirmation with these bytes, under this name, for these schools."""
        query = DocumentQuery(state=(DocumentState.WAITING,), folder=order.folder)
        alike = [d for d in await self._ledger.documents(query) if _is_same(d, candidate, direction, order)]
        for document in alike:
            found = await self._ledger.document(document.id)
            if found is not None and set(found.schools) >= set(direction.schools):
                return document.id
        return None

    def _submission(self, draft: _Draft, unpacked: Unpacked | None) -> Submission:
        outcome = "" if draft.parts or unpacked is None else cause_of(unpacked)
        record = submission_of(draft.envelope, unpacked, all_fates(draft.parts, unpacked), outcome=outcome)
        submission = replace(record, documents=tuple(draft.documents))
        return submission if unpacked is None or unpacked.is_automatic else self._report.answered(submission)


def _is_same(document: Document, candidate: Candidate, direction: Direction, order: Order) -> bool:
    return (
        document.sha256 == candidate.sha256
        and document.name.casefold() == direction.shown.casefold()
        and (document.folder, document.head_only) == (order.folder, order.head_only)
        and document.state is not DocumentState.HELD
    )
