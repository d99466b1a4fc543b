"""The months of the authority's calendar, which of them a view shows, and a room for one (Source: SPEC 5)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property

from gateway.core.layout import last_months, months_since
from gateway.core.model import FileRecord
from gateway.inbound.sftp.rooms import Sight

_DESTROYED_WITHIN = timedelta(hours=1)  # of the end of its term: until then a file is there
_LONGEST = timedelta(days=3660)  # that is looked for


@dataclass(frozen=True)
class Month:
    """One month of the authority's calendar."""

    name: str  # 2026-11
    zone: tzinfo

    @cached_property
    def start(self) -> datetime:
        """Its first moment."""
        return self._first.astimezone(UTC)  # as the times of files: two of one zone are compared ten times as fast

    @cached_property
    def end(self) -> datetime:
        """The first moment after it."""
        return (self._first + timedelta(days=32)).replace(day=1).astimezone(UTC)

    @property
    def _first(self) -> datetime:
        return datetime(int(self.name[:4]), int(self.name[5:]), 1, tzinfo=self.zone)

    def holds(self, at: datetime) -> bool:
        """Return whether a time is within it."""
        return self.start <= at < self.end


@dataclass(frozen=True)
class MonthRoom:
    """A room for one month of files, named by it."""

    month: Month

    @property
    def name(self) -> str:
        """Return the month, as 2026-11."""
        return self.month.name

    def has(self, file: FileRecord) -> bool:
        """Return whether a file came in this month."""
        return self.month.holds(file.sent_at)


def shown_months(sight: Sight) -> list[Month]:
    """Return the months that bytes may be from, newest first; with a short term, those that documents are from."""
    policy, now = sight.policy.current, sight.clock.now()
    oldest = now - min(timedelta(days=policy.terms.days), _LONGEST) - _DESTROYED_WITHIN
    names = max(months_since(oldest, now, policy.zone), last_months(now, policy.zone), key=len)
    return [Month(name, policy.zone) for name in reversed(names)]
