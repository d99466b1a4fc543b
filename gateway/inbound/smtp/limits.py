"""What reading one message may cost, and the account of what it has cost.

Owns the limits and the sticky word "spent". When the allowance is spent every source of bytes ends at once, so
that nothing has to be unwound: what was found stays found, and what was open is cut.

Source: SPEC 4; FIELD-NOTES B.1 (7).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class MessageLimits:
    """Bounds on one message. Reaching one is a fault in the `Message`, never an exception."""

    header_bytes: int = 262_144  # of one header block
    header_lines: int = 1_000  # fields of one header block; a folded field is one
    parts: int = 1_000  # listed parts, those inside attached messages and winmail.dat included
    part_bytes: int = 1 << 30  # decoded bytes of one part
    depth: int = 16  # multiparts and attached messages within one another
    name_chars: int = 2_048  # of a name as it was written; to compose a longer one could take the loop's breath
    comment_chars: int = 2_000  # of the comment; 0 is none
    text_bytes: int = 262_144  # of a text body, kept to read it from
    cpu_seconds: float = 1.7  # of the thread that reads; with what one slice can cost, under 2


@dataclass
class Allowance:
    """The CPU and the parts that are left. Once spent it stays spent, and `why` names the limit."""

    limits: MessageLimits
    cpu_clock: Callable[[], float] = time.thread_time
    why: str = ""
    parts: int = 0
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = self.cpu_clock() + self.limits.cpu_seconds

    @property
    def is_spent(self) -> bool:
        return bool(self.why)

    def check_cpu(self) -> bool:
        """True while there is CPU left; asked once a slice and once a part."""
        if not self.why and self.cpu_clock() >= self._deadline:
            self.why = "cpu"
        return not self.why

    def take_part(self) -> int | None:
        """The number of the next part, from 1; None when no further part may be listed."""
        if not self.check_cpu():
            return None
        if self.parts >= self.limits.parts:
            self.why = "too-many-parts"
            return None
        self.parts += 1
        return self.parts
