"""Who reads the daily email besides the headteachers, and how long its words are kept.

Owns no behaviour (Source: SPEC 7, 10; DESIGN 2, 3).
"""

from datetime import datetime
from typing import Protocol


class Digests(Protocol):
    """Readers who chose the daily email."""

    async def digest_choices(self) -> frozenset[str]:
        """Return the usernames of those who chose it."""
        ...

    async def choose_digest(self, username: str, *, wants: bool, actor: str, at: datetime) -> bool:
        """Write a person's choice; False, and nothing written, when it was made before."""
        ...
