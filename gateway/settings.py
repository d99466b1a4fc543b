"""What an authority sets in `gateway.toml`: every key, with its unit and its default.

Owns the keys and their ranges, as frozen values. Refuses unknown keys, silent conversions and plain SMTP to another
host; every fault at once, as ConfigError. The words for an administrator stand in the shipped `gateway.toml`, which
names each of these keys and no other (Source: SPEC 11, 13).
"""

from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from gateway.accesssettings import AccessSettings, KeysSettings
from gateway.accountsettings import AccountsSettings, GuessingSettings, PasswordsSettings, PolicySettings
from gateway.configfile import ConfigFile, Key, Table, check_table, read_toml
from gateway.configkinds import (
    MAIL_ADDRESS,
    Combinations,
    CombinationsOrNone,
    Count,
    CountOrNone,
    Counts,
    LaCodes,
    Listens,
    OptionalMailAddress,
    OptionalPath,
    PathKey,
    PathKeys,
    RelayUrl,
    ScannerAddress,
    Text,
    TimeOfDay,
    TimeZone,
)
from gateway.core.endpoint import Address, Relay, SocketPath
from gateway.errors import ConfigError, Fault
from gateway.mailsettings import DnsSettings, LmtpSettings, MessageSettings, SmtpSettings


class AuthoritySettings(Table):
    """Whose gateway this is."""

    la_codes: LaCodes
    name: Text
    timezone: TimeZone = "Europe/London"
    contact: Text  # whom to ask: an address, a telephone number, as people read it

    @property
    def contact_address(self) -> str | None:
        """Return the email address within the contact: there go mail for postmaster@ and alerts."""
        found = MAIL_ADDRESS.search(self.contact)
        return found[0].rstrip(".") if found else None


class StorageSettings(Table):
    """Where the files lie."""

    data: PathKey = Path("data")
    keep_free_bytes: CountOrNone = 1 << 30  # intake says "try again" rather than leave less than this


class TablesSettings(Table):
    """Where the tables lie."""

    config: PathKey = Path("config")
    routing: PathKey = Path("routing")


class SftpSettings(Table):
    """The door for SFTP."""

    listen: Listens = ()
    host_keys: PathKeys = (Path("ssh/host_ed25519"),)
    require: Combinations = (("publickey",), ("password",))
    require_head: CombinationsOrNone = ()  # of headteachers; () is what is asked of all
    require_staff: CombinationsOrNone = ()
    require_officer: CombinationsOrNone = ()
    max_file_bytes: Count = 2 << 30
    max_connections: Count = 500
    max_connections_per_address: Count = 50
    max_logging_in: Count = 100  # connections before their login
    max_logging_in_per_address: Count = 20
    max_sessions_per_account: Count = 10
    max_channels: Count = 10  # a connection
    max_auth_tries: Count = 6  # a connection
    max_handles: Count = 100  # a session
    max_outstanding_requests: Count = 64  # a session
    max_outstanding_bytes: Annotated[Count, Field(ge=1 << 18)] = 2 << 20  # a session, each way
    max_unfinished: Count = 100  # uploads of an account
    login_seconds: Count = 30
    idle_seconds: Count = 900  # without a request or a byte of a transfer
    keepalive_seconds: Count = 30
    unfinished_hours: Count = 24
    max_recalls_per_minute: Count = 20  # a session


