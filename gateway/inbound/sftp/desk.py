"""One person's uploads: under way, to be taken up again, and just completed.

Owns what `Send Files` shows for all sessions of a person: programs look at a file after its CLOSE, and go on with one
that was cut off. It decides nothing about names: that is `sending` (Source: SPEC 5; FIELD-NOTES A.1, A.2, B.3).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from weakref import WeakSet

from gateway.core.model import Unfinished
from gateway.core.register import Account
from gateway.inbound.sftp.lines import OpenLines
from gateway.inbound.sftp.ranges import Ranges
from gateway.pipeline.locks import NamedLocks
from gateway.ports import Intake

GHOST_FOR = timedelta(minutes=10)  # after its session's end, a completed upload stays visible: clients look again
GHOSTS = 10_000  # of a person; the oldest is forgotten for one more

Shown = tuple[int, datetime]  # size in bytes, time


@dataclass
class Upload:
    """An upload under way, on an open handle."""

    account: Account
    school: str
    name: str
    intake: Intake
    began_at: datetime
    parked: Unfinished | None = None  # the record of the bytes that this upload goes on with
    starts_over: bool = False  # unless the first write goes on behind those bytes
    appends: bool = False  # opened to append: what is written below its size goes to its end
    has_come: Ranges = field(default_factory=Ranges)  # which bytes; a hole is no file
    refusal: str = ""  # set when it can't become a file any more: the sentence for its CLOSE
    reason: str = ""
    is_gone: bool = False  # its bytes are no longer this handle's: removed, or taken over by another connection
    owner: object = None  # the session's Sending

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.intake.size

    @property
    def is_whole(self) -> bool:
        """Whether every byte of it was sent."""
        return self.has_come.is_all_of(self.size)


@dataclass(frozen=True)
class Ghost:
    """An upload that was completed or refused: what clients that look again are shown."""

    size: int
    at: datetime
    was_taken: bool
    owner: object  # the session's Sending
    until: datetime | None = None  # None: as long as its session lasts


@dataclass
class Desk:
    """What one person has open; all their sessions share it."""

    names: NamedLocks = field(default_factory=NamedLocks)  # requests for one name take turns, as they came
    lines: OpenLines = field(default_factory=OpenLines)  # what their listings hold
    unfinished_for: timedelta = timedelta(hours=24)  # how long bytes are kept to be taken up again
    _open: dict[tuple[str, str], Upload] = field(default_factory=dict)
    _ghosts: dict[tuple[str, str], Ghost] = field(default_factory=dict)  # oldest first
    _gone: WeakSet[object] = field(default_factory=WeakSet)  # sessions that ended
    _parked: dict[tuple[str, str], Unfinished] = field(default_factory=dict)

    # To be taken up again

    def park(self, upload: Unfinished) -> None:
        """Show an upload that can be taken up again."""
        self._parked[upload.folder, upload.name] = upload

    def parked(self, school: str, name: str, now: datetime) -> Unfinished | None:
        """Return the upload of this name that can be taken up again."""
        found = self._parked.get((school, name))
        return found if found is not None and self._is_kept(found, now) else None

    def unpark(self, upload: Unfinished) -> None:
        """Show it no more."""
        if self._parked.get((upload.folder, upload.name)) == upload:
            del self._parked[upload.folder, upload.name]

    def count_parked(self, now: datetime) -> int:
        """Return how many can be taken up again."""
        return sum(self._is_kept(upload, now) for upload in self._parked.values())

    def _is_kept(self, upload: Unfinished, now: datetime) -> bool:
        return now - upload.since < self.unfinished_for

    # Under way

    def opened(self, upload: Upload) -> None:
        """Show an upload under way; a second one of the name takes its place in the view."""
        self._open[upload.school, upload.name] = upload

    def ended(self, upload: Upload) -> None:
        """Show it no more as under way."""
        if self._open.get((upload.school, upload.name)) is upload:
            del self._open[upload.school, upload.name]

    def under_way(self, school: str, name: str) -> Upload | None:
        """Return the open upload of this name."""
        return self._open.get((school, name))

    # Just completed

    def remember(self, school: str, name: str, ghost: Ghost) -> None:
        """Show what became of it, for some minutes."""
        self._ghosts.pop((school, name), None)
        is_late = ghost.owner in self._gone  # it was completed while its session ended
        self._ghosts[school, name] = replace(ghost, until=ghost.at + GHOST_FOR) if is_late else ghost
        if len(self._ghosts) > GHOSTS:
            del self._ghosts[next(iter(self._ghosts))]

    def left(self, owner: object, now: datetime) -> None:
        """Take the end of a session: what it completed is shown for some minutes more."""
        self._gone.add(owner)
        self._ghosts = {
            key: replace(ghost, until=now + GHOST_FOR) if ghost.owner is owner else ghost
            for key, ghost in self._ghosts.items()
            if ghost.until is None or now < ghost.until
        }

    def ghost(self, school: str, name: str, now: datetime) -> Ghost | None:
        """Return what became of an upload of this name a moment ago."""
        found = self._ghosts.get((school, name))
        return found if found is not None and (found.until is None or now < found.until) else None

    def exorcise(self, school: str, name: str) -> None:
        """Forget a ghost: its owner removed it from view. The file itself is not touched."""
        self._ghosts.pop((school, name), None)

    # Looking

    def look(self, school: str, name: str, now: datetime) -> Shown | None:
        """Return what Send Files shows of a name: what is under way before what was."""
        if upload := self._open.get((school, name)):
            return upload.size, upload.began_at
        if parked := self.parked(school, name, now):
            return parked.size, parked.since
        ghost = self.ghost(school, name, now)
        return (ghost.size, ghost.at) if ghost is not None and ghost.was_taken else None

    def shown(self, school: str, now: datetime) -> Iterator[tuple[str, Shown]]:
        """Yield all that Send Files shows."""
        for where, name in {**self._ghosts, **self._parked, **self._open}:
            if where == school and (found := self.look(school, name, now)):
                yield name, found
