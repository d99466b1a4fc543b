"""What opens the door: which methods are asked of whom, by role.

Owns the sets of methods of which one suffices, all within it together. Before anything was proved everybody is offered
the same, so that nobody learns from it whether there is such an account, and whose (Source: SPEC 5, 9). Pure.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from gateway.core.register import Account, Role

Sets = tuple[tuple[str, ...], ...]

NOT_BY = {  # what was right, and is not taken from this role
    "password": "Your account is opened by a key. Log in with your key, or ask the authority.",
    "publickey": "Your account is opened by its password. Log in with your password, or ask the authority.",
}


@dataclass(frozen=True)
class Requirements:
    """The sets of methods."""

    usual: Sets
    by_role: Mapping[Role, Sets] = field(default_factory=dict)  # where a role has its own

    def of(self, account: Account | None) -> Sets:
        """Return the sets of an account; of nobody, those that are usual."""
        own = self.by_role.get(account.role) if account is not None else None
        return own or self.usual

    def is_met(self, proved: Collection[str], account: Account | None) -> bool:
        """Return whether what was proved opens an account."""
        return any(set(methods).issubset(proved) for methods in self.of(account))

    def takes(self, method: str, account: Account | None) -> bool:
        """Return whether a method helps to open an account at all."""
        return any(method in methods for methods in self.of(account))

    def asks_for(self, method: str, proved: Collection[str], account: Account | None) -> bool:
        """Return whether a method is offered, beside what was proved."""
        sets = self.of(account) if proved else self._every()
        return method not in proved and any(method in methods and set(proved).issubset(methods) for methods in sets)

    def _every(self) -> Sets:
        return tuple(dict.fromkeys((*self.usual, *(methods for own in self.by_role.values() for methods in own))))
