"""Accounts: one person's at a time, with every password hash, every word given, and the texts that they agreed to.

Owns the other half of the port `People`. An account is changed as it stands at that moment, in one transaction, so that
a password that is set while somebody suspends the account revives nothing. It judges no password (Source: SPEC 9).
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from gateway.core.agreement import Agreement, PolicyText
from gateway.core.codes import CodeFor, OneTimeCode
from gateway.core.mail import Notice
from gateway.core.register import Account, AccountState, Role
from gateway.errors import NotThere
from gateway.ports.people import Owing, owing_nothing
from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import fold, moment, stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.keys import settle_keys
from gateway.store.ledger.outbox import put_owed
from gateway.store.ledger.records import FLAG, TIME, Shape
from gateway.store.ledger.trail import Entry, append

_TAKEN_AWAY = (AccountState.SUSPENDED, AccountState.REVOKED)
LISTS = ("schools", "services", "keys")  # of an account, each in a table of its own


def _coded(code: OneTimeCode | None) -> str | None:
    return None if code is None else json.dumps({**asdict(code), "until": stamp(code.until)})


def _uncoded(text: str | None) -> OneTimeCode | None:
    if text is None:
        return None
    kept = json.loads(text)
    return OneTimeCode(kept["hash"], CodeFor(kept["purpose"]), moment(kept["until"]), kept["tries"])


ACCOUNT = Shape(
    Account,
    {
        "role": (str, Role),
        "state": (str, AccountState),
        "password_set_at": TIME,
        "activated_at": TIME,
        "is_stale": FLAG,
        "requested_at": TIME,
        "verified_at": TIME,
        "code": (_coded, _uncoded),
    },
)


class Deed(NamedTuple):
    """Who changes an account, when, and why."""

    actor: str
    at: datetime
    event: str
    why: str
    agreed: Agreement | None = None  # to the policy, on the way

    def agreed_by(self, account: Account) -> Account:
        """Return the account with the version that its person agreed to."""
        return replace(account, policy_version=self.agreed.version) if self.agreed else account


class AccountBook(Desk):
    """Accounts, and what people agreed to."""

    async def add_account(
        self,
        account: Account,
        *,
        actor: str,
        at: datetime,
        why: str = "",
        agreed: Agreement | None = None,
        notices: Sequence[Notice] = (),
    ) -> None:
        """Add an account, and owe notices. Raises NotThere (with a sentence) when its name or address is taken."""
        deed = Deed(actor, at, "add-account", why, agreed)

        def work(tx: Transaction) -> None:
            _add_account(tx, account, deed)
            put_owed(tx, notices, now=at)

        await self._write(work)

    async def put_account(self, account: Account, *, actor: str, at: datetime, event: str, why: str = "") -> None:
        """Replace an account. Raises NotThere when it is not there, or when its new address is another's."""
        await self._write(partial(_put_account, account=account, deed=Deed(actor, at, event, why)))

    async def amend_account(
        self,
        username: str,
        change: Callable[[Account], Account],
        *,
        actor: str,
        at: datetime,
        event: str,
        why: str = "",
        agreed: Agreement | None = None,
        owing: Owing = owing_nothing,
    ) -> Account:
        """Change an account as it stands at this moment, owe what follows, and return it as it is then."""
        deed = Deed(actor, at, event, why, agreed)
        return await self._write(partial(amend, username=username.casefold(), change=change, deed=deed, owing=owing))

    async def count_wrong_code(self, username: str, *, code: str, at: datetime) -> None:
        """Take one try from the code of this hash, if it is still out; the register's version stays."""
        await self._write(partial(_count_wrong_code, username=username.casefold(), hash=code, at=at))

    async def earlier_hashes(self, username: str) -> list[str]:
        """Return every password hash that an account ever had, the latest first."""
        rows = await self._read(lambda tx: tx.rows("password_hashes", {"username": username.casefold()}))
        return [hash for (hash,) in rows]

    async def rehash(self, username: str, *, old: str, new: str) -> None:
        """Put another hash of the same password in the place of one, wherever it stands; safe to repeat."""
        values = {"username": username.casefold(), "old": old, "new": new}

        def work(tx: Transaction) -> None:
            tx.change("rehash_history", values)
            if tx.change("rehash_account", values):
                tx.change("bump_directory", {})

        await self._write(work)

    async def agreements(self, username: str) -> list[Agreement]:
        """Return to what somebody agreed, the latest first."""
        rows = await self._read(lambda tx: tx.rows("agreements", {"username": username.casefold()}))
        return [Agreement(version, digest, moment(at), how, peer) for version, digest, at, how, peer in rows]

    async def put_policy(self, policy: PolicyText) -> None:
        """Write that a version of the acceptable use policy is in force from a time on, and what it says."""
        told = {"digest": policy.digest, "since": stamp(policy.since)}
        entry = Entry(policy.since, "gateway", "put-policy", policy.version, told, {})

        def work(tx: Transaction) -> None:
            tx.change("put_policy", {**vars(policy), "since": stamp(policy.since)})
            tx.change("bump_directory", {})
            append(tx, entry)

        await self._write(work)

    async def policies(self) -> list[PolicyText]:
        """Return the versions that were in force, the latest first."""
        rows = await self._read(lambda tx: tx.rows("policies"))
        return [PolicyText(version, digest, text, moment(since)) for version, digest, text, since in rows]


