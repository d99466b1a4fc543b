"""What is told of documents: who reads it besides the headteachers, and what nobody opened.

Owns no behaviour (Source: SPEC 7, 10; DESIGN 2, 3).
"""

from datetime import datetime
from typing import Protocol

from gateway.core.documents import Addressed


class Digests(Protocol):
    """Readers who chose the daily email, and what is unread."""

    async def digest_choices(self) -> frozenset[str]:
        """Return the usernames of those who chose it."""
        ...

    async def choose_digest(self, username: str, *, wants: bool, actor: str, at: datetime) -> bool:
        """Write a person's choice; False, and nothing written, when it was made before."""
        ...

    async def unread_documents(self, *, after: datetime, upto: datetime) -> list[Addressed]:
        """Return what is shown and ends between two times, with those of its schools of which nobody opened it."""
        ...
