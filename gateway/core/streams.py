"""The first bytes of a stream, as a stream of their own: what the spool sealed behind a file's bytes is not the file's.

Pure: it opens nothing and closes nothing.
"""

import io
from typing import BinaryIO


class FirstBytes(io.RawIOBase):
    """A stream that ends after `size` bytes of another, which must be seekable and is moved by every read."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        """Take the stream and where to end."""
        self._stream = stream
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; never before the first byte."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return bytes; b"" at the end."""
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        self._stream.seek(self._at)
        data = self._stream.read(wanted)
        self._at += len(data)
        return data
