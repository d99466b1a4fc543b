"""The words of SFTP version 3: its numbers, the values that its packets carry, and the reading of fields.

Refuses, with ProtocolError, what no client could have meant: a field that runs past its packet, a handle
that is not of our shape. Knows no session and no rule of the house.
Source: draft-ietf-secsh-filexfer-02; sections 4 and 5 of PROTOCOL, the notes of OpenSSH on its extensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from struct import Struct
from typing import Final

VERSION: Final = 3
MAX_OFFSET: Final = (1 << 63) - 1  # what a system call takes; the wire has one bit more

UINT32: Final = Struct(">I")
UINT64: Final = Struct(">Q")
_TWO: Final = Struct(">II")
HANDLE_SIZE: Final = 4  # bytes; every handle that we give out is a number of this size

POSIX_RENAME: Final = b"posix-rename@openssh.com"
LIMITS: Final = b"limits@openssh.com"
FSYNC: Final = b"fsync@openssh.com"
STATVFS: Final = b"statvfs@openssh.com"
# announced in VERSION; clients ask for nothing that isn't there
EXTENSIONS: Final = ((POSIX_RENAME, b"1"), (LIMITS, b"1"), (FSYNC, b"1"), (STATVFS, b"2"))


class ProtocolError(Exception):
    """The client sent what can't be read as SFTP; its session ends. The text is for the log."""


class PacketType(IntEnum):
    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class StatusCode(IntEnum):
    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4  # the one code whose sentence most clients show
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8


class OpenFlags(IntFlag):
    READ = 0x01
    WRITE = 0x02
    APPEND = 0x04
    CREATE = 0x08
    TRUNCATE = 0x10
    EXCLUSIVE = 0x20


# which attributes follow; uid and gid, atime and mtime come in pairs. 0x80000000, EXTENDED, is the last thing in
# every packet that has it, so that it can be left unread.
_SIZE: Final = 0x01
_OWNER: Final = 0x02
_PERMISSIONS: Final = 0x04
_TIMES: Final = 0x08

# what is said of a name in a folder, of which there may be thousands
SHOWN_ATTRIBUTES: Final = _SIZE | _PERMISSIONS | _TIMES
SHOWN_LAYOUT: Final = "IQIII"  # of struct: these flags, size, permissions, the time twice


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is said of a file; None is left unsaid. Of a pair, the one not given follows the other."""

    size: int | None = None  # bytes
    permissions: int | None = None  # st_mode, with the kind of file: 0o100640, 0o040750
    uid: int | None = None
    gid: int | None = None
    atime: int | None = None  # seconds since 1970, UTC
    mtime: int | None = None

    def encode(self) -> bytes:
        flags, fields = 0, b""
        if self.size is not None:
            flags, fields = _SIZE, UINT64.pack(self.size)
        if owner := _pair(self.uid, self.gid):
            flags, fields = flags | _OWNER, fields + owner
        if self.permissions is not None:
            flags, fields = flags | _PERMISSIONS, fields + UINT32.pack(self.permissions)
        if times := _pair(self.atime, self.mtime):
            flags, fields = flags | _TIMES, fields + times
        return UINT32.pack(flags) + fields


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """What `df` shows of the place that files are written to."""

    total: int  # bytes
    free: int  # bytes that this person could still write
    longest_name: int = 255  # bytes


class Fields:
    """Reads the fields of one packet in turn; bytes that are left over at its end are no fault."""

    __slots__ = ("_at", "_packet")

    def __init__(self, packet: bytes, at: int) -> None:
        self._packet = packet
        self._at = at

    def uint32(self) -> int:
        return self._number(UINT32)

    def uint64(self) -> int:
        return self._number(UINT64)

    def raw(self) -> bytes:
        """A string of the wire: its length, then that many bytes."""
        size = self.uint32()
        start = self._at
        self._at = start + size
        if self._at > len(self._packet):
            raise ProtocolError(f"a string of {size} bytes runs past the end of its packet")
        return self._packet[start : self._at]

    def text(self) -> str:
        """A path or a name; what is not UTF-8 survives as surrogates, for the portal to judge."""
        return self.raw().decode("utf-8", "surrogateescape")

    def handle(self) -> int:
        handle = self.raw()
        if len(handle) != HANDLE_SIZE:
            raise ProtocolError(f"a handle of {len(handle)} bytes: ours have {HANDLE_SIZE}")
        return int.from_bytes(handle, "big")

    def open_flags(self) -> OpenFlags:
        return OpenFlags(self.uint32())

    def attributes(self) -> Attributes:
        flags = self.uint32()
        size = self.uint64() if flags & _SIZE else None
        uid, gid = (self.uint32(), self.uint32()) if flags & _OWNER else (None, None)
        permissions = self.uint32() if flags & _PERMISSIONS else None
        atime, mtime = (self.uint32(), self.uint32()) if flags & _TIMES else (None, None)
        return Attributes(size, permissions, uid, gid, atime, mtime)

    def _number(self, shape: Struct) -> int:
        start = self._at
        self._at = start + shape.size
        if self._at > len(self._packet):
            raise ProtocolError("a number runs past the end of its packet")
        number: int = shape.unpack_from(self._packet, start)[0]
        return number


def _pair(first: int | None, second: int | None) -> bytes | None:
    if first is None and second is None:
        return None
    return _TWO.pack(second if first is None else first, first if second is None else second)
