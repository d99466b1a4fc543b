"""Whether an account may come in now, on this path; else what stands in its way, and what to do about it.

Owns the one table that every path asks: password, key, SMTP AUTH, a verified address, a reply to a notice. The first
row that stops an account on its path is the answer. To be asked only after the right password, key or address: nothing
may tell a guesser that an account exists (Source: SPEC 9; FIELD-NOTES A.9).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.core.admission import Refusal
from gateway.core.register import Account, AccountState, Role


class Approach(StrEnum):
    """How somebody comes."""

    PASSWORD = "password"  # noqa: S105  # over SFTP
    KEY = "key"  # over SFTP
    MAIL_LOGIN = "mail-login"  # SMTP AUTH itself
    SIGNED_IN = "signed-in"  # a file by email, after SMTP AUTH
    EMAIL = "email"  # a file by email from a verified address
    REPLY = "reply"  # a reply to an address that only this person was told


@dataclass(frozen=True)
class AccessRules:
    """What an authority asks of an account besides its state."""

    policy_version: str = ""  # of the acceptable use policy in force; "" is none
    policy_since: datetime | None = None  # when it came in; None is just now
    grace_days: int = 14  # in which who agreed to an earlier version comes in all the same
    password_days: int = 90  # after which a password has expired; 0 is never

    def policy_due(self) -> datetime | None:
        """Return from when on nobody comes in who has not agreed to this version; None while that is not known."""
        return None if self.policy_since is None else self.policy_since + timedelta(days=self.grace_days)

    def expiry_of(self, account: Account) -> datetime | None:
        """Return when an account's password expires; None where it does not."""
        if not self.password_days or account.role is Role.DEVICE or account.password_hash is None:
            return None
        if account.password_set_at is None:
            return None
        return account.password_set_at + timedelta(days=self.password_days)

    def has_agreed(self, account: Account) -> bool:
        """Return whether an account's person agreed to the policy in force; a device has nobody who would."""
        return not self.policy_version or account.role is Role.DEVICE or account.policy_version == self.policy_version


EVERY = frozenset(Approach)
_SENDING = frozenset({Approach.PASSWORD, Approach.KEY, Approach.SIGNED_IN, Approach.EMAIL})
_Test = Callable[[Account, AccessRules, datetime], bool]


@dataclass(frozen=True)
class Rule:
    """One row: who is stopped, on which paths, and with which words."""

    code: str
    stops: _Test
    paths: frozenset[Approach]
    sentence: str


def _is(state: AccountState) -> _Test:
    return lambda account, _rules, _at: account.state is state


def _is_device(account: Account, _rules: AccessRules, _at: datetime) -> bool:
    return account.role is Role.DEVICE


def _never_agreed(account: Account, rules: AccessRules, _at: datetime) -> bool:
    return not rules.has_agreed(account) and account.policy_version is None


def _is_overdue(account: Account, rules: AccessRules, at: datetime) -> bool:
    due = rules.policy_due()
    return not rules.has_agreed(account) and due is not None and at >= due


def _is_expired(account: Account, rules: AccessRules, at: datetime) -> bool:
    expiry = rules.expiry_of(account)
    return expiry is not None and at >= expiry


RULES = (
    Rule(
        "account-requested",
        _is(AccountState.REQUESTED),
        EVERY,
        "Your account was requested and is not yet verified by the authority.",
    ),
    Rule(
        "account-verified",
        _is(AccountState.VERIFIED),
        EVERY - {Approach.REPLY},
        "Your account is not activated yet. The activation message that we sent to you says how.",
    ),
    Rule(
        "account-suspended",
        _is(AccountState.SUSPENDED),
        EVERY,
        "Your account is suspended. Please ask the authority.",
    ),
    Rule(
        "account-revoked",
        _is(AccountState.REVOKED),
        EVERY,
        "Your account was closed. Please ask the authority.",
    ),
    Rule(
        "device",
        _is_device,
        EVERY - {Approach.MAIL_LOGIN, Approach.SIGNED_IN},
        "A device account sends by email only, with its password.",
    ),
    Rule(
        "policy-never",
        _never_agreed,
        _SENDING,
        "You have not agreed to the acceptable use policy yet. Log in over SFTP with your password to read it and "
        "agree, or ask the authority.",
    ),
    Rule(
        "policy-due",
        _is_overdue,
        _SENDING,
        "The acceptable use policy changed, and the time to agree to it is over. Reply AGREE to our message about it, "
        "or log in over SFTP with your password and agree.",
    ),
    Rule(
        "password-expired",
        _is_expired,
        frozenset({Approach.PASSWORD, Approach.MAIL_LOGIN, Approach.SIGNED_IN}),
        "Your password has expired. Log in once over SFTP, where you are asked for a new one, or ask the authority.",
    ),
)

_ASKED = {by: tuple(rule for rule in RULES if by in rule.paths) for by in Approach}  # each message of a crowd asks

# What a person at a login can put right there and then; anything else is for the authority.
OF_THE_POLICY = frozenset({"policy-never", "policy-due"})
CURABLE = OF_THE_POLICY | {"account-verified", "password-expired"}


def why_not(account: Account, by: Approach, *, rules: AccessRules, at: datetime) -> Refusal | None:
    """Return what stops an account on a path, or None when it may come in."""
    for rule in _ASKED[by]:
        if rule.stops(account, rules, at):
            return Refusal(rule.code, rule.sentence)
    return None
