"""What every part of the ledger works with: the crew that writes, the crew that reads, and the clock.

Owns nothing but these three. A ledger that was opened to look has no crew that writes, and says so.
"""

from gateway.errors import Permanent
from gateway.ports import Clock
from gateway.store.engine.crew import Crew, T, Work


class Desk:
    """The base of the parts; `whole.SqliteLedger` is all of them."""

    def __init__(self, *, writer: Crew | None, readers: Crew, clock: Clock) -> None:
        """Take the crews, which `close` will end."""
        self._writer = writer
        self._readers = readers
        self._clock = clock

    async def _read(self, work: Work[T]) -> T:
        return await self._readers.do(work)

    async def _write(self, work: Work[T]) -> T:
        if self._writer is None:
            raise Permanent("The ledger was opened to look only, so nothing can be written.")
        return await self._writer.do(work)
