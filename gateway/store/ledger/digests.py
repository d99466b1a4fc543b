"""Who chose the daily email.

Owns the port `Digests` (Source: SPEC 7).
"""

from datetime import datetime
from functools import partial

from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.trail import Entry, append


class DigestBook(Desk):
    """The port `Digests`."""

    async def digest_choices(self) -> frozenset[str]:
        """Return the usernames of those who chose it."""
        return await self._read(lambda tx: frozenset(username for (username,) in tx.rows("digest_choices")))

    async def choose_digest(self, username: str, *, wants: bool, actor: str, at: datetime) -> bool:
        """Write a person's choice; False, and nothing written, when it was made before."""
        return await self._write(partial(_choose, username=username.casefold(), wants=wants, actor=actor, at=at))


def _choose(tx: Transaction, username: str, wants: bool, actor: str, at: datetime) -> bool:
    query = "choose_digest" if wants else "leave_digest"
    if not tx.change(query, {"username": username, "at": stamp(at)}):
        return False
    append(tx, Entry(at, actor, "daily-email", username, {"wants": wants}))
    return True
