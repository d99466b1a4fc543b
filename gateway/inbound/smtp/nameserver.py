"""Questions to the DNS, asked without holding the loop.

Owns the difference between "there is none" (an empty answer) and "it can't be known now" (Transient): a name server
that doesn't answer must never turn into a refusal. Source: SPEC 4.
"""

from collections.abc import Sequence
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from gateway.errors import Transient

_CACHED = 2_000  # answers
_NONE = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)
_NO_NAME = (dns.exception.SyntaxError, dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel)


class NameServer:
    """The resolvers that this host uses, or those that are given."""

    def __init__(self, *, servers: Sequence[str] = (), port: int = 53, seconds: float = 5.0) -> None:
        """Ask these addresses; none means those of the host. `seconds` is for one question with all its attempts."""
        self._resolver = dns.asyncresolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port
        self._resolver.lifetime = seconds
        self._resolver.cache = dns.resolver.LRUCache(_CACHED)

    async def ask(self, name: str, kind: str) -> list[object]:
        """Return the records of a name: TXT as bytes, MX as (preference, name), the others as text.

        Aliases are followed. Raises Transient while nobody answers.
        """
        try:
            answer = await self._resolver.resolve(name, kind, search=False)
        except (*_NONE, *_NO_NAME):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Transient(f"the name server did not answer: {type(error).__name__}") from error
        return [_value(record) for record in answer]

    async def texts(self, name: str) -> list[bytes]:
        """Return the TXT records of a name."""
        return [text for text in await self.ask(name, "TXT") if isinstance(text, bytes)]


def _value(record: Any) -> object:
    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(record.strings)
    if record.rdtype == dns.rdatatype.MX:
        return (record.preference, record.exchange.to_text(omit_final_dot=True))
    return record.target.to_text(omit_final_dot=True) if record.rdtype == dns.rdatatype.PTR else record.address
