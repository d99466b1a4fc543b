"""Which schools a document is for: read from its name, or asked for explicitly, and never anything between.

Owns that rule and its sentences, for the publisher alone. A name says one school, by the DfE number in front; many
schools are said by a folder, an option or a list, and then a name that says a school is a contradiction: the document
is held. Whatever is odd reaches fewer schools, never more. Pure (Source: SPEC 3 first rule, 7, 8).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.core.documents import Order
from gateway.core.nameparts import SEPARATORS, Parts, cut
from gateway.core.register import Directory, SchoolStatus
from gateway.core.unsafe import what_is_unsafe

_NUMBER = re.compile(r"(?<![0-9])[0-9]{7}(?![0-9])")
FOLLOWED = "for {old}, which {new} followed"  # a remark
CLOSED_SINCE = "not to {old}, which closed before it went out"  # a remark


class HeldFor(StrEnum):
    """Why a document goes out to nobody, as far as its name and its order say."""

    UNSAFE_NAME = "unsafe-name"
    NO_DFE_NUMBER = "no-dfe-number"
    UNKNOWN_LA = "unknown-la"
    UNKNOWN_SCHOOL = "unknown-school"
    CLOSED_SCHOOL = "closed-school"
    NO_NAME = "no-name"
    CONTRADICTION = "contradiction"
    NO_SCHOOLS = "no-schools"


@dataclass(frozen=True)
class Passed:
    """A school that was asked for and gets nothing under that number."""

    number: str
    why: str  # closed-school or unknown-school
    successor: str | None = None  # who gets it in its place


@dataclass(frozen=True)
class Direction:
    """Where a document goes, or why it goes nowhere."""

    name: str  # as its publisher named it, NFC
    shown: str  # as schools see it
    extension: str | None
    schools: tuple[str, ...] = ()  # empty when it is held
    passed: tuple[Passed, ...] = ()  # closed or succeeded: what a preview tells
    reason: str | None = None  # a HeldFor
    sentence: str = ""


def direct(name: str, order: Order, *, directory: Directory, la_codes: frozenset[str], on: date) -> Direction:
    """Return where a document of this name goes by this order. Takes any text; never raises."""
    name = unicodedata.normalize("NFC", name)
    parts = cut(name)
    found = Direction(name, name, parts.ending[1:].lower() or None)
    unsafe = what_is_unsafe(name)
    if unsafe is not None:
        return _held(found, HeldFor.UNSAFE_NAME, f"{unsafe} Please give it another name and publish it again.")
    if order.everyone or order.schools:
        return _by_list(found, parts, order, directory=directory, la_codes=la_codes, on=on)
    return _by_name(found, parts, directory=directory, la_codes=la_codes, on=on)


@dataclass(frozen=True)
class Still:
    """Where a document goes that waited for a confirmation, of the schools that it was for."""

    schools: tuple[str, ...]  # that are open, or follow one that is not
    passed: tuple[Passed, ...]  # closed meanwhile
    remark: str  # about those, for its publisher


def still_open(schools: Sequence[str], *, directory: Directory, on: date) -> Still:
    """Return the schools of a document as they are now: none is reached under a number that is not open any more."""
    passed = tuple(found for number in schools if (found := _follow(number, directory, on)))
    gone = {found.number for found in passed}
    here = {number for number in schools if number not in gone} | {p.successor for p in passed if p.successor}
    told = (
        FOLLOWED.format(old=p.number, new=p.successor) if p.successor else CLOSED_SINCE.format(old=p.number)
        for p in passed
    )
    return Still(tuple(sorted(here)), passed, "; ".join(told))


def _by_name(found: Direction, parts: Parts, *, directory: Directory, la_codes: frozenset[str], on: date) -> Direction:
    """The number in front says the school; it is taken off what the school sees."""
    number = parts.place
    if not parts.has_number:
        return _held(found, HeldFor.NO_DFE_NUMBER, _NO_NUMBER)
    if number[:3] not in la_codes:
        served = " or ".join(sorted(la_codes))
        return _held(
            found, HeldFor.UNKNOWN_LA, f"{number} is no school of this authority: its numbers begin with {served}."
        )
    passed = _follow(number, directory, on)
    if passed is not None and passed.successor is None:
        return _held(found, HeldFor(passed.why), _nobody(passed))
    shown = _without_number(found.name, parts)
    problem = _problem_of(shown, parts)
    if problem:
        return _held(found, HeldFor.NO_NAME, problem)
    school = (passed.successor if passed else None) or number
    return Direction(found.name, shown, found.extension, (school,), (passed,) if passed else ())


def _by_list(
    found: Direction, parts: Parts, order: Order, *, directory: Directory, la_codes: frozenset[str], on: date
) -> Direction:
    """The order says the schools; a name that says one of its own must agree."""
    named = _named_in(found.name, directory, la_codes)
    if order.everyone:
        if named:
            return _held(found, HeldFor.CONTRADICTION, _for_all_but_named(min(named)))
        numbers = sorted(s.number for s in directory.schools.values() if s.status is SchoolStatus.OPEN)
        return _to(found, found.name, numbers, ())
    if len(order.schools) == 1 and parts.has_number and parts.place == order.schools[0]:
        return _by_name(found, parts, directory=directory, la_codes=la_codes, on=on)
    if named:
        return _held(found, HeldFor.CONTRADICTION, _for_others_than_named(min(named)))
    passed = tuple(p for number in dict.fromkeys(order.schools) if (p := _follow(number, directory, on)))
    gone = {p.number for p in passed}
    numbers = [n for n in order.schools if n not in gone] + [p.successor for p in passed if p.successor]
    return _to(found, found.name, sorted(set(numbers)), passed)


def _to(found: Direction, shown: str, schools: list[str], passed: tuple[Passed, ...]) -> Direction:
    if not schools:
        held = _held(found, HeldFor.NO_SCHOOLS, "None of the schools that were asked for is open.")
        return Direction(held.name, held.shown, held.extension, (), passed, held.reason, held.sentence)
    return Direction(found.name, shown, found.extension, tuple(schools), passed)


def _held(found: Direction, reason: HeldFor, sentence: str) -> Direction:
    return Direction(found.name, found.shown, found.extension, reason=reason.value, sentence=sentence)


def _follow(number: str, directory: Directory, on: date) -> Passed | None:
    """Return why a number gets nothing itself, and who gets it instead; None for an open school."""
    school = directory.school(number)
    if school is not None and school.status is SchoolStatus.OPEN:
        return None
    successor = directory.successor(number, on=on)
    why = HeldFor.CLOSED_SCHOOL if school is not None or successor is not None else HeldFor.UNKNOWN_SCHOOL
    return Passed(number, why.value, successor.number if successor else None)


def _without_number(name: str, parts: Parts) -> str:
    return name[len(parts.place) :].lstrip(SEPARATORS)


def _problem_of(shown: str, parts: Parts) -> str:
    """Return why schools could not be shown this name."""
    if shown == parts.ending or not shown:
        return (
            "There is nothing behind the number, so the school would see a document without a name. "
            "Please put a few words behind it, as in 8301102 Offer of a place.pdf, and publish it again."
        )
    unsafe = what_is_unsafe(shown)
    return f"Behind the number: {unsafe} Please give it another name and publish it again." if unsafe else ""


def _named_in(name: str, directory: Directory, la_codes: frozenset[str]) -> set[str]:
    """Return numbers in a name that say a school, wherever they stand and in whatever script they are written."""
    plain = "".join(str(unicodedata.digit(c)) if unicodedata.digit(c, None) is not None else c for c in name)
    found = {n for n in _NUMBER.findall(plain) if n in directory.schools or n[:3] in la_codes}
    # Behind the digits of an account or a date, no number is a school's; in front of a name, seven digits are meant.
    return found | ({plain[:7]} if _NUMBER.match(plain) else set())


_NO_NUMBER = (
    "Its name does not begin with the seven digits of a DfE number, as in 8301102 Offer of a place.pdf, so it is for "
    "no school. Please put the school's number in front and publish it again; what is for all schools goes into the "
    "folder All Schools."
)


def _nobody(passed: Passed) -> str:
    if passed.why == HeldFor.CLOSED_SCHOOL:
        return (
            f"{passed.number} is not open, and no school follows it here. Please look up the number, and publish again."
        )
    return f"{passed.number} is no school of the register. Please look up the number and publish it again."


def _for_all_but_named(number: str) -> str:
    return (
        f"It was published for all schools, and its name says {number}: nobody gets it. If it is for that school "
        "alone, publish it in the folder itself; if it is for all, take the number out of its name."
    )


def _for_others_than_named(number: str) -> str:
    return (
        f"It was published for a list of schools, and its name says {number}: nobody gets it. If it is for that school "
        "alone, publish it for that school; if it is for all of the list, take the number out of its name."
    )
