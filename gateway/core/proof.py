"""What somebody proved at a login or by a reply, and whether it still holds when what they settled is put in force.

Owns the one table of what a proof rests on, each row with the sentence for who is told. A login may take minutes, and
meanwhile an administrator may have taken the password away, or suspended the account: what was decided last by somebody
else is never overwritten (Source: SPEC 9; FIELD-NOTES A.9). Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.codes import OneTimeCode
from gateway.core.publickeys import key_of
from gateway.core.register import Account, AccountState


class Way(StrEnum):
    """By what somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"  # one-time, in the place of a password
    BOTH = "password and code"  # an expired password, and the code beside it
    KEY = "key"
    REPLY = "reply"  # by email, to an address that only they were told


@dataclass(frozen=True)
class Proof:
    """Who it is, and by what."""

    account: Account  # as it was when it was proved
    way: Way
    key: str = ""  # its fingerprint


_EVERY = frozenset(Way)
_BY_CODE = frozenset({Way.CODE, Way.BOTH})
_BY_PASSWORD = frozenset({Way.PASSWORD, Way.BOTH})


@dataclass(frozen=True)
class Rule:
    """One row: what is gone, for whose proof that matters, and the words for them."""

    is_gone: Callable[[Proof, Account], bool]
    ways: frozenset[Way]
    sentence: str


def is_same_password(before: Account, now: Account) -> bool:
    """Return whether an account has the password that it had.

    A hash that was made anew at another cost is of the same password: it keeps the time at which that was set.
    """
    if before.password_hash == now.password_hash:
        return True
    is_there = None not in (before.password_hash, now.password_hash, before.password_set_at)
    return is_there and before.password_set_at == now.password_set_at


def is_same_code(before: OneTimeCode | None, now: OneTimeCode | None) -> bool:
    """Return whether a code is out still, and no other one; guesses that failed meanwhile make it no other one."""
    return before is not None and now is not None and before.hash == now.hash


def has_same_rights(before: Account, now: Account) -> bool:
    """Return whether an account may do what it might."""
    return (before.role, before.schools, before.services) == (now.role, now.schools, now.services)


def _is(state: AccountState) -> Callable[[Proof, Account], bool]:
    return lambda _proof, now: now.state is state


def _begins_anew(proof: Proof, now: Account) -> bool:
    return now.state is AccountState.VERIFIED and proof.account.state is not AccountState.VERIFIED


def _has_other_rights(proof: Proof, now: Account) -> bool:
    return not has_same_rights(proof.account, now)


def _has_other_address(proof: Proof, now: Account) -> bool:
    return proof.account.email.casefold() != now.email.casefold()


def _has_no_password(proof: Proof, now: Account) -> bool:
    return proof.account.password_hash is not None and now.password_hash is None


def _has_other_password(proof: Proof, now: Account) -> bool:
    return not is_same_password(proof.account, now)


def _has_other_code(proof: Proof, now: Account) -> bool:
    return not is_same_code(proof.account.code, now.code)


def _has_lost_key(proof: Proof, now: Account) -> bool:
    return all(key_of(line).fingerprint != proof.key for line in now.keys)


RULES = (
    Rule(
        _is(AccountState.SUSPENDED),
        _EVERY,
        "Your account was suspended meanwhile, so nothing was changed. Please ask the authority.",
    ),
    Rule(
        _is(AccountState.REVOKED),
        _EVERY,
        "Your account was closed meanwhile, so nothing was changed. Please ask the authority.",
    ),
    Rule(
        _is(AccountState.REQUESTED),
        _EVERY,
        "Your account has to be verified by the authority, so nothing was changed. Please ask there.",
    ),
    Rule(
        _begins_anew,
        _EVERY,
        "Your account has to be activated anew, so nothing was changed. The activation message that we send says how.",
    ),
    Rule(
        _has_other_rights,
        _EVERY,
        "What your account is for was changed meanwhile, so nothing else was. Please begin again.",
    ),
    Rule(
        _has_other_address,
        frozenset({Way.REPLY}),
        "The address of your account was changed meanwhile, so nothing else was. Please reply from the new one.",
    ),
    Rule(
        _has_no_password,
        _BY_PASSWORD | _BY_CODE,
        "Your password was taken away by the authority meanwhile, so nothing was changed. A message with a one-time "
        "code for a new one is on its way to you.",
    ),
    Rule(
        _has_other_password,
        _BY_PASSWORD | _BY_CODE,
        "Your password was changed meanwhile, so this one was not taken. If that was you, log in with the other one; "
        "if it was not, please tell the authority at once.",
    ),
    Rule(
        _has_other_code,
        _BY_CODE,
        "Your one-time code was used, replaced or withdrawn meanwhile, so nothing was changed. Please log in again "
        "with the one that we sent last, or ask the authority for another.",
    ),
    Rule(
        _has_other_address,
        _BY_CODE,
        "The address that your one-time code went to is not your account's any more, so nothing was changed. Please "
        "ask the authority for another code.",
    ),
    Rule(
        _has_lost_key,
        frozenset({Way.KEY}),
        "The key that you came with was taken from your account meanwhile, so nothing was changed. Log in with another "
        "one, or ask the authority.",
    ),
)


def why_gone(proof: Proof, now: Account) -> str | None:
    """Return why a proof counts no more for an account as it is now, as its person reads it; None while it does."""
    for rule in RULES:
        if proof.way in rule.ways and rule.is_gone(proof, now):
            return rule.sentence
    return None
