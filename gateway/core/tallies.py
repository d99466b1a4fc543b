"""Reports: how much came, what was rejected and why, how schools use the gateway.

Owns the sums, from counts that the ledger makes and from the register. A report names no file and no person. Pure
(Source: SPEC 13).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.core.model import Channel, Status
from gateway.core.register import Directory, SchoolStatus

MONTH = "month"
NOWHERE = ""  # a school or a service that is not certain


@dataclass(frozen=True)
class Tally:
    """How many files have these in common."""

    school: str | None
    service: str | None
    status: Status
    reason: str | None
    channel: Channel
    files: int
    bytes: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Traffic:
    """What came, of one service, school, channel or month."""

    key: str
    files: int
    sent: int
    received: int
    rejected: int
    recalled: int
    by_email: int
    by_sftp: int
    bytes: int
    last_at: datetime


@dataclass(frozen=True)
class Rejections:
    """What was rejected, of one reason, school or service."""

    key: str
    files: int
    schools: int  # that sent them, as far as that is certain
    last_at: datetime


@dataclass(frozen=True)
class SchoolUse:
    """How one school uses the gateway."""

    school: str
    name: str
    people: int  # active accounts
    heads: int  # of these: headteachers
    files: int
    rejected: int
    last_at: datetime | None
    unread: int  # documents that nobody of the school has opened


TRAFFIC_KEYS: Mapping[str, Callable[[Tally], str]] = {
    "service": lambda t: t.service or NOWHERE,
    "school": lambda t: t.school or NOWHERE,
    "channel": lambda t: t.channel,
}
REJECTION_KEYS: Mapping[str, Callable[[Tally], str]] = {
    "reason": lambda t: t.reason or NOWHERE,
    "school": lambda t: t.school or NOWHERE,
    "service": lambda t: t.service or NOWHERE,
}


def grouped(tallies: Iterable[Tally], key: Callable[[Tally], str]) -> dict[str, list[Tally]]:
    """Return tallies by a key, in its order."""
    found: dict[str, list[Tally]] = defaultdict(list)
    for tally in tallies:
        found[key(tally)].append(tally)
    return dict(sorted(found.items()))


def traffic(groups: Mapping[str, Sequence[Tally]]) -> list[Traffic]:
    """Return a row for each group; none for an empty one."""
    return [_traffic(key, mine) for key, mine in groups.items() if mine]


def _traffic(key: str, tallies: Sequence[Tally]) -> Traffic:
    by_status, by_channel = _sums(tallies, lambda t: t.status), _sums(tallies, lambda t: t.channel)
    return Traffic(
        key=key,
        files=sum(t.files for t in tallies),
        sent=by_status[Status.SENT],
        received=by_status[Status.RECEIVED],
        rejected=by_status[Status.REJECTED],
        recalled=by_status[Status.RECALLED],
        by_email=by_channel[Channel.EMAIL],
        by_sftp=by_channel[Channel.SFTP],
        bytes=sum(t.bytes for t in tallies),
        last_at=max(t.last_at for t in tallies),
    )


def _sums(tallies: Iterable[Tally], key: Callable[[Tally], str]) -> defaultdict[str, int]:
    sums: defaultdict[str, int] = defaultdict(int)
    for tally in tallies:
        sums[key(tally)] += tally.files
    return sums


def rejections(groups: Mapping[str, Sequence[Tally]]) -> list[Rejections]:
    """Return a row for each group, the largest first."""
    rows = [
        Rejections(
            key,
            sum(t.files for t in mine),
            len({t.school for t in mine if t.school}),
            max(t.last_at for t in mine),
        )
        for key, mine in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row.files, row.key))


def school_use(tallies: Iterable[Tally], unread: Mapping[str, int], directory: Directory) -> list[SchoolUse]:
    """Return a row for each school that is open, or that sent anything."""
    groups = grouped(tallies, TRAFFIC_KEYS["school"])
    numbers = {n for n, school in directory.schools.items() if school.status is SchoolStatus.OPEN} | groups.keys()
    return [_use(n, groups.get(n, ()), unread.get(n, 0), directory) for n in sorted(numbers - {NOWHERE})]


def _use(number: str, tallies: Sequence[Tally], unread: int, directory: Directory) -> SchoolUse:
    school = directory.school(number)
    return SchoolUse(
        school=number,
        name=school.name if school else "",
        people=sum(account.is_active for account in directory.people_of(number)),
        heads=len(directory.heads_of(number)),
        files=sum(t.files for t in tallies),
        rejected=_sums(tallies, lambda t: t.status)[Status.REJECTED],
        last_at=max((t.last_at for t in tallies), default=None),
        unread=unread,
    )
