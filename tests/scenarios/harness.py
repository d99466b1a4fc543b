"""A house in the test's own process, for stories: a sample deployment, time that moves by hand, a relay that records.

    async def test_a_file_reaches_its_service(scene):
        await scene.upload("ruth.ashdown", "8301102_INFOphonics20261120.docx", b"...")
        await scene.idle()
        assert scene.dropped("INFO") == {"8301102_INFOphonics20261120.docx": b"..."}

Bytes go in as the doors hand them on: judged, filled into an intake, sealed; the doors themselves are left out. At the
end of every story the invariants are checked: see `invariants`.
"""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from gateway.app import House, build
from gateway.cli.init import lay_out, shipped_folder
from gateway.core.documents import Document, DocumentQuery, Order
from gateway.core.mail import Mail
from gateway.core.model import Channel, FileQuery, FileRecord, Unfinished
from gateway.core.register import Account
from gateway.core.submission import Envelope
from gateway.errors import Transient
from gateway.ports import Clock, Courier, Disk, Intake, Ledger
from gateway.rooms.ground import Opened
from gateway.settings import Settings
from gateway.store.disk import PosixDisk
from gateway.store.hashing import Hasher
from gateway.store.ledger import open_ledger
from gateway.store.shares import ShareThreads
from gateway.store.threads import DiskThreads
from gateway.tables import Tables, read_deployment
from tests.fakes import ManualClock, dies
from tests.scenarios.invariants import MARKER, Books, Known, Promise, Row, assert_whole, sha256
from tests.scenarios.stand_ins import RecordingCourier

GOOD = "8301102_INFOphonics20261120.docx"  # a name without a fault, of Millbeck's headteacher
HEAD = "ruth.ashdown"  # headteacher of Millbeck, 8301102
STAFF = "jonas.abernethy"  # of Highmoor, 8304053, whose headteacher is yusuf.demirel

Wrap = Callable[[Ledger], Ledger]


