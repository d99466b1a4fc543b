"""`My Account`: what a person can see of their own account, and the one file in it that can be put.

Owns the room, and the writing of `authorized_keys`: taken whole at the client's own CLOSE, judged line by line, and
shown as it was put for as long as programs look whether all of it came (Source: SPEC 5, 9; FIELD-NOTES A.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.core.accountpages import Circumstances, authorized_keys, my_keys, who_has_access, who_i_am
from gateway.core.admission import Refusal
from gateway.core.register import Account
from gateway.inbound.sftp.desk import GHOST_FOR, Upload
from gateway.inbound.sftp.packets import OpenFlags
from gateway.inbound.sftp.refusals import No
from gateway.inbound.sftp.rooms import Found, Leaf, Page, Room, Sight, named
from gateway.pipeline.people.keys import Keys

MY_ACCOUNT = "My Account"
KEYS_FILE = "authorized_keys"
MOST_BYTES = 64 << 10  # of that file

ONLY_KEYS = No(f"Only a file named {KEYS_FILE}, with your public keys, can be put here.")
WHOLE = No(f"Put {KEYS_FILE} whole: what stands in it replaces what was there.")
STAYS = No(
    f"Nothing can be removed here. To take a key away, put a file {KEYS_FILE} without it; what stands in it counts."
)
_NOT_TEXT = No(f"This is no text; {KEYS_FILE} has your public keys, one a line, as they stand in .pub files.")
_TOO_LARGE = f"This is larger than {MOST_BYTES >> 10} KiB, so it can't be {KEYS_FILE}. Nothing was changed."


@dataclass(frozen=True)
class AccountRoom:
    """A person's own account."""

    sight: Sight
    name: str = MY_ACCOUNT

    async def items(self) -> Sequence[Found]:
        """Return its pages, made now."""
        account, about = self._account(), self._about()
        facts = {fact.fingerprint: fact for fact in await self.sight.ledger.key_facts(account.username)}
        pages = (
            ("Who I am.txt", who_i_am(account, about)),
            ("Who has access.txt", who_has_access(account, about)),
            ("Keys.txt", my_keys(account, facts, about)),
        )
        at = self.sight.clock.now()
        leaves = [Leaf(name, len(data), at, Page(data)) for name, data in pages]
        return [*leaves, keys_leaf(authorized_keys(account), at)]

    async def child(self, name: str) -> Found | None:
        """Return one page."""
        return named(await self.items(), name)

    def _account(self) -> Account:
        """Return the account as it is now; the session began with what it was then."""
        mine = self.sight.account
        return self.sight.directory.current.account(mine.username) or mine

    def _about(self) -> Circumstances:
        policy, directory = self.sight.policy.current, self.sight.directory.current
        return Circumstances(
            directory=directory,
            catalogue=policy.catalogue,
            zone=policy.zone,
            contact=policy.notices.contact,
            expires_at=policy.access(directory).expiry_of(self._account()),
        )


@dataclass(frozen=True)
class WithAccount:
    """A person's rooms, and their account beside them."""

    room: Room
    account: AccountRoom

    @property
    def name(self) -> str:
        """As the room is called."""
        return self.room.name

    async def items(self) -> Sequence[Found]:
        """Return what is in the room, and the account."""
        return (*await self.room.items(), self.account)

    async def child(self, name: str) -> Found | None:
        """Return one of them."""
        return self.account if name == self.account.name else await self.room.child(name)


def keys_leaf(data: bytes, at: datetime) -> Leaf:
    """Return the file that can be put."""
    return Leaf(KEYS_FILE, len(data), at, Page(data, is_writable=True))


class InMemory:
    """An intake whose bytes are few, and never become a submission: see `ports.Intake`."""

    id = ""
    is_congested = False
    portion = 1 << 16

    def __init__(self) -> None:
        """Start with nothing."""
        self.data = bytearray()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return len(self.data)

    def write(self, data: bytes | bytearray | memoryview, offset: int | None = None) -> None:
        """Take bytes."""
        at = len(self.data) if offset is None else offset
        self.data.extend(bytes(max(0, at - len(self.data))))
        self.data[at : at + len(data)] = data

    def truncate(self, size: int) -> None:
        """Cut or grow."""
        self.data = self.data[:size] + bytes(max(0, size - len(self.data)))

    async def drain(self) -> None:
        """Never behind."""

    async def sync(self) -> None:
        """Durable is only what was judged."""

    async def park(self) -> None:
        """Keep nothing: half a file of keys is none."""

    async def discard(self) -> None:
        """Forget."""
        self.data.clear()


@dataclass
class KeyUpload(Upload):
    """An `authorized_keys` that is being put."""

    replaces: tuple[str, ...] = ()  # the keys that there were when it was opened


class KeyWriting:
    """The putting of `authorized_keys`, in one session."""

    def __init__(self, sight: Sight, keys: Keys, *, peer: str) -> None:
        """Take who it is, and the use-case."""
        self._sight = sight
        self._keys = keys
        self._peer = peer
        self._put: tuple[bytes, datetime] | None = None  # what was taken last

    def open(self, name: str, flags: OpenFlags) -> KeyUpload | No:
        """Begin; it replaces what is there."""
        if name != KEYS_FILE:
            return ONLY_KEYS
        if flags & (OpenFlags.APPEND | OpenFlags.EXCLUSIVE):
            return WHOLE
        account, now = self._sight.account, self._sight.clock.now()
        before = self._sight.directory.current.account(account.username) or account
        upload = KeyUpload(account, "", name, InMemory(), now, owner=self)  # type: ignore[arg-type]  # it is never sealed
        upload.replaces = before.keys
        return upload

    def write(self, upload: Upload, offset: int, piece: memoryview) -> None:
        """Take a piece; what is too much is dropped and told."""
        if offset + len(piece) > MOST_BYTES:
            upload.refusal = _TOO_LARGE
        elif not upload.refusal:
            upload.intake.write(piece, offset)

    def written(self, upload: Upload) -> None:
        """Do nothing: keys are kept at the CLOSE."""

    def truncate(self, upload: Upload, size: int) -> None:
        """Cut or grow."""
        if size <= MOST_BYTES:
            upload.intake.truncate(size)

    async def sync(self, upload: Upload) -> None:
        """Do nothing: until its CLOSE it is only looked at, and then it is a record."""

    async def close(self, upload: Upload) -> No | None:
        """Judge it, and put its keys into the place of the old ones; all or none."""
        intake = upload.intake
        assert isinstance(upload, KeyUpload), "opened here"
        assert isinstance(intake, InMemory), "opened here"
        data = bytes(intake.data)
        if upload.refusal:
            return No(upload.refusal)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return _NOT_TEXT
        username = self._sight.account.username
        answer = await self._keys.replace(username, text, by=username, peer=self._peer, of=upload.replaces)
        if isinstance(answer, Refusal):
            return No.of(answer)
        self._put = (data, self._sight.clock.now())
        return None

    async def abandon(self, upload: Upload) -> None:
        """Take the end of a session: nothing is changed."""
        await upload.intake.discard()

    def just_put(self) -> Leaf | None:
        """Return the file as it was put a moment ago: programs look whether its size is that of theirs."""
        if self._put is None or self._sight.clock.now() - self._put[1] >= GHOST_FOR:
            return None
        return keys_leaf(*self._put)
