"""The portal's filters, the same for every listing: which files, whose, from when until when.

Owns the options and the reading of dates in the authority's time zone. Refuses a value that can't be meant with exit 64
and what was expected (Source: SPEC 13; the academic year: 1 September to 31 August).
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, TypeVar

import click

from gateway.core.documents import DocumentQuery, DocumentState
from gateway.core.mail import NoticeQuery, NoticeState
from gateway.core.model import FileQuery, Status

F = TypeVar("F", bound=Callable[..., Any])
Moment = date | datetime  # a day of the authority, or a time (naive: in its zone)

_FIRST_MONTH = 9  # September
INSTANT = timedelta(microseconds=1)  # the step of our times


@dataclass(frozen=True)
class Filters:
    """What was asked for; nothing by default."""

    school: str | None = None
    service: str | None = None
    status: tuple[str, ...] = ()
    sent_by: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    academic_year: str | None = None
    search: str | None = None

    def window(self, *, zone: tzinfo, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return from when (included) until when (not included); None is open."""
        if self.academic_year is not None:
            return _academic_year(now.astimezone(zone).date(), zone, is_previous=self.academic_year == "previous")
        since = None if self.since is None else instant(self.since, zone)
        until = None if self.until is None else end_of(self.until, zone)
        if since is not None and until is not None and since >= until:
            raise click.UsageError("--since is later than --until, so nothing could match; swap them.")
        return since, until

    def files(self, *, zone: tzinfo, now: datetime) -> FileQuery:
        """Return the filters as a query for files."""
        since, until = self.window(zone=zone, now=now)
        return FileQuery(
            school=self.school,
            service=self.service,
            status=tuple(Status(word) for word in self.status),
            sent_by=self.sent_by,
            since=since,
            until=until,
            search=self.search,
        )

    def documents(self, *, zone: tzinfo, now: datetime) -> DocumentQuery:
        """Return the filters as a query for documents; the service is asked of their publishers."""
        since, until = self.window(zone=zone, now=now)
        return DocumentQuery(
            school=self.school,
            state=tuple(DocumentState(word) for word in self.status),
            published_by=self.sent_by,
            since=since,
            until=until,
            search=self.search,
        )

    def notices(self, *, zone: tzinfo, now: datetime) -> NoticeQuery:
        """Return the filters as a query for notices; the service and the sender are asked of the files."""
        since, until = self.window(zone=zone, now=now)
        state = NoticeState(self.status[0]) if len(self.status) == 1 else None
        return NoticeQuery(school=self.school, state=state, since=since, until=until, search=self.search)

    def has_time(self, at: datetime | None, *, zone: tzinfo, now: datetime) -> bool:
        """Return whether a time is in the window; what has no time is in the open window alone."""
        since, until = self.window(zone=zone, now=now)
        if at is None:
            return since is None and until is None
        return (since is None or at >= since) and (until is None or at < until)

    def is_by(self, *names: str | None) -> bool:
        """Return whether `--sent-by` is one of these names of a person (case ignored)."""
        return self.sent_by is None or self.sent_by.casefold() in {name.casefold() for name in names if name}

    def matches(self, *texts: str) -> bool:
        """Return whether `--search` is in one of these texts (case ignored)."""
        return self.search is None or any(self.search.casefold() in text.casefold() for text in texts)


def read_moment(text: str) -> Moment:
    """Return a day or a time. Raises ValueError for anything else."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text)
    if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", text):
        return datetime.fromisoformat(text)
    raise ValueError(text)


class MomentType(click.ParamType):  # type: ignore[type-arg]
    """A date or a time on the command line."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Read `2026-11-22` or an ISO time."""
        if isinstance(value, date):
            return value
        try:
            return read_moment(str(value))
        except ValueError:
            self.fail(
                f'"{value}" is no date; expected one like 2026-11-22, or a time like 2026-11-22T14:05.', param, ctx
            )


