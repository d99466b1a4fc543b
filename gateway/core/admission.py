"""Who may send, see and collect what: answers as values (Source: SPEC 4, 5, 6).

Owns the decision for a file's readers and senders. Whether an account may come in at all is `core.standing`; by the
time that this is asked, who is speaking is known.
"""

from dataclasses import dataclass

from gateway.core.listed import Kind
from gateway.core.model import FileRecord, Status
from gateway.core.register import Account, Role
from gateway.core.routing import Service


@dataclass(frozen=True)
class Refusal:
    """A door that stays shut: a stable code and the sentence for the person."""

    code: str
    sentence: str


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


def may_see_as_school(account: Account, file: FileRecord | Kind, *, private: bool) -> bool:
    """Return whether a school's person sees this file among the sent ones: private services by the sender alone.

    Who has left the school sees nothing of it any more, also what they sent themselves.
    """
    if file.school is not None and file.school not in account.schools:
        return False
    is_shared = file.school is not None and not private
    return is_shared or file.sent_by_user == account.username


def may_collect(account: Account, file: FileRecord, service: Service) -> bool:
    """Return whether an officer reads this file in the Inbox of a service."""
    return (
        account.role is Role.OFFICER
        and service.code in account.services
        and file.service == service.code
        and file.status in (Status.SENT, Status.RECEIVED)
    )
