"""A house for tests of the dismantler: a spool, the processes beside it, and messages that never come to their end."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.core.contents import Unpacked
from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import Transient
from gateway.inbound.smtp.dismantle import Spooled, dismantle
from gateway.inbound.smtp.dismantler import AT_HAND, COUNT, Dismantler
from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.unpacker import MessageUnpacker
from gateway.store.disk import PosixDisk
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from tests.fakes import ManualClock
from tests.inbound.smtp.test_unpacker import LETTER
from tests.scenarios.daemons import CLOCK, until

LIMITS, PARTS = MessageLimits(), 7  # of the letter


@dataclass
class House:
    """A spool, the dismantler, and the unpacker that asks it."""

    root: Path
    threads: DiskThreads
    wakes: int = 0

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.dismantler = Dismantler(threads=self.threads, clock=self.clock, wake=self.woken)
        self.spool = DiskSpool(root=str(self.root / "spool"), disk=PosixDisk(), threads=self.threads, clock=self.clock)
        self.unpacker = self.another_unpacker()

    def another_unpacker(self) -> MessageUnpacker:
        return MessageUnpacker(
            spool=self.spool,
            disk=PosixDisk(),
            threads=self.threads,
            limits=LIMITS,
            elsewhere=self.dismantler.take_apart,
        )

    def woken(self) -> None:
        self.wakes += 1

    async def spooled(self, raw: bytes = LETTER) -> Envelope:
        intake = self.spool.begin()
        intake.write(raw)
        return await intake.seal(channel=Channel.EMAIL, username="h.ashdown", verified_by="dmarc leys.example")

    async def start(self) -> list[int]:
        """Have a process at work; return its number in a list. What was sent for that is taken apart."""
        await self.dismantler.pass_once()
        asked = await self.asked(await self.spooled())
        await self.dismantler.pass_once()
        await asked
        return self.processes()

    async def start_all(self) -> None:
        """Have as many processes at work as there may be: each has what it can take, and there is more."""
        await self.dismantler.pass_once()
        endless = [self.fifo() for _ in range(AT_HAND * (COUNT - 1))]
        flights = [self.dismantler.take_apart(one, LIMITS) for one in endless]
        asked = await self.asked(await self.spooled())
        for n in range(1, COUNT + 1):
            await self.dismantler.pass_once()
            await until(lambda n=n: self.at_hand() >= min(AT_HAND * n, len(endless)), "it has begun")
        await asked
        for one in endless:
            await asyncio.to_thread(Path(one.path).write_bytes, b"")
        await asyncio.gather(*filter(None, flights))

    def ask(self, envelope: Envelope) -> asyncio.Future[Unpacked]:
        return asyncio.ensure_future(self.unpacker.unpack(envelope))

    async def asked(self, envelope: Envelope) -> asyncio.Future[Unpacked]:
        """Ask, and see to it that the order is with a process, if one can take it."""
        asked = self.ask(envelope)
        await CLOCK.sleep(0)
        return asked

    def fifo(self, size: int = 1) -> Spooled:
        """Return a message that never comes to its end."""
        path = self.root / f"endless{len(list(self.root.iterdir()))}"
        os.mkfifo(path)
        return Spooled(str(path), size, str(self.root / "spool" / "parts" / f"{path.name}."))

    def endless(self, size: int = 1) -> asyncio.Future[Unpacked | None]:
        """Have a message taken apart that never comes to its end."""
        flight = self.dismantler.take_apart(self.fifo(size), LIMITS)
        assert flight is not None
        return flight

    async def killed(self) -> None:
        """Kill the one process, and let it be buried."""
        [number] = self.processes()
        os.kill(number, signal.SIGKILL)
        await until(lambda: not self.processes(), "it is gone")
        with pytest.raises(Transient, match="A process that takes messages apart ended"):
            await self.dismantler.pass_once()

    def at_hand(self) -> int:
        """Return how many orders are with processes."""
        return sum(len(line.orders) for line in self.dismantler._lines)

    def has_orders(self) -> int:
        """Return how many orders are under way or wait."""
        return len(self.dismantler._queue) + self.at_hand()

    def parts_of(self, envelope: Envelope) -> list[Path]:
        """Return the decoded parts of a message that are on the disk."""
        return list((self.root / "spool" / "parts").glob(f"*/{envelope.id}.*"))

    def processes(self) -> list[int]:
        """Return the processes that are ours, oldest first."""
        return [line._beside.child.pid for line in self.dismantler._lines if not line.is_over]

    async def by_ourselves(self, raw: bytes) -> Unpacked:
        """Return what our own threads find."""
        envelope = await self.spooled(raw)
        found = await self.threads.run(dismantle, self.spooled_as(envelope), PosixDisk(), LIMITS)
        await self.spool.forget(envelope.id)
        return found

    def spooled_as(self, envelope: Envelope) -> Spooled:
        return Spooled(self.spool.path(envelope.id), envelope.size, self.spool.parts(envelope.id))


@asynccontextmanager
async def house_in(folder: Path, threads: DiskThreads) -> AsyncIterator[House]:
    """Yield a house in which nothing has begun; at its end no process is left."""
    house = House(folder, threads)
    await house.spool.prepare()
    yield house
    numbers = house.processes()
    await house.dismantler.close()
    assert not any(Path(f"/proc/{number}").exists() for number in numbers)
