"""Who may come in, and who may see or do what: answers as values (Source: SPEC 4, 5, 9).

Owns the decision for an account at a door and for a file's readers. It verifies no password and no signature: by the
time it is asked, who is speaking is known.
"""

from dataclasses import dataclass

from gateway.core.model import FileRecord, Listed, Status
from gateway.core.register import Account, AccountState, Role
from gateway.core.routing import Service


@dataclass(frozen=True)
class Refusal:
    """A door that stays shut: a stable code and the sentence for the person."""

    code: str
    sentence: str


_STATES = {
    AccountState.REQUESTED: "Your account was requested and not yet verified by the authority.",
    AccountState.VERIFIED: "Your account is not activated yet.",
    AccountState.SUSPENDED: "Your account is suspended. Please ask the authority.",
    AccountState.REVOKED: "Your account was closed. Please ask the authority.",
}


def admit(account: Account, *, channel: str) -> Refusal | None:
    """Return why this account may not use a channel (`email`, `sftp`), or None when it may.

    To be asked only after the right password or key: nothing may tell a guesser that an account exists.
    """
    if not account.is_active:
        return Refusal(f"account-{account.state}", _STATES[account.state])
    if account.role is Role.DEVICE and channel != "email":
        return Refusal("device", "A device account sends by email only.")
    return None


def may_send(account: Account) -> bool:
    """Return whether this account sends files for schools at all."""
    return account.role is not Role.OFFICER and bool(account.schools)


def own_school(account: Account, number: str | None) -> str | None:
    """Return the school that this sender's file counts for, or None where that is not certain.

    `number` is what a name or a folder says. It is believed only when it is one of the sender's own: a headteacher is
    never told of a file because of a name that is not their sender's (SPEC 6).
    """
    if number is not None and number in account.schools:
        return number
    return account.schools[0] if len(account.schools) == 1 else None


def may_see_as_school(account: Account, file: FileRecord | Listed, *, private: bool) -> bool:
    """Return whether a school's person sees this file among the sent ones: private services by the sender alone."""
    if file.school is None or file.school not in account.schools:
        return file.sent_by_user == account.username
    return not private or file.sent_by_user == account.username


def may_collect(account: Account, file: FileRecord, service: Service) -> bool:
    """Return whether an officer reads this file in the Inbox of a service."""
    return (
        account.role is Role.OFFICER
        and service.code in account.services
        and file.service == service.code
        and file.status in (Status.SENT, Status.RECEIVED)
    )
