"""The connection beneath a session: who may come in, how long, how much, and how answers are written.

Owns aiosmtpd's quirks: its command loop is kept, and everything that it would say of our faults, count for itself or
leave to chance is put right here. Knows no command (Source: SPEC 4; FIELD-NOTES B.4).
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from ipaddress import ip_network
from typing import cast

from aiosmtpd.smtp import SMTP, TLSSetupException

from gateway import log
from gateway.core.model import Channel
from gateway.core.register import Account
from gateway.errors import Transient
from gateway.inbound.smtp import replies
from gateway.inbound.smtp.desk import Desk, Entrance
from gateway.inbound.smtp.door import address_key, is_among, plain_address
from gateway.inbound.smtp.lobby import Lobby
from gateway.inbound.smtp.replies import Reply

_COMMANDS_AT_ONCE = 16  # of a client that doesn't wait for answers, before the others have their turn
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

_OURS = (  # for what aiosmtpd says by itself, in which a client's own words may stand
    ("500 Error: bad syntax", replies.UNREADABLE),
    ("500 Command line", replies.LINE_TOO_LONG),
)

Command = Callable[[str | None], Awaitable[None]]


class _Words(dict[str, Command]):
    """What is done at a word. What aiosmtpd does not find it would count by itself: to five, whatever the key says."""

    def __init__(self, known: Mapping[str, Command], *, other: Command) -> None:
        super().__init__(known)
        self._other = other

    def get(self, word: str, _: object = None) -> Command:
        return super().get(word, self._other)


class _Unseen:
    """Has nothing to be looked through: aiosmtpd does so for commands and logins that we don't use, each time."""

    def __dir__(self) -> list[str]:
        return []


_NO_HANDLER = _Unseen()


