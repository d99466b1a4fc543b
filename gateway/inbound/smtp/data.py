"""A message while it comes in: where it ends, what its lines are, and the bytes on their way to the spool.

Owns the end of DATA (only CRLF.CRLF, wherever the pieces are cut), the leading dots, the rule about bare CR and LF, the
size limit and a bounded copy of the header block. Knows no socket and no reply; the spool's Intake takes the bytes.
Memory is one piece and the header block, whatever the message holds.

Source: RFC 5321 4.1.1.4, 4.5.2; SPEC 4; FIELD-NOTES B.2.
"""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Protocol

from gateway import log
from gateway.core.documents import Order
from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import DiskFull, Transient
from gateway.inbound.smtp.newlines import BareNewlines, has_bare_newline, is_text, put_right
from gateway.inbound.smtp.piece import Piece
from gateway.ports import Intake

_END = b"\r\n.\r\n"
_DOT_LINE = b"\r\n."
_PORTION = 4096  # bytes: with so many most header blocks are over


class Spoilt(Enum):
    """Why a message won't be taken; it is still read to its end, so that its sender hears why."""

    TOO_LARGE = auto()
    BARE_NEWLINE = auto()
    HEADER_TOO_LONG = auto()
    DISK_FULL = auto()  # ours, as the next: to be tried again
    DISK_TROUBLE = auto()


class BodyReader(Protocol):
    """Hears a body as it comes, to say something of it at its end."""

    def feed(self, piece: bytes) -> None:
        """Take a piece, which parts no CR from its LF."""
        ...


class DotReader:
    """Takes what follows 354 in pieces, hands on the message without its transparency dots, finds its end."""

    def __init__(self, take: Callable[[Piece], None]) -> None:
        """Start at the beginning of a message; `take` gets it in pieces that never part a CR from its LF."""
        self._take = take
        self._held = b"\r\n"  # a message that is a lone dot ends at once, so it begins as if after a line end
        self._invented = 2  # bytes of that line end, which are not the message's

    def feed(self, piece: Piece) -> bytes | None:
        """Take a piece. Returns None until the end was seen, then what followed it: it is not the message's."""
        data = piece.led_by(self._held)
        dot = _dot_line(data)
        end = data.store.find(_END, dot, data.stop) if dot >= 0 else -1
        if end >= 0:
            self._hand_on(data.until(end + 2), dot)
            return bytes(data.behind(end + len(_END)))
        cut = data.stop - _length_held(data)
        self._held = bytes(data.behind(cut))
        self._hand_on(data.until(cut), dot)
        return None

    def _hand_on(self, data: Piece, dot: int) -> None:
        if 0 <= dot < data.stop - 2:
            data = Piece.of(bytes(data).replace(_DOT_LINE, b"\r\n"))
        if self._invented and data.size:
            data, self._invented = data.behind(data.start + self._invented), 0
        if data.size:
            self._take(data)


def _dot_line(data: Piece) -> int:
    """Return where the first line that begins with a dot has its line end before it; -1 when there is none.

    base64 has no dots, and what one byte is looked for in takes a tenth of the time: only what stands between the first
    dot and the last needs the search.
    """
    first = data.store.find(b".", data.start, data.stop)
    if first < 0:
        return -1
    last = data.store.rfind(b".", first, data.stop)
    return data.store.find(_DOT_LINE, max(first - 2, data.start), last + 1)


def _length_held(data: Piece) -> int:
    """Return how many of the last bytes may be the beginning of the end."""
    if data.size and data.store[data.stop - 1] not in b"\r\n.":
        return 0
    lengths = range(len(_END) - 1, 0, -1)
    return next((n for n in lengths if data.store.endswith(_END[:n], data.start, data.stop)), 0)


class HeaderBlock:
    """The first lines of a message, up to the empty one, kept up to a limit."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` bytes."""
        self._limit = limit
        self._kept = bytearray(b"\r\n")  # so that a message that begins with the empty line has an empty block
        self.is_ended = False

    @property
    def is_too_long(self) -> bool:
        """Whether it does not end within the limit."""
        return len(self._kept) - 2 > self._limit

    def __bytes__(self) -> bytes:
        """Return the header lines, each with its CRLF, without the empty one."""
        return bytes(self._kept[2:])

    def feed(self, piece: memoryview) -> memoryview:
        """Take a piece; return what of it belongs to the body."""
        while not self.is_ended and not self.is_too_long and piece:
            piece = self._feed_portion(piece)
        return piece if self.is_ended else piece[:0]

    def _feed_portion(self, piece: memoryview) -> memoryview:
        """Take the first bytes of a piece; return what of it was not taken."""
        known = len(self._kept)
        portion = _PORTION if known + _PORTION <= self._limit else self._limit + 4
        self._kept += piece[:portion]
        end = self._kept.find(b"\r\n\r\n", max(0, known - 3))
        if end < 0:
            return piece[portion:]
        self.is_ended = True
        del self._kept[end + 2 :]
        return piece[end + 4 - known :]


