"""Tokens: of our form, for one person, and of nobody's making but ours (SPEC 4)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.tokens import (
    LENGTH,
    Token,
    TokenKind,
    is_genuine,
    matter_of_person,
    matter_of_submission,
    nonce_of,
    read_token,
    submission_of,
    write_token,
)

SECRET = bytes(range(32))
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ID = "01kaj0g0zden000000000000ya"
TOKEN = Token(TokenKind.REPLY, matter_of_submission(ID) or b"", AT, nonce_of("a notice"))
TEXT = write_token(TOKEN, person="p.varga", secret=SECRET)


def test_a_token_is_fifty_letters_that_mail_keeps() -> None:
    assert len(TEXT) == LENGTH == 50
    assert re.fullmatch(r"[a-z2-7]{50}", TEXT)
    assert len(f"bounce+{TEXT}") <= 64  # RFC 5321 4.5.3.1.1


def test_it_says_what_was_written_and_case_never_matters() -> None:
    assert read_token(TEXT) == read_token(TEXT.upper()) == TOKEN
    assert is_genuine(TEXT.upper(), person="p.varga", secret=SECRET)


def test_it_is_the_same_for_the_same_notice_and_another_for_another() -> None:
    assert write_token(TOKEN, person="p.varga", secret=SECRET) == TEXT
    assert write_token(replace(TOKEN, nonce=nonce_of("another")), person="p.varga", secret=SECRET) != TEXT


def test_it_is_useless_to_anybody_else() -> None:
    assert is_genuine(TEXT, person="p.varga", secret=SECRET)
    assert not is_genuine(TEXT, person="p.varg", secret=SECRET)
    assert not is_genuine(TEXT, person="", secret=SECRET)
    assert not is_genuine(TEXT, person="p.varga", secret=bytes(32))


def test_no_letter_of_it_can_be_changed() -> None:
    for place, letter in enumerate(TEXT):
        for other in "abcdefghijklmnopqrstuvwxyz234567".replace(letter, ""):
            forged = TEXT[:place] + other + TEXT[place + 1 :]
            assert not is_genuine(forged, person="p.varga", secret=SECRET)


@pytest.mark.parametrize(
    "text", ["", "a", TEXT[:-1], TEXT + "a", "1" * 50, "é" * 50, TEXT[:-1] + "0", "a" * 50, " " * 50]
)
def test_what_has_not_the_form_is_no_token(text: str) -> None:
    assert read_token(text) is None
    assert not is_genuine(text, person="p.varga", secret=SECRET)


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    read_token(text)
    assert not is_genuine(text, person="p.varga", secret=SECRET)


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2200, 1, 1)))
def test_its_end_is_kept_to_the_hour_and_never_lengthened(moment: datetime) -> None:
    until = moment.replace(tzinfo=UTC)
    read = read_token(write_token(replace(TOKEN, expires_at=until), person="x", secret=SECRET))
    assert read is not None
    assert timedelta(0) <= until - read.expires_at < timedelta(hours=1)


@given(st.integers(min_value=0, max_value=2**128 - 1))
def test_a_submission_is_found_again(number: int) -> None:
    id = submission_of(number.to_bytes(16, "big"))
    assert len(id) == 26
    assert matter_of_submission(id) == number.to_bytes(16, "big")


@pytest.mark.parametrize("id", ["", "01kmail", "81kaj0g0zden000000000000ya", "01kaj0g0zdenu00000000000ya", "x" * 27])
def test_an_id_that_is_not_of_our_form_is_no_matter(id: str) -> None:
    assert matter_of_submission(id) is None


def test_a_person_s_token_does_not_name_them() -> None:
    assert b"varga" not in matter_of_person("p.varga")
    assert len(matter_of_person("p.varga")) == 16
