"""Access that was taken away and given back, and incidents.

Owns the port `Suspensions`. Each call is one transaction: the grounds, the states of the accounts, the register's
version and the audit trail change together, so that a school is suspended whole or not at all (Source: SPEC 9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from gateway.core.mail import Notice
from gateway.core.register import Account, AccountState
from gateway.core.suspension import BY_HAND, Incident, Suspension, after_the_last
from gateway.errors import NotThere
from gateway.ports.files import NO_MARKS
from gateway.store.engine.connection import Transaction
from gateway.store.engine.rows import moment, stamp
from gateway.store.ledger.accounts import Deed, put_state
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.outbox import put_owed
from gateway.store.ledger.people import directory_of
from gateway.store.ledger.records import TIME, Shape
from gateway.store.ledger.trail import Entry, append

SUSPENSION = Shape(Suspension, {"was": (str, AccountState), "at": TIME, "ended_at": TIME})
_INCIDENT = Shape(Incident, {"opened_at": TIME, "closed_at": TIME})


class Wish(NamedTuple):
    """What is to be done to whom, by whom and why."""

    usernames: Sequence[str]
    reason: str
    actor: str
    at: datetime

    def deed(self, event: str) -> Deed:
        """Return it as the trail keeps it."""
        return Deed(self.actor, self.at, event, self.reason)


class SuspensionBook(Desk):
    """Grounds and incidents."""

    async def suspend(
        self,
        usernames: Sequence[str],
        *,
        ground: str,
        reason: str,
        actor: str,
        at: datetime,
        notices: Sequence[Notice] = (),
        marks: Mapping[str, str] = NO_MARKS,
    ) -> tuple[str, ...]:
        """Put a ground on accounts; return those that had it not. One that is closed, or not there, is left."""
        wish = Wish(usernames, reason, actor, at)

        def work(tx: Transaction) -> tuple[str, ...]:
            put_owed(tx, notices, now=at, marks=marks)
            return _suspend(tx, wish, ground)

        return await self._write(work)

    async def reinstate(
        self, usernames: Sequence[str], *, grounds: Sequence[str] | None, reason: str, actor: str, at: datetime
    ) -> tuple[str, ...]:
        """End grounds (None: all but incidents); return the accounts that have none left and are what they were."""
        wish = Wish(usernames, reason, actor, at)
        return await self._write(lambda tx: _reinstate(tx, wish, grounds))

    async def revoke(self, usernames: Sequence[str], *, reason: str, actor: str, at: datetime) -> tuple[str, ...]:
        """Close accounts for good, with all that opens a door to them; return those that were not closed."""
        wish = Wish(usernames, reason, actor, at)
        return await self._write(lambda tx: _revoke(tx, wish))

    async def suspensions(self, username: str | None = None, *, in_force: bool = True) -> list[Suspension]:
        """Return grounds, oldest first: those in force, or those that have ended."""
        values: dict[str, object] = {"in_force": in_force}
        if username is not None:
            values["username"] = username.casefold()
        return await self._read(lambda tx: [SUSPENSION.of(row) for row in tx.listing("suspensions", values)])

    async def open_incident(self, incident: Incident) -> tuple[str, ...]:
        """Write an incident and put its ground on all its parties; return whom it suspended."""
        return await self._write(lambda tx: _open_incident(tx, incident))

    async def close_incident(self, id: str, *, reason: str, actor: str, at: datetime) -> tuple[str, ...]:
        """End an incident and its grounds; return who has access again. Raises NotThere when it is not open."""
        return await self._write(lambda tx: _close_incident(tx, id, Wish((), reason, actor, at)))

    async def incidents(self, *, is_open: bool | None = None) -> list[Incident]:
        """Return incidents with their parties, newest first."""
        values = {} if is_open is None else {"is_open": is_open}
        return await self._read(lambda tx: [_incident_of(tx, row) for row in tx.listing("incidents", values)])

    async def last_activity(self) -> Mapping[str, datetime]:
        """Return, by username, when somebody last came in or sent something."""
        return await self._read(_last_activity)


def _suspend(tx: Transaction, wish: Wish, ground: str) -> tuple[str, ...]:
    accounts = directory_of(tx).accounts
    done = []
    for username in wish.usernames:
        account = accounts.get(username.casefold())
        if account is None or account.state is AccountState.REVOKED:
            continue
        before = _in_force(tx, account.username)
        if any(s.ground == ground for s in before):
            continue
        if account.state is AccountState.SUSPENDED and not before:
            _begin(tx, account, BY_HAND, wish._replace(reason="from before grounds were written down"))
        _begin(tx, account, ground, wish, before)
        put_state(tx, replace(account, state=AccountState.SUSPENDED), wish.deed("suspend"))
        done.append(account.username)
    return tuple(done)


def _begin(tx: Transaction, account: Account, ground: str, wish: Wish, before: Sequence[Suspension] = ()) -> None:
    is_new = account.state is not AccountState.SUSPENDED
    was = account.state if is_new else after_the_last(before[0] if before else None, account)
    row = {"username": account.username, "ground": ground, "was": str(was), "reason": wish.reason}
    tx.change("insert_suspension", {**row, "at": stamp(wish.at), "actor": wish.actor})


def _reinstate(tx: Transaction, wish: Wish, grounds: Sequence[str] | None) -> tuple[str, ...]:
    accounts = directory_of(tx).accounts
    held = {str(row[0]) for row in tx.listing("incidents", {"is_open": True})}
    done = []
    for username in wish.usernames:
        account = accounts.get(username.casefold())
        if account is not None and _give_back(tx, account, wish, held if grounds is None else None, grounds or ()):
            done.append(account.username)
    return tuple(done)


def _give_back(tx: Transaction, account: Account, wish: Wish, all_but: set[str] | None, grounds: Sequence[str]) -> bool:
    """End an account's grounds; return whether it is what it was."""
    if account.state is AccountState.REVOKED:
        return all_but is not None and _begin_anew(tx, account, wish)
    before = _in_force(tx, account.username)
    ended = [s for s in before if (s.ground in grounds if all_but is None else s.ground not in all_but)]
    for suspension in ended:
        _end(tx, suspension, wish)
    is_free = len(ended) == len(before) and account.state is AccountState.SUSPENDED and (ended or all_but is not None)
    if is_free:
        state = after_the_last(ended[-1] if ended else None, account)
        put_state(tx, replace(account, state=state), wish.deed("reinstate"))
    return bool(is_free)