def accounts(tx: Transaction) -> Iterator[Account]:
    """Yield every account."""
    lists = {name: _lists_of(tx, name) for name in LISTS}
    return (_account_of(row, lists) for row in tx.rows("accounts"))


def _lists_of(tx: Transaction, name: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for username, value in tx.rows(f"account_{name}"):
        found[username].append(value)
    return found


def _account_of(row: tuple[object, ...], lists: Mapping[str, Mapping[str, list[str]]]) -> Account:
    """Return an account from its row (the columns before and after those that have tables of their own)."""
    schools, services, keys = (tuple(lists[name].get(str(row[0]), ())) for name in LISTS)
    return ACCOUNT.of((*row[:6], schools, services, *row[6:8], keys, *row[8:]))


def amend(
    tx: Transaction,
    username: str,
    change: Callable[[Account], Account],
    deed: Deed,
    owing: Owing = owing_nothing,
) -> Account:
    """Change an account as it stands, and owe what people are told of it; nothing where neither is anything."""
    before = _account(tx, username)
    after = deed.agreed_by(change(before))
    notices = owing(before, after)
    if after != before or deed.agreed or notices:
        _put_account(tx, after, deed)
        put_owed(tx, notices, now=deed.at)
    return after


def _count_wrong_code(tx: Transaction, username: str, hash: str, at: datetime) -> None:
    code = _account(tx, username).code
    if code is None or code.hash != hash or not code.tries:
        return
    left = replace(code, tries=code.tries - 1)
    tx.change("put_code", {"username": username, "code": _coded(left)})
    append(tx, Entry(at, "gateway", "wrong-code", username, {"tries_left": left.tries}))


def _account(tx: Transaction, username: str) -> Account:
    row = tx.row("account", {"username": username})
    if row is None:
        raise NotThere(f"There is no account named {username}.")
    lists = {
        name: {username: [value for (value,) in tx.rows(f"{name}_of_account", {"username": username})]}
        for name in LISTS
    }
    return _account_of(row, lists)


def _add_account(tx: Transaction, account: Account, deed: Deed) -> None:
    account = deed.agreed_by(account)
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
    settle_keys(tx, username, account.keys, actor=deed.actor, at=deed.at)
    has_new_password = account.password_hash not in (None, old_hash)
    if has_new_password:
        set_at = stamp(account.password_set_at or deed.at)
        tx.change("insert_password_hash", {"username": username, "hash": account.password_hash, "set_at": set_at})
    if account.policy_version not in (None, old_policy) or deed.agreed:
        agreed = deed.agreed or Agreement(str(account.policy_version), "", deed.at, deed.why)
        tx.change(
            "insert_policy_acceptance",
            {"username": username, "actor": deed.actor, **vars(agreed), "at": stamp(agreed.at)},
        )
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
    if deed.agreed:
        plain["agreed_to"] = deed.agreed.digest
    words = {"email": account.email, "why": deed.why, "peer": deed.agreed.peer if deed.agreed else ""}
    return Entry(
        deed.at, deed.actor, deed.event, account.username.casefold(), plain, {k: v for k, v in words.items() if v}
    )
