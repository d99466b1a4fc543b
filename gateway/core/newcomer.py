"""A person before the register has them: what was said about them, and every reason why they can't have an account.

Owns the rules of SPEC 9 for a new account, all judged at once, each with its sentence. Pure: whether the password is a
good one is `pipeline.people.passwords`, whether the name is taken at this moment is the ledger's last word.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.core.register import Account, AccountState, Directory, Role, SchoolStatus
from gateway.core.routing import Catalogue

USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3
_LONGEST_STEM = 40  # of a username that is made of a name
_OUR_OWN = ("gateway", "root", "postmaster", "anonymous")  # they mean something else in records, or to guessers


@dataclass(frozen=True)
class Newcomer:
    """Somebody who shall have an account."""

    username: str
    forename: str
    surname: str
    email: str
    role: Role
    schools: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    password: str | None = None

    def account(self) -> Account:
        """Return the account, not yet begun."""
        return Account(
            username=self.username,
            forename=self.forename.strip(),
            surname=self.surname.strip(),
            email=self.email,
            role=self.role,
            schools=self.schools,
            services=self.services,
        )


@dataclass(frozen=True)
class HouseRules:
    """What a newcomer is judged by."""

    directory: Directory
    catalogue: Catalogue
    shared_mailboxes: frozenset[str]  # what stands before the @ of a mailbox that several people read
    home_domains: frozenset[str]


def objections(newcomer: Newcomer, rules: HouseRules) -> tuple[str, ...]:
    """Return a sentence for each reason why this account can't be; none when it can."""
    return (
        *_of_names(newcomer, rules.directory),
        *_of_address(newcomer, rules),
        *_of_schools(newcomer, rules.directory),
        *_of_services(newcomer, rules.catalogue),
    )


def objections_to_address(newcomer: Newcomer, rules: HouseRules) -> tuple[str, ...]:
    """Return a sentence for each reason why somebody can't have this address; none when they can."""
    return tuple(_of_address(newcomer, rules))


def free_username(forename: str, surname: str, directory: Directory) -> str:
    """Return a username that is made of a name and is not taken yet: a.person, else a.person2 …"""
    plain = unicodedata.normalize("NFKD", f"{forename[:1]}.{surname}").casefold()
    stem = re.sub(r"[^a-z0-9.-]", "", plain).strip(".-")[:_LONGEST_STEM] or "person"
    numbers = ("", *map(str, range(2, len(directory.accounts) + 3)))
    return next(stem + number for number in numbers if directory.account(stem + number) is None)


def waiting_days(account: Account, at: datetime) -> int | None:
    """Return for how many whole days somebody has waited for an account since it was requested; None for nobody."""
    is_waiting = account.state in (AccountState.REQUESTED, AccountState.VERIFIED)
    return (at - account.requested_at).days if is_waiting and account.requested_at is not None else None


def _of_names(newcomer: Newcomer, directory: Directory) -> Iterator[str]:
    name = newcomer.username
    if not USERNAME.fullmatch(name) or name in _OUR_OWN:
        yield (
            f'"{name}" can\'t be a username; expected 2 to 64 small letters, digits, or . _ @ + - (a letter or digit '
            f"first), and none of {', '.join(_OUR_OWN)}."
        )
    elif directory.account(name) is not None:
        yield f'The username "{name}" is taken; choose another.'
    for what, text in (("forename", newcomer.forename), ("surname", newcomer.surname)):
        if not text.strip() or not text.isprintable():
            yield f"The {what} is missing or has characters that can't be shown; accounts are for individuals."


def _of_address(newcomer: Newcomer, rules: HouseRules) -> Iterator[str]:
    address = newcomer.email
    mailbox, _, domain = address.casefold().rpartition("@")
    if not _ADDRESS.fullmatch(address) or len(address) > _LONGEST_ADDRESS:
        yield f'"{address}" is no email address; expected one like a.person@school.example.'
    elif any(a.email.casefold() == address.casefold() for a in rules.directory.accounts.values()):
        yield f"The address {address} belongs to another account; every person has one of their own."
    elif domain in rules.home_domains:
        yield f"{address} is an address at home ({domain}); expected the person's address at work."
    elif mailbox in rules.shared_mailboxes and newcomer.role is not Role.DEVICE:
        yield f"{address} is a mailbox that several people read; expected the person's own address at work."


def _of_schools(newcomer: Newcomer, directory: Directory) -> Iterator[str]:
    for number in newcomer.schools:
        school = directory.school(number)
        if school is None:
            yield f"There is no school {number} in the register; `gateway admin schools list` shows them."
        elif school.status is SchoolStatus.CLOSED:
            yield f"School {number} is closed, so nobody can send for it."
    if newcomer.role is Role.OFFICER and newcomer.schools:
        yield "An officer belongs to services, not to schools; leave out --school."
    if newcomer.role in (Role.HEAD, Role.STAFF) and not newcomer.schools:
        yield "School staff need the school that they send for: add --school with its DfE number."
    if newcomer.role is Role.DEVICE and len(newcomer.schools) != 1:
        yield "A device belongs to exactly one school: give one --school with its DfE number."


def _of_services(newcomer: Newcomer, catalogue: Catalogue) -> Iterator[str]:
    for code in newcomer.services:
        service = catalogue.get(code)
        if service is None:
            yield f"There is no service {code}; `gateway admin services list` shows the codes."
        elif newcomer.role is Role.DEVICE and service.private:
            yield f"{code} is a private service, and what a copier sends is told to its headteacher; choose another."
    if newcomer.role in (Role.HEAD, Role.STAFF) and newcomer.services:
        yield "School staff belong to schools, not to services; leave out --service."
    if newcomer.role is Role.OFFICER and not newcomer.services:
        yield "An officer needs the service whose files they read: add --service with its code."
    if newcomer.role is Role.DEVICE and len(newcomer.services) != 1:
        yield "A device can't name its files, so it belongs to exactly one service: give one --service with its code."
