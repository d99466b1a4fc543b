"""The books of a gateway without its rooms: settings, tables, ledger and spool, for who only looks something up.

Owns their opening and closing, and makes nothing else: a listing that built a whole house would take twice as long to
start. Whoever changes something opens a house, which is `app` (Source: DESIGN 5).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.clock import SystemClock
from gateway.ports import Clock, Ledger, Spool
from gateway.settings import Settings
from gateway.store.disk import PosixDisk
from gateway.store.ledger import open_ledger
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from gateway.tables import Tables


@dataclass(frozen=True)
class Books:
    """What can be looked up; a house has it too."""

    settings: Settings
    tables: Tables
    clock: Clock
    ledger: Ledger
    spool: Spool


@asynccontextmanager
async def open_books(settings: Settings, tables: Tables) -> AsyncIterator[Books]:
    """Open the ledger of a data folder that is there, and close it at the end."""
    clock, threads, data = SystemClock(), DiskThreads("disk"), settings.storage.data
    spool = DiskSpool(root=str(data / "spool"), disk=PosixDisk(), threads=threads, clock=clock)
    ledger = await open_ledger(str(data / "ledger.db"), clock=clock)
    try:
        await spool.prepare()
        yield Books(settings, tables, clock, ledger, spool)
    finally:
        await ledger.close()
        threads.close()
