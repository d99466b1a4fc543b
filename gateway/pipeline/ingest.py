"""Ingest: what the spool promised becomes a record.

Owns steps 3 to 7 of a file's route: decide, inspect, store, record in one transaction, forget. Everything that it
decides depends on the received time and the bytes, so a repeat after a crash lands in the same places (Source: SPEC 3,
4, 6; DESIGN 3).
"""

import asyncio
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway import log
from gateway.core.contents import Inspection, Unpacked
from gateway.core.mail import Notice
from gateway.core.model import Channel, FileRecord, Status
from gateway.core.names import Reading
from gateway.core.register import Role
from gateway.core.submission import Envelope, Submission
from gateway.errors import Permanent, Transient
from gateway.pipeline.answer import Answer
from gateway.pipeline.decide import (
    CLEAN,
    Candidate,
    candidates_of,
    decide,
    drops_for,
    due_after_undo,
    is_same_bytes,
    newest_other,
)
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.draft import Draft
from gateway.pipeline.fates import fate_of
from gateway.pipeline.inspect import Inspect
from gateway.pipeline.locks import NamedLocks
from gateway.pipeline.naming import Naming
from gateway.pipeline.pace import Pace
from gateway.pipeline.policy import LivePolicy, Policy
from gateway.pipeline.postmaster import hand_on, is_for_postmaster
from gateway.pipeline.publish import Publish
from gateway.pipeline.putoff import PutOff
from gateway.pipeline.repeats import Repeats
from gateway.pipeline.reply import NOT_YOURS, REPLIED, Reply
from gateway.pipeline.setaside import SetAsides
from gateway.pipeline.waiting import Waiting, WaitingRoom, as_seen
from gateway.ports import Archive, Clock, Ledger, Spool, Unpacker, Wake

AT_ONCE = 32  # submissions under way together: their records share a commit, their folders an fsync


