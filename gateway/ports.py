"""What the use-cases need from the world, as protocols: time, disk, spool, archive, ledger, ways out.

Owns no behaviour. The real ones live in `clock`, `store` and `outbound`; the tests' in `tests/fakes.py`, and
one contract suite a port runs on both. Every method may raise `errors.Transient`; what else it may raise, it says.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, TypeVarTuple

from gateway.core.model import (
    AuditEntry,
    Change,
    Drop,
    DropState,
    Envelope,
    FileQuery,
    FileRecord,
    History,
    Listed,
    Mail,
    Notice,
    NoticeQuery,
    Parcel,
    Posted,
    Submission,
    TrailCheck,
    Unfinished,
    Unpacked,
)
from gateway.core.register import Account, Directory, School, Succession
from gateway.core.routing import Target

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Clock(Protocol):
    """Time, and ids that sort by it."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def new_id(self) -> str:
        """Return a new id: 26 characters, lower case, sorting by time."""
        ...


class Disk(Protocol):
    """Blocking disk operations, each one a point where we may die. Raise OSError; paths are absolute."""

    def create(self, path: str) -> int:
        """Make a new file (it must not exist), open for reading and writing, mode 0600; return its descriptor."""
        ...

    def open(self, path: str, *, write: bool = False) -> int:
        """Open an existing regular file; never follows a link."""
        ...

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        """Write all of data at the offset."""
        ...

    def read(self, fd: int, size: int, offset: int) -> bytes:
        """Read up to size bytes; b"" at the end."""
        ...

    def fsync(self, fd: int) -> None:
        """Return when the file's bytes are durable."""
        ...

    def begin_writeback(self, fd: int, offset: int, size: int) -> None:
        """Start to carry written bytes to the disk, so that a later fsync is short; promises nothing."""
        ...

    def truncate(self, fd: int, size: int) -> None:
        """Cut or grow the file."""
        ...

    def allow_group(self, fd: int, folder: str) -> None:
        """Give the file's group what the folder gives to its group; harmless where there are no such rights."""
        ...

    def close(self, fd: int) -> None:
        """Close the descriptor."""
        ...

    def size(self, path: str) -> int:
        """Return the size of a file."""
        ...

    def exists(self, path: str) -> bool:
        """Return whether there is anything of this name (links are not followed). A disk in trouble is no absence."""
        ...

    def is_same(self, path: str, other: str) -> bool:
        """Return whether two names are names of one file; False when one is gone."""
        ...

    def list(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; an absent folder is empty."""
        ...

    def make_folder(self, path: str) -> None:
        """Make the folder and its parents, mode 0700, durable; harmless when it is there."""
        ...

    def rename(self, source: str, target: str) -> None:
        """Rename; replaces the target."""
        ...

    def link(self, source: str, target: str) -> None:
        """Give the file a second name; FileExistsError when the name is taken."""
        ...

    def unlink(self, path: str) -> None:
        """Remove the name; harmless when it is gone."""
        ...

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; harmless when it is gone. Raises OSError when something is in it."""
        ...

    def sync_folder(self, path: str) -> None:
        """Return when the folder's names are durable."""
        ...

    def free_bytes(self, path: str) -> int:
        """Return what is free on the disk of this path."""
        ...


class Threads(Protocol):
    """Where blocking disk work happens, so that the event loop never waits for a disk."""

    async def run(self, job: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run a blocking job. Raises Transient, with a sentence, for every OSError that it lets out."""
        ...


class Intake(Protocol):
    """Bytes under way into the spool. Nothing was promised for them yet.

    Its owner ends it: seals it, parks it or, also after a failure, discards it. A cancelled call happens whole or not.
    """

    @property
    def id(self) -> str:
        """The submission that they will be."""
        ...

    @property
    def size(self) -> int:
        """Bytes so far: the highest offset written."""
        ...

    @property
    def is_congested(self) -> bool:
        """Whether the sender should wait (see `drain`): the disk is behind."""
        ...

    def write(self, data: bytes | bytearray | memoryview, offset: int | None = None) -> None:
        """Take a copy of bytes, at the end unless an offset is given. Never blocks; failures show at drain or seal."""
        ...

    def truncate(self, size: int) -> None:
        """Cut to a size, in order with the writes."""
        ...

    async def drain(self) -> None:
        """Wait until the disk has caught up. Raises Transient for a write that failed."""
        ...

    async def sync(self) -> None:
        """Wait until everything written so far is durable."""
        ...

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
        school: str | None = None,
    ) -> Envelope:
        """Make it our word: fsync, rename to `ready/`, fsync the folder. After this we owe an outcome."""
        ...

    async def park(self) -> None:
        """Close, and keep the bytes under `id`, so that `Spool.resume` can go on with them."""
        ...

    async def discard(self) -> None:
        """Forget the bytes; safe to repeat, and harmless once they are sealed or parked."""
        ...


class Spool(Protocol):
    """Bytes between the door and the record. `ready` is a to-do list."""

    async def prepare(self) -> None:
        """Make its folders and clear what a stop left in `parts/`; before the first intake, safe to repeat."""
        ...

    def begin(self) -> Intake:
        """Start taking bytes; touches no disk before there are some."""
        ...

    async def resume(self, id: str) -> Intake:
        """Go on with parked bytes. Raises NotThere, and Transient while somebody still writes them."""
        ...

    async def ready(self) -> list[str]:
        """Return the ids that are promised and not yet forgotten, oldest first."""
        ...

    async def envelope(self, id: str) -> Envelope:
        """Return what was sealed with the bytes. Raises NotThere, or Permanent when it can't be read."""
        ...

    def path(self, id: str) -> str:
        """Return where the bytes of a ready submission lie; only the first Envelope.size bytes are theirs."""
        ...

    def parts_folder(self, id: str) -> str:
        """Return the folder for the decoded parts of a ready message; made by who writes there."""
        ...

    async def forget(self, id: str) -> None:
        """Remove the promised bytes and their parts; safe to repeat."""
        ...

    async def set_aside(self, id: str, why: str) -> None:
        """Move to `failed/` with the reason beside it: for a person."""
        ...

    async def failed(self) -> list[str]:
        """Return the ids that were set aside, oldest first."""
        ...

    async def parked(self) -> list[str]:
        """Return the ids of bytes under way or parked."""
        ...

    async def drop_parked(self, id: str) -> None:
        """Remove parked bytes; safe to repeat. Raises Transient while somebody still writes them."""
        ...

    async def free_bytes(self) -> int:
        """Return what is free on its disk."""
        ...


class Reader(Protocol):
    """One file of the archive, open for reading: a download. Close it."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        ...

    def peek(self, offset: int, size: int) -> bytes | None:
        """Return bytes that are in memory already, as `read` would; None when the disk must be asked."""
        ...

    async def read(self, offset: int, size: int) -> bytes:
        """Return size bytes, fewer only at the end of the file; b"" behind it."""
        ...

    async def close(self) -> None:
        """Let go; safe to repeat."""
        ...


class Archive(Protocol):
    """The bytes of files, by school and month, for their term. A place that is not of our form raises Permanent."""

    async def prepare(self) -> None:
        """Make its folder; safe to repeat."""
        ...

    async def keep(self, source: str, place: str, *, size: int) -> None:
        """Link a file that is on our disk into its place, durable. The same place and size is already done.

        The source may be longer than size (a seal stands behind its bytes) and must never be written to again. Raises
        NotThere without a source, and Permanent when either holds fewer bytes.
        """
        ...

    async def trim(self, place: str, size: int) -> None:
        """Cut what the spool sealed behind the bytes; only once they are recorded. Safe to repeat."""
        ...

    async def open(self, place: str, *, size: int) -> Reader:
        """Open a file of this size for a download. Raises NotThere."""
        ...

    def path(self, place: str) -> str:
        """Return where the bytes lie."""
        ...

    async def read(self, place: str, offset: int, size: int) -> bytes:
        """Return bytes of a file; b"" at its end. Raises NotThere."""
        ...

    async def destroy(self, place: str) -> None:
        """Remove the bytes, durable; safe to repeat."""
        ...

    async def places(self) -> list[str]:
        """Return every place that holds bytes."""
        ...

    async def find(self, submission: str) -> list[str]:
        """Return the places that hold bytes of files of this submission; costs a look into every month folder."""
        ...


class Submissions(Protocol):
    """Records of what was sent."""

    async def record(self, submission: Submission) -> None:
        """Write a submission with all that follows from it in one transaction; a repeat of the same id is harmless."""
        ...

    async def has_submission(self, id: str) -> bool:
        """Return whether this submission is recorded."""
        ...

    async def submission(self, id: str) -> Submission | None:
        """Return a submission with its parts and files (no drops, notices or history)."""
        ...

    async def file(self, id: str) -> FileRecord | None:
        """Return one file."""
        ...

    async def files(self, query: FileQuery) -> list[FileRecord]:
        """Return the files of a query, newest first."""
        ...

    async def listed(self, query: FileQuery) -> list[Listed]:
        """Return the files of a query as a long listing needs them, newest first."""
        ...

    async def history(self, file: str) -> list[History]:
        """Return what happened to a file, oldest first."""
        ...

    async def twins(self, *, school: str, name: str) -> list[FileRecord]:
        """Return the school's files of this name (NFC, case ignored) whose bytes we hold, newest first."""
        ...

    async def same_bytes(self, *, school: str, service: str, sha256: str) -> list[FileRecord]:
        """Return what the school sent to a service with these bytes and we hold, Sent or Received, newest first."""
        ...

    async def apply(self, change: Change) -> bool:
        """Write a transition if the file still has the expected status; False, and nothing written, if not.

        Where the change says what was seen, the file must also still be with that service, since that time.
        """
        ...


class Deliveries(Protocol):
    """Drops that we owe."""

    async def due_drops(self, now: datetime, limit: int) -> list[tuple[Drop, FileRecord]]:
        """Return what is due, oldest first; only drops of files that are still Sent or Received."""
        ...

    async def mark_drop(self, drop: Drop, *, expected: DropState) -> bool:
        """Write a drop's new state if it still is in the expected one. DONE also writes `delivered_at`."""
        ...

    async def drops(self, *, file: str | None = None, state: DropState | None = None) -> list[Drop]:
        """Return drops, newest first."""
        ...

    async def lying_drops(self) -> list[tuple[Drop, FileRecord]]:
        """Return what was placed in folders, of files that are still Sent; by target, the last one first."""
        ...

    async def arrivals(self, *, service: str, after: int, upto: int) -> list[FileRecord]:
        """Return what was first delivered to a service between two places of the trail, in that order, each once."""
        ...

    async def next_drop_at(self) -> datetime | None:
        """Return when the next drop is due."""
        ...


class Outbox(Protocol):
    """Notices that we owe."""

    async def owe(self, notices: Sequence[Notice]) -> None:
        """Add notices; one whose id is there already is left as it is."""
        ...

    async def due_notices(self, now: datetime, limit: int) -> list[Notice]:
        """Return what is due, oldest first."""
        ...

    async def mark_notice(self, notice: Notice) -> None:
        """Write a notice's new state."""
        ...

    async def notice(self, id: str) -> Notice | None:
        """Return one notice."""
        ...

    async def notices(self, query: NoticeQuery) -> list[Notice]:
        """Return the notices of a query, newest first."""
        ...

    async def notices_sent(self, address: str, since: datetime) -> int:
        """Return how many notices went to an address since a time: for the caps."""
        ...

    async def next_notice_at(self) -> datetime | None:
        """Return when the next notice is due."""
        ...


class Terms(Protocol):
    """Files whose time has come."""

    async def due_files(self, at: datetime, limit: int | None = None) -> list[FileRecord]:
        """Return files whose bytes are to be destroyed at that time, oldest first; held ones are not due."""
        ...

    async def mark_destroying(self, files: Sequence[str], at: datetime) -> None:
        """Write that the destruction of these files began: they leave every view."""
        ...

    async def destroying(self) -> list[FileRecord]:
        """Return files whose destruction began and has not ended."""
        ...

    async def mark_destroyed(self, file: FileRecord, *, actor: str) -> None:
        """Write the record as it stays (masked), clear what goes with the bytes, and end the destruction."""
        ...

    async def forget_erased(self) -> bool:
        """Leave nothing of what was erased in the engine's own logs; False when somebody still reads there."""
        ...


class People(Protocol):
    """The register."""

    async def directory(self) -> Directory:
        """Return the register as it stands."""
        ...

    async def directory_version(self) -> int:
        """Return a number that changes when the register does."""
        ...

    async def put_school(self, school: School, *, actor: str, at: datetime) -> None:
        """Add or replace a school by its DfE number."""
        ...

    async def put_succession(self, link: Succession, *, actor: str, at: datetime) -> None:
        """Add or replace the succession of an old number."""
        ...

    async def add_account(self, account: Account, *, actor: str, at: datetime, why: str = "") -> None:
        """Add an account. Raises NotThere (with a sentence) when the username or the address is taken."""
        ...

    async def put_account(self, account: Account, *, actor: str, at: datetime, event: str, why: str = "") -> None:
        """Replace an account that is there."""
        ...

    async def note_login(self, username: str, *, at: datetime, peer: str, how: str) -> None:
        """Write that somebody came in."""
        ...

    async def logins(self) -> Mapping[str, datetime]:
        """Return the last login of each username."""
        ...


class Uploads(Protocol):
    """Uploads that are not finished."""

    async def put_unfinished(self, upload: Unfinished) -> None:
        """Add or replace by its id."""
        ...

    async def drop_unfinished(self, id: str) -> None:
        """Remove; safe to repeat."""
        ...

    async def unfinished(self, username: str | None = None) -> list[Unfinished]:
        """Return unfinished uploads, of one person or all, oldest first."""
        ...


class Trail(Protocol):
    """The audit trail, and small marks that survive a restart."""

    async def note(self, *, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, object]) -> None:
        """Append one row to the chain."""
        ...

    async def trail(self, *, subject: str | None = None, limit: int | None = None) -> list[AuditEntry]:
        """Return rows, newest first, in clear where the words were not erased."""
        ...

    async def chained_trail(self, *, after: int = 0, limit: int = 2000) -> list[AuditEntry]:
        """Return rows as they are chained, oldest first, from behind a sequence: an export that others can check."""
        ...

    async def verify_trail(self) -> TrailCheck:
        """Walk the whole chain; say the first row that is not as it was written."""
        ...

    async def trail_end(self) -> int:
        """Return the number of the last row; 0 when there is none."""
        ...

    async def mark(self, name: str) -> str | None:
        """Return a small value that was set."""
        ...

    async def set_mark(self, name: str, value: str) -> None:
        """Set a small value."""
        ...


class Ledger(Submissions, Deliveries, Outbox, Terms, People, Uploads, Trail, Protocol):
    """The truth. One per data folder; every method is one transaction; Transient while the database is busy."""

    async def counts(self) -> Mapping[str, int]:
        """Return sizes for `admin status`: files by status, drops and notices by state, oldest due."""
        ...

    async def change_counter(self) -> int:
        """Return a number that changes whenever anything was written, by this process or another."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go."""
        ...


class Unpacker(Protocol):
    """Takes a spooled message apart."""

    async def unpack(self, envelope: Envelope) -> Unpacked:
        """Return its parts, decoded into the spool's parts folder; safe to repeat, never raises for what is inside."""
        ...


class DropFolder(Protocol):
    """A service's folder, perhaps a mounted share. Raises Transient when it is not there or its marker is missing."""

    async def prepare(self, folder: str, *, id: str, source: str, size: int) -> None:
        """Make the bytes durable in the folder under a temporary name made of the id; safe to repeat."""
        ...

    async def choose_name(self, folder: str, *, name: str, id: str) -> str:
        """Return the name that the drop shall have: the file's own where it is free."""
        ...

    async def place(self, folder: str, *, id: str, name: str) -> bool:
        """Rename to the name; False when the temporary name is gone: it was placed, and perhaps collected, before.

        Never replaces: raises NameTaken when something else has the name by now; then choose again.
        """
        ...

    async def write_sidecar(self, folder: str, *, name: str, facts: Mapping[str, object]) -> None:
        """Write NAME.json beside the drop, by temporary name and rename."""
        ...

    async def withdraw(self, folder: str, *, id: str, name: str, size: int, sha256: str | None = None) -> bool:
        """Take an untouched drop back, with its sidecar; False when it is gone, or no longer has these bytes.

        Without a name it was never placed: only its temporary name goes. Without a digest, size alone is compared.
        """
        ...

    async def holds(self, folder: str, *, name: str) -> bool:
        """Return whether a drop still lies there."""
        ...

    async def names(self, folder: str) -> frozenset[str]:
        """Return the names in the folder, the marker among them: an unmounted share is never an empty folder."""
        ...

    async def sweep(self, folder: str, *, owed: Collection[str]) -> int:
        """Remove temporary names of drops that are not owed any more (by their ids); return how many."""
        ...


class Mailbox(Protocol):
    """Takes files to the mailboxes of services, through the relay. It never raises for what a relay says or does."""

    async def post(self, parcel: Parcel) -> Posted:
        """Hand one over; safe to repeat under the same Message-ID."""
        ...


class Pusher(Protocol):
    """Takes files to the servers of services. Raises Transient for a server that is away, Permanent for a false one."""

    async def push(self, target: Target, *, id: str, file: FileRecord, source: str) -> str:
        """Put a file there, whole and under its name or one with its id; return the name. Safe to repeat."""
        ...

    async def sweep(self, target: Target, *, id: str) -> None:
        """Remove what an unfinished push of this drop left; harmless when there is nothing."""
        ...


class Courier(Protocol):
    """Hands mail to the relay. Outcomes are values; it never raises for what a relay says or does."""

    async def send(self, mails: Sequence[Mail]) -> list[Posted]:
        """Send over one connection; one outcome a mail, in order."""
        ...


class Rendered(Protocol):
    """A notice as text."""

    @property
    def subject(self) -> str:
        """One line."""
        ...

    @property
    def text(self) -> str:
        """Plain text."""
        ...

    @property
    def html(self) -> str | None:
        """The HTML twin, if there is one."""
        ...


class Renderer(Protocol):
    """Turns a template and its context into words."""

    def render(self, template: str, context: Mapping[str, object]) -> Rendered:
        """Return the notice; a faulty template falls back to built-in plain words, so that it never fails."""
        ...


Wake = Callable[[], None]  # tells a worker that there is something to do
