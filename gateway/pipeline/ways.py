"""Ways: how a drop is made at each kind of target, and how one that is no longer owed is undone.

Owns what is written down before a step that can't be seen from outside, so that a repeat finds what was done. Leases,
retries and what follows from a delivery are `drop` (Source: SPEC 6; DESIGN 3, step 8).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.core.mail import Notice, Parcel
from gateway.core.model import Drop, DropState, FileRecord
from gateway.core.routing import Target
from gateway.errors import NameTaken, Permanent, Transient
from gateway.pipeline.answer import Answer
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Archive, Clock, DropFolder, Ledger, Mailbox, Pusher

_TOO_LARGE = "552"  # RFC 5321 4.2.3: more than the relay takes


@dataclass(frozen=True)
class Made:
    """A drop that was made, as it is to be marked done."""

    drop: Drop
    is_handed_over: bool = True  # False: it lies in the Inbox instead, so nobody has it yet
    notices: tuple[Notice, ...] = ()  # that are owed with the mark


class Way(Protocol):
    """One kind of target. Raises Transient to be tried again, Permanent for a person."""

    async def make(self, drop: Drop, file: FileRecord, target: Target) -> Made | None:
        """Deliver; safe to repeat. None when it turned out that the drop is not owed any more."""
        ...

    async def undo(self, drop: Drop, file: FileRecord, target: Target) -> None:
        """Take away what `make` left of a drop that was withdrawn meanwhile, as far as that can be."""
        ...


class Inbox:
    """A service's Inbox over SFTP: a view of the record, so there is nothing to carry."""

    async def make(self, drop: Drop, _file: FileRecord, _target: Target) -> Made | None:
        """Do nothing: the mark is all."""
        return Made(drop)

    async def undo(self, drop: Drop, file: FileRecord, target: Target) -> None:
        """Do nothing."""


class Folder:
    """A directory, perhaps a mounted share."""

    def __init__(self, *, ledger: Ledger, archive: Archive, folder: DropFolder) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._archive = archive
        self._folder = folder

    async def make(self, drop: Drop, file: FileRecord, target: Target) -> Made | None:
        """Copy under a temporary name, write the name down, rename."""
        if file.place is None or file.size is None:
            raise Permanent("The file's bytes are not held any more.")
        if drop.state is DropState.DUE:
            await self._folder.prepare(target.path, id=drop.id, source=self._archive.path(file.place), size=file.size)
            placing = await self._claim(drop, file, target)
            if placing is None:
                await self.undo(replace(drop, placed_as=None), file, target)
                return None
            drop = placing
        drop = await self._place(drop, file, target)
        if target.sidecar:
            await self._folder.write_sidecar(target.path, name=drop.placed_as or file.name, facts=facts_of(file))
        return Made(drop)

    async def undo(self, drop: Drop, file: FileRecord, target: Target) -> None:
        """Take an untouched copy back."""
        await self._folder.withdraw(
            target.path, id=drop.id, name=drop.placed_as or "", size=file.size or 0, sha256=file.sha256
        )

    async def _place(self, drop: Drop, file: FileRecord, target: Target) -> Drop:
        try:
            await self._folder.place(target.path, id=drop.id, name=drop.placed_as or file.name)
        except NameTaken:
            drop = await self._claim(drop, file, target) or drop
            await self._folder.place(target.path, id=drop.id, name=drop.placed_as or file.name)
        return drop

    async def _claim(self, drop: Drop, file: FileRecord, target: Target) -> Drop | None:
        """Choose a free name and write it down; None when the drop is not owed any more.

        Before the rename: whoever finds the temporary name gone after a crash knows that it was placed.
        """
        name = await self._folder.choose_name(target.path, name=file.name, id=file.id)
        placing = replace(drop, state=DropState.PLACING, placed_as=name)
        return placing if await self._ledger.mark_drop(placing, expected=drop.state) else None


