"""A folder as SFTP lists it: its entries, each with the line that `ls -l` would print, cut into packets.

Lines and packets are made as the client asks for them, so that opening a large folder costs nothing.
Source: draft-ietf-secsh-filexfer-02, section 7; the long name is what OpenSSH's `sftp` prints and FileZilla reads.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.inbound.sftp.packets import UINT32, all_attributes

# strftime would speak the language of the machine
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RECENT: Final = 182 * 86_400  # seconds
_QUARTER: Final = 900  # seconds
_CLOCK: Final = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60))
_BATCH_BYTES: Final = 24_000  # a packet is full from here on; every client takes 34,000


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

    def next_batch(self) -> list[bytes]:
        """The next names, encoded; empty at the end."""
        batch: list[bytes] = []
        size = 0
        for encoded in self._encoded:
            batch.append(encoded)
            size += len(encoded)
            if size >= _BATCH_BYTES:
                break
        return batch


def encode_entry(entry: Entry, *, now: float, zone: tzinfo | None) -> bytes:
    name = entry.name.encode("utf-8", "surrogateescape")
    line = long_name(entry, now=now, zone=zone).encode("utf-8", "surrogateescape")
    said = all_attributes(size=entry.size, permissions=entry.mode, at=entry.at)
    return b"".join((UINT32.pack(len(name)), name, UINT32.pack(len(line)), line, said))


def long_name(entry: Entry, *, now: float, zone: tzinfo | None) -> str:
    """For example `-rw-r-----   1 leys     830          34816 Nov 22 10:51 8302000_SENplan20261122.pdf`."""
    name, mode, size, at, owner, group = entry
    return f"{_shown_owner(mode, owner, group)} {size:>8} {_shown_time(at, now=now, zone=zone)} {name}"


def encode_text(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    return UINT32.pack(len(encoded)) + encoded


@lru_cache(maxsize=64)
def _shown_owner(mode: int, owner: str, group: str) -> str:
    return f"{stat.filemode(mode)}   1 {owner:<8} {group:<8}"


def _shown_time(mtime: int, *, now: float, zone: tzinfo | None) -> str:
    """The hour of what is recent, the year of what is not, as `ls` does: always twelve characters."""
    quarter, seconds = divmod(mtime, _QUARTER)
    day, minute, year = _quarter_of(quarter, zone)
    if abs(now - mtime) >= _RECENT:
        return f"{day}  {year}"
    return f"{day} {_CLOCK[minute + seconds // 60]}"


@lru_cache(maxsize=4096)
def _quarter_of(number: int, zone: tzinfo | None) -> tuple[str, int, int]:
    """The day, the minute of the day and the year as a quarter of an hour begins: no clock is moved within one."""
    begins = datetime.fromtimestamp(number * _QUARTER, zone)
    return f"{_MONTHS[begins.month - 1]} {begins.day:2}", begins.hour * 60 + begins.minute, begins.year
