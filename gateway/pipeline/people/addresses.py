"""Addresses: somebody's own changes when both the old and the new one said so; one that fails is told of.

Owns the question to both, the words CONFIRM and REFUSE, the change, and who hears that mail to a person comes back. The
letter to each address is the proof: only who reads that mailbox knows where to reply (Source: SPEC 4, 9).
"""

import re
from dataclasses import replace

from gateway.core.addresses import CONFIRMED_FOR, AddressChange
from gateway.core.mail import Notice
from gateway.core.notices.accessnews import ADDRESS, ADDRESS_CHANGED, STALE, AddressChanged, address_asked, stale
from gateway.core.register import Account, Role
from gateway.core.submission import Envelope
from gateway.errors import NotThere
from gateway.pipeline.answer import ADMINISTRATOR
from gateway.pipeline.telling import Telling

_WORD = re.compile(r"\W*(confirm|refuse)\b", re.IGNORECASE)


class Addresses:
    """Changes of people's own addresses."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._answer = telling.answer
        self._to_notify = telling.to_notify
        self._policy = telling.policy

    async def ask(self, account: Account, new: str, *, by: str) -> AddressChange:
        """Ask both addresses whether one shall take the place of the other."""
        change = self._wish(account, new, by=by)
        await self._ledger.ask_address(change, [self._letter(change, account, is_new=n) for n in (False, True)])
        self._to_notify()
        return change

    async def change_at_once(self, account: Account, new: str, *, by: str, why: str) -> AddressChange:
        """Change an address on an administrator's word, and tell both. Raises NotThere where it is taken.

        The same address again takes away the mark that mail comes back from it; of that nobody is told.
        """
        change = self._wish(account, new, by=by)
        await self._change(change, by=by, why=why, id=change.id)
        return change

    def _wish(self, account: Account, new: str, *, by: str) -> AddressChange:
        now = self._clock.now()
        return AddressChange(
            id=self._clock.new_id(),
            username=account.username,
            old=account.email,
            new=new,
            asked_at=now,
            asked_by=by,
            until=now + CONFIRMED_FOR,
            letter_to_new=self._clock.new_id(),
        )

    def _letter(self, change: AddressChange, account: Account, *, is_new: bool) -> Notice:
        context = address_asked(change, reader=account, is_new=is_new, head=self._answer.letterhead())
        id = change.letter_to_new if is_new else change.id
        notice = self._answer.unasked(f"{id}-address", ADDRESS, context, at=change.asked_at, reader=account)
        # To the new one as an answer: what comes back from there says nothing of the old one.
        return replace(notice, address=change.new, is_answer=True) if is_new else notice

    async def take(self, change: AddressChange, letter: str, text: str, *, envelope: Envelope) -> tuple[Notice, ...]:
        """Take the word that came to a letter; return the notices that are owed for it."""
        word = next((found for line in text.splitlines() if line.strip() and (found := _WORD.match(line))), None)
        if word is None or change.ended_at is not None:
            return ()
        if word[1].lower() == "refuse":
            await self._end(change, "refused", by=change.username)
            return ()
        side = {"new_at": envelope.received_at} if letter == change.letter_to_new else {"old_at": envelope.received_at}
        said = replace(change, **side)  # type: ignore[arg-type]  # both are times
        await self._ledger.put_address_change(
            said, actor=change.username, at=envelope.received_at, event="confirm-address"
        )
        confirmed = await self._ledger.address_change(change.id)  # the other word may have come at the same time
        if confirmed is None or not confirmed.is_confirmed or confirmed.ended_at is not None:
            return ()
        await self._change(confirmed, by=change.username, why="confirmed from both addresses", id=envelope.id)
        return ()  # both are told of the change, from its own transaction

    async def _change(self, change: AddressChange, *, by: str, why: str, id: str) -> None:
        """Put the new address in place of the old one, and owe the word to both. Raises NotThere where it is taken.

        A code that went to the old address is void: who reads there is perhaps not who was meant.
        """
        at = self._clock.now()

        def moved(account: Account) -> Account:
            if account.email not in (change.old, change.new):
                raise NotThere(f"The address of {account.username} was changed meanwhile, so nothing was.")
            code = account.code if change.old == change.new else None
            return replace(account, email=change.new, is_stale=False, code=code)

        try:
            await self._ledger.move_address(
                replace(change, ended_at=at, outcome="changed"),
                moved,
                actor=by,
                at=at,
                why=why,
                owing=lambda before, after: (
                    () if before.email == after.email else self._told(after, change, by=by, id=id)
                ),
            )
        except NotThere as refusal:
            await self._end(change, f"refused: {refusal}", by="gateway")
            raise
        await self._directory.fresh()
        self._to_notify()

    async def _end(self, change: AddressChange, outcome: str, *, by: str) -> None:
        at = self._clock.now()
        done = replace(change, ended_at=at, outcome=outcome)
        await self._ledger.put_address_change(done, actor=by, at=at, event="end-address")

    def _told(self, account: Account, change: AddressChange, *, by: str, id: str) -> tuple[Notice, ...]:
        head, at = self._answer.letterhead(), self._clock.now()
        context = AddressChanged(
            authority=head.authority,
            contact=head.contact,
            reader=account.forename,
            username=account.username,
            old=change.old,
            new=change.new,
            by="you" if by == account.username else by,
        )
        told = self._answer.unasked(f"{id}-moved", ADDRESS_CHANGED, context, at=at, reader=account)
        # To the old one as an answer: what comes back from there says nothing of the new one.
        return told, replace(told, id=f"{id}-moved-old", address=change.old, is_answer=True)

    # Mail that comes back

    async def came_back(self, owner: Account) -> bool:
        """Mark an address as stale and tell who else answers for its school; False when it was known."""
        at = self._clock.now()

        def marked(account: Account) -> Account:
            return replace(account, is_stale=account.email == owner.email or account.is_stale)

        if owner.is_stale:
            return False
        after = await self._ledger.amend_account(
            owner.username,
            marked,
            actor="gateway",
            at=at,
            event="stale-address",
            owing=lambda before, after: [] if before == after else self._stale_notices(after),
        )
        self._to_notify()
        return after.is_stale

    def _stale_notices(self, person: Account) -> list[Notice]:
        """Return the word to the school's other contacts, else to the administrator."""
        at, head, directory = self._clock.now(), self._answer.letterhead(), self._directory.current
        others = [
            other
            for number in person.schools
            for other in directory.people_of(number)
            if other.is_active and not other.is_stale and other.email and other.username != person.username
        ]
        heads = [other for other in others if other.role is Role.HEAD]
        staff = [other for other in others if other.role is Role.STAFF]
        readers: list[Account | None] = list(dict.fromkeys(heads or staff)) or [None]
        if readers == [None] and not self._policy.current.notices.administrator:
            return []
        id = f"stale-{person.username}-{at:%Y%m%d%H%M%S}"
        return [
            self._answer.unasked(
                f"{id}-{reader.username if reader else 'all'}",
                STALE,
                stale(
                    person,
                    reader=reader.forename if reader else ADMINISTRATOR,
                    is_administrator=reader is None,
                    head=head,
                    directory=directory,
                ),
                at=at,
                reader=reader,
            )
            for reader in readers
        ]
