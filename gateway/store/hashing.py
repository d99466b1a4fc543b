"""Passwords as the ledger keeps them: argon2id hashes, made and compared away from the event loop.

Owns the cost of a guess. It never says whether there is anything to compare with: a comparison without a hash does the
same work, so that nobody learns from the time which accounts exist (Source: SPEC 4, 9; DESIGN 5).
"""

import asyncio
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.core.prepare import prepared

# OWASP's least for argon2id. Schools log in by the dozen at night, on a host of two cores: 19 MiB a worker and some
# 40 ms are affordable for each of them, and guessing is slowed at the door, not here.
TIME_COST = 2  # passes over the memory
MEMORY_KIB = 19 * 1024
_PARALLELISM = 1
_LONGEST_JUDGED = 72  # characters; its time grows faster than they do
_WORKERS = 2  # bounds the memory, and the share of the processor that guessing can take


class Hasher:
    """Makes and compares hashes in a small pool of threads. Close it when done."""

    def __init__(self, *, time_cost: int = TIME_COST, memory_kib: int = MEMORY_KIB, workers: int = _WORKERS) -> None:
        """Take the costs; the threads start with the first use."""
        self._argon = PasswordHasher(time_cost, memory_kib, _PARALLELISM, type=Type.ID)
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="hashing")

    async def hash(self, password: str) -> str:
        """Return the encoded hash, with its own salt and costs in it."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hash, password)

    async def verify(self, hash: str | None, password: str) -> bool:
        """Return whether the password is the one of the hash; without a hash: the same work, and False."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._verify, hash, password)

    async def strength(self, password: str, words: Sequence[str]) -> int:
        """Return how hard a password is to guess for who knows these words, from 0 to 4 (zxcvbn)."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _strength, password, list(words))

    def needs_rehash(self, hash: str) -> bool:
        """Return whether a hash was made at another cost, and is to be made anew when its password is next known."""
        try:
            return self._argon.check_needs_rehash(hash)
        except InvalidHashError:
            return True

    def close(self) -> None:
        """Let the threads go; what waits for one is cancelled."""
        self._pool.shutdown(cancel_futures=True)

    @cached_property
    def _nobodys(self) -> str:
        """A hash at today's cost that no password fits."""
        return self._argon.hash(secrets.token_bytes(32))

    def _hash(self, password: str) -> str:
        return self._argon.hash(_as_bytes(password))

    def _verify(self, hash: str | None, password: str) -> bool:
        try:
            return self._argon.verify(hash or self._nobodys, _as_bytes(password))
        except InvalidHashError:  # a damaged record opens no door, and takes no less time
            return self._verify(None, password)
        except VerificationError:
            return False


def _strength(password: str, words: list[str]) -> int:
    from zxcvbn import zxcvbn  # its lists of words take a while to load

    found = zxcvbn(password[:_LONGEST_JUDGED], user_inputs=words)
    return int(found["score"])


def _as_bytes(password: str) -> bytes:
    # The one place in which a password becomes bytes: in one form, wherever it was typed.
    return prepared(password).encode("utf-8", "surrogatepass")
