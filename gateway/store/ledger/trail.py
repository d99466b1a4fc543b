"""The audit trail: append-only, each row chained to the one before by its digest.

Owns what may stand in a chained row in clear (ids, DfE numbers, codes, numbers) and what only as a salted digest: all
other text. The clear text is kept beside the chain with a salt of its own and can be erased without breaking it.
Changes no row, ever; the database refuses that too (Source: SPEC 10).
"""

import hashlib
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from gateway.core.mail import Notice
from gateway.core.trail import AuditEntry, TrailCheck
from gateway.store.engine.connection import Row, Transaction
from gateway.store.engine.rows import canonical, moment, stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.outbox import put_owed

PAGE = 2000  # rows that are checked in one transaction
SEAL = "~"  # in front of a salted digest

_CHAINED = ("sequence", "at", "actor", "action", "subject", "detail", "previous")  # what the digest covers
# Text that names no person: "gateway", ids, DfE numbers, service codes.
_PLAIN = re.compile(r"gateway|[0-9a-hjkmnp-tv-z]{26}(-[0-9a-z-]+)?|\d{7}|[A-Z]{2,12}")


@dataclass(frozen=True)
class Entry:
    """One row to append."""

    at: datetime
    actor: str
    action: str
    subject: str  # what it is about
    plain: Mapping[str, object] = field(default_factory=dict)  # stands in the chain as it is: nothing personal
    words: Mapping[str, object] = field(default_factory=dict)  # stands in the chain as salted digests


@dataclass(frozen=True)
class Word:
    """Clear text beside a chained row, and the salt that ties it to its digest there."""

    field: str  # of the row: "actor", "subject", "detail.name"
    about: str  # what it goes with when it is erased
    salt: str
    clear: str  # as JSON

    @property
    def seal(self) -> str:
        """What stands for it in the chain."""
        return SEAL + hashlib.sha256(f"{self.salt}{self.clear}".encode()).hexdigest()


class TrailBook(Desk):
    """The port `Trail` but for its marks, and the check of the chain."""

    async def note(
        self,
        *,
        at: datetime,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, object],
        notices: Sequence[Notice] = (),
    ) -> None:
        """Append one row. Numbers and truth values of the detail stand in the chain; all else only as digests."""
        plain = {k: v for k, v in detail.items() if v is None or isinstance(v, int | float)}
        words = {k: v for k, v in detail.items() if k not in plain}

        def work(tx: Transaction) -> None:
            append(tx, Entry(at, actor, action, subject, plain, words))
            put_owed(tx, notices, now=at)

        await self._write(work)

    async def trail(self, *, subject: str | None = None, limit: int | None = None) -> list[AuditEntry]:
        """Return rows, newest first, in clear where the words were not erased."""
        values = {} if subject is None else {"subject": subject}
        return await self._read(lambda tx: _in_clear(tx, list(tx.listing("trail", values, limit=limit))))

    async def trail_end(self) -> int:
        """Return the number of the last row; 0 when there is none."""
        row = await self._read(lambda tx: tx.row("end_of_trail"))
        return int(row[0]) if row else 0

    async def chained_trail(self, *, after: int = 0, limit: int = PAGE) -> list[AuditEntry]:
        """Return rows as they are chained, oldest first: what an export needs so that others can check it."""
        rows = await self._read(lambda tx: tx.rows("trail_page", {"after": after, "limit": limit}))
        return [_entry_of(row) for row in rows]

    async def verify_trail(self) -> TrailCheck:
        """Walk the whole chain and the words beside it; say the first row that is not as it was written."""
        check = TrailCheck(0, "")
        while True:
            page = await self._read(partial(_check_page, check=check))
            if page.rows == check.rows or page.broken is not None:
                return page
            check = page


