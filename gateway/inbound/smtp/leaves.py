"""One leaf while its bytes stream by: counted, digested, written where the caller wants them.

Owns the account of a part from its header to its last byte, and the word that it is whole. Bytes of what is no
file are counted and digested too, so that every part of a message can be shown to be the same again; only files
reach the sink.

Source: SPEC 4, DESIGN 3 (step 2).
"""

import hashlib
from collections.abc import Iterator
from typing import Protocol

from gateway.inbound.smtp.parts import Kind, Leaf, Part


class PartWriter(Protocol):
    """Where the bytes of one part go."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None:
        """All bytes are there."""

    def discard(self) -> None:
        """It is no file after all, or not whole: forget the bytes. Comes before or after `close`, once."""


class PartSink(Protocol):
    """Where the bytes of the files of one message go. What it raises comes out of `read_message`."""

    def open(self, number: int) -> PartWriter:
        """A new stream for the part of this number."""


class OpenPart:
    """A part that is being read. Frozen into a `Part` when the whole message has been read."""

    def __init__(self, number: int, leaf: Leaf, *, why: str, part_bytes: int) -> None:
        self.number = number
        self.leaf = leaf
        self.why = why  # "" while it may be a file
        self.cut_why = ""  # "" while its bytes are whole
        self.flaws: set[str] = set()
        self.has_end = True
        self.size = 0
        self._part_bytes = part_bytes
        self._writer: PartWriter | None = None
        self._digest = hashlib.sha256()

    @property
    def kind(self) -> Kind:
        if self.why:
            return "ignored"
        return "cut" if self.cut_why else "file"

    def write_to(self, sink: PartSink) -> None:
        """From now on the bytes are written; before the first of them."""
        self._writer = sink.open(self.number)

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._part_bytes:
            self.cut("part-too-large")
        if self.cut_why:
            return
        self._digest.update(data)
        if self._writer is not None:
            self._writer.write(data)

    def counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces, accounted for as they pass."""
        for piece in pieces:
            self.add(piece)
            yield piece

    def close(self) -> None:
        """The last byte was seen."""
        if self._writer is not None:
            self._writer.close()

    def cut(self, why: str) -> None:
        """The bytes are not all there: none are kept. The first reason stays."""
        self.cut_why = self.cut_why or why
        self._forget()

    def ignore(self, why: str) -> None:
        """It is no file after all: no bytes are kept."""
        self.why = why
        self._forget()

    def frozen(self) -> Part:
        return Part(
            number=self.number,
            kind=self.kind,
            why=self.why or self.cut_why,
            name=self.leaf.name,
            alias=self.leaf.alias,
            content_type=self.leaf.content_type,
            disposition=self.leaf.disposition,
            size=self.size,
            sha256="" if self.cut_why else self._digest.hexdigest(),
            container=self.leaf.container,
            flaws=tuple(sorted(self.flaws)),
            is_ended=self.has_end or "unclosed" not in self.flaws,
        )

    def _forget(self) -> None:
        if self._writer is not None:
            self._writer.discard()
            self._writer = None
