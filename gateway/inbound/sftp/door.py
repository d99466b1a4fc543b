"""What all SFTP connections share: who is here, how many may be, and what goes on beside them.

Owns the limits, the desks of people, the keys that open accounts, and the slowing of who guesses. A revoked account's
connections end at the next change of the register; a file that was taken back is read no further (Source: SPEC 5, 9).
"""

import asyncio
from collections import Counter, deque
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import asyncssh

from gateway import log
from gateway.core.documents import DocumentState
from gateway.core.model import Status
from gateway.core.publickeys import fingerprint_of
from gateway.core.register import Account, Directory, Role
from gateway.errors import GatewayError
from gateway.inbound.sftp import refusals
from gateway.inbound.sftp.desk import Desk
from gateway.inbound.sftp.means import Doors, Shares
from gateway.inbound.sftp.requirements import Requirements
from gateway.inbound.sftp.statustable import StatusTables
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.people.access import Access
from gateway.pipeline.people.accounts import Accounts
from gateway.pipeline.people.login import Login
from gateway.pipeline.people.passwords import Passwords
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.waiting import WaitingRoom
from gateway.ports import Clock, Ledger


@dataclass(frozen=True)
class SftpLimits:
    """What the door allows, and how long it waits; each a key of `[sftp]`."""

    connections: int = 500
    connections_per_address: int = 50
    logging_in: int = 100  # connections before their login, of all
    logging_in_per_address: int = 20
    sessions_per_account: int = 10  # connections, once they are logged in
    channels: int = 10  # a connection
    auth_tries: int = 6  # a connection
    handles: int = 100  # a channel
    outstanding: int = 64  # requests of a channel that are not answered
    outstanding_bytes: int = 2 << 20  # of a channel, each way
    login_seconds: float = 30
    idle_seconds: float = 900
    keepalive_seconds: float = 30
    require: tuple[tuple[str, ...], ...] = (("publickey",), ("password",))  # any of these sets of methods
    require_by_role: Mapping[Role, tuple[tuple[str, ...], ...]] = field(default_factory=dict)  # where one has its own
    shares: Shares = field(default_factory=Shares)

    @property
    def requirements(self) -> Requirements:
        """What opens the door, and to whom."""
        return Requirements(self.require, self.require_by_role)


class Guest(Protocol):
    """One connection, as the door counts it."""

    peer: str

    @property
    def username(self) -> str | None:
        """The account, once it is logged in."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether an upload is under way."""
        ...

    def review(self, directory: Directory) -> None:
        """End it if the account may no longer be here."""
        ...

    def look(self, now: float) -> None:
        """End it if it is idle."""
        ...

    def end(self, why: str) -> None:
        """Close, with a sentence."""
        ...

    async def settled(self) -> None:
        """Return when nothing that was asked is under way any more."""
        ...


