"""The SFTP door on loopback, in the test's own process: real sockets, real clients, workers in the test's hands.

async with door_in(scene) as door:
    done = await door.sftp(SAMIR, "put plan.pdf")
    async with door.connect(SAMIR) as connection: ...
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh

from gateway.core.endpoint import Address
from gateway.doors import sftp_limits_of
from gateway.inbound.sftp.means import Doors, FreeSpace, Shares
from gateway.inbound.sftp.server import Door, SftpLimits, SftpListeners
from tests.scenarios.harness import Scene

PASSWORD = "Correct Horse 7"
WRONG = "Wrong Horse 7"


@dataclass
class Done:
    """What a program did."""

    code: int
    out: str
    err: str


@dataclass
class LiveDoor:
    """An open door, and what comes to it."""

    scene: Scene
    door: Door
    listeners: SftpListeners
    port: int
    folder: Path  # of the clients: keys, known hosts, files
    keys: dict[str, asyncssh.SSHKey] = field(default_factory=dict)

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    async def key_of(self, username: str) -> Path:
        """Give a person a key, once; return where it lies."""
        path = self.folder / f"{username}.key"
        if username not in self.keys:
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(str(path))
            path.chmod(0o600)
            line = key.export_public_key().decode().strip()
            await self.scene.set_account(username, keys=(*self.scene.account(username).keys, line))
            self.keys[username] = key
        return path

    async def give_password(self, username: str, password: str = PASSWORD) -> None:
        """Give a person a password."""
        hashed = await self.scene.house.hasher.hash(password)
        await self.scene.set_account(username, password_hash=hashed, password_set_at=self.scene.clock.now())

    @asynccontextmanager
    async def connect(self, username: str, **options: object) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """Connect as a person, with their key unless the options say otherwise."""
        if "client_keys" not in options:
            await self.key_of(username)
            options["client_keys"] = [self.keys[username]] if "password" not in options else None
        connection = await asyncssh.connect(
            "127.0.0.1",
            self.port,
            username=username,
            known_hosts=str(self.known_hosts),
            config=None,
            agent_path=None,
            **options,
        )
        async with connection:
            yield connection

    async def options(self, username: str) -> list[str]:
        """Return what OpenSSH's programs need."""
        said = {
            "Port": self.port,
            "IdentityFile": await self.key_of(username),
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.known_hosts,
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "LogLevel": "INFO",
        }
        return ["-F", "none", *(word for key, value in said.items() for word in ("-o", f"{key}={value}"))]

    async def sftp(self, username: str, *commands: str, flags: str = "") -> Done:
        """Run OpenSSH's sftp in a batch."""
        words = ["sftp", *shlex.split(flags), *await self.options(username), "-b", "-", f"{username}@127.0.0.1"]
        return await run(*words, stdin="\n".join(commands), cwd=self.folder)

    async def ssh(self, username: str, *words: str) -> Done:
        """Run OpenSSH's ssh; options first, then what to run."""
        return await run("ssh", *await self.options(username), *words, cwd=self.folder)


async def run(*words: str, stdin: str = "", cwd: Path | None = None, seconds: float = 30) -> Done:
    """Run a program to its end."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd)
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin.encode()), seconds)
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        raise AssertionError(f"{words[0]} did not end: {out!r} {err!r}") from None
    return Done(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Return once something is so; the other side is another process, which nothing wakes us for."""
    async with asyncio.timeout(seconds):
        while not await check():
            await asyncio.sleep(0.01)  # noqa: TID251


@asynccontextmanager
async def door_in(scene: Scene, *, look_every: float = 0.05, **limits: object) -> AsyncIterator[LiveDoor]:
    """Open the door of a scene's house, with some limits of its own."""
    house = scene.house
    usual = replace(sftp_limits_of(scene.settings), shares=Shares(keep_free_bytes=0))
    door = Door(
        ledger=house.ledger,
        directory=house.directory,
        access=house.access,
        policy=house.policy,
        clock=house.clock,
        login=house.login,
        accounts=house.accounts,
        passwords=house.passwords,
        doors=Doors(
            house.receive, house.keys, house.decisions, house.spool, house.archive, FreeSpace(house.spool, house.clock)
        ),
        limits=replace(usual, **limits),  # type: ignore[arg-type]
        look_every=look_every,
    )
    key = scene.settings.sftp.host_keys[0]
    listeners = SftpListeners(door, [Address("127.0.0.1", 0)], [key])
    await listeners.open()
    port = int(listeners.endpoints[0].rpartition(":")[2])
    folder = scene.folder.parent / "clients"
    folder.mkdir(exist_ok=True)
    public = asyncssh.read_private_key(str(key)).export_public_key().decode().strip()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    try:
        yield LiveDoor(scene, door, listeners, port, folder)
    finally:
        await listeners.close()


__all__ = ["Done", "LiveDoor", "SftpLimits", "door_in", "eventually", "run"]
