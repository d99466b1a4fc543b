"""What we asked people, and what they answered by reply, as the use-cases need it kept.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from gateway.core.addresses import AddressChange
from gateway.core.mail import Notice
from gateway.core.register import Account
from gateway.core.reviews import Letter, Review
from gateway.ports.people import Owing


class Letters(Protocol):
    """Reviews of access, and changes of addresses."""

    async def addressee(self, letter: str) -> str | None:
        """Return the username that a letter went to; None for no letter of ours."""
        ...

    async def start_review(self, review: Review, notices: Sequence[Notice]) -> None:
        """Write a review with its letters, and owe their notices."""
        ...

    async def reviews(self) -> list[Review]:
        """Return reviews with their letters, newest first."""
        ...

    async def letter(self, id: str) -> Letter | None:
        """Return one letter of a review."""
        ...

    async def put_letters(
        self, letters: Sequence[Letter], *, actor: str, at: datetime, event: str, notices: Sequence[Notice] = ()
    ) -> None:
        """Write what became of letters: answered, reminded of, reported; and owe the notices that do so."""
        ...

    async def ask_address(self, change: AddressChange, notices: Sequence[Notice]) -> None:
        """Write a change that was asked for, in the place of one before it, and owe its notices."""
        ...

    async def address_change(self, letter: str) -> AddressChange | None:
        """Return the change that a letter is about, whether it went to the old or to the new address."""
        ...

    async def put_address_change(self, change: AddressChange, *, actor: str, at: datetime, event: str) -> None:
        """Write what became of a change."""
        ...

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
        ...
