"""The way through one message: header blocks, multiparts, leaves, and the messages attached to it.

Owns the stack of open multiparts and what a delimiter closes. Multiparts are a list and not recursion; attached
messages recurse, to the depth that the limits allow.

Source: RFC 2046 5.1; SPEC 4.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.inbound.smtp.decode import decoded, is_uuencoded, make_decoder
from gateway.inbound.smtp.headers import Headers, take_headers
from gateway.inbound.smtp.leaves import OpenPart
from gateway.inbound.smtp.parameters import Parameters, read_name
from gateway.inbound.smtp.parts import Leaf, Route, is_named_letter
from gateway.inbound.smtp.reading import Reading
from gateway.inbound.smtp.source import Source
from gateway.inbound.smtp.uuencode import UuDecoder

_BOUNDARY_CHARS = 512  # a longer one delimits nothing
_DEFAULT_TYPE = {"digest": "message/rfc822"}  # of a child that names none, by the subtype around it


@dataclass
class _Multipart:
    """A multipart that is open."""

    headers: Headers  # how it is listed should it have no children
    content_type: Parameters
    subtype: str
    children: int = 0
    preamble: int = 0  # bytes


class Walk:
    """One message: the outermost, or one that is attached to it."""

    def __init__(self, reading: Reading, source: Source, *, container: int | None, depth: int) -> None:
        self._reading = reading
        self._source = source
        self._container = container
        self._depth = depth  # multiparts and messages around this one
        self._open: list[_Multipart] = []
        self._boundaries: tuple[bytes, ...] = ()  # of the open ones, each with its leading "--"

    def run(self) -> None:
        """Reads the source to its end."""
        self.read(self.take_headers())

    def read(self, headers: Headers) -> None:
        """Reads what stands behind the message's own header, to the end of the source."""
        self._entity(headers)
        while self._reach_child():
            self._entity(self.take_headers())

    def take_headers(self) -> Headers:
        """The header block at which the source stands: at first the message's own."""
        headers = take_headers(self._source, self._boundaries, self._reading.limits)
        self._reading.note(*headers.faults)
        return headers

    def _entity(self, headers: Headers) -> None:
        content_type = self._content_type(headers)
        kind, _, subtype = content_type.value.partition("/")
        boundary = _boundary(content_type) if kind == "multipart" else b""
        if not boundary:
            self._leaf(headers, content_type)
        elif self._is_deepest():
            self._leaf(headers, content_type, refused="too-deep")
        else:
            multipart = _Multipart(headers, content_type, subtype)
            self._open.append(multipart)
            self._boundaries = (*self._boundaries, boundary)
            multipart.preamble = sum(map(len, self._source.body(self._boundaries)))

    def _reach_child(self) -> bool:
        """After a body: closes what the delimiter closes. False at the end of the message."""
        while (stop := self._source.stop) is not None:
            self._close_down_to(stop.level + (not stop.is_closing))
            if not stop.is_closing:
                self._open[-1].children += 1
                return True
            for _ in self._source.body(self._boundaries):
                pass  # an epilogue
        self._close_down_to(0)
        return False

    def _close_down_to(self, level: int) -> None:
        while len(self._open) > level:
            multipart = self._open.pop()
            self._boundaries = self._boundaries[:-1]
            if multipart.children == 0 and not self._reading.allowance.is_spent:
                self._reading.list_empty(self._facts(multipart.headers, multipart.content_type), multipart.preamble)

    def _leaf(self, headers: Headers, content_type: Parameters, *, refused: str = "") -> None:
        leaf = self._facts(headers, content_type)
        row = leaf.row
        if row.route in ("message", "tnef") and self._is_deepest():
            refused = "too-deep"
        refused = refused or next(iter(headers.faults), "")
        why = "" if is_named_letter(leaf) else row.why  # settled when all is read
        part = self._reading.begin(leaf, why=why, refused=refused)
        decoder = make_decoder(headers.encoding)
        pieces = decoded(decoder, self._source.body(self._boundaries))
        if part is None:
            deque(pieces, maxlen=0)
            return
        if not refused:
            self._read(row.route, part, pieces, charset=content_type.get("charset"))
        self._reading.take_rest(part, pieces)
        if isinstance(decoder, UuDecoder) and leaf.name is None:
            self._reading.name(part, decoder.name)
        is_delimited = self._source.stop is not None
        self._reading.end(part, flaw=decoder.flaw, is_delimited=is_delimited, is_unclosed=self._is_unclosed())

    def _read(self, route: Route, part: OpenPart, pieces: Iterator[bytes], *, charset: str) -> None:
        """What a route does beyond keeping the bytes; it need not read them all."""
        if route == "body":
            self._reading.read_body(part, pieces, charset=charset)
        elif route == "tnef":
            self._reading.read_tnef(part, pieces, depth=self._reading.limits.depth - self._level)
        elif route == "message":
            source = Source(part.counted(pieces), self._reading.allowance)
            Walk(self._reading, source, container=part.number, depth=self._level + 1).run()

    def _facts(self, headers: Headers, content_type: Parameters) -> Leaf:
        disposition = headers.disposition
        name, alias = read_name(disposition, content_type, limit=self._reading.limits.name_chars)
        return Leaf(
            content_type=content_type.value,
            smime_type=content_type.get("smime-type").lower(),
            disposition=disposition.value or ("attachment" if is_uuencoded(headers.encoding) else ""),
            name=name,
            alias=alias,
            content_id=headers.first("content-id").strip("<> ").lower(),
            within=self._within,
            container=self._container,
        )

    def _content_type(self, headers: Headers) -> Parameters:
        found = headers.content_type
        return found if found.value else found._replace(value=_DEFAULT_TYPE.get(self._within, "text/plain"))

    @property
    def _within(self) -> str:
        """The subtype of the multipart of which the next entity is a child."""
        return self._open[-1].subtype if self._open else ""

    @property
    def _level(self) -> int:
        """How many multiparts and messages are around the entity that is being read."""
        return self._depth + len(self._open)

    def _is_deepest(self) -> bool:
        return self._level >= self._reading.limits.depth

    def _is_unclosed(self) -> bool:
        """Did the source end where a delimiter should be?"""
        return self._source.stop is None and bool(self._open)


def _boundary(content_type: Parameters) -> bytes:
    """The boundary with its leading "--"; b"" where there is none that can be used."""
    boundary = content_type.get("boundary").rstrip()
    if not 0 < len(boundary) <= _BOUNDARY_CHARS:
        return b""
    return b"--" + boundary.encode("utf-8", "surrogatepass")
