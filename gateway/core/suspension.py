"""Access that was taken away: on which grounds, by whom, and what an account is again once none is left.

Owns these values and the sentences that refuse a change. An account is suspended for as long as one ground of it is in
force: who was suspended before an incident stays so when it closes. A closed account has nothing left that would open
a door, so it comes back only by a new activation (Source: SPEC 9; FIELD-NOTES A.9). Pure.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.core.register import Account, AccountState

BY_HAND = "by hand"  # one person, by an administrator
INACTIVE = "inactivity"


def ground_of_school(number: str) -> str:
    """Return the ground of who was suspended with their whole school."""
    return f"school {number}"


@dataclass(frozen=True)
class Suspension:
    """One ground on which one account is, or was, suspended."""

    username: str
    ground: str  # BY_HAND, INACTIVE, that of a school, or the id of an incident
    was: AccountState  # what the account is again once no ground is left
    reason: str
    at: datetime
    actor: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None


@dataclass(frozen=True)
class Incident:
    """An investigation at a school: its people are suspended, and no file of theirs is destroyed, until it closes."""

    id: str
    school: str  # DfE number
    reason: str
    opened_at: datetime
    opened_by: str
    parties: tuple[str, ...] = ()  # usernames
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_why: str | None = None


def after_the_last(suspension: Suspension | None, account: Account) -> AccountState:
    """Return what a suspended account is again; of one whose ground nobody wrote down, what it had come to."""
    if suspension is not None:
        return suspension.was
    return AccountState.ACTIVE if account.activated_at is not None else AccountState.VERIFIED


def why_not_suspended(account: Account) -> str | None:
    """Return why an account can't be suspended, or None when it can."""
    if account.state is AccountState.REVOKED:
        return f"{account.username} is closed already, so there is nothing to suspend."
    return None


def why_not_revoked(account: Account) -> str | None:
    """Return why an account can't be closed, or None when it can."""
    return f"{account.username} is closed already." if account.state is AccountState.REVOKED else None


def why_not_reinstated(account: Account, incidents: tuple[str, ...]) -> str | None:
    """Return why an account can't be given back, or None when it can. `incidents` are the open ones that hold it."""
    if account.state not in (AccountState.SUSPENDED, AccountState.REVOKED):
        return f"{account.username} is neither suspended nor closed; it is {account.state}."
    if incidents:
        return (
            f"{account.username} is suspended by the incident {incidents[0]}, which is still open. "
            f"`gateway admin incident close {incidents[0]} --reason …` gives back whom it suspended."
        )
    return None
