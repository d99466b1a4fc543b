"""The real daemon with a meter: `python -m tests.bench.metered stalls|rates FILE -c gateway.toml run`.

With `stalls` it writes the longest stall (seconds by which a sleeper woke too late) to FILE as it grows; behind it
the longest one without the time in which the host had no processor free for the loop (/proc/…/schedstat), and the most
processor time of one turn of the loop: on a busy machine the first says more of the machine, the others of us. That
takes a tenth of what the loop does for a small message, so with `rates` it is left out. With both, FILE.apart (eight
bytes) says how many messages have been taken apart.
"""

import asyncio
import itertools
import mmap
import os
import selectors
import sys
import threading
import time
from pathlib import Path

import gateway.loop
from gateway import daemon
from gateway.cli.root import root
from gateway.inbound.sftp.door import Slowing
from gateway.inbound.smtp import unpacker
from gateway.inbound.smtp.dismantler import Dismantler

TICK = 0.005  # seconds


class Turns(gateway.loop.FewAtOnce):
    """The daemon's own selector, which sees each turn begin and end."""

    longest = 0.0  # seconds of processor time
    _began = float("inf")

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        Turns.longest = max(Turns.longest, time.thread_time() - self._began)
        found = super().select(timeout)
        self._began = time.thread_time()
        return found


async def watch(file: Path) -> None:
    loop = asyncio.get_running_loop()
    schedule = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
    longest, own, turn = 0.0, 0.0, 0.0
    await asyncio.sleep(1.0)  # noqa: TID251  # the start itself is not measured
    queued, Turns.longest = waited(schedule), 0.0
    while True:
        before = loop.time()
        await asyncio.sleep(TICK)  # noqa: TID251
        stall, was_queued = loop.time() - before - TICK, queued
        queued = waited(schedule)
        found = max(longest, stall), max(own, stall - (queued - was_queued)), Turns.longest
        if found != (longest, own, turn):
            longest, own, turn = found
            text = " ".join(f"{seconds:.4f}" for seconds in found)
            threading.Thread(target=file.write_text, args=(text,)).start()


def waited(schedule: int) -> float:
    """Seconds in which the loop's thread could have run and had no processor."""
    return int(os.pread(schedule, 100, 0).split()[1]) / 1e9


def count_what_is_taken_apart(file: Path) -> None:
    """Count each message when its parts are extracted and digested, here or in a process beside us."""
    file.write_bytes(bytes(8))
    with file.open("r+b") as both:
        counter = mmap.mmap(both.fileno(), 8)
    lock, found = threading.Lock(), itertools.count(1)
    dismantle, ask = unpacker.dismantle, Dismantler.take_apart

    def one_more() -> None:
        with lock:
            counter[:] = next(found).to_bytes(8)

    def counted(*args):
        unpacked = dismantle(*args)
        one_more()
        return unpacked

    def asked(*args):
        flight = ask(*args)
        if flight is not None:
            flight.add_done_callback(
                lambda done: done.cancelled() or done.exception() or not done.result() or one_more()
            )
        return flight

    unpacker.dismantle, Dismantler.take_apart = counted, asked


def watch_the_loop(file: Path) -> None:
    """Measure from its start how long the loop keeps others waiting."""
    serve = daemon.serve
    gateway.loop.FewAtOnce = Turns

    async def metered(*args, **kwargs):
        task = asyncio.create_task(watch(file))
        try:
            await serve(*args, **kwargs)
        finally:
            task.cancel()

    daemon.serve = metered


def main() -> None:
    what, file = sys.argv.pop(1), Path(sys.argv.pop(1))
    count_what_is_taken_apart(file.with_suffix(".apart"))
    if what == "stalls":
        watch_the_loop(file)
    Slowing.LONGEST = 0.0  # what a guesser could learn is measured without the wait that comes after each guess
    root()


if __name__ == "__main__":
    main()
