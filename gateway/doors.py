"""The doors of a house: the listeners of email and SFTP, made from its settings and opened together.

Owns what a door is given, and what a reload changes for the sessions that begin after it (Source: SPEC 4, 5, 11, 13).
"""

import ipaddress
import socket
from collections.abc import Iterator, Mapping
from functools import partial

from gateway.app import House
from gateway.core.admission import Refusal
from gateway.core.model import Channel
from gateway.core.register import Account, Directory, Role
from gateway.core.standing import Approach
from gateway.core.tokens import TokenKind
from gateway.inbound.sftp.means import Doors as PortalDoors
from gateway.inbound.sftp.means import FreeSpace, Shares
from gateway.inbound.sftp.server import Door as SftpDoor
from gateway.inbound.sftp.server import SftpLimits, SftpListeners
from gateway.inbound.smtp.desk import Desk, Entrance, SmtpLimits
from gateway.inbound.smtp.listener import Listening, SmtpListeners, read_certificate
from gateway.inbound.smtp.newlines import BareNewlines
from gateway.inbound.smtp.recipients import AddressBook, Recipient, RecipientKind
from gateway.inbound.smtp.sender import SignedIn, TrustedRelay
from gateway.inbound.smtp.strangers import Strangers
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.people.login import Login
from gateway.pipeline.postmaster import PostmasterCap
from gateway.pipeline.tokens import Tokens
from gateway.settings import Settings
from gateway.tables import Tables

NO_SUCH_TOKEN = Refusal(
    "token", "There is no such address here; please reply to the latest message that we sent to you"
)
NOT_YOUR_TOKEN = Refusal("not-your-token", "This reply address belongs to a message that was sent to somebody else")
NOT_A_PUBLISHER = Refusal(
    "not-a-publisher", "Documents for schools are published by officers of the authority; for help ask {contact}"
)
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class MailLogin:
    """The email door's question to `pipeline.people.login`."""

    def __init__(self, login: Login) -> None:
        """Ask this one."""
        self._login = login

    async def verify_password(self, username: str, password: str, peer: str) -> Account | Refusal:
        """Return the account of the right password, or a sentence."""
        answer = await self._login.verify_password(username, password, peer=peer, by=Approach.MAIL_LOGIN)
        if isinstance(answer, Account):
            await self._login.note(answer, peer=peer, channel=Channel.EMAIL, how="password")
        return answer


class MailTokens:
    """The email door's question about reply+, bounce+, documents+ and postmaster@ addresses."""

    def __init__(self, tokens: Tokens, directory: LiveDirectory, postmaster: PostmasterCap) -> None:
        """Ask these."""
        self._tokens = tokens
        self._postmaster = postmaster
        self._directory = directory

    async def admit(self, recipient: Recipient, username: str | None) -> Refusal | None:
        """Return why mail may not go there: we did not write the token, or it is somebody else's."""
        if recipient.kind is RecipientKind.BOUNCE:
            known = await self._tokens.known(recipient.detail, TokenKind.BOUNCE)
            return NO_SUCH_TOKEN if known is None or username else None  # what comes back has no sender
        if recipient.kind is RecipientKind.POSTMASTER:
            return await self._postmaster.refusal()
        if recipient.kind is RecipientKind.DOCUMENTS:
            return self._publisher(username)
        if recipient.kind is not RecipientKind.REPLY:
            return NO_SUCH_TOKEN
        known = await self._tokens.known_reply(recipient.detail)
        if known is None:
            return NO_SUCH_TOKEN
        # Whether it was used, or has expired, is told to its owner by a notice, and to nobody else.
        return None if username in (None, known.owner.username) else NOT_YOUR_TOKEN

    def _publisher(self, username: str | None) -> Refusal | None:
        """Return why this person may not publish; who nobody knows yet is asked again when the message is whole."""
        account = None if username is None else self._directory.current.account(username)
        is_officer = account is not None and account.role is Role.OFFICER
        return None if username is None or is_officer else NOT_A_PUBLISHER


class Doors:
    """All listeners."""

    def __init__(self, house: House) -> None:
        """Make them; `open` opens them."""
        self._house = house
        self._strangers = Strangers(house.access)
        self._desk = desk_of(house, house.settings, house.tables, self._strangers)
        self._smtp = SmtpListeners(listens=list(_mail_listens(house)), desks=lambda: self._desk, clock=house.clock)
        sftp = house.settings.sftp
        self._sftp_door = _sftp_door(house)
        self._sftp = SftpListeners(self._sftp_door, sftp.listen, sftp.host_keys)
        house.directory.on_change(lambda now: self._smtp.review(partial(_may_mail, now)))

    async def open(self) -> None:
        """Listen everywhere. Raises ConfigError when one place can't be had; then none is open."""
        await self._smtp.open()
        try:
            await self._sftp.open()
        except BaseException:
            await self._smtp.close(grace=0)
            raise

    async def close(self, *, grace: float) -> None:
        """Take nobody in; let transfers under way be finished for so many seconds. Safe to repeat."""
        await self._smtp.close(grace=grace)
        await self._sftp.close(grace=grace)
        self._strangers.close()

    @property
    def endpoints(self) -> Mapping[str, list[str]]:
        """Return where each kind listens, as in `run/endpoints.json`: every key is always there."""
        return {**self._smtp.endpoints, "sftp": self._sftp.endpoints}

    def reload(self, settings: Settings, tables: Tables) -> None:
        """Put new settings in force for the sessions that begin from now on; where we listen stays as it is."""
        self._desk = desk_of(self._house, settings, tables, self._strangers)
        self._sftp_door.limits = sftp_limits_of(settings)


