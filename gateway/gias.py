"""Schools from the DfE's register: a CSV in the columns of Get Information About Schools.

Columns are found by their header, and the ones not needed here may be absent or new. Refuses a file without a column
that is needed, and rows that can't be read: every fault at once, with its line (Source: SPEC 8; FIELD-NOTES A.6, B.5).
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from gateway.core.register import School, SchoolStatus
from gateway.errors import ConfigError, Fault

NEEDED = (
    "URN",
    "LA (code)",
    "EstablishmentNumber",
    "EstablishmentName",
    "EstablishmentStatus (code)",
    "CloseDate",
    "PhaseOfEducation (name)",
)
_STATUS = {
    "1": SchoolStatus.OPEN,
    "2": SchoolStatus.CLOSED,
    "3": SchoolStatus.OPEN,  # open, but proposed to close
    "4": SchoolStatus.PROPOSED,
}

Row = Mapping[str, str]


def read_schools(path: Path, *, name: str) -> tuple[School, ...]:
    """Return the schools of a file, in its order; one DfE number is one school. Raises ConfigError.

    Establishments without a number are left out. Where an open and a closed one share a number, the open one counts.
    """
    schools: dict[str, School] = {}
    faults: list[Fault] = []
    for line, row in read_rows(path, name=name, needed=NEEDED):
        if not row["EstablishmentNumber"]:
            continue
        school = _read_school(row)
        if isinstance(school, str):
            faults.append(Fault(name, f"line {line}", school))
        elif _counts(school, schools.get(school.number)):
            schools[school.number] = school
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(schools.values())


def read_rows(path: Path, *, name: str, needed: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    """Yield (line, row) of a CSV with a header, values stripped. Raises ConfigError without a needed column."""
    reader = csv.DictReader(io.StringIO(_decode(path, name), newline=""))
    missing = [column for column in needed if column not in (reader.fieldnames or ())]
    if missing:
        raise ConfigError(tuple(Fault(name, "line 1", f'the column "{column}" is missing') for column in missing))
    for row in reader:
        yield reader.line_num, {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}


def read_day(text: str) -> date | None:
    """Return a day written as `31-08-2026`, `31/08/2026` or `2026-08-31`; None where it is no day."""
    british = re.fullmatch(r"(\d{2})[-/](\d{2})[-/](\d{4})", text, re.ASCII)
    try:
        return date.fromisoformat("-".join(british.group(3, 2, 1)) if british else text)
    except ValueError:
        return None


def _decode(path: Path, name: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError((Fault(name, "", f"this file can't be read ({error.strerror}); expected {path}"),)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:  # what the DfE publishes; its few undefined bytes stand in no name
        return content.decode("cp1252", errors="replace")


def _read_school(row: Row) -> School | str:
    """Return the school of a row, or what is wrong with it."""
    number = row["LA (code)"].zfill(3) + row["EstablishmentNumber"].zfill(4)
    if not re.fullmatch(r"[0-9]{7}", number):
        return f'found "{number}" as the DfE number; expected three digits of the LA and four of the establishment'
    if not re.fullmatch(r"[0-9]{1,7}", row["URN"]):
        return f'found "{row["URN"]}" as the URN of {number}; expected a number'
    if not row["EstablishmentName"]:
        return f"{number} has no name; expected one"
    status = _STATUS.get(row["EstablishmentStatus (code)"])
    if status is None:
        return f'found "{row["EstablishmentStatus (code)"]}" as the status of {number}; expected 1, 2, 3 or 4'
    closed_on = read_day(row["CloseDate"])
    if row["CloseDate"] and closed_on is None:
        return f'found "{row["CloseDate"]}" as the close date of {number}; expected a day like 31-08-2026'
    return School(
        number=number,
        name=row["EstablishmentName"],
        urn=row["URN"],
        phase=row["PhaseOfEducation (name)"],
        status=status,
        closed_on=closed_on,
    )


def _counts(school: School, other: School | None) -> bool:
    """Whether a school takes its number from the one that had it so far."""
    return other is None or (school.status is SchoolStatus.OPEN and other.status is not SchoolStatus.OPEN)
