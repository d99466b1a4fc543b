"""What a password must be: a row for each rule of SPEC 9 that it breaks, and rows that break none."""

import pytest

from gateway.core.passwords import Owner, PasswordRules, judge_password

ANNA = Owner(forename="Anna", surname="Ravensdale", username="a.ravensdale2")
LI = Owner(forename="Li", surname="van der Berg", username="lberg")
ZOE = Owner(forename="Zoë", surname="O'Marsh-Hill", username="zoe")


@pytest.mark.parametrize("password", ["Tulip7garden", "Kettle on 4 tea", "ÄpfelBaum9x", "Xk4!vvqpLm"])
def test_a_password_that_keeps_the_rules_may_be_used(password: str) -> None:
    assert judge_password(password, owner=ANNA) == ()


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("Tul7gar", "It has 7 characters; at least 8 are needed."),
        ("tulip7garden", "capital letter"),
        ("TULIP7GARDEN", "small letter"),
        ("TulipGarden", "digit"),
        ("Hannah77", "contains the forename"),
        ("Ravensdale77", "contains the surname"),
        ("77rAvEnSdAlEx", "contains the surname"),
        ("A.Ravensdale2!", "contains the username"),
        ("4nn4Tulip", "too much like the forename"),
        ("R@v3n5d@le9Q", "too much like the surname"),
        ("Eladsnevar77", "too much like the surname"),
        ("3l4dsn3v4R", "too much like the surname"),
        ("Ravensdal2026", "too much like the surname"),
        ("Raavensdaale7", "too much like the surname"),
    ],
)
def test_a_broken_rule_has_its_own_sentence(password: str, rule: str) -> None:
    assert any(rule in sentence for sentence in judge_password(password, owner=ANNA))


@pytest.mark.parametrize(
    ("owner", "password", "rule"),
    [
        (LI, "Tulip7 li garden", "contains the forename"),
        (LI, "Tulip7Vanderberg", "contains the surname"),
        (LI, "Tulip7Berg", "contains the surname"),
        (ZOE, "Zoe4tulips", "contains the forename"),
        (ZOE, "Omarsh4tulips", "contains the surname"),
        (ZOE, "Hill4tulips", "contains the surname"),
        (ZOE, "OMarshHill4", "contains the surname"),
    ],
)
def test_short_compound_and_accented_names_count(owner: Owner, password: str, rule: str) -> None:
    assert any(rule in sentence for sentence in judge_password(password, owner=owner))


@pytest.mark.parametrize(
    "password",
    [
        "Tulip7garden",  # holds "li", which is not a word of its own here
        "Vanilla7under",  # holds "van" and "der", parts too short to count alone
    ],
)
def test_a_short_name_inside_a_word_does_not_count(password: str) -> None:
    assert judge_password(password, owner=LI) == ()


def test_all_broken_rules_are_told_at_once() -> None:
    assert len(judge_password("anna", owner=ANNA)) == 4


def test_an_authority_may_ask_for_more() -> None:
    rules = PasswordRules(length=14, upper=2, lower=20, digits=3)
    assert judge_password("Tulip7garden", owner=ANNA, rules=rules) == (
        "It has 12 characters; at least 14 are needed.",
        "It needs at least 2 capital letters (A to Z).",
        "It needs at least 20 small letters (a to z).",
        "It needs at least 3 digits (0 to 9).",
    )


def test_an_authority_may_leave_a_rule_out() -> None:
    assert judge_password("tulipgarden", owner=ANNA, rules=PasswordRules(upper=0, digits=0)) == ()


def test_an_accent_typed_as_two_characters_counts_once() -> None:
    assert judge_password("Ae\u0301bcdf7", owner=ANNA) == ("It has 7 characters; at least 8 are needed.",)


def test_the_password_is_in_no_sentence() -> None:
    assert not any("annA9" in sentence for sentence in judge_password("annA9", owner=ANNA))


def test_an_account_without_names_is_judged_by_the_other_rules() -> None:
    assert judge_password("Tulip7garden", owner=Owner(forename="", surname="", username="")) == ()
