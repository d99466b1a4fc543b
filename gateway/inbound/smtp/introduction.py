"""The first words of a client: its name, TLS, and who it says it is.

Owns HELO, EHLO, LHLO, STARTTLS and AUTH. A password is heard under TLS only, is checked by whoever knows how, and is
forgotten; a wrong one is counted by session and by address (Source: SPEC 4, 9).
"""

import asyncio
from collections.abc import Callable

from gateway import log
from gateway.core.admission import Refusal
from gateway.core.model import Channel
from gateway.core.register import Account, Role
from gateway.errors import Transient
from gateway.inbound.smtp import login, replies
from gateway.inbound.smtp.connection import Command, Connection
from gateway.inbound.smtp.desk import Desk, Entrance
from gateway.inbound.smtp.lobby import Lobby
from gateway.inbound.smtp.replies import Reply


class Introduction(Connection):
    """A client up to the moment when it has something to send."""

    def __init__(self, *, desk: Desk, entrance: Entrance, lobby: Lobby) -> None:
        """Know nobody yet."""
        self._account: Account | None = None
        self._failed_logins = 0
        super().__init__(desk=desk, entrance=entrance, lobby=lobby)

    def commands(self) -> dict[str, Command]:
        """Return what is understood, by its word."""
        hello = (
            {"LHLO": self.extended_hello, "HELO": self.refuse_hello, "EHLO": self.refuse_hello}
            if self._entrance.is_lmtp
            else {"EHLO": self.extended_hello, "HELO": self.hello}
        )
        return super().commands() | hello | {"STARTTLS": self.switch_tls_on, "AUTH": self.sign_in}

    def idle_since(self) -> float | None:
        """Return since when a client keeps us waiting whom we may show out: nobody who signed in."""
        return None if self._account is not None else super().idle_since()

    def review(self, may_stay: Callable[[Account], bool]) -> None:
        """End the session of an account that may no longer be here, whatever is under way; nothing was promised."""
        if self._account is not None and not may_stay(self._account):
            self.show_out(replies.ACCESS_ENDED)

    def sentence_of(self, refusal: Refusal, reply: Reply) -> Reply:
        """Return a reply that says a refusal's sentence."""
        return reply.filled(sentence=refusal.sentence.replace("{contact}", self._desk.contact))

    # Hello

    async def hello(self, arg: str | None) -> None:
        """HELO, RFC 5321 4.1.1.1."""
        if not arg:
            await self.say(replies.BAD_HELLO)
            return
        self._greet(arg, extended=False)
        await self.push(f"250 {self.hostname}")

    async def extended_hello(self, arg: str | None) -> None:
        """EHLO, RFC 5321 4.1.1.1; LHLO, RFC 2033 4.1."""
        if not arg:
            await self.say(replies.BAD_HELLO)
            return
        self._greet(arg, extended=True)
        lines = [self.hostname, *self._extensions()]
        marks = ["250-"] * (len(lines) - 1) + ["250 "]
        await self.push("\r\n".join(map("".join, zip(marks, lines, strict=True))).encode("ascii"))

    async def refuse_hello(self, _: str | None) -> None:
        """HELO or EHLO to LMTP."""
        await self.say(replies.LMTP_ONLY)

    def _greet(self, name: str, *, extended: bool) -> None:
        self._set_post_data_state()
        assert self.session is not None, "there is a client"
        self.session.host_name = name
        self.session.extended_smtp = extended

    def _extensions(self) -> list[str]:
        """Return what we offer now; never PIPELINING, since a client shall hear each refusal in its place."""
        offers = [f"SIZE {self._limits.max_message_bytes}", "8BITMIME", "SMTPUTF8"]
        if self._desk.tls is not None and not self.is_encrypted():
            offers.append("STARTTLS")
        if self._entrance.offers_login and self.is_encrypted():
            offers.append("AUTH PLAIN LOGIN")
        return [*offers, "HELP"]

    # TLS and signing in

    async def switch_tls_on(self, arg: str | None) -> None:
        """STARTTLS, RFC 3207."""
        refusal = self._refuse_tls(arg)
        if refusal is not None:
            await self.say(refusal)
            return
        self._account = None
        await self.start_tls()

    def _refuse_tls(self, arg: str | None) -> Reply | None:
        if arg:
            return replies.BAD_STARTTLS
        if self.is_encrypted():
            return replies.TLS_ALREADY
        return replies.NO_TLS_HERE if self._desk.tls is None else None

    async def sign_in(self, arg: str | None) -> None:
        """AUTH, RFC 4954."""
        refusal = self._refuse_login()
        if refusal is not None:
            await self.say(refusal)
            return
        heard = await login.hear(arg, self._ask)
        if isinstance(heard, Reply):
            await self.say(heard)
        else:
            await self._sign_in(heard)

    def _refuse_login(self) -> Reply | None:
        if not self._entrance.offers_login:
            return replies.NO_LOGIN_HERE
        if not self.is_encrypted():
            return replies.LOGIN_NEEDS_TLS
        if not self.hello_name():
            return replies.NEED_HELLO
        return replies.LOGIN_TWICE if self._account is not None else None

    async def _ask(self, question: str) -> bytes:
        await self.push(login.challenge(question))
        try:
            line: bytes = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            self.show_out(replies.LOGIN_TOO_LONG)
            raise ConnectionResetError from None
        return line.strip()

    async def _sign_in(self, claimed: login.Credentials) -> None:
        if self._lobby.door.is_shut_out(self.origin(), self._limits):
            self.show_out(replies.SHUT_OUT)
            return
        try:
            found = await self._desk.authenticator.verify_password(
                claimed.username, claimed.password, self.peer_address()
            )
        except Transient as trouble:
            log.transient(stage="login", why=str(trouble))
            await self.say(replies.LOGIN_LATER)
            return
        await (self._keep_out(found) if isinstance(found, Refusal) else self._let_in(found))

    async def _let_in(self, account: Account) -> None:
        if account.role is Role.DEVICE and not self._entrance.takes_devices and not self._limits.device_starttls:
            log.login_refused(channel=Channel.EMAIL, why="device-starttls")
            await self.say(replies.DEVICE_NEEDS_TLS)
            return
        self._account = account
        await self.say(replies.SIGNED_IN)

    async def _keep_out(self, refusal: Refusal) -> None:
        self._failed_logins += 1
        self._lobby.door.note_wrong_password(self.origin())
        log.login_refused(channel=Channel.EMAIL, why=refusal.code)
        if self._failed_logins >= self._limits.max_auth_failures:
            self.show_out(replies.TOO_MANY_TRIES)
        else:
            await self.say(self.sentence_of(refusal, replies.LOGIN_REFUSED))
