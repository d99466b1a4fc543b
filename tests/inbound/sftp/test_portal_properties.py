"""Any sequence of requests, by several people at once: nothing raises, nothing gets out, nobody sees too much.

Each session is the whole of ours but SSH: packets go in, packets come out. What a person may see is decided here a
second time, from the records alone.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.clock import SystemClock
from gateway.core.model import FileQuery, FileRecord, Status
from gateway.core.register import Role
from gateway.inbound.sftp.flow import Limits
from gateway.inbound.sftp.rooms import Leaf, Stored
from gateway.inbound.sftp.session import PortalSession, SessionLimits
from tests.inbound.sftp import wire
from tests.inbound.sftp.person import BEATRIX, DORA, JONAS, NADIA, PDF, SAMIR, YUSUF, Person
from tests.scenarios.harness import Scene, copy_of, lay_out_sample, scene_in

PEOPLE = (SAMIR, JONAS, YUSUF, DORA, NADIA, BEATRIX)
NAMES = (
    "8302000_SENplan20261120.pdf", "8302000_SENplan20261120.pdf.part", "8302000_SAFEconcern20261120.pdf",
    "8304053_SENplan20261120.pdf", "8304053_SAFEconcern20261120.pdf", "8304053_SAFEconcern20261120.pdf.filepart",
    "8302117_SENplan20261120.pdf", "8302118_FINbill20261120.pdf", "8302000_SENDplan20261120.pdf", "plan.exe",
    ".in.x", ".DS_Store", "..", ".", "", "\udcff", "a\0b", "x" * 300, "8302000_SENplan20261120.pdf [wrong pupil]",
    "8302000_SENplan20261120.pdf.reason.txt", "../../../../tmp/escaped", "%2e%2e", "con", "Status.csv",
)  # fmt: skip
FOLDERS = (
    "/", "/Send Files", "/Sent Files", "/Sent Files/2026-11", "/Rejected Files", "/Rejected Files/2026-11", "/SEN",
    "/SEN/Inbox", "/SEN/Rejected", "/SEN/Not Ours/FIN", "/SEN/Not Ours/SAFE", "/SAFE/Inbox", "/SAFE/Not Ours/SEN",
    "/8302117 Fernhollow Infant School/Send Files", "/nowhere", "//", "/Send Files/..",
)  # fmt: skip
OURS = "Something went wrong in the gateway"
WAIT = 5  # seconds in which a request must be answered

Step = tuple[int, int, int, int, int]  # who, what, and three numbers that choose


class MemoryChannel:
    """asyncssh's channel, as far as a session uses it; keeps what was sent."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_closed = True

    def exit(self, status: int) -> None:
        assert status == 0
        self.is_closed = True

    def get_extra_info(self, name: str) -> None: ...

    def set_encoding(self, encoding: None) -> None: ...

    def set_write_buffer_limits(self, high: int) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@dataclass
class Client:
    """One session of one person."""

    person: Person
    session: PortalSession
    channel: MemoryChannel = field(default_factory=MemoryChannel)
    handles: list[int] = field(default_factory=list)
    known: list[str] = field(default_factory=list)  # paths that were listed
    asked: int = 0

    async def ask(self, kind: int, *fields: bytes) -> wire.Answer:
        """Ask, and return the one answer."""
        self.asked += 1
        self.session.data_received(wire.packet(kind, self.asked, *fields), None)
        async with asyncio.timeout(WAIT):
            while not (answers := wire.answers_in(bytes(self.channel.sent))):
                await SystemClock().sleep(0)
        self.channel.sent.clear()
        (answer,) = answers
        assert answer.id == self.asked
        assert answer.kind != wire.STATUS or OURS not in answer.sentence
        return answer


