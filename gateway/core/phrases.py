"""Times and sizes as people read them, for notices and views.

Knows English and a time zone; asks no clock (Source: SPEC 10; DESIGN 7).
"""

from datetime import datetime, tzinfo


def moment(at: datetime, zone: tzinfo) -> str:
    """Return a time for people: `Sunday 22 November 2026, 14:05`."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def day(at: datetime, zone: tzinfo) -> str:
    """Return a day for people: `20 February 2027`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y}"


def size_for_people(size: int) -> str:
    """Return a size in the unit that people read: `48 KB`."""
    if size < 1000:
        return "1 byte" if size == 1 else f"{size} bytes"
    value, unit = next((size / n, u) for n, u in ((10**9, "GB"), (10**6, "MB"), (1000, "KB")) if size >= n)
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
