"""One SSH connection: counted from its beginning, its channels once somebody is in, looked at until its end.

Owns who is one too many, when a connection is ended, and what a session of SFTP is given. Every request but a session
with SFTP stays at asyncssh's refusal. Who gets in is `wayin` (Source: SPEC 5, 9; FIELD-NOTES B.1, B.2).
"""

from collections.abc import Coroutine
from typing import Any, TypeAlias

import asyncssh

from gateway import log
from gateway.core.register import Account, AccountState, Directory
from gateway.inbound.sftp.door import Door
from gateway.inbound.sftp.flow import Limits
from gateway.inbound.sftp.link import Link, read_at_most
from gateway.inbound.sftp.listing import names_at_once
from gateway.inbound.sftp.oldclients import welcome_old_clients
from gateway.inbound.sftp.portal import Portal
from gateway.inbound.sftp.session import PortalSession, SessionLimits
from gateway.inbound.sftp.view import Sight
from gateway.inbound.sftp.wayin import WayIn
from gateway.inbound.sftp.wire import cut_short

_TAKEN_AWAY = (AccountState.SUSPENDED, AccountState.REVOKED)
_IDLE = "Nothing was done here for a while, so the connection was closed. Connect again whenever you like."
_TOO_SLOW = "The questions were not answered in time. Nothing was changed; log in again to go on."
_CHANGED = "Your access was changed. Please log in again."
Channel: TypeAlias = "asyncssh.SSHServerChannel[bytes]"


class Connection(WayIn):
    """What asyncssh asks of a server, for one connection."""

    def __init__(self, door: Door) -> None:
        """Take what is shared."""
        super().__init__(door)
        self._sessions: set[PortalSession] = set()
        self._active_at = 0.0
        self._link = Link(None)

    @property
    def username(self) -> str | None:
        """The account, once it is logged in."""
        return self._account.username if self._account else None

    # The connection

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Count, and refuse what is too many."""
        super().connection_made(conn)
        self._link = Link(conn.get_extra_info("socket"))
        is_full = self._door.is_full_for(self.peer)
        self._door.connections.add(self)
        if is_full:
            log.refused(channel="sftp", reason="too-many-connections")
            conn.abort()
            return
        welcome_old_clients(conn)
        cut_short(conn)
        # asyncssh buffers without end what a client asks for and never takes; the transport tells us, by asyncio's own
        # protocol, when its buffer is full.
        conn.pause_writing, conn.resume_writing = self._pause, self._resume  # type: ignore[method-assign]
        self._ask_for_all(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count down."""
        self._door.connections.discard(self)
        super().connection_lost(exc)

    def auth_completed(self) -> None:
        """Count from now how long nothing is done."""
        super().auth_completed()
        self._noticed()

    def _pause(self) -> None:
        for session in self._sessions:
            session.pause("network")

    def _resume(self) -> None:
        for session in self._sessions:
            session.resume("network")

    # The channels

    def session_requested(self) -> bool | tuple[Channel, Coroutine[Any, Any, PortalSession]]:
        """Open the portal; among many, with less that may come before it is asked for."""
        self._sessions = {session for session in self._sessions if not session.is_ended}
        if self._account is None or len(self._sessions) >= self._limits.channels:
            return False
        read_at_most(self._conn, self._door.mouthful)
        channel = self._conn.create_server_channel(encoding=None, window=self._door.window)
        return channel, self._open_session(self._account)

    async def _open_session(self, account: Account) -> PortalSession:
        door, limits = self._door, self._limits
        sight = Sight(account, door.ledger, door.directory, door.policy, door.clock, door.tables, door.waiting)
        portal = Portal(
            sight,
            await door.desk(account.username),
            door.doors,
            peer=self.peer,
            verified_by=self._proved_by,
            shares=limits.shares,
        )
        names = names_at_once(str(self._conn.get_extra_info("client_version") or ""))
        engine = Limits(max_handles=limits.handles, max_outstanding=limits.outstanding, max_names=names)
        session = PortalSession(
            portal, limits=SessionLimits(engine, limits.outstanding_bytes), now=door.now, noticed=self._noticed
        )
        self._sessions.add(session)
        return session

    @property
    def is_busy(self) -> bool:
        """Whether an upload is under way."""
        return any(session.is_uploading for session in self._sessions)

    async def settled(self) -> None:
        """Return when nothing that was asked is under way any more."""
        for session in tuple(self._sessions):
            await session.settled()

    # Its end

    def _noticed(self) -> None:
        self._active_at = self._door.clock.monotonic()

    def look(self, now: float) -> None:
        """End it if it is idle; a transfer, however slow, is not."""
        if self._account is None:
            if self._login_until and now >= self._login_until:
                self.end(_TOO_SLOW)
            return  # before that, the login has a time of its own
        if self._link.has_moved():
            self._active_at = now
            self._conn.set_keepalive()  # from now: the answer to one would wait behind what still moves
        if now - self._active_at >= self._limits.idle_seconds:
            log.refused(channel="sftp", reason="idle")
            self.end(_IDLE)

    def review(self, directory: Directory) -> None:
        """End the connection of who may no longer be here, or whose rights changed; at the login, of who is known."""
        mine = self._account
        now = directory.account(mine.username if mine else self._username)
        if mine is None:
            is_over = self._login_until > 0 and (now is None or now.state in _TAKEN_AWAY)
        else:
            is_over = now is None or self._has_lost_key(now) or not self._door.access.may_stay(mine, now)
        if is_over:
            log.refused(channel="sftp", reason="account-changed")
            self.end(_CHANGED)

    def _has_lost_key(self, account: Account) -> bool:
        """Whether the key that opened the door is the account's no more."""
        return self._used_key is not None and not self._door.keys.opens(account.username, self._used_key)

    def end(self, why: str) -> None:
        """Close, with a sentence."""
        self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, why)
