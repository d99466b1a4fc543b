"""Receive: what the doors may take, and what they do with what they refuse.

Owns the judgement of an upload's name at OPEN, the record of a refusal, and the wake-up after a seal. The bytes
themselves are the spool's: the rename there is our word (Source: SPEC 5, 11; DESIGN 3, steps 1 and 2).
"""

from dataclasses import replace
from datetime import timedelta

from gateway import log
from gateway.core.admission import own_school
from gateway.core.discretion import is_delicate
from gateway.core.model import Channel, FileQuery, FileRecord, History, Status
from gateway.core.names import Reading, read_name
from gateway.core.reasons import sentence_for
from gateway.core.register import Account
from gateway.core.submission import Envelope, PartFate, Submission
from gateway.pipeline.answer import Answer
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.locks import NamedLocks
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Clock, Intake, Ledger, Spool, Unpacker, Wake

REPEAT_AFTER = timedelta(hours=24)  # one notice a person, name and reason in this time, however often they retry
ROOM = 1.5  # free space that a submission needs, as a multiple of its size


class Receive:
    """The way in, for both doors."""

    def __init__(
        self,
        *,
        spool: Spool,
        ledger: Ledger,
        clock: Clock,
        directory: LiveDirectory,
        policy: LivePolicy,
        answer: Answer,
        unpacker: Unpacker,
        to_ingest: Wake,
        to_notify: Wake,
    ) -> None:
        """Take the parts."""
        self._spool = spool
        self._ledger = ledger
        self._clock = clock
        self._directory = directory
        self._policy = policy
        self._answer = answer
        self._unpacker = unpacker
        self._to_ingest = to_ingest
        self._to_notify = to_notify
        self._names = NamedLocks()

    def judge(self, account: Account, name: str, *, put_for: str | None = None) -> Reading:
        """Return how a name reads when this person sends it now, and puts it into the folder of a school."""
        policy = self._policy.current
        return read_name(
            name,
            policy.rules(self._directory.current),
            on=policy.day_of(self._clock.now()),
            schools=frozenset(account.schools),
            put_for=put_for,
        )

    async def has_room(self, size: int) -> bool:
        """Return whether the disk can take a submission of this size."""
        return await self._spool.free_bytes() >= size * ROOM

    def begin(self) -> Intake:
        """Start an intake; nothing is promised."""
        return self._spool.begin()

    def accepted(self, envelope: Envelope) -> None:
        """Say that bytes were sealed: ingest takes over."""
        log.received(submission=envelope.id, channel=envelope.channel, size=envelope.size)
        self._unpacker.begin(envelope)
        self._to_ingest()

    async def refuse(
        self,
        account: Account,
        *,
        name: str,
        reading: Reading | None,
        reason: str,
        detail: str = "",
        school: str | None = None,
        peer: str = "",
        verified_by: str = "",
    ) -> str:
        """Record an upload that was turned away with no byte kept, owe its notice, and return its sentence."""
        log.refused(channel=Channel.SFTP, reason=reason)
        sentence = detail or (reading.sentence if reading and reading.reason == reason else sentence_for(reason))
        file = self._refused_file(account, name=name, reading=reading, reason=reason, sentence=sentence, school=school)
        async with self._names.hold([(account.username, file.name, reason)]):  # a program may try in several sessions
            if not await self._was_told(file):
                submission = _refused_submission(file, account, peer=peer, verified_by=verified_by)
                notices = await self._answer.to_submission(submission, account)
                await self._ledger.record(replace(submission, notices=notices))
                self._to_notify()
        return f"{sentence} The right name would be: {file.correction}" if file.correction else sentence

    def _refused_file(
        self,
        account: Account,
        *,
        name: str,
        reading: Reading | None,
        reason: str,
        sentence: str,
        school: str | None,
    ) -> FileRecord:
        now = self._clock.now()
        submission = self._clock.new_id()
        return FileRecord(
            id=f"{submission}-01",
            submission=submission,
            name=reading.name if reading else name,
            school=own_school(account, _number_in(reading) or school),
            service=reading.service if reading else None,
            status=Status.REJECTED,
            channel=Channel.SFTP,
            sent_by=account.full_name,
            sent_by_user=account.username,
            sent_at=now,
            size=None,
            sha256=None,
            expires_at=None,
            reason=reason,
            faults=(reading.faults if reading and reading.faults else (reason,)),
            warnings=reading.warnings if reading else (),
            correction=reading.correction if reading else None,
            detail=sentence,
            rejected_by="the gateway",
            status_at=now,
            date=reading.date or reading.version if reading else None,
            extension=reading.extension if reading else None,
            private=self._is_private(reading, name),
        )

    def _is_private(self, reading: Reading | None, name: str) -> bool:
        """Whether colleagues may not see it: a fault in a name must not show what a good name would have kept back."""
        catalogue = self._policy.current.catalogue
        service = catalogue.get(reading.service or "") if reading else None
        return is_delicate(name, catalogue) or (service is not None and service.private)

    async def _was_told(self, file: FileRecord) -> bool:
        """Whether this refusal is a client's retry of one that was recorded and told in the last day."""
        query = FileQuery(sent_by=file.sent_by_user, status=(Status.REJECTED,), since=file.sent_at - REPEAT_AFTER)
        return any(
            f.size is None and (f.name, f.reason) == (file.name, file.reason) for f in await self._ledger.files(query)
        )


def _number_in(reading: Reading | None) -> str | None:
    return reading.school or reading.number if reading else None


def _refused_submission(file: FileRecord, account: Account, *, peer: str, verified_by: str) -> Submission:
    part = PartFate(1, file.name, "", 0, fate="rejected", why=file.reason or "", file_id=file.id)
    past = History(file.id, file.sent_at, "gateway", "refuse", Status.REJECTED, file.reason or "")
    return Submission(
        id=file.submission,
        channel=file.channel,
        received_at=file.sent_at,
        username=account.username,
        verified_by=verified_by,
        peer=peer,
        parts=(part,),
        files=(file,),
        history=(past,),
    )
