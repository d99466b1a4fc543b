"""Repeats: a message that its sender's mail system hands over again, since it did not hear that we have it.

Owns the record of one: that its parts came before, and that nobody is told anything a second time; what is owed for
the first stays owed once. Whatever became of the first since, a person who means to send its files again does so in a
new message, or sends the old one on, which both differ. A copy of which we are not certain is none, and taken as any
message (Source: SPEC 4; FIELD-NOTES A.3).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from gateway.core.contents import Unpacked
from gateway.core.fingerprint import fingerprint_of
from gateway.core.submission import Envelope, PartFate, Submission
from gateway.pipeline.fates import submission_of
from gateway.pipeline.locks import NamedLocks
from gateway.ports import Ledger

TRIED_FOR = timedelta(days=5)  # how long mail systems try (RFC 5321 4.5.4.1)
OUTCOME = "repeat of {id}"  # why such a message brought no file; behind it stands the reference of the first


class Repeats:
    """Recognises messages that came before."""

    def __init__(self, ledger: Ledger) -> None:
        """Take the records."""
        self._ledger = ledger
        self._turns = NamedLocks()

    @asynccontextmanager
    async def turn(self, envelope: Envelope, unpacked: Unpacked | None) -> AsyncIterator[Submission | None]:
        """Keep copies of one message apart until one is recorded; yield the record of a repeat, written already."""
        fingerprint = fingerprint_of(envelope, unpacked)
        if fingerprint is None:
            yield None
            return
        # Two copies are not decided at once: both would be the first.
        async with self._turns.hold([(fingerprint,)]):
            since = envelope.received_at - TRIED_FOR
            first = await self._ledger.submission_like(fingerprint, since=since)
            repeat = _repeat(first, envelope, unpacked) if first else None
            if repeat is not None:
                await self._ledger.record(repeat)
            yield repeat


def _repeat(first: Submission, envelope: Envelope, unpacked: Unpacked | None) -> Submission:
    """Return the record of a copy. It has no fingerprint: the days count from the first, however often copies come."""
    parts = [_came_before(part) for part in first.parts]
    record = submission_of(envelope, unpacked, parts, outcome=OUTCOME.format(id=first.id))
    return replace(record, fingerprint=None)


def _came_before(part: PartFate) -> PartFate:
    """Return the fate of a part in a copy; what was ignored in the first is ignored for the same reason."""
    return part if part.file_id is None else replace(part, fate="duplicate", why=part.file_id)
