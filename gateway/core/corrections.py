"""What may be offered instead of a name with a fault: rules (a) to (f) (Source: SPEC 3, "A correction is offered …").

Owns the six rules and the law over them: two that give different names give nothing, and what is offered must itself be
free of faults. An offer is never a route: a person accepts it. No rule touches a DfE number but (d), which puts the
sender's only school where none stood; digits that stand there in another form are nobody's to mend.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from gateway.core.nameparts import DIGITS, SEPARATORS, Parts
from gateway.core.routing import Catalogue


@dataclass(frozen=True)
class Misnamed:
    """A name with a fault, and what its correction may know."""

    name: str  # as typed: nothing is cut off its ends
    parts: Parts  # of it
    catalogue: Catalogue
    only_school: str | None  # of a sender who has exactly one
    is_good: Callable[[str], bool]  # whether a name reads without faults, for this sender

    @property
    def lacks_only_a_code(self) -> bool:
        """Whether a DfE number and a separator lead up to something that is no code: what (a), (b) and (c) mend."""
        leads_up = self.parts.has_number and self.parts.has_separator
        return leads_up and self.catalogue.get(self.parts.run) is None

    def with_code(self, code: str, rest: str) -> str:
        """Return the name with another code and what follows it."""
        return f"{self.parts.place}{self.parts.separator}{code}{rest}{self.parts.ending}"


def the_correction(misnamed: Misnamed) -> str | None:
    """Return the one name that may be offered, or None where that is not certain."""
    names = {name for rule in _RULES for name in rule(misnamed)}
    if len(names) != 1:
        return None
    name = names.pop()
    return name if misnamed.is_good(name) else None


def _alias(it: Misnamed) -> Iterator[str]:
    """(a) The run is an alias: `SEND` is SEN."""
    service = it.catalogue.by_alias(it.parts.run)
    if it.lacks_only_a_code and service is not None:
        yield it.with_code(service.code, it.parts.rest)


def _capital_of_the_description(it: Misnamed) -> Iterator[str]:
    """(b) The last capital begins the description: `SENReport`; not for an alias, nor where another code is as near."""
    code, last = it.parts.run[:-1], it.parts.run[-1:]
    if not it.lacks_only_a_code or not it.parts.rest[:1].islower() or it.catalogue.by_alias(it.parts.run) is not None:
        return
    if codes_near(it.parts.run, it.catalogue) == (code,):
        yield it.with_code(code, last.lower() + it.parts.rest)


def _code_not_in_capitals(it: Misnamed) -> Iterator[str]:
    """(c) A code in lower or mixed case with a certain boundary: `info_phonics`, `Info20260615`; not `infophonics`."""
    after = it.parts.run + it.parts.rest
    word = "".join(takewhile(lambda c: c.isascii() and c.isalpha(), after))
    rest = after[len(word) :]
    if it.lacks_only_a_code and it.catalogue.get(word.upper()) is not None and rest[:1] in ("", *SEPARATORS, *DIGITS):
        yield it.with_code(word.upper(), rest)


def _number_of_the_only_school(it: Misnamed) -> Iterator[str]:
    """(d) The sender has one school, and the name begins with a code, or with the last four digits of that school."""
    if it.only_school is None:
        return
    opening = "".join(takewhile(str.isdigit, it.name))
    if opening == it.only_school[-4:]:
        yield it.only_school + it.name[len(opening) :]
    opens_with_code = not it.parts.place and it.parts.separator in ("", *SEPARATORS)
    if opens_with_code and it.catalogue.get(it.parts.run) is not None and not _names_another_school(it):
        yield f"{it.only_school}_{it.parts.run}{it.parts.rest}{it.parts.ending}"


def _names_another_school(it: Misnamed) -> bool:
    """Whether seven digits that are not the sender's number stand later in the name: those are never corrected."""
    words = "".join(c if c in DIGITS else " " for c in it.parts.rest).split()
    return any(len(word) == 7 and word != it.only_school for word in words)


def _prefix(it: Misnamed) -> Iterator[str]:
    """(e) A program put something before a good name: `Copy of 8301102_…`. With a digit in it, it could be a number."""
    for prefix in it.catalogue.prefixes:
        rest = it.name.removeprefix(prefix)
        if it.is_good(rest) and not any(c.isdigit() for c in prefix):
            yield rest


def _separator(it: Misnamed) -> Iterator[str]:
    """(f) No separator between number and code, or a dash or space that is none of ours."""
    if it.parts.has_number and not it.parts.has_separator:
        yield f"{it.parts.place}_{it.parts.run}{it.parts.rest}{it.parts.ending}"


_RULES: tuple[Callable[[Misnamed], Iterator[str]], ...] = (
    _alias,
    _capital_of_the_description,
    _code_not_in_capitals,
    _number_of_the_only_school,
    _prefix,
    _separator,
)


def codes_near(run: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the codes one letter (added, dropped, changed) away from a run of capitals."""
    return tuple(code for code in catalogue.services if _is_one_letter_away(run, code))


def _is_one_letter_away(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if len(short) == len(long):
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
