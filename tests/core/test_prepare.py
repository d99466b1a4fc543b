"""One form of a password, wherever it was typed, and what not every program can send (RFC 4013)."""

import sys
import unicodedata

import pytest
from asyncssh.saslprep import SASLPrepError, saslprep

from gateway.core.passwords import Owner, judge_password
from gateway.core.prepare import mixes_directions, prepared, unsendable

EVERY = [chr(n) for n in range(sys.maxunicode + 1)]
OWNER = Owner("Samir", "Okonjo", "s.okonjo")


def as_ssh_sends_it(typed: str) -> str | None:
    """Return what asyncssh, which stands for every careful library, makes of a password; None: it refuses."""
    try:
        return saslprep(typed)
    except SASLPrepError:
        return None


def test_every_character_has_one_form() -> None:
    assert [c for c in EVERY if prepared(prepared(c)) != prepared(c)] == []


def test_what_an_ssh_library_makes_of_a_password_is_the_same_password() -> None:
    for c in EVERY:
        typed = f"x{c}x"
        sent = as_ssh_sends_it(typed)
        assert sent is None or prepared(sent) == prepared(typed), hex(ord(c))


def test_what_an_ssh_library_refuses_is_what_we_say_that_some_programs_cant_send() -> None:
    for c in EVERY:
        word = prepared(c)
        if word:
            is_refused = as_ssh_sends_it(word) is None
            assert is_refused is bool(unsendable(word) or mixes_directions(word)), hex(ord(c))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("Caf\u00e9tulip7", "Cafe\u0301tulip7"),  # Windows, a Mac
        ("Tulip 7garden", "Tulip\u00a07garden"),  # Option and space on a Mac
        ("Tulip7garden", "Tu\u00adlip7gar\u200dden"),  # copied from a text with soft hyphens
        ("Tulip7garden", "\uff34ulip\uff17garden"),  # a keyboard of full width
        ("Three1/2tulips", "Three1\u20442tulips".replace("\u2044", "/")),
        ("fitting7Tulip", "\ufb01tting7Tulip"),  # a ligature
    ],
)
def test_the_same_password_of_two_systems_is_the_same(here: str, there: str) -> None:
    assert prepared(here) == prepared(there)


def test_case_and_spaces_count() -> None:
    assert len({prepared(word) for word in ("Tulip7garden", "tulip7garden", "Tulip7 garden", " Tulip7garden")}) == 4


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("Tulip7garden\U0001f337", "can't send a character of it (\U0001f337)"),
        ("Tulip7\x07garden", "can't send a character of it;"),
        ("Tulip7\u05d0garden", "written from the right"),
    ],
)
def test_what_not_every_program_can_send_is_no_password(password: str, words: str) -> None:
    (fault,) = judge_password(password, owner=OWNER)
    assert words in fault


@pytest.mark.parametrize(
    "password",
    ["Tulip7garden", "Stra\u00dfe7garten", "\u0416\u0443\u043a7\u0441\u0430\u0434\u043e\u0432\u043d\u0438\u043a"],
)
def test_letters_of_any_language_are_fine(password: str) -> None:
    assert judge_password(unicodedata.normalize("NFD", password), owner=OWNER) == ()
