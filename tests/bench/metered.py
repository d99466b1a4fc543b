"""The real daemon with a meter on its event loop: `python -m tests.bench.metered FILE -c gateway.toml run`.

Writes the longest stall (seconds by which a sleeper woke too late) to FILE whenever it grows, and behind it the longest
one without the time in which the host had no processor free for the loop (/proc/…/schedstat): on a busy machine the
first says more of the machine, the second of us.
"""

import asyncio
import os
import sys
import threading
from pathlib import Path

from gateway import daemon
from gateway.cli.root import root
from gateway.inbound.sftp.door import Slowing

TICK = 0.005  # seconds


async def watch(file: Path) -> None:
    loop = asyncio.get_running_loop()
    schedule = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
    longest, own = 0.0, 0.0
    await asyncio.sleep(1.0)  # noqa: TID251  # the start itself is not measured
    queued = waited(schedule)
    while True:
        before = loop.time()
        await asyncio.sleep(TICK)  # noqa: TID251
        stall, was_queued = loop.time() - before - TICK, queued
        queued = waited(schedule)
        if stall > min(longest, own):
            without = stall - (queued - was_queued)
            if stall > longest or without > own:
                longest, own = max(stall, longest), max(without, own)
                threading.Thread(target=file.write_text, args=(f"{longest:.4f} {own:.4f}",)).start()


def waited(schedule: int) -> float:
    """Seconds in which the loop's thread could have run and had no processor."""
    return int(os.pread(schedule, 100, 0).split()[1]) / 1e9


def main() -> None:
    file = Path(sys.argv.pop(1))
    serve = daemon.serve
    Slowing.LONGEST = 0.0  # what a guesser could learn is measured without the wait that comes after each guess

    async def metered(*args, **kwargs):
        task = asyncio.create_task(watch(file))
        try:
            await serve(*args, **kwargs)
        finally:
            task.cancel()

    daemon.serve = metered
    root()


if __name__ == "__main__":
    main()
