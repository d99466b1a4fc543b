"""What is known of people's keys: since when, by whom, and last used when.

Owns the port `Keys`, and what becomes of these facts when an account's keys change: the first appearance of a key is
kept, and with the key its facts go (Source: SPEC 9).
"""

from collections.abc import Iterable
from datetime import datetime

from gateway.core.publickeys import KeyFact, key_of
from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import TIME, Shape

_FACT = Shape(KeyFact, {"added_at": TIME, "last_used_at": TIME})


class KeyBook(Desk):
    """Facts beside the keys of accounts."""

    async def key_facts(self, username: str | None = None) -> list[KeyFact]:
        """Return what is known of the keys of one account, or of all, the oldest key first."""
        values = {} if username is None else {"username": username.casefold()}
        return await self._read(lambda tx: [_FACT.of(row) for row in tx.listing("key_facts", values)])

    async def note_key_use(self, username: str, fingerprint: str, *, at: datetime) -> None:
        """Write that a key opened the door; harmless for one that is gone."""
        values = {"username": username.casefold(), "fingerprint": fingerprint, "at": stamp(at)}
        await self._write(lambda tx: tx.change("put_key_use", values))


def settle_keys(tx: Transaction, username: str, lines: Iterable[str], *, actor: str, at: datetime) -> None:
    """Write the facts of an account's keys as they are now, in the transaction that changes them."""
    now = {key_of(line).fingerprint for line in lines}
    before = {str(row[1]) for row in tx.listing("key_facts", {"username": username})}
    for fingerprint in before - now:
        tx.change("forget_key_fact", {"username": username, "fingerprint": fingerprint})
    for fingerprint in sorted(now - before):
        values = {"username": username, "fingerprint": fingerprint, "actor": actor, "at": stamp(at)}
        tx.change("insert_key_fact", values)
