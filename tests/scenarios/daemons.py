"""A real daemon in a process of its own, the relay that its notices go to, and the clients that send to it.

    daemon.start(); await daemon.listening()
    assert await daemon.upload("ruth.ashdown", "8301102_INFOphonics20261120.docx", b"...") == ""
    await daemon.idle()
    assert await daemon.stop() == 0

A daemon that was stopped must have left with 0, taken its endpoints away, and left a deployment that is whole.
"""

import asyncio
import json
import os
import signal
import sqlite3
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import aiosmtplib
import asyncssh
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.app import open_house
from gateway.clock import SystemClock
from gateway.configfile import Key
from gateway.sample import set_keys
from gateway.store.hashing import Hasher
from gateway.tables import read_deployment
from tests.scenarios.harness import letter
from tests.scenarios.invariants import MARKER, Books, Known, Promise, Row, assert_whole, sha256

CLOCK = SystemClock()
PASSWORD = "Harvest-Moon-42"
ROOT = Path(__file__).parents[2]
GONE = (OSError, EOFError, aiosmtplib.SMTPException, asyncssh.Error, asyncio.TimeoutError)  # the daemon, or its answer

asyncssh.set_log_level("CRITICAL")


async def until(condition: Callable[[], object], what: str, *, seconds: float = 30) -> None:
    """Wait until something is so; fail with what was waited for."""
    end = CLOCK.monotonic() + seconds
    while not condition():
        assert CLOCK.monotonic() < end, f"waited {seconds} seconds until {what}"
        await CLOCK.sleep(0.01)


class Relay:
    """A mail server on loopback that keeps what it takes, or answers as it is told."""

    def __init__(self) -> None:
        """Start with an empty mailbox."""
        self.notices: list[EmailMessage] = []
        self.answer = "250 2.0.0 taken"  # to the end of each message
        self.port = 1025  # until it is open

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Relay"]:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="relay.test", loop=loop), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message: aiosmtpd's name for it."""
        if self.answer.startswith("2"):
            content = envelope.content
            message = BytesParser(policy=default).parsebytes(content if isinstance(content, bytes) else b"")
            assert isinstance(message, EmailMessage)
            self.notices.append(message)
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        """Return what went to an address."""
        return [notice for notice in self.notices if notice["To"] == address]


def words_of(notice: EmailMessage) -> str:
    """Return the plain text of a notice."""
    body = notice.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@dataclass
