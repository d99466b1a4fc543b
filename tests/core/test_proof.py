"""Whether what was proved still holds: each row of the table, for each way of proving (SPEC 9)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.codes import CodeFor, OneTimeCode
from gateway.core.proof import RULES, Proof, Way, why_gone
from gateway.core.publickeys import PublicKey, key_of
from gateway.core.register import Account, AccountState, Role
from tests.fakes import MORNING


def a_key(letter: bytes, comment: str) -> str:
    """Return a line of `authorized_keys`, of a key that nobody has the other half of."""
    return PublicKey("ssh-ed25519", b"\0\0\0\x0bssh-ed25519\0\0\0 " + letter * 32, comment).line


KEY, OTHER_KEY = a_key(b"1", "desk"), a_key(b"2", "home")
CODE = OneTimeCode("$code$1", CodeFor.ACTIVATION, MORNING, 5)
BEFORE = Account(
    "samir.okonjo",
    "Samir",
    "Okonjo",
    "samir.okonjo@leys.example",
    Role.HEAD,
    AccountState.ACTIVE,
    schools=("8302000",),
    password_hash="$hash$1",
    password_set_at=MORNING,
    keys=(KEY,),
    code=CODE,
)
PROOFS = {way: Proof(BEFORE, way, key_of(KEY).fingerprint if way is Way.KEY else "") for way in Way}
BY_PASSWORD, BY_CODE = {Way.PASSWORD, Way.BOTH}, {Way.CODE, Way.BOTH}
LATER = MORNING + timedelta(minutes=5)

Change = Callable[[Account], Account]


def to(**values: object) -> Change:
    return lambda account: replace(account, **values)  # type: ignore[arg-type]


# What happens meanwhile, the ways whose proof it ends, and a word of the sentence.
ENDS: dict[str, tuple[Change, set[Way], str]] = {
    "suspended": (to(state=AccountState.SUSPENDED), set(Way), "suspended"),
    "closed": (to(state=AccountState.REVOKED), set(Way), "closed"),
    "to be verified": (to(state=AccountState.REQUESTED), set(Way), "verified"),
    "closed and begun anew": (to(state=AccountState.VERIFIED), set(Way), "activated anew"),
    "another role": (to(role=Role.STAFF), set(Way), "What your account is for"),
    "another school": (to(schools=("8301102",)), set(Way), "What your account is for"),
    "another service": (to(services=("SEN",)), set(Way), "What your account is for"),
    "another address": (to(email="samir@leys.example"), {Way.REPLY, *BY_CODE}, "address"),
    "the password taken away": (to(password_hash=None, password_set_at=None), BY_PASSWORD | BY_CODE, "taken away"),
    "another password": (
        to(password_hash="$hash$2", password_set_at=LATER),
        BY_PASSWORD | BY_CODE,
        "changed meanwhile",
    ),
    "another code": (to(code=replace(CODE, hash="$code$2")), BY_CODE, "one-time code"),
    "no code": (to(code=None), BY_CODE, "one-time code"),
    "no key": (to(keys=()), {Way.KEY}, "The key that you came with"),
    "another key": (to(keys=(OTHER_KEY,)), {Way.KEY}, "The key that you came with"),
}
ENDS_NOTHING: dict[str, Change] = {
    "nothing": to(),
    "the same password at another cost": to(password_hash="$dearer$1"),
    "a wrong guess at the code": to(code=replace(CODE, tries=0)),
    "one key more": to(keys=(OTHER_KEY, KEY)),
    "agreed to a policy": to(policy_version="2026-12"),
    "the address written otherwise": to(email="Samir.Okonjo@LEYS.example"),
    "mail that came back": to(is_stale=True),
}


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("what", ENDS)
def test_a_proof_ends_with_what_it_rests_on(what: str, way: Way) -> None:
    change, ways, word = ENDS[what]
    sentence = why_gone(PROOFS[way], change(BEFORE))
    assert (sentence is not None) is (way in ways)
    assert sentence is None or word in sentence


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("what", ENDS_NOTHING)
def test_what_it_does_not_rest_on_ends_no_proof(what: str, way: Way) -> None:
    assert why_gone(PROOFS[way], ENDS_NOTHING[what](BEFORE)) is None


def test_a_password_whose_age_nobody_knows_is_another_with_another_hash() -> None:
    before = replace(BEFORE, password_set_at=None)
    assert why_gone(Proof(before, Way.PASSWORD), replace(before, password_hash="$dearer$1")) is not None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.sentence[:40])
def test_each_sentence_says_what_became_of_it_and_what_to_do(rule: object) -> None:
    sentence = rule.sentence  # type: ignore[attr-defined]
    assert any(word in sentence for word in ("nothing was", "nothing else was", "not taken"))
    assert any(word in sentence for word in ("Please", "please", "log in", "Log in", "says how", "on its way"))