class Ingest:
    """Works off `ready/`."""

    def __init__(
        self,
        *,
        spool: Spool,
        archive: Archive,
        ledger: Ledger,
        clock: Clock,
        directory: LiveDirectory,
        policy: LivePolicy,
        inspect: Inspect,
        unpacker: Unpacker,
        answer: Answer,
        publish: Publish,
        to_drop: Wake,
        to_notify: Wake,
        to_alert: Wake,
        set_asides: SetAsides,
        names: NamedLocks | None = None,
        reply: Reply | None = None,
    ) -> None:
        """Take the parts; `names` are the locks on a school's names, for whoever else decides about one."""
        self._spool = spool
        self._archive = archive
        self._ledger = ledger
        self._clock = clock
        self._directory = directory
        self._policy = policy
        self._inspect = inspect
        self._unpacker = unpacker
        self._answer = answer
        self._to_drop = to_drop
        self._to_notify = to_notify
        self._to_alert = to_alert
        self._set_asides = set_asides
        self._publish = publish
        self._reply = reply
        self._names = names or NamedLocks()
        self._repeats = Repeats(ledger)
        self.waiting = WaitingRoom()
        self._pace = Pace(clock)
        self._pass = asyncio.Lock()  # two at once would take the same submission apart in the same folder
        self._put_off = PutOff(clock)
        self._suspect: set[str] = set()  # tried before: an attempt may have left bytes in another place

    def suspect(self, ids: Iterable[str]) -> None:
        """Say that these may have been tried before a stop."""
        self._suspect.update(ids)

    async def pass_once(self) -> int:
        """Ingest everything that is ready, some at once; return how many were done."""
        async with self._pass:
            fresh = self._put_off.fresh(await self._spool.ready())
            probe = self._put_off.probe()
            done = await self._each(fresh)
            if probe:
                through = await self._each(probe)
                done += through + await self._each(self._put_off.all_after(through=through))
            return done

    async def _each(self, ids: Iterable[str]) -> int:
        """Ingest these, some at once; return how many were done."""
        left = iter(ids)  # shared: a task for each of thousands would hold up the loop before the first began
        async with asyncio.TaskGroup() as group:
            done = [group.create_task(self._one_after_the_other(left)) for _ in range(AT_ONCE)]
        return sum(task.result() for task in done)

    async def _one_after_the_other(self, ids: Iterator[str]) -> int:
        return sum([await self._guarded(id) for id in ids])

    async def _guarded(self, id: str) -> bool:
        """Ingest one; whatever happens to it, the others go on."""
        try:
            await self._work_off(id)
        except (Transient, Waiting) as trouble:
            log.transient(stage="ingest", why=str(trouble))
            self._put_off.add(id)
            return False
        return True

    async def _work_off(self, id: str) -> None:
        """Ingest one, or keep for a person what can't be. Raises Transient and Waiting, also from the setting aside."""
        try:
            await self.ingest(id)
        except (Transient, Waiting):
            raise
        except Permanent as fault:
            await self._set_aside(id, fault)
        except Exception as bug:  # the worker's one boundary: kept for a person, never lost
            log.bug(stage="ingest", exception=bug)
            await self._set_aside(id, bug)

    async def _set_aside(self, id: str, fault: Exception) -> None:
        await self._unpacker.leave(id)
        await self._clear_archive(id)
        why = "".join(traceback.format_exception(fault)) if not isinstance(fault, Permanent) else str(fault)
        await self._set_asides.begin(id)
        await self._spool.set_aside(id, why)
        self.waiting.done(id)
        log.set_aside(submission=id, why=str(fault))
        self._to_alert()

    async def ingest(self, id: str) -> None:
        """Bring one submission from the spool to the record; safe to repeat at any point."""
        again = id in self._suspect
        self._suspect.add(id)
        recorded = await self._ledger.submission(id) if again else None  # the first attempt can't have been recorded
        if recorded is None:
            envelope = await self._spool.envelope(id)
            if self._reply is not None and envelope.channel is Channel.EMAIL and not envelope.username:
                await self._reply.came_back(envelope)
                await self._spool.forget(id)
                self._suspect.discard(id)
                return
            recorded = await (self._publish.record(envelope) if envelope.order else self._record(envelope))
            rejected = sum(f.status is Status.REJECTED for f in recorded.files)
            log.ingested(submission=id, files=len(recorded.files), rejected=rejected)
        await self._settle(recorded, thorough=again)
        self._suspect.discard(id)
        self._to_drop()
        self._to_notify()

    async def _settle(self, submission: Submission, *, thorough: bool) -> None:
        """Forget the spool's copy of a recorded submission: the ledger is the truth now."""
        id = submission.id
        for place, size in _held_by(submission).items():
            await self._archive.trim(place, size)
        if thorough:
            await self._clear_archive(id)
        await self._unpacker.leave(id)
        await self._spool.forget(id)
        self.waiting.done(id)

    async def _clear_archive(self, id: str) -> None:
        """Destroy bytes that no record names: an attempt before was decided otherwise, or came to no record."""
        held = _held_by(await self._ledger.submission(id))
        for place in await self._archive.find(id):
            if place not in held and not await self._ledger.is_place_claimed(place):
                await self._archive.destroy(place)

    async def _record(self, envelope: Envelope) -> Submission:
        account = self._directory.current.account(envelope.username)
        if account is None:
            raise Permanent(f"No account of the name in the envelope of {envelope.id} is in the register.")
        draft = Draft(envelope, account, self._policy.current)
        unpacked = await self._unpacker.unpack(envelope) if envelope.channel is Channel.EMAIL else None
        async with self._repeats.turn(envelope, unpacked) as repeat:
            return repeat or await self._decide(draft, unpacked)

    async def _decide(self, draft: Draft, unpacked: Unpacked | None) -> Submission:
        envelope, account = draft.envelope, draft.account
        if unpacked is not None and is_for_postmaster(envelope):
            handed = await hand_on(envelope, unpacked, sender=account, answer=self._answer)
            await self._ledger.record(handed)
            return handed
        if unpacked and self._reply and not self._reply.takes_files(envelope, account):
            unpacked = unpacked.without_files(NOT_YOURS)
        naming = Naming(envelope, account, draft.policy, self._directory.current)
        came = candidates_of(envelope, unpacked, self._spool.path(envelope.id))
        candidates = await self._pace.through(naming.named(came, unpacked))
        # Before the locks: a correction that is accepted takes one of them itself.
        draft.replied = await self._take_reply(draft, unpacked, has_files=bool(candidates))
        readings = await self._pace.through(naming.readings(candidates))
        # Two submissions of one name are not decided at once: both would be the first.
        async with self._names.hold((r.school or "", r.name.casefold()) for r in readings.values()):
            try:
                async for candidate in self._pace.each(candidates):
                    await self._take(draft, candidate, readings[candidate.number])
            except Waiting:
                found = as_seen(candidates, readings, envelope=envelope, account=account, policy=draft.policy)
                self.waiting.note(envelope.id, found)
                raise
            submission = await self._submission(draft, unpacked)
            for file in draft.files:
                if file.place is not None:
                    await self._archive.keep(draft.sources[file.id], file.place, size=file.size or 0)
            await self._ledger.record(submission)
        return submission

    async def _take_reply(
        self, draft: Draft, unpacked: Unpacked | None, *, has_files: bool
    ) -> tuple[Notice, ...] | None:
        """Do what an answer to a notice asks for; None for any other message."""
        if self._reply is None or unpacked is None:
            return None
        return await self._reply.take(draft.envelope, unpacked, draft.account, has_files=has_files)

    async def _take(self, draft: Draft, candidate: Candidate, reading: Reading) -> None:
        """Decide one file and add what follows from it to the draft."""
        known = await self._known(draft, reading)
        twin = next((f for f in known if is_same_bytes(f, candidate.sha256)), None)
        if twin is not None and reading.reason is None:
            draft.parts.append(fate_of(candidate, "duplicate", why=twin.id, file=twin.id))
            draft.earlier.append(twin)
            return
        file = decide(
            candidate,
            envelope=draft.envelope,
            account=draft.account,
            reading=reading,
            seen=await self._look(candidate, reading, draft.policy),
            policy=draft.policy,
            older=None if draft.account.role is Role.DEVICE else newest_other(known, candidate),  # its names repeat
            twins=await self._twins(draft, candidate, reading),
        )
        draft.files.append(file)
        draft.sources[file.id] = candidate.path
        fate = "taken" if file.reason is None else "rejected"
        draft.parts.append(fate_of(candidate, fate, file.reason or "", file.id))
        service = draft.policy.catalogue.get(file.service or "")
        if file.status is Status.SENT and service is not None:
            draft.drops += drops_for(file, service, due_at=due_after_undo(file.sent_at, draft.policy))

    async def _known(self, draft: Draft, reading: Reading) -> list[FileRecord]:
        """Return the files of this name that we hold, and those of this submission, newest first."""
        if reading.school is None:
            return []
        here = [f for f in draft.files if f.school == reading.school and f.name.casefold() == reading.name.casefold()]
        return here[::-1] + await self._ledger.twins(school=reading.school, name=reading.name)

    async def _twins(self, draft: Draft, candidate: Candidate, reading: Reading) -> list[FileRecord]:
        """Return files of these bytes that the same service got under other names, newest first."""
        school, service = reading.school, reading.service
        if reading.reason is not None or school is None or service is None:
            return []
        here = [f for f in draft.files if (f.school, f.service) == (school, service)]
        held = await self._ledger.same_bytes(school=school, service=service, sha256=candidate.sha256)
        return [f for f in here if is_same_bytes(f, candidate.sha256)] + held

    async def _look(self, candidate: Candidate, reading: Reading, policy: Policy) -> Inspection:
        if reading.reason is not None or candidate.size == 0 or not candidate.path:
            return CLEAN
        service = policy.catalogue.get(reading.service or "")
        seen = await self._inspect.inspect(
            candidate.path,
            size=candidate.size,
            extension=reading.extension,
            accepts=service.accepts if service else frozenset(),
        )
        if seen.verdict == "wait":
            raise Waiting("The scanner gives no answer.")
        return seen

    async def _submission(self, draft: Draft, unpacked: Unpacked | None) -> Submission:
        submission = draft.record(unpacked)
        # A copier calls its mail automatic; what is said of it goes to people, and never back to it.
        is_automatic = unpacked is not None and unpacked.is_automatic and draft.account.role is not Role.DEVICE
        if submission.outcome == REPLIED:
            return submission if is_automatic else replace(submission, notices=draft.replied or ())
        notices = await self._answer.to_submission(
            submission, draft.account, earlier=draft.earlier, is_automatic=is_automatic
        )
        return replace(submission, notices=(*notices, *(draft.replied or ())))


def _held_by(submission: Submission | None) -> dict[str, int]:
    """Return the places, with their sizes, that the record of a submission names."""
    if submission is None:
        return {}
    held = {file.place: file.size or 0 for file in submission.files if file.place}
    return held | {a.document.place: a.document.size for a in submission.documents if a.document.place}
