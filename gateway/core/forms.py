"""What people write in reply about accounts: AGREE, and the form that asks for new ones.

Owns how strictly both are read. A form is lines of `Word: value`, an empty line between people; what is quoted counts
for nothing. Pure (Source: SPEC 9).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.core.newcomer import Newcomer
from gateway.core.register import Role

_AGREE = re.compile(r"[^\w]*(agree)\b(.*)", re.IGNORECASE)
_PLAIN = re.compile(r"[\s.,!]*(?:thanks?|thank you)?[\s.,!]*", re.IGNORECASE)
_LINE = re.compile(r"\s*[*\-•]?\s*(forename|first name|surname|last name|role|e-?mail|school)\s*[:=]\s*(.*?)\s*", re.I)
_SAME = {"first name": "forename", "last name": "surname", "e-mail": "email"}
_ROLES = {"head": Role.HEAD, "headteacher": Role.HEAD, "head teacher": Role.HEAD, "staff": Role.STAFF}
_ASKED = ("forename", "surname", "role", "email")
MOST = 50  # people in one message


@dataclass(frozen=True)
class Entry:
    """One person in a form: who it is, or what is wrong with what was written."""

    called: str
    newcomer: Newcomer | None = None
    faults: tuple[str, ...] = ()


def agrees(text: str) -> bool:
    """Return whether a reply begins with AGREE: in capitals whatever follows, in small letters alone."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    found = _AGREE.match(line)
    return found is not None and (found[1].isupper() or _PLAIN.fullmatch(found[2]) is not None)


def read_form(text: str, *, schools: tuple[str, ...]) -> tuple[Entry, ...]:
    """Return the people of a form; `schools` are those that its sender may ask for."""
    return tuple(_entry(said, schools) for said in _people(text))[:MOST]


def _people(text: str) -> Iterator[Mapping[str, str]]:
    said: dict[str, str] = {}
    for line in [*text.splitlines(), ""]:
        found = _LINE.fullmatch(line)
        if found is not None:
            word = _SAME.get(found[1].lower(), found[1].lower())
            if word in said and word == "forename":  # the next person, with no empty line between
                yield said
                said = {}
            said[word] = found[2]
        elif not line.strip() and said:
            yield said
            said = {}


def _entry(said: Mapping[str, str], schools: tuple[str, ...]) -> Entry:
    called = f"{said.get('forename', '')} {said.get('surname', '')}".strip() or said.get("email", "") or "Somebody"
    school = said.get("school", "") or (schools[0] if len(schools) == 1 else "")
    number = re.sub(r"\D.*", "", school)
    faults = [f"The line {word.capitalize()} is missing." for word in _ASKED if not said.get(word)]
    role = _ROLES.get(said.get("role", "").casefold())
    if said.get("role") and role is None:
        faults.append(f'"{said["role"]}" is no role; expected head or staff.')
    if number not in schools:
        faults.append(f'"{school}" is none of your schools; expected {" or ".join(schools)}.' if school else _NO_SCHOOL)
    if faults or role is None:
        return Entry(called, None, tuple(faults))
    email = said["email"].strip("<>").removeprefix("mailto:")
    return Entry(called, Newcomer("", said["forename"], said["surname"], email, role, (number,)))


_NO_SCHOOL = "The line School is missing: you have several."
