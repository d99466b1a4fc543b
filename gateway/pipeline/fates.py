"""What became of each part of a submission, as its record tells: for files from schools and documents to them alike.

Owns that form (Source: SPEC 4).
"""

from gateway.core.model import PartFate, UnpackedPart
from gateway.pipeline.decide import Candidate


def fate_of(candidate: Candidate, fate: str, why: str, file: str | None) -> PartFate:
    """Return what became of a candidate."""
    return PartFate(candidate.number, candidate.known_as, candidate.content_type, candidate.size, fate, why, file)


def ignored_of(part: UnpackedPart) -> PartFate:
    """Return that a part was ignored, and why."""
    return PartFate(part.number, part.name, part.content_type, part.size, "ignored", part.why)