@dataclass
class World:
    """A scene, the people in it, and what they do."""

    scene: Scene
    clients: list[Client]

    async def begin(self) -> None:
        """Let there be something for everybody to see, and not to see."""
        rooms = {DORA: f"/{(await self.clients[PEOPLE.index(DORA)].person.ls())[0]}"}
        for client in self.clients:
            for name in NAMES[:9]:
                await client.person.put(name, folder=f"{rooms.get(client.person.username, '')}/Send Files")
        await self.scene.idle()
        await self.check()

    async def do(self, step: Step) -> None:
        who, what, *numbers = step
        client = self.clients[who % len(self.clients)]
        await ACTIONS[what % len(ACTIONS)](self, client, *numbers)

    def path(self, client: Client, number: int) -> bytes:
        """Choose a path: one that was listed, or any other."""
        if client.known and number % 3:
            return client.known[number % len(client.known)].encode("utf-8", "surrogateescape")
        folder, name = FOLDERS[number % len(FOLDERS)], NAMES[number // 7 % len(NAMES)]
        return f"{folder}/{name}".encode("utf-8", "surrogateescape")

    # What a client can ask

    async def put(self, client: Client, number: int, size: int, flags: int) -> None:
        home = "/8302117 Fernhollow Infant School" if client.person.username == DORA else ""
        path = f"{home}/Send Files/{NAMES[number % len(NAMES)]}".encode("utf-8", "surrogateescape")
        answer = await client.ask(
            wire.OPEN, wire.string(path), wire.u32((wire.PUT, 0x0A, 0x0E, 0x2A)[flags % 4]), wire.NO_ATTRIBUTES
        )
        if answer.kind != wire.HANDLE:
            return
        data = PDF if size % 3 else PDF[: size % len(PDF)] + b" "
        handle = wire.string(wire.u32(answer.handle))
        await client.ask(wire.WRITE, handle, wire.u64(0), wire.string(data))
        if size % 5:
            await client.ask(wire.CLOSE, handle)
        else:
            client.handles.append(answer.handle)

    async def open(self, client: Client, number: int, flags: int, _: int) -> None:
        path = self.path(client, number)
        answer = await client.ask(wire.OPEN, wire.string(path), wire.u32(flags % 64), wire.NO_ATTRIBUTES)
        if answer.kind == wire.HANDLE:
            client.handles.append(answer.handle)

    async def close(self, client: Client, number: int, *_: int) -> None:
        handle = client.handles.pop(number % len(client.handles)) if client.handles else number
        await client.ask(wire.CLOSE, wire.string(wire.u32(handle % 2**32)))

    async def read(self, client: Client, number: int, offset: int, length: int) -> None:
        handle = client.handles[number % len(client.handles)] if client.handles else 0
        await client.ask(wire.READ, wire.string(wire.u32(handle)), wire.u64(offset % 300), wire.u32(length % 70_000))

    async def write(self, client: Client, number: int, offset: int, length: int) -> None:
        handle = client.handles[number % len(client.handles)] if client.handles else 0
        data = wire.string(b"w" * (length % 500))
        await client.ask(wire.WRITE, wire.string(wire.u32(handle)), wire.u64(offset % 2**40), data)

    async def fsetstat(self, client: Client, number: int, size: int, _: int) -> None:
        handle = client.handles[number % len(client.handles)] if client.handles else 0
        await client.ask(wire.FSETSTAT, wire.string(wire.u32(handle)), wire.u32(1) + wire.u64(size % 2**34))

    async def list(self, client: Client, number: int, *_: int) -> None:
        path = self.path(client, number)
        answer = await client.ask(wire.OPENDIR, wire.string(path))
        if answer.kind != wire.HANDLE:
            return
        handle = wire.string(wire.u32(answer.handle))
        while (names := await client.ask(wire.READDIR, handle)).kind == wire.NAME:
            for name, *_attributes in names.names:
                client.known.append(f"{path.decode('utf-8', 'surrogateescape').rstrip('/')}/{name.decode()}")
        await client.ask(wire.CLOSE, handle)

    async def look(self, client: Client, number: int, kind: int, _: int) -> None:
        await client.ask(
            (wire.STAT, wire.LSTAT, wire.REALPATH, wire.READLINK)[kind % 4], wire.string(self.path(client, number))
        )

    async def change(self, client: Client, number: int, kind: int, _: int) -> None:
        kind = (wire.REMOVE, wire.RMDIR, wire.MKDIR, wire.SETSTAT)[kind % 4]
        await client.ask(kind, wire.string(self.path(client, number)), wire.NO_ATTRIBUTES)

    async def rename(self, client: Client, old: int, new: int, kind: int) -> None:
        paths = wire.string(self.path(client, old)), wire.string(self.path(client, new))
        if kind % 2:
            await client.ask(wire.RENAME, *paths)
        else:
            await client.ask(wire.EXTENDED, wire.string("posix-rename@openssh.com"), *paths)

    async def symlink(self, client: Client, target: int, link: int, _: int) -> None:
        paths = wire.string(self.path(client, target)), wire.string(self.path(client, link))
        assert (await client.ask(wire.SYMLINK, *paths)).code == wire.FAILURE

    async def drop(self, client: Client, *_: int) -> None:
        """The channel breaks, and the person comes again."""
        client.channel.is_closed = True
        client.session.connection_lost(None)
        await client.session.settled()
        client.__dict__.update(vars(new_client(client.person)))

    async def work(self, _: Client, seconds: int, *__: int) -> None:
        """Time passes, and the workers do their work."""
        self.scene.clock.advance(seconds % 100_000)
        await self.scene.idle()

    # What must be so

    async def check(self) -> None:
        """Look through everybody's eyes, and compare with the records."""
        records = {file.id: file for file in await self.scene.house.ledger.files(FileQuery())}
        for client in self.clients:
            for path in await client.person.tree():
                found = await client.person.portal.find(path)
                assert isinstance(found, Leaf), "what was listed is found"
                if isinstance(found.what, Stored):
                    self.assert_may_see(client.person, records[found.what.file])

    def assert_may_see(self, person: Person, file: FileRecord) -> None:
        account = self.scene.account(person.username)
        if account.role is Role.OFFICER:
            assert file.service in account.services
            assert file.status in (Status.SENT, Status.RECEIVED)
        elif file.sent_by_user != account.username:
            assert file.school in account.schools
            assert not file.private
            assert "SAFE" not in file.name


ACTIONS = (
    World.put, World.put, World.put, World.open, World.close, World.close, World.read, World.write, World.fsetstat,
    World.list, World.list, World.look, World.change, World.change, World.rename, World.rename, World.symlink,
    World.drop, World.work,
)  # fmt: skip


def new_client(person: Person) -> Client:
    """Return a session that said hello."""
    limits = SessionLimits(Limits(max_handles=5, max_outstanding=4), reading_bytes=100_000)
    session = PortalSession(person.portal, limits=limits, now=person.scene.clock.now, noticed=lambda: None)
    client = Client(person, session)
    session.connection_made(client.channel)
    assert session.subsystem_requested("sftp")
    session.data_received(wire.INIT, None)
    session._outbox.flush()
    client.channel.sent.clear()
    return client


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory) -> Path:
    """A sample deployment; not to be changed."""
    return lay_out_sample(tmp_path_factory.mktemp("properties") / "deployment")


NUMBER = st.integers(0, 2**16)
STEPS = st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER), min_size=5, max_size=60)


@given(steps=STEPS)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_sequence_of_requests_raises_or_writes_outside_or_shows_too_much(laid_out, steps):
    logging.disable(logging.CRITICAL)
    with TemporaryDirectory() as place:
        asyncio.run(_story(Path(place), laid_out, steps))


async def _story(place: Path, laid_out: Path, steps: list[Step]) -> None:
    folder = copy_of(laid_out, place / "deployment")
    before = _outside(place)
    async with scene_in(folder) as scene:
        make = Person.maker(scene)
        world = World(scene, [new_client(make(username)) for username in PEOPLE])
        await world.begin()
        for step in steps:
            await world.do(step)
        await world.check()
        for client in world.clients:
            client.session.connection_lost(None)
            await client.session.settled()
        await scene.idle()
        await world.check()
    assert _outside(place) == before


def _outside(place: Path) -> set[str]:
    """Return every path that is no business of a portal."""
    paths = {str(path.relative_to(place)) for path in place.rglob("*")}
    return {path for path in paths if not path.startswith(("deployment/data", "deployment/drops"))} | {
        name for name in ("escaped",) if (Path("/tmp") / name).exists()
    }
