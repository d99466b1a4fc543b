"""Programs that are too old for the algorithms of everybody else, and what they are offered beside these.

Owns the list of them, by how they greet. Rests on how asyncssh 2 keeps a connection's list of MACs, which it reads only
after it has heard the client's greeting; where that is otherwise, nothing more is offered and they can't connect
(Source: FIELD-NOTES B.2; docs/clients.md).
"""

from collections.abc import Sequence
from typing import overload

import asyncssh

OLD = ("SSH-2.0-libssh2_1.", "SSH-2.0-Renci.SshNet")  # curl of Debian 12; .NET programs before 2024
OLD_MACS = (b"hmac-sha2-256", b"hmac-sha2-512")  # good ones, but not in the newer order of work


class MacsByGreeting(Sequence[bytes]):
    """The MACs that this client is offered."""

    def __init__(self, conn: asyncssh.SSHServerConnection, usual: Sequence[bytes]) -> None:
        """Take the connection, which knows the greeting, and what everybody is offered."""
        self._conn = conn
        self._usual = tuple(usual)

    def _offered(self) -> tuple[bytes, ...]:
        greeting = str(self._conn.get_extra_info("client_version") or "")
        return self._usual + OLD_MACS if greeting.startswith(OLD) else self._usual

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        """Return one, or some."""
        return self._offered()[index]

    def __len__(self) -> int:
        """Return how many."""
        return len(self._offered())


def welcome_old_clients(conn: asyncssh.SSHServerConnection) -> None:
    """Let old programs connect; of the rest, each is offered what it always was."""
    usual = getattr(conn, "_mac_algs", None)
    if usual:
        conn._mac_algs = MacsByGreeting(conn, usual)
