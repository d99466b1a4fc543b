"""The verifier of who did not sign in, as the settings of the moment want it.

Owns when there is one, what a reload changes about it, and its end: a session goes on with the verifier that it began
with, so none is closed before the doors are. Source: SPEC 4, 13.
"""

import dns.resolver

from gateway.errors import ConfigError, Fault
from gateway.inbound.smtp.dmarc import DomainProof
from gateway.inbound.smtp.nameserver import NameServer
from gateway.inbound.smtp.sender import Register
from gateway.mailsettings import DnsSettings
from gateway.settings import Settings


class Strangers:
    """Makes and keeps the verifiers of the public listeners."""

    def __init__(self, register: Register) -> None:
        """Know nobody but who is in this register."""
        self._register = register
        self._proofs: dict[DnsSettings, DomainProof] = {}

    def verifier(self, settings: Settings) -> DomainProof | None:
        """Return what these settings want, the same for the same name servers; None: strangers must sign in.

        Raises ConfigError when there is no name server to ask.
        """
        if not settings.smtp.verify_domains:
            return None
        if settings.dns not in self._proofs:
            self._proofs[settings.dns] = DomainProof(names=name_server(settings.dns), register=self._register)
        return self._proofs[settings.dns]

    def close(self) -> None:
        """Let go of what was begun. Safe to repeat."""
        for proof in self._proofs.values():
            proof.close()


def name_server(settings: DnsSettings) -> NameServer:
    """Return the resolver that these settings name. Raises ConfigError when the host has none either."""
    try:
        return NameServer(servers=settings.servers, port=settings.port, seconds=settings.timeout_seconds)
    except dns.resolver.NoResolverConfiguration:
        fault = Fault("gateway.toml", "[dns] servers", "this host has no name server of its own; expected one here")
        raise ConfigError((fault,)) from None
