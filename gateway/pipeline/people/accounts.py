"""Accounts: a person's way in, from the request to the first login, and to a new password after that.

Owns each step and who is told of it. An account is changed as it stands at that moment: what was suspended or closed
meanwhile stays so, whatever code or password comes. The mail with a code is `codes` (Source: SPEC 9; FIELD-NOTES A.9).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.agreement import AcceptableUse, Agreement
from gateway.core.codes import CodeFor
from gateway.core.mail import Notice
from gateway.core.newcomer import HouseRules
from gateway.core.notices.wayin import REQUESTED, RESET, requested, reset
from gateway.core.proof import Proof, why_gone
from gateway.core.register import Account, AccountState, Directory
from gateway.errors import NotThere
from gateway.pipeline.people.codes import CodeMail, may_have
from gateway.pipeline.people.passwords import Passwords
from gateway.pipeline.policy import Policy
from gateway.pipeline.telling import Telling

_TICK = timedelta(microseconds=1)  # what the ledger can tell apart


@dataclass(frozen=True)
class Wish:
    """What a person settled at a login, all of it or nothing."""

    password: str | None = None
    agrees_to: AcceptableUse | None = None  # the very text that they were shown
    peer: str = ""
    how: str = "login"


class Accounts:
    """The steps of a person's way in."""

    def __init__(self, telling: Telling, passwords: Passwords, codes: CodeMail) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._passwords = passwords
        self._codes = codes

    # The authority's steps

    async def request(self, account: Account, *, by: str, actor: str) -> Account:
        """Add somebody who waits to be verified, and tell the administrator. Raises NotThere when they can't be."""
        now = self._clock.now()
        asked = replace(account, state=AccountState.REQUESTED, requested_at=now, requested_by=actor)
        told = [self._requested(asked, by=by, at=now)] if self._policy.current.notices.administrator else []
        await self._ledger.add_account(asked, actor=actor, at=now, why=f"requested by {by}", notices=told)
        self._to_notify()
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

        return await self._amend_and_send(
            username, change, CodeFor.ACTIVATION, actor=actor, at=now, event="verify", why=evidence
        )

    async def send_activation(self, username: str, *, actor: str) -> Account:
        """Mail a code for the first login; an earlier one is void from then on. Raises NotThere."""
        account = await self._account(username)
        if account.state is not AccountState.VERIFIED:
            raise NotThere(_WHY_NO_ACTIVATION[account.state].format(username=account.username))
        if not account.email:
            raise NotThere(f"{account.username} has no address to which a code could be mailed.")
        now = self._clock.now()
        await self._ledger.note(
            at=now,
            actor=actor,
            action="send-code",
            subject=account.username,
            detail={"for": "activation"},
            notices=[self._codes.mail(account, CodeFor.ACTIVATION, by=actor, at=now)],
        )
        self._to_notify()
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

        await self._directory.fresh()  # of whose school somebody is head by now
        return await self._amend_and_send(
            username,
            change,
            CodeFor.PASSWORD,
            actor=actor,
            at=now,
            event="reset-password",
            others=lambda account: self._to_heads(account, by=actor, at=now),
        )

    async def send_expired_code(self, username: str) -> None:
        """Mail a code beside an expired password: for who came with a program that can't be asked for a new one."""
        account = await self._ledger.amend_account(  # as it is now: the register in memory counts no wrong tries
            username, lambda now_is: now_is, actor="gateway", at=self._clock.now(), event="look"
        )
        now, told = self._clock.now(), self._policy.current.accounts
        mark = f"expired-codes {account.username}"
        day, _, count = (await self._ledger.mark(mark) or "").partition(" ")
        today = str(self._policy.current.day_of(now))
        sent = int(count or 0) if day == today else 0
        has_one = account.code is not None and account.code.is_open(now)
        if has_one or sent >= told.codes_a_day or not account.email or not may_have(account, CodeFor.EXPIRED):
            return
        notice = self._codes.mail(account, CodeFor.EXPIRED, at=now)
        await self._ledger.owe([notice], marks={mark: f"{today} {sent + 1}"})
        self._to_notify()

    # The person's steps

    async def settle(self, proof: Proof, wish: Wish) -> Account:
        """Do what a person settled at a login or in a reply: agree, set a password, begin. Raises NotThere.

        What they proved is asked again in the very transaction that changes the account: who took the password away
        meanwhile, or suspended the account, is not overruled. The password was judged before. Who is verified becomes
        active; a code is used up with it.
        """
        now, use, account = self._clock.now(), wish.agrees_to, proof.account
        hash = await self._passwords.hash(wish.password) if wish.password is not None else None
        agreed = Agreement(use.version, use.digest, now, wish.how, wish.peer) if use else None

        def change(now_is: Account) -> Account:
            _refuse_if_gone(proof, now_is)
            after = replace(now_is, state=AccountState.ACTIVE, activated_at=now_is.activated_at or now)
            return _with_password(after, hash, at=now) if hash else after

        event = "activate" if account.state is AccountState.VERIFIED else "change-password" if hash else "agree"
        return await self._ledger.amend_account(
            account.username, change, actor=account.username, at=now, event=event, why=wish.how, agreed=agreed
        )

    async def use_up(self, proof: Proof) -> None:
        """Forget the code that was used beside an expired password. Raises NotThere where that counts no more."""

        def change(now_is: Account) -> Account:
            _refuse_if_gone(proof, now_is)
            return replace(now_is, code=None)

        await self._ledger.amend_account(
            proof.account.username, change, actor=proof.account.username, at=self._clock.now(), event="use-code"
        )

    async def _amend_and_send(
        self,
        username: str,
        change: Callable[[Account], Account],
        purpose: CodeFor,
        *,
        actor: str,
        at: datetime,
        event: str,
        why: str = "",
        others: Callable[[Account], Sequence[Notice]] = lambda _: (),
    ) -> Account:
        """Change an account, and owe the mail with its code and what others are told, or none of it."""
        account = await self._ledger.amend_account(
            username,
            change,
            actor=actor,
            at=at,
            event=event,
            why=why,
            owing=lambda _, after: [self._codes.mail(after, purpose, by=actor, at=at), *others(after)],
        )
        self._to_notify()
        return account

    def _to_heads(self, account: Account, *, by: str, at: datetime) -> list[Notice]:
        """Return what the headteachers are told of somebody's password that was reset."""
        directory, letterhead = self._directory.current, self._answer.letterhead()
        heads = {head.username: head for school in account.schools for head in directory.heads_of(school)}
        heads.pop(account.username, None)
        return [
            self._answer.unasked(
                self._clock.new_id(),
                RESET,
                reset(account, by=by, at=at, head=letterhead, reader=head),
                at=at,
                reader=head,
            )
            for head in heads.values()
        ]

    def _requested(self, account: Account, *, by: str, at: datetime) -> Notice:
        """Return what the administrator is told of somebody who waits to be verified."""
        days, head = self._policy.current.accounts.promised_days, self._answer.letterhead()
        context = requested(account, self._directory.current, by=by, days=days, head=head)
        return self._answer.unasked(self._clock.new_id(), REQUESTED, context, at=at)

    async def _account(self, username: str) -> Account:
        account = (await self._directory.fresh()).account(username)
        if account is None:
            raise NotThere(f'There is no account "{username}". `gateway admin users list` shows them.')
        return account


def house_rules(policy: Policy, directory: Directory) -> HouseRules:
    """Return what somebody is judged by who shall have an account."""
    return HouseRules(
        directory=directory,
        catalogue=policy.catalogue,
        shared_mailboxes=policy.accounts.shared_mailboxes,
        home_domains=policy.accounts.home_domains,
    )


def _refuse_if_gone(proof: Proof, now_is: Account) -> None:
    """Raise NotThere, with the sentence for its person, where what was proved counts no more."""
    if sentence := why_gone(proof, now_is):
        raise NotThere(sentence)


def _with_password(account: Account, hash: str, *, at: datetime) -> Account:
    """Return an account with another password, whose time is another too: by it a password is told from its re-hash."""
    before = account.password_set_at
    return replace(account, password_hash=hash, password_set_at=at + _TICK if at == before else at, code=None)


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
