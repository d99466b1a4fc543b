"""The table of services, `routing/services.toml`, read into a `Catalogue`.

Owns what a row may say and how rows must agree: a code is one service's, an alias is no code, a folder is one service's
alone, and what can't be withdrawn is received on delivery. Every fault at once (Source: SPEC 3, 6, 8, 12).
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from gateway.configfile import ConfigFile, Findings, Key, Table, check_table, suggest
from gateway.configkinds import CountOrNone, MailAddress, PathKey, Text
from gateway.core.endpoint import Address
from gateway.core.routing import Catalogue, Receive, Service, Target, TargetKind
from gateway.errors import ConfigError, Fault

_CODE = re.compile(r"[A-Z]+")


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise ValueError("expected upper-case letters A to Z only")
    return text


def _extension(text: str) -> str:
    if not re.fullmatch(r"(?=.*[a-z])[a-z0-9]{1,5}", text):
        raise ValueError('expected 1 to 5 lower-case letters or digits without the dot, like "pdf"')
    return text


def _host(text: str) -> str:
    try:
        if Address.parse(text).port:
            return text
    except ValueError:
        pass
    raise ValueError('expected "host:port", like "files.derbyshire.example:22"')


def _host_key(text: str) -> str:
    if not re.fullmatch(r"(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?", text):
        raise ValueError('expected the server\'s public key, like "ssh-ed25519 AAAA…", as ssh-keyscan prints it')
    return text


def _pattern(text: str) -> str:
    if re.search(r"[{}]", text.replace("{code}", "")):
        raise ValueError("expected no braces in a path except {code}")
    return text


Code = Annotated[str, AfterValidator(_code)]
Extensions = Annotated[tuple[Annotated[str, AfterValidator(_extension)], ...], Field(min_length=1)]


class PickupRow(Table):
    """A service's Inbox over SFTP."""

    kind: Literal["pickup"]


class FolderRow(Table):
    """A directory on this host, or a mounted share."""

    kind: Literal["folder"]
    path: Annotated[Text, AfterValidator(_pattern)]
    sidecar: bool = False


class EmailRow(Table):
    """A mailbox."""

    kind: Literal["email"]
    address: MailAddress
    max_bytes: CountOrNone = 0


class SftpRow(Table):
    """The service's own server."""

    kind: Literal["sftp"]
    host: Annotated[str, AfterValidator(_host)]
    username: Text
    key_file: PathKey
    host_key: Annotated[str, AfterValidator(_host_key)]
    remote_folder: str = ""


TargetRow = PickupRow | FolderRow | EmailRow | SftpRow
Targets = Annotated[tuple[Annotated[TargetRow, Field(discriminator="kind")], ...], Field(min_length=1)]


class DefaultsRow(Table):
    """What a service doesn't say."""

    accepts: Extensions | None = None
    max_bytes: CountOrNone = 0
    targets: Targets | None = None
    receive: Literal["by-officer", "on-delivery"] = "by-officer"
    digest: Literal["none", "immediately", "hourly", "daily"] = "none"


class ServiceRow(Table):
    """One `[[service]]`."""

    code: Code
    name: Text
    use: Text
    hint: str = ""
    aliases: tuple[Code, ...] = ()
    confusable: tuple[str, ...] = ()
    accepts: Extensions | None = None
    max_bytes: CountOrNone | None = None
    targets: Targets | None = None
    receive: Literal["by-officer", "on-delivery"] | None = None
    private: bool = False
    digest: Literal["none", "immediately", "hourly", "daily"] | None = None


class ServicesFile(Table):
    """The file without its rows, which are checked one by one."""

    prefixes: tuple[Text, ...] = ()
    defaults: dict[str, Any] = Field(default_factory=dict)
    national_systems: dict[str, Text] = Field(default_factory=dict)
    authorities: dict[str, Text] = Field(default_factory=dict)
    service: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]


@dataclass(frozen=True)
class _Row:
    """A row that is right in itself, and where it stands."""

    at: Key
    row: ServiceRow
    service: Service
    targets_at: Key  # the row's own, or those of [defaults]


@dataclass(frozen=True)
class _Rows:
    """All rows, to see whether they agree."""

    file: ConfigFile
    top: ServicesFile
    rows: tuple[_Row, ...]
    codes: tuple[str, ...]  # of faulty rows too
    la_codes: tuple[str, ...]
    data: Path  # the gateway's own folder


def read_services(file: ConfigFile, *, base: Path, data: Path, la_codes: tuple[str, ...]) -> Catalogue:
    """Return the catalogue. Paths are taken from `base`; nothing may be dropped into `data`.

    Raises ConfigError with every fault.
    """
    top = check_table(ServicesFile, file, base=base)
    found = Findings()
    defaults = found.attempt(lambda: _read_defaults(file, top, base))
    numbers = range(len(top.service))
    rows = [found.attempt(partial(_read_row, file, n, defaults=defaults, base=base)) for n in numbers]
    good = tuple(row for row in rows if row is not None)
    codes = tuple(str(raw.get("code", "")) for raw in top.service)
    table = _Rows(file, top, good, codes, la_codes, data)
    found.faults += [fault for check in _CHECKS for fault in check(table)]
    found.raise_them()
    return Catalogue(
        services={row.service.code: row.service for row in good},
        prefixes=top.prefixes,
        national_systems=top.national_systems,
        authorities=top.authorities,
        base=str(base),
    )


def _read_defaults(file: ConfigFile, top: ServicesFile, base: Path) -> DefaultsRow:
    return check_table(DefaultsRow, file, base=base, at=("defaults",)) if top.defaults else DefaultsRow()


