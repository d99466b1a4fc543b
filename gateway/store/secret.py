"""The secret that reply addresses are signed with: made once, kept in the data folder, read by its owner alone.

Owns the file. A secret that is lost or replaced makes every address that was given out unknown; nothing else
(Source: SPEC 4).
"""

import secrets
from functools import cached_property

from gateway.errors import Permanent
from gateway.ports import Disk

SIZE = 32  # bytes


class SecretFile:
    """Where the secret lies. Read when it is first needed; blocking, and tiny."""

    def __init__(self, path: str, disk: Disk) -> None:
        """Take its place. Only the one daemon of a data folder makes it."""
        self._path = path
        self._disk = disk

    def __call__(self) -> bytes:
        """Return the secret, made and durable if there was none. Raises Permanent for a file that is no secret."""
        return self._secret

    @cached_property
    def _secret(self) -> bytes:
        if not self._disk.exists(self._path):
            self._make()
        fd = self._disk.open(self._path)
        try:
            found = self._disk.read(fd, SIZE + 1, 0)
        finally:
            self._disk.close(fd)
        if len(found) != SIZE:
            raise Permanent(
                f"{self._path} is damaged. Remove it, and a new one is made; reply addresses given out before it "
                "will not be known any more."
            )
        return found

    def _make(self) -> None:
        under_way = f"{self._path}.new"
        self._disk.unlink(under_way)
        fd = self._disk.create(under_way)
        try:
            self._disk.write(fd, secrets.token_bytes(SIZE), 0)
            self._disk.fsync(fd)
        finally:
            self._disk.close(fd)
        self._disk.rename(under_way, self._path)
        self._disk.sync_folder(self._path.rpartition("/")[0])
