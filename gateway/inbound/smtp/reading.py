"""One message being read: its parts so far, its texts, its faults, and what is done with the bytes of a leaf.

Owns the state that all levels of a message share, and the last judgement: pictures, and attached messages with a
name for the gateway, are settled when every other part and every text has been seen.

Source: SPEC 4; FIELD-NOTES A.3.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from gateway.inbound.smtp.bodies import Bodies
from gateway.inbound.smtp.decode import UNMARKED, UNPADDED
from gateway.inbound.smtp.embedded import Closed, Event, Opened, Text
from gateway.inbound.smtp.leaves import OpenPart, PartSink
from gateway.inbound.smtp.limits import Allowance, MessageLimits
from gateway.inbound.smtp.parameters import is_media_type
from gateway.inbound.smtp.parts import Leaf, Part, is_signature_picture, may_be_decoration
from gateway.inbound.smtp.tnef import TnefReader
from gateway.inbound.smtp.uuencode import UuReader

# What Outlook says that a message is, by the beginning of its class (MS-OXTNEF 2.1.3.2.4 and MS-OXOMSG).
_CLASSES = (
    ("ipm.outlook.recall", "recall-request"),
    ("report.", "delivery-report"),
    ("ipm.microsoft mail.read receipt", "delivery-report"),
    ("ipm.microsoft mail.non-delivery", "delivery-report"),
)
# Flaws after which the bytes are not surely those that were attached.
_DAMAGE = frozenset({"unknown-encoding", "base64-incomplete", "uuencode-incomplete"})


class Reading:
    """The parts of one message, while it is read."""

    def __init__(self, sink: PartSink, limits: MessageLimits, allowance: Allowance) -> None:
        self.limits = limits
        self.allowance = allowance
        self.bodies = Bodies(limits.text_bytes)
        self.is_report = False  # a program's word about another message, in Outlook's envelope
        self._sink = sink
        self._parts: list[OpenPart] = []
        self._faults: dict[str, None] = {}  # in order, each once

    def begin(self, leaf: Leaf, *, why: str, refused: str = "") -> OpenPart | None:
        """Lists a part, whose bytes go to the sink unless `why` says that it is no file.

        A limit that forbids to look into it (`refused`) leaves unknown what it is: it is cut. None when the
        allowance is spent: then every source has ended.
        """
        number = self.allowance.take_part()
        if number is None:
            return None
        part = OpenPart(number, leaf, why="" if refused else why, part_bytes=self.limits.part_bytes)
        self._parts.append(part)
        if refused:
            self.note(refused)
            part.cut(refused)
        elif not why:
            part.write_to(self._sink)
        return part

    def end(self, part: OpenPart, *, flaw: str = "", is_delimited: bool = False, is_unclosed: bool = False) -> None:
        """The bytes of a part have ended, or its source has. Only what has an end, or says it, is surely whole."""
        part.has_end = is_delimited or flaw not in (UNPADDED, UNMARKED)
        if flaw == UNPADDED:
            flaw = "base64-incomplete" if is_unclosed else ""
        elif flaw == UNMARKED:
            flaw = ""
        if self.allowance.is_spent:
            part.cut(self.allowance.why)
        elif flaw in _DAMAGE:
            part.cut(flaw)
        elif flaw:
            part.flaws.add(flaw)
        if is_unclosed and not self.allowance.is_spent:
            part.flaws.add("unclosed")
            self._parts[-1].flaws.add("unclosed")  # the last one within, if this is a container
            self.note("unclosed")
        if part.cut_why == "part-too-large":
            self.note(part.cut_why)
        part.close()

    def list_empty(self, leaf: Leaf, size: int) -> None:
        """A multipart in which no part was found. Its bytes were passed over."""
        part = self.begin(leaf, why=leaf.row.why)
        if part is not None:
            part.size = size
            part.cut(part.why)

    def name(self, part: OpenPart, name: str | None) -> None:
        """Names a part whose name stood in its bytes; the row of the table may be another one now."""
        name = name and unicodedata.normalize("NFC", name[: self.limits.name_chars])
        part.leaf = replace(part.leaf, name=name)
        if part.leaf.row.route == "ignored":
            part.ignore(part.leaf.row.why)

    def note(self, *faults: str) -> None:
        for fault in faults:
            self._faults[fault] = None

    def take_rest(self, part: OpenPart, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            part.add(piece)

    def read_body(self, part: OpenPart, pieces: Iterator[bytes], *, charset: str) -> None:
        """A text: kept for the comment; files that are uuencoded in a plain one become parts."""
        is_html = part.leaf.content_type == "text/html"
        is_own = part.leaf.container is None
        body = self.bodies.open(is_html=is_html, charset=charset, is_own=is_own)
        texts = part.counted(pieces)
        if part.leaf.content_type == "text/plain":
            texts = self._embedded(_uu_events(texts), part.number)
        for text in texts:
            body.add(text)
        body.end()
        self.bodies.shown |= body.shown

    def read_tnef(self, part: OpenPart, pieces: Iterator[bytes], *, depth: int) -> None:
        """A winmail.dat: its files become parts."""
        before = len(self._parts)
        reader = TnefReader(part.counted(pieces), depth=depth)
        for _ in self._embedded(reader.events(), part.number):
            pass
        if len(self._parts) == before and not self.allowance.is_spent:
            part.why = _why_empty(reader)
            self.is_report |= part.why == "delivery-report" and part.leaf.container is None

    def parts(self) -> tuple[Part, ...]:
        """The parts, with the pictures settled. The end of the reading."""
        shown = frozenset(self.bodies.shown)
        files = [part for part in self._parts if not part.why]
        pictures = [part for part in files if may_be_decoration(part.leaf, shown)]
        for part in pictures:
            if is_signature_picture(part.leaf, shown, has_other_file=len(pictures) < len(files)):
                part.ignore("signature-picture")
        self._settle_letters()
        return tuple([part.frozen() for part in self._parts])

    def _settle_letters(self) -> None:
        """What was in an attached message stands for it: only one that held no file is a file by its own name."""
        held: set[int | None] = set()  # parts that hold a file
        for part in reversed(self._parts):  # what was found in a part stands behind it
            if part.number in held and not part.why:
                part.ignore("opened-message")
            if part.number in held or not part.why:
                held.add(part.leaf.container)

    def faults(self) -> tuple[str, ...]:
        last = (self.allowance.why,) if self.allowance.is_spent else ()
        return (*self._faults, *last)

    def _embedded(self, events: Iterator[Event], container: int) -> Iterator[bytes]:
        """Lists the files that a container holds; yields the text around them."""
        part: OpenPart | None = None
        for event in events:
            if isinstance(event, Text):
                yield event.data
            elif isinstance(event, Opened):
                part = self.begin(Leaf(container=container), why="")
            elif isinstance(event, Closed) and part is not None:
                self._close_embedded(part, event)
            elif isinstance(event, bytes) and part is not None:
                part.add(event)

    def _close_embedded(self, part: OpenPart, closed: Closed) -> None:
        """Its name is known only now, and with it the row of the table."""
        part.leaf = replace(
            part.leaf,
            content_type=closed.content_type if is_media_type(closed.content_type) else "application/octet-stream",
            disposition="inline" if closed.is_inline else "attachment",
        )
        self.name(part, closed.name)
        if closed.why:
            part.cut(closed.why)
        if closed.why == "too-deep":
            self.note(closed.why)
        self.end(part)


def _why_empty(reader: TnefReader) -> str:
    """Why there is no file in an envelope."""
    if not reader.is_readable:
        return "unreadable-tnef"
    return next((why for start, why in _CLASSES if reader.message_class.startswith(start)), "no-file-in-tnef")


def _uu_events(pieces: Iterator[bytes]) -> Iterator[Event]:
    reader = UuReader()
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.finish()
