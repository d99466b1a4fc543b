"""Who and what takes part in `gateway demo`: the deployment, the secretary, the relay that shows each notice.

Owns the stage; what happens on it is `demo_scenes`.
"""

import asyncio
import json
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any, Self

import asyncssh
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.cli.init import lay_out, shipped_folder
from gateway.clock import SystemClock
from gateway.core.register import Account, AccountState, Role
from gateway.sample import set_keys
from gateway.tables import read_deployment

SECRETARY = "Petra Varga"
USERNAME = "p.varga"
ADDRESS = "petra.varga@leysjunior.example"
PASSWORD = "Harvest-Moon-42"  # noqa: S105  # of an invented person, on loopback, for a minute


class Relay:
    """A mail relay on loopback: what a notice's reader would find in their mailbox."""

    def __init__(self) -> None:
        """Start with an empty mailbox."""
        self._arrived: asyncio.Queue[EmailMessage] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="relay.test", loop=loop), "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message: aiosmtpd's name for it."""
        content = envelope.content
        message = BytesParser(policy=default).parsebytes(content if isinstance(content, bytes) else b"")
        assert isinstance(message, EmailMessage)
        await self._arrived.put(message)
        return "250 OK"

    async def next_notice(self) -> EmailMessage:
        """Return the next notice; wait for it."""
        async with asyncio.timeout(20):
            return await self._arrived.get()


@dataclass(frozen=True)
class Stage:
    """The deployment, the relay, and what the secretary knows."""

    folder: Path
    relay: Relay
    clock: SystemClock
    key: asyncssh.SSHKey

    @property
    def config(self) -> Path:
        """Return its gateway.toml."""
        return self.folder / "gateway.toml"

    def is_listening(self) -> bool:
        """Return whether all doors are open."""
        return (self.folder / "data" / "run" / "endpoints.json").exists()

    def port(self, door: str) -> int:
        """Return the port of a door."""
        places: dict[str, Any] = json.loads((self.folder / "data" / "run" / "endpoints.json").read_text())
        return int(places[door][0].rpartition(":")[2])

    async def email(self, name: str, content: bytes, *, subject: str, text: str) -> str:
        """Send one attachment as a mail program does; return the server's last answer."""
        return await asyncio.to_thread(self._email, name, content, subject, text)

    def _email(self, name: str, content: bytes, subject: str, text: str) -> str:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = f"{SECRETARY} <{ADDRESS}>", "files@gateway.test", subject
        message.set_content(text)
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        trusted = ssl.create_default_context(cafile=str(self.folder / "tls" / "certificate.pem"))
        with smtplib.SMTP("localhost", self.port("smtp"), timeout=20) as client:
            client.starttls(context=trusted)
            client.login(USERNAME, PASSWORD)
            client.ehlo_or_helo_if_needed()
            client.mail(ADDRESS)
            client.rcpt("files@gateway.test")
            code, answer = client.data(message.as_bytes())
        return f"{code} {answer.decode()}"

    @asynccontextmanager
    async def sftp(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Be the secretary at the SFTP door."""
        async with (
            asyncssh.connect(
                "127.0.0.1",
                self.port("sftp"),
                username=USERNAME,
                client_keys=[self.key],
                known_hosts=None,
                config=None,
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):
            yield sftp

    async def upload(self, name: str, content: bytes) -> str:
        """Put one file into Send Files, as an SFTP client does; return "" or the sentence that refused it."""
        async with self.sftp() as sftp:
            try:
                async with sftp.open(f"Send Files/{name}", "wb") as file:
                    await file.write(content)
            except asyncssh.SFTPError as refusal:
                return refusal.reason
        return ""


async def set_the_stage(folder: Path, relay: Relay) -> Stage:
    """Lay out a sample deployment with a secretary in it, whose notices go to the relay."""
    await asyncio.to_thread(lay_out, folder, source=shipped_folder(), sample=True)
    config = folder / "gateway.toml"
    config.write_text(set_keys(config.read_text(), {("notices", "relay"): f"smtp://127.0.0.1:{relay.port}"}))
    key = asyncssh.generate_private_key("ssh-ed25519")
    await _enrol(config, key.export_public_key().decode())
    return Stage(folder, relay, SystemClock(), key)


async def _enrol(config: Path, key: str) -> None:
    """Add the secretary: with a key for SFTP and a password for email."""
    from gateway.app import open_house

    settings, tables = read_deployment(config)
    async with open_house(settings, tables) as house:
        now = house.clock.now()
        secretary = Account(
            USERNAME, "Petra", "Varga", ADDRESS, Role.STAFF, AccountState.ACTIVE, schools=("8302000",), keys=(key,)
        )
        hashed = await house.hasher.hash(PASSWORD)
        version = tables.acceptable_use.version
        known = replace(secretary, password_hash=hashed, password_set_at=now, activated_at=now, policy_version=version)
        await house.ledger.add_account(known, actor="gateway demo", at=now, why="the demo")
