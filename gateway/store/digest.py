"""The digest of bytes under way into the spool: it runs along as long as they come in order.

Owns how far it has come, and what a write or a cut further back does to it (Source: DESIGN 3, step 2;
docs/decisions/0020).
"""

import hashlib
import sys
from typing import Protocol


class Digest(Protocol):
    """Follows what is done to a file that is still written to."""

    is_wanted: bool
    reach: int  # how many of its first bytes are in it

    def wrote(self, offset: int, data: bytes | memoryview) -> None:
        """Follow a write."""
        ...

    def cut(self, size: int) -> None:
        """Follow a cut."""
        ...

    def hexdigest(self) -> str:
        """Return the digest of what was reached."""
        ...


class NoDigest:
    """Of bytes whose digest nobody will ask for: a message's parts have one each, and are what is kept of it."""

    is_wanted = False
    reach = sys.maxsize

    def wrote(self, offset: int, data: bytes | memoryview) -> None:
        """Pass it by."""

    def cut(self, size: int) -> None:
        """Pass it by."""

    def hexdigest(self) -> str:
        """Return nothing."""
        return ""


class RunningDigest:
    """The SHA-256 of the first `reach` bytes of a file that is still written to."""

    is_wanted = True

    def __init__(self) -> None:
        """Start with no bytes."""
        self._restart()

    def _restart(self) -> None:
        self._made: hashlib._Hash | None = None  # with the first bytes: of most small submissions the sealer makes it
        self.reach = 0

    @property
    def _hash(self) -> "hashlib._Hash":
        if self._made is None:
            self._made = hashlib.sha256()
        return self._made

    def wrote(self, offset: int, data: bytes | memoryview) -> None:
        """Follow a write; one further on is caught up with at the end, one further back starts the digest anew."""
        if offset < self.reach:
            self._restart()
        if offset == self.reach:
            self._hash.update(data)
            self.reach += len(data)

    def cut(self, size: int) -> None:
        """Follow a cut."""
        if size < self.reach:
            self._restart()

    def hexdigest(self) -> str:
        """Return the digest of what was reached."""
        return self._hash.hexdigest()
