"""A folder as SFTP lists it: its entries, each with the line that `ls -l` would print, cut into packets.

Lines and packets are made as the client asks for them, so that opening a large folder costs nothing.
Source: draft-ietf-secsh-filexfer-02, section 7; the long name is what OpenSSH's `sftp` prints and FileZilla reads.
"""

from __future__ import annotations

import stat
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import accumulate
from struct import Struct
from typing import Final, NamedTuple

from gateway.inbound.sftp.packets import SHOWN_ATTRIBUTES, SHOWN_LAYOUT, UINT32

# strftime would speak the language of the machine
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RECENT: Final = 182 * 86_400  # seconds
_QUARTER: Final = 900  # seconds
_MINUTES: Final = [b"%02d " % minute for minute in range(60)]
_TIME: Final = len("Nov 22 10:51 ")
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


class Entries(NamedTuple):
    """Names in a folder that look alike: what is the same of all of them is made once."""

    names: Sequence[str]
    mode: int
    sizes: Sequence[int]
    times: Sequence[int]
    owner: str = "-"
    group: str = "-"


def _several(entry: Entry | Entries) -> Entries:
    if isinstance(entry, Entries):
        return entry
    return Entries((entry.name,), entry.mode, (entry.size,), (entry.at,), entry.owner, entry.group)


class Listing:
    """An open folder: gives its entries once, a packet at a time."""

    def __init__(self, entries: Iterable[Entry | Entries], *, now: datetime) -> None:
        """`now` is aware; its time zone is the one that people read."""
        seconds, zone = now.timestamp(), now.tzinfo
        some = filter(lambda entry: entry.names, map(_several, entries))
        self._encoded = (encode_entries(entry, now=seconds, zone=zone) for entry in some)
        self._left: list[bytes] = []  # encoded, and no room for it in the last packet
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
        while size < full and (some := self._left or next(self._encoded, [])):
            ends = list(accumulate(map(len, some), initial=size))
            count = bisect_left(ends, full)  # the one that fills it is the last
            batch += some[:count]
            self._left = some[count:]
            size = ends[min(count, len(some))]
        return batch


def encode_entries(entries: Entries, *, now: float, zone: tzinfo | None) -> list[bytes]:
    """Names, their attributes, between them their lines: `-r--r-----   1 -        -     34816 Nov 22 10:51 a.pdf`."""
    names, mode, sizes, times, owner, group = entries
    encoded = "/".join(names).encode("utf-8", "surrogateescape").split(b"/")  # no name in a folder has a slash
    told = (b"/%8d " * len(sizes) % tuple(sizes)).split(b"/")[1:]
    clock = {at: _shown_times(at, now=now, zone=zone) for at in {at // _QUARTER for at in times}}
    whose = _shown_owner(mode, owner, group)
    known = len(whose) + _TIME  # bytes of a line before its name, but those of the size
    return [
        _pack(of := len(name), len(whose), digits := len(size_told))(
            of, name, known + digits + of, whose, size_told, clock[at // _QUARTER][at % _QUARTER // 60], name,
            SHOWN_ATTRIBUTES, size, mode, at, at,
        )
        for name, size_told, size, at in zip(encoded, told, sizes, times, strict=True)
    ]  # fmt: skip


@lru_cache(maxsize=1024)
def _pack(name: int, owner: int, size: int) -> Callable[..., bytes]:
    """Return what packs a name with all that is said of it: names are of a few lengths, and one call is cheapest."""
    return Struct(f">I{name}sI{owner}s{size}s{_TIME}s{name}s{SHOWN_LAYOUT}").pack


def encode_text(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    return UINT32.pack(len(encoded)) + encoded


@lru_cache(maxsize=64)
def _shown_owner(mode: int, owner: str, group: str) -> bytes:
    return f"{stat.filemode(mode)}   1 {owner:<8} {group:<8} ".encode("utf-8", "surrogateescape")


def _shown_times(quarter: int, *, now: float, zone: tzinfo | None) -> Sequence[bytes]:
    """The hour of what is recent, the year of what is not, as `ls` does: for each minute, always `_TIME` bytes."""
    hours, years = _times_of(quarter, zone)
    return hours if abs(now - quarter * _QUARTER) < _RECENT else years


@lru_cache(maxsize=2048)
def _times_of(quarter: int, zone: tzinfo | None) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """The minutes of a quarter of an hour, within which no clock is moved; beside them its day with the year."""
    begins = datetime.fromtimestamp(quarter * _QUARTER, zone)
    day = f"{_MONTHS[begins.month - 1]} {begins.day:2} ".encode()
    hour = b"%b%02d:" % (day, begins.hour)
    minutes = _MINUTES[begins.minute : begins.minute + _QUARTER // 60]
    return [hour + minute for minute in minutes], [b"%b %d " % (day, begins.year)] * len(minutes)
