"""The pages of `My Account`: who I am, my keys, and who else has access.

Owns their words; knows no view and no disk. Lines end as Windows wants them (Source: SPEC 5, 9).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from gateway.core.phrases import day
from gateway.core.publickeys import KeyFact, PublicKey, key_of
from gateway.core.register import Account, AccountState, Directory, Role
from gateway.core.routing import Catalogue

_ROLES = {
    Role.HEAD: "headteacher",
    Role.STAFF: "staff",
    Role.OFFICER: "officer of the authority",
    Role.DEVICE: "device",
}
_AUTHORIZED = (
    "# Your public keys, one a line. To change them, put a file of this name here: what stands in it",
    "# replaces these. Lines that begin with # count for nothing.",
)


@dataclass(frozen=True)
class Circumstances:
    """What the pages say besides the account."""

    directory: Directory
    catalogue: Catalogue
    zone: tzinfo
    contact: str
    expires_at: datetime | None = None  # of the password; None where it does not


def who_i_am(account: Account, about: Circumstances) -> bytes:
    """Return who somebody is to the gateway: what the authority has written down."""
    rows = [
        ("Name", account.full_name),
        ("Username", account.username),
        ("Role", _ROLES[account.role]),
        ("Address", account.email + (" (our messages to it came back: please ask us to change it)" * account.is_stale)),
        *_places(account, about),
        ("Password", _password(account, about)),
        ("Policy", f"agreed to version {account.policy_version}" if account.policy_version else "not agreed to yet"),
        ("Keys", f"{len(account.keys)}; see Keys.txt"),
    ]
    wrong = ["", f"Is something wrong here, or not yours any more? {about.contact}"]
    return page([*_columns(rows), *wrong])


def _places(account: Account, about: Circumstances) -> Iterable[tuple[str, str]]:
    schools = [about.directory.school(number) for number in account.schools]
    names = [f"{school.number} {school.name}" for school in schools if school]
    services = [about.catalogue.get(code) for code in account.services]
    names += [f"{service.code} {service.name}" for service in services if service]
    word = "Services" if account.role is Role.OFFICER else "Schools"
    return ((word if n == 0 else "", name) for n, name in enumerate(names))


def _password(account: Account, about: Circumstances) -> str:
    if account.password_hash is None:
        return "none"
    if about.expires_at is None:
        return "does not expire"
    return f"expires on {day(about.expires_at, about.zone)}"


def my_keys(account: Account, facts: Mapping[str, KeyFact], about: Circumstances) -> bytes:
    """Return an account's keys, each by its fingerprint, with its age and its last use."""
    keys = [key_of(line) for line in account.keys]
    lines = [line for key in keys for line in _key_lines(key, facts.get(key.fingerprint), about.zone)]
    how = [
        "To add a key, or take one away, put a file authorized_keys here: your public keys, one a line.",
        "What stands in it replaces what is here now. You get an email about each change.",
    ]
    return page([*(lines or ["You have no keys.", ""]), *how])


def _key_lines(key: PublicKey, fact: KeyFact | None, zone: tzinfo) -> list[str]:
    since = f"since {day(fact.added_at, zone)}, by {fact.added_by}" if fact else "since a time that is not known"
    used = f"last used on {day(fact.last_used_at, zone)}" if fact and fact.last_used_at else "not used yet"
    return [key.fingerprint, f"    {key.kind}{', ' + key.comment if key.comment else ''}", f"    {since}; {used}", ""]


def authorized_keys(account: Account) -> bytes:
    """Return an account's keys as the file that changes them."""
    return page([*_AUTHORIZED, *account.keys])


def who_has_access(account: Account, about: Circumstances) -> bytes:
    """Return who else may use the gateway for the same schools or services."""
    if account.role is Role.OFFICER:
        groups = [(code, about.directory.officers_of(code)) for code in account.services]
    else:
        groups = [(_title(number, about.directory), about.directory.people_of(number)) for number in account.schools]
    lines = [line for title, people in groups for line in (title, *_people(people, account), "")]
    return page([*lines, f"Should somebody not have access any more? {about.contact}"])


def _title(number: str, directory: Directory) -> str:
    school = directory.school(number)
    return f"{number} {school.name}" if school else number


def _people(people: Sequence[Account], reader: Account) -> list[str]:
    rows = [(_called(person, reader), _standing(person)) for person in people if _is_shown(person)]
    return [f"    {name}, {what}" for name, what in sorted(rows)] or ["    nobody"]


def _is_shown(person: Account) -> bool:
    return person.state in (AccountState.ACTIVE, AccountState.VERIFIED)


def _called(person: Account, reader: Account) -> str:
    return f"{person.full_name}{' (you)' if person.username == reader.username else ''}"


def _standing(person: Account) -> str:
    return _ROLES[person.role] + ("" if person.is_active else ", not activated yet")


def _columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name + ':' if name else '':<10}{value}" for name, value in rows]


def page(lines: Iterable[str]) -> bytes:
    """Return lines as a page that every editor shows."""
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")
