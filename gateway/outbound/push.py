"""A service's own SFTP server: a file pushed to it, whole and under its name, or not there at all.

Owns the pinned host key, the temporary name, the check of the size, the rename that never replaces, and how a repeat
is known: what lies there under the name already, with these bytes, was pushed before. Nothing of this host's own SSH
configuration counts (Source: SPEC 6; FIELD-NOTES B.4).
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar, cast

import asyncssh

from gateway.core.endpoint import Address
from gateway.core.layout import split_name
from gateway.core.model import FileRecord
from gateway.core.routing import Target
from gateway.errors import Permanent, Transient
from gateway.ports import Disk, Threads

_CONNECT_SECONDS = 20.0
_LEAST_SECONDS = 60.0
_PACE = 100_000  # bytes a second: the slowest server that is waited for
_PIECE = 1 << 18  # bytes in memory
T = TypeVar("T")


class SftpDrops:
    """The Pusher port."""

    def __init__(self, *, disk: Disk, threads: Threads) -> None:
        """Take our own disk."""
        self._disk = disk
        self._threads = threads

    async def push(self, target: Target, *, id: str, file: FileRecord, source: str) -> str:
        """Put a file there; return the name that it has. Raises Transient, and Permanent for a false host key."""
        size = file.size or 0

        async def put(remote: asyncssh.SFTPClient) -> str:
            name = await self._name_for(remote, target, file)
            if name is None:
                return file.name
            temporary = _in(target, f".{id}.part")
            await self._copy(remote, source, temporary, size)
            there = (await remote.stat(temporary)).size
            if there != size:
                raise Transient(f"{target.host} kept {there} of {size} bytes. It is tried again.")
            await remote.rename(temporary, _in(target, name))
            return name

        return await self._at(target, put, seconds=_LEAST_SECONDS + 2 * size / _PACE)

    async def sweep(self, target: Target, *, id: str) -> None:
        """Remove the temporary name of a drop."""

        async def remove(remote: asyncssh.SFTPClient) -> None:
            with suppress(asyncssh.SFTPNoSuchFile):
                await remote.remove(_in(target, f".{id}.part"))

        await self._at(target, remove, seconds=_LEAST_SECONDS)

    async def _name_for(self, remote: asyncssh.SFTPClient, target: Target, file: FileRecord) -> str | None:
        """Return a free name, or None when the file lies there already."""
        stem, ending = split_name(file.name)
        for name in (file.name, f"{stem} ({file.id}){ending}"):
            path = _in(target, name)
            if not await remote.exists(path):
                return name
            if await self._is_same(remote, path, file):
                return None
        raise Transient(f"{target.host} holds other files under both names of this one. Move them away.")

    async def _is_same(self, remote: asyncssh.SFTPClient, path: str, file: FileRecord) -> bool:
        if (await remote.stat(path)).size != file.size:
            return False
        digest = hashlib.sha256()
        async with remote.open(path, "rb") as lying:
            while piece := cast(bytes, await lying.read(_PIECE)):  # opened as bytes
                digest.update(piece)
        return digest.hexdigest() == file.sha256

    async def _copy(self, remote: asyncssh.SFTPClient, source: str, temporary: str, size: int) -> None:
        async with remote.open(temporary, "wb") as out:  # cuts off what an earlier try left
            offset = 0
            while offset < size:
                piece = await self._threads.run(self._read, source, offset, min(_PIECE, size - offset))
                if not piece:
                    raise Permanent("The bytes to push are fewer than were received. Look at the disk.")
                await out.write(piece, offset)
                offset += len(piece)

    def _read(self, path: str, offset: int, size: int) -> bytes:
        fd = self._disk.open(path)
        try:
            return self._disk.read(fd, size, offset)
        finally:
            self._disk.close(fd)

    async def _at(self, target: Target, work: Callable[[asyncssh.SFTPClient], Awaitable[T]], *, seconds: float) -> T:
        """Work at a service's server; whatever goes wrong there is Transient, but for a key that is not the pinned."""
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connect(target)
                return await _while_it_answers(connection, work)
        except asyncssh.HostKeyNotVerifiable as false:
            raise Permanent(
                f"{target.host} shows another host key than the one in routing/services.toml. If the service changed "
                "it, put the new one there; if not, somebody may be listening."
            ) from false
        except asyncssh.PermissionDenied as refused:
            raise Transient(f"{target.host} refuses the login of {target.username}: {refused.reason}.") from refused
        except TimeoutError as silent:
            raise Transient(f"{target.host} gives no answer.") from silent
        except asyncssh.SFTPError as fault:
            raise Transient(f"{target.host}, folder {target.remote_folder or '.'}: {_reason(fault)}") from fault
        except (OSError, asyncssh.Error) as trouble:
            raise Transient(f"{target.host}: {_reason(trouble)}") from trouble

    async def _connect(self, target: Target) -> asyncssh.SSHClientConnection:
        place = Address.parse(target.host)
        key = await self._threads.run(_private_key, target.key_file)
        return await asyncssh.connect(
            place.host,
            place.port,
            username=target.username,
            client_keys=[key],
            known_hosts=([asyncssh.import_public_key(target.host_key)], [], []),
            config=None,  # or it would read this host's ~/.ssh/config
            agent_path=None,
            gss_host=None,
            password=None,
            preferred_auth="publickey",
            connect_timeout=_CONNECT_SECONDS,
            login_timeout=_CONNECT_SECONDS,
            keepalive_interval=15,
        )


async def _while_it_answers(
    connection: asyncssh.SSHClientConnection,
    work: Callable[[asyncssh.SFTPClient], Awaitable[T]],
) -> T:
    """Work, and end the connection. Who is told to stop ends it first.

    Leaving an open file asks the server to close it, and a polite end waits for the server's own: one that has fallen
    silent would be waited for, for ever.
    """

    async def working() -> T:
        return await work(await connection.start_sftp_client())

    task = asyncio.ensure_future(working())
    try:
        return await asyncio.shield(task)
    finally:
        connection.abort()
        await asyncio.gather(task, return_exceptions=True)  # what it says of the end is nobody's news


def _private_key(path: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(path)
    except (OSError, asyncssh.KeyImportError) as fault:
        raise Permanent(f"The private key {path} can't be read ({_reason(fault)}).") from fault


def _in(target: Target, name: str) -> str:
    return f"{target.remote_folder.rstrip('/')}/{name}" if target.remote_folder else name


def _reason(fault: Exception) -> str:
    """Return a foreign exception as words for an administrator."""
    text = getattr(fault, "reason", "") or str(fault) or type(fault).__name__
    return " ".join(str(text).split())[:300].rstrip(".") + "."
