"""Between a value and a column: times, lists, and text folded for comparing.

Owns how each is written, so that it sorts and compares in any engine. Refuses a time without a zone. Pure.
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

_JSON = json.JSONEncoder(default=str)
_CANONICAL_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


def stamp(at: datetime) -> str:
    """Return a time as text of fixed width in UTC, which sorts as the time does."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError("a time in the ledger needs a zone")
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")


def stamp_if(at: datetime | None) -> str | None:
    """Return a time as text, if there is one."""
    return None if at is None else stamp(at)


def moment(text: str) -> datetime:
    """Return the time that was stamped."""
    return datetime.fromisoformat(text)


def moments(texts: Iterable[str]) -> tuple[datetime, ...]:
    """Return the times of a whole column."""
    return tuple(map(datetime.fromisoformat, texts))


def moment_if(text: str | None) -> datetime | None:
    """Return the time that was stamped, if there is one."""
    return None if text is None else datetime.fromisoformat(text)


def day_text_if(day: date | None) -> str | None:
    """Return a day as text, if there is one."""
    return None if day is None else day.isoformat()


def day_if(text: str | None) -> date | None:
    """Return the day, if there is one."""
    return None if text is None else date.fromisoformat(text)


def listed(texts: Sequence[str]) -> str:
    """Return a list as JSON."""
    return json.dumps(texts) if texts else "[]"


def unlisted(text: str) -> tuple[str, ...]:
    """Return the list that was written."""
    return () if text == "[]" else tuple(json.loads(text))


def mapped(values: Mapping[str, object]) -> str:
    """Return a mapping as JSON; what JSON doesn't know is written as text, for a notice must never fail a file."""
    return _JSON.encode(dict(values))


def unmapped(text: str) -> dict[str, Any]:
    """Return the mapping that was written."""
    found: dict[str, Any] = json.loads(text)
    return found


def canonical(value: object) -> str:
    """Return the one JSON text of a value, for digests."""
    return _CANONICAL_JSON.encode(value)


def fold(text: str) -> str:
    """Return text for comparing: NFC, case ignored."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def containing(text: str) -> str:
    """Return the LIKE pattern of text that holds this, folded; `%` and `_` stand for themselves."""
    escaped = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
