"""A person at their portal, without the network: what they see and do, in one call each.

await samir.put("8302000_SENplan20261120.pdf", PDF)
assert await samir.ls("/Sent Files/2026-11") == ["8302000_SENplan20261120.pdf"]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.inbound.sftp.desk import Desk
from gateway.inbound.sftp.lines import Lines
from gateway.inbound.sftp.means import Doors, FreeSpace, Shares
from gateway.inbound.sftp.packets import OpenFlags
from gateway.inbound.sftp.portal import No, Portal
from gateway.inbound.sftp.rooms import Leaf, LongRoom, Room, Sight
from gateway.inbound.sftp.statustable import StatusTables
from tests.scenarios.harness import Scene

PUT = OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.TRUNCATE  # OpenSSH's put
SCP = OpenFlags.WRITE | OpenFlags.CREATE
REPUT = OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.APPEND
PDF = b"%PDF-1.4\n1 0 obj\n" + b"all of it\n" * 20 + b"\n%%EOF\n"
SAMIR, RUTH = "samir.okonjo", "ruth.ashdown"  # headteachers of Leys Junior (8302000) and of Millbeck (8301102)
JONAS, YUSUF = "jonas.abernethy", "yusuf.demirel"  # staff and headteacher of Highmoor (8304053)
DORA = "dora.whitlam"  # of two schools: 8302117 and 8302118
NADIA, CALLUM, BEATRIX = "nadia.rowbotham", "callum.eastwick", "beatrix.olney"  # officers: SEN; INFO, ADMISS; SAFE
GOOD = "8302000_SENplan20261120.pdf"


@dataclass
class Person:
    """One session of one person."""

    scene: Scene
    portal: Portal
    doors: Doors
    desk: Desk
    username: str
    sent: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def maker(cls, scene: Scene, shares: Shares | None = None) -> Callable[[str], Person]:
        """Return what makes sessions in a scene."""
        house = scene.house
        doors = Doors(
            house.receive, house.keys, house.decisions, house.spool, house.archive, FreeSpace(house.spool, house.clock)
        )
        tables = StatusTables(house.ledger, house.clock)
        desks: dict[str, Desk] = {}

        def make(username: str) -> Person:
            account, waiting = scene.account(username), house.ingest.waiting
            sight = Sight(account, house.ledger, house.directory, house.policy, house.clock, tables, waiting)
            desk = desks.setdefault(username, Desk())
            chosen = shares or Shares(keep_free_bytes=0)
            portal = Portal(sight, desk, doors, peer="192.0.2.7", verified_by="publickey", shares=chosen)
            return cls(scene, portal, doors, desk, username)

        return make

    # Looking

    async def ls(self, path: str = "/") -> list[str]:
        """Return the names in a folder, as they are listed."""
        room = await self.portal.find(path)
        assert room is not None, f"there is no {path}"
        assert not isinstance(room, Leaf), f"{path} is a file"
        return await self._names(room)

    async def _names(self, room: Room) -> list[str]:
        """Return what a client is listed: of a long room, from its lines."""
        if not isinstance(room, LongRoom):
            return [item.name for item in await self.portal.items(room)]
        lines = await self.portal.lines(room)
        assert not isinstance(lines, No)
        return [name for name, _ in lines] if isinstance(lines, Lines) else [leaf.name for leaf in lines]

    async def tree(self, path: str = "/") -> list[str]:
        """Return every file that can be found below a folder."""
        room = await self.portal.find(path)
        assert room is not None
        if isinstance(room, Leaf):
            return [path]
        below = [await self.tree(f"{path.rstrip('/')}/{name}") for name in await self._names(room)]
        return [file for files in below for file in files]

    async def leaf(self, path: str) -> Leaf:
        """Return a file, as STAT sees it."""
        found = await self.portal.find(path)
        assert isinstance(found, Leaf), f"{path} is {found}"
        return found

    async def has(self, path: str) -> bool:
        """Return whether STAT finds anything."""
        return await self.portal.find(path) is not None

    async def read(self, path: str, *, size: int | None = None, close: bool = True) -> bytes | No:
        """Return a file's bytes, or its first ones."""
        download = await self.portal.open_to_read(path)
        if isinstance(download, No):
            return download
        wanted = download.size if size is None else size
        data = download.peek(0, wanted)
        data = await download.read(0, wanted) if data is None else data
        download.served.add(0, len(data))
        answer = await self.portal.finish(download) if close else await self.portal.let_go(download)
        return answer if isinstance(answer, No) else data

    # Sending

    async def open(self, name: str, *, folder: str = "/Send Files", flags: OpenFlags = PUT):
        """Open an upload; return it, or the refusal."""
        return await self.portal.open_to_write(f"{folder}/{name}", flags)

    async def begin(self, name: str, data: bytes, *, at: int = 0, folder: str = "/Send Files", flags: OpenFlags = PUT):
        """Open an upload and write to it; return it open, or the refusal."""
        upload = await self.open(name, folder=folder, flags=flags)
        if not isinstance(upload, No):
            for start in range(0, len(data), 32_768):
                self.portal.write(upload, at + start, memoryview(data)[start : start + 32_768])
        return upload

    async def put(self, name: str, data: bytes = PDF, **where: object) -> No | None:
        """Upload a file; return None for a good CLOSE, else the refusal. Its record is not there yet."""
        upload = await self.begin(name, data, **where)
        return upload if isinstance(upload, No) else await self.portal.close(upload)

    async def send(self, name: str, data: bytes = PDF, **where: object) -> str:
        """Upload a file, and let the workers do their work; return its id."""
        assert await self.put(name, data, **where) is None
        await self.scene.idle()
        (found, *_) = [f for f in await self.scene.files() if f.name == name]
        return found.id

    async def mv(self, old: str, new: str) -> No | None:
        """Rename."""
        return await self.portal.rename(old, new)

    async def rm(self, path: str) -> No | None:
        """Remove."""
        return await self.portal.remove(path)
