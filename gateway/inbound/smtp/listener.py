"""The listeners of the email door: STARTTLS, implicit TLS, trusted relays, LMTP.

Owns opening and closing them, inside the loop that runs everything else. Refuses to open half of them. No name of this
host is ever looked up (Source: SPEC 4, 13).
"""

import asyncio
import contextlib
import logging
import os
import ssl
from asyncio import sslproto
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiosmtpd import smtp

from gateway.core.endpoint import Address, SocketPath
from gateway.core.register import Account
from gateway.errors import ConfigError, Fault
from gateway.inbound.smtp.desk import Desk, Desks, Entrance
from gateway.inbound.smtp.door import Door
from gateway.inbound.smtp.lobby import Berths, Chores, Lobby, Room
from gateway.inbound.smtp.session import Session
from gateway.inbound.smtp.transfer import new_buffer
from gateway.ports import Clock

_HANDSHAKE_SECONDS = 30.0
_ENCRYPTED_BYTES = 1 << 15  # of a connection with TLS, decrypted in one go
_BACKLOG = 512  # connections that the kernel takes while we are busy
_KEYS = {  # of gateway.toml, by the name of the entrance
    "smtp": "[smtp] listen",
    "smtps": "[smtp] listen_tls",
    "relay": "[[smtp.relay]] listen",
    "lmtp": "[lmtp] listen",
}


@dataclass(frozen=True)
class Listening:
    """One place where clients connect."""

    at: Address | SocketPath
    entrance: Entrance


class SmtpListeners:
    """All of them: opened together, closed together."""

    def __init__(self, *, listens: Sequence[Listening], desks: Desks, clock: Clock) -> None:
        """Serve with the desk that `desks` returns at the time of each connection."""
        self._listens = tuple(listens)
        self._desks = desks
        self._lobby = Lobby(Door(clock), Chores(), Room(clock), Berths(), new_buffer())
        self._servers: list[tuple[Listening, asyncio.Server]] = []

    async def open(self) -> None:
        """Listen. Raises ConfigError when one of the places can't be had; then none is open."""
        hush_aiosmtpd()
        read_little_at_once()
        try:
            for listening in self._listens:
                self._servers.append((listening, await self._open(listening, self._desks())))
        except OSError as error:
            await self.close(grace=0)
            raise ConfigError((_no_place(listening, error),)) from error

    @property
    def endpoints(self) -> Mapping[str, list[str]]:
        """Return where each kind listens, with the port that it got: as in run/endpoints.json."""
        found: dict[str, list[str]] = {"smtp": [], "smtps": [], "lmtp": [], "relay": []}
        for listening, server in self._servers:
            found[listening.entrance.name] += _places(listening, server)
        return found

    def __len__(self) -> int:
        """Return how many clients are connected."""
        return len(self._lobby.door)

    def review(self, may_stay: Callable[[Account], bool]) -> None:
        """End the sessions of accounts that may no longer be here."""
        self._lobby.door.review(may_stay)

    async def close(self, *, grace: float) -> None:
        """Take nobody in; let messages under way be finished for so many seconds; leave no seal half done."""
        for _, server in self._servers:
            server.close()
        await self._lobby.door.close(grace=grace)
        await self._lobby.chores.finish()
        self._remove_sockets()
        self._servers.clear()

    def _session(self, entrance: Entrance) -> Session:
        return Session(desk=self._desks(), entrance=entrance, lobby=self._lobby)

    async def _open(self, listening: Listening, desk: Desk) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if isinstance(listening.at, SocketPath):
            server = await loop.create_unix_server(
                lambda: self._session(listening.entrance), listening.at.path, backlog=_BACKLOG
            )
            os.chmod(listening.at.path, 0o660)  # to connect is to write: the folder's group may, nobody else
            return server
        tls = desk.tls if listening.entrance.name == "smtps" else None
        return await loop.create_server(
            lambda: self._session(listening.entrance),
            listening.at.host,
            listening.at.port,
            ssl=tls,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if tls is not None else None,
            backlog=_BACKLOG,
        )

    def _remove_sockets(self) -> None:
        for listening, _ in self._servers:
            if isinstance(listening.at, SocketPath):
                with contextlib.suppress(FileNotFoundError):
                    Path(listening.at.path).unlink()


def read_certificate(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server's TLS context: 1.2 or newer. Raises ConfigError when the files can't be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except OSError as error:  # ssl.SSLError is one too
        is_of_the_disk = not isinstance(error, ssl.SSLError)
        why = error.strerror if is_of_the_disk else "it is no certificate with its key in PEM"
        raise ConfigError((Fault(str(certificate), "", f"can't be used with {key}: {why}"),)) from error
    return context


def hush_aiosmtpd() -> None:
    """Keep aiosmtpd's own lines out of every log: they hold addresses, commands and what was typed to AUTH.

    Two of them for each command are made up before anybody asks whether they are wanted.
    """
    logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)
    smtp.sanitized_log = _say_nothing  # type: ignore[assignment]


def _say_nothing(*_: object) -> None:
    """Take the place of a function that logs."""


def read_little_at_once() -> None:
    """Let a connection with TLS decrypt little at a time.

    asyncio takes 256 KiB, for which twenty senders hold the loop for as long as one would for 5 MiB, and keeps as much
    for each connection, however idle. There is no other way to say so than on its class.
    """
    sslproto.SSLProtocol.max_size = _ENCRYPTED_BYTES


def _places(listening: Listening, server: asyncio.Server) -> list[str]:
    if isinstance(listening.at, SocketPath):
        return [str(listening.at)]
    return [str(Address(*socket.getsockname()[:2])) for socket in server.sockets]


def _no_place(listening: Listening, error: OSError) -> Fault:
    key = _KEYS[listening.entrance.name]
    return Fault("gateway.toml", key, f"can't listen on {listening.at}: {error.strerror}")