class Connection(_Unseen, SMTP):
    """A client that is connected, from the greeting to the end."""

    line_length_limit = 4096  # bytes of a command; a message is not read by lines

    def __init__(self, *, desk: Desk, entrance: Entrance, lobby: Lobby) -> None:
        """Wait for whoever connects next."""
        self._desk = desk
        self._limits = desk.limits
        self._entrance = entrance
        self._lobby = lobby
        self._commands = 0
        self._errors = 0
        self._quiet_since: float | None = None  # None while a command is being worked on
        self._idle_until = 0.0
        self._is_retiring = False
        super().__init__(
            _NO_HANDLER,
            data_size_limit=desk.limits.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=desk.hostname,
            ident="LMTP" if entrance.is_lmtp else "ESMTP",
            tls_context=desk.tls,
            timeout=desk.limits.idle_seconds,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limit = self.line_length_limit
        self.command_size_limits = defaultdict(lambda: self.line_length_limit)  # aiosmtpd's is one for all sessions
        known = {word: partial(self._obey, command) for word, command in self.commands().items()}
        other = partial(self._obey, lambda _: self.say(replies.UNKNOWN_COMMAND))
        self._smtp_methods = _Words(known, other=other)

    def commands(self) -> dict[str, Command]:
        """Return what is understood, by its word."""
        return {
            "NOOP": self.smtp_NOOP,
            "RSET": self.smtp_RSET,
            "QUIT": self.smtp_QUIT,
            "VRFY": lambda _: self.say(replies.TELLS_NOTHING),  # RFC 5321 3.5.3: neither yes nor no
            "EXPN": lambda _: self.say(replies.TELLS_NOTHING),
            "HELP": lambda _: self.say(replies.HELP),
        }

    # Coming and going

    async def _handle_client(self) -> None:
        self._quiet_since = self._desk.clock.monotonic()
        refusal = replies.NOT_A_RELAY if self._is_kept_out() else self._lobby.door.enter(self, self._limits)
        if refusal is not None:
            self.show_out(refusal)
            return
        try:
            await super()._handle_client()
        except ConnectionError:
            return  # the client went away while we answered
        finally:
            self._lobby.door.leave(self)

    def _is_kept_out(self) -> bool:
        allowed = self._entrance.networks
        return allowed is not None and not is_among(self.peer_address(), allowed)

    def peer_address(self) -> str:
        """Return the client's IP address; "" on a Unix socket."""
        peer: object = self.session.peer if self.session is not None else None  # aiosmtpd says str; it is a pair
        return plain_address(str(peer[0])) if isinstance(peer, tuple) and peer else ""

    def hello_name(self) -> str:
        """Return the name that the client gave with EHLO; "" before, and again after STARTTLS."""
        return (self.session.host_name or "") if self.session is not None else ""

    def wire(self) -> asyncio.Transport:
        """Return what the client is connected by."""
        return cast(asyncio.Transport, self.transport)

    def has_spoken_ahead(self) -> bool:
        """Whether bytes are here that the client sent before it heard our answer."""
        return bool(self._reader._buffer)  # type: ignore[attr-defined]

    def origin(self) -> str:
        """Return what the limits by address count; see `door.Guest`."""
        return address_key(self.peer_address()) if self._entrance.is_public else ""

    def idle_since(self) -> float | None:
        """Return since when a client keeps us waiting whom we may show out; None when we are at work for it."""
        return self._quiet_since

    def is_at_work(self) -> bool:
        """Whether something is under way that should be finished."""
        return self._quiet_since is None

    def show_out(self, reply: Reply) -> None:
        """Say this and close, whatever is under way."""
        if self.transport is None or self.transport.is_closing():
            return
        log.refused(channel=Channel.EMAIL, reason=reply.reason)
        self._writer.write(self._filled(reply).line + b"\r\n")
        self.transport.close()

    def review(self, may_stay: Callable[[Account], bool]) -> None:
        """Stay: nobody signed in here yet."""

    def retire(self) -> None:
        """Close, at once or when what is under way is finished."""
        self._is_retiring = True
        if not self.is_at_work():
            self.show_out(replies.SHUTTING_DOWN)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Wait so long from now. A timer that comes too early sets itself again: one a command would cost more."""
        self._idle_until = self.loop.time() + (duration or self._limits.idle_seconds)
        if self._timeout_handle is None:
            self._set_timer()
        elif self._timeout_handle.when() > self._idle_until:
            self._timeout_handle.cancel()
            self._set_timer()

    def _set_timer(self) -> None:
        self._timeout_handle = self.loop.call_at(self._idle_until, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self.loop.time() < self._idle_until:
            self._set_timer()
        else:
            self.show_out(replies.IDLE)

    # TLS

    def is_encrypted(self) -> bool:
        """Whether TLS is on, by STARTTLS or from the first byte."""
        return self.transport is not None and self.transport.get_extra_info("sslcontext") is not None

    def lacks_tls(self) -> bool:
        """Whether mail must wait for TLS."""
        if not self._entrance.require_tls or self.is_encrypted():
            return False
        return not (self._entrance.trusts_loopback and is_among(self.peer_address(), _LOOPBACK))

    async def start_tls(self) -> None:
        """Begin TLS; nothing of before survives it, neither state nor bytes that were sent too early."""
        self._reader._buffer.clear()  # type: ignore[attr-defined]
        # A reader that is full has stopped the transport: TLS would wait on it, and hear nothing, for a minute.
        self._reader._maybe_resume_transport()  # type: ignore[attr-defined]
        try:
            await super().smtp_STARTTLS("")
        except TLSSetupException:
            if self._original_transport is not None:
                cast(asyncio.Transport, self._original_transport).abort()
            raise ConnectionResetError from None  # the one class that aiosmtpd's loop lets through

    # Commands and answers

    async def _obey(self, command: Command, argument: str | None) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        self._commands += 1
        if self._commands > self._limits.max_commands:
            self.show_out(replies.TOO_MANY_COMMANDS)
            return
        if self._commands % _COMMANDS_AT_ONCE == 0:
            await self._desk.clock.sleep(0)
        self._quiet_since = None
        await command(argument)
        self._quiet_since = self._desk.clock.monotonic()
        if self._is_retiring and not self.is_at_work():
            self.show_out(replies.SHUTTING_DOWN)

    async def say(self, reply: Reply, **values: object) -> None:
        """Answer with one line."""
        if reply.reason:
            log.refused(channel=Channel.EMAIL, reason=reply.reason)
        await self.push(self._filled(reply, **values).line)

    def _filled(self, reply: Reply, **values: object) -> Reply:
        if not reply.has_blanks:
            return reply
        limit = f"{max(1, self._limits.max_message_bytes >> 20)} MB"
        return reply.filled(limit=limit, contact=self._desk.contact, **values)

    async def push(self, status: str | bytes) -> None:
        """Write an answer, ours or aiosmtpd's; who gets too many errors is shown out."""
        if self.transport is None or self.transport.is_closing():  # a transport of TLS can't be written to any more
            raise ConnectionResetError
        line = status if isinstance(status, bytes) else _in_our_words(status).encode("ascii")
        self._writer.write(line + b"\r\n")
        await self._writer.drain()
        self._errors += line[:1] in (b"4", b"5")
        if self._errors > self._limits.max_errors:
            self.show_out(replies.TOO_MANY_ERRORS)

    async def handle_exception(self, error: Exception) -> str:
        """Answer for a surprise: always a temporary error, never its text."""
        if isinstance(error, Transient):
            log.transient(stage="receive", why=str(error))
        else:
            log.bug(stage="receive", exception=error)
        self._set_post_data_state()
        return str(replies.TROUBLE)

    def _set_post_data_state(self) -> None:
        """Forget the message that was begun."""
        super()._set_post_data_state()  # type: ignore[no-untyped-call]


def _in_our_words(status: str) -> str:
    own = next((reply for start, reply in _OURS if status.startswith(start)), None)
    return replies.plain(status) if own is None else str(own)
