"""Decide: what becomes of one file, as a value, from its name, its sender, its bytes and what we hold already.

Owns the making of a file's record, its drops and the first row of its history. It reads no disk and no ledger: what it
needs to know is passed in, and the same facts give the same ids (Source: SPEC 3, 6, 13; DESIGN 3, step 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.admission import own_school
from gateway.core.contents import Inspection, Unpacked
from gateway.core.discretion import is_delicate, mask_name
from gateway.core.layout import place_of
from gateway.core.lifecycle import Event
from gateway.core.model import Drop, FileRecord, History, Status
from gateway.core.names import Reading
from gateway.core.notices.partwords import words_for_cut
from gateway.core.phrases import day
from gateway.core.reasons import Reason, sentence_for
from gateway.core.register import Account
from gateway.core.remarks import LEAVES_AT, NO_END, SAME_BYTES, joined
from gateway.core.routing import Service
from gateway.core.submission import Envelope
from gateway.pipeline.policy import Policy

CLEAN = Inspection("clean")


@dataclass(frozen=True)
class Candidate:
    """One file on its way in, whichever door it came through."""

    number: int  # of the part in its submission, from 1
    name: str
    path: str  # of the bytes, in the spool; "" when the message ended inside it and none are held
    size: int  # bytes
    sha256: str
    content_type: str = ""
    is_whole: bool = True  # False when the message ended inside it
    comment: str | None = None
    tags: tuple[str, ...] = ()
    name_as_sent: str = ""  # where the name is not the sender's own
    cut: str = ""  # what kept its bytes from us, a code of the email door; "" of a whole one
    is_ended: bool = True  # False when its message has no end, so that nobody can say whether it is whole

    @property
    def known_as(self) -> str:
        """Return the name by which its sender knows it."""
        return self.name_as_sent or self.name

    @property
    def remark(self) -> str | None:
        """Return what is remarked on how it came."""
        return None if self.is_ended or not self.is_whole else NO_END


def candidates_of(envelope: Envelope, unpacked: Unpacked | None, path: str) -> list[Candidate]:
    """Return the files of a submission: the upload itself, or each candidate part of a message."""
    if unpacked is None:
        return [Candidate(1, envelope.name or "", path, envelope.size, envelope.sha256)]
    return [
        Candidate(
            part.number,
            part.name or "",
            part.path,
            part.size,
            part.sha256,
            part.content_type,
            part.is_whole,
            unpacked.comment or None,
            unpacked.tags,
            cut="" if part.is_whole else part.why,
            is_ended=part.is_ended,
        )
        for part in unpacked.parts
        if part.is_file
    ]


def decide(
    candidate: Candidate,
    *,
    envelope: Envelope,
    account: Account,
    reading: Reading,
    seen: Inspection,
    policy: Policy,
    older: FileRecord | None,
    twins: Sequence[FileRecord] = (),
) -> FileRecord:
    """Return the record of a file: Sent to its service, or Rejected with its first reason.

    `older` has its name and other bytes; `twins` have its bytes and service, and other names; newest first.
    """
    reason, detail = _reason(candidate, reading, seen, policy)
    record = _as_it_came(candidate, envelope=envelope, account=account, reading=reading, seen=seen)
    if reason is None:
        record = replace(
            record,
            school=reading.school,
            remark=joined(record.remark, _remark(seen, twins, record.sent_at, policy)),
            supersedes=older.id if older else None,
            private=is_private(policy, reading.service),
        )
    else:
        record = replace(
            record,
            school=own_school(account, reading.school or reading.number or envelope.school),
            status=Status.REJECTED,
            reason=reason,
            faults=reading.faults if reason in reading.faults else (reason,),
            correction=reading.correction,
            detail=detail,
            rejected_by="the gateway",
            private=is_private(policy, reading.service) or _may_be_private(reading, policy),
        )
    return _with_place(record, policy) if candidate.path else record


def _as_it_came(
    candidate: Candidate, *, envelope: Envelope, account: Account, reading: Reading, seen: Inspection
) -> FileRecord:
    """Return what of a record no verdict changes."""
    return FileRecord(
        id=f"{envelope.id}-{candidate.number:02d}",
        submission=envelope.id,
        name=reading.name,
        school=None,
        service=reading.service,
        status=Status.SENT,
        channel=envelope.channel,
        sent_by=account.full_name,
        sent_by_user=account.username,
        sent_at=envelope.received_at,
        size=candidate.size,
        sha256=candidate.sha256 or None,
        expires_at=None,
        warnings=reading.warnings,
        comment=candidate.comment,
        tags=candidate.tags,
        entries=seen.entries,
        remark=candidate.remark,  # of a rejected one too: its sender may accept the right name for it
        status_at=envelope.received_at,
        date=reading.date or reading.version,
        extension=reading.extension,
    )


def _with_place(file: FileRecord, policy: Policy) -> FileRecord:
    """Return the record of a file whose bytes we hold: where, and until when."""
    at, reason = file.sent_at, file.reason
    return replace(
        file,
        place=place_of(school=file.school, received_at=at, file=file.id, zone=policy.zone),
        expires_at=policy.terms.for_sent(at) if reason is None else policy.terms.for_rejected(at, reason),
    )


def _remark(seen: Inspection, twins: Sequence[FileRecord], at: datetime, policy: Policy) -> str | None:
    return joined(seen.remark, remark_on_twin(twins, policy), remark_of_undo(at, policy))


def _reason(candidate: Candidate, reading: Reading, seen: Inspection, policy: Policy) -> tuple[str | None, str | None]:
    """Return the first reason against a file with its sentence: its name, then its bytes."""
    is_unseen = not candidate.is_whole and not candidate.name  # it has no name because we could not look
    if reading.reason is not None and not is_unseen:
        return reading.reason, reading.sentence
    if candidate.cut and (words := words_for_cut(candidate.cut)):
        return str(Reason.TRUNCATED), words
    service = policy.catalogue.get(reading.service or "")
    return fault_in_bytes(candidate.size, is_whole=candidate.is_whole, seen=seen, service=service) or (None, None)


def fault_in_bytes(size: int, *, is_whole: bool, seen: Inspection, service: Service | None) -> tuple[str, str] | None:
    """Return the first reason that lies in the bytes, with its sentence."""
    limit = service.max_bytes if service else 0
    for is_so, reason in (
        (not is_whole, "truncated"),  # before its size: what was cut at the first byte is not an empty file
        (size == 0, "empty-file"),
        (0 < limit < size, "too-large"),
        (seen.verdict == "rejected", seen.reason or "not-scannable"),
    ):
        if is_so:
            return reason, seen.detail or sentence_for(reason)
    return None


def is_private(policy: Policy, code: str | None) -> bool:
    """Return whether files for a service are seen by their sender alone, on the school's side."""
    service = policy.catalogue.get(code or "")
    return service is not None and service.private