@dataclass
class Scene:
    """One deployment, and the house that is open in it."""

    folder: Path
    settings: Settings
    tables: Tables
    clock: ManualClock = field(default_factory=ManualClock)
    courier: RecordingCourier = field(default_factory=RecordingCourier)
    known: Known = field(default_factory=Known)
    promises: list[Promise] = field(default_factory=list)  # what senders were told that we have
    published: list[str] = field(default_factory=list)  # submissions of documents, as their publishers were told
    patience: float = 30.0  # real seconds for which a share is waited for
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    # The process

    async def start(self, *, disk: Disk | None = None, wrap: Wrap = lambda ledger: ledger) -> House:
        """Open the house, as a start of the daemon does it; recovers nothing yet."""
        shares = ShareThreads(patience=self.patience)
        opened = _house(self.settings, self.tables, self.clock, self.courier, disk or PosixDisk(), wrap, shares)
        self.house = await self._open.enter_async_context(opened)
        return self.house

    async def stop(self) -> None:
        """Close the house."""
        stack, self._open = self._open, AsyncExitStack()
        await stack.aclose()

    async def restart(self, *, disk: Disk | None = None, wrap: Wrap = lambda ledger: ledger) -> None:
        """Open the house again in a new process, and recover."""
        await self.stop()
        self.clock.advance(1)
        await self.start(disk=disk, wrap=wrap)
        await self.house.recover.pass_once()

    async def idle(self) -> None:
        """Pass all workers until none has anything to do."""
        house, quiet = self.house, 0
        for _ in range(200):
            workers = (house.ingest, house.dropper, house.notifier, house.purge)
            quiet = 0 if any([await worker.pass_once() for worker in workers]) else quiet + 1
            if quiet == 2:  # what was put off is passed over once
                return
        raise AssertionError("the workers never come to rest")

    def assert_whole(self) -> None:
        """Check the invariants now."""
        assert_whole(self.folder, self.known, self.promises, self.published)

    # What people do

    def account(self, username: str) -> Account:
        """Return an account."""
        account = self.house.directory.current.account(username)
        assert account is not None
        return account

    async def upload(self, username: str, name: str, data: bytes, *, school: str | None = None) -> str:
        """Send a file as the SFTP door does; return "" for a good CLOSE, else the sentence of the refusal."""
        account, receive = self.account(username), self.house.receive
        facts = {"school": school, "peer": "192.0.2.7", "verified_by": "publickey"}
        reading = receive.judge(account, name)
        reason = reading.reason or ("" if data else "empty-file")
        if reason:
            return await receive.refuse(account, name=name, reading=reading, reason=reason, **facts)  # type: ignore[arg-type]
        intake = receive.begin()
        try:
            await _fill(intake, data)
            envelope = await intake.seal(channel=Channel.SFTP, username=username, name=name, **facts)  # type: ignore[arg-type]
        except Transient as trouble:
            await intake.discard()
            return str(trouble)
        receive.accepted(envelope)
        self.promises.append(Promise(name, sha256(data), username))
        return ""

    async def park(self, username: str, name: str, data: bytes, *, school: str = "8301102") -> Unfinished:
        """Upload and break off, as a client whose connection dropped."""
        intake = self.house.receive.begin()
        await _fill(intake, data)
        await intake.park()
        parked = Unfinished(intake.id, username, school, name, len(data), self.clock.now())
        await self.house.ledger.put_unfinished(parked)
        return parked

    async def mail_documents(self, username: str, *files: tuple[str, bytes], **headers: str) -> Envelope:
        """Publish by email into the folder SEND; return the envelope of the accepted message."""
        return await self.mail_documents_as(username, letter(self.account(username).email, *files, **headers))

    async def mail_documents_as(self, username: str, message: bytes) -> Envelope:
        """Publish by a message as it stands; return its envelope."""
        intake = self.house.receive.begin()
        await _fill(intake, message)
        envelope = await intake.seal(
            channel=Channel.EMAIL,
            username=username,
            verified_by="password",
            peer="192.0.2.7",
            recipients=("documents+send@gateway.test",),
            sender=self.account(username).email,
            order=Order("send"),
        )
        self.house.receive.accepted(envelope)
        return envelope

    async def email(
        self,
        username: str,
        *files: tuple[str, bytes],
        text: str = "",
        verified_by: str = "password",
        **headers: str,
    ) -> Envelope:
        """Send files by email; return the envelope of the accepted message."""
        message = letter(self.account(username).email, *files, text=text, **headers)
        envelope = await self.post(username, message, verified_by=verified_by)
        self.promises += [Promise(name, sha256(data), username) for name, data in files]
        return envelope

    async def post(
        self,
        username: str,
        message: bytes,
        *,
        to: tuple[str, ...] = ("files@gateway.test",),
        verified_by: str = "password",
    ) -> Envelope:
        """Hand in a message as it stands; return its envelope."""
        intake = self.house.receive.begin()
        await _fill(intake, message)
        envelope = await intake.seal(
            channel=Channel.EMAIL,
            username=username,
            verified_by=verified_by,
            peer="192.0.2.7",
            recipients=to,
            sender=self.account(username).email,
        )
        self.house.receive.accepted(envelope)
        return envelope

    async def publish(
        self,
        username: str,
        name: str,
        data: bytes,
        order: Order | None = None,
        *,
        channel: Channel = Channel.SFTP,
    ) -> Envelope:
        """Publish a document as a door does it; return the envelope."""
        intake = self.house.receive.begin()
        await _fill(intake, data)
        envelope = await intake.seal(
            channel=channel,
            username=username,
            verified_by="publickey",
            name=name,
            peer="192.0.2.7",
            order=order or Order("send"),
        )
        self.house.receive.accepted(envelope)
        self.published.append(envelope.id)
        return envelope

    # What can be seen

    async def documents(self, **query: object) -> list[Document]:
        """Return documents, newest first."""
        return await self.house.ledger.documents(DocumentQuery(**query))  # type: ignore[arg-type]

    async def shown(self, school: str) -> list[str]:
        """Return the names that a school is shown, newest first."""
        return [d.name for d in await self.house.ledger.shown_documents(school=school)]

    async def files(self, **query: object) -> list[FileRecord]:
        """Return files, newest first."""
        return await self.house.ledger.files(FileQuery(**query))  # type: ignore[arg-type]

    async def file(self, name: str) -> FileRecord:
        """Return the one file of a name."""
        (found,) = [f for f in await self.files() if f.name == name]
        return found

    def drop_folder(self, code: str) -> Path:
        """Return where a service reads."""
        return self.folder / "drops" / code

    def dropped(self, code: str) -> dict[str, bytes]:
        """Return what lies in a service's folder."""
        return {p.name: p.read_bytes() for p in self.drop_folder(code).iterdir() if p.name != MARKER}

    def notices_to(self, username: str) -> list[Mail]:
        """Return the mail that a person got."""
        return self.courier.to(self.account(username).email)

    def rows(self, table: str) -> list[Row]:
        """Return a table of the ledger."""
        found: list[Row] = getattr(Books(self.folder / "data"), table)
        return found

    def mentions(self, word: str) -> list[str]:
        """Return every file below the data folder and the drop folders in whose name or bytes a word stands."""
        below = [p for top in ("data", "drops") for p in (self.folder / top).rglob("*")]
        wanted = word.encode()
        found = [p for p in below if word in p.name or (p.is_file() and wanted in p.read_bytes())]
        return [str(p.relative_to(self.folder)) for p in found]

    # What an authority sets

    async def set_account(self, username: str, **values: object) -> None:
        """Change an account, as a command does, and let the house hear of it."""
        account = replace(self.account(username), **values)  # type: ignore[arg-type]
        await self.house.ledger.put_account(account, actor="a test", at=self.clock.now(), event="change")
        await self.house.directory.pass_once()

    def set_documents(self, **values: object) -> None:
        """Put other rules for documents in force."""
        policy = self.house.policy
        policy.current = replace(policy.current, documents=replace(policy.current.documents, **values))  # type: ignore[arg-type]

    def set_notices(self, **values: object) -> None:
        """Put other rules for notices in force."""
        policy = self.house.policy
        policy.current = replace(policy.current, notices=replace(policy.current.notices, **values))  # type: ignore[arg-type]


