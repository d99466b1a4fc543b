"""The real daemon with a meter on its event loop: `python -m tests.bench.metered FILE -c gateway.toml run`.

Writes the longest stall (seconds by which a sleeper woke too late) to FILE whenever it grows.
"""

import asyncio
import sys
import threading
from pathlib import Path

from gateway import daemon
from gateway.cli.root import root

TICK = 0.005  # seconds


async def watch(file: Path) -> None:
    loop = asyncio.get_running_loop()
    longest = 0.0
    await asyncio.sleep(1.0)  # noqa: TID251  # the start itself is not measured
    while True:
        before = loop.time()
        await asyncio.sleep(TICK)  # noqa: TID251
        stall = loop.time() - before - TICK
        if stall > longest:
            longest = stall
            threading.Thread(target=file.write_text, args=(f"{longest:.4f}",)).start()


def main() -> None:
    file = Path(sys.argv.pop(1))
    serve = daemon.serve

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