def _may_mail(directory: Directory, account: Account) -> bool:
    """Return whether who signed in as this account may still do so."""
    now = directory.account(account.username)
    return now is not None and now.is_active


def _mail_listens(house: House) -> Iterator[Listening]:
    smtp, lmtp = house.settings.smtp, house.settings.lmtp
    for name, places in (("smtp", smtp.listen), ("smtps", smtp.listen_tls)):
        for place in places:
            yield Listening(place, Entrance(name, offers_login=True, require_tls=smtp.require_tls))
    for relay in smtp.relay:
        verifier = TrustedRelay(authserv_id=relay.authserv_id, register=house.access)
        entrance = Entrance(
            "relay",
            verifier,
            require_tls=smtp.require_tls,
            trusts_loopback=True,
            networks=relay.networks,
            is_public=False,
        )
        for place in relay.listen:
            yield Listening(place, entrance)
    for door in lmtp.listen:
        verifier = TrustedRelay(authserv_id=lmtp.authserv_id, register=house.access)
        yield Listening(door, Entrance("lmtp", verifier, require_tls=False, networks=_LOOPBACK, is_public=False))


def desk_of(house: House, settings: Settings, tables: Tables, strangers: Strangers) -> Desk:
    """Return what every session of the email door is given. Raises ConfigError when the certificate can't be used."""
    smtp = settings.smtp
    return Desk(
        hostname=smtp.hostname or socket.gethostname(),
        contact=settings.authority.contact,
        limits=smtp_limits_of(settings),
        tls=read_certificate(smtp.certificate, smtp.key) if smtp.listen or smtp.listen_tls or smtp.relay else None,
        spool=house.spool,
        clock=house.clock,
        authenticator=MailLogin(house.login),
        signed_in=SignedIn(house.access),
        book=AddressBook(
            addresses=smtp.addresses, codes=tables.catalogue.services, folders=[f.key for f in tables.folders]
        ),
        doorman=house.receive,
        tokens=MailTokens(
            house.tokens,
            house.directory,
            PostmasterCap(ledger=house.ledger, clock=house.clock, policy=house.policy),
        ),
        strangers=strangers.verifier(settings),
    )


def smtp_limits_of(settings: Settings) -> SmtpLimits:
    """Return how much of us one sender of mail may use."""
    smtp, guessing = settings.smtp, settings.guessing
    return SmtpLimits(
        max_message_bytes=smtp.max_message_bytes,
        max_header_bytes=settings.message.max_header_bytes,
        max_headers=settings.message.max_headers,
        max_received=smtp.max_received,
        max_recipients=smtp.max_recipients,
        max_commands=smtp.max_commands,
        max_errors=smtp.max_errors,
        max_auth_failures=smtp.max_auth_failures,
        max_auth_failures_per_address=guessing.max_failures_per_address,
        auth_window_seconds=guessing.window_seconds,
        max_connections=smtp.max_connections,
        max_connections_per_address=smtp.max_connections_per_address,
        idle_seconds=smtp.idle_seconds,
        min_bytes_per_second=smtp.min_bytes_per_second,
        pace_seconds=smtp.pace_seconds,
        bare_newlines=BareNewlines(smtp.bare_newlines),
        device_starttls=smtp.device_starttls,
        strangers_at_once=smtp.strangers_at_once,
        stranger_seconds=smtp.stranger_seconds,
        keep_free_bytes=settings.storage.keep_free_bytes,
    )


def sftp_limits_of(settings: Settings) -> SftpLimits:
    """Return how much of us one person may use over SFTP."""
    sftp = settings.sftp
    return SftpLimits(
        connections=sftp.max_connections,
        connections_per_address=sftp.max_connections_per_address,
        sessions_per_account=sftp.max_sessions_per_account,
        auth_tries=sftp.max_auth_tries,
        handles=sftp.max_handles,
        login_seconds=sftp.login_seconds,
        idle_seconds=sftp.idle_seconds,
        keepalive_seconds=sftp.keepalive_seconds,
        require=sftp.require,
        require_by_role={
            Role.HEAD: sftp.require_head,
            Role.STAFF: sftp.require_staff,
            Role.OFFICER: sftp.require_officer,
        },
        logging_in=sftp.max_logging_in,
        logging_in_per_address=sftp.max_logging_in_per_address,
        channels=sftp.max_channels,
        outstanding=sftp.max_outstanding_requests,
        outstanding_bytes=sftp.max_outstanding_bytes,
        shares=Shares(
            recalls_a_minute=sftp.max_recalls_per_minute,
            unfinished=sftp.max_unfinished,
            keep_free_bytes=settings.storage.keep_free_bytes,
        ),
    )


def _sftp_door(house: House) -> SftpDoor:
    return SftpDoor(
        ledger=house.ledger,
        directory=house.directory,
        access=house.access,
        policy=house.policy,
        clock=house.clock,
        login=house.login,
        accounts=house.accounts,
        passwords=house.passwords,
        doors=PortalDoors(
            receive=house.receive,
            keys=house.keys,
            decisions=house.decisions,
            spool=house.spool,
            archive=house.archive,
            space=FreeSpace(house.spool, house.clock),
        ),
        limits=sftp_limits_of(house.settings),
        waiting=house.ingest.waiting,
    )
