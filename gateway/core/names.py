"""The name of a file, read: `8301102_INFOeyfsreturn20170731.docx` (Source: SPEC 3).

    8301102      _          INFO          eyfsreturn   20170731         .docx
    DfE number   separator  service code  description  date or version  extension

Owns the rules. A name is cut into its parts, each rule is asked in SPEC's order, and what they found is a `Reading`:
faults reject, warnings let through. A name is never cleaned up in silence and never routed on a guess: the code is the
whole run of capitals, or there is none. Any text can be read; none raises. Where a name is cut is `core.nameparts`;
what no name may hold at all is `core.unsafe`; what may be offered instead is `core.corrections`, and the words for
people are `core.reasons`.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import date

from gateway.core.corrections import Misnamed, codes_near, the_correction
from gateway.core.nameparts import DIGITS, SEPARATORS, Parts, cut, is_seven_digits, leading
from gateway.core.reasons import Facts, NameWarning, Reason, sentence_for
from gateway.core.register import Directory, SchoolStatus
from gateway.core.routing import Catalogue, Service
from gateway.core.unsafe import EDGES, what_is_unsafe

LONGEST_DESCRIPTION = 60  # characters: "short"
FAR_AHEAD = 366  # days after the day of reading
FIRST_YEAR = 1900  # eight digits with an earlier year are no date that a school writes


@dataclass(frozen=True)
class Rules:
    """What a name is read with."""

    la_codes: frozenset[str]  # that this gateway serves
    catalogue: Catalogue
    directory: Directory


@dataclass(frozen=True)
class Reading:
    """What a name says, and what becomes of a file of that name."""

    name: str  # as sent, NFC
    school: str | None = None  # DfE number whose file it is (the successor's, for an old one); None if not certain
    number: str | None = None  # the seven digits, also where they are no certain school
    service: str | None = None  # the known code
    description: str | None = None
    date: str | None = None  # yyyymmdd, a real date
    version: str | None = None  # V01
    extension: str | None = None  # lower case, no dot
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # in the order of SPEC 3
    reason: str | None = None  # the first fault
    sentence: str = ""  # of the reason, with facts from the name: for the sender alone
    correction: str | None = None  # the one certain name that the sender may accept

    @property
    def verdict(self) -> str:
        """`accept` or `reject`."""
        return "reject" if self.faults else "accept"

    @property
    def advice(self) -> str:
        """The sentence of the reason, with the right name where one is certain."""
        return f"{self.sentence} The right name would be: {self.correction}" if self.correction else self.sentence


def read_name(
    name: str, rules: Rules, *, on: date, schools: frozenset[str] | None, put_for: str | None = None
) -> Reading:
    """Return how a name reads on a day for a sender who may send for `schools` (None: not judged). Never raises.

    `put_for` is the one of them in whose folder the file was put: it stands in the example, and decides nothing.
    """
    name = unicodedata.normalize("NFC", name)
    reading = _read(name, rules, on=on, schools=schools)
    if not reading.faults:
        return reading
    misnamed = Misnamed(
        name=name,
        parts=cut(name),
        catalogue=rules.catalogue,
        only_school=_only(schools),
        is_good=lambda other: not _read(other, rules, on=on, schools=schools).faults,
    )
    facts = _facts(reading, rules, on=on, schools=schools, put_for=put_for)
    sentence = sentence_for(reading.faults[0], facts)
    return replace(reading, reason=reading.faults[0], sentence=sentence, correction=the_correction(misnamed))


def _read(name: str, rules: Rules, *, on: date, schools: frozenset[str] | None) -> Reading:
    parts = cut(name.strip(EDGES))  # unsafe all the same; looked past so that the other faults are the true ones
    safety = _Found(faults=(Reason.UNSAFE_NAME,) if what_is_unsafe(name) else ())
    number = _read_number(parts, rules, on=on, schools=schools)
    code = _read_code(parts, rules.catalogue)
    kind = _read_type(parts, rules.catalogue.get(code.value or ""))
    rest = _read_rest(parts.rest, on=on, has_code=code.value is not None)
    found = (safety, number, code, kind, rest)
    warned = {warning for each in found for warning in each.warnings}
    return Reading(
        name=name,
        school=number.value,
        number=parts.place if parts.has_number else None,
        service=code.value,
        description=rest.value,
        date=rest.date,
        version=rest.version,
        extension=kind.value,
        warnings=tuple(w.value for w in NameWarning if w in warned) if warned else (),
        faults=tuple(fault.value for each in found for fault in each.faults),
    )


# ---- The rules: each returns what it found. ----


@dataclass(frozen=True)
class _Found:
    value: str | None = None
    faults: tuple[Reason, ...] = ()
    warnings: tuple[NameWarning, ...] = ()
    date: str | None = None
    version: str | None = None


def _read_number(parts: Parts, rules: Rules, *, on: date, schools: frozenset[str] | None) -> _Found:
    """SPEC 3.1: a number of ours, and its school; one fault at the most, since another number mends each of them."""
    number = parts.place
    if not parts.has_number:
        return _Found(faults=(Reason.NO_DFE_NUMBER,))
    if number[:3] not in rules.la_codes:
        return _Found(faults=(Reason.UNKNOWN_LA,))
    school = rules.directory.school(number)
    if school is not None and school.status is SchoolStatus.OPEN:
        return _of_the_sender(number, schools)
    successor = rules.directory.successor(number, on=on)  # SPEC 8
    if successor is not None:
        return _of_the_sender(successor.number, schools, NameWarning.OLD_DFE_NUMBER)
    return _Found(faults=(Reason.CLOSED_SCHOOL if school else Reason.UNKNOWN_SCHOOL,))


def _of_the_sender(school: str, schools: frozenset[str] | None, *warnings: NameWarning) -> _Found:
    """SPEC 3.1: a school that this sender may send for. If not, whose file it is, is not certain: nobody's."""
    if schools is not None and school not in schools:
        return _Found(faults=(Reason.NOT_YOUR_SCHOOL,))
    return _Found(school, warnings=warnings)


