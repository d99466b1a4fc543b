"""A folder as SFTP lists it: its entries, each with the line that `ls -l` would print, cut into packets.

Lines and packets are made as the client asks for them, so that opening a large folder costs nothing.
Source: draft-ietf-secsh-filexfer-02, section 7; the long name is what OpenSSH's `sftp` prints and FileZilla reads.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.inbound.sftp.packets import UINT32, Attributes

# strftime would speak the language of the machine
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RECENT: Final = timedelta(days=182)
_BATCH_BYTES: Final = 24_000  # a packet is full from here on; every client takes 34,000


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder."""

    name: str
    attributes: Attributes
    owner: str = "-"  # as shown in the long name, at best one word
    group: str = "-"


class Listing:
    """An open folder: gives its entries once, a packet at a time."""

    def __init__(self, entries: Iterable[Entry], *, now: datetime) -> None:
        """`now` is aware; its time zone is the one that people read."""
        self._encoded: Iterator[bytes] = (encode_entry(entry, now=now) for entry in entries)

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


def encode_entry(entry: Entry, *, now: datetime) -> bytes:
    line = long_name(entry, now=now)
    return encode_text(entry.name) + encode_text(line) + entry.attributes.encode()


def long_name(entry: Entry, *, now: datetime) -> str:
    """For example `-rw-r-----   1 leys     830          34816 Nov 22 10:51 8302000_SENplan20261122.pdf`."""
    said = entry.attributes
    mode = stat.filemode(said.permissions or 0)
    when = _shown_time(said.mtime or 0, now=now)
    return f"{mode}   1 {entry.owner:<8} {entry.group:<8} {said.size or 0:>8} {when} {entry.name}"


def encode_text(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    return UINT32.pack(len(encoded)) + encoded


def _shown_time(mtime: int, *, now: datetime) -> str:
    """The hour of what is recent, the year of what is not, as `ls` does: always twelve characters."""
    then = datetime.fromtimestamp(mtime, now.tzinfo)
    day = f"{_MONTHS[then.month - 1]} {then.day:2}"
    if abs(now - then) < _RECENT:
        return f"{day} {then.hour:02}:{then.minute:02}"
    return f"{day}  {then.year}"
