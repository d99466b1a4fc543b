"""A house for the email door: real listeners on loopback, a spool in memory, a small register, and a client by hand.

async with house() as home:
    client = await home.connect()
    assert await client.say("EHLO school.example") == 250
"""

import asyncio
import atexit
import base64
import datetime
import functools
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.core.admission import Refusal
from gateway.core.documents import Order
from gateway.core.endpoint import Address, SocketPath
from gateway.core.model import Channel
from gateway.core.register import Account, AccountState, Directory, Role, School
from gateway.core.standing import AccessRules, Approach, why_not
from gateway.core.submission import Envelope
from gateway.errors import Transient
from gateway.inbound.smtp.desk import Desk, Entrance, SmtpLimits, TokenCheck
from gateway.inbound.smtp.listener import Listening, SmtpListeners, read_certificate
from gateway.inbound.smtp.recipients import AddressBook, Recipient, RecipientKind
from gateway.inbound.smtp.sender import SenderVerifier, SignedIn, TrustedRelay
from gateway.inbound.smtp.session import Session
from tests.fakes import MORNING, ManualClock
from tests.inbound.smtp.wire import Wire

CONTACT = "schools@la.example"
HEAD = Account(
    "head",
    "Hilary",
    "Ashdown",
    "h.ashdown@leys.example",
    Role.HEAD,
    AccountState.ACTIVE,
    schools=("8302000",),
)
COPIER = Account(
    "copier", "Copier", "Leys", "copier@leys.example", Role.DEVICE, AccountState.ACTIVE, schools=("8302000",)
)
OFFICER = Account("officer", "Olu", "Marsh", "o.marsh@la.example", Role.OFFICER, AccountState.ACTIVE, services=("SEN",))
GONE = Account("gone", "Gil", "Past", "g.past@leys.example", Role.STAFF, AccountState.REVOKED, schools=("8302000",))
PASSWORD = "Correct-Horse-7"
MAIL = b"From: h.ashdown@leys.example\r\nSubject: x\r\n\r\nHello\r\n"


