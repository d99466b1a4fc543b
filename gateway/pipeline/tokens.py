"""Tokens: the addresses that our notices can be answered at, and who an address that comes back belongs to.

Owns the making of reply and bounce addresses, and their reading: genuine or not, whose, and until when. That a token
made its one change is a mark in the ledger (Source: SPEC 4; `core.tokens`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.core.mail import Notice, NoticeQuery
from gateway.core.register import Account
from gateway.core.submission import Submission
from gateway.core.tokens import (
    Token,
    TokenKind,
    is_genuine,
    matter_of_agreement,
    matter_of_person,
    matter_of_submission,
    nonce_of,
    read_token,
    submission_of,
    write_token,
)
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Ledger

_BOUNCES_FOR = timedelta(days=30)  # in which a mail that we sent may come back


@dataclass(frozen=True)
class Known:
    """A token that we wrote."""

    text: str
    kind: TokenKind
    owner: Account
    expires_at: datetime
    submission: Submission | None = None  # that its notice was about; None of a bounce
    letter: str | None = None  # the id of the letter that it answers, where it does
    matter: bytes = b""


class Tokens:
    """Makes addresses, and knows them again."""

    def __init__(
        self, *, ledger: Ledger, directory: LiveDirectory, policy: LivePolicy, secret: Callable[[], bytes]
    ) -> None:
        """Take the parts; the secret is asked for when it is first needed."""
        self._ledger = ledger
        self._directory = directory
        self._policy = policy
        self._secret = secret

    def reply_address(self, notice: Notice) -> str | None:
        """Return where this notice is answered, or None where it can't be."""
        until, domain = notice.context.get("reply_until"), self._policy.current.notices.reply_domain
        kind, matter = _matter_of(notice)
        if not isinstance(until, str) or not until or matter is None or not domain:
            return None
        token = Token(kind, matter, datetime.fromisoformat(until), nonce_of(notice.id))
        return f"reply+{self._write(token, notice.username)}@{domain}"

    def bounce_address(self, notice: Notice, *, at: datetime) -> str:
        """Return where a notice comes back to that nobody asked for; "" for an answer, and for who has no account."""
        domain = self._policy.current.notices.reply_domain
        if notice.is_answer or not notice.username or not domain:
            return ""
        matter = matter_of_person(notice.username)
        token = Token(TokenKind.BOUNCE, matter, at + _BOUNCES_FOR, nonce_of(notice.id))
        return f"bounce+{self._write(token, notice.username)}@{domain}"

    async def known(self, text: str, kind: TokenKind) -> Known | None:
        """Return a token that we wrote for somebody who is still in the register; None for any other."""
        token = read_token(text)
        if token is None or token.kind is not kind:
            return None
        submission, letter = None, None
        if kind is TokenKind.REPLY:
            submission = await self._ledger.submission(submission_of(token.matter))
        if kind is TokenKind.LETTER:
            letter = submission_of(token.matter)
        owner = await self._owner(token, submission)
        if owner is None or not is_genuine(text, person=owner.username, secret=self._secret()):
            return None
        return Known(text.lower(), kind, owner, token.expires_at, submission, letter, token.matter)

    async def notice_of(self, known: Known) -> Notice | None:
        """Return the notice that left with this bounce address; None when its record is gone."""
        token = read_token(known.text)
        notices = await self._ledger.notices(NoticeQuery(username=known.owner.username))
        return next((n for n in notices if not n.is_answer and token and nonce_of(n.id) == token.nonce), None)

    async def spent_by(self, known: Known) -> str | None:
        """Return the id of the message with which this token made its one change; None when it is unused."""
        return await self._ledger.mark(_mark_of(known))

    async def spend(self, known: Known, message: str) -> None:
        """Write that this token made its one change."""
        await self._ledger.set_mark(_mark_of(known), message)

    def _write(self, token: Token, username: str) -> str:
        return write_token(token, person=username, secret=self._secret())

    async def known_reply(self, text: str) -> Known | None:
        """Return a token that somebody can reply to: about a submission, a letter of ours, or an account."""
        token = read_token(text)
        return None if token is None or token.kind is TokenKind.BOUNCE else await self.known(text, token.kind)

    async def _owner(self, token: Token, submission: Submission | None) -> Account | None:
        """Return who a token can be for: who sent the submission, or whom the mail went to."""
        directory = self._directory.current
        if token.kind is TokenKind.LETTER:
            username = await self._ledger.addressee(submission_of(token.matter))
            return directory.account(username) if username else None
        if token.kind is TokenKind.REPLY:
            return directory.account(submission.username) if submission else None
        if token.kind is TokenKind.AGREE:
            return await self._who_was_shown(token.matter)
        return next((a for a in directory.accounts.values() if matter_of_person(a.username) == token.matter), None)

    async def _who_was_shown(self, matter: bytes) -> Account | None:
        """Return who got a text of the policy, the one in force or one before it."""
        shown = {policy.digest for policy in await self._ledger.policies()}
        shown.add(self._policy.current.accounts.acceptable_use.digest)
        for account in self._directory.current.accounts.values():
            if any(matter_of_agreement(account.username, digest) == matter for digest in shown):
                return account
        return None


def _matter_of(notice: Notice) -> tuple[TokenKind, bytes | None]:
    """Return what a reply to a notice would be about; None for a notice that is answered by nothing."""
    context = notice.context
    letter, digest = context.get("letter"), context.get("digest")
    if isinstance(letter, str):
        return TokenKind.LETTER, matter_of_submission(letter)
    if context.get("reply_for") == "agree" and isinstance(digest, str):
        return TokenKind.AGREE, matter_of_agreement(notice.username, digest)
    if context.get("reply_for") == "form":
        return TokenKind.FORM, matter_of_person(notice.username)
    return TokenKind.REPLY, matter_of_submission(notice.submission or "")


def _mark_of(known: Known) -> str:
    return f"reply {known.text}"
