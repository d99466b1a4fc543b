"""What people do to files by reading, removing and moving them: received, recalled, sent after all, turned away.

Owns which gesture means which decision, the reason in brackets, and how many recalls a minute are believed to be meant.
Who may decide what, and what a decision writes, is `pipeline.decisions` (Source: SPEC 5, 6).
"""

import re
from collections import deque

from gateway.core.admission import Refusal
from gateway.core.documents import DocumentReading
from gateway.core.model import FileRecord, Status
from gateway.inbound.sftp import refusals
from gateway.inbound.sftp.downloads import Download
from gateway.inbound.sftp.means import Doors, Shares
from gateway.inbound.sftp.refusals import No
from gateway.inbound.sftp.rooms import Shelf, Sight, Stored
from gateway.inbound.sftp.serviceview import TurningRoom
from gateway.pipeline.decisions import Actor

_REASON = re.compile(r"\[([^\[\]]*)\]")
_MINUTE = 60.0  # seconds


def reason_in(name: str) -> str:
    """Return what stands in the last brackets of a name: why an officer moved the file."""
    found = _REASON.findall(name)
    return " ".join(found[-1].split()) if found else ""


class Deeds:
    """What one session decides about files that came."""

    def __init__(self, sight: Sight, doors: Doors, shares: Shares) -> None:
        """Take who it is, and the use-cases."""
        self._sight = sight
        self._doors = doors
        self._shares = shares
        self._by = Actor.of(sight.account)
        self._recalls: deque[float] = deque()  # when
        self._documents_read: set[str] = set()

    async def read(self, download: Download) -> No | None:
        """Take the end of a reading: out of an Inbox and to its end, it is received by this person, now."""
        what = download.what
        if not isinstance(what, Stored):
            return None
        if what.shelf is Shelf.DOCUMENT and not download.ended and download.is_read_to_its_end:
            await self._read_document(what)
            return None
        is_receipt = what.shelf is Shelf.INBOX and not what.is_received
        if is_receipt and not download.ended and download.is_read_to_its_end:
            return await self._receive(what)
        await self._note_reading(download, what)
        return None

    async def recall(self, what: Stored) -> No | None:
        """Take back a file of the school that was not received yet."""
        if not self._is_meant():
            return refusals.TOO_MANY_RECALLS
        return self._ended(what, await self._doors.decisions.recall(what.file, by=self._by))

    async def resend(self, what: Stored, name: str) -> No | None:
        """Send the held bytes of a rejected file under a good name."""
        return _no(await self._doors.decisions.accept(what.file, by=self._by, name=name))

    async def turn(self, what: Stored, room: TurningRoom, name: str) -> No | None:
        """Hand a file of an Inbox to another service, or reject it, for the reason in the brackets of its new name."""
        if what.shelf is not Shelf.INBOX or what.service != room.service:
            return refusals.TURNED_FROM_INBOX
        if room.to is not None:
            return self._ended(what, await self._doors.decisions.reroute(what.file, room.to, by=self._by))
        return self._ended(what, await self._doors.decisions.reject(what.file, by=self._by, why=reason_in(name)))

    async def _read_document(self, what: Stored) -> None:
        """Note that this person read a document of a school: once a session, however often they go through it."""
        if what.file in self._documents_read:
            return
        self._documents_read.add(what.file)
        username, at = self._sight.account.username, self._sight.clock.now()
        await self._sight.ledger.note_reading(DocumentReading(what.file, what.school or "", username, at))

    async def _receive(self, what: Stored) -> No | None:
        answer = await self._doors.decisions.receive(what.file, by=self._by, why="read over SFTP")
        if isinstance(answer, FileRecord):
            return None
        now = await self._sight.ledger.file(what.file)
        is_received = now is not None and now.status is Status.RECEIVED and now.service == what.service
        return None if is_received else No.of(answer)  # another officer was first, or the school recalled it

    async def _note_reading(self, download: Download, what: Stored) -> None:
        """Note who read how much, also of what was taken away meanwhile, and of what is only looked at again."""
        if not download.served.total:
            return
        await self._sight.ledger.note(
            at=self._sight.clock.now(),
            actor=self._sight.account.username,
            action="read",
            subject=what.file,
            detail={"bytes": download.served.total, "of": download.size, "where": what.shelf.name.lower()},
        )

    def _ended(self, what: Stored, answer: FileRecord | Refusal) -> No | None:
        """Let nobody go on reading what they lost."""
        if isinstance(answer, FileRecord):
            self._doors.readings.end(what.file, refusals.NO_LONGER_YOURS)
        return _no(answer)

    def _is_meant(self) -> bool:
        """Whether so many recalls can be meant: a program that mirrors a folder must not take everything back."""
        now = self._sight.clock.monotonic()
        while self._recalls and now - self._recalls[0] >= _MINUTE:
            self._recalls.popleft()
        if len(self._recalls) >= self._shares.recalls_a_minute:
            return False
        self._recalls.append(now)
        return True


def _no(answer: FileRecord | Refusal) -> No | None:
    return No.of(answer) if isinstance(answer, Refusal) else None
