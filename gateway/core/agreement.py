"""The acceptable use policy, and that a person agreed to it: to which words, when, how and from where.

Owns these values; when an agreement is asked for again is `core.standing` (Source: SPEC 9).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property


@dataclass(frozen=True)
class AcceptableUse:
    """What a person agrees to before the first use."""

    version: str = ""  # "" is none: nothing has to be agreed to
    text: str = ""

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the text: which words somebody agreed to."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def unfolded(self) -> str:
        """Return the text with each paragraph and each point on one line, for where lines are broken anew."""
        lines: list[str] = []
        for line in self.text.splitlines():
            goes_on = bool(lines and lines[-1] and line.strip()) and not line.startswith(("-", "#"))
            if goes_on and not lines[-1].startswith("#"):
                lines[-1] += f" {line.strip()}"
            else:
                lines.append(line)
        return "\n".join(lines)


@dataclass(frozen=True)
class Agreement:
    """One person's word, kept for as long as records are."""

    version: str
    digest: str  # SHA-256 of the text that they were shown
    at: datetime
    how: str  # "login", "email", "on paper, by ACTOR"
    peer: str = ""  # address from which it came; "" where there is none


@dataclass(frozen=True)
class PolicyText:
    """A version of the policy as it was in force: what a digest stands for."""

    version: str
    digest: str
    text: str
    since: datetime  # when it came in; a version that comes back comes in anew