async def _fill(intake: Intake, data: bytes) -> None:
    for start in range(0, len(data), 32_768):
        intake.write(data[start : start + 32_768])
        if intake.is_congested:
            await intake.drain()


@asynccontextmanager
async def _house(
    settings: Settings, tables: Tables, clock: Clock, courier: Courier, disk: Disk, wrap: Wrap, shares: ShareThreads
) -> AsyncIterator[House]:
    """Do as `app.open_house`, with a ledger that can be wrapped."""
    data = settings.storage.data
    own, hasher = DiskThreads("disk", count=3), Hasher(time_cost=1, memory_kib=8)
    ledger = await open_ledger(str(data / "ledger.db"), clock=clock, patience=5.0)
    try:
        house = build(settings, tables, Opened(clock, disk, courier, wrap(ledger), hasher, own, shares))
        await house.spool.prepare()
        await house.archive.prepare()
        await house.directory.pass_once()
        try:
            yield house
        finally:
            await dies(house.dropper.close())  # of a process that is dead already, nothing more is heard
    finally:
        await ledger.close()
        hasher.close()
        shares.close()
        own.close()


@asynccontextmanager
async def scene_in(folder: Path, **parts: object) -> AsyncIterator[Scene]:
    """Open a house in a deployment, and check the invariants at the end."""
    settings, tables = read_deployment(folder / "gateway.toml")
    scene = Scene(folder, settings, tables, **parts)  # type: ignore[arg-type]
    await scene.start()
    try:
        yield scene
        await scene.idle()
    finally:
        await scene.stop()
    scene.assert_whole()


def lay_out_sample(place: Path) -> Path:
    """Lay out what `gateway init --sample` does, without disk space that must stay free."""
    lay_out(place, source=shipped_folder(), sample=True)
    return place


def copy_of(sample: Path, place: Path) -> Path:
    """Return a deployment of a test's own: the sample's paths are relative."""
    return shutil.copytree(sample, place)


def restore(snapshot: Path, folder: Path) -> None:
    """Put the data and the drop folders back as they were."""
    for name in ("data", "drops"):
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(snapshot / name, folder / name)


def letter(sender: str, *files: tuple[str, bytes], text: str = "", **headers: str) -> bytes:
    """Return a message with files attached, as programs make it."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, "files@gateway.test"
    message["Message-ID"] = f"<{os.urandom(8).hex()}@school.example>"
    for name, value in {"Subject": "Files", **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content(text or "\n")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()