class Mailed:
    """A service's mailbox: the file as an attachment; one that is too large waits in the Inbox, and a mail says so."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        archive: Archive,
        mailbox: Callable[[], Mailbox],
        answer: Answer,
        policy: LivePolicy,
        clock: Clock,
    ) -> None:
        """Take the parts; the mailbox is asked for when it is first needed."""
        self._ledger = ledger
        self._archive = archive
        self._mailbox = mailbox
        self._answer = answer
        self._policy = policy
        self._clock = clock

    async def make(self, drop: Drop, file: FileRecord, target: Target) -> Made | None:
        """Hand the file to the relay; from then on it can't be taken back."""
        if file.place is None or file.size is None:
            raise Permanent("The file's bytes are not held any more.")
        if 0 < target.max_bytes < file.size:
            return self._leave(drop, file, target)
        placing = await claim(self._ledger, drop, file.name)
        if placing is None:
            return None
        posted = await self._mailbox().post(self._parcel(placing, file, target))
        if posted.outcome == "sent":
            return Made(placing)
        if posted.text.startswith(_TOO_LARGE):
            return self._leave(placing, file, target)
        if posted.outcome == "refused":
            raise Permanent(f"The mail relay refused it for {target.address}: {posted.text}")
        raise Transient(f"The mail relay took nothing for {target.address}: {posted.text}")

    async def undo(self, drop: Drop, file: FileRecord, target: Target) -> None:
        """Do nothing: what a relay took is gone."""

    def _leave(self, drop: Drop, file: FileRecord, target: Target) -> Made:
        """Leave the file in the Inbox, and owe the mailbox the word of it; once, however often this is repeated."""
        told = self._answer.to_mailbox(drop, file, target, at=self._clock.now())
        return Made(drop, is_handed_over=False, notices=(told,))

    def _parcel(self, drop: Drop, file: FileRecord, target: Target) -> Parcel:
        told = self._policy.current.notices
        return Parcel(
            to=target.address,
            subject=f"{drop.service}: a file from a school",  # no name: a subject is shown to everybody
            text=self._answer.beside_parcel(drop, file),
            message_id=f"<{drop.id}@{told.sender.rpartition('@')[2]}>",
            name=file.name,
            path=self._archive.path(file.place or ""),
            size=file.size or 0,
            file=file.id,
            sha256=file.sha256 or "",
            return_path=told.administrator,
        )


class Pushed:
    """A service's own SFTP server."""

    def __init__(self, *, ledger: Ledger, archive: Archive, pusher: Callable[[], Pusher]) -> None:
        """Take the parts; the pusher is asked for when it is first needed."""
        self._ledger = ledger
        self._archive = archive
        self._pusher = pusher

    async def make(self, drop: Drop, file: FileRecord, target: Target) -> Made | None:
        """Push the file; from then on it can't be taken back."""
        if file.place is None or file.size is None:
            raise Permanent("The file's bytes are not held any more.")
        placing = await claim(self._ledger, drop, file.name)
        if placing is None:
            return None
        name = await self._pusher().push(target, id=drop.id, file=file, source=self._archive.path(file.place))
        return Made(replace(placing, placed_as=name))

    async def undo(self, drop: Drop, _file: FileRecord, target: Target) -> None:
        """Remove what was not finished."""
        await self._pusher().sweep(target, id=drop.id)


async def claim(ledger: Ledger, drop: Drop, name: str) -> Drop | None:
    """Write down that a drop is on its way, and under which name; None when it is not owed any more."""
    if drop.state is DropState.PLACING:
        return drop
    placing = replace(drop, state=DropState.PLACING, placed_as=name)
    return placing if await ledger.mark_drop(placing, expected=drop.state) else None


def facts_of(file: FileRecord) -> dict[str, object]:
    """Return what a service's program may read beside a drop."""
    return {
        "id": file.id,
        "name": file.name,
        "school": file.school,
        "service": file.service,
        "sent_by": file.sent_by,
        "sent_at": file.sent_at.isoformat(),
        "size": file.size,
        "sha256": file.sha256,
        "comment": file.comment,
        "tags": list(file.tags),
        "supersedes": file.supersedes,
    }
