"""The real clock: the one place that asks the time, sleeps, or makes ids."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Time of this host, in UTC."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)  # noqa: TID251

    def new_id(self) -> str:
        """Return a new id: 26 characters, lower case, sorting by time."""
        from ulid import ULID  # looks up its own version when it is loaded: commands that make no id need not wait

        return str(ULID()).lower()
