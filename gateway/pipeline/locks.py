"""Locks by name: two things of one name wait for each other, others don't.

Owns locks only while somebody holds or awaits them, so that their number grows with the work under way.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class _Shared:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class NamedLocks:
    """Hands out locks by any sortable name."""

    def __init__(self) -> None:
        """Start with none."""
        self._shared: dict[Hashable, _Shared] = {}

    @asynccontextmanager
    async def hold(self, names: Iterable[tuple[str, ...]]) -> AsyncIterator[None]:
        """Hold all of these, taken in one order, so that two holders never wait for each other in a ring."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                await stack.enter_async_context(self._one(name))
            yield

    @asynccontextmanager
    async def _one(self, name: Hashable) -> AsyncIterator[None]:
        shared = self._shared.setdefault(name, _Shared())
        shared.users += 1
        try:
            async with shared.lock:
                yield
        finally:
            shared.users -= 1
            if not shared.users:
                del self._shared[name]
