"""One conversation with a mail client, from MAIL to the answer to its message.

Owns the state between these commands. Decides by asking: `paths` what was written, `recipients` who is meant, `sender`
who speaks, `data` where the message ends. Nothing is promised before the seal, and whatever is refused is refused here,
in the session, with one of `replies`: no mail ever goes to a sender who was not verified.

Source: SPEC 4, 11; DESIGN 4; FIELD-NOTES A.3, B.2.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from gateway import log
from gateway.core.admission import Refusal
from gateway.core.documents import Order
from gateway.core.register import Role
from gateway.errors import Transient
from gateway.inbound.smtp import replies
from gateway.inbound.smtp.bodyhash import BodyHashes
from gateway.inbound.smtp.comeback import Comeback
from gateway.inbound.smtp.connection import Command
from gateway.inbound.smtp.data import BodyReader, Reception, Spoilt
from gateway.inbound.smtp.desk import Desk, Entrance
from gateway.inbound.smtp.introduction import Introduction
from gateway.inbound.smtp.lobby import Lobby
from gateway.inbound.smtp.newlines import BareNewlines
from gateway.inbound.smtp.paths import Path, read_path
from gateway.inbound.smtp.recipients import Recipient, RecipientKind
from gateway.inbound.smtp.replies import Reply
from gateway.inbound.smtp.sender import Claim, SenderVerifier, Verified
from gateway.inbound.smtp.transfer import Ending, Transfer

_MAIL_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8", "AUTH"})
_BODIES = frozenset({"", "7BIT", "8BITMIME"})
_DAY = 86_400.0  # seconds: while a message comes in its pace counts, not the time since the last command
_SPOILT = {
    Spoilt.TOO_LARGE: replies.TOO_LARGE,
    Spoilt.BARE_NEWLINE: replies.BARE_NEWLINE,
    Spoilt.HEADER_TOO_LONG: replies.HEADER_TOO_LONG,
    Spoilt.DISK_FULL: replies.DISK_FULL,
    Spoilt.DISK_TROUBLE: replies.TROUBLE,
}
_BROKEN_OFF = {
    Ending.TOO_SLOW: replies.TOO_SLOW,
    Ending.TOO_LONG: replies.TOO_LONG,
    Ending.HOPELESS: replies.TOO_LARGE,
}


@dataclass(frozen=True)
class Transaction:
    """A message before its bytes: what MAIL and RCPT said."""

    mail_from: str  # "" is the null sender
    recipients: tuple[Recipient, ...] = ()

    @property
    def is_for_intake(self) -> bool:
        """Whether a submission would come of it."""
        return any(recipient.kind.is_intake for recipient in self.recipients)

    @property
    def is_reply(self) -> bool:
        """Whether it goes to addresses alone that we gave for an answer."""
        return all(recipient.kind is RecipientKind.REPLY for recipient in self.recipients)

    @property
    def order(self) -> Order | None:
        """What it publishes to schools, if that is what it is for."""
        folders = (r.detail for r in self.recipients if r.kind is RecipientKind.DOCUMENTS)
        return next((Order(folder) for folder in folders), None)

    def mixes(self, recipient: Recipient) -> bool:
        """Whether one more recipient would leave open for whom the files are: one folder, and nothing beside it."""
        others = [r for r in self.recipients if r.address != recipient.address]
        return any(r.kind is RecipientKind.DOCUMENTS for r in (*others, recipient)) and bool(others)


class Session(Introduction):
    """A client at the email door."""

    def __init__(self, *, desk: Desk, entrance: Entrance, lobby: Lobby) -> None:
        """Serve whoever connects next."""
        self._transaction: Transaction | None = None
        self._answers_owed = 1  # to a message: over LMTP one for each recipient (RFC 2033 4.2)
        super().__init__(desk=desk, entrance=entrance, lobby=lobby)

    def commands(self) -> dict[str, Command]:
        """Return what is understood, by its word."""
        return super().commands() | {"MAIL": self.take_mail, "RCPT": self.take_rcpt, "DATA": self.take_data}

    def is_at_work(self) -> bool:
        """Whether a message was begun, or a command is being worked on."""
        return self._transaction is not None or super().is_at_work()

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()
        self._transaction = None

    # The sender

    async def take_mail(self, arg: str | None) -> None:
        """MAIL, RFC 5321 4.1.1.2."""
        await self.say(await self._take_sender(arg))

    async def _take_sender(self, arg: str | None) -> Reply:
        refusal = self._refuse_mail_now()
        if refusal is not None:
            return refusal
        path = read_path(arg, keyword="FROM")
        if path is None:
            return replies.BAD_MAIL
        refusal = self._refuse_sender(path) or self._refuse_parameters(path)
        if refusal is not None:
            return refusal
        if not await self._lobby.room.is_enough(self._desk.spool, self._limits):
            return replies.DISK_FULL
        self._transaction = Transaction(path.address)
        return replies.SENDER_OK

    def _refuse_mail_now(self) -> Reply | None:
        if not self.hello_name():
            return replies.NEED_HELLO
        if self.lacks_tls():
            return replies.NEED_TLS
        return replies.MAIL_TWICE if self._transaction is not None else None

    def _refuse_sender(self, path: Path) -> Reply | None:
        if path.address == "":
            return None  # only the bounce of a notice of ours will find a recipient
        if self._account is None:
            return replies.NEED_LOGIN if self._verifier() is None else None
        is_own = path.address.casefold() == self._account.email.casefold()
        return None if is_own or self._account.role is Role.DEVICE else replies.NOT_YOUR_ADDRESS

    def _refuse_parameters(self, path: Path) -> Reply | None:
        given = path.parameters
        if not given.keys() <= _MAIL_PARAMETERS or given.get("BODY", "").upper() not in _BODIES:
            return replies.BAD_PARAMETER
        size = given.get("SIZE", "0")
        if not size.isascii() or not size.isdecimal() or len(size) > 20:
            return replies.BAD_PARAMETER
        return replies.TOO_LARGE if int(size) > self._limits.max_message_bytes else None

    # The recipients

    async def take_rcpt(self, arg: str | None) -> None:
        """RCPT, RFC 5321 4.1.1.3."""
        await self.say(await self._take_recipient(arg))

    async def _take_recipient(self, arg: str | None) -> Reply:
        transaction = self._transaction
        if transaction is None:
            return replies.NEED_MAIL
        path = read_path(arg, keyword="TO")
        if path is None or not path.address:
            return replies.BAD_RECIPIENT
        if path.parameters:
            return replies.BAD_PARAMETER
        if len(transaction.recipients) >= self._limits.max_recipients:
            return replies.TOO_MANY_RECIPIENTS
        found = await self._find_recipient(path.address, is_bounce=transaction.mail_from == "")
        if isinstance(found, Reply):
            return found
        if transaction.mixes(found):
            return replies.ONE_FOLDER
        self._transaction = Transaction(transaction.mail_from, (*transaction.recipients, found))
        return replies.RECIPIENT_OK

    async def _find_recipient(self, address: str, *, is_bounce: bool) -> Recipient | Reply:
        recipient = self._desk.book.read(address)
        if recipient is None:
            return replies.UNKNOWN_RECIPIENT
        if is_bounce and recipient.kind is not RecipientKind.BOUNCE:
            return replies.NO_BOUNCES_HERE
        if recipient.kind.is_intake:
            return recipient
        if self._desk.tokens is None:
            return replies.UNKNOWN_RECIPIENT
        refusal = await self._desk.tokens.admit(recipient, self._account.username if self._account else None)
        return recipient if refusal is None else self.sentence_of(refusal, replies.REFUSED_RECIPIENT)

    # The message

    async def take_data(self, arg: str | None) -> None:
        """DATA, RFC 5321 4.1.1.4."""
        refusal = self._refuse_data(arg)
        if self.has_spoken_ahead():  # content before our 354 can't be told from commands
            self.show_out(replies.SPOKE_TOO_SOON)
        elif refusal is not None or self._transaction is None:
            await self.say(refusal or replies.NEED_RECIPIENT)
        elif self._is_stranger():
            await self._take_from_stranger(self._transaction)
        else:
            await self._take_message(self._transaction)

    def _is_stranger(self) -> bool:
        """Whether a message would be of who has not signed in, at a listener for everybody."""
        return self._account is None and self._entrance.is_public

    async def _take_from_stranger(self, transaction: Transaction) -> None:
        """Take a message whose sender nobody knows before it is whole: not too many of them at a time."""
        with self._lobby.berths.one(most=self._limits.strangers_at_once) as is_free:
            if is_free:
                await self._take_message(transaction)
            else:
                await self.say(replies.TOO_MANY_STRANGERS)

    def _refuse_data(self, arg: str | None) -> Reply | None:
        if arg:
            return replies.BAD_DATA
        return None if self._transaction is not None and self._transaction.recipients else replies.NEED_RECIPIENT

    async def _take_message(self, transaction: Transaction) -> None:
        reception = Reception(
            intake=self._desk.spool.begin(digested=False),  # each of its parts will be
            max_bytes=self._limits.max_message_bytes,
            max_header_bytes=self._limits.max_header_bytes,
            newlines=self._limits.bare_newlines if self._account is None else BareNewlines.NORMALISE,
            reader_for=self._reader_for(transaction),
        )
        try:
            ending = await self._receive(
                reception, answers=len(transaction.recipients) if self._entrance.is_lmtp else 1
            )
            if ending is not Ending.WHOLE:
                self.show_out(_BROKEN_OFF[ending])
                return
            reply = await self._conclude(reception, transaction)
        finally:
            if not reception.is_settled:
                self._lobby.chores.start(reception.forget())
        answers, self._answers_owed = self._answers_owed, 1
        self._set_post_data_state()
        for _ in range(answers):
            await self.say(reply)

    def _reader_for(self, transaction: Transaction) -> Callable[[bytes], BodyReader | None]:
        """Return what makes, of a header block, the reader of the body behind it."""
        if transaction.mail_from == "":
            return Comeback
        verifier = self._verifier()
        return verifier.hashes_for if verifier is not None else lambda _: None

    async def handle_exception(self, error: Exception) -> str:
        """Answer for a surprise, as often as answers are owed."""
        answers, self._answers_owed = self._answers_owed, 1
        status = await super().handle_exception(error)
        for _ in range(answers - 1):
            await self.push(status)
        return status

    async def _receive(self, reception: Reception, *, answers: int) -> Ending:
        transfer = Transfer(session=self, reception=reception, buffer=self._lobby.buffer)
        transfer.take_over(self.wire())
        self._answers_owed = answers
        self._reset_timeout(_DAY)
        await self.push(replies.GO_AHEAD.line)
        ending = await transfer.carry_on(
            bytes_a_second=self._limits.min_bytes_per_second,
            pace_seconds=self._limits.pace_seconds,
            within=self._limits.stranger_seconds if self._is_stranger() else math.inf,
        )
        self._reset_timeout()
        return ending

    async def _conclude(self, reception: Reception, transaction: Transaction) -> Reply:
        if reception.spoilt is not None:
            return _SPOILT[reception.spoilt]
        verdict = await self._judge(reception, transaction)
        if isinstance(verdict, Reply):
            return verdict
        reception.is_settled = True
        settling = self._lobby.chores.start(self._settle(reception, transaction=transaction, sender=verdict))
        return await asyncio.shield(settling)  # a lost connection does not undo a seal under way

    async def _judge(self, reception: Reception, transaction: Transaction) -> Verified | Reply:
        """Return who wrote the message, or the reply that refuses it."""
        claim = Claim(
            mail_from=transaction.mail_from,
            header=reception.header,
            peer=self.peer_address(),
            hello=self.hello_name(),
            account=self._account,
            is_for_intake=transaction.is_for_intake,
            is_publication=transaction.order is not None,
            is_reply=transaction.is_reply,
            max_headers=self._limits.max_headers,
            body_hashes=reception.reader if isinstance(reception.reader, BodyHashes) else None,
        )
        if claim.authorship.faults:
            return replies.HEADER_TOO_LONG
        if claim.authorship.hops > self._limits.max_received:
            return replies.LOOP
        if claim.mail_from == "" and not _is_failure(reception):
            return replies.NOT_A_BOUNCE
        try:
            found = await self._verify(claim)
        except Transient as trouble:
            log.transient(stage="receive", why=str(trouble))
            return replies.NOT_CHECKED if self._account is None else replies.TROUBLE
        if isinstance(found, Verified):
            found = await self._check_tokens(transaction, found.username) or found
        return self.sentence_of(found, replies.NOT_VERIFIED) if isinstance(found, Refusal) else found

    async def _verify(self, claim: Claim) -> Verified | Refusal:
        if claim.mail_from == "":
            return Verified("", "token", "")  # every recipient is a bounce address whose token is known
        verifier = self._verifier()
        assert verifier is not None, "MAIL was refused"
        return await verifier.verify(claim)

    async def _check_tokens(self, transaction: Transaction, username: str) -> Refusal | None:
        for recipient in transaction.recipients:
            if not recipient.kind.is_intake and self._desk.tokens is not None:
                refusal = await self._desk.tokens.admit(recipient, username)
                if refusal is not None:
                    return refusal
        return None

    def _verifier(self) -> SenderVerifier | None:
        if self._account is not None:
            return self._desk.signed_in
        return self._entrance.verifier or self._desk.strangers

    async def _settle(self, reception: Reception, *, transaction: Transaction, sender: Verified) -> Reply:
        """Make the message our word, and tell the doorman; on trouble, forget it."""
        envelope = await reception.seal(
            username=sender.username,
            verified_by=sender.how,
            sender=sender.address,
            peer=self.peer_address(),
            recipients=tuple(recipient.address for recipient in transaction.recipients),
            order=transaction.order,
        )
        if envelope is None:
            return _SPOILT[reception.spoilt or Spoilt.DISK_TROUBLE]
        self._desk.doorman.accepted(envelope)
        return replies.ACCEPTED.filled(id=envelope.id)


def _is_failure(reception: Reception) -> bool:
    """Whether a message without a sender tells that one of ours did not arrive."""
    reader = reception.reader  # none where no empty line ends the header
    return (reader if isinstance(reader, Comeback) else Comeback(reception.header)).is_failure