def _read_code(parts: Parts, catalogue: Catalogue) -> _Found:
    """SPEC 3.2 and 3.3: the whole run is a code. Where no number is, a code may open the name: it is still told."""
    leads_up = parts.has_separator if parts.place else parts.separator in ("", *SEPARATORS)
    is_code = catalogue.get(parts.run) is not None
    if not leads_up or not parts.run or not (parts.place or is_code):
        return _Found(faults=(Reason.NO_SERVICE_CODE,))
    warnings = (NameWarning.SEPARATOR,) if parts.separator != "_" else ()
    if not is_code:
        return _Found(faults=(Reason.UNKNOWN_SERVICE_CODE,), warnings=warnings)
    return _Found(parts.run, warnings=warnings if parts.place else ())


def _read_type(parts: Parts, service: Service | None) -> _Found:
    """SPEC 3.6: a type that the service accepts, case ignored; none at all is judged by the content, later."""
    extension = parts.ending[1:].lower()
    if not extension:
        return _Found(warnings=(NameWarning.NO_EXTENSION,))
    if service is not None and service.accepts and extension not in service.accepts:
        return _Found(extension, faults=(Reason.TYPE_NOT_ALLOWED,))
    return _Found(extension)


def _read_rest(rest: str, *, on: date, has_code: bool) -> _Found:
    """SPEC 3.4 and 3.5: description, then date or version. A description begins where a code ends, or is not known."""
    body = _without_copy_mark(rest)
    end, found = _read_end(body, on)
    if not has_code:
        return found
    text = body.removesuffix(end)
    is_good = body == rest and _is_good_description(text)
    warnings = found.warnings if is_good else (*found.warnings, NameWarning.DESCRIPTION)
    return replace(found, value=text.strip(SEPARATORS) or None, warnings=warnings)


def _is_good_description(text: str) -> bool:
    """SPEC 3.4: short, lower case; a hyphen may join words."""
    words = text.split("-")
    return len(text) <= LONGEST_DESCRIPTION and all(w and all(c.islower() or c in DIGITS for c in w) for w in words)


