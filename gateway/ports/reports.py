"""Counts over many records, for reports.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from typing import Protocol

from gateway.core.model import FileQuery
from gateway.core.tallies import Tally


class Reports(Protocol):
    """What is counted."""

    async def tallies(self, query: FileQuery) -> list[Tally]:
        """Return how many files of a query have school, service, status, reason and channel in common."""
        ...
