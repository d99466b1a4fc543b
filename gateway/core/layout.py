"""Where things stand: the places of bytes in the archive, and the names of folders and files in a person's view.

Owns month names in the authority's time zone, and the rule for two files of one name. It knows no disk
(Source: SPEC 5, 7).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import TypeVar

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
SHOWN_MONTHS = 4  # of documents

T = TypeVar("T")


def month_of(at: datetime, zone: tzinfo) -> str:
    """Return the month folder of a time, as `2026-11`."""
    return at.astimezone(zone).strftime("%Y-%m")


def place_of(*, school: str | None, received_at: datetime, file: str, zone: tzinfo) -> str:
    """Return where a file's bytes lie below the archive: by school and month, with the id as the name."""
    return f"{school or 'unplaced'}/{month_of(received_at, zone)}/{file}"


def last_months(now: datetime, zone: tzinfo) -> tuple[str, ...]:
    """Return the current month and the three before it, oldest first, as `2026-11`."""
    last = _number_of(now, zone)
    return _months(last - SHOWN_MONTHS + 1, last)


def months_since(earliest: datetime, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    """Return the months from one time to another, oldest first, as `2026-11`."""
    return _months(_number_of(earliest, zone), _number_of(now, zone))


def _number_of(at: datetime, zone: tzinfo) -> int:
    local = at.astimezone(zone)
    return local.year * 12 + local.month - 1


def _months(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{m // 12:04d}-{m % 12 + 1:02d}" for m in range(first, last + 1))


def document_month_names(now: datetime, zone: tzinfo) -> dict[str, str]:
    """Return the folder name of each of the last four months: `2026-10` is `3 October Files` in November."""
    return {m: f"{n} {MONTHS[int(m[5:]) - 1]} Files" for n, m in enumerate(last_months(now, zone), start=1)}


def split_name(name: str) -> tuple[str, str]:
    """Return stem and ending (with its dot; empty when there is none)."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if dot and stem else (name, "")


def dated_name(name: str, at: datetime, zone: tzinfo) -> str:
    """Return the name that an older file of the same name has in a view."""
    stem, ending = split_name(name)
    return f"{stem} ({at.astimezone(zone).strftime('%Y-%m-%d %H.%M.%S')}){ending}"


def shown_names(files: Iterable[tuple[T, str, datetime]], zone: tzinfo) -> list[tuple[str, T]]:
    """Return (name in the view, item) for items given newest first with their names and times.

    The newest keeps its name, older ones carry their time before the ending; two of one second are counted. Case is
    ignored, since the reader may be on Windows.
    """
    taken: set[str] = set()
    shown: list[tuple[str, T]] = []
    for item, name, at in files:
        free = _free_name(_candidates(name, at, zone), taken)
        taken.add(free.casefold())
        shown.append((free, item))
    return shown


def _candidates(name: str, at: datetime, zone: tzinfo) -> Sequence[str]:
    stem, ending = split_name(dated_name(name, at, zone))
    return (name, stem + ending, *(f"{stem} {n}{ending}" for n in range(2, 1000)))


def _free_name(candidates: Sequence[str], taken: set[str]) -> str:
    return next((c for c in candidates if c.casefold() not in taken), candidates[-1])