class Daemon:
    """One deployment, and the process that serves it."""

    folder: Path
    relay: Relay
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    known: Known = field(default_factory=Known)
    promises: list[Promise] = field(default_factory=list)  # what senders were told that we have
    process: asyncio.subprocess.Process | None = None

    @property
    def config(self) -> Path:
        """Return its gateway.toml."""
        return self.folder / "gateway.toml"

    @property
    def log(self) -> Path:
        """Return where its log goes."""
        return self.folder / "daemon.log"

    # The deployment

    async def set_up(self, *senders: str, **keys: object) -> None:
        """Point the notices at the relay, and give senders a key and a password."""
        values: dict[Key, object] = {
            ("notices", "relay"): f"smtp://127.0.0.1:{self.relay.port}",
            ("notices", "max_per_hour"): 100_000,
            ("notices", "max_per_day"): 100_000,
            ("storage", "keep_free_bytes"): 0,
            **{tuple(name.split("__")): value for name, value in keys.items()},
        }
        self.change_keys(values)
        settings, tables = read_deployment(self.config)
        quick = Hasher(time_cost=1, memory_kib=8)  # what a guess costs is measured elsewhere
        async with open_house(settings, tables) as house:
            for username in senders:
                account = house.directory.current.account(username)
                assert account is not None
                public = self.key.export_public_key().decode()
                ready = replace(account, keys=(public,), password_hash=await quick.hash(PASSWORD))
                await house.ledger.put_account(ready, actor="a test", at=house.clock.now(), event="let in")
        quick.close()

    def change_keys(self, values: Mapping[Key, object]) -> None:
        """Edit gateway.toml."""
        self.config.write_text(set_keys(self.config.read_text(encoding="utf-8"), values), encoding="utf-8")

    # The process

    async def spawn(self) -> None:
        """Start the process; see `listening`."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "-c", str(self.config), "run"),
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )

    async def start(self) -> float:
        """Start, and wait until all doors are open; return how many seconds that took."""
        began = CLOCK.monotonic()
        await self.spawn()
        await until(lambda: self.is_listening or self.has_left, "the doors were open")
        assert not self.has_left, self.said()
        return CLOCK.monotonic() - began

    @property
    def has_left(self) -> bool:
        """Whether the process has ended."""
        return self.process is not None and self.process.returncode is not None

    @property
    def is_listening(self) -> bool:
        """Whether this very process has opened its doors."""
        return self.process is not None and not self.has_left and self.endpoints().get("pid") == self.process.pid

    def endpoints(self) -> dict[str, Any]:
        """Return what stands in run/endpoints.json; nothing while it is not there."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "data" / "run" / "endpoints.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def port(self, door: str) -> int:
        """Return the port of a door."""
        return int(self.endpoints()[door][0].rpartition(":")[2])

    def signal(self, number: signal.Signals) -> None:
        """Tell the process something."""
        assert self.process is not None
        self.process.send_signal(number)

    async def kill(self) -> None:
        """End the process as a power cut of its own would."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        await self.process.wait()

    def sealer(self) -> int | None:
        """Return the process that seals beside the daemon, if there is one now that has begun to work."""
        began = (n for n in self.beside("gateway.store.sealerprocess") if len(os.listdir(f"/proc/{n}/task")) > 1)
        return next(began, None)

    def beside(self, module: str) -> list[int]:
        """Return the processes beside the daemon that run this module of ours."""
        assert self.process is not None
        with suppress(OSError):  # one that ends as we look
            children = [p.read_text() for p in Path(f"/proc/{self.process.pid}/task").glob("*/children")]
            numbers = map(int, " ".join(children).split())
            return [n for n in numbers if module in Path(f"/proc/{n}/cmdline").read_text().split("\0")]
        return []

    async def stop(self) -> int:
        """Ask the process to end; return its exit code."""
        self.signal(signal.SIGTERM)
        assert self.process is not None
        async with asyncio.timeout(40):
            return await self.process.wait()

    def said(self) -> str:
        """Return the end of the log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]

    async def idle(self) -> None:
        """Wait until nothing is left to do; what begins after that is no part of it."""
        try:
            await until(lambda: not self._owed(), "all was worked off", seconds=60)
        except AssertionError:
            raise AssertionError(f"still owed: {self._owed()}\n{self.said()}") from None

    def _owed(self) -> list[str]:
        """Return what the daemon still has to do."""
        ready = [p.name for p in (self.folder / "data" / "spool" / "ready").iterdir()]
        with closing(sqlite3.connect(self.folder / "data" / "ledger.db", timeout=10)) as ledger:
            drops = ledger.execute("SELECT id FROM drops WHERE state IN ('due', 'placing')").fetchall()
            notices = ledger.execute("SELECT id FROM notices WHERE state = 'due'").fetchall()
        return [*ready, *(row[0] for row in (*drops, *notices))]

    def assert_whole(self) -> None:
        """Check the invariants."""
        self.known.is_running = self.process is not None and not self.has_left
        assert_whole(self.folder, self.known, self.promises)

    # The clients

    @asynccontextmanager
    async def sftp(self, username: str) -> AsyncIterator[asyncssh.SFTPClient]:
        """Log in over SFTP with the key."""
        async with (
            asyncssh.connect(
                "127.0.0.1",
                self.port("sftp"),
                username=username,
                client_keys=[self.key],
                known_hosts=None,
                config=None,
                connect_timeout=20,
            ) as connection,
            connection.start_sftp_client() as client,
        ):
            yield client

    async def upload(self, username: str, name: str, data: bytes) -> str:
        """Send a file over SFTP; return "" for a good CLOSE, else the sentence. Raises one of GONE."""
        async with self.sftp(username) as client:
            try:
                file = await client.open(f"Send Files/{name}", "wb")
                await file.write(data)
                if file._handler._writer is None:  # then asyncssh's close asks nobody, and says that it is well
                    raise asyncssh.SFTPNoConnection("The connection was gone before the CLOSE.")
                await file.close()
            except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
                raise
            except asyncssh.SFTPError as refusal:
                return str(refusal.reason)
            self.promises.append(Promise(name, sha256(data), username))
        return ""

    def trusted(self) -> ssl.SSLContext:
        """Return what trusts the deployment's own certificate."""
        return ssl.create_default_context(cafile=str(self.folder / "tls" / "certificate.pem"))

    async def email(self, username: str, *files: tuple[str, bytes], **headers: str) -> str:
        """Send files by email, over STARTTLS and after a login; return the last answer. Raises one of GONE."""
        address = self.address(username)
        client = aiosmtplib.SMTP(hostname="localhost", port=self.port("smtp"), start_tls=True, timeout=30)
        client.tls_context = self.trusted()
        async with client:
            await client.login(username, PASSWORD)
            _, answer = await client.sendmail(address, ["files@gateway.test"], letter(address, *files, **headers))
        self.promises += [Promise(name, sha256(data), username) for name, data in files]
        return answer

    def address(self, username: str) -> str:
        """Return the address of an account."""
        return str(Books(self.folder / "data").accounts[username]["email"])

    # What can be seen

    def rows(self, table: str) -> list[Row]:
        """Return a table of the ledger."""
        found: list[Row] = getattr(Books(self.folder / "data"), table)
        return found

    def dropped(self, code: str) -> dict[str, bytes]:
        """Return what lies in a service's folder."""
        folder = self.folder / "drops" / code
        return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != MARKER}

    async def run(self, *line: str, given: str = "") -> tuple[int, str, str]:
        """Run a command of the gateway; return its exit code and what it said on both streams."""
        pipe = asyncio.subprocess.PIPE
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "-c", str(self.config), *line),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        said, complained = await command.communicate(given.encode())
        assert command.returncode is not None
        return command.returncode, said.decode(), complained.decode()


@asynccontextmanager
async def daemon_in(folder: Path) -> AsyncIterator[Daemon]:
    """Yield a daemon that is not started yet; at the end it is stopped, and everything must be whole."""
    async with Relay().open() as relay:
        daemon = Daemon(folder, relay)
        try:
            yield daemon
            if daemon.process is not None and not daemon.has_left:
                await daemon.idle()
                assert await daemon.stop() == 0, daemon.said()
                assert daemon.endpoints() == {}
        finally:
            with suppress(ProcessLookupError):
                if daemon.process is not None and not daemon.has_left:
                    daemon.process.kill()
                    await daemon.process.wait()
        daemon.assert_whole()
