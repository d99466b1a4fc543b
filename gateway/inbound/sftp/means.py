"""What a portal acts through, the same for everybody, and how much of it one session may use.

Owns no rule (Source: SPEC 5; DESIGN 1, idea 5).
"""

from dataclasses import dataclass, field

from gateway.inbound.sftp.downloads import Readings
from gateway.pipeline.decisions import Decisions
from gateway.pipeline.people.keys import Keys
from gateway.pipeline.receive import Receive
from gateway.ports import Archive, Clock, Spool

LOOK_AGAIN = 1.0  # seconds for which the free space of the disk is believed


@dataclass(frozen=True)
class Shares:
    """How much of us one person may use; each a key of `[sftp]` or `[storage]`."""

    recalls_a_minute: int = 20  # a session
    unfinished: int = 100  # uploads of an account that wait to be taken up again
    keep_free_bytes: int = 1 << 30  # of the disk: with less, no upload is begun


class FreeSpace:
    """The free bytes of the disk that takes uploads, asked once a second however many uploads begin."""

    def __init__(self, spool: Spool, clock: Clock) -> None:
        """Ask this spool."""
        self._spool = spool
        self._clock = clock
        self._known: tuple[float, int] | None = None

    async def free_bytes(self) -> int:
        """Return what is free."""
        now = self._clock.monotonic()
        if self._known is None or now - self._known[0] >= LOOK_AGAIN:
            self._known = (now, await self._spool.free_bytes())
        return self._known[1]


@dataclass(frozen=True)
class Doors:
    """The use-cases and the disk, as portals reach them."""

    receive: Receive
    keys: Keys
    decisions: Decisions
    spool: Spool
    archive: Archive
    space: FreeSpace
    readings: Readings = field(default_factory=Readings)
