"""The register: schools, accounts, and who came in.

Owns the port `People`. Each change bumps the register's version in its own transaction, whichever process makes it, so
that a live session hears of a revocation within seconds. It judges no password (Source: SPEC 8, 9).
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from gateway.core.register import Account, AccountState, Directory, Role, School, SchoolStatus, Succession
from gateway.errors import NotThere
from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import day_if, day_text_if, fold, moment, stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import FLAG, TIME, Shape
from gateway.store.ledger.trail import Entry, append

_TAKEN_AWAY = (AccountState.SUSPENDED, AccountState.REVOKED)
LISTS = ("schools", "services", "keys")  # of an account, each in a table of its own

SCHOOL = Shape(School, {"status": (str, SchoolStatus), "closed_on": (day_text_if, day_if)})
SUCCESSION = Shape(Succession, {"until": (day_text_if, day_if)})
ACCOUNT = Shape(
    Account,
    {
        "role": (str, Role),
        "state": (str, AccountState),
        "password_set_at": TIME,
        "activated_at": TIME,
        "is_stale": FLAG,
    },
)


class Deed(NamedTuple):
    """Who changes an account, when, and why."""

    actor: str
    at: datetime
    event: str
    why: str


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

    async def add_account(self, account: Account, *, actor: str, at: datetime, why: str = "") -> None:
        """Add an account. Raises NotThere (with a sentence) when the username or the address is taken."""
        await self._write(partial(_add_account, account=account, deed=Deed(actor, at, "add-account", why)))

    async def put_account(self, account: Account, *, actor: str, at: datetime, event: str, why: str = "") -> None:
        """Replace an account. Raises NotThere when it is not there, or when its new address is another's."""
        await self._write(partial(_put_account, account=account, deed=Deed(actor, at, event, why)))

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
    lists = {name: _lists_of(tx, name) for name in LISTS}
    accounts = (_account_of(row, lists) for row in tx.rows("accounts"))
    return Directory(
        schools={row[0]: SCHOOL.of(row) for row in tx.rows("schools")},
        successions={row[0]: SUCCESSION.of(row) for row in tx.rows("successions")},
        accounts={account.username: account for account in accounts},
    )


def _lists_of(tx: Transaction, name: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for username, value in tx.rows(f"account_{name}"):
        found[username].append(value)
    return found


def _account_of(row: tuple[object, ...], lists: Mapping[str, Mapping[str, list[str]]]) -> Account:
    """Return an account from its row (the columns before and after those that have tables of their own)."""
    schools, services, keys = (tuple(lists[name].get(str(row[0]), ())) for name in LISTS)
    return ACCOUNT.of((*row[:6], schools, services, *row[6:8], keys, *row[8:]))


def _put(tx: Transaction, query: str, values: Mapping[str, object], entry: Entry) -> None:
    tx.change(query, values)
    tx.change("bump_directory", {})
    append(tx, entry)


def _add_account(tx: Transaction, account: Account, deed: Deed) -> None:
    values = _account_values(account, deed)
    if tx.row("account_before", values):
        raise NotThere(f"There is an account named {account.username} already. Choose another username.")
    _refuse_taken_address(tx, account, values)
    tx.change("insert_account", values)
    _add_what_hangs_on(tx, account, deed, old_hash=None, old_policy=None)


def _put_account(tx: Transaction, account: Account, deed: Deed) -> None:
    row = tx.row("account_before", {"username": account.username.casefold()})
    if row is not None and row[2] != account.state and row[2] in _TAKEN_AWAY:
        raise NotThere(f"{account.username} was {row[2]} meanwhile, so nothing was changed.")
    put_state(tx, account, deed)


def put_state(tx: Transaction, account: Account, deed: Deed) -> None:
    """Replace an account, also one that was suspended or closed: a change of anything else never gives access back."""
    values = _account_values(account, deed)
    before = tx.row("account_before", values)
    if before is None:
        raise NotThere(f"There is no account named {account.username}.")
    _refuse_taken_address(tx, account, values)
    tx.change("change_account", values)
    for name in LISTS:
        tx.change(f"forget_account_{name}", values)
    _add_what_hangs_on(tx, account, deed, old_hash=before[0], old_policy=before[1])


def _account_values(account: Account, deed: Deed) -> dict[str, object]:
    values = {name: value for name, value in ACCOUNT.values(account).items() if name not in LISTS}
    username = account.username.casefold()
    return {**values, "username": username, "email_key": fold(account.email), "at": stamp(deed.at)}


def _refuse_taken_address(tx: Transaction, account: Account, values: Mapping[str, object]) -> None:
    holder = tx.row("holder_of_address", values)
    if holder:
        raise NotThere(
            f"The address {account.email} is registered for the account {holder[0]} already. "
            "An account is one person, with an address of their own."
        )


def _add_what_hangs_on(
    tx: Transaction, account: Account, deed: Deed, *, old_hash: str | None, old_policy: str | None
) -> None:
    username = account.username.casefold()
    for name, values in (("school", account.schools), ("service", account.services), ("key", account.keys)):
        rows = ({"username": username, "position": n, "value": value} for n, value in enumerate(values))
        tx.change_each(f"insert_account_{name}", rows)
    has_new_password = account.password_hash not in (None, old_hash)
    if has_new_password:
        set_at = stamp(account.password_set_at or deed.at)
        tx.change("insert_password_hash", {"username": username, "hash": account.password_hash, "set_at": set_at})
    if account.policy_version not in (None, old_policy):
        agreed = {"version": account.policy_version, "at": stamp(deed.at), "actor": deed.actor, "how": deed.why}
        tx.change("insert_policy_acceptance", {"username": username, **agreed})
    tx.change("bump_directory", {})
    append(tx, _entry_of(account, deed, has_new_password=has_new_password))


def _entry_of(account: Account, deed: Deed, *, has_new_password: bool) -> Entry:
    """Return what the trail keeps of a change of an account: what it opens, never what opens it."""
    plain = {
        "role": str(account.role),
        "state": str(account.state),
        "schools": list(account.schools),
        "services": list(account.services),
        "keys": len(account.keys),
        "new_password": has_new_password,
        "policy": account.policy_version,
    }
    words = {"email": account.email, "why": deed.why}
    return Entry(
        deed.at, deed.actor, deed.event, account.username.casefold(), plain, {k: v for k, v in words.items() if v}
    )
