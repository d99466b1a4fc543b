"""The records of who: the register, accounts, uploads under way and the audit trail.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.core.agreement import Agreement, PolicyText
from gateway.core.mail import Notice
from gateway.core.model import Unfinished
from gateway.core.register import Account, Directory, School, Succession
from gateway.core.trail import AuditEntry, TrailCheck

Owing = Callable[[Account, Account], Sequence[Notice]]  # the account before, the account after: who is told of it


def owing_nothing(_before: Account, _after: Account) -> Sequence[Notice]:
    """Tell nobody."""
    return ()


class People(Protocol):
    """The register."""

    async def directory(self) -> Directory:
        """Return the register as it stands."""
        ...

    async def directory_version(self) -> int:
        """Return a number that changes when the register does."""
        ...

    async def put_school(self, school: School, *, actor: str, at: datetime) -> None:
        """Add or replace a school by its DfE number."""
        ...

    async def put_succession(self, link: Succession, *, actor: str, at: datetime) -> None:
        """Add or replace the succession of an old number."""
        ...

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
        ...

    async def put_account(self, account: Account, *, actor: str, at: datetime, event: str, why: str = "") -> None:
        """Replace an account that is there."""
        ...

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
        """Change an account as it stands at this moment, in one transaction, and return it as it stands then.

        `change` is pure and quick, and may refuse by raising NotThere with a sentence: then nothing is changed. With
        `agreed`, that version of the policy is the account's, too. What `owing` returns, which is as pure, is owed from
        the same transaction. When nothing is changed and nothing is owed, nothing is written.
        """
        ...

    async def count_wrong_code(self, username: str, *, code: str, at: datetime) -> None:
        """Take one try from the code of this hash, if it is still out.

        The register's version stays: it would be read anew, and who guesses would see by the time that there is a code.
        """
        ...

    async def earlier_hashes(self, username: str) -> list[str]:
        """Return every password hash that an account ever had, the latest first."""
        ...

    async def rehash(self, username: str, *, old: str, new: str) -> None:
        """Put another hash of the same password in the place of one, wherever it stands; safe to repeat."""
        ...

    async def agreements(self, username: str) -> list[Agreement]:
        """Return to what somebody agreed, the latest first."""
        ...

    async def put_policy(self, policy: PolicyText) -> None:
        """Write that a version of the acceptable use policy is in force from a time on, and what it says."""
        ...

    async def policies(self) -> list[PolicyText]:
        """Return the versions that were in force, the latest first."""
        ...

    async def note_login(self, username: str, *, at: datetime, peer: str, how: str) -> None:
        """Write that somebody came in."""
        ...

    async def logins(self) -> Mapping[str, datetime]:
        """Return the last login of each username."""
        ...


class Uploads(Protocol):
    """Uploads that are not finished."""

    async def put_unfinished(self, upload: Unfinished) -> None:
        """Add or replace by its id."""
        ...

    async def drop_unfinished(self, id: str) -> None:
        """Remove; safe to repeat."""
        ...

    async def unfinished(self, username: str | None = None) -> list[Unfinished]:
        """Return unfinished uploads, of one person or all, oldest first."""
        ...


class Trail(Protocol):
    """The audit trail, and small marks that survive a restart."""

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
        """Append one row to the chain, and owe the notices of what it tells."""
        ...

    async def trail(self, *, subject: str | None = None, limit: int | None = None) -> list[AuditEntry]:
        """Return rows, newest first, in clear where the words were not erased."""
        ...

    async def chained_trail(self, *, after: int = 0, limit: int = 2000) -> list[AuditEntry]:
        """Return rows as they are chained, oldest first, from behind a sequence: an export that others can check."""
        ...

    async def verify_trail(self) -> TrailCheck:
        """Walk the whole chain; say the first row that is not as it was written."""
        ...

    async def trail_end(self) -> int:
        """Return the number of the last row; 0 when there is none."""
        ...

    async def mark(self, name: str) -> str | None:
        """Return a small value that was set."""
        ...

    async def set_mark(self, name: str, value: str) -> None:
        """Set a small value."""
        ...