class _Pattern(click.ParamType):  # type: ignore[type-arg]
    """A word of a fixed form on the command line."""

    def __init__(self, name: str, form: str, expected: str, change: Callable[[str], str] = str) -> None:
        self.name = name
        self._form = re.compile(form)
        self._expected = expected
        self._change = change

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word as records have it."""
        word = self._change(str(value).strip())
        if not self._form.fullmatch(word):
            self.fail(f'"{value}" can\'t be one; expected {self._expected}.', param, ctx)
        return word


DFE_NUMBER = _Pattern("dfe-number", r"[0-9]{7}", "a DfE number of seven digits, like 8301102")
SERVICE_CODE = _Pattern("code", r"[A-Z]+", "a service code in letters, like SEN", str.upper)
MOMENT = MomentType()

_OPTIONS: Mapping[str, Callable[[Sequence[str]], Callable[[F], F]]] = {
    "school": lambda _: click.option("--school", type=DFE_NUMBER, help="Of this school only."),
    "service": lambda _: click.option("--service", type=SERVICE_CODE, help="For this service only."),
    "status": lambda words: click.option(
        "--status",
        multiple=True,
        metavar="STATUS",  # the words stand in the help, where a line of them can be broken
        type=click.Choice([str(w) for w in words], case_sensitive=False),
        help=f"Only these; repeat it: {', '.join(map(str, words))}.",
    ),
    "sent_by": lambda _: click.option("--sent-by", metavar="WHO", help="Sent by this person: username or name."),
    "since": lambda _: click.option("--since", type=MOMENT, help="From this day or time on."),
    "until": lambda _: click.option("--until", type=MOMENT, help="Up to this time, or to the end of this day."),
    "academic_year": lambda _: click.option(
        "--academic-year", type=click.Choice(["current", "previous"]), help="1 September to 31 August."
    ),
    "search": lambda _: click.option("--search", metavar="TEXT", help="With this text in it, in any case."),
}
EVERY = tuple(_OPTIONS)


def with_filters(*, statuses: Iterable[str] = tuple(Status), only: Iterable[str] = EVERY) -> Callable[[F], F]:
    """Give a listing the filters that make sense for it; they arrive together as `filters`.

    The others are known and refused with a sentence: nobody is to believe that a listing was narrowed when it was not.
    """
    names = [name for name in EVERY if name in set(only)]

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def gathered(*args: Any, **options: Any) -> Any:
            given = {name: options.pop(name) for name in names}
            return command(*args, filters=_gather(given), **options)

        decorated: Any = gathered
        for name in reversed(names):
            decorated = _OPTIONS[name](tuple(statuses))(decorated)
        for name in EVERY:
            decorated = decorated if name in names else _refused(name, names)(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def _refused(name: str, names: Sequence[str]) -> Callable[[F], F]:
    """Return an option that has no meaning in a listing, and says so."""
    known = ", ".join(map(_option_of, names)) or "none"

    def refuse(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
        if value is not None:
            listing = ctx.command_path.partition(" admin ")[2] or ctx.command_path
            raise click.UsageError(
                f"{_option_of(name)} has no meaning here: {_NO_MEANING[name]}. The filters of `{listing}`: {known}."
            )

    return click.option(_option_of(name), expose_value=False, hidden=True, callback=refuse)


def _option_of(name: str) -> str:
    return f"--{name.replace('_', '-')}"


_NO_TIME = "nothing in this list has a day to which it belongs"
_NO_MEANING = {
    "school": "nothing in this list is of one school",
    "service": "nothing in this list is for one service",
    "status": "everything in this list has the same status, or none",
    "sent_by": "nothing in this list was sent by a person",
    "since": _NO_TIME,
    "until": _NO_TIME,
    "academic_year": _NO_TIME,
    "search": "nothing in this list has words to search",
}


def _gather(given: Mapping[str, Any]) -> Filters:
    if given.get("academic_year") and (given.get("since") or given.get("until")):
        raise click.UsageError("--academic-year says from when until when; leave out --since and --until.")
    return Filters(**given)


def _academic_year(today: date, zone: tzinfo, *, is_previous: bool) -> tuple[datetime, datetime]:
    year = today.year - (today.month < _FIRST_MONTH) - is_previous
    return instant(date(year, _FIRST_MONTH, 1), zone), instant(date(year + 1, _FIRST_MONTH, 1), zone)


def instant(moment: Moment, zone: tzinfo) -> datetime:
    """Return a time, or the first instant of a day, in the authority's time zone."""
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return datetime.combine(moment, time(), zone)


def end_of(moment: Moment, zone: tzinfo) -> datetime:
    """Return the first instant after a time, or after a day, in the authority's time zone."""
    if isinstance(moment, datetime):
        return instant(moment, zone) + INSTANT
    return instant(moment + timedelta(days=1), zone)
