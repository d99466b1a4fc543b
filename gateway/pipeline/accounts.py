"""Accounts: a person's way in, from the request to the first login, and to a new password after that.

Owns each step and who is told of it. An account is changed as it stands at that moment: what was suspended or closed
meanwhile stays so, whatever code or password comes. A code is made when its mail leaves, and only its hash is kept
(Source: SPEC 9; FIELD-NOTES A.9).
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.agreement import Agreement
from gateway.core.codes import CodeFor, OneTimeCode, plain_code, write_code
from gateway.core.mail import Notice
from gateway.core.newcomer import HouseRules
from gateway.core.phrases import moment
from gateway.core.register import Account, AccountState, Directory
from gateway.core.wayin import ACTIVATION, CODE, REQUESTED, RESET, requested, reset, with_code
from gateway.errors import NotThere
from gateway.pipeline.passwords import Passwords
from gateway.pipeline.policy import Policy
from gateway.pipeline.telling import Telling

_CAN_BE_CODED = (AccountState.VERIFIED, AccountState.ACTIVE)


@dataclass(frozen=True)
class Wish:
    """What a person settled at a login, all of it or nothing."""

    password: str | None = None
    agrees: bool = False
    peer: str = ""
    how: str = "login"


class Accounts:
    """The steps of a person's way in."""

    def __init__(
        self, telling: Telling, passwords: Passwords, *, chance: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._passwords = passwords
        self._chance = chance

    # The authority's steps

    async def request(self, account: Account, *, by: str, actor: str) -> Account:
        """Add somebody who waits to be verified, and tell the administrator. Raises NotThere when they can't be."""
        now = self._clock.now()
        asked = replace(account, state=AccountState.REQUESTED, requested_at=now, requested_by=actor)
        await self._ledger.add_account(asked, actor=actor, at=now, why=f"requested by {by}")
        if self._policy.current.notices.administrator:
            context = requested(
                asked,
                self._directory.current,
                by=by,
                days=self._policy.current.accounts.promised_days,
                head=self._answer.letterhead(),
            )
            await self._owe(self._answer.unasked(self._clock.new_id(), REQUESTED, context, at=now))
        return asked

    async def verify(self, username: str, *, evidence: str, actor: str) -> Account:
        """Write that the authority knows this person, and on what evidence; mail the code. Raises NotThere."""
        now = self._clock.now()

        def change(account: Account) -> Account:
            if account.state is not AccountState.REQUESTED:
                raise NotThere(
                    f"{account.username} is {account.state}; only an account that was requested is verified."
                )
            return replace(account, state=AccountState.VERIFIED, verified_at=now, verified_by=actor, evidence=evidence)

        account = await self._ledger.amend_account(username, change, actor=actor, at=now, event="verify", why=evidence)
        await self._send_code(account, CodeFor.ACTIVATION, by=actor)
        return account

    async def send_activation(self, username: str, *, actor: str) -> Account:
        """Mail a code for the first login; an earlier one is void from then on. Raises NotThere."""
        account = await self._account(username)
        if account.state is not AccountState.VERIFIED:
            raise NotThere(_WHY_NO_ACTIVATION[account.state].format(username=account.username))
        if not account.email:
            raise NotThere(f"{account.username} has no address to which a code could be mailed.")
        await self._ledger.note(
            at=self._clock.now(),
            actor=actor,
            action="send-code",
            subject=account.username,
            detail={"for": "activation"},
        )
        await self._send_code(account, CodeFor.ACTIVATION, by=actor)
        return account

    async def reset_password(self, username: str, *, actor: str) -> Account:
        """Take a forgotten password away and mail a code for a new one; tell the headteacher. Raises NotThere."""
        now = self._clock.now()

        def change(account: Account) -> Account:
            if account.state is not AccountState.ACTIVE:
                raise NotThere(_WHY_NO_RESET[account.state].format(username=account.username))
            if not account.email:
                raise NotThere(f"{account.username} has no address to which a code could be mailed.")
            return replace(account, password_hash=None, password_set_at=None, code=None)

        account = await self._ledger.amend_account(username, change, actor=actor, at=now, event="reset-password")
        await self._send_code(account, CodeFor.PASSWORD, by=actor)
        await self._tell_heads(account, by=actor, at=now)
        return account

    async def send_expired_code(self, username: str) -> None:
        """Mail a code beside an expired password: for who came with a program that can't be asked for a new one."""
        account, now = await self._account(username), self._clock.now()
        told = self._policy.current.accounts
        mark = f"expired-codes {account.username}"
        day, _, count = (await self._ledger.mark(mark) or "").partition(" ")
        today = str(self._policy.current.day_of(now))
        sent = int(count or 0) if day == today else 0
        if (account.code and account.code.is_open(now)) or sent >= told.codes_a_day or not account.email:
            return
        await self._ledger.set_mark(mark, f"{today} {sent + 1}")
        await self._send_code(account, CodeFor.EXPIRED)

    # The person's steps

    async def settle(self, account: Account, wish: Wish) -> Account:
        """Do what a person settled at a login or in a reply: agree, set a password, begin. Raises NotThere.

        The password was judged before. Who is verified becomes active; a code is used up with it.
        """
        now, use = self._clock.now(), self._policy.current.accounts.acceptable_use
        hash = await self._passwords.hash(wish.password) if wish.password is not None else None
        agreed = Agreement(use.version, use.digest, now, wish.how, wish.peer) if wish.agrees else None

        def change(now_is: Account) -> Account:
            if now_is.state not in _CAN_BE_CODED:
                raise NotThere(f"{now_is.username} was {now_is.state} meanwhile, so nothing was changed.")
            after = replace(now_is, state=AccountState.ACTIVE, activated_at=now_is.activated_at or now)
            return replace(after, password_hash=hash, password_set_at=now, code=None) if hash else after

        event = "activate" if account.state is AccountState.VERIFIED else "change-password" if hash else "agree"
        return await self._ledger.amend_account(
            account.username, change, actor=account.username, at=now, event=event, why=wish.how, agreed=agreed
        )

    async def count_wrong_code(self, account: Account) -> None:
        """Take one try from the code that is out."""

        def change(now_is: Account) -> Account:
            code = now_is.code
            return now_is if code is None else replace(now_is, code=replace(code, tries=max(0, code.tries - 1)))

        await self._ledger.amend_account(
            account.username, change, actor="gateway", at=self._clock.now(), event="wrong-code"
        )

    async def use_up(self, account: Account) -> None:
        """Forget the code that was used beside an expired password."""
        await self._ledger.amend_account(
            account.username,
            lambda now_is: replace(now_is, code=None),
            actor=account.username,
            at=self._clock.now(),
            event="use-code",
        )

    # The code in the mail

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
            if not _may_have(account, purpose):
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

    async def _send_code(self, account: Account, purpose: CodeFor, *, by: str = "") -> None:
        now, policy = self._clock.now(), self._policy.current
        context = with_code(
            account,
            purpose,
            head=self._answer.letterhead(),
            sftp=policy.accounts.sftp,
            by=by,
            policy=policy.accounts.acceptable_use if purpose is CodeFor.ACTIVATION else None,
            reply_until=now + self._valid_for(purpose),
        )
        template = ACTIVATION if purpose is CodeFor.ACTIVATION else CODE
        await self._owe(self._answer.unasked(self._clock.new_id(), template, context, at=now, reader=account))

    async def _tell_heads(self, account: Account, *, by: str, at: datetime) -> None:
        directory = self._directory.current
        heads = {head.username: head for school in account.schools for head in directory.heads_of(school)}
        for head in heads.values():
            if head.username != account.username:
                context = reset(account, by=by, at=at, head=self._answer.letterhead(), reader=head)
                await self._owe(self._answer.unasked(self._clock.new_id(), RESET, context, at=at, reader=head))

    async def _account(self, username: str) -> Account:
        account = (await self._directory.fresh()).account(username)
        if account is None:
            raise NotThere(f'There is no account "{username}". `gateway admin users list` shows them.')
        return account

    async def _owe(self, notice: Notice) -> None:
        await self._ledger.owe([notice])
        self._to_notify()


def house_rules(policy: Policy, directory: Directory) -> HouseRules:
    """Return what somebody is judged by who shall have an account."""
    return HouseRules(
        directory=directory,
        catalogue=policy.catalogue,
        shared_mailboxes=policy.accounts.shared_mailboxes,
        home_domains=policy.accounts.home_domains,
    )


def _may_have(account: Account, purpose: CodeFor) -> bool:
    """Return whether a code of this kind may be made out to an account as it stands."""
    if purpose is CodeFor.ACTIVATION:
        return account.state is AccountState.VERIFIED
    return account.state is AccountState.ACTIVE and (account.password_hash is None) is (purpose is CodeFor.PASSWORD)


_WHY_NO_ACTIVATION = {
    AccountState.REQUESTED: "{username} is not verified yet: gateway admin users verify {username} --evidence …",
    AccountState.ACTIVE: "{username} is active already. For a new password: gateway admin users password {username}",
    AccountState.SUSPENDED: "{username} is suspended, and a code gives no access back; reinstate the account first.",
    AccountState.REVOKED: "{username} was closed, and a code gives no access back.",
}
_WHY_NO_RESET = {
    AccountState.REQUESTED: "{username} is not verified yet and has no password.",
    AccountState.VERIFIED: "{username} is not activated yet: gateway admin users activate {username} mails a new code.",
    AccountState.SUSPENDED: "{username} is suspended, and a new password gives no access back; reinstate it first.",
    AccountState.REVOKED: "{username} was closed, and a new password gives no access back.",
}
