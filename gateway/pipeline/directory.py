"""The register in memory, kept fresh: who is who, asked without waiting.

Owns the snapshot and tells listeners when it changed, so that a revoked account's session ends within seconds
(Source: SPEC 9). It writes nothing.
"""

import asyncio
from collections.abc import Callable

from gateway import log
from gateway.core.register import Directory
from gateway.errors import Transient
from gateway.ports import Clock, Ledger

Listener = Callable[[Directory], None]


class LiveDirectory:
    """The latest register, and who wants to know of a new one."""

    def __init__(self, ledger: Ledger, clock: Clock, *, every: float = 1.0) -> None:
        """Ask the ledger's version every so many seconds; the register itself only when it changed."""
        self._ledger = ledger
        self._clock = clock
        self._every = every
        self._version = -1
        self._pass = asyncio.Lock()  # of two at once, the slower could put back what the faster had replaced
        self._listeners: list[Listener] = []
        self.current = Directory()

    def on_change(self, listener: Listener) -> None:
        """Call a listener with each new register."""
        self._listeners.append(listener)

    async def directory(self) -> Directory:
        """Return the register as it stands; never waits."""
        return self.current

    async def pass_once(self) -> int:
        """Load the register if it changed; return 1 if it did."""
        async with self._pass:
            version = await self._ledger.directory_version()
            if version == self._version:
                return 0
            self.current = await self._ledger.directory()
            self._version = version
        for listener in self._listeners:
            listener(self.current)
        return 1

    async def fresh(self) -> Directory:
        """Return the register as it is this moment; while the ledger is busy, as it was last."""
        try:
            await self.pass_once()
        except Transient as busy:
            log.transient(stage="directory", why=str(busy))
        return self.current

    async def run(self) -> None:
        """Keep the register fresh, for ever."""
        while True:
            await self.fresh()
            await self._clock.sleep(self._every)
