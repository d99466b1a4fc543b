"""Ledgers on a disk of the tests: opened and closed around a test, and looked into beside the port."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from gateway.store.ledger import SqliteLedger, open_ledger
from tests.fakes import ManualClock


@asynccontextmanager
async def opened(path: Path, *, read_only: bool = False, patience: float = 5.0) -> AsyncIterator[SqliteLedger]:
    """Open a ledger, and close it whatever happens."""
    ledger = await open_ledger(str(path), clock=ManualClock(), read_only=read_only, patience=patience)
    try:
        yield ledger
    finally:
        await ledger.close()


@contextmanager
def beside(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database as another program would."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    try:
        yield connection
    finally:
        connection.close()
