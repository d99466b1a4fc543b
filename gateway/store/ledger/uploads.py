"""Uploads that are not finished, and small marks that survive a restart.

Owns the port `Uploads` and the marks of `Trail`. Neither is part of the audit trail: they are gone or replaced in a day
(Source: SPEC 5, 7).
"""

from gateway.core.model import Unfinished
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import UNFINISHED


class UploadBook(Desk):
    """Bytes under way, by person; values by name."""

    async def put_unfinished(self, upload: Unfinished) -> None:
        """Add or replace by its id."""
        await self._write(lambda tx: tx.change("put_unfinished", UNFINISHED.values(upload)))

    async def drop_unfinished(self, id: str) -> None:
        """Remove; safe to repeat."""
        await self._write(lambda tx: tx.change("drop_unfinished", {"id": id}))

    async def unfinished(self, username: str | None = None) -> list[Unfinished]:
        """Return unfinished uploads, of one person or all, oldest first."""
        values = {} if username is None else {"username": username}
        return await self._read(lambda tx: [UNFINISHED.of(row) for row in tx.listing("unfinished", values)])

    async def mark(self, name: str) -> str | None:
        """Return a small value that was set."""
        row = await self._read(lambda tx: tx.row("mark", {"name": name}))
        return str(row[0]) if row else None

    async def set_mark(self, name: str, value: str) -> None:
        """Set a small value."""
        await self._write(lambda tx: tx.change("set_mark", {"name": name, "value": value}))
