"""Where packets become requests: their fields read, their handles looked up, the portal called with a reply.

Answers by itself what the portal has no part in: the greeting, the limits, reading an opened folder, what is
unknown, and what a limit forbids. Each request's shape is a row of a table.
Source: draft-ietf-secsh-filexfer-02, sections 4 to 6; section 4 of OpenSSH's PROTOCOL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from gateway.inbound.sftp import packets
from gateway.inbound.sftp.flow import Flow, Limits
from gateway.inbound.sftp.handles import Handles
from gateway.inbound.sftp.listing import Listing
from gateway.inbound.sftp.packets import Fields, PacketType, ProtocolError, StatusCode
from gateway.inbound.sftp.replies import (
    AttributesReply,
    DataReply,
    FileReply,
    FolderReply,
    PathReply,
    Reply,
    SpaceReply,
    encode_limits,
    encode_names,
    encode_version,
)
from gateway.inbound.sftp.requests import Requests

F = TypeVar("F")

_NOT_OPEN: Final = "That file or folder is not open in this session. Open it again."
_TOO_FAR: Final = "That place lies beyond the end of the largest possible file."
_UNKNOWN: Final = "This server does not know that request."


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one request is read and handed on."""

    method: str  # of Requests
    reply: type[Reply]
    fields: Mapping[str, Callable[[Fields], object]]  # by the method's arguments, in the order of the wire
    on_file: bool = False  # a file's handle comes before the fields


_PATH: Final = {"path": Fields.text}
_PATH_SET: Final = {"path": Fields.text, "attributes": Fields.attributes}
_TWO_NAMES: Final = {"old": Fields.text, "new": Fields.text}

_SHAPES: Final[Mapping[int, _Shape]] = {
    PacketType.STAT: _Shape("stat", AttributesReply, _PATH),
    PacketType.LSTAT: _Shape("lstat", AttributesReply, _PATH),
    PacketType.FSTAT: _Shape("fstat", AttributesReply, {}, on_file=True),
    PacketType.SETSTAT: _Shape("setstat", Reply, _PATH_SET),
    PacketType.FSETSTAT: _Shape("fsetstat", Reply, {"attributes": Fields.attributes}, on_file=True),
    PacketType.REMOVE: _Shape("remove", Reply, _PATH),
    PacketType.MKDIR: _Shape("mkdir", Reply, _PATH_SET),
    PacketType.RMDIR: _Shape("rmdir", Reply, _PATH),
    PacketType.REALPATH: _Shape("realpath", PathReply, _PATH),
    PacketType.RENAME: _Shape("rename", Reply, _TWO_NAMES),
    PacketType.READLINK: _Shape("readlink", PathReply, _PATH),
    PacketType.SYMLINK: _Shape("symlink", Reply, {"target": Fields.text, "link": Fields.text}),
}
_EXTENDED_SHAPES: Final[Mapping[bytes, _Shape]] = {
    packets.POSIX_RENAME: _Shape("posix_rename", Reply, _TWO_NAMES),
    packets.FSYNC: _Shape("fsync", Reply, {}, on_file=True),
    packets.STATVFS: _Shape("statvfs", SpaceReply, _PATH),
}


@dataclass(slots=True)
class _Write(Generic[F]):
    """A write whose data is coming."""

    request_id: int
    file: F | None  # None: it is refused, and its data dropped
    offset: int  # of the next piece
    refusal: str


