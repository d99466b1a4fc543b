"""Inspect: what is inside a file, before it is routed.

Owns the order of the looks: contents first, then the scanner; with a scanner configured nothing passes unscanned
(Source: SPEC 11; DESIGN 3, step 4). How to look is behind ports.
"""

from dataclasses import replace
from typing import Protocol

from gateway.core.contents import Inspection
from gateway.core.remarks import NOT_SCANNED


class Contents(Protocol):
    """Looks at the shape of a file: its type, the entries of an archive."""

    async def look(self, path: str, *, size: int, extension: str | None, accepts: frozenset[str]) -> Inspection:
        """Return what is inside; a verdict of clean or rejected."""
        ...


class Scanner(Protocol):
    """Looks for malware."""

    async def scan(self, path: str, *, size: int) -> Inspection:
        """Return clean, rejected (infected, not-scannable) or wait."""
        ...


class Inspect:
    """Both looks, in order."""

    def __init__(self, contents: Contents, scanner: Scanner | None) -> None:
        """Take the looks; None for a gateway without a scanner."""
        self._contents = contents
        self._scanner = scanner

    def look_with(self, contents: Contents, scanner: Scanner | None) -> None:
        """Take other looks, for files from now on."""
        self._contents = contents
        self._scanner = scanner

    async def inspect(self, path: str, *, size: int, extension: str | None, accepts: frozenset[str]) -> Inspection:
        """Return the first verdict that is not clean, or clean with what is known of the file."""
        contents, scanner = self._contents, self._scanner
        seen = await contents.look(path, size=size, extension=extension, accepts=accepts)
        if seen.verdict != "clean":
            return seen
        if scanner is None:
            return replace(seen, remark=NOT_SCANNED)
        scanned = await scanner.scan(path, size=size)
        return replace(scanned, entries=seen.entries)
