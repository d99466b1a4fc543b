"""Sweep: what a stop left under a temporary name in a drop folder, of a drop that is not owed any more, is removed.

Owns the question whether it is owed: asked of the ledger after it was seen, so that a drop which begins meanwhile is
safe. A folder that is away is looked into the next time (Source: SPEC 11; docs/states.md).
"""

import asyncio

from gateway import log
from gateway.core.model import DropState
from gateway.core.routing import TargetKind
from gateway.errors import Transient
from gateway.pipeline.policy import LivePolicy
from gateway.ports import DropFolder, Ledger

_OVER = (DropState.DONE, DropState.WITHDRAWN)


class Sweep:
    """Looks into every drop folder; at a start and each hour is often enough."""

    def __init__(self, *, ledger: Ledger, folder: DropFolder, policy: LivePolicy) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._folder = folder
        self._policy = policy

    async def pass_once(self) -> int:
        """Remove what is owed no more; return how many."""
        services = self._policy.current.catalogue.services.values()
        folders = {t.path for service in services for t in service.targets if t.kind is TargetKind.FOLDER}
        return sum(await asyncio.gather(*(self._sweep(folder) for folder in sorted(folders))))

    async def _sweep(self, folder: str) -> int:
        try:
            found = await self._folder.under_way(folder)
            stray = [id for id in sorted(found) if not await self._is_owed(id)]
            return await self._folder.sweep(folder, ids=stray) if stray else 0
        except Transient as away:
            log.transient(stage="sweep", why=str(away))
            return 0

    async def _is_owed(self, id: str) -> bool:
        """Return whether this drop may yet be made or is being taken back; its id begins with that of its file."""
        drops = await self._ledger.drops(file="-".join(id.split("-")[:2]))
        return any(drop.id == id and drop.state not in _OVER for drop in drops)