class KeyRing:
    """The public keys that open accounts. Asking costs the same whether or not there is such an account."""

    def __init__(self) -> None:
        """Start with none."""
        self._parsed: dict[str, bytes] = {}  # by line
        self._by_account: dict[str, frozenset[bytes]] = {}

    def renew(self, directory: Directory) -> None:
        """Take the keys of a new register; only lines that are new are read."""
        before, self._parsed = self._parsed, {}
        self._by_account = {
            account.username: frozenset(self._data_of(line, before) for line in account.keys)
            for account in directory.accounts.values()
            if account.keys
        }

    def _data_of(self, line: str, before: dict[str, bytes]) -> bytes:
        known = before.get(line) or _public_data(line)
        self._parsed[line] = known
        return known

    def opens(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Return whether this key is one of the account's."""
        return key.public_data in self._by_account.get(username.casefold(), frozenset())


def _public_data(line: str) -> bytes:
    try:
        return asyncssh.import_public_key(line).public_data
    except asyncssh.KeyImportError:
        return b""  # no key that a client can show is empty


WINDOWS = 32 << 20  # bytes for the windows of all sessions together, when there are many
LEAST_WINDOW = 128 << 10  # bytes

TURN = 4 << 20  # bytes that one turn of the loop takes from all connections together: some milliseconds of decrypting
MOST_MOUTHFUL, LEAST_MOUTHFUL = 256 << 10, 16 << 10  # bytes; asyncio's own is the first


class Slowing:
    """Makes an address wait the longer for each refusal, the more often it guessed wrong in the last minute."""

    FIRST, LONGEST, WINDOW = 0.25, 4.0, 60.0  # seconds

    def __init__(self) -> None:
        """Start with nobody."""
        self._times: dict[str, deque[float]] = {}

    def after_failure(self, peer: str, now: float) -> float:
        """Count a failure; return how many seconds its answer shall wait."""
        if len(self._times) > 10_000:
            self._times = {p: t for p, t in self._times.items() if now - t[-1] < self.WINDOW}
        times = self._times.setdefault(peer, deque(maxlen=8))
        while times and now - times[0] >= self.WINDOW:
            times.popleft()
        times.append(now)
        return min(self.LONGEST, self.FIRST * float(2 ** (len(times) - 1)))


@dataclass
class Door:
    """What all connections share."""

    ledger: Ledger
    directory: LiveDirectory
    access: Access
    policy: LivePolicy
    clock: Clock
    login: Login
    accounts: Accounts
    passwords: Passwords
    doors: Doors
    limits: SftpLimits
    waiting: WaitingRoom = field(default_factory=WaitingRoom)
    look_every: float = 1.0  # seconds between looks at what is idle, or was taken away
    connections: set[Guest] = field(default_factory=set)
    keys: KeyRing = field(default_factory=KeyRing)
    slowing: Slowing = field(default_factory=Slowing)
    _desks: dict[str, Desk] = field(default_factory=dict)
    _errands: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Hear of every change of the register."""
        self.tables = StatusTables(self.ledger, self.clock)
        self.keys.renew(self.directory.current)
        self.directory.on_change(self._review)

    # Who is here

    def is_full_for(self, peer: str) -> bool:
        """Return whether one more connection from this address is too many."""
        at_login = [c.peer for c in self.connections if c.username is None]
        return (
            len(self.connections) >= self.limits.connections
            or len(at_login) >= self.limits.logging_in
            or Counter(at_login)[peer] >= self.limits.logging_in_per_address
            or sum(c.peer == peer for c in self.connections) >= self.limits.connections_per_address
        )

    @property
    def window(self) -> int:
        """Bytes that a new session may send before we ask for more: what we can't work through waits in our memory."""
        share = WINDOWS // max(1, len(self.connections))
        return max(LEAST_WINDOW, min(self.limits.outstanding_bytes, share))

    @property
    def mouthful(self) -> int:
        """Bytes that are taken from one connection in one turn of the loop."""
        return max(LEAST_MOUTHFUL, min(MOST_MOUTHFUL, TURN // max(1, len(self.connections))))

    def sessions_of(self, username: str) -> int:
        """Return how many logged-in connections an account holds."""
        return sum(c.username == username for c in self.connections)

    async def desk(self, username: str) -> Desk:
        """Return the uploads of a person, those to be taken up again included."""
        if username not in self._desks:
            found = await self.ledger.unfinished(username)
            desk = self._desks.setdefault(username, Desk())
            for upload in found:
                desk.park(upload)
        self._desks[username].unfinished_for = timedelta(hours=self.policy.current.unfinished_hours)
        return self._desks[username]

    def now(self) -> datetime:
        """Return the time in the authority's zone, which people read in listings."""
        return self.clock.now().astimezone(self.policy.current.zone)

    def _review(self, directory: Directory) -> None:
        self.keys.renew(directory)
        for connection in tuple(self.connections):
            connection.review(directory)

    # What goes on beside

    def begin(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for; trouble with it is logged."""
        task = asyncio.get_running_loop().create_task(_logged(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def note_use(self, account: Account, key: asyncssh.SSHKey) -> None:
        """Write that a key opened an account."""
        await self.ledger.note_key_use(account.username, fingerprint_of(key.public_data), at=self.clock.now())

    async def watch(self) -> None:
        """Look at what is idle and at what was taken away, for ever."""
        while True:
            await self.clock.sleep(self.look_every)
            now = self.clock.monotonic()
            for connection in tuple(self.connections):
                connection.look(now)
            await _logged(self._end_readings())

    async def settled(self) -> None:
        """Return when nothing is under way any more."""
        for connection in tuple(self.connections):
            await connection.settled()
        while self._errands:
            await asyncio.wait(self._errands)

    async def _end_readings(self) -> None:
        """Let nobody read on what was recalled, rejected, handed on or deleted, by whatever channel."""
        for file, service in self._read_files():
            now = await self.ledger.file(file)
            is_there = now is not None and now.service == service and now.status in (Status.SENT, Status.RECEIVED)
            if not is_there:
                self.doors.readings.end(file, refusals.NO_LONGER_YOURS)
        for id in self.doors.readings.documents:
            found = await self.ledger.document(id)
            if found is None or found.document.state is not DocumentState.PUBLISHED:
                self.doors.readings.end(id, refusals.DOCUMENT_GONE)

    def _read_files(self) -> Iterator[tuple[str, str]]:
        return self.doors.readings.files


async def _logged(errand: Coroutine[Any, Any, None]) -> None:
    try:
        await errand
    except GatewayError as trouble:
        log.transient(stage="sftp", why=str(trouble))
