"""What a password must be, each rule with its own sentence (Source: SPEC 9).

Owns the rules that need only the password and the person's names: length, mixture, no name of theirs in it, also not
backwards or with digits for letters. That it was not used before is asked elsewhere, of the hashes.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from gateway.core.prepare import mixes_directions, prepared, unsendable

# What is written for a letter. `i` stands for l too, since 1, ! and | are read as either.
_LOOKALIKES = str.maketrans("013456789@$!|+€l", "oieasgtbgasiitei")
_DIGITS = "0123456789"
_SHORTEST_NAME = 3  # letters below which a name counts only as a word of its own
_SHORTEST_PART = 4  # letters of a part of a name ("van der Berg") that counts alone
_SHORTEST_ALIKE = 5  # letters below which one letter more or less makes another word
_ALIKE = 0.85  # share of letters in common, in order, from which two words resemble each other


@dataclass(frozen=True)
class Owner:
    """The names that a person's password must not hold."""

    forename: str
    surname: str
    username: str

    def names(self) -> tuple[tuple[str, str], ...]:
        """Return (what it is called, the name) of each."""
        return (("forename", self.forename), ("surname", self.surname), ("username", self.username))


@dataclass(frozen=True)
class PasswordRules:
    """What an authority asks of a password besides its distance from names."""

    length: int = 8  # characters; the union of what the authorities ask
    upper: int = 1
    lower: int = 1
    digits: int = 1
    strength: int = 2  # on zxcvbn's scale from 0 to 4; what is below is among the first that guessers try

    def sentences(self) -> tuple[str, ...]:
        """Return what is asked, for who is to choose one."""
        return (
            f"at least {self.length} characters",
            *(f"at least {_count(least, what)}" for _, least, what in self.mixture() if least),
            "nothing that holds or resembles your forename, surname or username",
            "none that you used before, and none that guessers try first",
        )

    def mixture(self) -> tuple[tuple[Callable[[str], bool], int, str], ...]:
        """Return which letters are counted, how many there must be, and what they are called."""
        return (
            (str.isupper, self.upper, "capital letter (A to Z)"),
            (str.islower, self.lower, "small letter (a to z)"),
            (str.isdecimal, self.digits, "digit (0 to 9)"),
        )


USED_BEFORE = "It was used before; choose one that is new."
KNOWN_BAD = "It is among the passwords that guessers try first; several words that don't belong together are better."


def judge_password(password: str, *, owner: Owner, rules: PasswordRules | None = None) -> tuple[str, ...]:
    """Return a sentence for every rule that the password breaks; none when it may be used."""
    rules, password = rules or PasswordRules(), prepared(password)
    return (
        *_length_faults(password, rules),
        *_mixture_faults(password, rules),
        *_sending_faults(password),
        *_name_faults(password, owner),
    )


def _length_faults(password: str, rules: PasswordRules) -> Iterator[str]:
    if len(password) < rules.length:
        yield f"It has {len(password)} characters; at least {rules.length} are needed."


def _sending_faults(password: str) -> Iterator[str]:
    if odd := unsendable(password):
        shown = " ".join(c for c in odd if c.isprintable())
        yield f"Some programs can't send a character of it{f' ({shown})' if shown else ''}; letters and signs are fine."
    elif mixes_directions(password):
        yield "Some programs can't send letters that are written from the right beside such from the left."


def _mixture_faults(password: str, rules: PasswordRules) -> Iterator[str]:
    for is_one, least, what in rules.mixture():
        if sum(map(is_one, password)) < least:
            yield f"It needs at least {_count(least, what)}."


def _count(number: int, what: str) -> str:
    noun, space, rest = what.rpartition(" (")
    return f"one {what}" if number == 1 else f"{number} {noun}s{space}{rest}"


def _name_faults(password: str, owner: Owner) -> Iterator[str]:
    for called, name in owner.names():
        if _contains(password, name):
            yield f"It contains the {called}."
        elif _resembles(password, name):
            yield f"It is too much like the {called}; backwards, or with digits or signs for letters, counts too."


def _contains(password: str, name: str) -> bool:
    if len(_plain(name)) < _SHORTEST_NAME:
        return _plain(name) in _words(password)
    return any(part in _plain(password) for part in _parts(name))


def _resembles(password: str, name: str) -> bool:
    names = [_folded(part) for part in _parts(name)]
    written = _folded(password)
    inner = _folded(_plain(password).strip(_DIGITS))
    both_ways = (written, written[::-1], inner, inner[::-1])
    return any(_is_like(seen, name) for seen in both_ways for name in names)


def _is_like(written: str, name: str) -> bool:
    if name in written:
        return True
    once = _once(name)
    if len(once) < _SHORTEST_ALIKE:
        return False
    return once in _once(written) or SequenceMatcher(None, written, name, autojunk=False).ratio() >= _ALIKE


def _parts(name: str) -> tuple[str, ...]:
    """Return the whole name without its separators, the same without digits at its end, and its longer parts."""
    whole = _plain(name)
    longer = (word for word in _words(name) if len(word) >= _SHORTEST_PART)
    return tuple(p for p in dict.fromkeys((whole, whole.rstrip(_DIGITS), *longer)) if len(p) >= _SHORTEST_NAME)


def _plain(text: str) -> str:
    return "".join(_words(text))


def _words(text: str) -> list[str]:
    """Return the runs of letters and digits, without accents and case."""
    return "".join(c if c.isalnum() else " " for c in _bare(text)).split()


def _folded(text: str) -> str:
    """Return what is read by somebody who takes digits and signs for the letters that they look like."""
    return "".join(c for c in _bare(text).translate(_LOOKALIKES) if c.isalnum())


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(c))


def _once(text: str) -> str:
    """Return the text with a letter that is doubled written once."""
    return "".join(c for i, c in enumerate(text) if c != text[i - 1 : i])
