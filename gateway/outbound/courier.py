"""The way out for notices: one relay, over one connection a batch.

Owns what a relay's answer means for a mail. Refuses to talk on an open line to another host, and to a relay whose
certificate doesn't hold. Never raises for what the relay says or does: each mail has an outcome. Only a 5xx to the
recipient or to the message is final; trouble with the connection, TLS, our login or our own address is ours to put
right, and loses nothing.

Source: SPEC 6, 11; FIELD-NOTES B.2, B.4.
"""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiosmtplib

from gateway.core.endpoint import Relay
from gateway.core.mail import Mail, Posted
from gateway.errors import ConfigError, Fault
from gateway.outbound.letter import Writer, is_address, write_letter
from gateway.ports import Clock

SENT, LATER, REFUSED = "sent", "later", "refused"
_OURS = frozenset({530, 534, 535, 538})  # the relay wants a login, or another one: no fault of the mail
_CONNECT_SECONDS = 10.0
_GOODBYE_SECONDS = 5.0


@dataclass(frozen=True)
class _Access:
    """How we come to the relay."""

    relay: Relay
    hostname: str  # as we introduce ourselves; never looked up
    tls: ssl.SSLContext | None
    username: str
    password: str = field(repr=False)
    seconds: float  # for one mail


class SmtpCourier:
    """The Courier port, over SMTP."""

    def __init__(
        self,
        *,
        relay: Relay,
        sender: str,
        clock: Clock,
        authority: str = "",
        username: str = "",
        password: str = "",
        ca_file: Path | None = None,
        timeout: float = 60,
    ) -> None:
        """Send as `sender`, shown with the authority's name; `timeout` is for one mail, in seconds.

        Connects when there is something to send. Raises ConfigError when `ca_file` can't be used.
        """
        tls = None if relay.security == "plain" else trust(ca_file)
        hostname = sender.rpartition("@")[2]
        self._access = _Access(relay, hostname, tls, username, password, timeout)
        self._writer = Writer(sender, authority)
        self._clock = clock

    async def send(self, mails: Sequence[Mail]) -> list[Posted]:
        """Send over one connection, and another only where that broke; one outcome a mail, in order."""
        outcomes: list[Posted] = []
        trip = _Trip(self._access)
        try:
            for mail in mails:
                outcomes.append(await self._post(mail, trip))
        finally:
            await trip.end()
        return outcomes

    async def carry(self, letter: bytes, *, sender: str, recipient: str, seconds: float) -> Posted:
        """Hand over one finished message on a connection of its own, in so many seconds at the most."""
        trip = _Trip(replace(self._access, seconds=seconds))
        try:
            return await trip.carry(letter, sender=sender, recipient=recipient)
        finally:
            await trip.end()

    async def _post(self, mail: Mail, trip: "_Trip") -> Posted:
        if mail.return_path and not is_address(mail.return_path):
            return Posted(REFUSED, "the return path is no address")
        if trip.trouble is not None:  # no letter is written that can't leave
            return trip.trouble
        try:
            letter = write_letter(mail, writer=self._writer, at=self._clock.now())
        except ValueError as error:
            return Posted(REFUSED, str(error))
        return await trip.carry(letter, sender=mail.return_path, recipient=mail.to)


class _Trip:
    """One batch's connection to the relay."""

    def __init__(self, access: _Access) -> None:
        self._access = access
        self._relay: aiosmtplib.SMTP | None = None
        self.trouble: Posted | None = None  # why the relay can't be had; nobody asks again on this trip

    async def carry(self, letter: bytes, *, sender: str, recipient: str) -> Posted:
        relay = await self._reach()
        if isinstance(relay, Posted):
            return relay
        try:
            async with asyncio.timeout(self._access.seconds):
                _, answer = await relay.sendmail(sender, [recipient], letter)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            if not 400 <= _code(error) < 600:
                relay.close()  # whatever comes over it now answers another question
            return _outcome(error)
        return Posted(SENT, _short(answer))

    async def _reach(self) -> aiosmtplib.SMTP | Posted:
        if self.trouble is not None:
            return self.trouble
        if self._relay is not None and self._relay.is_connected:
            return self._relay
        self._relay = _connection(self._access)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._relay.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self._relay.close()
            self.trouble = Posted(LATER, _text(error))
            return self.trouble
        return self._relay

    async def end(self) -> None:
        if self._relay is None or not self._relay.is_connected:
            return
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await self._relay.quit(timeout=_GOODBYE_SECONDS)
        self._relay.close()


def trust(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return what checks a relay's certificate and name; by this host's own list where no file is given."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        problem = "expected a file with certificates in PEM"
        raise ConfigError((Fault(str(ca_file), "", problem),)) from error


def _connection(access: _Access) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=access.relay.host,
        port=access.relay.port,
        local_hostname=access.hostname,
        use_tls=access.relay.security == "tls",
        start_tls=access.relay.security == "starttls",
        tls_context=access.tls,
        username=access.username or None,
        password=access.password or None,
        timeout=access.seconds,
    )


def _outcome(error: Exception) -> Posted:
    """Return what an error means for the mail that met it."""
    is_about_mail = isinstance(error, aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPDataError)
    is_final = is_about_mail and 500 <= _code(error) < 600 and _code(error) not in _OURS
    return Posted(REFUSED if is_final else LATER, _text(error))


def _code(error: Exception) -> int:
    """Return the code of the relay's answer; 0 where there was none."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0


def _text(error: Exception) -> str:
    """Return an error for an administrator."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _text(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _short(f"{error.code} {error.message}")
    cause = error.__cause__
    if isinstance(cause, ConnectionError) and cause.errno:
        return f"the relay can't be reached: {os.strerror(cause.errno).lower()}"
    return _short(str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__))


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
