"""The records of what came: submissions, files, drops, notices and terms, as the use-cases need them.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.core.listed import ListedFiles
from gateway.core.mail import Notice, NoticeQuery
from gateway.core.model import Change, Drop, DropState, FileQuery, FileRecord, History
from gateway.core.submission import Submission

NO_MARKS: Mapping[str, str] = {}


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

    async def submission_like(self, fingerprint: str, *, since: datetime) -> Submission | None:
        """Return the first submission of this fingerprint that was received since (as `submission` does), or None."""
        ...

    async def file(self, id: str) -> FileRecord | None:
        """Return one file."""
        ...

    async def files(self, query: FileQuery) -> list[FileRecord]:
        """Return the files of a query, newest first."""
        ...

    async def listed(self, query: FileQuery) -> ListedFiles:
        """Return the files of a query as a long listing needs them, newest first."""
        ...

    async def inbox_schools(self, *, service: str, school: str | None = None) -> list[str]:
        """Return the schools of which something lies in a service's Inbox, by number; or one of them alone."""
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
        """Return what is due, oldest first: drops to be made, of files that are still Sent or Received.

        Of a file that was rejected or recalled, what may lie somewhere yet (placing, withdrawing): to be taken back.
        """
        ...

    async def mark_drop(self, drop: Drop, *, expected: DropState, notices: Sequence[Notice] = ()) -> bool:
        """Write a drop's new state if it still is in the expected one. DONE also writes `delivered_at`.

        The notices are owed with it, or not at all.
        """
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

    async def folder_paths(self) -> list[tuple[str, str]]:
        """Return the services and targets of drops into folders that are written as whole paths; walks all drops."""
        ...

    async def rename_target(self, *, service: str, old: str, new: str) -> None:
        """Write another name of a target on every drop of a service that has this one; safe to repeat."""
        ...

    async def next_drop_at(self) -> datetime | None:
        """Return when the next drop is due."""
        ...


class Outbox(Protocol):
    """Notices that we owe."""

    async def owe(self, notices: Sequence[Notice], *, marks: Mapping[str, str] = NO_MARKS) -> None:
        """Add notices; one whose id is there already is left as it is. Set the marks that they were told with them."""
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

    async def on_hold(self, files: Sequence[str]) -> frozenset[str]:
        """Return those of these files that may not be destroyed, whatever their term."""
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

    async def forget_fileless(self, *, since: str, until: str) -> int:
        """Erase the words of submissions of these ids that brought no file or document; return how many they are."""
        ...

    async def forget_erased(self) -> bool:
        """Leave nothing of what was erased in the engine's own logs; False when somebody still reads there."""
        ...
