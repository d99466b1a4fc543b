"""The register: schools, who came in, and everybody at once.

Owns the half of the port `People` that is not about one account; that is `accounts`. Each change bumps the register's
version in its own transaction, whichever process makes it, so that a live session hears of a revocation within seconds
(Source: SPEC 8, 9).
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from gateway.core.register import Directory, School, SchoolStatus, Succession
from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import day_if, day_text_if, fold, moment, stamp
from gateway.store.ledger.accounts import accounts
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import Shape
from gateway.store.ledger.trail import Entry, append

SCHOOL = Shape(School, {"status": (str, SchoolStatus), "closed_on": (day_text_if, day_if)})
SUCCESSION = Shape(Succession, {"until": (day_text_if, day_if)})


class PeopleBook(Desk):
    """The register."""

    async def directory(self) -> Directory:
        """Return the register as it stands."""
        return await self._read(directory_of)

    async def directory_version(self) -> int:
        """Return a number that changes when the register does."""
        row = await self._read(lambda tx: tx.row("directory_version"))
        return int(row[0]) if row else 0

    async def put_school(self, school: School, *, actor: str, at: datetime) -> None:
        """Add or replace a school by its DfE number."""
        told = {"status": str(school.status), "urn": school.urn}
        entry = Entry(at, actor, "put-school", school.number, told, {"name": school.name})
        await self._write(partial(_put, query="put_school", values=SCHOOL.values(school), entry=entry))

    async def put_succession(self, link: Succession, *, actor: str, at: datetime) -> None:
        """Add or replace the succession of an old number."""
        entry = Entry(at, actor, "put-succession", link.old, {"new": link.new, "until": link.until.isoformat()})
        await self._write(partial(_put, query="put_succession", values=SUCCESSION.values(link), entry=entry))

    async def note_login(self, username: str, *, at: datetime, peer: str, how: str) -> None:
        """Write that somebody came in."""
        values = {"username": username.casefold(), "at": stamp(at), "peer": peer, "how": how}
        await self._write(lambda tx: (tx.change("insert_login", values), tx.change("put_last_login", values)))

    async def logins(self) -> Mapping[str, datetime]:
        """Return the last login of each username."""
        rows = await self._read(lambda tx: tx.rows("last_logins"))
        return {username: moment(at) for username, at in rows}


def directory_of(tx: Transaction) -> Directory:
    """Return the register, as a transaction sees it."""
    return Directory(
        schools={row[0]: SCHOOL.of(row) for row in tx.rows("schools")},
        successions={row[0]: SUCCESSION.of(row) for row in tx.rows("successions")},
        accounts={account.username: account for account in accounts(tx)},
        policies=_policies(tx),
        pending={fold(new): username for username, new, _ in tx.rows("open_address_changes")},
    )


def _policies(tx: Transaction) -> dict[str, datetime]:
    """Return since when each version is in force; of texts under one version, the latest counts."""
    return {version: moment(since) for version, _, _, since in reversed(tx.rows("policies"))}


def _put(tx: Transaction, query: str, values: Mapping[str, object], entry: Entry) -> None:
    tx.change(query, values)
    tx.change("bump_directory", {})
    append(tx, entry)
