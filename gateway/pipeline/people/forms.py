"""Forms: what people answer about accounts: AGREE to the policy, and requests for new accounts.

Owns what a reply does and how it is answered. A headteacher asks for people of their own schools alone; nobody comes in
by it before the authority has verified them. Safe to repeat: a message that comes twice asks once (Source: SPEC 9).
"""

from dataclasses import replace
from datetime import timedelta

from gateway.core.contents import Unpacked
from gateway.core.forms import Entry, agrees, read_form
from gateway.core.mail import Notice, NoticeQuery
from gateway.core.newcomer import free_username, objections
from gateway.core.notices.wayin import ACTIVATION, ANSWER, FORM, Answered, answered, form
from gateway.core.proof import Proof, Way
from gateway.core.register import Account, AccountState, Directory, Role
from gateway.core.standing import Approach
from gateway.core.submission import Envelope
from gateway.core.tokens import TokenKind, matter_of_agreement, nonce_of, read_token
from gateway.errors import NotThere
from gateway.pipeline.people.access import Access
from gateway.pipeline.people.accounts import Accounts, Wish, house_rules
from gateway.pipeline.telling import Telling
from gateway.pipeline.tokens import Known

_FORM_FOR = timedelta(days=60)  # in which a form can be sent back
_NOT_TAKEN = "The files that came with your reply were not taken. Please send them again."


class Forms:
    """Replies about accounts."""

    def __init__(self, telling: Telling, access: Access, accounts: Accounts) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._access = access
        self._accounts = accounts

    async def send(self, head: Account, *, actor: str) -> None:
        """Mail the form to a headteacher. Raises NotThere where they could not send it back."""
        if head.role is not Role.HEAD or not head.is_active or not head.schools:
            raise NotThere(f"{head.username} is no active headteacher; only they ask for accounts by the form.")
        at = self._clock.now()
        context = form(
            head,
            self._directory.current,
            days=self._policy.current.accounts.promised_days,
            until=at + _FORM_FOR,
            head=self._answer.letterhead(),
        )
        notice = self._answer.unasked(self._clock.new_id(), FORM, context, at=at, reader=head)
        await self._ledger.note(
            at=at, actor=actor, action="send-form", subject=head.username, detail={}, notices=[notice]
        )
        self._to_notify()

    async def take(self, known: Known, envelope: Envelope, unpacked: Unpacked) -> tuple[Notice, ...]:
        """Do what a reply says; return its answer."""
        if known.expires_at <= envelope.received_at:
            told = self._say(known.owner, _EXPIRED[0], _EXPIRED[1])
        elif known.kind is TokenKind.AGREE:
            told = await self._agree(known, envelope, unpacked.comment)
        else:
            told = await self._request(known.owner, envelope, unpacked.comment)
        if any(part.why == "not-yours-to-send" for part in unpacked.parts):
            told = replace(told, closing=f"{told.closing} {_NOT_TAKEN}".strip())
        notice = self._answer.unasked(f"{envelope.id}-r1", ANSWER, told, at=envelope.received_at, reader=known.owner)
        return (replace(notice, is_answer=True, in_reply_to=unpacked.message_id or None),)

    async def _agree(self, known: Known, envelope: Envelope, text: str) -> Answered:
        account, use = known.owner, self._policy.current.accounts.acceptable_use
        if known.matter != matter_of_agreement(account.username, use.digest):
            return self._say(account, *_ANOTHER_TEXT)
        if not agrees(text):
            return self._say(account, *_NOT_AGREED)
        if account.is_active and self._access.rules.has_agreed(account):
            return await self._agreed(account, envelope)
        if not await self._is_of_this_beginning(known):
            return self._say(account, *_CLOSED_SINCE)
        try:
            # Who wrote was verified at the door, by the address that the account had then.
            proof = Proof(replace(account, email=envelope.sender or account.email), Way.REPLY)
            await self._accounts.settle(proof, Wish(agrees_to=use, peer=envelope.peer, how="email"))
        except NotThere as refused:
            return self._say(account, "Nothing was changed", str(refused))
        await self._directory.fresh()
        return self._say_agreed(is_first=account.state is AccountState.VERIFIED, account=account)

    async def _is_of_this_beginning(self, known: Known) -> bool:
        """Whether a mail is answered that began the account as it is, and none from before it was closed."""
        account, token = known.owner, read_token(known.text)
        verified_at = account.verified_at
        if account.state is not AccountState.VERIFIED or verified_at is None:
            return True
        sent = await self._ledger.notices(NoticeQuery(username=account.username, template=ACTIVATION))
        since = (notice for notice in sent if notice.first_due_at and notice.first_due_at >= verified_at)
        return token is not None and any(nonce_of(notice.id) == token.nonce for notice in since)

    async def _agreed(self, account: Account, envelope: Envelope) -> Answered:
        """Answer who agreed already: before, or by an earlier try of this very message that a stop cut off."""
        last, *_ = (*await self._ledger.agreements(account.username), None)
        if last is None or last.how != "email" or last.at < envelope.received_at:
            return self._say(account, *_AGREED_BEFORE)
        is_first = account.activated_at is not None and account.activated_at >= envelope.received_at
        return self._say_agreed(is_first=is_first, account=account)

    def _say_agreed(self, *, is_first: bool, account: Account) -> Answered:
        version = self._policy.current.accounts.acceptable_use.version
        return self._say(account, "You have agreed", _ACTIVE if is_first else _AGREED.format(version=version))

    async def _request(self, head: Account, envelope: Envelope, text: str) -> Answered:
        if head.role is not Role.HEAD or self._access.refusal(head, Approach.EMAIL) is not None:
            return self._say(head, *_NO_HEAD)
        entries = read_form(text, schools=head.schools)
        if not entries:
            return self._say(head, *_NO_FORM)
        lines = tuple([await self._ask_for(entry, head, envelope) for entry in entries])
        return self._say(head, "Your request for accounts", _UNDERSTOOD, lines=lines, closing=_MENDED)

    async def _ask_for(self, entry: Entry, head: Account, envelope: Envelope) -> str:
        """Ask for one person; return the line that says what became of it."""
        newcomer = entry.newcomer
        if newcomer is None:
            return f"{entry.called}: {' '.join(entry.faults)} Nothing was noted."
        directory = await self._directory.fresh()
        if _was_asked_before(newcomer.email, head, envelope, directory):
            return f"{entry.called}: {_NOTED}"
        named = replace(newcomer, username=free_username(newcomer.forename, newcomer.surname, directory))
        faults = objections(named, house_rules(self._policy.current, directory))
        if faults:
            return f"{entry.called}: {' '.join(faults)} Nothing was noted."
        try:
            await self._accounts.request(named.account(), by=head.full_name, actor=head.username)
        except NotThere as taken:
            return f"{entry.called}: {taken} Nothing was noted."
        return f"{entry.called}: {_NOTED}"

    def _say(
        self, account: Account, subject: str, opening: str, *, lines: tuple[str, ...] = (), closing: str = ""
    ) -> Answered:
        head = self._answer.letterhead()
        return answered(account, subject, opening, head=head, lines=lines, closing=closing)


