"""The register: schools, the people who may send for each, and who is told.

A `Directory` is a snapshot of what the ledger holds; questions are asked of it without I/O. It refuses nothing: whether
somebody may do a thing is `core.admission` (Source: SPEC 8, 9).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property

from gateway.core.codes import OneTimeCode


class Role(StrEnum):
    """What a person is to the gateway."""

    HEAD = "head"
    STAFF = "staff"
    OFFICER = "officer"
    DEVICE = "device"


class AccountState(StrEnum):
    """Where an account stands; only ACTIVE opens a door."""

    REQUESTED = "requested"
    VERIFIED = "verified"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class SchoolStatus(StrEnum):
    """Where a school stands in the DfE register."""

    OPEN = "open"
    CLOSED = "closed"
    PROPOSED = "proposed"


@dataclass(frozen=True)
class School:
    """One school of the register. Its key is the URN; names of files carry the DfE number."""

    number: str  # DfE number, seven digits
    name: str
    urn: str = ""
    phase: str = ""
    status: SchoolStatus = SchoolStatus.OPEN
    closed_on: date | None = None


@dataclass(frozen=True)
class Succession:
    """An academy conversion: names with the old number are taken for the new one until a day."""

    old: str
    new: str
    until: date  # the last day on which the old number is accepted


@dataclass(frozen=True)
class Account:
    """One person (or one copier) and what opens the doors to them."""

    username: str  # lower case, unique
    forename: str
    surname: str
    email: str
    role: Role
    state: AccountState = AccountState.REQUESTED
    schools: tuple[str, ...] = ()  # DfE numbers
    services: tuple[str, ...] = ()  # an officer's codes; a device's one code
    password_hash: str | None = None  # argon2id, encoded
    password_set_at: datetime | None = None
    keys: tuple[str, ...] = ()  # public keys, one OpenSSH line each
    activated_at: datetime | None = None
    policy_version: str | None = None  # of the acceptable use policy, as accepted
    is_stale: bool = False  # our notices to the address came back
    requested_at: datetime | None = None
    requested_by: str | None = None  # a headteacher's username, or an administrator's name
    verified_at: datetime | None = None
    verified_by: str | None = None
    evidence: str | None = None  # on which somebody was verified: the reference of a form
    code: OneTimeCode | None = None  # that is out: for the first login, or a new password

    @property
    def full_name(self) -> str:
        """Forename and surname, as people read it."""
        return f"{self.forename} {self.surname}".strip()

    @property
    def is_active(self) -> bool:
        """Whether this account opens any door at all."""
        return self.state is AccountState.ACTIVE


@dataclass(frozen=True)
class Directory:
    """The register as it stands: schools by DfE number, accounts by username."""

    schools: Mapping[str, School] = field(default_factory=dict)
    successions: Mapping[str, Succession] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    policies: Mapping[str, datetime] = field(default_factory=dict)  # version of the policy -> when it came in
    pending: Mapping[str, str] = field(default_factory=dict)  # address that is to be somebody's, folded -> username

    def school(self, number: str) -> School | None:
        """Return the school of this DfE number."""
        return self.schools.get(number)

    def successor(self, number: str, *, on: date) -> School | None:
        """Return the open school that takes files named for a closed one on that day, if any."""
        link = self.successions.get(number)
        if link is None or on > link.until:
            return None
        school = self.schools.get(link.new)
        return school if school is not None and school.status is SchoolStatus.OPEN else None

    def account(self, username: str) -> Account | None:
        """Return the account of this username (case ignored)."""
        return self.accounts.get(username.casefold())

    @cached_property
    def _by_address(self) -> Mapping[str, tuple[Account, ...]]:
        found: dict[str, tuple[Account, ...]] = {}
        for account in self.accounts.values():
            key = account.email.casefold()
            found[key] = (*found.get(key, ()), account)
        return found

    def by_address(self, address: str) -> Account | None:
        """Return the one account that this address is registered for (case ignored)."""
        found = self._by_address.get(_folded(address), ())
        return found[0] if len(found) == 1 else None

    def by_pending_address(self, address: str) -> Account | None:
        """Return whose address this is to be: it may answer our question about that, and nothing else."""
        username = self.pending.get(_folded(address))
        return self.account(username) if username else None

    def heads_of(self, number: str) -> tuple[Account, ...]:
        """Return the active headteachers of a school: who is told of a rejection."""
        return self._heads.get(number, ())

    @cached_property
    def _heads(self) -> Mapping[str, tuple[Account, ...]]:
        """The active headteachers by school: a message of a thousand files asks for as many."""
        found: dict[str, tuple[Account, ...]] = {}
        for account in self.accounts.values():
            if account.role is Role.HEAD and account.is_active:
                found |= {number: (*found.get(number, ()), account) for number in dict.fromkeys(account.schools)}
        return found

    def people_of(self, number: str) -> tuple[Account, ...]:
        """Return all accounts tied to a school, whatever their state."""
        return tuple(a for a in self.accounts.values() if number in a.schools)

    def officers_of(self, code: str) -> tuple[Account, ...]:
        """Return the active officers of a service."""
        return tuple(a for a in self.accounts.values() if a.role is Role.OFFICER and a.is_active and code in a.services)


def _folded(address: str) -> str:
    """Return an address in small letters; as it is where a letter is not ASCII, which no registered one has.

    Beyond ASCII other letters fold to those of an address: a long s to s, the sign of kelvin to k.
    """
    return address.casefold() if address.isascii() else address
