"""What is told of documents: who chose the daily email, and what nobody opened.

Owns the port `Digests` (Source: SPEC 7).
"""

from datetime import datetime
from functools import partial

from gateway.core.documents import Addressed
from gateway.store.engine.connection import Row, Transaction
from gateway.store.engine.rows import stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import DOCUMENT
from gateway.store.ledger.trail import Entry, append


class DigestBook(Desk):
    """The port `Digests`."""

    async def digest_choices(self) -> frozenset[str]:
        """Return the usernames of those who chose it."""
        return await self._read(lambda tx: frozenset(username for (username,) in tx.rows("digest_choices")))

    async def choose_digest(self, username: str, *, wants: bool, actor: str, at: datetime) -> bool:
        """Write a person's choice; False, and nothing written, when it was made before."""
        return await self._write(partial(_choose, username=username.casefold(), wants=wants, actor=actor, at=at))

    async def unread_documents(self, *, after: datetime, upto: datetime) -> list[Addressed]:
        """Return what is shown and ends between two times, with those of its schools of which nobody opened it."""
        values = {"after": stamp(after), "upto": stamp(upto)}
        rows = await self._read(lambda tx: tx.rows("unread_documents", values))
        found: dict[str, tuple[Row, list[str]]] = {}
        for school, *row in rows:
            found.setdefault(row[0], (tuple(row), []))[1].append(school)
        return [Addressed(DOCUMENT.of(row), tuple(schools)) for row, schools in found.values()]


def _choose(tx: Transaction, username: str, wants: bool, actor: str, at: datetime) -> bool:
    query = "choose_digest" if wants else "leave_digest"
    if not tx.change(query, {"username": username, "at": stamp(at)}):
        return False
    append(tx, Entry(at, actor, "daily-email", username, {"wants": wants}))
    return True
