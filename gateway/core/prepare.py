"""How a password is written: in one form, whichever program and system it was typed on.

Owns that form, which is SASLprep's mapping, and what not every program can send. An SSH library prepares a password
before we see it, a mail program does not, a Mac types "é" as two characters and Windows as one: all of them mean the
same password (Source: RFC 4013, RFC 3454; FIELD-NOTES B.2). Pure.
"""

import stringprep
import unicodedata
from collections.abc import Callable

_PROHIBITED: tuple[Callable[[str], bool], ...] = (  # RFC 4013, 2.3 and 2.5
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,  # not assigned in Unicode 3.2: emoji, too
)


def prepared(typed: str) -> str:
    """Return what counts of a password (RFC 4013, 2.1 and 2.2): done twice, it is the same."""
    return unicodedata.normalize("NFKC", "".join(map(_mapped, typed)))


def _mapped(c: str) -> str:
    if stringprep.in_table_c12(c):
        return " "
    return "" if stringprep.in_table_b1(c) else c


def unsendable(password: str) -> str:
    """Return the characters of a prepared password, each once, that a program may refuse to send."""
    return "".join(dict.fromkeys(c for c in password if any(is_in(c) for is_in in _PROHIBITED)))


def mixes_directions(password: str) -> bool:
    """Return whether a prepared password mixes writing from both sides in a way that a program may refuse to send."""
    if not any(map(stringprep.in_table_d1, password)):
        return False
    ends = stringprep.in_table_d1(password[0]) and stringprep.in_table_d1(password[-1])
    return not ends or any(map(stringprep.in_table_d2, password))
