"""What we asked people, and what they answered by reply: reviews of access, and changes of addresses.

Owns the port `Letters`. Each answer stands in the audit trail, in the transaction that writes it: it is evidence, and
stays when the letter is long forgotten (Source: SPEC 9, 10).
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.core.addresses import AddressChange
from gateway.core.mail import Notice
from gateway.core.reviews import Letter, Review
from gateway.store.engine.connection import Row, Transaction
from gateway.store.engine.rows import stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import TIME, Shape, new_notice_values
from gateway.store.ledger.trail import Entry, append

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
        rows = [new_notice_values(notice, now=self._clock.now()) for notice in notices]

        def work(tx: Transaction) -> None:
            values = {"id": review.id, "started_at": stamp(review.started_at), "started_by": review.started_by}
            tx.change("insert_review", values)
            tx.change_each("put_letter", map(_LETTER.values, review.letters))
            tx.change_each("insert_notice", rows)
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

    async def put_letter(self, letter: Letter, *, actor: str, at: datetime, event: str) -> None:
        """Write what became of a letter: it was answered, reminded of, reported."""
        words = {"answer": letter.answer} if letter.answer else {}
        told = {"school": letter.school, "review": letter.review}

        def work(tx: Transaction) -> None:
            tx.change("put_letter", _LETTER.values(letter))
            append(tx, Entry(at, actor, event, letter.id, told, words))

        await self._write(work)

    async def ask_address(self, change: AddressChange, notices: Sequence[Notice]) -> None:
        """Write a change that was asked for, in the place of one before it, and owe its notices."""
        rows = [new_notice_values(notice, now=self._clock.now()) for notice in notices]

        def work(tx: Transaction) -> None:
            tx.change("replace_address_change", {"username": change.username, "at": stamp(change.asked_at)})
            _put_change(tx, change, Entry(change.asked_at, change.asked_by, "ask-address", change.username))
            tx.change_each("insert_notice", rows)

        await self._write(work)

    async def address_change(self, letter: str) -> AddressChange | None:
        """Return the change that a letter is about, whether it went to the old or to the new address."""
        row = await self._read(lambda tx: tx.row("address_change", {"id": letter}))
        return _CHANGE.of(row) if row else None

    async def put_address_change(self, change: AddressChange, *, actor: str, at: datetime, event: str) -> None:
        """Write what became of a change."""
        await self._write(lambda tx: _put_change(tx, change, Entry(at, actor, event, change.username)))


def _review_of(tx: Transaction, row: Row) -> Review:
    letters = tuple(_LETTER.of(letter) for letter in tx.rows("letters_of_review", {"review": row[0]}))
    return _REVIEW.of((*row, letters))


def _put_change(tx: Transaction, change: AddressChange, entry: Entry) -> None:
    tx.change("put_address_change", _CHANGE.values(change))
    tx.change("bump_directory", {})  # who may reply from the new address hears of it
    append(tx, Entry(entry.at, entry.actor, entry.action, entry.subject, {}, {"old": change.old, "new": change.new}))
