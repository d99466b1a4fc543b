"""The SFTP listeners: opened together, closed together; and what they speak.

Owns the algorithms and the host keys, which are never made anew by themselves: schools know us by them (Source: SPEC 5;
FIELD-NOTES B.2).
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import asyncssh

from gateway.core.endpoint import Address
from gateway.errors import ConfigError, Fault
from gateway.inbound.sftp.connection import Connection
from gateway.inbound.sftp.door import Door, SftpLimits

__all__ = ["Door", "SftpLimits", "SftpListeners"]

# Strong and widely spoken: every client of docs/clients.md connects. No SHA-1, no CBC, no NIST curves, no compression;
# and no classic Diffie-Hellman, since anybody could keep us busy with its arithmetic.
KEX = ("mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org")
CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
SIGNATURES = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
PACKET = 64 << 10  # bytes; what clients put into one packet of a channel at the most
_LOST = (
    "The host key is never made anew by itself, since schools know the gateway by it: restore it from a backup, or, if "
    "it was lost for good, make one (ssh-keygen -t ed25519) and tell every school its fingerprint."
)


class SftpListeners:
    """All of them."""

    def __init__(self, door: Door, places: Sequence[Address], host_keys: Sequence[Path]) -> None:
        """Take where to listen and the keys that schools know us by."""
        self._door = door
        self._places = tuple(places)
        self._host_keys = tuple(host_keys)
        self._open: list[asyncssh.SSHAcceptor] = []
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen. Raises ConfigError when a key or a place can't be had; then none is open."""
        keys = [read_host_key(path) for path in self._host_keys] if self._places else []
        try:
            for place in self._places:
                self._open.append(await self._listen(place, keys))
        except OSError as error:
            await self.close()
            raise ConfigError((Fault("gateway.toml", "[sftp] listen", f"can't listen: {error}"),)) from error
        self._watch = asyncio.create_task(self._door.watch())

    @property
    def endpoints(self) -> list[str]:
        """Return where we listen, with the ports that we got: as in run/endpoints.json."""
        return [str(Address(*sock.getsockname()[:2])) for acceptor in self._open for sock in acceptor.sockets]

    async def close(self, *, grace: float = 0) -> None:
        """Take nobody in; let uploads under way be finished for so many seconds, then end every connection."""
        for acceptor in self._open:
            acceptor.close()
        self._open.clear()
        door = self._door
        until = door.clock.monotonic() + grace
        while any(c.is_busy for c in door.connections) and door.clock.monotonic() < until:
            await door.clock.sleep(0.1)
        leaving = tuple(door.connections)
        for connection in leaving:
            connection.end("The gateway is restarting. Please connect again in a moment.")
        await door.settled()
        await self._stop_watching()

    async def _stop_watching(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _listen(self, place: Address, keys: list[asyncssh.SSHKey]) -> asyncssh.SSHAcceptor:
        limits = self._door.limits
        return await asyncssh.listen(
            place.host,
            place.port,
            server_factory=lambda: Connection(self._door),
            server_host_keys=keys,
            server_version="SchoolFileGateway",
            config=None,
            kex_algs=KEX,
            encryption_algs=CIPHERS,
            mac_algs=MACS,
            signature_algs=SIGNATURES,
            compression_algs=None,
            login_timeout=limits.login_seconds,
            keepalive_interval=limits.keepalive_seconds,
            keepalive_count_max=3,
            host_based_auth=False,
            kbdint_auth=True,
            gss_host=None,
            allow_scp=False,
            allow_pty=False,
            line_editor=False,
            agent_forwarding=False,
            x11_forwarding=False,
            encoding=None,
            window=limits.outstanding_bytes,
            max_pktsize=PACKET,
            backlog=512,
        )


def read_host_key(path: Path) -> asyncssh.SSHKey:
    """Return the private key in a file. Raises ConfigError when there is none, or one that clients should not trust."""
    where = "[sftp] host_keys"
    try:
        key = asyncssh.read_private_key(str(path))
    except FileNotFoundError:
        raise ConfigError((Fault("gateway.toml", where, f"there is no {path}. {_LOST}"),)) from None
    except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise ConfigError((Fault("gateway.toml", where, f"{path} can't be used: {error}"),)) from error
    if key.get_algorithm() not in _HOST_KEYS:
        problem = f"{path} is a key of the kind {key.get_algorithm()}; expected Ed25519 (or ECDSA)"
        raise ConfigError((Fault("gateway.toml", where, problem),))
    return key
