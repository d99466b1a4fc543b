"""What every session of the email door is given: limits, and what it asks of the house.

Owns these values and protocols and no behaviour. The limits' names are those of `[smtp]` in `gateway.toml`; a desk is
made once by the application, and again when the configuration is reloaded: a session keeps the one it began with.
"""

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.core.admission import Refusal
from gateway.core.register import Account
from gateway.core.submission import Envelope
from gateway.inbound.smtp.newlines import BareNewlines
from gateway.inbound.smtp.recipients import AddressBook, Recipient
from gateway.inbound.smtp.sender import SenderVerifier
from gateway.ports import Clock, Spool

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class SmtpLimits:
    """How much of us one sender may use. Each has its sentence in `replies`."""

    max_message_bytes: int = 300 << 20
    max_header_bytes: int = 256 << 10
    max_headers: int = 1000  # fields of that header
    max_received: int = 50  # Received lines in a message: more is a loop
    max_recipients: int = 20  # a message
    max_commands: int = 500  # a connection
    max_errors: int = 10  # a connection
    max_auth_failures: int = 5  # a connection
    max_auth_failures_per_address: int = 50  # within auth_window_seconds; 0 is no limit
    auth_window_seconds: float = 600
    max_connections: int = 500
    max_connections_per_address: int = 20  # of the public listeners; an IPv6 /64 is one address
    idle_seconds: float = 300
    min_bytes_per_second: int = 500  # of a message, over each pace_seconds
    pace_seconds: float = 60
    device_starttls: bool = False  # whether a device may also sign in after STARTTLS
    strangers_at_once: int = 100  # messages coming in from who did not sign in
    stranger_seconds: float = 900  # for such a message, from 354 to its end
    keep_free_bytes: int = 0  # left alone beyond one and a half messages
    bare_newlines: BareNewlines = BareNewlines.REJECT  # of who did not sign in; a device's are always put right


class Authenticator(Protocol):
    """Checks a password, in its own time and off the loop. Raises Transient when it can't just now."""

    async def verify_password(self, username: str, password: str, peer: str) -> Account | Refusal:
        """Return the account, or a sentence that tells a guesser nothing. `peer` is the client's address."""
        ...


class TokenCheck(Protocol):
    """Knows the tokens and folders behind reply+, bounce+ and documents+ addresses. May raise Transient."""

    async def admit(self, recipient: Recipient, username: str | None) -> Refusal | None:
        """Return None for a recipient that mail may go to; a refusal becomes a 550.

        Asked at RCPT, with the username of who signed in or None while nobody is known; and again when the message
        is whole and its sender verified ("" for a bounce), so that a token serves its owner alone.
        """
        ...


class Doorman(Protocol):
    """Hears of each message that became our word."""

    def accepted(self, envelope: Envelope) -> None:
        """Wake whoever works on it. Called once, after the seal and before the 250; must not raise."""
        ...


@dataclass(frozen=True)
class Entrance:
    """One kind of listener: who may come in by it, and how a sender is known there."""

    name: str  # smtp, smtps, relay, lmtp: as in run/endpoints.json
    verifier: SenderVerifier | None = None  # of who did not sign in; None: the desk's, if it has one
    offers_login: bool = False
    require_tls: bool = True
    trusts_loopback: bool = False  # whether a client on this host may do without TLS
    networks: tuple[Network, ...] | None = None  # who may connect; None is anybody
    is_public: bool = True  # whether the limits by address hold

    @property
    def takes_devices(self) -> bool:
        """Whether it has TLS from the first byte, which is how copiers sign in (SPEC 9)."""
        return self.name == "smtps"

    @property
    def is_lmtp(self) -> bool:
        """Whether it speaks LMTP."""
        return self.name == "lmtp"


@dataclass(frozen=True)
class Desk:
    """All that sessions share."""

    hostname: str  # as we greet; never looked up
    contact: str  # whom a sender may ask
    limits: SmtpLimits
    tls: ssl.SSLContext | None
    spool: Spool
    clock: Clock
    authenticator: Authenticator
    signed_in: SenderVerifier  # of who did sign in
    book: AddressBook
    doorman: Doorman
    strangers: SenderVerifier | None = None  # of who did not sign in, where the entrance has no verifier of its own
    tokens: TokenCheck | None = None  # None: nobody knows any token, so each is 550


Desks = Callable[[], Desk]
