"""The kinds of value that a key of `gateway.toml` takes: what is written there, and the frozen value it becomes.

Knows no key. Each kind refuses what it can't be with a sentence that says what was expected; paths are taken from the
folder of the file (Source: SPEC 13).
"""

import ipaddress
import re
import zoneinfo
from collections import Counter
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from gateway.core.endpoint import EXPECTED_LISTEN, EXPECTED_RELAY, EXPECTED_SCANNER, Address, Relay, Scanner, SocketPath

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Method = Literal["publickey", "password"]
T = TypeVar("T")

MAIL_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise ValueError(expected)
    return value


def _listen(value: object) -> Address:
    return value if isinstance(value, Address) else Address.parse(_text(value, EXPECTED_LISTEN))


def _path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return _below(value, info)
    if not _text(value, "expected a path in quotes"):
        raise ValueError("expected a path; a relative one is taken from the folder of gateway.toml")
    return _below(Path(str(value)), info)


def _below(path: Path, info: ValidationInfo) -> Path:
    base = (info.context or {}).get("base")
    return path if base is None else base / path


def _path_or_none(value: object, info: ValidationInfo) -> Path | None:
    return None if value is None or value == "" else _path(value, info)


def _lmtp_listen(value: object, info: ValidationInfo) -> Address | SocketPath:
    if isinstance(value, Address | SocketPath):
        return value
    text = _text(value, EXPECTED_LISTEN)
    if text.startswith("unix:"):
        return SocketPath(str(_path(text.removeprefix("unix:"), info)))
    return _listen(value)


def _relay(value: object) -> Relay:
    return value if isinstance(value, Relay) else Relay.parse(_text(value, EXPECTED_RELAY))


def _scanner(value: object) -> Scanner | None:
    if value is None or isinstance(value, Scanner):
        return value
    return Scanner.parse(_text(value, EXPECTED_SCANNER))


def _network(value: object) -> Network:
    try:
        return ipaddress.ip_network(_text(value, ""))
    except ValueError:
        raise ValueError('expected an IP address or a network, like "192.0.2.7" or "192.0.2.0/24"') from None


def _name_server(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError('expected the IP address of a name server, like "192.0.2.53"') from None


def _mail_address(text: str) -> str:
    if not MAIL_ADDRESS.fullmatch(text):
        raise ValueError('expected an email address, like "files@derbyshire.example"')
    return text.lower()


def _la_code(text: str) -> str:
    if not re.fullmatch(r"[0-9]{3}", text):
        raise ValueError('expected three digits in quotes, like "830"')
    return text


def _timezone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError('expected a time zone of the IANA list, like "Europe/London"') from None
    return text


def _time_of_day(value: object) -> time:
    if isinstance(value, time):
        return value
    text = _text(value, 'expected a time of day, like "16:00"')
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError('expected a time of day, like "16:00"')
    return time.fromisoformat(text)


def _combinations(value: object) -> object:
    """Take `["publickey"]` as one combination, and a list of lists as several of which one is enough."""
    is_flat = isinstance(value, tuple) and value and all(isinstance(each, str) for each in value)
    return (value,) if is_flat else value


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"{twice[0]} stands there twice; expected it once")
    return values


Count = Annotated[int, Field(ge=1)]
CountOrNone = Annotated[int, Field(ge=0)]
Counts = Annotated[tuple[Annotated[int, Field(ge=1, le=366)], ...], AfterValidator(_distinct)]
Text = Annotated[str, Field(min_length=1)]
LaCode = Annotated[str, AfterValidator(_la_code)]
LaCodes = Annotated[tuple[LaCode, ...], Field(min_length=1), AfterValidator(_distinct)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
MailAddresses = Annotated[tuple[MailAddress, ...], Field(min_length=1), AfterValidator(_distinct)]
OptionalMailAddress = Annotated[str, AfterValidator(lambda text: _mail_address(text) if text else text)]
PathKey = Annotated[Path, BeforeValidator(_path)]
PathKeys = Annotated[tuple[PathKey, ...], Field(min_length=1), AfterValidator(_distinct)]
OptionalPath = Annotated[Path | None, BeforeValidator(_path_or_none)]
Listen = Annotated[Address, BeforeValidator(_listen)]
Listens = Annotated[tuple[Listen, ...], AfterValidator(_distinct)]
LmtpListen = Annotated[Address | SocketPath, BeforeValidator(_lmtp_listen)]
Networks = Annotated[tuple[Annotated[Network, BeforeValidator(_network)], ...], Field(min_length=1)]
NameServers = Annotated[tuple[Annotated[str, AfterValidator(_name_server)], ...], AfterValidator(_distinct)]
RelayUrl = Annotated[Relay, BeforeValidator(_relay)]
ScannerAddress = Annotated[Scanner | None, BeforeValidator(_scanner)]
Combination = Annotated[tuple[Method, ...], Field(min_length=1), AfterValidator(_distinct)]
CombinationsOrNone = Annotated[tuple[Combination, ...], BeforeValidator(_combinations)]
Combinations = Annotated[tuple[Combination, ...], Field(min_length=1), BeforeValidator(_combinations)]