def _begin_anew(tx: Transaction, account: Account, wish: Wish) -> bool:
    """Let a closed account be activated again, as a new one is: nothing of before opens it, no mail either."""
    verified = replace(account, verified_at=wish.at, verified_by=wish.actor, evidence=wish.reason)
    anew = replace(verified, state=AccountState.VERIFIED, activated_at=None, policy_version=None)
    put_state(tx, anew, wish.deed("reinstate"))
    return True


def _revoke(tx: Transaction, wish: Wish) -> tuple[str, ...]:
    accounts = directory_of(tx).accounts
    done = []
    for username in wish.usernames:
        account = accounts.get(username.casefold())
        if account is None or account.state is AccountState.REVOKED:
            continue
        for suspension in _in_force(tx, account.username):
            _end(tx, suspension, wish)
        put_state(tx, _without_keys(account), wish.deed("revoke"))
        done.append(account.username)
    return tuple(done)


def _without_keys(account: Account) -> Account:
    """Return an account as it is once it is closed: its name stays, for the records."""
    return replace(account, state=AccountState.REVOKED, password_hash=None, password_set_at=None, keys=(), code=None)


def _open_incident(tx: Transaction, incident: Incident) -> tuple[str, ...]:
    tx.change("insert_incident", _INCIDENT.values(incident))
    accounts = directory_of(tx).accounts
    for username in incident.parties:
        if username in accounts:
            tx.change("insert_incident_party", {"id": incident.id, "username": username})
    wish = Wish(incident.parties, incident.reason, incident.opened_by, incident.opened_at)
    append(tx, Entry(wish.at, wish.actor, "open-incident", incident.id, {"school": incident.school}, _why(wish)))
    before = {name for name, account in accounts.items() if account.state is AccountState.SUSPENDED}
    return tuple(name for name in _suspend(tx, wish, incident.id) if name not in before)


def _close_incident(tx: Transaction, id: str, wish: Wish) -> tuple[str, ...]:
    values = {"id": id, "at": stamp(wish.at), "actor": wish.actor, "reason": wish.reason}
    if not tx.change("end_incident", values):
        raise NotThere(f"There is no open incident {id}. `gateway admin incident list` shows them.")
    (incident,) = (_incident_of(tx, row) for row in tx.listing("incidents", {"id": id}))
    append(tx, Entry(wish.at, wish.actor, "close-incident", id, {"school": incident.school}, _why(wish)))
    return _reinstate(tx, wish._replace(usernames=incident.parties), (id,))


def _why(wish: Wish) -> Mapping[str, object]:
    return {"why": wish.reason} if wish.reason else {}


def _end(tx: Transaction, suspension: Suspension, wish: Wish) -> None:
    values = {"username": suspension.username, "ground": suspension.ground, "at": stamp(wish.at)}
    tx.change("end_suspension", {**values, "actor": wish.actor, "reason": wish.reason})


def _in_force(tx: Transaction, username: str) -> list[Suspension]:
    values = {"in_force": True, "username": username}
    return [SUSPENSION.of(row) for row in tx.listing("suspensions", values)]


def _incident_of(tx: Transaction, row: tuple[object, ...]) -> Incident:
    parties = tuple(str(party[0]) for party in tx.rows("incident_parties", {"id": row[0]}))
    return _INCIDENT.of((*row[:5], parties, *row[5:]))


def _last_activity(tx: Transaction) -> dict[str, datetime]:
    found = {username: moment(at) for username, at in tx.rows("last_logins")}
    for username, at in tx.rows("last_sendings"):
        found[username] = max(moment(at), found.get(username, moment(at)))
    return found
