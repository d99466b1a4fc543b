"""One place makes objects: the whole gateway, put together by plain constructor calls.

Owns the order in which the rooms of a house are built, and what a reload replaces in it; each part of it is a file of
`rooms`, and what settings become is `parameters`. The daemon, the commands and the scenario tests all call it; opening
a house opens the ledger and makes the data folder, and no door (DESIGN 1).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.clock import SystemClock
from gateway.live import Live, LiveCourier
from gateway.parameters import hasher_of, policy_of
from gateway.ports import Clock, Courier, Disk
from gateway.rooms.arrivals import ArrivalRooms, build_arrival_rooms
from gateway.rooms.decisions import DecisionRooms, build_decision_rooms
from gateway.rooms.departures import DepartureRooms, build_departure_rooms
from gateway.rooms.documents import DocumentRooms, build_document_rooms
from gateway.rooms.ground import Ground, Opened, lay_ground
from gateway.rooms.notices import NoticeRooms, build_notice_rooms
from gateway.rooms.people import PeopleRooms, build_people_rooms
from gateway.settings import Settings
from gateway.store.disk import PosixDisk
from gateway.store.ledger import open_ledger
from gateway.store.shares import ShareThreads
from gateway.store.threads import DiskThreads
from gateway.tables import Tables


@dataclass(frozen=True)
class House(ArrivalRooms, DepartureRooms, DecisionRooms, DocumentRooms, NoticeRooms, PeopleRooms, Ground):
    """The gateway without its doors: what commands use, and what the daemon opens doors to."""

    live: Live

    def prepare(self, settings: Settings, tables: Tables) -> Callable[[], None]:
        """Return what puts new rules in force, all at once. Raises ConfigError, and changes nothing yet."""
        put_in_force = self.live.prepare(settings)

        def reload() -> None:
            put_in_force()
            self.policy.current = policy_of(settings, tables)
            self.templates.current = tables.templates

        return reload


@asynccontextmanager
async def open_house(
    settings: Settings,
    tables: Tables,
    *,
    clock: Clock | None = None,
    disk: Disk | None = None,
    courier: Courier | None = None,
) -> AsyncIterator[House]:
    """Open the ledger and put everything together; close it all at the end."""
    clock, disk = clock or SystemClock(), disk or PosixDisk()
    courier = courier or LiveCourier(settings, clock)
    data = settings.storage.data
    disk.make_folder(str(data))
    own, shares, hasher = DiskThreads("disk"), ShareThreads(), hasher_of(settings)
    ledger = await open_ledger(str(data / "ledger.db"), clock=clock)
    try:
        house = build(settings, tables, Opened(clock, disk, courier, ledger, hasher, own, shares))
        await house.spool.prepare()
        await house.archive.prepare()
        await house.directory.pass_once()
        try:
            yield house
        finally:
            await house.sealer.close()
            await house.dismantler.close()
            await house.dropper.close()
    finally:
        await ledger.close()
        hasher.close()
        shares.close()
        own.close()


def build(settings: Settings, tables: Tables, opened: Opened) -> House:
    """Make every object; opens nothing and does nothing."""
    ground = lay_ground(settings, tables, opened)
    people = build_people_rooms(ground)
    deciding = build_decision_rooms(ground)
    documents = build_document_rooms(ground)
    notices = build_notice_rooms(ground, people=people, deciding=deciding)
    arrivals = build_arrival_rooms(ground, publish=documents.publish, reply=notices.reply)
    departures = build_departure_rooms(ground, deciding=deciding)
    parts = (ground, people, deciding, documents, notices, arrivals, departures)
    rooms = {name: room for part in parts for name, room in vars(part).items()}
    live = Live(
        ground.in_force, people.login, ground.inspect, ground.unpacker, ground.courier, ground.own, ground.clock
    )
    return House(**rooms, live=live)
