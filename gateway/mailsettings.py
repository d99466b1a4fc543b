"""The keys of `gateway.toml` about email: its doors, whom we believe, and how far a message is taken apart.

Owns these keys and their ranges; `settings` joins them to the others (Source: SPEC 4, 13).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from gateway.configfile import Table
from gateway.configkinds import (
    Count,
    CountOrNone,
    Listens,
    LmtpListen,
    MailAddresses,
    NameServers,
    Networks,
    PathKey,
    Text,
)


class RelayListener(Table):
    """A listener for a mail server that has verified its senders."""

    listen: Annotated[Listens, Field(min_length=1)]
    networks: Networks = Field(alias="from")
    authserv_id: Text


class SmtpSettings(Table):
    """The door for email."""

    listen: Listens = ()  # STARTTLS
    listen_tls: Listens = ()  # TLS from the first byte
    addresses: MailAddresses
    hostname: str = ""  # "" is the host's own name, as it stands on the host
    certificate: PathKey = Path("tls/certificate.pem")
    key: PathKey = Path("tls/key.pem")
    require_tls: bool = True
    device_starttls: bool = False
    max_message_bytes: Count = 300 << 20
    max_recipients: Count = 20  # a message
    max_errors: Count = 10  # a session
    max_commands: Count = 500  # a session
    max_auth_failures: Count = 3  # a session
    max_connections: Count = 500
    max_connections_per_address: Count = 20
    max_received: Count = 50  # Received lines in a message: more is a loop
    idle_seconds: Count = 300
    min_bytes_per_second: CountOrNone = 500  # of a message, over each pace_seconds
    pace_seconds: Count = 60
    bare_newlines: Literal["reject", "normalise"] = "reject"  # of who did not sign in
    verify_domains: bool = True  # of who did not sign in, by SPF, DKIM and DMARC
    strangers_at_once: Count = 100  # messages under way from who did not sign in
    stranger_seconds: Count = 900  # for such a message, however it dawdles
    postmaster_per_day: Count = 20  # messages that are handed on to the contact
    relay: tuple[RelayListener, ...] = ()

    @property
    def domain(self) -> str:
        """Return the gateway's own domain: that of its first address."""
        return self.addresses[0].rpartition("@")[2]


class LmtpSettings(Table):
    """The door for a mail server in front."""

    listen: tuple[LmtpListen, ...] = ()
    authserv_id: str = ""

    @field_validator("authserv_id")
    @classmethod
    def _needed_to_listen(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("listen") and not value:
            raise ValueError("expected the authserv-id that the mail server in front writes, since LMTP is on")
        return value


class DnsSettings(Table):
    """Whom we ask what stands in the DNS."""

    servers: NameServers = ()  # () is the host's own
    port: Annotated[Count, Field(le=65535)] = 53  # of these servers
    timeout_seconds: Count = 5  # a question, with all its attempts


class MessageSettings(Table):
    """How far a message is taken apart."""

    max_header_bytes: Count = 256 << 10  # of one header block
    max_headers: Count = 1000  # of one part
    max_parts: Count = 500
    max_part_bytes: Count = 300 << 20  # of one part, decoded
    max_depth: Count = 20  # messages and multiparts inside each other
    max_comment_chars: CountOrNone = 2000
