"""Folder names: records of an earlier version, which wrote a folder's whole path, are put into the table's words.

Owns that this happens once, at the first start, so that a deployment can be moved afterwards; and what is meant when it
was moved before: the service's own folder of the same ending, if the old deployment is not there any more. A path that
may still be somewhere is left as it is: a copy that lies there is never called collected (Source: SPEC 6, 11).
"""

from collections.abc import Awaitable, Callable

from gateway import log
from gateway.core.routing import Target
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Ledger

MARK = "folders-named"  # set by a migration where there is nothing to put right


class FolderNames:
    """Puts them right."""

    def __init__(self, *, ledger: Ledger, policy: LivePolicy, is_there: Callable[[str], Awaitable[bool]]) -> None:
        """Take the parts; `is_there` says whether there is anything at a path."""
        self._ledger = ledger
        self._policy = policy
        self._is_there = is_there

    async def pass_once(self) -> int:
        """Put every record right, once for a ledger; return how many folders were named anew."""
        if await self._ledger.mark(MARK):
            return 0
        number = 0
        for service, name in await self._ledger.folder_paths():
            target = await self._meant(service, name)
            if target is not None and target.name != name:
                await self._ledger.rename_target(service=service, old=name, new=target.name)
                log.recovered(state="folder-named-by-its-path", id=service)
                number += 1
        await self._ledger.set_mark(MARK, "once")
        return number

    async def _meant(self, service: str, name: str) -> Target | None:
        catalogue = self._policy.current.catalogue
        known = catalogue.target(service, name)
        if known is not None:
            return known
        found, base = catalogue.moved(service, name)
        return None if found is None or await self._is_there(base) else found
