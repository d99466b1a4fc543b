"""Files that we promised and can't decide yet, since the scanner gives no answer: what their senders see meanwhile.

Owns the list of them, which ingest makes anew after a stop: nothing here is a promise, and no record is written. They
are Sent with a remark; they can be neither read nor taken back before the scan (Source: SPEC 2, 6, 11).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.core.contents import Inspection
from gateway.core.model import FileRecord, Status
from gateway.core.names import Reading
from gateway.core.register import Account
from gateway.core.remarks import WAITS_FOR_SCAN
from gateway.core.submission import Envelope
from gateway.pipeline.decide import Candidate, decide
from gateway.pipeline.policy import Policy


class Waiting(Exception):
    """A submission that can't be decided now; it stays in the spool."""


class WaitingRoom:
    """All of them, by submission."""

    def __init__(self) -> None:
        """Start with none."""
        self._files: dict[str, tuple[FileRecord, ...]] = {}
        self.version = 0  # another one when anything came or went

    def note(self, submission: str, files: Iterable[FileRecord]) -> None:
        """Say what waits in a submission."""
        waiting = tuple(files)
        if self._files.get(submission) != waiting:
            self._files[submission] = waiting
            self.version += 1

    def done(self, submission: str) -> None:
        """Forget one that was decided."""
        if self._files.pop(submission, None) is not None:
            self.version += 1

    def of_school(self, number: str) -> list[FileRecord]:
        """Return what waits of a school, newest first."""
        files = [file for waiting in self._files.values() for file in waiting if file.school == number]
        return sorted(files, key=lambda file: file.id, reverse=True)


def as_seen(
    candidates: Iterable[Candidate],
    readings: Mapping[int, Reading],
    *,
    envelope: Envelope,
    account: Account,
    policy: Policy,
) -> list[FileRecord]:
    """Return the files of a submission that wait for nothing but the scan, as their sender sees them until then."""
    seen = Inspection("clean", remark=WAITS_FOR_SCAN)
    files = [
        decide(
            candidate,
            envelope=envelope,
            account=account,
            reading=readings[candidate.number],
            seen=seen,
            policy=policy,
            older=None,
        )
        for candidate in candidates
    ]
    return [replace(file, place=None, expires_at=None) for file in files if file.status is Status.SENT]
