"""Draft: a submission while its parts are decided, and the record that it becomes.

Owns what ingest gathers part by part, and why a message brought no file. Which notices it owes is `pipeline.answer`
(Source: SPEC 4, 6).
"""

from dataclasses import dataclass, field, replace

from gateway.core.contents import Unpacked
from gateway.core.mail import Notice
from gateway.core.model import Drop, FileRecord
from gateway.core.register import Account
from gateway.core.submission import Envelope, PartFate, Submission
from gateway.pipeline.decide import past_of
from gateway.pipeline.fates import all_fates, cause_of, submission_of
from gateway.pipeline.policy import Policy
from gateway.pipeline.reply import REPLIED


@dataclass
class Draft:
    """A submission while its parts are decided."""

    envelope: Envelope
    account: Account
    policy: Policy
    files: list[FileRecord] = field(default_factory=list)
    drops: list[Drop] = field(default_factory=list)
    parts: list[PartFate] = field(default_factory=list)
    earlier: list[FileRecord] = field(default_factory=list)  # what duplicates in it repeat
    sources: dict[str, str] = field(default_factory=dict)  # file id -> path of its bytes
    replied: tuple[Notice, ...] | None = None  # what an answer to a notice is answered; None: it was none

    def record(self, unpacked: Unpacked | None) -> Submission:
        """Return the submission as it is recorded, with no notice yet."""
        fates = all_fates(self.parts, unpacked)
        return replace(
            submission_of(self.envelope, unpacked, fates, outcome=self._outcome(unpacked)),
            files=tuple(self.files),
            history=tuple(past_of(f) for f in self.files),
            drops=tuple(self.drops),
        )

    def _outcome(self, unpacked: Unpacked | None) -> str:
        """Return why a message brought no file, or "" when it did."""
        if self.parts or unpacked is None:
            return ""
        return REPLIED if self.replied is not None else cause_of(unpacked)
