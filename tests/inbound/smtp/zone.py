"""A name server on loopback, with the zone that a test gives it, and messages signed for that zone."""

import asyncio
import base64
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dkim
import dnslib
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TROUBLE, SILENCE = "trouble", "silence"  # SERVFAIL; no answer at all

Zone = dict[tuple[str, str], list[str] | str]


class _Server(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[tuple[str, str]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = dnslib.DNSRecord.parse(data)
        key = (str(request.q.qname).rstrip(".").lower(), dnslib.QTYPE[request.q.qtype])
        self.asked.append(key)
        found = self.zone.get(key, [])
        if found == SILENCE:
            return
        reply = request.reply()
        if found == TROUBLE:
            reply.header.rcode = dnslib.RCODE.SERVFAIL
        elif not found and not any(name == key[0] for name, _ in self.zone):
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        for value in found if isinstance(found, list) else []:
            reply.add_answer(*dnslib.RR.fromZone(_line(key, value)))
        self.transport.sendto(reply.pack(), addr)


def _line(key: tuple[str, str], value: str) -> str:
    name, kind = key
    if kind == "TXT":
        value = " ".join(f'"{value[i : i + 200]}"' for i in range(0, len(value), 200))
    return f"{name}. 60 IN {kind} {value}"


@asynccontextmanager
async def name_server(zone: Zone) -> AsyncIterator[tuple[_Server, int]]:
    """Serve a zone: (name, type) to its values, in the form of a zone file."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: _Server(zone), ("127.0.0.1", 0))
    try:
        yield server, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@functools.cache
def key() -> tuple[bytes, str]:
    """Make a key, once: its PEM, and the record that publishes it."""
    private = rsa.generate_private_key(65537, 1024)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def signed(message: bytes, *, domain: str, selector: str = "s", **options: object) -> bytes:
    """Return the message with a DKIM signature on top."""
    options = {"canonicalize": (b"relaxed", b"relaxed"), **options}
    return dkim.sign(message, selector.encode(), domain.encode(), key()[0], **options) + message
