"""A message on disk to its parts: one pass, a slice in memory, and nothing that a message holds is raised.

Owns the walk through multiparts and attached messages, and the verdict on the whole. Every leaf ends exactly once
in `Message.parts`. What a limit stops is a fault in the `Message` with what was found so far; a file that was
open then is cut, never presented as whole.

Blocking: for a worker thread. The one thing that gets out is what the caller's own stream or sink raises.

Source: SPEC 4; DESIGN 3; FIELD-NOTES A.3, B.1 (7).
"""

import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal, NamedTuple

from gateway.inbound.smtp.comment import find_tags
from gateway.inbound.smtp.heading import Heading, read_heading
from gateway.inbound.smtp.leaves import PartSink
from gateway.inbound.smtp.limits import Allowance, MessageLimits
from gateway.inbound.smtp.parts import Part
from gateway.inbound.smtp.reading import Reading
from gateway.inbound.smtp.source import SLICE, Source
from gateway.inbound.smtp.walk import Walk

Cause = Literal[
    "",
    "nothing-attached",
    "cloud-link-only",
    "encrypted-message",
    "signed-message",
    "no-file-in-tnef",
    "no-file-in-letter",
    "recall-request",
]

_CAUSES: dict[str, Cause] = {  # by the `why` of a part that took the place of files
    "encrypted-wrapper": "encrypted-message",
    "signed-wrapper": "signed-message",
    "no-file-in-tnef": "no-file-in-tnef",
    "unreadable-tnef": "no-file-in-tnef",
    "recall-request": "recall-request",
}
# What Outlook's "Recall This Message" sends to a mail system that is not its own.
_RECALL_SUBJECT, _RECALL_WORDS = "recall:", "would like to recall the message"


class Message(NamedTuple):
    """What a message holds."""

    heading: Heading
    comment: str  # at most as long as the limits say
    tags: tuple[str, ...]  # of the subject, lower case
    parts: tuple[Part, ...]  # in the order of the message
    cause: Cause  # why there is no file; "" when there is one, or one that was cut
    faults: tuple[str, ...]  # limits that were reached, and oddities of the whole
    is_report: bool = False  # Outlook's envelope held a program's word about another message

    @property
    def files(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.kind == "file")


def read_message(
    stream: BinaryIO,
    size: int,
    sink: PartSink,
    limits: MessageLimits | None = None,
    *,
    cpu_clock: Callable[[], float] = time.thread_time,
) -> Message:
    """Reads a message of `size` bytes from where the stream stands, to its end; files go to the sink.

    Raises only what the stream or the sink raises; the sink's streams are then as they were.
    """
    limits = limits or MessageLimits()
    allowance = Allowance(limits, cpu_clock)
    reading = Reading(sink, limits, allowance)
    slices = _Slices(stream)
    walk = Walk(reading, Source(iter(slices), allowance), container=None, depth=0)
    headers = walk.take_headers()
    heading = read_heading(headers)  # before the rest, so that its CPU is of the same allowance
    walk.read(headers)
    if slices.count != size and not allowance.is_spent:
        reading.note("size-mismatch")  # the stream is not what was spooled
    parts, comment = reading.parts(), reading.bodies.comment(limits.comment_chars)
    return Message(
        heading=heading,
        comment=comment,
        tags=find_tags(heading.subject),
        parts=parts,
        cause=_cause(parts, reading, is_recall=_is_recall(heading.subject, comment)),
        faults=reading.faults(),
        is_report=reading.is_report,
    )


class _Slices:
    """The stream, a slice at a time, counted."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0  # bytes read

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._stream.read(SLICE):
            self.count += len(piece)
            yield piece


def _is_recall(subject: str, comment: str) -> bool:
    return subject.lower().startswith(_RECALL_SUBJECT) and _RECALL_WORDS in comment.lower()


def _cause(parts: tuple[Part, ...], reading: Reading, *, is_recall: bool) -> Cause:
    """Why there is no file. A wrapper says more than the text around it."""
    if any(part.kind != "ignored" for part in parts):
        return ""
    found = [_CAUSES[part.why] for part in parts if part.why in _CAUSES]
    if is_recall:
        return "recall-request"
    letter: Cause = "no-file-in-letter" if any(part.why == "opened-message" for part in parts) else ""
    return next(iter(found), "") or reading.bodies.elsewhere() or letter or "nothing-attached"
