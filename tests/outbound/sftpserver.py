"""A service's own SFTP server on loopback: asyncssh's, serving a folder to one key, with faults when asked for."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from gateway.core.routing import Target, TargetKind


@dataclass
class Remote:
    """The server, and what it was asked."""

    folder: Path
    host_key: asyncssh.SSHKey
    client_key: asyncssh.SSHKey
    key_file: Path
    port: int = 0
    renames: list[tuple[str, str]] = field(default_factory=list)
    cut_to: int | None = None  # keeps no more than so many bytes of a file
    logins: int = 0

    def target(self, **values: Any) -> Target:
        """Return a target that means this server."""
        given: dict[str, Any] = {
            "kind": TargetKind.SFTP,
            "host": f"127.0.0.1:{self.port}",
            "username": "gateway",
            "key_file": str(self.key_file),
            "host_key": self.host_key.export_public_key().decode().strip(),
            "remote_folder": "in",
            **values,
        }
        return Target(**given)

    def lying(self) -> dict[str, bytes]:
        """Return what lies in its folder."""
        return {p.name: p.read_bytes() for p in (self.folder / "in").iterdir()}


class _Server(asyncssh.SSHServer):
    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self._remote.logins += 1
        return username == "gateway" and key.public_data == self._remote.client_key.public_data


def _files(remote: Remote) -> Callable[[asyncssh.SSHServerChannel[bytes]], asyncssh.SFTPServer]:
    class Files(asyncssh.SFTPServer):
        def rename(self, oldpath: bytes, newpath: bytes) -> None:
            old, new = Path(self.map_path(oldpath).decode()), Path(self.map_path(newpath).decode())
            if new.exists():  # as version 3 of the protocol wants it
                raise asyncssh.SFTPFailure("the name is taken")
            if remote.cut_to is not None:
                old.write_bytes(old.read_bytes()[: remote.cut_to])
            old.rename(new)
            remote.renames.append((old.name, new.name))

        def write(self, file_obj: Any, offset: int, data: bytes) -> int:
            if remote.cut_to is not None:
                data = data[: max(0, remote.cut_to - offset)]
            return super().write(file_obj, offset, data)  # type: ignore[return-value]

    return lambda channel: Files(channel, chroot=str(remote.folder).encode())


@asynccontextmanager
async def sftp_server(place: Path) -> AsyncIterator[Remote]:
    """Serve a folder on a free port of loopback."""
    (place / "served" / "in").mkdir(parents=True)
    client_key = asyncssh.generate_private_key("ssh-ed25519")
    key_file = place / "key"
    key_file.write_bytes(client_key.export_private_key())
    key_file.chmod(0o600)
    remote = Remote(place / "served", asyncssh.generate_private_key("ssh-ed25519"), client_key, key_file)
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: _Server(remote),
        server_host_keys=[remote.host_key],
        sftp_factory=_files(remote),
        sftp_version=3,
    )
    remote.port = server.get_port()
    try:
        yield remote
    finally:
        server.close()
        await server.wait_closed()
