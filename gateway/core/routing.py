"""Services and how a file reaches them: values only; `gateway.tables` reads them from `routing/`.

Owns the catalogue of services and the choice of drops for a file. Refuses nothing: a name that reads as no service
never comes here (Source: SPEC 6, 8, 12).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from posixpath import join, normpath


class TargetKind(StrEnum):
    """How a service takes its files."""

    PICKUP = "pickup"  # its Inbox over SFTP
    FOLDER = "folder"  # a directory on this host, or a mounted share
    EMAIL = "email"  # a mailbox, TLS required
    SFTP = "sftp"  # pushed to the service's own server

    @property
    def can_withdraw(self) -> bool:
        """Whether a drop made there can be taken back before somebody collected it."""
        return self in (TargetKind.PICKUP, TargetKind.FOLDER)


class Receive(StrEnum):
    """What makes a file Received: an officer who took it, or its delivery."""

    BY_OFFICER = "by-officer"
    ON_DELIVERY = "on-delivery"


@dataclass(frozen=True)
class Target:
    """One place where a service reads its files."""

    kind: TargetKind
    path: str = ""  # folder: absolute, after the loader resolved it
    place: str = ""  # folder: as the table says it, perhaps from the deployment's folder: what it is known by
    sidecar: bool = False  # folder: write NAME.json beside each drop
    address: str = ""  # email: the mailbox
    max_bytes: int = 0  # email: larger files wait in the Inbox; 0 is no limit
    host: str = ""  # sftp: host:port of the service's server
    username: str = ""
    key_file: str = ""
    host_key: str = ""  # sftp: the pinned host key, one line of known_hosts' key form
    remote_folder: str = ""

    @property
    def name(self) -> str:
        """The target's name in records: stable, and unique within its service."""
        place = {
            TargetKind.PICKUP: "",
            TargetKind.FOLDER: self.place or self.path,
            TargetKind.EMAIL: self.address,
            TargetKind.SFTP: f"{self.host}/{self.remote_folder}",
        }[self.kind]
        return f"{self.kind}:{place}" if place else str(self.kind)

    def is_called(self, name: str) -> bool:
        """Return whether a record means this target; earlier versions wrote a folder's whole path."""
        return name in (self.name, f"{TargetKind.FOLDER}:{self.path}")


@dataclass(frozen=True)
class Service:
    """One service of the authority, as its table row says."""

    code: str  # upper-case ASCII letters
    name: str
    use: str = ""  # plain English: what schools send to it
    hint: str = ""  # one more sentence for the sender, e.g. "plans go through the EHC Hub"
    aliases: tuple[str, ...] = ()  # words that people write for the code; a correction, never a route
    confusable: tuple[str, ...] = ()  # codes that people mix up with this one
    accepts: frozenset[str] = frozenset()  # extensions, lower case, no dot
    max_bytes: int = 0  # 0: the gateway's own limit only
    targets: tuple[Target, ...] = ()
    receive: Receive = Receive.BY_OFFICER
    private: bool = False  # seen by the sender alone on the school's side
    digest: str = "none"  # none, immediately, hourly, daily: how its officers are told what came


@dataclass(frozen=True)
class Catalogue:
    """All services, and the words around codes that the name grammar knows."""

    services: Mapping[str, Service] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()  # "Copy of ", "FW_": what programs put before a good name
    national_systems: Mapping[str, str] = field(default_factory=dict)  # run in a name -> the system's name
    authorities: Mapping[str, str] = field(default_factory=dict)  # neighbouring LA code -> its name
    base: str = ""  # the folder from which the table's folders are said

    def get(self, code: str) -> Service | None:
        """Return the service of exactly this code."""
        return self.services.get(code)

    def target(self, code: str, name: str) -> Target | None:
        """Return the target that a drop's record means; None when the table has it no more."""
        service = self.get(code)
        return next((t for t in service.targets if t.is_called(name)), None) if service else None

    def folder(self, code: str, name: str) -> str | None:
        """Return the path of the folder that a drop's record means, also of one that the table has no more.

        None for any other kind of target.
        """
        known = self.target(code, name)
        if known is not None:
            return known.path or None
        kind, _, place = name.partition(":")
        return normpath(join(self.base, place)) if kind == TargetKind.FOLDER else None

    def moved(self, code: str, name: str) -> tuple[Target | None, str]:
        """Return the one folder of a service that a record's whole path ends like, and what stood before that.

        None when there is none, or several: what was perhaps another folder is nobody's to guess.
        """
        kind, _, path = name.partition(":")
        service = self.get(code)
        if kind != TargetKind.FOLDER or service is None:
            return None, ""
        found = [t for t in service.targets if t.place and not t.place.startswith("/") and path.endswith(f"/{t.place}")]
        return (found[0], path.removesuffix(f"/{found[0].place}")) if len(found) == 1 else (None, "")

    def by_alias(self, word: str) -> Service | None:
        """Return the service that lists this word as an alias (case ignored)."""
        wanted = word.upper()
        return next((s for s in self.services.values() if wanted in (a.upper() for a in s.aliases)), None)


@dataclass(frozen=True)
class Folder:
    """A standard folder of documents for schools (`routing/folders.toml`)."""

    name: str  # as schools see it
    key: str  # in addresses: documents+<key>@


@dataclass(frozen=True)
class Retry:
    """When to try again, and when to give a thing to a person."""

    first: float = 5.0  # seconds to the second attempt
    factor: float = 2.0
    longest: float = 3600.0  # seconds between attempts at the most
    give_up_after: float = 5 * 86400.0  # seconds since it was first due
