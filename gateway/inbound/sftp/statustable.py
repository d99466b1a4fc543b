"""`Status.csv`, made when somebody looks, and kept while nothing was written to the ledger.

Owns how many are kept: a listing must tell the size of a table of thousands of rows, and programs list again and again
(Source: SPEC 5).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from gateway.core.model import FileRecord
from gateway.core.pages import status_csv
from gateway.ports import Clock, Ledger

ROOM = 8 << 20  # bytes of tables that are kept, for everybody together

Key = tuple[str, ...]
Rows = Callable[[], Awaitable[Sequence[FileRecord]]]


@dataclass(frozen=True)
class Table:
    """One table as it was at a moment."""

    data: bytes
    at: datetime
    version: int  # of the ledger


class StatusTables:
    """The tables of everybody who looked lately."""

    def __init__(self, ledger: Ledger, clock: Clock, *, room: int = ROOM) -> None:
        """Start with none; `room` is in bytes."""
        self._ledger = ledger
        self._clock = clock
        self._room = room
        self._tables: OrderedDict[Key, Table] = OrderedDict()

    async def table(self, key: Key, rows: Rows, zone: tzinfo) -> Table:
        """Return the table of a key, whose rows are those."""
        version = await self._ledger.change_counter()  # before the rows: what is written meanwhile makes it old
        known = self._tables.get(key)
        if known is not None and known.version == version:
            self._tables.move_to_end(key)
            return known
        at = self._clock.now()
        # In a thread: a table of ten thousand rows is a tenth of a second, in which everybody else would wait.
        table = Table(await asyncio.to_thread(status_csv, await rows(), zone), at, version)
        self._keep(key, table)
        return table

    def _keep(self, key: Key, table: Table) -> None:
        self._tables[key] = table
        self._tables.move_to_end(key)
        while self._tables and sum(len(t.data) for t in self._tables.values()) > self._room:
            self._tables.popitem(last=False)
