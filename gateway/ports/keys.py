"""What is known of people's keys, as the use-cases need it kept.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from datetime import datetime
from typing import Protocol

from gateway.core.publickeys import KeyFact


class Keys(Protocol):
    """Facts beside the keys of accounts; a key's first and last appearance are written with the account itself."""

    async def key_facts(self, username: str | None = None) -> list[KeyFact]:
        """Return what is known of the keys of one account, or of all, the oldest key first."""
        ...

    async def note_key_use(self, username: str, fingerprint: str, *, at: datetime) -> None:
        """Write that a key opened the door; harmless for one that is gone."""
        ...