def _read_row(file: ConfigFile, number: int, *, defaults: DefaultsRow | None, base: Path) -> _Row:
    """Read one service; without its faulty defaults it is judged by what it says itself."""
    at: Key = ("service", number)
    row = check_table(ServiceRow, file, base=base, at=at)
    rest = defaults or DefaultsRow()
    accepts, targets = row.accepts or rest.accepts or (), row.targets or rest.targets or ()
    missing = [key for key, value in (("accepts", accepts), ("targets", targets)) if not value and defaults]
    if missing:
        raise ConfigError(
            tuple(
                file.fault((*at, key), f"{row.code} has no {key}; expected them here or in [defaults]")
                for key in missing
            )
        )
    service = Service(
        code=row.code,
        name=row.name,
        use=row.use,
        hint=row.hint,
        aliases=row.aliases,
        confusable=row.confusable,
        accepts=frozenset(accepts),
        max_bytes=rest.max_bytes if row.max_bytes is None else row.max_bytes,
        targets=tuple(_target(target, code=row.code, base=base) for target in targets),
        receive=Receive(row.receive or rest.receive),
        private=row.private,
        digest=row.digest or rest.digest,
    )
    return _Row(at, row, service, (*at, "targets") if row.targets else ("defaults", "targets"))


def _target(row: TargetRow, *, code: str, base: Path) -> Target:
    match row:
        case FolderRow():
            # Not resolved: a share that is not mounted yet must not move the place.
            place = os.path.normpath(row.path.replace("{code}", code))
            path = os.path.normpath(base / place)
            return Target(TargetKind.FOLDER, place=place, path=path, sidecar=row.sidecar)
        case EmailRow():
            return Target(TargetKind.EMAIL, address=row.address, max_bytes=row.max_bytes)
        case SftpRow():
            return Target(
                TargetKind.SFTP,
                host=row.host,
                username=row.username,
                key_file=str(row.key_file),
                host_key=row.host_key,
                remote_folder=row.remote_folder,
            )
    return Target(TargetKind.PICKUP)


def _codes_once(table: _Rows) -> Iterator[Fault]:
    for number, code in enumerate(table.codes):
        first = table.codes.index(code)
        if code and first < number:
            line = table.file.line(("service", first, "code"))
            yield table.file.fault(
                ("service", number, "code"),
                f"{code} is the code of the service on line {line}; expected each code once",
            )


def _aliases(table: _Rows) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for row in table.rows:
        for alias in row.row.aliases:
            if alias in table.codes:
                problem = f'"{alias}" is the code of a service, so it can\'t be an alias of {row.row.code}'
            elif alias in owners:
                problem = f'"{alias}" is an alias of {owners[alias]} already; expected each alias once'
            else:
                owners[alias] = row.row.code
                continue
            yield table.file.fault((*row.at, "aliases"), problem)


def _confusables(table: _Rows) -> Iterator[Fault]:
    for row in table.rows:
        for code in row.row.confusable:
            key = (*row.at, "confusable")
            if code == row.row.code:
                yield table.file.fault(key, f"{code} can't be confused with itself; expected other codes")
            elif code not in table.codes:
                yield table.file.fault(key, f'"{code}" is no code in this file; {suggest(code, table.codes)}')


def _foreign_names(table: _Rows) -> Iterator[Fault]:
    for run in table.top.national_systems:
        key: Key = ("national_systems", run)
        if run in table.codes:
            yield table.file.fault(key, f"{run} is the code of a service here; expected the letters of another system")
        elif not _CODE.fullmatch(run):
            yield table.file.fault(key, f'found "{run}"; expected upper-case letters A to Z only')
    for code, name in table.top.authorities.items():
        key = ("authorities", code)
        if not re.fullmatch(r"[0-9]{3}", code):
            yield table.file.fault(key, f'found "{code}"; expected the three digits of an LA code')
        if code in table.la_codes:
            problem = (
                f"{code} ({name}) is served by this gateway, as [authority] la_codes says; expected neighbours only"
            )
            yield table.file.fault(key, problem)


def _withdrawals(table: _Rows) -> Iterator[Fault]:
    for row in table.rows:
        kinds = [target.kind for target in row.service.targets if not target.kind.can_withdraw]
        if kinds and row.service.receive is not Receive.ON_DELIVERY:
            yield table.file.fault(
                row.targets_at,
                f'{row.row.code} has a target of kind "{kinds[0]}", where a drop can\'t be withdrawn; '
                'expected receive = "on-delivery" for this service',
            )


def _targets_once(table: _Rows) -> Iterator[Fault]:
    for row in table.rows:
        names = [target.path or target.name for target in row.service.targets]
        for name in {name for name in names if names.count(name) > 1}:
            yield table.file.fault(row.targets_at, f"{row.row.code} has the target {name} twice; expected it once")


def _folders_apart(table: _Rows) -> Iterator[Fault]:
    """Yield a fault where a folder is, or lies within, another service's or the gateway's own."""
    folders = [(row, Path(t.path)) for row in table.rows for t in row.service.targets if t.kind is TargetKind.FOLDER]
    for number, (row, folder) in enumerate(folders):
        if _overlap(folder, table.data):
            yield table.file.fault(
                row.targets_at,
                f"{row.row.code} would drop into {folder}, and {table.data} is the gateway's own; "
                "expected another folder",
            )
        other = next((r for r, path in folders[:number] if r.row.code != row.row.code and _overlap(folder, path)), None)
        if other is not None:
            yield table.file.fault(
                row.targets_at,
                f"{row.row.code} would drop into {folder}, and {other.row.code} into the same folder or one around it; "
                "expected a folder for each service alone, for example with {code} in its path",
            )


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


_CHECKS: tuple[Callable[[_Rows], Iterator[Fault]], ...] = (
    _codes_once,
    _aliases,
    _confusables,
    _foreign_names,
    _withdrawals,
    _targets_once,
    _folders_apart,
)
