"""The table of parts in a notice: what was found in a message, and what became of each.

Owns its rows and the words for parts that are no file, and the sentence about what lay beyond the limits and was never
read. Pure (Source: SPEC 4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.core.model import FileRecord, Status
from gateway.core.notices.partwords import words_for
from gateway.core.steps import Steps, collected
from gateway.core.submission import PartFate, Submission

FATES = {
    "taken": "Sent",
    "rejected": "Rejected",
    "duplicate": "Already received",
    "held": "Held",
    "ignored": "Ignored",
}
_UNREAD: Mapping[str, str] = {  # limits of a whole message -> what its sender reads
    "too-many-parts": "Your message holds more parts than one message may. What comes after part {last} was not looked "
    "at, and nothing of it was kept. Please send the files that are not in this list again, in several messages or by "
    "SFTP.",
    "cpu": "Your message is so intricate that we stopped reading it. What comes after part {last} was not looked at, "
    "and nothing of it was kept. Please send the files that are not in this list again, each in a message of its own "
    "or by SFTP.",
}
UNREAD = frozenset(_UNREAD)


@dataclass(frozen=True)
class Part:
    """One row of the table of parts and fates."""

    number: int
    name: str  # of the file; what it is, for a part without a name
    fate: str  # Sent, Rejected, Already received, Held, Ignored
    service: str = ""  # the code, when it was sent
    why: str = ""  # of an ignored part: in a few words


def parts_of(submission: Submission, known: Mapping[str, FileRecord]) -> Steps[tuple[Part, ...]]:
    """Return the table of fates; an upload has no parts of its own, so its files stand for them."""
    if not submission.parts:
        return collected(
            Part(n, f.name, "Rejected" if f.status is Status.REJECTED else "Sent", f.service or "")
            for n, f in enumerate(submission.files, start=1)
        )
    return collected(_row(part, known.get(part.file_id or "")) for part in submission.parts)


def unread(faults: Sequence[str], after: Sequence[PartFate]) -> PartFate | None:
    """Return what stands for all that was not read of a message; None when all of it was."""
    why = next((fault for fault in faults if fault in UNREAD), "")
    last = max((part.number for part in after), default=0)
    return PartFate(last + 1, None, "", 0, "ignored", why) if why else None


def unread_sentence(submission: Submission) -> str:
    """Return what the sender reads of it; "" when all was read."""
    rest = next((part for part in submission.parts if part.fate == "ignored" and part.why in UNREAD), None)
    return _UNREAD[rest.why].format(last=rest.number - 1) if rest else ""


def _row(part: PartFate, file: FileRecord | None) -> Part:
    is_ignored, why = part.fate == "ignored", words_for(part.why)
    return Part(
        number=part.number,
        name=part.name or (why if is_ignored and why != part.why else part.content_type),
        fate=FATES.get(part.fate, part.fate.capitalize()),
        service=(file.service or "") if file and part.fate in ("taken", "duplicate") else "",
        why=why if is_ignored and (part.name or why == part.why) else "",
    )
