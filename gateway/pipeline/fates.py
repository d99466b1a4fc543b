"""What became of each part of a submission, as its record tells: for files from schools and documents to them alike.

Owns that form and the record that they stand in, and that every leaf of a message, and what a limit kept us from
reading, has exactly one fate (Source: SPEC 4).
"""

from collections.abc import Sequence

from gateway.core.contents import Unpacked, UnpackedPart
from gateway.core.fingerprint import fingerprint_of
from gateway.core.notices.nofile import NOT_READ
from gateway.core.notices.partlist import unread
from gateway.core.submission import Envelope, PartFate, Submission
from gateway.pipeline.decide import Candidate


def fate_of(candidate: Candidate, fate: str, why: str, file: str | None) -> PartFate:
    """Return what became of a candidate."""
    return PartFate(candidate.number, candidate.known_as, candidate.content_type, candidate.size, fate, why, file)


def ignored_of(part: UnpackedPart) -> PartFate:
    """Return that a part was ignored, and why."""
    return PartFate(part.number, part.name, part.content_type, part.size, "ignored", part.why)


def all_fates(decided: Sequence[PartFate], unpacked: Unpacked | None) -> tuple[PartFate, ...]:
    """Return the fate of every part of a submission, in their order, and at the end of what was not read."""
    if unpacked is None:
        return tuple(decided)
    ignored = (ignored_of(part) for part in unpacked.parts if not part.is_file)
    fates = sorted((*decided, *ignored), key=lambda part: part.number)
    rest = unread(unpacked.faults, fates)
    return (*fates, rest) if rest else tuple(fates)


def submission_of(
    envelope: Envelope, unpacked: Unpacked | None, parts: Sequence[PartFate], *, outcome: str
) -> Submission:
    """Return the record of what came in, with the fates of its parts; what was made of them is put in by the caller."""
    return Submission(
        id=envelope.id,
        channel=envelope.channel,
        received_at=envelope.received_at,
        username=envelope.username,
        verified_by=envelope.verified_by,
        peer=envelope.peer,
        subject=unpacked.subject if unpacked else None,
        message_id=unpacked.message_id if unpacked else None,
        outcome=outcome,
        fingerprint=fingerprint_of(envelope, unpacked),
        parts=tuple(parts),
    )


def cause_of(unpacked: Unpacked) -> str:
    """Return why a message brought no file."""
    return NOT_READ if unread(unpacked.faults, ()) else unpacked.cause or "nothing-attached"
