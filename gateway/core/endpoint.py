"""Where to listen and where to connect: the texts of `gateway.toml` as values.

Parses `host:port`, `[::1]:25`, a relay's URL and a scanner's address; opens nothing. A text that can't be used raises
ValueError with a sentence that says what was expected (Source: SPEC 13).
"""

import ipaddress
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias
from urllib.parse import urlsplit

Security: TypeAlias = Literal["plain", "starttls", "tls"]

_RELAY_SCHEMES: dict[str, tuple[Security, int]] = {  # scheme -> how it is protected, and its usual port
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
    "smtp": ("plain", 25),
}
EXPECTED_LISTEN = 'expected "host:port", for example "0.0.0.0:25" or "[::1]:25"; port 0 takes a free one'
EXPECTED_RELAY = 'expected "smtp+starttls://host:587", "smtps://host:465" or, on this host only, "smtp://127.0.0.1:25"'
EXPECTED_SCANNER = 'expected "none", "clamd:host:port" or "clamd:/path/of/the/socket"'


@dataclass(frozen=True)
class Address:
    """A host and a port of TCP."""

    host: str  # a name or an IP address, without brackets
    port: int  # 0 to 65535; 0 takes a free one

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `host:port`; an IPv6 address stands in brackets."""
        host, colon, port = text.rpartition(":")
        if not colon or not host or not _is_port(port):
            raise ValueError(EXPECTED_LISTEN)
        return cls(_bare_host(host), int(port))

    def __str__(self) -> str:
        """Return it as it stands in `gateway.toml` and `run/endpoints.json`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether what listens or answers there is on this host."""
        return is_loopback(self.host)


@dataclass(frozen=True)
class SocketPath:
    """A Unix socket."""

    path: str  # absolute, once the loader has resolved it

    def __str__(self) -> str:
        """Return it as it stands in `gateway.toml` and `run/endpoints.json`."""
        return f"unix:{self.path}"


@dataclass(frozen=True)
class Relay:
    """The mail server that takes our notices."""

    host: str
    port: int
    security: Security  # plain only on this host

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a relay's URL; the port may be left out."""
        scheme, host, port = _split_relay(text)
        security, usual_port = _RELAY_SCHEMES[scheme]
        if security == "plain" and not is_loopback(host):
            raise ValueError(f"plain smtp:// would send notices unprotected to {host}; {EXPECTED_RELAY}")
        return cls(host, port or usual_port, security)

    def __str__(self) -> str:
        """Return its URL."""
        scheme = next(name for name, (security, _) in _RELAY_SCHEMES.items() if security == self.security)
        return f"{scheme}://{Address(self.host, self.port)}"


@dataclass(frozen=True)
class Scanner:
    """A clamd that looks for malware."""

    at: Address | SocketPath

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `none` (no scanner), `clamd:host:port` or `clamd:/path`."""
        if text == "none":
            return None
        kind, _, place = text.partition(":")
        if kind != "clamd" or not place:
            raise ValueError(EXPECTED_SCANNER)
        if place.startswith("/"):
            return cls(SocketPath(place))
        return cls(_scanner_address(place))

    def __str__(self) -> str:
        """Return it as it stands in `gateway.toml`."""
        return f"clamd:{self.at.path if isinstance(self.at, SocketPath) else self.at}"


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this host itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= 65535


def _bare_host(host: str) -> str:
    if host.startswith("[") and host.endswith("]") and _is_ipv6(host[1:-1]):
        return host[1:-1]
    if any(letter in "[]:/@" or letter.isspace() for letter in host):
        raise ValueError(EXPECTED_LISTEN)
    return host


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _split_relay(text: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port; a user, a path or a query has no place in a relay's URL."""
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:  # unbalanced brackets, or a port that is none
        raise ValueError(EXPECTED_RELAY) from None
    more = url.username is not None or url.path.strip("/") or url.query or url.fragment
    if url.scheme not in _RELAY_SCHEMES or not host or more or port == 0:
        raise ValueError(EXPECTED_RELAY)
    return url.scheme, host, port


def _scanner_address(place: str) -> Address:
    try:
        return Address.parse(place)
    except ValueError:
        raise ValueError(EXPECTED_SCANNER) from None
