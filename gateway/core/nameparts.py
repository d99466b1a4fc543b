"""The name of a file, cut where the grammar cuts it (Source: SPEC 3).

    8301102  _          INFO  eyfsreturn20170731  .docx
    place    separator  run   rest                ending

Owns the cuts, and what counts as a digit, a separator, a capital. Judges nothing: the rules are `core.names`.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

SEPARATORS = "_ -"
DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Parts:
    """A name cut where the grammar cuts it; what isn't there is empty."""

    place: str  # what stands where the DfE number belongs: "8301102", "(830)1102"
    separator: str  # dashes, spaces and underscores of every kind
    run: str  # the whole run of upper-case ASCII letters
    rest: str  # description, date or version
    ending: str  # the extension with its dot, as typed

    @property
    def has_number(self) -> bool:
        """SPEC 3.1: exactly seven ASCII digits."""
        return is_seven_digits(self.place)

    @property
    def has_separator(self) -> bool:
        """SPEC 3.2: an underscore, a space or a hyphen; several of the three are taken as one."""
        return self.separator != "" and all(c in SEPARATORS for c in self.separator)


def cut(name: str) -> Parts:
    """Return the parts of a name."""
    stem, ending = _cut_extension(name)
    place = _number_place(stem)
    separator = leading(stem[len(place) :], _is_dash_or_space)
    after = stem[len(place) + len(separator) :]
    run = leading(after, CAPITALS.__contains__)
    return Parts(place, separator, run, after[len(run) :], ending)


def _cut_extension(name: str) -> tuple[str, str]:
    """SPEC 3.6: what follows the last dot, if it is 1 to 5 ASCII letters or digits with at least one letter."""
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 5 and ending.isascii() and ending.isalnum() and not ending.isdigit():
        return stem, dot + ending
    return name, ""


def _number_place(stem: str) -> str:
    """Return the DfE number, or else what somebody wrote for one: all up to the first dash or space."""
    digits = leading(stem, str.isdigit)  # of every script, so that none is part of a number of ours
    if is_seven_digits(digits):
        return digits
    if digits or stem.startswith("("):
        return leading(stem, lambda c: not _is_dash_or_space(c))
    return ""


def is_seven_digits(text: str) -> bool:
    """Return whether a text has the form of a DfE number."""
    return len(text) == 7 and all(c in DIGITS for c in text)


def _is_dash_or_space(character: str) -> bool:
    return character in "_\N{MINUS SIGN}" or unicodedata.category(character) in ("Pd", "Zs")


def leading(text: str, belongs: Callable[[str], bool]) -> str:
    """Return the longest beginning of which every character belongs."""
    return "".join(takewhile(belongs, text))
