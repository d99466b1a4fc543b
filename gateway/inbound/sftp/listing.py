"""A folder as SFTP lists it: its entries, each with the line that `ls -l` would print, cut into packets.

Lines and packets are made as the client asks for them, so that opening a large folder costs nothing.
Source: draft-ietf-secsh-filexfer-02, section 7; the long name is what OpenSSH's `sftp` prints and FileZilla reads.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.inbound.sftp.packets import UINT32, all_attributes

# strftime would speak the language of the machine
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RECENT: Final = 182 * 86_400  # seconds
_QUARTER: Final = 900  # seconds
_NAMES: Final = 33_000  # bytes of a packet of names; every client takes 34,000
_OPENSSH_NAMES: Final = 64_000  # above OpenSSH's own ssh: its sftp takes 256 KB, sshfs 128 KB, lftp more than both
_ROOM: Final = 1_000  # bytes of a packet that are left for the last name of it: 200 bytes, told twice, and its head


def names_at_once(greeting: str) -> int:
    """Return how many bytes of names a packet may have for a client that greets like this."""
    return _OPENSSH_NAMES if greeting.startswith("SSH-2.0-OpenSSH") else _NAMES


class Entry(NamedTuple):
    """One name in a folder."""

    name: str
    mode: int  # st_mode, with the kind of file
    size: int  # bytes
    at: int  # seconds since 1970, UTC
    owner: str = "-"  # as shown in the long name, at best one word
    group: str = "-"


class Listing:
    """An open folder: gives its entries once, a packet at a time."""

    def __init__(self, entries: Iterable[Entry], *, now: datetime) -> None:
        """`now` is aware; its time zone is the one that people read."""
        seconds, zone = now.timestamp(), now.tzinfo
        self._encoded: Iterator[bytes] = (encode_entry(entry, now=seconds, zone=zone) for entry in entries)
        self._ready: list[bytes] | None = None

    def next_batch(self, most: int) -> list[bytes]:
        """The next names, encoded, of about as many bytes as a packet may have; empty at the end."""
        ready, self._ready = self._ready, None
        return self._make(most) if ready is None else ready

    def prepare(self, most: int) -> None:
        """Make the next batch: the moment for it is when one was sent, which the client is busy with."""
        self._ready = self._make(most)

    def _make(self, most: int) -> list[bytes]:
        batch: list[bytes] = []
        size, full = 0, most - _ROOM
        for encoded in self._encoded:
            batch.append(encoded)
            size += len(encoded)
            if size >= full:
                break
        return batch


def encode_entry(entry: Entry, *, now: float, zone: tzinfo | None) -> bytes:
    """A name, its attributes, and between them its line: `-r--r-----   1 -        -     34816 Nov 22 10:51 a.pdf`."""
    shown, mode, size, at, owner, group = entry
    name = shown.encode("utf-8", "surrogateescape")
    line = b"%b %8d %b %b" % (_shown_owner(mode, owner, group), size, _shown_time(at, now=now, zone=zone), name)
    said = all_attributes(size=size, permissions=mode, at=at)
    return b"".join((UINT32.pack(len(name)), name, UINT32.pack(len(line)), line, said))


def encode_text(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    return UINT32.pack(len(encoded)) + encoded


@lru_cache(maxsize=64)
def _shown_owner(mode: int, owner: str, group: str) -> bytes:
    return f"{stat.filemode(mode)}   1 {owner:<8} {group:<8}".encode("utf-8", "surrogateescape")


def _shown_time(mtime: int, *, now: float, zone: tzinfo | None) -> bytes:
    """The hour of what is recent, the year of what is not, as `ls` does: always twelve characters."""
    quarter, seconds = divmod(mtime, _QUARTER)
    times = _times_of(quarter, zone)
    return times[seconds // 60] if abs(now - mtime) < _RECENT else times[-1]


@lru_cache(maxsize=2048)
def _times_of(quarter: int, zone: tzinfo | None) -> Sequence[bytes]:
    """The minutes of a quarter of an hour, within which no clock is moved; behind them its day with the year."""
    begins = datetime.fromtimestamp(quarter * _QUARTER, zone)
    day = f"{_MONTHS[begins.month - 1]} {begins.day:2}"
    minutes = [f"{day} {begins.hour:02}:{begins.minute + minute:02}" for minute in range(_QUARTER // 60)]
    return [time.encode() for time in (*minutes, f"{day}  {begins.year}")]
