"""What an authority edits in `routing/` and `config/`, read as one value: completely, or not at all.

Owns the small tables: standard folders, holidays, addresses that no account may have, the acceptable use policy. The
services are `servicetable`'s and the notices `noticetemplate`'s. Every fault of every file at once, as ConfigError
(Source: SPEC 7, 8, 9, 11; DESIGN 1).
"""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from gateway.configfile import ConfigFile, Findings, Table, check_table, read_text, read_toml
from gateway.configkinds import Text
from gateway.core.agreement import AcceptableUse
from gateway.core.routing import Catalogue, Folder
from gateway.errors import ConfigError, Fault
from gateway.servicetable import read_services
from gateway.settings import Settings, StorageSettings, TablesSettings, read_settings
from gateway.templates import ReadWhenUsed, Templates

TableT = TypeVar("TableT", bound=Table)


@dataclass(frozen=True)
class Tables:
    """All tables of a deployment."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    folders: tuple[Folder, ...] = ()
    templates: Templates = field(default_factory=Templates)
    acceptable_use: AcceptableUse = field(default_factory=AcceptableUse)
    holidays: frozenset[date] = frozenset()
    shared_mailboxes: frozenset[str] = frozenset()  # what stands before the @, lower case
    home_domains: frozenset[str] = frozenset()  # lower case


def read_deployment(path: Path, *, tries_templates: bool = True) -> tuple[Settings, Tables]:
    """Read `gateway.toml` and all tables. Raises ConfigError with every fault of both, as far as each can be read.

    Without `tries_templates`, each is read and tried when it is used: a command that writes none starts sooner.
    """
    found = Findings()
    settings = found.attempt(lambda: read_settings(path))
    # Where gateway.toml is faulty elsewhere, the places in it may still be right.
    places = _places(settings) if settings else Findings().attempt(lambda: _places_alone(path.absolute()))
    tables = found.attempt(lambda: _read_tables(places, tries_templates)) if places else None
    if settings is None or tables is None:
        raise ConfigError(tuple(found.faults))
    return settings, tables


def read_tables(settings: Settings) -> Tables:
    """Read all tables that `gateway.toml` points at. Raises ConfigError with every fault of every file."""
    return _read_tables(_places(settings), tries_templates=True)


@dataclass(frozen=True)
class _Places:
    """What of `gateway.toml` the tables need."""

    folder: Path  # of the deployment
    tables: TablesSettings
    storage: StorageSettings
    la_codes: tuple[str, ...]


def _places(settings: Settings) -> _Places:
    return _Places(settings.folder, settings.tables, settings.storage, settings.authority.la_codes)


def _places_alone(path: Path) -> _Places:
    """Read the places from a `gateway.toml` that has faults elsewhere. Raises ConfigError where they are faulty too."""
    source = read_toml(path, name=path.name)
    file = ConfigFile(source.name, {"tables": {}, "storage": {}, **source.data}, source.lines)
    return _Places(
        folder=path.parent,
        tables=check_table(TablesSettings, file, base=path.parent, at=("tables",)),
        storage=check_table(StorageSettings, file, base=path.parent, at=("storage",)),
        la_codes=(),
    )


def _read_tables(places: _Places, tries_templates: bool) -> Tables:
    found = Findings()
    routing, config = places.tables.routing, places.tables.config
    name = _Namer(places.folder)
    catalogue = found.attempt(lambda: _read_catalogue(routing / "services.toml", name, places))
    folders = found.attempt(lambda: _read_folders(routing / "folders.toml", name))
    templates = found.attempt(lambda: _read_notices(config / "notices", name, tries_templates))
    policy = found.attempt(lambda: _read_policy(config / "policy.md", name))
    holidays = found.attempt(lambda: _read_table(HolidaysFile, config / "holidays.toml", name))
    addresses = found.attempt(lambda: _read_table(AddressesFile, config / "addresses.toml", name))
    if not (catalogue and folders and templates and policy and holidays and addresses):
        raise ConfigError(tuple(found.faults))
    return Tables(
        catalogue=catalogue,
        folders=folders,
        templates=templates,
        acceptable_use=policy,
        holidays=frozenset(holidays.days),
        shared_mailboxes=frozenset(addresses.shared_mailboxes),
        home_domains=frozenset(addresses.home_domains),
    )


def _mailbox(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.+_-]+", text):
        raise ValueError('expected what stands before the @, in lower case, like "office"')
    return text


def _domain(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text):
        raise ValueError('expected a domain in lower case, like "hotmail.com"')
    return text


def _folder_name(text: str) -> str:
    if not text.strip() or text != text.strip() or re.search(r'[/\\:*?"<>|\x00-\x1f]', text) or text.endswith("."):
        raise ValueError(
            "expected a folder's name as Windows takes it, without / \\ : * ? \" < > | or a dot at its end"
        )
    return text


def _folder_key(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ValueError('expected lower-case letters, digits and hyphens, like "general"')
    return text


class HolidaysFile(Table):
    """`config/holidays.toml`."""

    days: tuple[date, ...]


class AddressesFile(Table):
    """`config/addresses.toml`."""

    shared_mailboxes: tuple[Annotated[str, AfterValidator(_mailbox)], ...]
    home_domains: tuple[Annotated[str, AfterValidator(_domain)], ...]


class FolderRow(Table):
    """One `[[folder]]`."""

    name: Annotated[Text, AfterValidator(_folder_name)]
    key: Annotated[str, AfterValidator(_folder_key)]


class FoldersFile(Table):
    """`routing/folders.toml`."""

    folder: Annotated[tuple[FolderRow, ...], Field(min_length=1)]


@dataclass(frozen=True)
class _Namer:
    """Names a file as faults show it: relative to the deployment, where it lies in it."""

    folder: Path

    def __call__(self, path: Path) -> str:
        """Return the name."""
        return str(path.relative_to(self.folder) if path.is_relative_to(self.folder) else path)


def _read_notices(folder: Path, name: _Namer, tries_templates: bool) -> Templates:
    if not tries_templates:
        return Templates(ReadWhenUsed(folder, name=name(folder)))
    from gateway.noticetemplate import read_templates  # jinja2 and the samples: half of a command's start

    return Templates(read_templates(folder, name=name(folder)))


def _read_table(model: type[TableT], path: Path, name: _Namer) -> TableT:
    return check_table(model, read_toml(path, name=name(path)), base=path.parent)


def _read_catalogue(path: Path, name: _Namer, places: _Places) -> Catalogue:
    file = read_toml(path, name=name(path))
    return read_services(file, base=places.folder, data=places.storage.data, la_codes=places.la_codes)


def _read_folders(path: Path, name: _Namer) -> tuple[Folder, ...]:
    file = read_toml(path, name=name(path))
    rows = check_table(FoldersFile, file, base=path.parent).folder
    faults = [
        file.fault(("folder", number, key), f'"{value}" stands there twice; expected each {key} once')
        for key, values in (("name", [r.name.casefold() for r in rows]), ("key", [r.key for r in rows]))
        for number, value in enumerate(values)
        if value in values[:number]
    ]
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(Folder(name=row.name, key=row.key) for row in rows)


def _read_policy(path: Path, name: _Namer) -> AcceptableUse:
    first, _, rest = read_text(path, name=name(path)).partition("\n")
    version = re.fullmatch(r"Version: (\S{1,40})\s*", first)
    if version is None:
        problem = f'found "{first[:60]}"; expected "Version: " and a version without spaces, like "Version: 2026-11"'
        raise ConfigError((Fault(name(path), "line 1", problem),))
    if not rest.strip():
        raise ConfigError((Fault(name(path), "", "there is no text after the version; expected what people agree to"),))
    return AcceptableUse(version[1], rest.strip() + "\n")
