"""One person's uploads: under way, to be taken up again, and just completed.

Owns what `Send Files` shows for all sessions of a person: programs look at a file after its CLOSE, and go on with one
that was cut off. It decides nothing about names: that is `portal` (Source: SPEC 5; FIELD-NOTES A.1, A.2, B.3).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.core.model import Unfinished
from gateway.core.register import Account
from gateway.ports import Intake

GHOST_FOR = timedelta(minutes=10)  # a completed upload stays visible in Send Files, since clients look again


@dataclass
class Upload:
    """An upload under way, on an open handle."""

    account: Account
    school: str
    name: str
    intake: Intake
    began_at: datetime
    parked: Unfinished | None = None  # the record of the bytes that this upload goes on with
    refusal: str = ""  # set when it can't become a file any more: the sentence for its CLOSE
    reason: str = ""

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.intake.size


@dataclass(frozen=True)
class Ghost:
    """An upload that was completed or refused: what clients that look again are shown."""

    size: int
    at: datetime
    was_taken: bool


@dataclass
class Desk:
    """The uploads of one person; all their sessions share it."""

    _open: dict[tuple[str, str], Upload] = field(default_factory=dict)
    _ghosts: dict[tuple[str, str], Ghost] = field(default_factory=dict)
    _parked: dict[tuple[str, str], Unfinished] = field(default_factory=dict)

    def park(self, upload: Unfinished) -> None:
        """Show an upload that can be taken up again."""
        self._parked[upload.folder, upload.name] = upload

    def parked(self, school: str, name: str) -> Unfinished | None:
        """Return the upload of this name that can be taken up again."""
        return self._parked.get((school, name))

    def unpark(self, upload: Unfinished) -> None:
        """Show it no more."""
        self._parked.pop((upload.folder, upload.name), None)

    def opened(self, upload: Upload) -> None:
        """Show an upload under way; a second one of the name takes its place in the view."""
        self._open[upload.school, upload.name] = upload

    def ended(self, upload: Upload) -> None:
        """Show it no more as under way."""
        if self._open.get((upload.school, upload.name)) is upload:
            del self._open[upload.school, upload.name]

    def remember(self, school: str, name: str, ghost: Ghost) -> None:
        """Show what became of it, for some minutes."""
        self._ghosts[school, name] = ghost

    def ghost(self, school: str, name: str, now: datetime) -> Ghost | None:
        """Return what became of an upload of this name a moment ago."""
        self._forget(now)
        return self._ghosts.get((school, name))

    def exorcise(self, school: str, name: str) -> None:
        """Forget a ghost: its owner removed it from view. The file itself is not touched."""
        self._ghosts.pop((school, name), None)

    def under_way(self, school: str, name: str) -> Upload | None:
        """Return the open upload of this name."""
        return self._open.get((school, name))

    def shown(self, school: str, now: datetime) -> Iterator[tuple[str, int, datetime]]:
        """Yield name, size and time of what Send Files shows: one of a name, what is under way before what was."""
        self._forget(now)
        seen = {key: (g.size, g.at) for key, g in self._ghosts.items() if g.was_taken}
        seen |= {key: (u.size, u.since) for key, u in self._parked.items()}
        seen |= {key: (u.size, u.began_at) for key, u in self._open.items()}
        for (where, name), (size, at) in seen.items():
            if where == school:
                yield name, size, at

    def _forget(self, now: datetime) -> None:
        self._ghosts = {key: g for key, g in self._ghosts.items() if now - g.at < GHOST_FOR}
