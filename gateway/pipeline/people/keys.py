"""Keys: those that open an account, put there by their owner or by an administrator.

Owns the change of an account's keys, judged and whole, and the word to their owner about each. Two accounts may have
the same key: nobody can find out whose a key is by trying (Source: SPEC 9).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.core.admission import Refusal
from gateway.core.mail import Notice
from gateway.core.notices.keynews import CHANGED, keys_changed
from gateway.core.publickeys import PublicKey, key_of, read_keys
from gateway.core.register import Account, Role
from gateway.errors import NotThere
from gateway.pipeline.telling import Telling

_MOST_FAULTS = 3  # that are told at once
_CHANGED = (
    "Your keys were changed while you put this file, so it was not taken. Look at authorized_keys as it is now, then "
    "put yours again."
)


@dataclass(frozen=True)
class KeyChange:
    """What became of an account's keys."""

    account: Account
    added: tuple[PublicKey, ...] = ()
    removed: tuple[PublicKey, ...] = ()


class Keys:
    """Changes the keys of accounts."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify

    async def replace(
        self, username: str, text: str, *, by: str, of: Sequence[str] | None = None, peer: str = ""
    ) -> KeyChange | Refusal:
        """Put the keys of an `authorized_keys` file into the place of those that are there, all or none of it.

        `of` are the lines that it is to replace: where there are others by now, a key that somebody took away
        meanwhile would come back, so nothing is changed.
        """
        keys = self._read(text)
        if isinstance(keys, Refusal):
            return keys

        def instead(before: Sequence[PublicKey]) -> Sequence[PublicKey]:
            if of is not None and [key.line for key in before] != [key_of(line).line for line in of]:
                raise NotThere(_CHANGED)
            return keys

        return await self._change(username, instead, by=by, peer=peer)

    async def add(self, username: str, text: str, *, by: str) -> KeyChange | Refusal:
        """Put keys beside those that are there."""
        keys = self._read(text)
        if isinstance(keys, Refusal):
            return keys
        return await self._change(username, lambda before: _united(before, keys), by=by)

    async def remove(self, username: str, fingerprint: str, *, by: str) -> KeyChange | Refusal:
        """Take away one key, by its fingerprint."""

        def without(before: Sequence[PublicKey]) -> Sequence[PublicKey]:
            left = [key for key in before if key.fingerprint != fingerprint]
            if len(left) == len(before):
                raise NotThere(f"{username} has no key {fingerprint}. `gateway admin users key list` shows them.")
            return left

        return await self._change(username, without, by=by)

    def _read(self, text: str) -> tuple[PublicKey, ...] | Refusal:
        keys, unfit = read_keys(text, self._policy.current.keys.rules)
        if unfit:
            more = f" And {len(unfit) - _MOST_FAULTS} more." if len(unfit) > _MOST_FAULTS else ""
            return Refusal("unfit-key", " ".join(map(str, unfit[:_MOST_FAULTS])) + more + " Nothing was changed.")
        return keys

    async def _change(
        self,
        username: str,
        choose: Callable[[Sequence[PublicKey]], Sequence[PublicKey]],
        *,
        by: str,
        peer: str = "",
    ) -> KeyChange | Refusal:
        before: tuple[PublicKey, ...] = ()

        def change(account: Account) -> Account:
            nonlocal before
            before = tuple(map(key_of, account.keys))
            after = tuple(key.line for key in choose(before))
            self._refuse(account, after, by=by)
            return replace(account, keys=after)

        at = self._clock.now()

        def owing(old: Account, new: Account) -> list[Notice]:
            return self._told(_difference(new, tuple(map(key_of, old.keys))), by=by, peer=peer, at=at)

        try:
            account = await self._ledger.amend_account(username, change, actor=by, at=at, event="keys", owing=owing)
        except NotThere as refusal:
            return Refusal("keys", str(refusal))
        await self._directory.pass_once()
        self._to_notify()
        return _difference(account, before)

    def _refuse(self, account: Account, lines: tuple[str, ...], *, by: str) -> None:
        """Raise NotThere for what an account can't have. Pure, as `amend_account` asks."""
        if account.role is Role.DEVICE:
            raise NotThere("A device signs in with its password, and has no keys.")
        if by == account.username and not account.is_active:
            raise NotThere("Your access was changed, so nothing was.")
        most = self._policy.current.keys.rules.most
        if len(lines) > most:
            raise NotThere(f"There would be {len(lines)} keys; at most {most} are taken. Nothing was changed.")
        if account.keys and not lines and account.password_hash is None and by == account.username:
            raise NotThere("This would remove your last key, and you have no password. Nothing was changed.")

    def _told(self, done: KeyChange, *, by: str, peer: str, at: datetime) -> list[Notice]:
        """Return the word to the owner; none where only a comment or the order is another."""
        reader = done.account
        if not reader.email or not (done.added or done.removed):
            return []
        context = keys_changed(
            reader, added=done.added, removed=done.removed, by=by, peer=peer, at=at, head=self._answer.letterhead()
        )
        return [self._answer.unasked(f"{self._clock.new_id()}-keys", CHANGED, context, at=at, reader=reader)]


def _united(before: Sequence[PublicKey], keys: Sequence[PublicKey]) -> list[PublicKey]:
    have = {key.blob for key in before}
    return [*before, *(key for key in keys if key.blob not in have)]


def _difference(account: Account, before: Sequence[PublicKey]) -> KeyChange:
    now = tuple(map(key_of, account.keys))
    had, has = {key.blob for key in before}, {key.blob for key in now}
    return KeyChange(
        account,
        tuple(key for key in now if key.blob not in had),
        tuple(key for key in before if key.blob not in has),
    )