def _may_be_private(reading: Reading, policy: Policy) -> bool:
    """Whether a faulty name may have been meant for a private service: no fault may widen who can read a file."""
    return is_delicate(reading.name, policy.catalogue)


def is_same_bytes(file: FileRecord, sha256: str | None) -> bool:
    """Return whether these are bytes that we took before and have not given back (SPEC 4)."""
    return file.sha256 == sha256 and file.status in (Status.SENT, Status.RECEIVED)


def drops_for(file: FileRecord, service: Service, *, due_at: datetime, run: str = "") -> tuple[Drop, ...]:
    """Return the deliveries that a routed file is owed: one for each target of its service.

    `run` tells the drops of a second routing from those of the first.
    """
    return tuple(
        Drop(
            id=f"{file.id}-{run}{n}",
            file=file.id,
            service=service.code,
            target=target.name,
            due_at=due_at,
            first_due_at=due_at,
        )
        for n, target in enumerate(service.targets, start=1)
    )


def due_after_undo(at: datetime, policy: Policy) -> datetime:
    """Return when a drop may be made: after the time in which the sender can still undo it."""
    return at + timedelta(seconds=policy.undo_seconds)


def past_of(file: FileRecord) -> History:
    """Return the first row of a file's history."""
    event = Event.ROUTE if file.status is Status.SENT else Event.REFUSE
    return History(file.id, file.sent_at, "gateway", event, file.status, file.reason or f"to {file.service}")


def newest_other(files: Sequence[FileRecord], candidate: Candidate) -> FileRecord | None:
    """Return the newest file of this name with other bytes that still counts: what a new version supersedes."""
    return newest_other_than(candidate.sha256, files)


def newest_other_than(sha256: str | None, files: Sequence[FileRecord]) -> FileRecord | None:
    """Return the newest of files of one name that has other bytes than these and still counts."""
    return next((f for f in files if f.sha256 != sha256 and f.status in (Status.SENT, Status.RECEIVED)), None)


def remark_on_twin(twins: Sequence[FileRecord], policy: Policy) -> str | None:
    """Return what is remarked on bytes that the same service got before under another name."""
    if not twins:
        return None
    # The record outlives the bytes, so the name in it is the short one.
    return SAME_BYTES.format(name=mask_name(twins[0]), day=day(twins[0].sent_at, policy.zone))


def remark_of_undo(at: datetime, policy: Policy) -> str | None:
    """Return what is remarked on a file that waits for the sender's second thoughts."""
    if not policy.undo_seconds:
        return None
    due = due_after_undo(at, policy).astimezone(policy.zone)
    is_today = due.date() == policy.day_of(at)
    return LEAVES_AT.format(time=f"{due:%H:%M}" if is_today else f"{due:%H:%M} on {day(due, policy.zone)}")
