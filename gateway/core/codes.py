"""One-time codes: what the gateway mails, and a person types once.

Owns their form, and what is left of one: for what, until when, how many tries. Only its hash is kept. Pure: chance is
passed in (Source: SPEC 9).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is read for another one
_SHORT, _LONG = 8, 12  # letters: 39 and 58 bits
_GROUP = 4


class CodeFor(StrEnum):
    """What a code is for."""

    ACTIVATION = "activation"  # the first login: it stands for a password
    PASSWORD = "password"  # noqa: S105  # a new one, for who forgot theirs: it stands for the old one
    EXPIRED = "expired"  # beside an expired password, for programs that can't be asked for a new one


@dataclass(frozen=True)
class OneTimeCode:
    """A code that is out, as it is kept."""

    hash: str  # argon2id, encoded, of the code as `plain_code` has it
    purpose: CodeFor
    until: datetime
    tries: int  # that are left

    def is_open(self, at: datetime) -> bool:
        """Return whether it can still be used."""
        return self.tries > 0 and at < self.until

    @property
    def is_password(self) -> bool:
        """Whether it is typed where a password is asked for, instead of one."""
        return self.purpose is not CodeFor.EXPIRED


def write_code(chance: bytes, purpose: CodeFor) -> str:
    """Return a code in groups, as people read and type it; of the chance at least 16 bytes are needed."""
    number = int.from_bytes(chance, "big")
    letters = []
    for _ in range(_SHORT if purpose is CodeFor.EXPIRED else _LONG):
        number, letter = divmod(number, len(LETTERS))
        letters.append(LETTERS[letter])
    return "-".join("".join(letters[n : n + _GROUP]) for n in range(0, len(letters), _GROUP))


def plain_code(typed: str) -> str:
    """Return what counts of a code that somebody typed: capitals, without spaces and hyphens."""
    return "".join(c for c in typed.upper() if c.isalnum())
