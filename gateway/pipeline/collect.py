"""Collect: a look into the folders where we drop, for what their services took.

Owns the conclusion that a file which is gone from its folder was received. It looks once at each folder, and costs what
lies there: files that wait, not files that ever were. A folder that is away says nothing (Source: SPEC 6).
"""

import asyncio
from collections.abc import Sequence
from itertools import groupby

from gateway import log
from gateway.core.model import Drop, FileRecord
from gateway.errors import Transient
from gateway.pipeline.withdraw import Withdraw
from gateway.ports import DropFolder, Ledger

Lying = tuple[Drop, FileRecord]


class Collect:
    """Looks for what was collected."""

    def __init__(self, *, ledger: Ledger, folder: DropFolder, withdraw: Withdraw) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._folder = folder
        self._withdraw = withdraw

    async def pass_once(self) -> int:
        """Look into each folder where something should lie; return how many files were collected."""
        lying = await self._ledger.lying_drops()
        by_target = [list(drops) for _, drops in groupby(lying, key=lambda pair: pair[0].target)]
        return sum(await asyncio.gather(*(self._look(drops) for drops in by_target)))  # none waits for a silent share

    async def _look(self, lying: Sequence[Lying]) -> int:
        """Look into one folder. Nothing is concluded of a folder that is away."""
        try:
            names = await self._folder.names(self._withdraw.folder_of(lying[0][0]))
        except Transient as away:
            log.transient(stage="collect", why=str(away))
            return 0
        return sum([await self._withdraw.note_collected(drop, file) for drop, file in gone_from(names, lying)])


def gone_from(names: frozenset[str], lying: Sequence[Lying]) -> list[Lying]:
    """Return what no longer lies among these names; the drops come last one first.

    A name can be given again once it is free: then only the last drop of it lies there.
    """
    seen: set[str] = set()
    gone: list[Lying] = []
    for drop, file in lying:
        name = drop.placed_as
        if name is None or name not in names or name in seen:
            gone.append((drop, file))
        else:
            seen.add(name)
    return gone
