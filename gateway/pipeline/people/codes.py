"""Codes: the mail that carries a one-time code, and the code, which is made when the mail leaves.

Owns that a code stands nowhere but in its mail: the ledger has its hash, its end and its tries. Who may not have one
any more when the mail leaves, or has another address by then, gets none (Source: SPEC 9).
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.core.codes import CodeFor, OneTimeCode, plain_code, write_code
from gateway.core.mail import Notice
from gateway.core.notices.wayin import ACTIVATION, CODE, with_code
from gateway.core.phrases import moment
from gateway.core.register import Account, AccountState
from gateway.errors import NotThere
from gateway.pipeline.people.passwords import Passwords
from gateway.pipeline.telling import Telling


@dataclass
class TriesLeft:
    """What is left of the codes that were guessed at, here and now; the ledger has it for the next start.

    The register in memory is not made anew for a guess: the time that this takes would show who has a code.
    """

    _left: dict[str, int] = field(default_factory=dict)  # by the hash of the code: no more than were mailed

    def of(self, account: Account) -> Account:
        """Return an account with what is left of its code."""
        code = account.code
        if code is None or code.hash not in self._left:
            return account
        return replace(account, code=replace(code, tries=min(code.tries, self._left[code.hash])))

    def take(self, code: OneTimeCode) -> None:
        """Count a wrong try."""
        self._left[code.hash] = max(0, min(code.tries, self._left.get(code.hash, code.tries)) - 1)


class CodeMail:
    """Mail with codes."""

    def __init__(
        self, telling: Telling, passwords: Passwords, *, chance: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._policy = telling.policy
        self._answer = telling.answer
        self._passwords = passwords
        self._chance = chance

    def mail(self, account: Account, purpose: CodeFor, *, at: datetime, by: str = "") -> Notice:
        """Return the mail that a code will be put into when it leaves."""
        policy = self._policy.current
        context = with_code(
            account,
            purpose,
            head=self._answer.letterhead(),
            sftp=policy.accounts.sftp,
            by=by,
            policy=policy.accounts.acceptable_use if purpose is CodeFor.ACTIVATION else None,
            reply_until=at + self._valid_for(purpose),
        )
        template = ACTIVATION if purpose is CodeFor.ACTIVATION else CODE
        return self._answer.unasked(self._clock.new_id(), template, context, at=at, reader=account)

    async def complete(self, notice: Notice) -> Mapping[str, object] | None:
        """Return a notice's context with its code, made now; the context as it is where it carries none.

        None where the person may not have a code any more: then the mail is not to leave. Tried again, a mail has
        another code, and the earlier one is void.
        """
        if notice.template not in (ACTIVATION, CODE):
            return notice.context
        purpose = CodeFor(str(notice.context["purpose"]))
        written = write_code(self._chance(16), purpose)
        hash, now = await self._passwords.hash(plain_code(written)), self._clock.now()
        until = now + self._valid_for(purpose)
        code = OneTimeCode(hash, purpose, until, self._policy.current.accounts.code_tries)

        def change(account: Account) -> Account:
            if not may_have(account, purpose) or account.email != notice.address:
                raise NotThere(f"{account.username} is {account.state} by now and gets no code.")
            return replace(account, code=code)

        try:
            await self._ledger.amend_account(notice.username, change, actor="gateway", at=now, event="make-code")
        except NotThere:
            return None
        return {**notice.context, "code": written, "until": moment(until, self._policy.current.zone)}

    def _valid_for(self, purpose: CodeFor) -> timedelta:
        told = self._policy.current.accounts
        if purpose is CodeFor.EXPIRED:
            return timedelta(minutes=told.code_minutes)
        return timedelta(hours=told.activation_hours)


def may_have(account: Account, purpose: CodeFor) -> bool:
    """Return whether a code of this kind may be made out to an account as it stands."""
    if purpose is CodeFor.ACTIVATION:
        return account.state is AccountState.VERIFIED
    return account.state is AccountState.ACTIVE and (account.password_hash is None) is (purpose is CodeFor.PASSWORD)
