"""Files being read: one on an open handle, and all those in this process that can be taken away.

Owns the end of a reading that its reader may not go on with: a file that was recalled or handed on, and a document that
was deleted, is read no further (Source: SPEC 5, 6, 7).
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from gateway.inbound.sftp.ranges import Ranges
from gateway.inbound.sftp.replies import DataReply
from gateway.inbound.sftp.rooms import Page, Shelf, Stored
from gateway.ports import Reader


@dataclass(eq=False)
class Download:
    """A file open for reading: the archive's bytes, or a page made for this reading."""

    name: str
    size: int  # bytes
    at: datetime
    what: Stored | Page
    reader: Reader | None = None  # None for a page
    served: Ranges = field(default_factory=Ranges)  # shared by all readings of a file in one session
    waiting: deque[tuple[DataReply, int, int]] = field(default_factory=deque)  # reads, in order: offset, length
    ended: str = ""  # set when it may not be read any more: the sentence for the next READ

    @property
    def is_read_to_its_end(self) -> bool:
        """Whether every byte was served."""
        return self.served.is_all_of(self.size)

    def peek(self, offset: int, length: int) -> bytes | None:
        """Return bytes that need no disk; None when the disk must be asked."""
        if isinstance(self.what, Page):
            return self.what.data[offset : offset + length]
        return self.reader.peek(offset, length) if self.reader else b""

    async def read(self, offset: int, length: int) -> bytes:
        """Return bytes from the disk."""
        return await self.reader.read(offset, length) if self.reader else b""

    async def close(self) -> None:
        """Let go of the bytes."""
        if self.reader is not None:
            await self.reader.close()


class Readings:
    """What is open for reading and can be taken away, in all sessions: files of Inboxes, documents."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: set[Download] = set()

    def began(self, download: Download) -> None:
        """Note a reading, if it is one that can be taken away."""
        if isinstance(download.what, Stored) and download.what.shelf in (Shelf.INBOX, Shelf.DOCUMENT):
            self._open.add(download)

    def ended(self, download: Download) -> None:
        """Forget one."""
        self._open.discard(download)

    @property
    def files(self) -> Iterator[tuple[str, str]]:
        """Each file of an Inbox that is being read, as (id, service)."""
        return iter(sorted({(what.file, what.service or "") for what in self._read(Shelf.INBOX)}))

    @property
    def documents(self) -> Iterator[str]:
        """Each document that is being read, by its id."""
        return iter(sorted({what.file for what in self._read(Shelf.DOCUMENT)}))

    def _read(self, shelf: Shelf) -> Iterator[Stored]:
        found = (d.what for d in self._open if isinstance(d.what, Stored) and not d.ended)
        return (what for what in found if what.shelf is shelf)

    def end(self, file: str, sentence: str) -> None:
        """Let a file be read no further."""
        for download in self._open:
            if isinstance(download.what, Stored) and download.what.file == file:
                download.ended = download.ended or sentence