class Reception:
    """One message on its way in."""

    def __init__(
        self,
        *,
        intake: Intake,
        max_bytes: int,
        max_header_bytes: int,
        newlines: BareNewlines,
        reader_for: Callable[[bytes], BodyReader | None] = lambda _: None,
    ) -> None:
        """Take a message into an intake; `reader_for` says, when the header is known, what to feed with the body."""
        self.intake = intake
        self.spoilt: Spoilt | None = None
        self.is_settled = False  # sealed, or about to be: not to be forgotten by anybody else
        self.received = 0  # bytes as they came, for the pace
        self.reader: BodyReader | None = None
        self._reader_for = reader_for
        self._header = HeaderBlock(max_header_bytes)
        self._size = 0  # bytes of the message
        self._max_bytes = max_bytes
        self._newlines = newlines
        self._dots = DotReader(self._take)

    @property
    def header(self) -> bytes:
        """Return the header block as far as it came."""
        return bytes(self._header)

    @property
    def is_congested(self) -> bool:
        """Whether the sender should wait for the disk."""
        return self.spoilt is None and self.intake.is_congested

    @property
    def portion(self) -> int:
        """Return the bytes that are best fed at a time."""
        return self.intake.portion

    @property
    def is_hopeless(self) -> bool:
        """Whether so much came over the limit that we need not hear the end."""
        return self._size > 10 * self._max_bytes

    def feed(self, piece: Piece) -> bytes | None:
        """Take a piece; see DotReader.feed."""
        self.received += piece.size
        return self._dots.feed(piece)

    async def wait_for_disk(self) -> None:
        """Wait until the disk has caught up; if it fails, the rest of the message is heard and not kept."""
        try:
            await self.intake.drain()
        except Transient as trouble:
            self._suffer(trouble)

    async def seal(
        self,
        *,
        username: str,
        verified_by: str,
        sender: str,
        peer: str,
        recipients: Sequence[str],
        order: Order | None = None,
    ) -> Envelope | None:
        """Make the message our word. None, and the bytes forgotten, when the disk fails: `spoilt` says how."""
        envelope = None
        try:
            envelope = await self.intake.seal(
                channel=Channel.EMAIL,
                username=username,
                verified_by=verified_by,
                sender=sender,
                peer=peer,
                recipients=recipients,
                order=order,
            )
        except Transient as trouble:
            self._suffer(trouble)
        finally:
            if envelope is None:
                await self.forget()
        return envelope

    async def forget(self) -> None:
        """Discard the bytes. A disk that fails even then leaves them to recovery: nothing was promised."""
        try:
            await self.intake.discard()
        except Transient as trouble:
            log.transient(stage="receive", why=str(trouble))

    def _suffer(self, trouble: Transient) -> None:
        log.transient(stage="receive", why=str(trouble))
        self.spoilt = Spoilt.DISK_FULL if isinstance(trouble, DiskFull) else Spoilt.DISK_TROUBLE

    def _read(self, data: memoryview) -> None:
        """Let the header block and whoever reads the body have their share."""
        was_ended = self._header.is_ended
        body = self._header.feed(data)
        if self._header.is_ended and not was_ended:
            self.reader = self._reader_for(self.header)
        if self.reader is not None:
            self.reader.feed(bytes(body))

    def _take(self, data: Piece) -> None:
        self._size += data.size
        if self.spoilt is None:
            self._keep(data)

    def _keep(self, data: Piece) -> None:
        if has_bare_newline(data):
            # To put the line ends of a file right that was not encoded would spoil it, and nobody would hear of it.
            if self._newlines is BareNewlines.REJECT or not is_text(bytes(data)):
                self.spoilt = Spoilt.BARE_NEWLINE
                return
            data = put_right(data)
        self._read(data.view)
        if self._size > self._max_bytes:
            self.spoilt = Spoilt.TOO_LARGE
        elif self._header.is_too_long:
            self.spoilt = Spoilt.HEADER_TOO_LONG
        else:
            self.intake.write(data.view)
