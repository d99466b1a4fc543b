"""Recover: at the start, every state that a stop can leave behind is put in order.

Owns the check-list of `docs/states.md`. Runs before any door opens, finds only what was left, and is safe to repeat
(Source: SPEC 11; DESIGN 1, idea 3).
"""

from gateway import log
from gateway.pipeline.foldernames import FolderNames
from gateway.pipeline.ingest import Ingest
from gateway.ports import Ledger, Spool


class Recover:
    """Puts in order what a stop left."""

    def __init__(self, *, spool: Spool, ledger: Ledger, ingest: Ingest, folder_names: FolderNames) -> None:
        """Take the parts."""
        self._spool = spool
        self._ledger = ledger
        self._ingest = ingest
        self._folder_names = folder_names

    async def pass_once(self) -> int:
        """Repair everything once; return how many things were found."""
        found = await self._uploads_under_way() + await self._folder_names.pass_once()
        ready = await self._spool.ready()
        self._ingest.suspect(ready)
        found += await self._ingest.pass_once()
        return found

    async def _uploads_under_way(self) -> int:
        """Nothing was promised for bytes under way: keep those that can be resumed, remove the rest."""
        resumable = {u.id for u in await self._ledger.unfinished()}
        lying = set(await self._spool.parked())
        for id in sorted(lying - resumable):
            await self._spool.drop_parked(id)
            log.recovered(state="incoming", id=id)
        for id in sorted(resumable - lying):
            await self._ledger.drop_unfinished(id)
            log.recovered(state="unfinished-without-bytes", id=id)
        return len(lying ^ resumable)
