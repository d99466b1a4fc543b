"""An audience of schools on the command line: named one by one, by a file, or all of them; never inferred.

Owns the three options and the reading of the file. Refuses an empty audience, a school that is not in the register, and
one that is not open: all faults at once. A list is never read in part (Source: SPEC 7).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.cli.filters import DFE_NUMBER
from gateway.core.register import Directory, SchoolStatus
from gateway.errors import NotThere

F = TypeVar("F", bound=Callable[..., Any])

_MOST_BYTES = 1 << 20  # of a file of schools


@dataclass(frozen=True)
class Audience:
    """Which schools were named."""

    numbers: tuple[str, ...] = ()  # each once, as they were given
    is_everyone: bool = False

    def schools(self, directory: Directory) -> tuple[str, ...]:
        """Return the DfE numbers, each once, in their order. Raises NotThere with every fault."""
        if self.is_everyone:
            return tuple(sorted(n for n, s in directory.schools.items() if s.status is SchoolStatus.OPEN))
        numbers = tuple(sorted(self.numbers))
        if faults := list(_faults(numbers, directory)):
            raise NotThere("\n".join(faults))
        return numbers


def with_audience(command: F) -> F:
    """Give a command the options that name schools; they arrive as `schools`, `schools_file` and `all_schools`."""
    named = click.option("--school", "schools", multiple=True, type=DFE_NUMBER, help="This school; repeat it.")
    filed = click.option(
        "--schools-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A text file with a DfE number at the beginning of each line.",
    )
    everyone = click.option("--all-schools", is_flag=True, help="Every school that is open.")
    return named(filed(everyone(command)))


def read_audience(
    schools: tuple[str, ...], schools_file: Path | None, *, all_schools: bool, may_be_unsaid: bool = False
) -> Audience:
    """Return whom the options name; in exactly one of the three ways (or none, where that is allowed), else 64."""
    ways = sum((bool(schools), schools_file is not None, all_schools))
    if ways > 1 or not (ways or may_be_unsaid):
        raise click.UsageError(
            "expected schools in one of three ways: --school N …, --schools-file F, or --all-schools"
        )
    if schools_file is not None:
        return Audience(_read_file(schools_file))
    return Audience(tuple(dict.fromkeys(schools)), is_everyone=all_schools)


def _read_file(path: Path) -> tuple[str, ...]:
    """Read DfE numbers; what stands behind a number (a name, say) is ignored, and so is a line with `#` in front."""
    numbers, faults = [], []
    for number, line in enumerate(_lines_of(path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = re.match(r'\s*"?([0-9]{7})(?![0-9])', line)
        if found:
            numbers.append(found[1])
        else:
            faults.append(f"{path}: line {number}: expected a DfE number of seven digits at the beginning.")
    if faults or not numbers:
        raise NotThere("\n".join(faults) or f"{path}: there is no DfE number in it.")
    return tuple(dict.fromkeys(numbers))


def _lines_of(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise NotThere(f"{path} is too large for a list of schools; expected a DfE number a line.")
        return path.read_bytes().decode("utf-8-sig", "replace").splitlines()
    except OSError as error:
        raise NotThere(f"{path} can't be read by the gateway's user: {error.strerror}.") from None


def _faults(numbers: tuple[str, ...], directory: Directory) -> Iterator[str]:
    for number in numbers:
        school = directory.school(number)
        if school is None:
            yield f"{number}: there is no such school in the register."
        elif school.status is not SchoolStatus.OPEN:
            link = directory.successions.get(number)
            yield f"{number} {school.name} is {school.status}{f'; its successor is {link.new}' if link else ''}."