def _without_copy_mark(rest: str) -> str:
    """SPEC 3.4: the ` (1)` that a browser puts behind the date, and spaces, hide no date."""
    body = rest.rstrip(" ")
    head, bracket, count = body.removesuffix(")").rpartition("(")
    is_mark = body.endswith(")") and bracket and count and all(c in DIGITS for c in count)
    return head.rstrip(" ") if is_mark else body


def _read_end(body: str, on: date) -> tuple[str, _Found]:
    """SPEC 3.5: `yyyymmdd`, a real date, or `V01`; all else is a warning. Return the end as typed, and what it says."""
    digits = body[len(body.rstrip(DIGITS)) :]
    end = digits[-8:]
    day = _real_date(end)
    if day is not None:
        is_far = (day - on).days > FAR_AHEAD
        return end, _Found(date=end, warnings=(NameWarning.DATE_AHEAD,) if is_far else ())
    if len(digits) == 6 and _real_date(digits + "01"):
        return end, _Found(warnings=(NameWarning.DATE_PARTIAL,))
    if len(digits) >= 6:
        return end, _Found(warnings=(NameWarning.DATE_NOT_REAL,))
    if len(digits) == 2 and body[-3:-2] == "V":
        return body[-3:], _Found(version=body[-3:])
    return "", _Found(warnings=(NameWarning.NO_DATE,))


def _real_date(digits: str) -> date | None:
    if len(digits) != 8 or int(digits[:4]) < FIRST_YEAR:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


# ---- What the sentence of a fault may say. ----


def _facts(reading: Reading, rules: Rules, *, on: date, schools: frozenset[str] | None, put_for: str | None) -> Facts:
    parts = cut(reading.name.strip(EDGES))
    school = rules.directory.school(parts.place)
    service = rules.catalogue.get(parts.run)
    near = codes_near(parts.run, rules.catalogue) if Reason.UNKNOWN_SERVICE_CODE in reading.faults else ()
    shown = service or _example_service(near, rules.catalogue)
    return Facts(
        example=_good_name(reading.school or _own_number(rules, schools, put_for), shown, on),
        example_service=shown.name if shown else "",
        la_codes=tuple(sorted(rules.la_codes)),
        own=tuple(sorted(schools or ())),
        unsafe=what_is_unsafe(reading.name) or "",
        digits=leading(parts.place, str.isdigit),
        has_brackets=is_seven_digits(parts.place.replace("(", "").replace(")", "")),
        number=reading.number or "",
        authority=rules.catalogue.authorities.get(parts.place[:3], ""),
        successor=_successor(parts.place, rules.directory, schools),
        is_proposed=school is not None and school.status is SchoolStatus.PROPOSED,
        has_separator=parts.has_separator,
        run=parts.run,
        is_code=service is not None,
        lacks_code=Reason.NO_SERVICE_CODE in reading.faults,
        near=near,
        system=rules.catalogue.national_systems.get(parts.run, ""),
        extension=reading.extension or "",
        accepts=tuple(sorted(service.accepts)) if service else (),
    )


def _successor(number: str, directory: Directory, schools: frozenset[str] | None) -> str:
    """Return the number that followed a closed school's, also one whose time is over; only if the sender may use it."""
    school = directory.successor(number, on=date.min)
    return school.number if school and (schools is None or school.number in schools) else ""


def _example_service(near: tuple[str, ...], catalogue: Catalogue) -> Service | None:
    codes = near if len(near) == 1 else tuple(catalogue.services)
    return catalogue.get(codes[0]) if codes else None


def _own_number(rules: Rules, schools: frozenset[str] | None, put_for: str | None) -> str:
    if put_for is not None and put_for in (schools or ()):
        return put_for
    return min(schools) if schools else min(rules.la_codes, default="nnn") + "nnnn"


def _good_name(number: str, service: Service | None, on: date) -> str:
    code, accepts = (service.code, service.accepts) if service else ("CODE", frozenset())
    extension = "pdf" if "pdf" in accepts else min(accepts, default="pdf")
    return f"{number}_{code}report{on:%Y%m%d}.{extension}"


def _only(schools: frozenset[str] | None) -> str | None:
    return next(iter(schools)) if schools and len(schools) == 1 else None
