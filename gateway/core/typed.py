"""What somebody typed where a password is asked for: a password, a one-time code, or a password with more behind it.

Owns the forms, which work in every program that has a field for a password: `OLD CHANGE` asks for a new one, and `OLD
CODE NEW` sets one with the code that we mailed beside an expired password. Whoever the account is, the same readings
are compared, and each costs the same (Source: SPEC 9).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.core.codes import CodeFor, plain_code
from gateway.core.proof import Way
from gateway.core.register import Account

_CHANGE = "CHANGE"
_MORE = re.compile(r"(?P<old>.+) (?P<word>CHANGE|[0-9A-Za-z]{4}-[0-9A-Za-z]{4})(?: (?P<new>.+))?", re.DOTALL)


@dataclass(frozen=True)
class Reading:
    """One way to read it."""

    password: str
    word: str = ""  # behind it: CHANGE, or a code
    new: str | None = None  # behind that: the password that it shall be from now on

    @property
    def has_code(self) -> bool:
        """Whether a code stands behind the password."""
        return self.word not in ("", _CHANGE)

    @property
    def wants_change(self) -> bool:
        """Whether a new password is wished for."""
        return self.word == _CHANGE or self.new is not None


def readings(typed: str) -> Iterator[Reading]:
    """Yield the ways to read what was typed; as a password with nothing behind it first."""
    yield Reading(typed)
    found = _MORE.fullmatch(typed)
    if found is not None:
        yield Reading(found["old"], found["word"], found["new"])


def is_by_code(account: Account, reading: Reading, at: datetime) -> bool:
    """Return whether a code that is out stands for this account's password."""
    code = account.code
    return not reading.word and code is not None and code.is_password and code.is_open(at)


def way_of(account: Account, reading: Reading, at: datetime) -> Way:
    """Return by what an account's person is proved, when this reading fits."""
    if is_by_code(account, reading, at):
        return Way.CODE
    return Way.BOTH if reading.has_code else Way.PASSWORD


def compared(account: Account | None, reading: Reading, at: datetime) -> Iterator[tuple[str | None, str]]:
    """Yield each hash and what must fit it; no hash where there is none to compare with."""
    code = account.code if account else None
    if account is not None and code is not None and is_by_code(account, reading, at):
        yield code.hash, plain_code(reading.password)
    else:
        yield account.password_hash if account else None, reading.password
    if reading.has_code:
        is_it = code is not None and code.purpose is CodeFor.EXPIRED and code.is_open(at)
        yield code.hash if code is not None and is_it else None, plain_code(reading.word)


def is_code_try(account: Account | None, typed: str, at: datetime) -> bool:
    """Return whether what was wrong counts as a try of the code that is out."""
    code = account.code if account else None
    if code is None or not code.is_open(at):
        return False
    return code.is_password or any(reading.has_code for reading in readings(typed))
