"""What a person can say in reply to a notice, and what they are answered.

Owns the words, how strictly they are read, and the context of the answer. A word in capitals counts whatever follows;
in small letters it counts alone, since sentences begin with these words too. Pure (Source: SPEC 4).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.core.model import FileRecord, Status
from gateway.core.notices.receipts import Letterhead, channel_word, reply_until
from gateway.core.pages import info_of
from gateway.core.phrases import moment
from gateway.core.register import Account
from gateway.core.submission import Submission


class Word(StrEnum):
    """What a reply can begin with."""

    ACCEPT = "ACCEPT"
    RECALL = "RECALL"
    STATUS = "STATUS"
    HELP = "HELP"


@dataclass(frozen=True)
class Command:
    """What a person wants."""

    word: Word
    numbers: tuple[int, ...] = ()  # of parts of the submission; none: whatever it can be done to


_FIRST = re.compile(r"[^\w]*(accept|recall|status|help)\b", re.IGNORECASE)
_NUMBERS = re.compile(  # what may stand behind a word without being prose
    r"(?:[\s,.;:&+#()!-]|(?:\d{1,4}|and|no|nos|numbers?|files?|please|thanks?)\b)*", re.IGNORECASE
)


def read_command(text: str) -> Command | None:
    """Return what a reply asks for; None when it does not begin with one of the words."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    found = _FIRST.match(line)
    if found is None:
        return None
    rest = line[found.end() :]
    is_plain = _NUMBERS.fullmatch(rest) is not None
    if not found[1].isupper() and not is_plain:
        return None
    numbers = tuple(dict.fromkeys(int(n) for n in re.findall(r"\d+", rest))) if is_plain else ()
    return Command(Word(found[1].upper()), numbers)


@dataclass(frozen=True)
class Outcome:
    """What became of a wish about one file."""

    name: str
    sentence: str


@dataclass(frozen=True)
class StatusRow:
    """One file in the table of STATUS."""

    number: int
    name: str
    status: str
    info: str
    received_at: str
    received_by: str
    correction: str  # the name that ACCEPT would give it; "" when there is none


@dataclass(frozen=True)
class Answered:
    """What a person gets for a reply."""

    authority: str
    contact: str
    reader: str
    submission: str
    subject: str
    opening: str
    channel: str
    sent_at: str
    outcomes: tuple[Outcome, ...]
    rows: tuple[StatusRow, ...]
    takes_commands: bool
    can_accept: bool
    accept_total: int
    can_recall: bool
    reply_until: str


@dataclass(frozen=True)
class Tone:
    """What an answer says around its facts."""

    subject: str
    opening: str
    has_rows: bool = True


TONES = {
    "status": Tone("What became of your files", "you asked for the status of what you sent. It is this:"),
    "help": Tone("What you can reply", "you asked what can be said in reply to a notice.", has_rows=False),
    "refused": Tone("Your reply could not be carried out", "not everything that your reply asked for could be done:"),
    "unknown": Tone(
        "We did not understand your reply",
        "your reply did not begin with a word that we know, and no file came with it, so nothing was done. Nobody "
        "reads these replies; a question is best sent to the people below.",
    ),
    "used": Tone(
        "This reply address was used already",
        "the address that you replied to has made a change once, and it makes only one. Nothing was done now. To make "
        "another, reply to this message instead.",
    ),
    "expired": Tone(
        "This reply address has expired",
        "the address that you replied to has expired, so nothing was done. What became of your files is this:",
    ),
}


def answered(
    kind: str,
    submission: Submission,
    *,
    reader: Account,
    head: Letterhead,
    at: datetime,
    outcomes: Sequence[Outcome] = (),
) -> Answered:
    """Return the answer to a reply; `kind` is one of TONES."""
    tone = TONES[kind]
    held = [file for file in submission.files if file.expires_at is not None and file.expires_at > at]
    until = reply_until(held)
    takes = bool(until)
    acceptable = [file for file in held if is_acceptable(file)]
    return Answered(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        submission=submission.id,
        subject=tone.subject,
        opening=tone.opening,
        channel=channel_word(submission.channel),
        sent_at=moment(submission.received_at, head.zone),
        outcomes=tuple(outcomes),
        rows=tuple(_rows(submission, head)) if tone.has_rows else (),
        takes_commands=takes,
        can_accept=takes and bool(acceptable),
        accept_total=len(acceptable),
        can_recall=takes and any(is_recallable(file) for file in held),
        reply_until=until if takes else "",
    )


def is_acceptable(file: FileRecord) -> bool:
    """Return whether ACCEPT could do something about a file."""
    return file.status is Status.REJECTED and file.place is not None and file.correction is not None


def is_recallable(file: FileRecord) -> bool:
    """Return whether RECALL could do something about a file."""
    return file.status is Status.SENT and file.purged_at is None


def numbered(submission: Submission) -> list[tuple[int, FileRecord]]:
    """Return the files of a submission with the numbers that its receipt gave them."""
    numbers = {part.file_id: part.number for part in submission.parts if part.fate != "duplicate"}
    return sorted(((numbers.get(f.id, n), f) for n, f in enumerate(submission.files, start=1)), key=lambda p: p[0])


def _rows(submission: Submission, head: Letterhead) -> Iterable[StatusRow]:
    for number, file in numbered(submission):
        yield StatusRow(
            number=number,
            name=file.name,
            status=str(file.status),
            info=info_of(file),
            received_at=moment(file.received_at, head.zone) if file.received_at else "",
            received_by=file.received_by or "",
            correction=(file.correction or "") if is_acceptable(file) else "",
        )
