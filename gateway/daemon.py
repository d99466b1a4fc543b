"""The daemon: opens the doors of a house, runs its workers, and ends both in order.

Owns the life of the process: one a data folder, recovery before any door opens, `run/endpoints.json` while all listen,
a drain at SIGTERM, a reload at SIGHUP that changes nothing when anything is faulty (Source: SPEC 11, 13).
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway import log
from gateway.app import House, open_house
from gateway.doors import Doors
from gateway.errors import ConfigError, Fault, GatewayError
from gateway.pipeline.worker import Pass, Turn, run_worker
from gateway.settings import Settings
from gateway.store.lock import DataLock
from gateway.supervisor import Supervisor
from gateway.tables import Tables, read_deployment

GRACE = 20.0  # seconds in which transfers under way may be finished at a stop
SWITCH = 0.0005  # seconds a busy thread keeps the interpreter: Python's own 5 ms would pass at each read of a door
LAST_PASS = 5.0  # seconds for what came in meanwhile: a silent relay must not hold up a stop


async def serve(settings: Settings, tables: Tables, config: Path) -> None:
    """Run until SIGTERM or SIGINT. Raises ConfigError, Transient (another daemon) before any door is open."""
    sys.setswitchinterval(SWITCH)
    log.set_up(json=not sys.stderr.isatty())  # before anything is said: the library's own default shows what files hold
    make_data_folder(settings.storage.data)
    lock = DataLock(settings.storage.data)
    lock.take()
    try:
        async with open_house(settings, tables) as house:
            await Daemon(house, config).run()
    finally:
        lock.release()


def make_data_folder(data: Path) -> None:
    """Make it if it is not there; safe to repeat. Raises ConfigError when it can't be made."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        problem = f"the folder {data} can't be made: {error.strerror}; make it for the gateway's user (mode 0700)"
        raise ConfigError((Fault("gateway.toml", "[storage] data", problem),)) from error


class Daemon:
    """One house with its doors open."""

    def __init__(self, house: House, config: Path) -> None:
        """Take the house, and the file that a reload reads again."""
        self._house = house
        self._config = config
        self._doors = Doors(house)
        self._supervisor = Supervisor()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Recover, open, work, and close in order."""
        with self._signals():
            await self._house.recover.pass_once()
            self._load_what_is_slow()
            _set_apart_what_stays()
            async with self._doors_open(), asyncio.TaskGroup() as group:
                workers = [group.create_task(work) for work in self._work()]
                self._supervisor.ready(self._house.clock)
                await self._stop.wait()
                await self._close_doors()
                await self._finish()
                for worker in workers:
                    worker.cancel()
        log.stopped()

    def _load_what_is_slow(self) -> None:
        """Load what makes ids and lines before somebody at a door would wait for it."""
        self._house.clock.new_id()
        log.get_ready()

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        house, turns = self._house, self._house.turns
        table: list[tuple[str, Pass, Turn, float]] = [  # stage, worker, its wake-up, seconds between looks
            ("sealer", house.sealer, turns.sealer, 15.0),
            ("dismantler", house.dismantler, turns.dismantler, 15.0),
            ("ingest", house.ingest, turns.ingest, 1.0),  # a command's publication wakes nobody
            ("drop", house.dropper, turns.drop, 1.0),
            ("notify", house.notifier, turns.notify, 1.0),
            ("purge", house.purge, turns.purge, 15.0),
            ("collect", house.collect, turns.collect, 15.0),
            ("report", house.report, turns.report, 15.0),
            ("sweep", house.sweep, turns.sweep, 3600.0),
            ("remind", house.remind, turns.remind, 15.0),
            ("daily-email", house.daily_emails, turns.daily_emails, 15.0),
            ("unread", house.unread, turns.unread, 15.0),
            ("requests", house.requests, turns.requests, 15.0),
            ("renewals", house.renewals, turns.renewals, 15.0),
            ("set-aside", house.set_asides, turns.set_aside, 15.0),
            ("upkeep", house.upkeep, turns.upkeep, 15.0),
        ]
        workers = [run_worker(stage, worker, turn, every=every) for stage, worker, turn, every in table]
        return [*workers, house.directory.run(), self._supervisor.keep_alive(house.clock)]

    # Doors

    @asynccontextmanager
    async def _doors_open(self) -> AsyncIterator[None]:
        await self._doors.open()
        endpoints = _Endpoints(self._house.settings.storage.data)
        endpoints.write(self._doors.endpoints, ready_at=self._house.clock.now().isoformat())
        log.started(places=sum(map(len, self._doors.endpoints.values())), pid=os.getpid())
        try:
            yield
        finally:
            await self._doors.close(grace=0)
            endpoints.remove()

    async def _close_doors(self) -> None:
        self._supervisor.stopping()
        await self._doors.close(grace=GRACE)

    async def _finish(self) -> None:
        """Work off what came in while the doors closed; what can't be done now is found at the next start."""
        house = self._house
        with contextlib.suppress(GatewayError, ExceptionGroup, TimeoutError):
            async with asyncio.timeout(LAST_PASS):
                await house.ingest.pass_once()
                await house.dropper.pass_once()
                await house.notifier.pass_once()

    # Signals

    @contextlib.contextmanager
    def _signals(self) -> Any:
        loop = asyncio.get_running_loop()
        actions = {signal.SIGTERM: self._begin_stop, signal.SIGINT: self._begin_stop, signal.SIGHUP: self.reload}
        for number, action in actions.items():
            loop.add_signal_handler(number, action)
        try:
            yield
        finally:
            for number in actions:
                loop.remove_signal_handler(number)

    def _begin_stop(self) -> None:
        log.stopping(why="asked to")
        self._stop.set()

    def reload(self) -> None:
        """Read everything again; put it in force whole, or change nothing and say every fault."""
        self._supervisor.reloading(self._house.clock)
        try:
            settings, tables = read_deployment(self._config)
            reload_house = self._house.prepare(settings, tables)
            self._doors.reload(settings, tables)  # the last that refuses: a certificate that can't be used
            reload_house()
        except ConfigError as faulty:
            log.reload_refused(faults=[str(fault) for fault in faulty.faults])
        else:
            log.reloaded()
        self._supervisor.ready(self._house.clock)


def _set_apart_what_stays() -> None:
    """Let the collector look no more at what is there for good: a look at all of it holds up everybody for long."""
    gc.collect()
    gc.freeze()


class _Endpoints:
    """`run/endpoints.json`: where we listen, for programs and tests; there only while we do."""

    def __init__(self, data: Path) -> None:
        self._path = data / "run" / "endpoints.json"

    def write(self, places: Mapping[str, list[str]], *, ready_at: str) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        under_way = self._path.with_suffix(".new")
        under_way.write_text(json.dumps({**places, "pid": os.getpid(), "ready_at": ready_at}, indent=2) + "\n")
        under_way.replace(self._path)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
