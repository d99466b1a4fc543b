"""What an SFTP client puts on the wire, written out by hand from the draft, and the reading of what comes back.

Uses nothing of the engine's own encoding, so that the two can disagree.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

INIT = struct.pack(">IBI", 5, 1, 3)
NO_ATTRIBUTES = struct.pack(">I", 0)

OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR = range(3, 13)
REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = range(13, 21)
VERSION, STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 2, 101, 102, 103, 104, 105, 200, 201

OK, EOF, NO_SUCH_FILE, FAILURE, OP_UNSUPPORTED = 0, 1, 2, 4, 8
PUT, GET = 0x1A, 0x01  # WRITE | CREATE | TRUNCATE, as OpenSSH's `put` opens; READ


def u32(number: int) -> bytes:
    return struct.pack(">I", number)


def u64(number: int) -> bytes:
    return struct.pack(">Q", number)


def string(text: bytes | str) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return u32(len(raw)) + raw


def packet(kind: int, request_id: int, *fields: bytes) -> bytes:
    body = struct.pack(">BI", kind, request_id) + b"".join(fields)
    return u32(len(body)) + body


def open_file(request_id: int, path: bytes | str, flags: int = PUT) -> bytes:
    return packet(OPEN, request_id, string(path), u32(flags), NO_ATTRIBUTES)


def write(request_id: int, handle: int, offset: int, data: bytes, *, tail: bytes = b"") -> bytes:
    return packet(WRITE, request_id, string(u32(handle)), u64(offset), string(data), tail)


def read(request_id: int, handle: int, offset: int, length: int) -> bytes:
    return packet(READ, request_id, string(u32(handle)), u64(offset), u32(length))


def on_path(kind: int, request_id: int, path: bytes | str, *rest: bytes) -> bytes:
    return packet(kind, request_id, string(path), *rest)


def on_handle(kind: int, request_id: int, handle: int, *rest: bytes) -> bytes:
    return packet(kind, request_id, string(u32(handle)), *rest)


def extended(request_id: int, name: bytes | str, *fields: bytes) -> bytes:
    return packet(EXTENDED, request_id, string(name), *fields)


@dataclass(frozen=True)
class Answer:
    """One packet that came back."""

    kind: int
    id: int
    body: bytes

    @property
    def code(self) -> int:
        assert self.kind == STATUS, self
        return int(struct.unpack_from(">I", self.body)[0])

    @property
    def sentence(self) -> str:
        assert self.kind == STATUS, self
        message, rest = take_string(self.body[4:])
        language, rest = take_string(rest)
        assert (language, rest) == (b"en", b"")
        return message.decode()

    @property
    def handle(self) -> int:
        assert self.kind == HANDLE, self
        assert self.body[:4] == u32(4)
        return int.from_bytes(self.body[4:], "big")

    @property
    def data(self) -> bytes:
        assert self.kind == DATA, self
        data, rest = take_string(self.body)
        assert not rest
        return data

    @property
    def names(self) -> list[tuple[bytes, bytes, bytes]]:
        """Each as name, long name, encoded attributes."""
        assert self.kind == NAME, self
        count, rest = int.from_bytes(self.body[:4], "big"), self.body[4:]
        names = []
        for _ in range(count):
            name, rest = take_string(rest)
            line, rest = take_string(rest)
            attributes, rest = take_attributes(rest)
            names.append((name, line, attributes))
        assert not rest
        return names


def take_string(raw: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(raw[:4], "big")
    assert len(raw) >= 4 + size, "a string runs past the end"
    return raw[4 : 4 + size], raw[4 + size :]


def take_attributes(raw: bytes) -> tuple[bytes, bytes]:
    flags = int.from_bytes(raw[:4], "big")
    assert flags & ~0x0F == 0
    size = 4 + 8 * bool(flags & 1) + 8 * bool(flags & 2) + 4 * bool(flags & 4) + 8 * bool(flags & 8)
    assert len(raw) >= size
    return raw[:size], raw[size:]


def answers_in(raw: bytes) -> list[Answer]:
    """Every packet of what was sent; AssertionError if it isn't whole packets."""
    answers = []
    while raw:
        length = int.from_bytes(raw[:4], "big")
        assert 5 <= length <= len(raw) - 4, "not a whole packet"
        answers.append(Answer(raw[4], int.from_bytes(raw[5:9], "big"), raw[9 : 4 + length]))
        raw = raw[4 + length :]
    return answers
