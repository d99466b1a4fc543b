"""Decisions: what people decide about a file after it came: received, recalled, rejected, re-routed, accepted.

Owns who may decide it, the order (take every drop back, then compare-and-set), and the row of history. What the
lifecycle refuses comes back as a sentence; nothing was changed then (Source: SPEC 6; `core.lifecycle`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.core.admission import Refusal
from gateway.core.lifecycle import Event, refusal, step
from gateway.core.model import Change, Drop, DropState, FileRecord, History, Status
from gateway.core.names import read_name
from gateway.core.register import Account, Role
from gateway.core.routing import TargetKind
from gateway.errors import Transient
from gateway.pipeline.answer import Answer
from gateway.pipeline.decide import drops_for, due_after_undo, is_same_bytes
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.inspect import Inspect
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Archive, Clock, DropFolder, Ledger, Wake

NOT_THERE = Refusal("not-there", "There is no such file.")
_RACE = Refusal("changed", "It was changed by somebody else in the same moment. Please look again.")
_BUSY = Refusal("busy", "It is just being delivered. Please try again in a moment.")
_NOT_YOURS = Refusal("not-yours", "Only somebody of the sender's school can do this.")
_NOT_OFFICER = Refusal("not-officer", "Only an officer of its service can do this.")
_NOT_HELD = Refusal("not-held", "Its bytes are not held, so it has to be sent again under a better name.")


@dataclass(frozen=True)
class Actor:
    """Who decides: a person with an account, or an administrator by name."""

    username: str
    name: str  # as people read it
    account: Account | None = None  # None for an administrator, who may decide for anybody

    @classmethod
    def of(cls, account: Account) -> "Actor":
        """Return the actor that an account is."""
        return cls(account.username, account.full_name, account)


class Decisions:
    """The use-cases; each returns the file as it is now, or why not."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        folder: DropFolder,
        clock: Clock,
        archive: Archive,
        inspect: Inspect,
        directory: LiveDirectory,
        policy: LivePolicy,
        answer: Answer,
        to_drop: Wake,
        to_notify: Wake,
    ) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._folder = folder
        self._clock = clock
        self._archive = archive
        self._inspect = inspect
        self._directory = directory
        self._policy = policy
        self._answer = answer
        self._to_drop = to_drop
        self._to_notify = to_notify

    async def receive(self, file: str, *, by: Actor, why: str = "") -> FileRecord | Refusal:
        """Mark received by a named person, now."""
        found = await self._begin(file, Event.RECEIVE, by, _may_as_officer)
        if isinstance(found, Refusal):
            return found
        now = self._clock.now()
        received = replace(found, received_by=by.name, received_by_user=by.username, received_at=now)
        return await self._write(found, received, Event.RECEIVE, by, why)

    async def recall(self, file: str, *, by: Actor) -> FileRecord | Refusal:
        """Take a file back for the sender's school, every drop first."""
        found = await self._begin(file, Event.RECALL, by, _may_as_sender)
        if isinstance(found, Refusal):
            return found
        stuck = await self._take_back(found)
        return stuck or await self._write(found, found, Event.RECALL, by, "", withdraws=True)

    async def reject(self, file: str, *, by: Actor, why: str) -> FileRecord | Refusal:
        """Reject with a reason, also after reading; what can be taken back of its drops is."""
        found = await self._begin(file, Event.REJECT, by, _may_as_officer)
        if isinstance(found, Refusal):
            return found
        await self._take_back(found)
        rejected = replace(
            found,
            reason="rejected-by-officer",
            detail=why or None,
            rejected_by=by.name,
            expires_at=_sooner(found.expires_at, self._rejected_term(found)),
        )
        return await self._write(found, rejected, Event.REJECT, by, why, withdraws=True)

    async def reroute(self, file: str, code: str, *, by: Actor) -> FileRecord | Refusal:
        """Hand a file to the right service: Sent again, for new readers only."""
        found = await self._begin(file, Event.REROUTE, by, _may_as_officer)
        if isinstance(found, Refusal):
            return found
        service = self._policy.current.catalogue.get(code)
        if service is None or code == found.service:
            return Refusal("unknown-service-code", f"{code} is no other service's code.")
        stuck = await self._take_back(found)
        if stuck is not None:
            return stuck
        rerouted = replace(
            found,
            service=code,
            private=service.private,
            received_by=None,
            received_by_user=None,
            received_at=None,
            delivered_at=None,
            remark=None,
        )
        why = f"{found.service} to {code}"
        return await self._write(found, rerouted, Event.REROUTE, by, why, withdraws=True, drops=self._drops(rerouted))

    async def accept(self, file: str, *, by: Actor, name: str | None = None) -> FileRecord | Refusal:
        """Send held bytes under a better name: the correction that was offered, or the sender's own."""
        found = await self._begin(file, Event.ACCEPT, by, _may_as_sender)
        if isinstance(found, Refusal):
            return found
        wanted = name or found.correction
        if found.place is None or wanted is None:
            return _NOT_HELD
        corrected = self._read(found, wanted, by)
        if isinstance(corrected, Refusal):
            return corrected
        against = await self._against(corrected)
        if against is not None:
            return against
        return await self._write(found, corrected, Event.ACCEPT, by, found.reason or "", drops=self._drops(corrected))

    # Steps

    async def _begin(
        self, id: str, event: Event, by: Actor, may: Callable[[FileRecord, Account], Refusal | None]
    ) -> FileRecord | Refusal:
        """Return the file if this actor may cause the event, and its status allows it."""
        file = await self._ledger.file(id)
        if file is None:
            return NOT_THERE
        if by.account is not None and (forbidden := may(file, by.account)) is not None:
            return forbidden
        sentence = refusal(file, event)
        return Refusal(f"not-{event}", sentence) if sentence else file

    async def _write(
        self,
        before: FileRecord,
        after: FileRecord,
        event: Event,
        by: Actor,
        why: str,
        *,
        withdraws: bool = False,
        drops: tuple[Drop, ...] = (),
    ) -> FileRecord | Refusal:
        """Write the transition: one compare-and-set decides a race."""
        taken = step(before.status, event)
        assert taken is not None, "asked of the lifecycle before"
        now = self._clock.now()
        after = replace(after, status=taken.target, status_at=now)
        old = await self._ledger.drops(file=before.id) if withdraws else []
        change = Change(
            after,
            expected=before.status,
            history=History(after.id, now, by.username, event, after.status, why),
            drops=drops,
            withdraw=tuple(d.id for d in old),
            notices=self._answer.to_change(before, after, event, by=by.name, at=now, id=self._clock.new_id()),
        )
        if not await self._ledger.apply(change):
            return _RACE
        self._to_drop()
        self._to_notify()
        return after

    async def _take_back(self, file: FileRecord) -> Refusal | None:
        """Take every drop back, or say which one can't be."""
        for drop in await self._ledger.drops(file=file.id):
            stuck = await self._take_one_back(file, drop)
            if stuck is not None:
                return stuck
        return None

    async def _take_one_back(self, file: FileRecord, drop: Drop) -> Refusal | None:
        service = self._policy.current.catalogue.get(drop.service)
        target = next((t for t in service.targets if t.name == drop.target), None) if service else None
        if drop.state is DropState.PLACING:
            return _BUSY
        if drop.state is not DropState.DONE or target is None or target.kind is TargetKind.PICKUP:
            return None
        if target.kind is not TargetKind.FOLDER:
            return Refusal("delivered", f"It was delivered to {drop.service} and can't be taken back from there.")
        try:
            back = await self._folder.withdraw(
                target.path, id=drop.id, name=drop.placed_as or "", size=file.size or 0, sha256=file.sha256
            )
        except Transient as away:
            return Refusal("away", f"The folder of {drop.service} can't be reached, so it can't be taken back. {away}")
        return None if back else await self._collected(file, drop)

    async def _collected(self, file: FileRecord, drop: Drop) -> Refusal:
        """A file gone from a folder is Received by its service (SPEC 6)."""
        by = f"{drop.service} (folder)"
        now = self._clock.now()
        if file.status is Status.SENT:
            received = replace(file, status=Status.RECEIVED, received_by=by, received_at=now, status_at=now)
            past = History(file.id, now, by, Event.RECEIVE, Status.RECEIVED, "gone from the folder")
            await self._ledger.apply(Change(received, expected=Status.SENT, history=past))
        return Refusal("collected", f"It was collected by {by}, so it can't be taken back.")

    def _read(self, file: FileRecord, name: str, by: Actor) -> FileRecord | Refusal:
        """Return the record under its new name, if that name is free of faults for this sender."""
        policy, directory = self._policy.current, self._directory.current
        sender = by.account or directory.account(file.sent_by_user)
        reading = read_name(
            name,
            policy.rules(directory),
            on=policy.day_of(file.sent_at),
            schools=frozenset(sender.schools) if sender else frozenset(),
        )
        if reading.reason is not None:
            return Refusal(reading.reason, reading.sentence or "")
        service = policy.catalogue.get(reading.service or "")
        return replace(
            file,
            name=reading.name,
            school=reading.school,
            service=reading.service,
            warnings=reading.warnings,
            date=reading.date or reading.version,
            extension=reading.extension,
            reason=None,
            faults=(),
            correction=None,
            detail=None,
            rejected_by=None,
            remark=None,
            private=service is not None and service.private,
            expires_at=policy.terms.for_sent(file.sent_at),
        )

    async def _against(self, file: FileRecord) -> Refusal | None:
        """Look at the bytes as at any others: a better name is no way past the look, nor to send a thing twice."""
        known = await self._ledger.twins(school=file.school or "", name=file.name)
        if any(f.id != file.id and is_same_bytes(f, file.sha256) for f in known):
            return Refusal("already-received", "The same file was received under this name before.")
        service = self._policy.current.catalogue.get(file.service or "")
        seen = await self._inspect.inspect(
            self._archive.path(file.place or ""),
            size=file.size or 0,
            extension=file.extension,
            accepts=service.accepts if service else frozenset(),
        )
        if seen.verdict == "wait":
            return Refusal("not-scanned", "The scanner gives no answer just now. Please try again in a few minutes.")
        return Refusal(seen.reason or "not-scannable", seen.detail) if seen.verdict == "rejected" else None

    def _drops(self, file: FileRecord) -> tuple[Drop, ...]:
        policy = self._policy.current
        service = policy.catalogue.get(file.service or "")
        if service is None:
            return ()
        due_at = due_after_undo(self._clock.now(), policy)
        return drops_for(file, service, due_at=due_at, run=f"{self._clock.new_id()[-6:]}-")

    def _rejected_term(self, file: FileRecord) -> datetime:
        return self._policy.current.terms.for_rejected(file.sent_at, "rejected-by-officer")


def _may_as_sender(file: FileRecord, account: Account) -> Refusal | None:
    """The sender, or for a file that is not private somebody of the same school."""
    if file.sent_by_user == account.username:
        return None
    of_school = account.role is not Role.OFFICER and file.school is not None and file.school in account.schools
    return None if of_school and not file.private else _NOT_YOURS


def _may_as_officer(file: FileRecord, account: Account) -> Refusal | None:
    is_officer = account.role is Role.OFFICER and file.service is not None and file.service in account.services
    return None if is_officer else _NOT_OFFICER


def _sooner(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)
