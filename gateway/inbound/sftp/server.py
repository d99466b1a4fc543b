"""The SFTP door: listeners, logins and the limits of connections, over asyncssh's public interface.

Owns who gets a session. Refuses everything that is not SFTP; a revoked account's connections end at the next change of
the register (Source: SPEC 5, 9; FIELD-NOTES B.1, B.2).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncssh

from gateway import log
from gateway.core.admission import Refusal, admit
from gateway.core.endpoint import Address
from gateway.core.register import Account, Directory
from gateway.errors import ConfigError, Fault
from gateway.inbound.sftp.desk import Desk
from gateway.inbound.sftp.flow import Limits
from gateway.inbound.sftp.portal import Doors, Portal
from gateway.inbound.sftp.session import PortalSession
from gateway.inbound.sftp.view import Sight
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.login import Login
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Clock, Ledger

# Strong and widely spoken: every client of the table in docs/clients.md connects. No SHA-1, no CBC, no compression.
KEX = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
)
CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes128-ctr",
)
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
WINDOW = 2 << 20  # bytes under way on a channel
PACKET = 64 << 10


@dataclass(frozen=True)
class SftpLimits:
    """What the door allows, and how long it waits."""

    connections: int = 500
    connections_per_address: int = 50
    sessions_per_account: int = 10
    auth_tries: int = 6  # a connection
    handles: int = 100  # a session
    login_seconds: float = 30
    idle_seconds: float = 900
    keepalive_seconds: float = 30
    require: tuple[tuple[str, ...], ...] = (("publickey",), ("password",))  # any of these sets of methods


@dataclass
class Door:
    """What all connections share."""

    ledger: Ledger
    directory: LiveDirectory
    policy: LivePolicy
    clock: Clock
    login: Login
    doors: Doors
    limits: SftpLimits
    connections: set["Connection"] = field(default_factory=set)
    desks: dict[str, Desk] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hear of every change of the register."""
        self.directory.on_change(self._end_unwelcome)

    def of_address(self, peer: str) -> int:
        """Return how many connections an address holds."""
        return Counter(c.peer for c in self.connections)[peer]

    def of_account(self, username: str) -> int:
        """Return how many logged-in connections an account holds."""
        return sum(c.username == username for c in self.connections)

    async def desk(self, username: str) -> Desk:
        """Return the uploads of a person, those to be taken up again included."""
        if username not in self.desks:
            desk = self.desks.setdefault(username, Desk())
            for upload in await self.ledger.unfinished(username):
                desk.park(upload)
        return self.desks[username]

    def now(self) -> datetime:
        """Return the time in the authority's zone, which people read in listings."""
        return self.clock.now().astimezone(self.policy.current.zone)

    def _end_unwelcome(self, directory: Directory) -> None:
        for connection in tuple(self.connections):
            connection.review(directory)


