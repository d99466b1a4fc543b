"""SFTP, many people at once, and what a guesser could learn from how long an answer takes."""

import asyncio
import os
import statistics
import time
from pathlib import Path

import asyncssh

from tests.bench.contenders import Server

MB = 1_000_000


def connect(server: Server, username: str = "bench", **options: object):
    return asyncssh.connect(
        "127.0.0.1",
        server.ports["sftp"],
        username=username,
        known_hosts=None,
        config=None,
        agent_path=None,
        login_timeout=60,
        encryption_algs=["aes128-gcm@openssh.com"],
        **options,
    )


def all_at_once(server: Server, folder: Path, *, count: int, size: int = MB) -> dict[str, float]:
    """Hold so many sessions open at once, and let each send a file, fetch what it sent, and list; count the errors."""
    file = folder / "crowd.csv"
    file.write_bytes(os.urandom(size))
    start = time.perf_counter()
    errors = asyncio.run(_all_at_once(server, file, count=count))
    return {"seconds": time.perf_counter() - start, "errors": errors}


async def _all_at_once(server: Server, file: Path, *, count: int) -> int:
    gate, everybody = asyncio.Semaphore(20), asyncio.Barrier(count)  # a door lets in so many before their login

    async def one(number: int) -> None:
        async with gate:
            connection = await connect(server, client_keys=[server.extra["key"]])
        async with connection:
            await everybody.wait()
            async with connection.start_sftp_client() as sftp:
                name = f"8302000_INFOcrowd{number}.csv"
                await sftp.put(str(file), f"Send Files/{name}")
                await sftp.stat(f"Send Files/{name}")
                await sftp.listdir("Send Files")

    ended = await asyncio.gather(*(one(number) for number in range(count)), return_exceptions=True)
    for fault in {repr(e) for e in ended if e is not None}:
        print(f"    {fault}", flush=True)
    return sum(e is not None for e in ended)


def guesses(server: Server, *, count: int) -> dict[str, float]:
    """Guess passwords of an account that is there and of one that isn't, in turn: milliseconds at the median."""
    took = asyncio.run(_guesses(server, count=count))
    there, nobody = (statistics.median(took[name]) for name in ("bench", "nobody.here"))
    spread = statistics.stdev(took["bench"])
    return {"there": there, "not there": nobody, "difference": there - nobody, "standard deviation": spread}


async def _guesses(server: Server, *, count: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {"bench": [], "nobody.here": []}
    for number in range(count):
        for name, times in took.items():
            start = time.perf_counter()
            try:
                async with connect(server, name, password=f"Wrong-guess-{number}", client_keys=None):
                    raise SystemExit("a wrong password opened the door")
            except asyncssh.PermissionDenied:
                times.append((time.perf_counter() - start) * 1000)
    return took
