"""The termly review of access: who is asked about whom, what an answer says, and what is due when none comes.

Owns the reading of KEEP and REMOVE and the days of a review. Only a line that begins with one of the words counts, and
what is quoted counts for nothing: a person is removed by name, never by a guess (Source: SPEC 9). Pure.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.core.register import Account, AccountState

ANSWERS_FOR = timedelta(days=90)  # in which a letter of a review is answered


@dataclass(frozen=True)
class Letter:
    """One headteacher, asked about one school."""

    id: str
    review: str
    school: str  # DfE number
    username: str
    sent_at: datetime
    reminded_at: datetime | None = None
    reported_at: datetime | None = None
    answered_at: datetime | None = None
    answer: str | None = None  # the words that counted, as they came


@dataclass(frozen=True)
class Review:
    """One round of questions."""

    id: str
    started_at: datetime
    started_by: str
    letters: tuple[Letter, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a reply says."""

    keeps: bool = False
    removes: tuple[str, ...] = ()  # as they were named: a username, a name, an address

    @property
    def is_empty(self) -> bool:
        """Whether no line of it counts."""
        return not self.keeps and not self.removes


_LINE = re.compile(r"\W*(keep|remove)\b[\s:,-]*(.*)", re.IGNORECASE)
_TO_ALL = ("", "all", "everybody", "everyone", "them all")


def read_answer(text: str) -> Answer:
    """Return what a reply says; the words may be in any case, since each line has to begin with one."""
    keeps, removes = False, []
    for line in text.splitlines():
        found = _LINE.fullmatch(line.strip())
        if line.lstrip().startswith(">") or found is None:
            continue
        whom = found[2].strip().rstrip(".,;!")
        if found[1].lower() == "keep":
            keeps = keeps or whom.casefold() in _TO_ALL
        elif whom:
            removes.append(whom)
    return Answer(keeps, tuple(dict.fromkeys(removes)))


def asked_about(people: Iterable[Account]) -> tuple[Account, ...]:
    """Return who has access, or could activate it, in the order in which they are numbered."""
    shown = (p for p in people if p.state in (AccountState.ACTIVE, AccountState.VERIFIED))
    return tuple(sorted(shown, key=lambda person: (person.surname.casefold(), person.username)))


def meant_by(named: str, people: Sequence[Account]) -> Account | None:
    """Return the one person who is meant: by username, full name or address; None for nobody, or for several."""
    wanted = " ".join(named.casefold().split())
    found = [p for p in people if wanted in (p.username, " ".join(p.full_name.casefold().split()), p.email.casefold())]
    return found[0] if len(found) == 1 else None


def open_letters(letters: Iterable[Letter]) -> list[Letter]:
    """Return the letters of schools that nobody has answered for."""
    every = list(letters)
    answered = {letter.school for letter in every if letter.answered_at is not None}
    return [letter for letter in every if letter.school not in answered]