def _was_asked_before(address: str, head: Account, envelope: Envelope, directory: Directory) -> bool:
    """Return whether an earlier try of this very message asked for this person, and a stop came between."""
    there = directory.by_address(address)
    return (
        there is not None
        and there.requested_by == head.username
        and there.requested_at is not None
        and there.requested_at >= envelope.received_at
    )


_NOTED = "noted. The authority checks it, and the person is written to."
_UNDERSTOOD = "this is what your form was understood to ask for:"
_MENDED = "What was not noted can be sent again: reply to the form once more, with that person alone."
_ACTIVE = (
    "thank you. Your account is active: files that you send from this address are taken. For SFTP, log in with the "
    "one-time code of the message that you answered."
)
_AGREED = "thank you. You have agreed to version {version} of the acceptable use policy, and everything goes on."
_AGREED_BEFORE = ("You had agreed already", "you had agreed to this version before, so nothing was left to do.")
_NOT_AGREED = (
    "Your reply did not say AGREE",
    "your reply did not begin with the word AGREE, so nothing was noted. Please reply to that message once more, with "
    "AGREE first and in capitals.",
)
_ANOTHER_TEXT = (
    "The policy has changed since",
    "the acceptable use policy has changed since the message that you answered, so nothing was noted. Please answer "
    "the newer message, or ask for one.",
)
_CLOSED_SINCE = (
    "Your account has to be activated anew",
    "your account was closed after the message that you answered, so nothing was noted. Please answer the newer "
    "message about your activation, or ask for one.",
)
_EXPIRED = (
    "This reply address has expired",
    "the address that you replied to has expired, so nothing was noted. Please ask for a new message.",
)
_NO_HEAD = (
    "Only headteachers ask for accounts",
    "the form is for headteachers whose account is active. Nothing was noted.",
)
_NO_FORM = (
    "No person was found in your form",
    "no line like `Forename: Ada` was found in your reply, so nothing was noted. Please reply to the form once more, "
    "with the lines filled in at the top of your message.",
)
