"""What a notice says: contexts for the templates of `config/notices`, built from records.

A context is a frozen value; `plain` makes it JSON for the outbox. Names and sentences are whole in what the sender
gets; for anybody else a name is masked and a sentence carries no facts, unless the authority shows full names. Renders
nothing and asks no clock (Source: SPEC 4, 6, 10).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from gateway.core.discretion import mask_name
from gateway.core.model import Channel, FileRecord, Status
from gateway.core.notices.partlist import FATES, Part, parts_of, unread_sentence
from gateway.core.phrases import day, moment, size_for_people
from gateway.core.reasons import Reason, advice_for, sentence_for
from gateway.core.register import Account, Directory
from gateway.core.routing import Catalogue
from gateway.core.steps import Steps, collected, in_one_go
from gateway.core.submission import PartFate, Submission

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NO_NAME = "(a part without a name)"
_MOST_ENTRIES = 50  # of an archive in a receipt; the record holds them all

# Reasons that lie in the name: where no correction is certain, the codes stand in the notice instead (SPEC 3).
_IN_THE_NAME = frozenset(list(Reason)[: list(Reason).index(Reason.TYPE_NOT_ALLOWED)])


@dataclass(frozen=True)
class Letterhead:
    """Whose notices these are; the same on each."""

    authority: str
    contact: str  # whom to ask, as people read it
    zone: tzinfo = UTC
    full_names: bool = False  # show whole names to others than the sender


@dataclass(frozen=True)
class Code:
    """One row of the table of service codes."""

    code: str
    name: str
    use: str


@dataclass(frozen=True)
class File:
    """One file, as its notice tells of it."""

    number: int  # of the part in its submission
    name: str
    fate: str
    service: str = ""  # the code
    service_name: str = ""
    hint: str = ""  # what the service asks of its senders
    size: str = ""  # for people; empty when no byte was kept
    remark: str = ""
    reason: str = ""  # the code of the first fault
    sentence: str = ""  # what was wrong, what was expected, what to do
    more: tuple[str, ...] = ()  # sentences of the faults after the first
    correction: str = ""  # the name to send it under; empty when none is certain
    advice: tuple[str, ...] = ()  # for the next name
    entries: tuple[str, ...] = ()  # of a zip
    more_entries: int = 0
    is_version: bool = False  # a file of this name with other bytes came before
    is_held: bool = False  # rejected, and we keep its bytes for a while
    until: str = ""  # the day on which its bytes are destroyed
    earlier: str = ""  # of a duplicate: when the first one came
    earlier_status: str = ""  # of a duplicate: Sent or Received


@dataclass(frozen=True)
class Receipt:
    """What the sender gets: every part of a submission and its fate."""

    authority: str
    contact: str
    reader: str  # forename
    submission: str
    channel: str  # "message" or "upload": what it was, in a sentence
    sent_at: str
    parts: tuple[Part, ...]
    files: tuple[File, ...]
    sent: int  # how many
    rejected: int
    repeated: int
    codes: tuple[Code, ...]  # empty when no file needs them
    comment: str
    can_accept: bool  # a reply that begins with ACCEPT takes the correction
    can_rename: bool  # renaming in Rejected Files over SFTP takes it
    can_recall: bool = False  # a reply that begins with RECALL takes back what was sent
    reply_until: str = ""  # ISO 8601; while a reply is understood
    unread: str = ""  # a sentence about what lay beyond the limits of a message
    shared_remark: str = ""  # what is remarked on each of several files that were sent, to be said once


@dataclass(frozen=True)
class Rejection:
    """What a headteacher gets: that a file of the school was rejected, by whom and why."""

    authority: str
    contact: str
    reader: str
    submission: str
    school: str  # number and name
    sent_by: str
    sent_at: str
    channel: str
    rejected_by: str
    files: tuple[File, ...]
    is_sender_told: bool = True  # False of what a program sent, which gets no answer


def receipt_steps(
    submission: Submission,
    *,
    reader: Account,
    head: Letterhead,
    catalogue: Catalogue,
    earlier: Iterable[FileRecord] = (),
    can_reply: bool = False,
    can_rename: bool = False,
) -> Steps[Receipt]:
    """Return the sender's receipt. `earlier` are the records that duplicates in it point to."""
    known = {file.id: file for file in (*earlier, *submission.files)}
    files = yield from collected(_files(submission, known, catalogue, head.zone))
    needs_codes = any(f.reason in _IN_THE_NAME and not f.correction for f in files)
    fates = [file.fate for file in files]
    return Receipt(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        submission=submission.id,
        # Who reads the receipt of another is who answers for a copier.
        channel=("" if reader.username == submission.username else "copier's ") + channel_word(submission.channel),
        sent_at=moment(submission.received_at, head.zone),
        parts=(yield from parts_of(submission, known)),
        files=files,
        sent=fates.count("Sent"),
        rejected=fates.count("Rejected"),
        repeated=fates.count("Already received"),
        codes=code_table(catalogue) if needs_codes else (),
        comment=next((f.comment for f in submission.files if f.comment), ""),
        can_accept=can_reply and any(f.correction and f.is_held for f in files),
        can_rename=can_rename,
        can_recall=can_reply and "Sent" in fates,
        reply_until=reply_until(submission.files) if can_reply else "",
        unread=unread_sentence(submission),
        shared_remark=_shared_remark(files),
    )


