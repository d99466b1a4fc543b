"""What people are told about their accounts: codes, the policy, passwords that expire, and requests.

Owns these contexts and their samples. A code is in none of them as it is kept: it is put in when the mail leaves, and
stands nowhere else (Source: SPEC 9).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.core.agreement import AcceptableUse
from gateway.core.codes import CodeFor
from gateway.core.notices.receipts import Letterhead, plain
from gateway.core.phrases import day, moment
from gateway.core.register import Account, AccountState, Directory, Role

ACTIVATION, CODE, REMINDER, RESET, POLICY, FORM, REQUESTED, ANSWER = (
    "activation",
    "password-code",
    "password-reminder",
    "password-reset",
    "policy-changed",
    "account-form",
    "account-requested",
    "account-answer",
)


@dataclass(frozen=True)
class Letter:
    """What each of these begins and ends with."""

    authority: str
    contact: str
    reader: str  # forename; of the administrator: "administrator"


@dataclass(frozen=True)
class WithCode(Letter):
    """A mail that carries a one-time code: for the first login, or a new password."""

    username: str
    purpose: str  # a CodeFor
    sftp: str  # what to type: "sftp -P 2222 a.person@files.example"
    code: str = ""  # put in when the mail leaves
    until: str = ""  # likewise
    by: str = ""  # who let it be sent
    version: str = ""  # of the policy, where it is still to be agreed to
    policy: str = ""  # its text
    digest: str = ""  # of the policy
    reply_until: str = ""  # ISO 8601; while a reply is understood
    reply_for: str = ""


@dataclass(frozen=True)
class Expiring(Letter):
    """A reminder that a password expires."""

    username: str
    sftp: str
    expires: str
    days: int  # that are left, begun ones counted


@dataclass(frozen=True)
class Reset(Letter):
    """What a headteacher gets when the password of somebody in the school was reset."""

    person: str
    username: str
    by: str
    at: str


@dataclass(frozen=True)
class NewPolicy(Letter):
    """A new version of the acceptable use policy."""

    version: str
    policy: str
    due: str  # the day from which on nothing is taken without agreement
    is_due: bool
    sftp: str
    digest: str
    reply_until: str
    reply_for: str = "agree"


@dataclass(frozen=True)
class Form(Letter):
    """The form by which a headteacher asks for accounts."""

    schools: tuple[str, ...]  # number and name
    school: str  # the number that the example shows
    days: int  # in which an account is promised
    reply_until: str
    reply_for: str = "form"


@dataclass(frozen=True)
class Requested(Letter):
    """What the administrator gets when somebody asked for an account."""

    person: str
    username: str
    role: str
    email: str
    places: tuple[str, ...]  # schools and services
    by: str
    days: int


@dataclass(frozen=True)
class Answered(Letter):
    """What a reply about accounts is answered."""

    subject: str
    opening: str
    lines: tuple[str, ...] = ()
    closing: str = ""


def letter(head: Letterhead, reader: Account | None) -> dict[str, Any]:
    """Return what each of these contexts begins with."""
    return {"authority": head.authority, "contact": head.contact, "reader": reader.forename if reader else _OURS}


_OURS = "administrator"


def with_code(
    account: Account,
    purpose: CodeFor,
    *,
    head: Letterhead,
    sftp: str,
    by: str = "",
    policy: AcceptableUse | None = None,
    reply_until: datetime | None = None,
) -> WithCode:
    """Return the mail that will carry a code; `policy` where it is still to be agreed to."""
    return WithCode(
        **letter(head, account),
        username=account.username,
        purpose=str(purpose),
        sftp=_login(sftp, account),
        by=by,
        version=policy.version if policy else "",
        policy=policy.unfolded if policy else "",
        digest=policy.digest if policy else "",
        reply_until=reply_until.isoformat() if reply_until and policy else "",
        reply_for="agree" if reply_until and policy else "",
    )


def expiring(account: Account, *, expires_at: datetime, at: datetime, head: Letterhead, sftp: str) -> Expiring:
    """Return the reminder for this day."""
    left = expires_at - at
    return Expiring(
        **letter(head, account),
        username=account.username,
        sftp=_login(sftp, account),
        expires=moment(expires_at, head.zone),
        days=max(1, left.days + bool(left.seconds or left.microseconds)),
    )


def reset(account: Account, *, by: str, at: datetime, head: Letterhead, reader: Account) -> Reset:
    """Return what a headteacher is told."""
    return Reset(
        **letter(head, reader), person=account.full_name, username=account.username, by=by, at=moment(at, head.zone)
    )


def new_policy(
    account: Account, policy: AcceptableUse, *, due: datetime, at: datetime, head: Letterhead, sftp: str
) -> NewPolicy:
    """Return what everybody is told who agreed to an earlier version."""
    return NewPolicy(
        **letter(head, account),
        version=policy.version,
        policy=policy.unfolded,
        due=day(due, head.zone),
        is_due=at >= due,
        sftp=_login(sftp, account),
        digest=policy.digest,
        reply_until=(max(due, at) + _AFTER_GRACE).isoformat(),
    )


_AFTER_GRACE = timedelta(days=60)  # in which a reply still gives access back


def form(account: Account, directory: Directory, *, days: int, until: datetime, head: Letterhead) -> Form:
    """Return the form for a headteacher."""
    return Form(
        **letter(head, account),
        schools=tuple(_place(number, directory) for number in account.schools),
        school=account.schools[0],
        days=days,
        reply_until=until.isoformat(),
    )


def requested(account: Account, directory: Directory, *, by: str, days: int, head: Letterhead) -> Requested:
    """Return what the administrator is told."""
    return Requested(
        **letter(head, None),
        person=account.full_name,
        username=account.username,
        role=str(account.role),
        email=account.email,
        places=(*(_place(number, directory) for number in account.schools), *account.services),
        by=by,
        days=days,
    )


def answered(
    account: Account,
    subject: str,
    opening: str,
    *,
    head: Letterhead,
    lines: tuple[str, ...] = (),
    closing: str = "",
) -> Answered:
    """Return the answer to a reply."""
    return Answered(**letter(head, account), subject=subject, opening=opening, lines=lines, closing=closing)


def _login(sftp: str, account: Account) -> str:
    return sftp.format(username=account.username) if sftp else ""


def _place(number: str, directory: Directory) -> str:
    school = directory.school(number)
    return f"{number} {school.name}" if school else number


# Samples, for templates to be tried with and previewed.


def account_samples(head: Letterhead, directory: Directory) -> dict[str, tuple[Mapping[str, object], ...]]:
    """Return sample contexts by template."""
    at, sftp = datetime(2026, 11, 20, 9, tzinfo=UTC), "sftp -P 2222 {username}@files.derbyshire.example"
    person = Account(
        "p.varga", "Petra", "Varga", "petra.varga@leys.example", Role.HEAD, AccountState.VERIFIED, schools=("8302000",)
    )
    use = AcceptableUse("2026-11", "# What you agree to\n\nYour account is yours alone.\n\n- Nobody else uses it.\n")
    first = with_code(person, CodeFor.ACTIVATION, head=head, sftp=sftp, policy=use, reply_until=at + timedelta(days=14))
    first = replace(first, code="7KQM-X2RD-HW4P", until=moment(at + timedelta(days=14), head.zone))
    bare = with_code(person, CodeFor.ACTIVATION, head=head, sftp="")
    forgot = replace(first, purpose=str(CodeFor.PASSWORD), by="the files team", version="", policy="", reply_until="")
    beside = replace(forgot, purpose=str(CodeFor.EXPIRED), code="7KQM-X2RD", by="")
    later = new_policy(person, use, due=at + timedelta(days=14), at=at, head=head, sftp=sftp)
    answer = answered(person, "You have agreed", "thank you.", head=head)
    told = replace(answer, lines=("Line 2: this is no email address.",), closing="Please send it again.")
    found: dict[str, tuple[Letter, ...]] = {
        ACTIVATION: (first, bare),
        CODE: (forgot, beside, replace(forgot, sftp="", code="")),
        REMINDER: tuple(
            expiring(person, expires_at=at + n * timedelta(days=1), at=at, head=head, sftp=s)
            for n, s in ((10, sftp), (1, ""))
        ),
        RESET: (reset(person, by="the files team", at=at, head=head, reader=person),),
        POLICY: (later, replace(later, is_due=True, sftp="")),
        FORM: (form(person, directory, days=14, until=at + timedelta(days=30), head=head),),
        REQUESTED: (requested(person, directory, by="s.okonjo", days=14, head=head),),
        ANSWER: (answer, told),
    }
    return {template: tuple(plain(context) for context in contexts) for template, contexts in found.items()}