def append(tx: Transaction, entry: Entry) -> None:
    """Append one row to the chain, in the transaction of what it tells of."""
    last, previous = tx.row("end_of_trail") or (0, "")
    words = _words_of(entry)
    seals = {word.field: word.seal for word in words}
    row: dict[str, object] = {
        "sequence": last + 1,
        "at": stamp(entry.at),
        "actor": seals.get("actor", entry.actor),
        "action": entry.action,
        "subject": seals.get("subject", entry.subject),
        "detail": {**entry.plain, **{name: seals[f"detail.{name}"] for name in entry.words}},
        "previous": previous,
    }
    tx.change("append_to_trail", {**row, "detail": canonical(row["detail"]), "digest": _digest_of(row)})
    tx.change_each("insert_word", ({**vars(word), "sequence": last + 1} for word in words))


def append_each(tx: Transaction, entries: Iterable[Entry]) -> None:
    """Append rows in their order."""
    for entry in entries:
        append(tx, entry)


def _words_of(entry: Entry) -> list[Word]:
    """Return what of an entry must not stand in the chain in clear."""
    who_and_what = (("actor", entry.actor), ("subject", entry.subject))
    words = [_word(name, text, text) for name, text in who_and_what if not _PLAIN.fullmatch(text)]
    return words + [_word(f"detail.{name}", entry.subject, value) for name, value in entry.words.items()]


def _word(name: str, about: str, value: object) -> Word:
    return Word(name, about, secrets.token_hex(16), canonical(value))


def _digest_of(row: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical(row).encode()).hexdigest()


def _entry_of(row: Row) -> AuditEntry:
    sequence, at, actor, action, subject, detail, previous, digest = row
    return AuditEntry(sequence, moment(at), actor, action, subject, json.loads(detail), previous, digest)


def _in_clear(tx: Transaction, rows: Sequence[Row]) -> list[AuditEntry]:
    return [_cleared(_entry_of(row), _words_at(tx, row[0])) for row in rows]


def _words_at(tx: Transaction, sequence: int) -> list[Word]:
    return [Word(*row) for row in tx.rows("words_at", {"sequence": sequence})]


def _cleared(entry: AuditEntry, words: Iterable[Word]) -> AuditEntry:
    """Return an entry with its words in the place of their digests."""
    clear = {word.field: json.loads(word.clear) for word in words}
    return replace(
        entry,
        actor=clear.get("actor", entry.actor),
        subject=clear.get("subject", entry.subject),
        detail={name: clear.get(f"detail.{name}", value) for name, value in entry.detail.items()},
    )


def _check_page(tx: Transaction, check: TrailCheck) -> TrailCheck:
    """Walk the next rows from where the check stands."""
    rows = tx.rows("trail_page", {"after": check.rows, "limit": PAGE})
    words: dict[int, list[Word]] = defaultdict(list)
    for sequence, *word in tx.rows("words_between", {"first": check.rows + 1, "last": check.rows + PAGE}):
        words[sequence].append(Word(*word))
    for row in rows:
        problem = _problem(row, check, words[row[0]])
        if problem:
            return replace(check, broken=row[0], problem=problem)
        check = replace(check, rows=row[0], head=row[-1])
    return check


def _problem(row: Row, check: TrailCheck, words: Iterable[Word]) -> str:
    """Return what is wrong with a row that follows those which were checked, or ""."""
    sequence, at, actor, action, subject, detail, previous, digest = row
    if sequence != check.rows + 1:
        return f"Row {check.rows + 1} is missing."
    if previous != check.head:
        return f"Row {sequence} does not carry the digest of the row before it: that one, or this one, was replaced."
    known = {"actor": actor, "subject": subject, **{f"detail.{k}": v for k, v in json.loads(detail).items()}}
    row_again = dict(zip(_CHAINED, (sequence, at, actor, action, subject, json.loads(detail), previous), strict=True))
    if _digest_of(row_again) != digest:
        return f"Row {sequence} was changed after it was written: its digest does not fit."
    if any(known.get(word.field) != word.seal for word in words):
        return f"The words beside row {sequence} are not those that were recorded."
    return ""