class Connection(asyncssh.SSHServer):
    """One connection: its login, then its sessions."""

    def __init__(self, door: Door) -> None:
        """Take what is shared."""
        self._door = door
        self._tries = 0
        self._how = ""  # the method that was tried last: the one that succeeded, once somebody is in
        self._username = ""
        self._account: Account | None = None
        self._is_in = False
        self._sessions: list[PortalSession] = []
        self.peer = ""

    @property
    def username(self) -> str | None:
        """The account, once it is logged in."""
        return self._account.username if self._is_in and self._account else None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Count, and refuse what is too many."""
        self._conn = conn
        self.peer = conn.get_extra_info("peername")[0]
        limits = self._door.limits
        crowd = len(self._door.connections) >= limits.connections
        self._door.connections.add(self)
        if crowd or self._door.of_address(self.peer) > limits.connections_per_address:
            log.refused(channel="sftp", reason="too-many-connections")
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count down."""
        self._door.connections.discard(self)

    def begin_auth(self, username: str) -> bool:
        """Begin: everybody must log in."""
        self._account = self._door.directory.current.account(username)
        self._username = username
        return True

    def public_key_auth_supported(self) -> bool:
        """Whether some set of methods asks for a key."""
        return self._is_useful("publickey")

    def password_auth_supported(self) -> bool:
        """Whether some set of methods asks for a password."""
        return self._is_useful("password")

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Compare with the account's keys; asyncssh has checked, or will check, the signature."""
        account = self._door.directory.current.account(username)
        if account is None or admit(account, channel="sftp") is not None:
            return self._failed()
        self._how = "publickey"
        return any(_public_data(line) == key.public_data for line in account.keys) or self._failed()

    async def validate_password(self, username: str, password: str) -> bool:
        """Compare with the account's password."""
        self._how = "password"
        answer = await self._door.login.verify_password(username, password, peer=self.peer, channel="sftp")
        if isinstance(answer, Refusal):
            if answer.code not in ("wrong", "shut-out"):
                self._conn.send_auth_banner(answer.sentence + "\r\n")
            return self._failed()
        return True

    def _is_useful(self, method: str) -> bool:
        return any(method in methods for methods in self._door.limits.require)

    def _failed(self) -> bool:
        """Count a failure; a connection has only so many."""
        self._tries += 1
        if self._tries >= self._door.limits.auth_tries:
            log.refused(channel="sftp", reason="too-many-tries")
            self._conn.disconnect(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many tries.")
        return False

    def auth_completed(self) -> None:
        """Let the person in, unless they hold too many sessions."""
        account = self._door.directory.current.account(self._username)
        if account is None or admit(account, channel="sftp") is not None:
            self._conn.disconnect(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "This account may not log in.")
            return
        if self._door.of_account(account.username) >= self._door.limits.sessions_per_account:
            self._conn.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, "Too many sessions of this account.")
            return
        self._account, self._is_in = account, True

    async def session_requested(self) -> PortalSession | bool:
        """Open the portal."""
        if self._account is None or not self._is_in:
            return False
        door, account = self._door, self._account
        await door.login.note(account, peer=self.peer, channel="sftp", how=self._how)
        sight = Sight(account, door.ledger, door.directory, door.policy, door.clock)
        portal = Portal(sight, await door.desk(account.username), door.doors, peer=self.peer, verified_by=self._how)
        session = PortalSession(portal, limits=Limits(max_handles=door.limits.handles), now=door.now)
        self._sessions.append(session)
        return session

    @property
    def is_busy(self) -> bool:
        """Whether an upload is under way."""
        return any(session.is_uploading for session in self._sessions)

    def end(self, why: str) -> None:
        """Close, with a sentence."""
        self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, why)

    def review(self, directory: Directory) -> None:
        """End the connection of an account that may no longer be here, or whose rights changed."""
        if not self._is_in or self._account is None:
            return
        now = directory.account(self._account.username)
        if now is None or admit(now, channel="sftp") is not None or _rights(now) != _rights(self._account):
            log.refused(channel="sftp", reason="account-changed")
            self.end("Your access was changed. Please log in again.")


def _public_data(line: str) -> bytes:
    return asyncssh.import_public_key(line).public_data


def _rights(account: Account) -> tuple[object, ...]:
    return (account.role, account.schools, account.services)


class SftpListeners:
    """All of them: opened together, closed together."""

    def __init__(self, door: Door, places: Sequence[Address], host_keys: Sequence[Path]) -> None:
        """Take where to listen and the keys that schools know us by."""
        self._door = door
        self._places = tuple(places)
        self._host_keys = tuple(host_keys)
        self._open: list[asyncssh.SSHAcceptor] = []

    async def open(self) -> None:
        """Listen. Raises ConfigError when a key or a place can't be had; then none is open."""
        try:
            keys = [asyncssh.read_private_key(str(path)) for path in self._host_keys] if self._places else []
            for place in self._places:
                self._open.append(await self._listen(place, keys))
        except (OSError, asyncssh.KeyImportError) as error:
            await self.close()
            raise ConfigError((Fault("gateway.toml", "[sftp]", f"can't listen: {error}"),)) from error

    @property
    def endpoints(self) -> list[str]:
        """Return where we listen, with the ports that we got: as in run/endpoints.json."""
        return [str(Address(*sock.getsockname()[:2])) for acceptor in self._open for sock in acceptor.sockets]

    async def close(self, *, grace: float = 0) -> None:
        """Take nobody in; let uploads under way be finished for so many seconds, then end every connection."""
        for acceptor in self._open:
            acceptor.close()
        self._open.clear()
        until = self._door.clock.monotonic() + grace
        while any(c.is_busy for c in self._door.connections) and self._door.clock.monotonic() < until:
            await self._door.clock.sleep(0.1)
        for connection in tuple(self._door.connections):
            connection.end("The gateway is restarting. Please connect again in a moment.")

    async def _listen(self, place: Address, keys: list[asyncssh.SSHKey]) -> asyncssh.SSHAcceptor:
        limits = self._door.limits
        return await asyncssh.listen(
            place.host,
            place.port,
            server_factory=lambda: Connection(self._door),
            server_host_keys=keys,
            server_version="SchoolFileGateway",
            config=None,
            kex_algs=KEX,
            encryption_algs=CIPHERS,
            mac_algs=MACS,
            compression_algs=None,
            login_timeout=limits.login_seconds,
            keepalive_interval=limits.keepalive_seconds,
            keepalive_count_max=3,
            allow_scp=False,
            allow_pty=False,
            agent_forwarding=False,
            line_editor=False,
            gss_host=None,
            encoding=None,
            window=WINDOW,
            max_pktsize=PACKET,
            backlog=512,
        )
