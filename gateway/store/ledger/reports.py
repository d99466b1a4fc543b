"""Counts over many records, for reports.

Owns the port `Reports`; what they say is `core.tallies` (Source: SPEC 13).
"""

from gateway.core.model import FileQuery
from gateway.core.tallies import Tally
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import CHANNEL, STATUS, TIME, Shape
from gateway.store.ledger.submissions import conditions_of

TALLY = Shape(Tally, {"status": STATUS, "channel": CHANNEL, "first_at": TIME, "last_at": TIME})


class ReportBook(Desk):
    """The port `Reports`."""

    async def tallies(self, query: FileQuery) -> list[Tally]:
        """Return how many files of a query have school, service, status, reason and channel in common."""
        values = conditions_of(query)
        return await self._read(
            lambda tx: [TALLY.of(r) for r in tx.listing("files", values, order="tallies", columns="tallies")]
        )