def rejection_steps(
    files: Iterable[FileRecord],
    *,
    reader: Account,
    head: Letterhead,
    directory: Directory,
    catalogue: Catalogue,
    is_sender_told: bool = True,
) -> Steps[Rejection]:
    """Return the headteacher's copy for the rejected files of one submission; there must be one."""
    rejected = tuple(files)
    first = rejected[0]
    school = directory.school(first.school or "")
    return Rejection(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        submission=first.submission,
        school=f"{school.number} {school.name}" if school else "",
        sent_by=first.sent_by,
        sent_at=moment(first.sent_at, head.zone),
        channel=channel_word(first.channel),
        rejected_by=first.rejected_by or "the gateway",
        files=(
            yield from collected(_copied(f, n, head=head, catalogue=catalogue) for n, f in enumerate(rejected, start=1))
        ),
        is_sender_told=is_sender_told,
    )


receipt = in_one_go(receipt_steps)
rejection = in_one_go(rejection_steps)


def reply_until(files: Iterable[FileRecord]) -> str:
    """Return until when a reply about these files can change anything; "" when there is nothing to change."""
    terms = [file.expires_at for file in files if file.expires_at is not None and file.place is not None]
    return max(terms).isoformat() if terms else ""


def plain(context: "DataclassInstance") -> dict[str, object]:
    """Return a context as the outbox keeps it: JSON."""
    return asdict(context)


def plain_steps(context: "DataclassInstance") -> Steps[dict[str, object]]:
    """Do as `plain` does, a row at a time where the context has rows."""
    found: dict[str, object] = {}
    for name, value in vars(context).items():
        found[name] = (yield from collected(map(_plain, value))) if isinstance(value, tuple) else _plain(value)
    return found


def _plain(value: object) -> object:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def title_of(code: str | None, catalogue: Catalogue) -> str:
    """Return a service as people read it: its code, and its name where that says more."""
    service = catalogue.get(code or "")
    return f"{code} ({service.name})" if service and service.name != code else code or ""


def code_table(catalogue: Catalogue) -> tuple[Code, ...]:
    """Return all service codes with what schools send to each, in their order."""
    return tuple(Code(s.code, s.name, s.use) for _, s in sorted(catalogue.services.items()))


def _files(
    submission: Submission, known: Mapping[str, FileRecord], catalogue: Catalogue, zone: tzinfo
) -> Iterable[File]:
    """Yield every part that is a file, in the order of the message; of an upload, the file itself."""
    # A part that repeats another of the same message points to that one's file, which keeps its own number.
    numbers = {part.file_id: part for part in submission.parts if part.file_id and part.fate != "duplicate"}
    for number, file in enumerate(submission.files, start=1):
        part = numbers.get(file.id)
        yield _own(file, part.number if part else number, catalogue=catalogue, zone=zone)
    for part in submission.parts:
        if part.fate == "duplicate":
            yield _repeated(part, known.get(part.file_id or ""), zone)


def _shared_remark(files: Iterable[File]) -> str:
    """Return what is remarked on each of the files that were sent, when they are several; else ""."""
    remarks = [file.remark for file in files if file.fate == "Sent"]
    return remarks[0] if len(remarks) > 1 and len(set(remarks)) == 1 else ""


def _own(file: FileRecord, number: int, *, catalogue: Catalogue, zone: tzinfo) -> File:
    """Return a file as its sender reads of it."""
    is_sent = file.status is not Status.REJECTED
    service = catalogue.get(file.service or "")
    return File(
        number=number,
        name=file.name or NO_NAME,
        fate="Sent" if is_sent else "Rejected",
        service=service.code if service else "",
        service_name=service.name if service else "",
        hint=service.hint if service else "",
        size="" if file.size is None else size_for_people(file.size),
        remark=file.remark or "",
        reason=file.reason or "",
        sentence=file.detail or (sentence_for(file.reason) if file.reason else ""),
        more=more_faults(file),
        correction=file.correction or "",
        advice=tuple(advice_for(warning) for warning in file.warnings) if is_sent else (),
        entries=file.entries[:_MOST_ENTRIES],
        more_entries=max(0, len(file.entries) - _MOST_ENTRIES),
        is_version=file.supersedes is not None,
        is_held=not is_sent and file.place is not None,
        until=day(file.expires_at, zone) if file.expires_at else "",
    )


def more_faults(file: FileRecord) -> tuple[str, ...]:
    """Return the sentences of the faults after the first; the one of a missing number says that of a missing code.

    Of a file without any name the first says it all.
    """
    if not file.name:
        return ()
    told = {file.reason}
    if file.reason == Reason.NO_DFE_NUMBER:
        told.add(Reason.NO_SERVICE_CODE)
    return tuple(sentence_for(fault) for fault in file.faults if fault not in told)


def _repeated(part: PartFate, earlier: FileRecord | None, zone: tzinfo) -> File:
    return File(
        number=part.number,
        name=part.name or "",
        fate=FATES["duplicate"],
        service=(earlier.service or "") if earlier else "",
        size=size_for_people(part.size),
        earlier=moment(earlier.sent_at, zone) if earlier else "",
        earlier_status=str(earlier.status) if earlier else "",
    )


def _copied(file: FileRecord, number: int, *, head: Letterhead, catalogue: Catalogue) -> File:
    """Return a rejected file as somebody else than its sender reads of it."""
    own = _own(file, number, catalogue=catalogue, zone=head.zone)
    if head.full_names:
        return own
    masked = mask_name(file) if file.name else NO_NAME
    return File(
        number=number,
        name="(a name that we do not show here)" if masked == "…" else masked,
        fate=own.fate,
        service=own.service,
        service_name=own.service_name,
        size=own.size,
        reason=own.reason,
        sentence=sentence_for(file.reason) if file.reason else "",
        is_held=own.is_held,
        until=own.until,
    )


def channel_word(channel: Channel) -> str:
    """Return what something that came is called in a sentence."""
    return "message" if channel is Channel.EMAIL else "upload"
