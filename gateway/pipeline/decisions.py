"""Decisions: what people decide about a file after it came: received, recalled, rejected, re-routed, accepted.

Owns who may decide it, and the order: take every drop back, then compare-and-set, then give back if somebody else was
first. What the lifecycle refuses comes back as a sentence; nothing was changed then (Source: SPEC 6; `core.lifecycle`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.core.admission import Refusal
from gateway.core.discretion import is_for_sender_alone
from gateway.core.lifecycle import Event, refusal
from gateway.core.model import Drop, FileRecord, Status
from gateway.core.reasons import Reason
from gateway.core.register import Account, Role
from gateway.core.remarks import REROUTED, joined, without_delivered
from gateway.core.routing import Service
from gateway.pipeline.correct import Correct
from gateway.pipeline.decide import drops_for, due_after_undo, remark_of_undo
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.recalls import Recalls, is_pending
from gateway.pipeline.transitions import Actor, Transitions
from gateway.pipeline.withdraw import UNANSWERED, Taken, Withdraw
from gateway.ports import Clock, Ledger

__all__ = ["NOT_THERE", "TRY_AGAIN", "Actor", "Decisions"]

NOT_THERE = Refusal("not-there", "There is no such file.")
TRY_AGAIN = frozenset(
    {"changed", "busy", "away", "unanswered", "not-scanned"}
)  # refusals that may be another answer in a minute
_NO_REASON = "No reason was given. Please ask the service before you send the file again."
_RACE = Refusal("changed", "It was changed by somebody else in the same moment. Please look again.")
_STILL_THERE = Refusal("away", "Its last copy is still being taken back from a folder. Please try again in a while.")
_BEING_RECALLED = Refusal("being-recalled", "Its school is taking it back, so it can't be handed on.")
_NOT_YOURS = Refusal("not-yours", "Only somebody of the sender's school can do this.")
_NOT_OFFICER = Refusal("not-officer", "Only an officer of its service can do this.")

May = Callable[[FileRecord, Account], Refusal | None]


class Decisions:
    """The use-cases; each returns the file as it is now, or why not."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        policy: LivePolicy,
        withdraw: Withdraw,
        transitions: Transitions,
        correct: Correct,
        recalls: Recalls,
    ) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._clock = clock
        self._policy = policy
        self._withdraw = withdraw
        self._transitions = transitions
        self._correct = correct
        self._recalls = recalls

    async def receive(self, file: str, *, by: Actor, why: str = "") -> FileRecord | Refusal:
        """Mark received by a named person, now."""
        found = await self._begin(file, Event.RECEIVE, by, _may_as_officer)
        if isinstance(found, Refusal):
            return found
        received = replace(
            found,
            received_by=by.name,
            received_by_user=by.username,
            received_at=self._clock.now(),
            remark=without_delivered(found.remark),
        )
        return await self._write(found, received, Event.RECEIVE, by=by, why=why)

    async def recall(self, file: str, *, by: Actor) -> FileRecord | Refusal:
        """Take a file back for the sender's school, every drop first; one that a share keeps from us follows."""
        found = await self._begin(file, Event.RECALL, by, self._may_as_sender)
        if isinstance(found, Refusal):
            return found
        if is_pending(found):
            return await self._recalls.hasten(found)
        taken = await self._withdraw.take_back(found)
        if isinstance(taken, Refusal):
            return await self._recalls.ask(found, by=by) if taken.code == UNANSWERED else taken
        recalled = replace(found, remark=f"recalled by {by.name}")
        return await self._write(found, recalled, Event.RECALL, by=by, taken=taken)

    async def reject(self, file: str, *, by: Actor, why: str) -> FileRecord | Refusal:
        """Reject with a reason, also after reading; what can be taken back of its drops is.

        A file that an officer rejected without a reason is given this one.
        """
        words = " ".join(why.split())
        if words and await self._lacks_reason(file):
            return await self._explain(file, words, by=by)
        found = await self._begin(file, Event.REJECT, by, _may_as_officer)
        if isinstance(found, Refusal):
            return found
        taken, left = await self._withdraw.take_what_can_be(found)
        found = await self._begin(file, Event.REJECT, by, _may_as_officer)  # a copy that was collected was received
        if isinstance(found, Refusal):
            await self._withdraw.give_back(taken)
            return found
        rejected = self._rejected(found, words, by)
        return await self._write(found, rejected, Event.REJECT, by=by, why=words, taken=taken, reclaim=left)

    async def reroute(self, file: str, code: str, *, by: Actor) -> FileRecord | Refusal:
        """Hand a file to the right service: Sent again, for new readers only."""
        found = await self._begin(file, Event.REROUTE, by, _may_as_officer)
        if isinstance(found, Refusal):
            return found
        service = _BEING_RECALLED if is_pending(found) else self._service_for(found, code)
        if isinstance(service, Refusal):
            return service
        taken = await self._withdraw.take_back(found)
        if isinstance(taken, Refusal):
            return taken
        rerouted = replace(
            found,
            service=service.code,
            # Who could read it on the school's side may be fewer from now on, and never more.
            private=found.private or service.private,
            received_by=None,
            received_by_user=None,
            received_at=None,
            delivered_at=None,
            remark=joined(
                without_delivered(found.remark),
                REROUTED.format(code=found.service),
                remark_of_undo(self._clock.now(), self._policy.current),
            ),
        )
        why = f"{found.service} to {service.code}"
        return await self._write(
            found, rerouted, Event.REROUTE, by=by, why=why, taken=taken, drops=self._drops(rerouted, service)
        )

    async def accept(self, file: str, *, by: Actor, name: str | None = None) -> FileRecord | Refusal:
        """Send held bytes under a better name: the correction that was offered, or the one given."""
        found = await self._begin(file, Event.ACCEPT, by, self._may_accept)
        if isinstance(found, Refusal):
            return found
        if await self._withdraw.is_taking_back(found):
            return _STILL_THERE
        async with self._correct.hold(found, name or found.correction):
            corrected = await self._correct.corrected(found, name or found.correction, by=by)
            if isinstance(corrected, Refusal):
                return corrected
            service = self._policy.current.catalogue.services[corrected.service or ""]
            drops = self._drops(corrected, service)
            why = f"{found.reason} to {service.code}"
            return await self._write(found, corrected, Event.ACCEPT, by=by, why=why, drops=drops)

    # Steps

    async def _lacks_reason(self, id: str) -> bool:
        """Return whether an officer rejected a file and did not say why."""
        file = await self._ledger.file(id)
        return file is not None and (file.status, file.detail) == (Status.REJECTED, _NO_REASON)

    async def _explain(self, id: str, words: str, *, by: Actor) -> FileRecord | Refusal:
        found = await self._begin(id, Event.EXPLAIN, by, _may_as_officer)
        if isinstance(found, Refusal):
            return found
        return await self._write(found, replace(found, detail=words), Event.EXPLAIN, by=by, why=words)

    async def _begin(self, id: str, event: Event, by: Actor, may: May) -> FileRecord | Refusal:
        """Return the file if this actor may cause the event, and its status allows it."""
        file = await self._ledger.file(id)
        if file is None:
            return NOT_THERE
        if by.account is not None and (forbidden := may(file, by.account)) is not None:
            return forbidden
        sentence = refusal(file, event)
        return Refusal(f"not-{event}", sentence) if sentence else file

    def _may_as_sender(self, file: FileRecord, account: Account) -> Refusal | None:
        """The sender, while they are of its school, or for a file that is not theirs alone another of that school."""
        is_sender = file.sent_by_user == account.username
        if file.school is None:
            return None if is_sender else _NOT_YOURS
        of_school = account.role is not Role.OFFICER and file.school in account.schools
        is_shared = not is_for_sender_alone(file, self._policy.current.catalogue)
        return None if of_school and (is_sender or is_shared) else _NOT_YOURS

    def _may_accept(self, file: FileRecord, account: Account) -> Refusal | None:
        """The sender's school; and the officers of its service, to take back their own rejection."""
        if file.reason == Reason.REJECTED_BY_OFFICER and _may_as_officer(file, account) is None:
            return None
        return self._may_as_sender(file, account)

    def _rejected(self, file: FileRecord, words: str, by: Actor) -> FileRecord:
        term = self._policy.current.terms.for_rejected(self._clock.now(), Reason.REJECTED_BY_OFFICER)
        return replace(
            file,
            reason=str(Reason.REJECTED_BY_OFFICER),
            detail=words or _NO_REASON,
            rejected_by=by.name,
            remark=without_delivered(file.remark),
            expires_at=min(file.expires_at, term) if file.expires_at else None,
        )

    def _service_for(self, file: FileRecord, code: str) -> Service | Refusal:
        """Return the service that a file can be handed to."""
        catalogue = self._policy.current.catalogue
        service = catalogue.get(code)
        if service is None:
            return Refusal(
                "unknown-service-code", f"{code} is no service code. They are: {', '.join(catalogue.services)}."
            )
        if code == file.service:
            return Refusal("same-service", f"It is with {code} already.")
        if service.accepts and file.extension and file.extension.lower() not in service.accepts:
            return Refusal("type-not-allowed", f"{code} does not take files of the type {file.extension.lower()}.")
        if 0 < service.max_bytes < (file.size or 0):
            return Refusal("too-large", f"{code} takes files of at most {service.max_bytes} bytes.")
        return service

    async def _write(
        self,
        before: FileRecord,
        after: FileRecord,
        event: Event,
        *,
        by: Actor,
        why: str = "",
        taken: Sequence[Taken] = (),
        drops: Sequence[Drop] = (),
        reclaim: Sequence[str] = (),
    ) -> FileRecord | Refusal:
        """Write the transition; where somebody was first, give back what was taken, and say what the file is now."""
        withdraw = [one.before.id for one in taken]
        made = await self._transitions.make(
            before, after, event, by=by, why=why, drops=drops, withdraw=withdraw, reclaim=reclaim
        )
        if made is not None:
            return made
        await self._withdraw.give_back(taken)
        current = await self._ledger.file(before.id)
        sentence = refusal(current, event) if current is not None else None
        return Refusal(f"not-{event}", sentence) if sentence else _RACE

    def _drops(self, file: FileRecord, service: Service) -> tuple[Drop, ...]:
        due_at = due_after_undo(self._clock.now(), self._policy.current)
        return drops_for(file, service, due_at=due_at, run=f"{self._clock.new_id()[-6:]}-")


def _may_as_officer(file: FileRecord, account: Account) -> Refusal | None:
    if not account.is_active:
        return Refusal("not-active", f"The account {account.username} is {account.state}: nothing is done in its name.")
    is_officer = account.role is Role.OFFICER and file.service is not None and file.service in account.services
    return None if is_officer else _NOT_OFFICER
