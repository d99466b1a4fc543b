"""The cutting of a session's bytes into packets, wherever the pieces that arrive begin and end.

Keeps only the beginning of a packet that hasn't come whole; the data of a write is passed on in slices as it comes,
and what follows it in its packet is dropped (old Go clients pad their last write with stale bytes).
Refuses what no packet can be. How the bytes are cut into pieces never changes what comes out.
Source: draft-ietf-secsh-filexfer-02, sections 3 and 6.4.
"""

from struct import Struct
from typing import Final, Protocol

from gateway.inbound.sftp.packets import HANDLE_SIZE, UINT32, PacketType, ProtocolError

_WRITE: Final = PacketType.WRITE.value
_WRITE_HEAD: Final = Struct(">IBIIIQI")  # length, type, id, size of the handle, handle, offset, size of the data
WRITE_FIXED: Final = _WRITE_HEAD.size - UINT32.size  # bytes of a write that are not its data


class Sink(Protocol):
    """Where the packets go."""

    def packet(self, packet: bytes) -> None:
        """Take a whole packet, any but a write, from its type on."""
        ...

    def begin_write(self, request_id: int, *, handle: int, offset: int, size: int) -> None:
        """A write came; `size` bytes follow as pieces, then `end_write`."""
        ...

    def write_piece(self, piece: memoryview) -> None:
        """Take the next bytes of the write."""
        ...

    def end_write(self) -> None:
        """All its bytes were passed on."""
        ...


class Stream:
    """The place in one session's stream."""

    def __init__(self, sink: Sink, *, max_packet: int) -> None:
        self._sink = sink
        self._max_packet = max_packet
        self._start = bytearray()  # the beginning of a packet that hasn't come whole
        self._data_left = 0  # bytes of the current write that are still to come
        self._tail_left = 0  # bytes between its data and the next packet

    def step(self, view: memoryview, at: int) -> int:
        """Take what makes one step, from `at`, which is within the view; return where the next begins."""
        if self._data_left:
            return self._pass_on(view, at)
        if self._tail_left:
            return self._skip_tail(view, at)
        if self._start:
            return self._complete(view, at)
        return self._begin(view, at)

    def _pass_on(self, view: memoryview, at: int) -> int:
        piece = view[at : at + self._data_left]
        size = len(piece)
        self._sink.write_piece(piece)
        self._data_left -= size
        if not self._data_left:
            self._sink.end_write()
        return at + size

    def _skip_tail(self, view: memoryview, at: int) -> int:
        size = min(self._tail_left, len(view) - at)
        self._tail_left -= size
        return at + size

    def _begin(self, view: memoryview, at: int) -> int:
        known = len(view) - at
        size = self._size(view, at, known=known)
        if known < size:
            self._start += view[at:]
            return len(view)
        self._take(view, at, size=size)
        return at + size

    def _complete(self, view: memoryview, at: int) -> int:
        start = self._start
        missing = self._size(start, 0, known=len(start)) - len(start)
        piece = view[at : at + missing]
        start += piece
        size = self._size(start, 0, known=len(start))
        if len(start) == size:
            self._start = bytearray()
            self._take(start, 0, size=size)
        return at + len(piece)

    def _size(self, buffer: memoryview | bytearray, at: int, *, known: int) -> int:
        """How many bytes from a packet's first make the next step: its length, its type, then what `_take` takes."""
        if known < 4:
            return 4
        length: int = UINT32.unpack_from(buffer, at)[0]
        if not 0 < length <= self._max_packet:
            raise ProtocolError(f"a packet of {length} bytes; 1 to {self._max_packet} are legal")
        if known < 5:
            return 5
        return _WRITE_HEAD.size if buffer[at + 4] == _WRITE else 4 + length

    def _take(self, buffer: memoryview | bytearray, at: int, *, size: int) -> None:
        if buffer[at + 4] == _WRITE:
            self._begin_write(buffer, at)
        else:
            self._sink.packet(bytes(buffer[at + 4 : at + size]))

    def _begin_write(self, buffer: memoryview | bytearray, at: int) -> None:
        length, _, request_id, handle_size, handle, offset, size = _WRITE_HEAD.unpack_from(buffer, at)
        if handle_size != HANDLE_SIZE:
            raise ProtocolError(f"a handle of {handle_size} bytes: ours have {HANDLE_SIZE}")
        self._tail_left = length - WRITE_FIXED - size
        if self._tail_left < 0:
            raise ProtocolError(f"the data of a write, {size} bytes, runs past the end of its packet")
        self._data_left = size
        self._sink.begin_write(request_id, handle=handle, offset=offset, size=size)
        if not size:
            self._sink.end_write()
