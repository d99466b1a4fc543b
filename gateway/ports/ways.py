"""The ways in and out that need a library: messages, drop folders, mailboxes, servers, the relay, templates.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from gateway.core.contents import Unpacked
from gateway.core.mail import Mail, Parcel, Posted
from gateway.core.model import FileRecord
from gateway.core.routing import Target
from gateway.core.steps import Steps
from gateway.core.submission import Envelope


class Unpacker(Protocol):
    """Takes a spooled message apart."""

    def begin(self, envelope: Envelope) -> None:
        """Say that a message was sealed: it may be taken apart before anybody asks for it."""
        ...

    async def unpack(self, envelope: Envelope) -> Unpacked:
        """Return its parts, decoded into the spool's parts folder; safe to repeat, never raises for what is inside."""
        ...

    async def leave(self, id: str) -> None:
        """Return when nobody takes this message apart any more: its parts can be removed."""
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

    async def take(self, folder: str, *, id: str, name: str, size: int, sha256: str | None = None) -> bool:
        """Take its name from an untouched drop, durable; False when it is gone, or no longer has these bytes.

        Its bytes stay under the temporary name, so that a repeat finds what was done; `sweep` removes them.
        """
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

    async def under_way(self, folder: str) -> frozenset[str]:
        """Return the ids of drops that lie there under their temporary names."""
        ...

    async def sweep(self, folder: str, *, ids: Collection[str]) -> int:
        """Remove the temporary names of these drops; return how many."""
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

    def write(self, template: str, context: Mapping[str, object]) -> Steps[Rendered]:
        """Write the notice in steps; a faulty template falls back to built-in plain words, so that it never fails."""
        ...
