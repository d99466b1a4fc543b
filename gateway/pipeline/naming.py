"""Naming: the names of a submission's files, read; of a device's, put into the form that can be read.

Owns that all names of one submission are read by one register and one set of rules, whatever changes meanwhile; a name
a step (Source: SPEC 3, 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.core.contents import Unpacked
from gateway.core.devicenames import device_name
from gateway.core.names import Reading, read_name
from gateway.core.register import Account, Directory, Role
from gateway.core.steps import Steps, collected
from gateway.core.submission import Envelope
from gateway.pipeline.decide import Candidate
from gateway.pipeline.policy import Policy


@dataclass(frozen=True)
class Naming:
    """What the names of one submission are read with."""

    envelope: Envelope
    account: Account
    policy: Policy
    directory: Directory

    def named(self, candidates: Sequence[Candidate], unpacked: Unpacked | None) -> Steps[tuple[Candidate, ...]]:
        """Return the files of a submission, each with the name that decides about it."""
        if unpacked is None or self.account.role is not Role.DEVICE:
            return tuple(candidates)
        return (yield from collected(self._for_device(c, unpacked.subject) for c in candidates))

    def readings(self, candidates: Sequence[Candidate]) -> Steps[dict[int, Reading]]:
        """Return what the name of each says, by its number."""
        return dict((yield from collected((c.number, self._read(c.name)) for c in candidates)))

    def _for_device(self, candidate: Candidate, subject: str) -> Candidate:
        """Return a device's file under the name that follows the rule for it."""
        name = device_name(
            candidate.name,
            device=self.account,
            subject=subject,
            content_type=candidate.content_type,
            on=self.policy.day_of(self.envelope.received_at),
            read=self._read,
        )
        return replace(candidate, name=name, name_as_sent=candidate.name)

    def _read(self, name: str) -> Reading:
        return read_name(
            name,
            self.policy.rules(self.directory),
            on=self.policy.day_of(self.envelope.received_at),
            schools=frozenset(self.account.schools),
            put_for=self.envelope.school,
        )
