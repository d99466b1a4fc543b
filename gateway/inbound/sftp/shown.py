"""Names as a person's view shows them: good on Windows, one of a name, the newest under its own.

Pure. A name that is shown as it was sent always goes before one that had to be changed, so that a file is found under
its own name without reading its neighbours (Source: SPEC 5; FIELD-NOTES A.2).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import compress
from operator import not_
from typing import NamedTuple, Protocol, TypeVar

from gateway.core.layout import dated_name, split_name
from gateway.core.listed import Listed, ListedFiles
from gateway.core.register import School
from gateway.core.unsafe import DEVICES, EDGES, MAX_BYTES

# Nearly every name: nothing in it to look at. Three letters that a device may begin with are looked at all the same.
_PLAIN = re.compile(
    rf"(?!(?i:{'|'.join({device[:3] for device in DEVICES})}))[\w\-()+,= ](?:[\w\-()+,= .]*[\w\-()+,=])?", re.ASCII
)
_FORBIDDEN = frozenset('<>:"/\\|?*')  # on Windows
_STAND_IN = "_"
AT_ONCE = 200  # files: what one look takes in


class Named(Protocol):
    """What has a name and a time: a file, or a row of a listing."""

    @property
    def name(self) -> str:
        """As it was sent."""
        ...

    @property
    def sent_at(self) -> datetime:
        """When."""
        ...


N = TypeVar("N", bound=Named)


def fold(name: str) -> str:
    """Return what two names share that are one to a reader on Windows or macOS."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name.casefold())


def safe_name(name: str) -> str:
    """Return a name that every reader's computer can keep; most are returned as they are."""
    if _PLAIN.fullmatch(name):
        return name
    clean = "".join(
        _STAND_IN if c in _FORBIDDEN or not c.isprintable() else c for c in unicodedata.normalize("NFC", name)
    )
    clean = _cut(clean.rstrip(EDGES) or _STAND_IN)
    return _STAND_IN + clean if _is_device(clean) else clean


def _is_device(name: str) -> bool:
    return name.partition(".")[0].rstrip(" ").upper() in DEVICES


def _cut(name: str) -> str:
    """Return a name of at most MAX_BYTES bytes, with its ending."""
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, ending = split_name(name)
    ending = ending if len(ending.encode()) < MAX_BYTES // 2 else ""
    return stem.encode()[: MAX_BYTES - len(ending.encode())].decode(errors="ignore").rstrip(EDGES) + ending


def room_name(school: School) -> str:
    """Return a school's folder name: its number and its name."""
    return room_name_of(f"{school.number} {school.name}")


def room_name_of(name: str) -> str:
    """Return a folder name that every reader's computer can keep."""
    return " ".join(safe_name(name).split()).rstrip(EDGES)


class Taken:
    """The names of a room that are given away; case is ignored."""

    def __init__(self, companions: tuple[str, ...] = ()) -> None:
        """`companions` are endings of further names that stand beside each one."""
        self._names: set[str] = set()
        self._companions = companions

    def take(self, name: str) -> bool:
        """Take a name, with what stands beside it; False when one of them is taken."""
        folded = fold(name)
        if not self._companions:
            before = len(self._names)
            self._names.add(folded)
            return len(self._names) > before
        wanted = {folded, *(folded + companion for companion in self._companions)}
        if wanted & self._names:
            return False
        self._names |= wanted
        return True

    def take_all(self, names: Sequence[str]) -> bool:
        """Take names of ASCII alone, with nothing beside them, where none of them is taken; else False, and none."""
        wanted = set(map(str.lower, names))
        if len(wanted) < len(names) or not wanted.isdisjoint(self._names):
            return False
        self._names |= wanted
        return True


def shown_names(files: Iterable[N], zone: tzinfo, *, companions: tuple[str, ...] = ()) -> Iterator[tuple[str, N]]:
    """Yield (name in the view, file) for files given newest first: the newest keeps its name, older ones are dated.

    A name is found out when it is asked for, so that a room of thousands holds nobody up; changed names come last.
    """
    taken, others = Taken(companions), []
    for file in files:
        if safe_name(file.name) == file.name and taken.take(file.name):
            yield file.name, file
        else:
            others.append(file)
    for file in others:
        yield _another_name(file, zone, taken), file


class Shown(NamedTuple):
    """Some files of a room, and the names that they have there."""

    names: Sequence[str]
    files: ListedFiles


def shown_together(files: ListedFiles, zone: tzinfo) -> Iterator[Shown]:
    """Yield what `shown_names` does, some hundreds at a time: nearly always each keeps its name, and one look tells."""
    taken = Taken()
    others: list[Listed] = []
    for start in range(0, len(files), AT_ONCE):
        some = files.part(start, start + AT_ONCE)
        if not (all(map(_PLAIN.fullmatch, some.names)) and taken.take_all(some.names)):
            some = _keeping(some, taken, others)
        if some:
            yield Shown(some.names, some)
    for start in range(0, len(others), AT_ONCE):
        late = others[start : start + AT_ONCE]
        yield Shown([_another_name(file, zone, taken) for file in late], ListedFiles.of(late))


def _keeping(files: ListedFiles, taken: Taken, others: list[Listed]) -> ListedFiles:
    """Return those that keep their names, and add the others to those of before."""
    keeps = [safe_name(name) == name and taken.take(name) for name in files.names]
    others.extend(compress(files, map(not_, keeps)))
    return files.where(keeps)


def _another_name(file: Named, zone: tzinfo, taken: Taken) -> str:
    return next(name for name in _candidates(file, zone) if taken.take(name))


def _candidates(file: Named, zone: tzinfo) -> Iterator[str]:
    clean = safe_name(file.name)
    if clean != file.name:
        yield clean
    dated = dated_name(clean, file.sent_at, zone)
    yield dated
    stem, ending = split_name(dated)
    number = 1
    while True:
        number += 1
        yield f"{stem} {number}{ending}"
