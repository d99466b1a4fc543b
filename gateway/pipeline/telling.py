"""What everybody works with who tells people something unasked: digests, reminders, requests.

Owns nothing but these parts.
"""

from dataclasses import dataclass

from gateway.pipeline.answer import Answer
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Clock, Ledger, Wake


@dataclass(frozen=True)
class Telling:
    """The parts."""

    ledger: Ledger
    clock: Clock
    directory: LiveDirectory
    policy: LivePolicy
    answer: Answer
    to_notify: Wake
