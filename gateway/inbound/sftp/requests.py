"""What the portal is asked: one method a request of SFTP, called while bytes are fed, in the order of the wire.

Each is called with its reply, which the portal gives at once or later, before or after others. Paths are as the
client wrote them: absolute or not, with `..`, in any bytes; what is not UTF-8 came through as surrogates.
Source: draft-ietf-secsh-filexfer-02, section 6; section 4 of OpenSSH's PROTOCOL.
"""

from typing import Protocol, TypeVar

from gateway.inbound.sftp.packets import Attributes, OpenFlags
from gateway.inbound.sftp.replies import (
    AttributesReply,
    DataReply,
    FileReply,
    FolderReply,
    PathReply,
    Reply,
    SpaceReply,
)

F = TypeVar("F")  # whatever the portal keeps for an open file; never None


class Requests(Protocol[F]):
    """The portal, as the engine sees it. None of these may feed the engine."""

    def open(self, reply: FileReply[F], *, path: str, flags: OpenFlags, attributes: Attributes) -> None:
        """Open or create a file."""
        ...

    def close(self, reply: Reply, file: F) -> None:
        """The client itself closed it: nothing more comes for this file."""
        ...

    def abandon(self, file: F) -> None:
        """The session ended and the client had not closed it: it is no file."""
        ...

    def read(self, reply: DataReply, file: F, *, offset: int, length: int) -> None:
        """Read up to `length` bytes, which is within the limits; less is taken as less, none as the end."""
        ...

    def write(self, file: F, offset: int, piece: memoryview) -> None:
        """Take a piece of a write; its bytes are good only until this returns. `written` follows the last."""
        ...

    def written(self, reply: Reply, file: F) -> None:
        """All pieces of one write were handed over; a write of nothing has none."""
        ...

    def stat(self, reply: AttributesReply, path: str) -> None:
        """Say what is at this path, following a link."""
        ...

    def lstat(self, reply: AttributesReply, path: str) -> None:
        """Say what is at this path, itself."""
        ...

    def fstat(self, reply: AttributesReply, file: F) -> None:
        """Say what is known of an open file."""
        ...

    def setstat(self, reply: Reply, *, path: str, attributes: Attributes) -> None:
        """Change attributes, by path."""
        ...

    def fsetstat(self, reply: Reply, *, file: F, attributes: Attributes) -> None:
        """Change attributes of an open file."""
        ...

    def opendir(self, reply: FolderReply[F], path: str) -> None:
        """List a folder; reading and closing it is the engine's own work."""
        ...

    def remove(self, reply: Reply, path: str) -> None:
        """Remove a file."""
        ...

    def mkdir(self, reply: Reply, *, path: str, attributes: Attributes) -> None:
        """Make a folder."""
        ...

    def rmdir(self, reply: Reply, path: str) -> None:
        """Remove a folder."""
        ...

    def realpath(self, reply: PathReply, path: str) -> None:
        """Make a path absolute; clients begin by asking for `.`."""
        ...

    def rename(self, reply: Reply, *, old: str, new: str) -> None:
        """Rename; fails where the new name is taken."""
        ...

    def posix_rename(self, reply: Reply, *, old: str, new: str) -> None:
        """Rename, taking the place of what has the new name."""
        ...

    def readlink(self, reply: PathReply, path: str) -> None:
        """Say where a link leads."""
        ...

    def symlink(self, reply: Reply, *, target: str, link: str) -> None:
        """Make a link; in OpenSSH's order of fields, which clients follow and the draft does not."""
        ...

    def fsync(self, reply: Reply, file: F) -> None:
        """Make what was written so far durable."""
        ...

    def statvfs(self, reply: SpaceReply, path: str) -> None:
        """Say how much room there is."""
        ...
