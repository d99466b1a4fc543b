"""Digests of a message's body as DKIM signs it, taken while the body streams.

Owns the two canonicalizations of RFC 6376 3.4.3 and 3.4.4. Memory is one piece, even for a body of blanks. Expects
pieces that part no CR from its LF, as `data` gives them.
"""

import hashlib
import re
from collections.abc import Iterable

_BLANKS = re.compile(rb"[\t ]+")
_BREAK = b"\r\n"
_AT_ONCE = 32_768  # line breaks that are hashed together


class _Simple:
    """Everything but the empty lines at the end."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._breaks = 0  # held back: at the end only one of them counts

    def feed(self, piece: bytes) -> None:
        core = piece.rstrip(_BREAK)
        if core:
            self._emit_breaks()
            self._hash.update(core)
        self._breaks += (len(piece) - len(core)) // 2

    def digest(self) -> bytes:
        ended = self._hash.copy()
        ended.update(_BREAK)  # an empty body too is one line break
        return ended.digest()

    def _emit_breaks(self) -> None:
        while self._breaks:
            now = min(self._breaks, _AT_ONCE)
            self._hash.update(_BREAK * now)
            self._breaks -= now


class _Relaxed(_Simple):
    """Runs of blanks count as one, none at the end of a line."""

    def __init__(self) -> None:
        super().__init__()
        self._has_blank = False  # after the last line break that is held back
        self._is_empty = True

    def feed(self, piece: bytes) -> None:
        core = piece.lstrip(b" \t\r\n")
        self._hold(piece[: len(piece) - len(core)])
        tail = core[len(core.rstrip(b" \t\r\n")) :]
        if core:
            self._emit(core[: len(core) - len(tail)])
        self._hold(tail)

    def digest(self) -> bytes:
        return hashlib.sha256().digest() if self._is_empty else super().digest()

    def _hold(self, region: bytes) -> None:
        """Take a region of blanks and line breaks."""
        before, line_break, after = region.rpartition(_BREAK)
        self._breaks += before.count(_BREAK) + bool(line_break)
        self._has_blank = bool(after) or (self._has_blank and not line_break)

    def _emit(self, core: bytes) -> None:
        self._emit_breaks()
        if self._has_blank:
            self._hash.update(b" ")
        if b" " in core or b"\t" in core:
            core = _BLANKS.sub(b" ", core).replace(b" \r\n", _BREAK)
        self._hash.update(core)
        self._is_empty = self._has_blank = False


_KINDS = {"simple": _Simple, "relaxed": _Relaxed}


class BodyHashes:
    """SHA-256 of one body, by each canonicalization that was asked for."""

    def __init__(self, canonicalizations: Iterable[str]) -> None:
        """Ask for "simple", "relaxed" or both."""
        self._hashes = {kind: _KINDS[kind]() for kind in canonicalizations}

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body."""
        for each in self._hashes.values():
            each.feed(piece)

    def of(self, canonicalization: str) -> bytes | None:
        """Return the digest so far; None when it was not asked for."""
        found = self._hashes.get(canonicalization)
        return found.digest() if found is not None else None
