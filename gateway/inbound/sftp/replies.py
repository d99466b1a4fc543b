"""The replies that a request is handed on with: what each may say, and how that looks on the wire.

A reply is given once, now or later; a second answer to one request is a fault of ours and raises RuntimeError.
After the session's end a reply is dropped. Sentences are for people: clients show those of `fail`.
Source: draft-ietf-secsh-filexfer-02, section 7; section 4 of OpenSSH's PROTOCOL for limits and statvfs.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from struct import Struct
from typing import Final, Generic, TypeVar

from gateway.inbound.sftp.flow import Flow
from gateway.inbound.sftp.handles import Handles
from gateway.inbound.sftp.listing import Entries, Entry, Listing, encode_text
from gateway.inbound.sftp.packets import (
    EXTENSIONS,
    HANDLE_SIZE,
    UINT32,
    VERSION,
    Attributes,
    DiskSpace,
    PacketType,
    StatusCode,
)

F = TypeVar("F")

_HEAD: Final = Struct(">IBI")  # length of what follows it, type, request id
_COUNTED: Final = Struct(">IBII")  # … and one more number
_LENGTHS: Final = Struct(">4Q")
_SPACE: Final = Struct(">11Q")
_BLOCK: Final = 4096  # bytes; only the unit that free space is told in

_STATUS: Final = PacketType.STATUS.value
_DATA: Final = PacketType.DATA.value
_LANGUAGE: Final = b"\0\0\0\x02en"
_DONE: Final = _COUNTED.pack(0, _STATUS, 0, 0)[9:] + b"\0\0\0\0" + _LANGUAGE  # OK needs no sentence
_DONE_SIZE: Final = 5 + len(_DONE)


class Reply:
    """The reply to one request: that it was done, or a sentence saying why not."""

    __slots__ = ("_flow", "_id")

    def __init__(self, flow: Flow, request_id: int) -> None:
        self._id = request_id
        self._flow: Flow | None = flow
        flow.ask()

    @property
    def is_given(self) -> bool:
        return self._flow is None

    def done(self) -> None:
        self._give(_HEAD.pack(_DONE_SIZE, _STATUS, self._id) + _DONE)

    def fail(self, sentence: str, code: StatusCode = StatusCode.FAILURE) -> None:
        """Refuse; of the codes, only FAILURE has its sentence shown by most clients."""
        self._give(encode_status(self._id, code, sentence=sentence))

    def no_such_file(self) -> None:
        """Say what clients look for before they put a file in place."""
        self.fail("There is no file or folder of this name.", StatusCode.NO_SUCH_FILE)

    def _give(self, packet: bytes | memoryview) -> None:
        flow, self._flow = self._flow, None
        if flow is None:
            raise RuntimeError("this request was answered before")
        flow.answer(packet)


class DataReply(Reply):
    __slots__ = ("_packet",)

    def room(self, size: int) -> memoryview:
        """A place to read into, with space before it for the packet's head; then `filled`. Saves a copy."""
        self._packet = memoryview(bytearray(_COUNTED.size + size))
        return self._packet[_COUNTED.size :]

    def filled(self, size: int) -> None:
        """Give what was read into `room`; nothing is the end of the file."""
        if not size:
            self.end_of_file()
            return
        packet = self._packet[: _COUNTED.size + size]
        _COUNTED.pack_into(packet, 0, 9 + size, _DATA, self._id, size)
        self._give(packet)

    def data(self, data: bytes | bytearray | memoryview) -> None:
        """Give what was read; nothing is the end of the file."""
        if not data:
            self.end_of_file()
            return
        size = len(data)
        # one copy: two writes would be two packets of SSH, which cost far more
        self._give(b"".join((_COUNTED.pack(9 + size, _DATA, self._id, size), data)))

    def end_of_file(self) -> None:
        self.fail("The end of the file was reached.", StatusCode.EOF)


class AttributesReply(Reply):
    __slots__ = ()

    def attributes(self, attributes: Attributes) -> None:
        self._give(_frame(PacketType.ATTRS, self._id, attributes.encode()))


class PathReply(Reply):
    __slots__ = ()

    def path(self, path: str) -> None:
        self._give(encode_names(self._id, [encode_text(path) * 2 + Attributes().encode()]))


class SpaceReply(Reply):
    __slots__ = ()

    def space(self, space: DiskSpace) -> None:
        total, free = space.total // _BLOCK, space.free // _BLOCK
        body = _SPACE.pack(_BLOCK, _BLOCK, total, free, free, 0, 0, 0, 0, 0, space.longest_name)
        self._give(_frame(PacketType.EXTENDED_REPLY, self._id, body))


class _OpeningReply(Reply, Generic[F]):
    """Keeps a place among the handles until it is given."""

    __slots__ = ("_handles",)

    def __init__(self, flow: Flow, request_id: int, *, handles: Handles[F]) -> None:
        super().__init__(flow, request_id)
        self._handles = handles

    def _give(self, packet: bytes | memoryview) -> None:
        super()._give(packet)
        self._handles.release()

    def _give_handle(self, opened: F | Listing) -> None:
        if self.is_given:
            raise RuntimeError("this request was answered before")
        handle = self._handles.add(opened).to_bytes(HANDLE_SIZE, "big")
        self._give(_frame(PacketType.HANDLE, self._id, UINT32.pack(HANDLE_SIZE) + handle))


class FileReply(_OpeningReply[F]):
    __slots__ = ()

    def opened(self, file: F) -> None:
        """Hand over what every later request for this file brings back; after the end, it is abandoned."""
        self._give_handle(file)


class FolderReply(_OpeningReply[F]):
    __slots__ = ()

    def opened(self, entries: Iterable[Entry | Entries], *, now: datetime) -> None:
        """Hand over what the folder holds at this moment; `now` is aware, in the readers' time zone."""
        self._give_handle(Listing(entries, now=now))


def encode_version() -> bytes:
    extensions = b"".join(_string(name) + _string(version) for name, version in EXTENSIONS)
    return _frame(PacketType.VERSION, VERSION, extensions)


def encode_status(request_id: int, code: StatusCode, *, sentence: str) -> bytes:
    message = _string(sentence.encode("utf-8", "replace"))
    return _frame(PacketType.STATUS, request_id, UINT32.pack(code) + message + _LANGUAGE)


def encode_names(request_id: int, names: Sequence[bytes]) -> bytes:
    return _frame(PacketType.NAME, request_id, UINT32.pack(len(names)) + b"".join(names))


def encode_limits(request_id: int, *, packet: int, read: int, write: int, handles: int) -> bytes:
    return _frame(PacketType.EXTENDED_REPLY, request_id, _LENGTHS.pack(packet, read, write, handles))


def _frame(kind: PacketType, request_id: int, body: bytes) -> bytes:
    return _HEAD.pack(5 + len(body), kind, request_id) + body


def _string(raw: bytes) -> bytes:
    return UINT32.pack(len(raw)) + raw