class Dispatch(Generic[F]):
    """Takes the packets of one session."""

    def __init__(self, requests: Requests[F], *, flow: Flow, handles: Handles[F], limits: Limits) -> None:
        self._requests = requests
        self._flow = flow
        self._handles = handles
        self._limits = limits
        self._is_greeted = False
        self._write: _Write[F] = _Write(0, None, 0, "")

    def packet(self, packet: bytes) -> None:
        """Read one packet, any but a write, and hand it on."""
        kind = packet[0]
        self._check_greeting(is_init=kind == PacketType.INIT.value)
        fields = Fields(packet, 1)
        number = fields.uint32()  # the request's id; in INIT the client's version
        if shape := _SHAPES.get(kind):
            self._ask(shape, number, fields)
        else:
            _OWN.get(kind, Dispatch._unknown)(self, number, fields)

    def begin_write(self, request_id: int, *, handle: int, offset: int, size: int) -> None:
        """Find out where the data that comes shall go."""
        self._check_greeting(is_init=False)
        file = self._handles.file(handle)
        refusal = self._refusal(file, end=offset + size, size=size)
        self._write = _Write(request_id, None if refusal else file, offset, refusal)

    def write_piece(self, piece: memoryview) -> None:
        """Hand on the next bytes."""
        write = self._write
        if write.file is not None:
            self._requests.write(write.file, write.offset, piece)
            write.offset += len(piece)

    def end_write(self) -> None:
        """Have the write answered."""
        write = self._write
        reply = Reply(self._flow, write.request_id)
        if write.file is None:
            reply.fail(write.refusal)
        else:
            self._requests.written(reply, write.file)

    def _check_greeting(self, *, is_init: bool) -> None:
        if is_init == self._is_greeted:
            raise ProtocolError("INIT comes first, and only once")

    def _refusal(self, file: F | None, *, end: int, size: int) -> str:
        if file is None:
            return _NOT_OPEN
        if size > self._limits.max_write:
            return f"A write may carry {self._limits.max_write} bytes at most; this one carried {size}."
        return _TOO_FAR if end > packets.MAX_OFFSET else ""

    def _ask(self, shape: _Shape, request_id: int, fields: Fields) -> None:
        arguments: dict[str, object] = {}
        if shape.on_file:
            arguments["file"] = file = self._handles.file(fields.handle())
            if file is None:
                Reply(self._flow, request_id).fail(_NOT_OPEN)
                return
        for name, read in shape.fields.items():
            arguments[name] = read(fields)
        getattr(self._requests, shape.method)(shape.reply(self._flow, request_id), **arguments)

    def _greet(self, version: int, _fields: Fields) -> None:
        if version < packets.VERSION:
            raise ProtocolError(f"the client speaks version {version}; {packets.VERSION} is spoken here")
        self._is_greeted = True
        self._flow.send(encode_version())

    def _open(self, request_id: int, fields: Fields) -> None:
        path, flags, attributes = fields.text(), fields.open_flags(), fields.attributes()
        if self._has_room(request_id):
            reply = FileReply(self._flow, request_id, handles=self._handles)
            self._requests.open(reply, path=path, flags=flags, attributes=attributes)

    def _open_folder(self, request_id: int, fields: Fields) -> None:
        path = fields.text()
        if self._has_room(request_id):
            self._requests.opendir(FolderReply(self._flow, request_id, handles=self._handles), path)

    def _has_room(self, request_id: int) -> bool:
        if self._handles.reserve():
            return True
        most = self._limits.max_handles
        Reply(self._flow, request_id).fail(f"{most} files are open, and no more can be. Close one, then try again.")
        return False

    def _close(self, request_id: int, fields: Fields) -> None:
        opened = self._handles.close(fields.handle())
        reply = Reply(self._flow, request_id)
        if opened is None:
            reply.fail(_NOT_OPEN)
        elif isinstance(opened, Listing):
            reply.done()
        else:
            self._requests.close(reply, opened)

    def _read(self, request_id: int, fields: Fields) -> None:
        file, offset, length = self._handles.file(fields.handle()), fields.uint64(), fields.uint32()
        reply = DataReply(self._flow, request_id)
        length = min(length, self._limits.max_read)
        if file is None:
            reply.fail(_NOT_OPEN)
        elif offset + length > packets.MAX_OFFSET:
            reply.end_of_file()
        else:
            self._requests.read(reply, file, offset=offset, length=length)

    def _read_folder(self, request_id: int, fields: Fields) -> None:
        listing = self._handles.listing(fields.handle())
        if listing is None:
            Reply(self._flow, request_id).fail(_NOT_OPEN)
        elif names := listing.next_batch(self._limits.max_names):
            self._flow.send(encode_names(request_id, names))
            listing.prepare(self._limits.max_names)
        else:
            DataReply(self._flow, request_id).end_of_file()

    def _extended(self, request_id: int, fields: Fields) -> None:
        name = fields.raw()
        if name == packets.LIMITS:
            self._tell_limits(request_id)
        elif shape := _EXTENDED_SHAPES.get(name):
            self._ask(shape, request_id, fields)
        else:
            self._unknown(request_id, fields)

    def _tell_limits(self, request_id: int) -> None:
        told = self._limits
        self._flow.send(
            encode_limits(
                request_id,
                packet=told.max_packet,
                read=told.max_read,
                write=told.max_write,
                handles=told.max_handles,
            )
        )

    def _unknown(self, request_id: int, _fields: Fields) -> None:
        Reply(self._flow, request_id).fail(_UNKNOWN, StatusCode.OP_UNSUPPORTED)


# what the engine answers by itself, or must look at before it hands on
_OWN: Final[Mapping[int, Callable[[Dispatch[Any], int, Fields], None]]] = {
    PacketType.INIT: Dispatch._greet,
    PacketType.OPEN: Dispatch._open,
    PacketType.CLOSE: Dispatch._close,
    PacketType.READ: Dispatch._read,
    PacketType.OPENDIR: Dispatch._open_folder,
    PacketType.READDIR: Dispatch._read_folder,
    PacketType.EXTENDED: Dispatch._extended,
}