class NoticesSettings(Table):
    """The door for what we send."""

    relay: RelayUrl = Relay("127.0.0.1", 25, "plain")
    sender: OptionalMailAddress = Field("", alias="from")  # "" is the first of [smtp] addresses
    username: str = ""  # "" is no login
    password_file: OptionalPath = None
    ca_file: OptionalPath = None  # None is the host's own list
    timeout_seconds: Count = 30
    give_up_hours: Count = 120
    names: Literal["masked", "full"] = "masked"
    headteacher_copies: bool = True
    max_per_hour: Count = 60  # to a person
    max_per_day: Count = 200  # to a person
    tell_received: bool = False  # the sender, when an officer took the file
    sftp_receipts: bool = True  # a receipt for each upload that was accepted
    replies: bool = True  # receipts carry an address that takes ACCEPT, RECALL, STATUS and HELP
    remind_at: TimeOfDay = time(8, 0)  # daily digests, and lists of what nobody collected
    uncollected_working_days: CountOrNone = 5
    purge_warning_days: CountOrNone = 7

    @field_validator("password_file")
    @classmethod
    def _belongs_to_username(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if bool(info.data.get("username")) != (value is not None):
            raise ValueError("expected username and password_file together, or neither")
        return value


class RetentionSettings(Table):
    """How long things are kept."""

    days: CountOrNone = 90
    rejected_days: CountOrNone = 14
    quarantine_days: CountOrNone = 30
    record_years: Count = 7


class InspectSettings(Table):
    """What looks into files."""

    scanner: ScannerAddress = None
    timeout_seconds: Count = 60
    max_entries: Count = 10_000  # of an archive
    max_unpacked_bytes: Count = 2 << 30  # of an archive, by its own account
    max_ratio: Count = 200  # unpacked to packed


class RoutingSettings(Table):
    """When files are dropped."""

    undo_seconds: CountOrNone = 0


class DocumentsSettings(Table):
    """How documents reach the schools."""

    confirm_above: CountOrNone = 25  # schools
    second_person: bool = False  # who confirms must be another than who published
    head_only: bool = False
    digest_at: TimeOfDay = time(16, 0)
    unread_warning_days: CountOrNone = 14


class RequestsSettings(Table):
    """Whether the authority asks its schools for files."""

    enabled: bool = False
    remind_days_before: Counts = (7, 1)  # the deadline, of who has not sent
    remind_days_after: Counts = (1,)  # working days after it


def _absent() -> Any:
    """Stand in for a table that is not there, so that each key it must have is named."""
    return {}


class Settings(Table):
    """All of `gateway.toml`; paths are absolute."""

    authority: AuthoritySettings = Field(default_factory=_absent)
    storage: StorageSettings = Field(default_factory=_absent)
    tables: TablesSettings = Field(default_factory=_absent)
    smtp: SmtpSettings = Field(default_factory=_absent)
    lmtp: LmtpSettings = Field(default_factory=_absent)
    dns: DnsSettings = Field(default_factory=_absent)
    message: MessageSettings = Field(default_factory=_absent)
    sftp: SftpSettings = Field(default_factory=_absent)
    notices: NoticesSettings = Field(default_factory=_absent)
    retention: RetentionSettings = Field(default_factory=_absent)
    inspect: InspectSettings = Field(default_factory=_absent)
    routing: RoutingSettings = Field(default_factory=_absent)
    passwords: PasswordsSettings = Field(default_factory=_absent)
    keys: KeysSettings = Field(default_factory=_absent)
    access: AccessSettings = Field(default_factory=_absent)
    accounts: AccountsSettings = Field(default_factory=_absent)
    guessing: GuessingSettings = Field(default_factory=_absent)
    policy: PolicySettings = Field(default_factory=_absent)
    documents: DocumentsSettings = Field(default_factory=_absent)
    requests: RequestsSettings = Field(default_factory=_absent)
    _file: Path = PrivateAttr(default=Path("gateway.toml"))

    @property
    def file(self) -> Path:
        """Return where these settings stand."""
        return self._file

    @property
    def folder(self) -> Path:
        """Return the folder of the deployment: relative paths are taken from it."""
        return self._file.parent

    @property
    def notice_sender(self) -> str:
        """Return the address that our notices come from."""
        return self.notices.sender or self.smtp.addresses[0]


def read_settings(path: Path) -> Settings:
    """Read `gateway.toml`. Raises ConfigError with all that is wrong in it."""
    file = path.absolute()
    source = read_toml(file, name=file.name)
    settings = check_table(Settings, source, base=file.parent)
    if faults := tuple(_shared_listens(settings, source)):
        raise ConfigError(faults)
    settings._file = file
    return settings


def _shared_listens(settings: Settings, source: ConfigFile) -> Iterator[Fault]:
    """Yield a fault for each place where two doors would listen; port 0 is never the same one."""
    taken: dict[Address | SocketPath, str] = {}
    for key, name, place in _listens(settings):
        if isinstance(place, Address) and place.port == 0:
            continue
        if place in taken:
            problem = f'"{place}" is taken by {taken[place]} already; expected another port'
            yield source.fault(key, problem)
        taken.setdefault(place, name)


def _listens(settings: Settings) -> Iterator[tuple[Key, str, Address | SocketPath]]:
    smtp = settings.smtp
    for place in smtp.listen:
        yield ("smtp", "listen"), "[smtp] listen", place
    for place in smtp.listen_tls:
        yield ("smtp", "listen_tls"), "[smtp] listen_tls", place
    for number, relay in enumerate(smtp.relay):
        for place in relay.listen:
            yield ("smtp", "relay", number, "listen"), "[[smtp.relay]] listen", place
    for door in settings.lmtp.listen:
        yield ("lmtp", "listen"), "[lmtp] listen", door
    for place in settings.sftp.listen:
        yield ("sftp", "listen"), "[sftp] listen", place