@functools.cache
def certificate() -> tuple[Path, Path]:
    """Make a certificate for localhost and its key, once."""
    folder = Path(tempfile.mkdtemp(prefix="door-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2060, 1, 1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return folder / "cert.pem", folder / "key.pem"


def client_tls() -> ssl.SSLContext:
    """Trust that certificate."""
    return ssl.create_default_context(cafile=str(certificate()[0]))


@dataclass
class MemoryIntake:
    """An Intake in memory, with knobs."""

    id: str
    spool: "MemorySpool"
    data: bytearray = field(default_factory=bytearray)
    state: str = "open"
    drained: int = 0
    digested: bool = True

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def is_congested(self) -> bool:
        return self.spool.congested_above is not None and len(self.data) > self.spool.congested_above * (
            self.drained + 1
        )

    @property
    def portion(self) -> int:
        return 1 << 16

    def write(self, data: bytes | bytearray | memoryview, offset: int | None = None) -> None:
        assert self.state == "open"
        self.data += data

    def truncate(self, size: int) -> None:
        del self.data[size:]

    async def drain(self) -> None:
        if self.spool.is_failing:
            raise self.spool.trouble
        self.drained += 1

    async def sync(self) -> None: ...

    async def seal(
        self,
        *,
        channel: str,
        username: str,
        verified_by: str,
        name: str | None = None,
        peer: str = "",
        recipients: Sequence[str] = (),
        sender: str = "",
        order: Order | None = None,
    ) -> Envelope:
        self.spool.sealing.set()
        await self.spool.may_seal.wait()
        if self.spool.is_failing:
            raise self.spool.trouble
        if self.spool.has_bug:
            raise RuntimeError("a secret of ours")
        self.state = "sealed"
        envelope = Envelope(
            self.id,
            Channel(channel),
            MORNING,
            len(self.data),
            "",
            username,
            verified_by,
            name,
            peer,
            tuple(recipients),
            sender,
            order=order,
        )
        self.spool.sealed[self.id] = (envelope, bytes(self.data))
        return envelope

    async def park(self) -> None: ...

    async def discard(self) -> None:
        if self.state == "open":
            self.state = "discarded"


class MemorySpool:
    """What of a Spool the door uses."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.intakes: list[MemoryIntake] = []
        self.sealed: dict[str, tuple[Envelope, bytes]] = {}
        self.congested_above: int | None = None
        self.is_failing = False
        self.trouble = Transient("no answer from /very/secret/path")
        self.has_bug = False
        self.free = 1 << 50
        self.sealing = asyncio.Event()
        self.may_seal = asyncio.Event()
        self.may_seal.set()

    def begin(self, *, digested: bool = True) -> MemoryIntake:
        self.intakes.append(MemoryIntake(self.clock.new_id(), self, digested=digested))
        return self.intakes[-1]

    async def free_bytes(self) -> int:
        return self.free

    @property
    def messages(self) -> list[bytes]:
        return [data for _, data in self.sealed.values()]


class Passwords:
    """An Authenticator that knows one password."""

    def __init__(self, people: dict[str, Account]) -> None:
        self.people = people
        self.asked: list[tuple[str, str]] = []
        self.is_busy = False

    async def verify_password(self, username: str, password: str, peer: str) -> Account | Refusal:
        self.asked.append((username, peer))
        if self.is_busy:
            raise Transient("the pool is full")
        account = self.people.get(username)
        if account is None or password != PASSWORD:
            return Refusal("wrong", "The username or the password is not right")
        return account if account.is_active else Refusal("account-revoked", "Your account was closed.")


class People:
    """The register."""

    def __init__(self, *accounts: Account) -> None:
        self.schools = {"8302000": School("8302000", "Leys Junior School")}
        self.accounts = {account.username: account for account in accounts}
        self.pending: dict[str, str] = {}  # address -> username
        self.is_busy = False

    async def directory(self) -> Directory:
        if self.is_busy:
            raise Transient("database is locked")
        return Directory(schools=self.schools, accounts=self.accounts, pending=self.pending)

    def refusal(self, account: Account, by: Approach) -> Refusal | None:
        return why_not(account, by, rules=AccessRules(), at=MORNING)


class Tokens:
    """Knows one token."""

    async def admit(self, recipient: Recipient, username: str | None) -> Refusal | None:
        if recipient.kind is RecipientKind.POSTMASTER:
            return None
        if recipient.kind is RecipientKind.DOCUMENTS:
            return None if username in (None, "head") else Refusal("not-a-publisher", "Only officers; ask {contact}")
        is_known = recipient.detail == "abc234" and username in (None, "", "head")
        return None if is_known else Refusal("token", "This answer came too late; ask {contact}")


class Reply(int):
    """A code, and its lines."""

    lines: list[str]


class Client:
    """A mail client, line by line or byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.heard = Reply(0)

    async def hear(self) -> Reply:
        lines = []
        while True:
            line = await self.reader.readline()
            if not line:
                raise EOFError
            lines.append(line.decode("ascii").rstrip("\r\n"))
            if lines[-1][3:4] != "-":
                break
        reply = Reply(lines[-1][:3])
        reply.lines = lines
        return reply

    async def say(self, line: str | bytes) -> Reply:
        self.send(line.encode() + b"\r\n" if isinstance(line, str) else line)
        return await self.hear()

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def nothing_heard_for(self, seconds: float) -> None:
        """Wait, and expect silence."""
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.reader.readline()

    async def is_shown_out(self) -> bool:
        """Whether the server closes and says no more."""
        return await self.reader.read() == b""

    async def start_tls(self, *extra: bytes) -> None:
        self.writer.write(b"STARTTLS\r\n" + b"".join(extra))
        assert await self.hear() == 220
        await self.writer.start_tls(client_tls(), server_hostname="localhost")

    async def sign_in(self, username: str = "head", password: str = PASSWORD) -> Reply:
        return await self.say(f"AUTH PLAIN {plain_blob(username, password)}")

    async def introduce(self, username: str = "head") -> None:
        """EHLO, STARTTLS, EHLO, AUTH."""
        assert await self.say("EHLO school.example") == 250
        await self.start_tls()
        assert await self.say("EHLO school.example") == 250
        assert await self.sign_in(username) == 235

    async def begin(self, sender: str = HEAD.email, recipient: str = "files@gateway.test") -> Reply:
        """MAIL, RCPT, DATA."""
        assert await self.say(f"MAIL FROM:<{sender}>") == 250
        assert await self.say(f"RCPT TO:<{recipient}>") == 250
        return await self.say("DATA")

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (OSError, ssl.SSLError):
            return


@dataclass
class House:
    """What is inside."""

    listeners: SmtpListeners
    spool: MemorySpool
    passwords: Passwords
    people: People
    clock: ManualClock
    accepted: list[Envelope]
    clients: list[Client] = field(default_factory=list)

    def place(self, name: str = "smtp") -> tuple[str, int]:
        host, _, port = self.listeners.endpoints[name][0].rpartition(":")
        return host, int(port)

    async def _streams(self, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        place = self.listeners.endpoints[name][0]
        if place.startswith("unix:"):
            return await asyncio.open_unix_connection(place.removeprefix("unix:"))
        tls = client_tls() if name == "smtps" else None
        host, port = self.place(name)
        return await asyncio.open_connection(host, port, ssl=tls, server_hostname="localhost" if tls else None)

    async def connect(self, name: str = "smtp", *, greeting: int = 220) -> Client:
        client = Client(*await self._streams(name))
        self.clients.append(client)
        client.heard = await client.hear()
        assert client.heard == greeting
        return client

    def session(self, name: str, *, is_encrypted: bool) -> Wire:
        """Return a wire in memory to a session as a listener makes them; it offers no STARTTLS."""
        entrance = next(each.entrance for each in self.listeners._listens if each.entrance.name == name)
        desk = replace(self.listeners._desks(), tls=None)
        session = Session(desk=desk, entrance=entrance, lobby=self.listeners._lobby)
        return Wire(session, peer=("127.0.0.1", 1), is_encrypted=is_encrypted)

    async def left(self, number: int) -> None:
        """Wait until so few are inside."""
        async with asyncio.timeout(5):
            while len(self.listeners) > number:
                await self.clock.sleep(0)

    async def emptied(self) -> None:
        """Wait until nobody is inside, and what they left was seen to."""
        await self.left(0)
        await self.settled()

    async def settled(self) -> None:
        """Let the loop do what is due."""
        for _ in range(10):
            await self.clock.sleep(0)

    async def sign_in(self, username: str = "head") -> Client:
        client = await self.connect()
        await client.introduce(username)
        return client

    async def relay(self) -> Client:
        client = await self.connect("relay")
        assert await client.say("EHLO mx.la.example") == 250
        return client


def entrances(
    people: People, verifier: SenderVerifier | None, lmtp: str | None, relays: str = "127.0.0.0/8"
) -> list[Listening]:
    """Return one listener of each kind."""
    free = Address("127.0.0.1", 0)
    relay = TrustedRelay(authserv_id="mx.la.example", register=people)
    public = Entrance("smtp", verifier, offers_login=True)
    inner = {"verifier": relay, "trusts_loopback": True, "is_public": False}
    return [
        Listening(free, public),
        Listening(free, Entrance("smtps", verifier, offers_login=True)),
        Listening(free, Entrance("relay", networks=(ip_network(relays),), **inner)),
        Listening(SocketPath(lmtp) if lmtp else free, Entrance("lmtp", **inner)),
    ]


@asynccontextmanager
async def house(
    *,
    verifier: SenderVerifier | None = None,
    tokens: TokenCheck | None = None,
    relays: str = "127.0.0.0/8",
    lmtp: str | None = None,
    spool: type[MemorySpool] = MemorySpool,
    **limits: object,
) -> AsyncIterator[House]:
    """Open the door, and check afterwards that nobody and nothing was left inside."""
    clock, accepted = ManualClock(), []
    people = People(HEAD, COPIER, OFFICER, GONE)
    passwords = Passwords(people.accounts)
    spool = spool(clock)

    class Doorman:
        def accepted(self, envelope: Envelope) -> None:
            accepted.append(envelope)

    desk = Desk(
        hostname="gateway.test",
        contact=CONTACT,
        limits=SmtpLimits(**limits),
        tls=read_certificate(*certificate()),
        spool=spool,
        clock=clock,
        authenticator=passwords,
        signed_in=SignedIn(people),
        book=AddressBook(addresses=["files@gateway.test"], codes=["SEN", "INFO"], folders=["send", "general"]),
        doorman=Doorman(),
        tokens=tokens,
    )
    listeners = SmtpListeners(listens=entrances(people, verifier, lmtp, relays), desks=lambda: desk, clock=clock)
    await listeners.open()
    home = House(listeners, spool, passwords, people, clock, accepted)
    try:
        yield home
    finally:
        for client in home.clients:
            await client.close()
        await listeners.close(grace=5)
    assert len(listeners) == 0
    assert [intake.state for intake in spool.intakes if intake.state == "open"] == []
    assert [envelope.id for envelope in accepted] == list(spool.sealed)


def plain_blob(username: str, password: str) -> str:
    """Return the blob of AUTH PLAIN."""
    return base64.b64encode(f"\0{username}\0{password}".encode()).decode()
