"""What we asked people, and what they answered by reply: reviews of access, and changes of addresses.

Owns the port `Letters`. Each answer stands in the audit trail, in the transaction that writes it: it is evidence, and
stays when the letter is long forgotten (Source: SPEC 9, 10).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.core.addresses import AddressChange
from gateway.core.mail import Notice
from gateway.core.register import Account
from gateway.core.reviews import Letter, Review
from gateway.ports.people import Owing
from gateway.store.engine.connection import Row, Transaction
from gateway.store.engine.rows import stamp
from gateway.store.ledger.accounts import Deed, amend
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.outbox import put_owed
from gateway.store.ledger.records import TIME, Shape
from gateway.store.ledger.trail import Entry, append, append_each

_LETTER = Shape(Letter, dict.fromkeys(("sent_at", "reminded_at", "reported_at", "answered_at"), TIME))
_REVIEW = Shape(Review, {"started_at": TIME})
_CHANGE = Shape(AddressChange, dict.fromkeys(("asked_at", "until", "old_at", "new_at", "ended_at"), TIME))


class LetterBook(Desk):
    """The port `Letters`."""

    async def addressee(self, letter: str) -> str | None:
        """Return the username that a letter went to; None for no letter of ours."""
        row = await self._read(lambda tx: tx.row("addressee", {"id": letter}))
        return str(row[0]) if row else None

    async def start_review(self, review: Review, notices: Sequence[Notice]) -> None:
        """Write a review with its letters, and owe their notices."""

        def work(tx: Transaction) -> None:
            values = {"id": review.id, "started_at": stamp(review.started_at), "started_by": review.started_by}
            tx.change("insert_review", values)
            tx.change_each("put_letter", map(_LETTER.values, review.letters))
            put_owed(tx, notices, now=review.started_at)
            schools = sorted({letter.school for letter in review.letters})
            append(tx, Entry(review.started_at, review.started_by, "start-review", review.id, {"schools": schools}))

        await self._write(work)

    async def reviews(self) -> list[Review]:
        """Return reviews with their letters, newest first."""
        return await self._read(lambda tx: [_review_of(tx, row) for row in tx.rows("reviews")])

    async def letter(self, id: str) -> Letter | None:
        """Return one letter of a review."""
        row = await self._read(lambda tx: tx.row("letter", {"id": id}))
        return _LETTER.of(row) if row else None

    async def put_letters(
        self, letters: Sequence[Letter], *, actor: str, at: datetime, event: str, notices: Sequence[Notice] = ()
    ) -> None:
        """Write what became of letters: answered, reminded of, reported; and owe the notices that do so."""

        def work(tx: Transaction) -> None:
            tx.change_each("put_letter", map(_LETTER.values, letters))
            append_each(tx, [_entry_of(letter, actor=actor, at=at, event=event) for letter in letters])
            put_owed(tx, notices, now=at)

        await self._write(work)

    async def ask_address(self, change: AddressChange, notices: Sequence[Notice]) -> None:
        """Write a change that was asked for, in the place of one before it, and owe its notices."""

        def work(tx: Transaction) -> None:
            _end_others(tx, change, at=change.asked_at)
            _put_change(tx, change, Entry(change.asked_at, change.asked_by, "ask-address", change.username))
            put_owed(tx, notices, now=change.asked_at)

        await self._write(work)

    async def address_change(self, letter: str) -> AddressChange | None:
        """Return the change that a letter is about, whether it went to the old or to the new address."""
        row = await self._read(lambda tx: tx.row("address_change", {"id": letter}))
        return _CHANGE.of(row) if row else None

    async def put_address_change(self, change: AddressChange, *, actor: str, at: datetime, event: str) -> None:
        """Write what became of a change."""
        await self._write(lambda tx: _put_change(tx, change, Entry(at, actor, event, change.username)))

    async def move_address(
        self,
        change: AddressChange,
        moved: Callable[[Account], Account],
        *,
        actor: str,
        at: datetime,
        why: str,
        owing: Owing,
    ) -> Account:
        """Put a change in force, end it, return the account. Raises NotThere, and writes nothing, as `moved` does."""

        def work(tx: Transaction) -> Account:
            _end_others(tx, change, at=at)
            account = amend(tx, change.username, moved, Deed(actor, at, "address", why), owing)
            _put_change(tx, change, Entry(at, actor, "end-address", change.username))
            return account

        return await self._write(work)


def _entry_of(letter: Letter, *, actor: str, at: datetime, event: str) -> Entry:
    words = {"answer": letter.answer} if letter.answer else {}
    return Entry(at, actor, event, letter.id, {"school": letter.school, "review": letter.review}, words)


def _review_of(tx: Transaction, row: Row) -> Review:
    letters = tuple(_LETTER.of(letter) for letter in tx.rows("letters_of_review", {"review": row[0]}))
    return _REVIEW.of((*row, letters))


def _end_others(tx: Transaction, change: AddressChange, *, at: datetime) -> None:
    """End the change that was asked for before this one, if any."""
    tx.change("replace_address_change", {"id": change.id, "username": change.username, "at": stamp(at)})


def _put_change(tx: Transaction, change: AddressChange, entry: Entry) -> None:
    tx.change("put_address_change", _CHANGE.values(change))
    tx.change("bump_directory", {})  # who may reply from the new address hears of it
    append(tx, Entry(entry.at, entry.actor, entry.action, entry.subject, {}, {"old": change.old, "new": change.new}))
