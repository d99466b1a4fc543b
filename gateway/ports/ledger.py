"""All records together: the ledger.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Mapping
from typing import Protocol

from gateway.ports.digests import Digests
from gateway.ports.documents import Documents
from gateway.ports.files import Deliveries, Outbox, Submissions, Terms
from gateway.ports.keys import Keys
from gateway.ports.letters import Letters
from gateway.ports.people import People, Trail, Uploads
from gateway.ports.reports import Reports
from gateway.ports.requests import Requests
from gateway.ports.suspensions import Suspensions


class Ledger(
    Submissions,
    Documents,
    Deliveries,
    Outbox,
    Terms,
    People,
    Keys,
    Suspensions,
    Letters,
    Uploads,
    Requests,
    Digests,
    Reports,
    Trail,
    Protocol,
):
    """The truth. One per data folder; every method is one transaction; Transient while the database is busy."""

    async def counts(self) -> Mapping[str, int]:
        """Return sizes for `admin status`: files by status, drops and notices by state, oldest due."""
        ...

    async def change_counter(self) -> int:
        """Return a number that changes whenever anything was written, by this process or another."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go."""
        ...
