"""Who may come in, by which approach: the whole table, a row for each standing that an account can have (SPEC 9)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.register import Account, AccountState, Role
from gateway.core.standing import CURABLE, RULES, AccessRules, Approach, why_not

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
DAY = timedelta(days=1)
RULES_IN_FORCE = AccessRules(policy_version="2026-11", policy_since=NOW - 10 * DAY, grace_days=14, password_days=90)
PERSON = Account(
    "p.varga",
    "Petra",
    "Varga",
    "p.varga@leys.example",
    Role.STAFF,
    AccountState.ACTIVE,
    schools=("8302000",),
    password_hash="$argon2id$1",
    password_set_at=NOW - 89 * DAY,
    policy_version="2026-11",
)
COPIER = replace(PERSON, role=Role.DEVICE, password_set_at=NOW - 900 * DAY, policy_version=None)
P, K, L, S, E, R = (
    Approach.PASSWORD,
    Approach.KEY,
    Approach.MAIL_LOGIN,
    Approach.SIGNED_IN,
    Approach.EMAIL,
    Approach.REPLY,
)
ALL = {P, K, L, S, E, R}

# standing -> the account, when, the approaches that stay shut, the code that is said there
STANDINGS = {
    "active, agreed, password still good": (PERSON, NOW, set(), ""),
    "requested": (replace(PERSON, state=AccountState.REQUESTED), NOW, ALL, "account-requested"),
    "verified: only a reply to the activation mail": (
        replace(PERSON, state=AccountState.VERIFIED),
        NOW,
        ALL - {R},
        "account-verified",
    ),
    "suspended": (replace(PERSON, state=AccountState.SUSPENDED), NOW, ALL, "account-suspended"),
    "revoked": (replace(PERSON, state=AccountState.REVOKED), NOW, ALL, "account-revoked"),
    "revoked and expired: the state is said, not the password": (
        replace(PERSON, state=AccountState.REVOKED, password_set_at=NOW - 91 * DAY),
        NOW,
        ALL,
        "account-revoked",
    ),
    "the password's last second": (PERSON, NOW + DAY - timedelta(seconds=1), set(), ""),
    "the password expired: a key and an address go on": (PERSON, NOW + DAY, {P, L, S}, "password-expired"),
    "no password at all": (replace(PERSON, password_hash=None, password_set_at=None), NOW + 400 * DAY, set(), ""),
    "officers' passwords expire as well": (
        replace(PERSON, role=Role.OFFICER),
        NOW + DAY,
        {P, L, S},
        "password-expired",
    ),
    "never agreed: no grace, but a reply and the login by which it is sent": (
        replace(PERSON, policy_version=None),
        NOW,
        {P, K, S, E},
        "policy-never",
    ),
    "agreed to an earlier version: the last second of grace": (
        replace(PERSON, policy_version="2026-09", password_set_at=NOW),
        NOW + 4 * DAY - timedelta(seconds=1),
        set(),
        "",
    ),
    "agreed to an earlier version: grace is over": (
        replace(PERSON, policy_version="2026-09", password_set_at=NOW),
        NOW + 4 * DAY,
        {P, K, S, E},
        "policy-due",
    ),
    "a device: only its login for email, which never expires, and nobody to agree": (
        COPIER,
        NOW,
        {P, K, E, R},
        "device",
    ),
    "a device that is suspended is told that first": (
        replace(COPIER, state=AccountState.SUSPENDED),
        NOW,
        ALL,
        "account-suspended",
    ),
}


@pytest.mark.parametrize("approach", Approach)
@pytest.mark.parametrize("standing", STANDINGS)
def test_every_standing_by_every_approach(standing: str, approach: Approach) -> None:
    account, at, shut, code = STANDINGS[standing]
    refusal = why_not(account, approach, rules=RULES_IN_FORCE, at=at)
    assert (refusal.code if refusal else "") == (code if approach in shut else "")


def test_the_table_names_every_rule() -> None:
    assert {code for _, _, _, code in STANDINGS.values()} - {""} == {rule.code for rule in RULES}
    assert {rule.code for rule in RULES} > CURABLE


def test_a_version_that_nobody_noted_yet_has_its_grace_before_it() -> None:
    rules = replace(RULES_IN_FORCE, policy_since=None)
    assert why_not(replace(PERSON, policy_version="2026-09"), Approach.KEY, rules=rules, at=NOW) is None


def test_an_authority_may_ask_for_agreement_at_once_and_let_passwords_live() -> None:
    rules = replace(RULES_IN_FORCE, grace_days=0, password_days=0, policy_since=NOW)
    old = replace(PERSON, policy_version="2026-09")
    assert getattr(why_not(old, Approach.KEY, rules=rules, at=NOW), "code", "") == "policy-due"
    assert why_not(PERSON, Approach.PASSWORD, rules=rules, at=NOW + 900 * DAY) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_sentence_fits_a_reply_of_the_email_door(rule) -> None:
    assert rule.sentence.isascii()
    assert rule.sentence.endswith(".")
    assert len(rule.sentence) < 200
