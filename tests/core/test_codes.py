"""One-time codes: read aloud, typed with or without hyphens, gone after their tries or their time (SPEC 9)."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.codes import LETTERS, CodeFor, OneTimeCode, plain_code, write_code

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(("purpose", "groups"), [(CodeFor.EXPIRED, 2), (CodeFor.ACTIVATION, 3), (CodeFor.PASSWORD, 3)])
def test_a_code_stands_in_groups_of_four_that_nobody_misreads(purpose: CodeFor, groups: int) -> None:
    code = write_code(bytes(range(16)), purpose)
    assert [len(group) for group in code.split("-")] == [4] * groups
    assert set(code) <= set(LETTERS) | {"-"}
    assert not set("01OIL") & set(LETTERS)


def test_every_letter_of_the_chance_counts() -> None:
    codes = {write_code(bytes([0] * n + [1] + [0] * (15 - n)), CodeFor.ACTIVATION) for n in range(16)}
    assert len(codes) == 16


@pytest.mark.parametrize("typed", ["ABCD-EFGH-JKMN", "abcd efgh jkmn", " abcdefghjkmn ", "ABCD\N{EN DASH}EFGH-JKMN"])
def test_how_it_is_typed_does_not_matter(typed: str) -> None:
    assert plain_code(typed) == "ABCDEFGHJKMN"


@pytest.mark.parametrize(
    ("tries", "at", "is_open"),
    [(1, NOW, True), (0, NOW, False), (5, NOW + timedelta(minutes=15), False)],
)
def test_a_code_ends_with_its_tries_or_its_time(tries: int, at: datetime, is_open: bool) -> None:
    code = OneTimeCode("$argon2id$", CodeFor.EXPIRED, NOW + timedelta(minutes=15), tries)
    assert code.is_open(at) is is_open
