"""SPF: whether a domain lets this client send for it.

Owns the bridge to pyspf, which asks the DNS by blocking: it runs in a few threads, and its questions come back to our
resolver. Its expressions go back over what they don't like and hold the interpreter meanwhile, so that it is shown no
record with a term that no domain could have. Source: RFC 7208; SPEC 4.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import spf

from gateway.errors import Transient
from gateway.inbound.smtp.nameserver import NameServer

_THREADS = 4
_RECORD_BYTES, _TERM_BYTES = 8192, 512  # far above RFC 7208 3.4, and a name with its macros
_SECONDS = 20.0  # for all questions of one check, RFC 7208 4.6.4


class SenderPolicy:
    """Checks SPF."""

    def __init__(self, names: NameServer) -> None:
        """Ask this resolver."""
        self._names = names
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="spf")

    async def check(self, *, peer: str, mail_from: str, hello: str) -> str:
        """Return pass, fail, softfail, neutral, none or permerror. Raises Transient for temperror."""
        loop = asyncio.get_running_loop()
        query = _Query(self._names, loop, peer=peer, mail_from=mail_from, hello=hello)
        verdict = await loop.run_in_executor(self._threads, query.verdict)
        if verdict == "temperror":
            raise Transient("SPF can't be checked just now")
        return verdict

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Query(spf.query):  # type: ignore[misc]  # pyspf has no types
    """One check, its DNS questions asked through our loop."""

    def __init__(
        self, names: NameServer, loop: asyncio.AbstractEventLoop, *, peer: str, mail_from: str, hello: str
    ) -> None:
        super().__init__(i=peer, s=mail_from, h=hello, querytime=_SECONDS)
        self._names = names
        self._loop = loop
        self._known: dict[tuple[str, str], list[Any]] = {}

    def verdict(self) -> str:
        """Return the result; whatever pyspf can't read is a permanent error of the record."""
        try:
            return str(self.check()[0])
        except (Transient, TimeoutError):
            return "temperror"
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return "permerror"

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        """Answer pyspf's question, and count the empty answers that RFC 7208 4.6.4 allows."""
        key = (str(name).rstrip(".").lower(), qtype)
        if key not in self._known:
            asked = asyncio.run_coroutine_threadsafe(self._names.ask(*key), self._loop)
            found = asked.result(_SECONDS)
            self._known[key] = _texts(found) if qtype == "TXT" else found
        if not self._known[key] and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"Void lookup limit of {spf.MAX_VOID_LOOKUPS} exceeded")
        return self._known[key]


def _texts(values: list[Any]) -> list[list[bytes]]:
    """Return texts as pyspf wants them, without those that it should not read. Raises its error for a record of SPF."""
    short = [value for value in values if not _is_monstrous(value)]
    if any(value[:6].lower() == b"v=spf1" for value in values if value not in short):
        raise spf.PermError("a record is longer than any that says something")
    return [[value] for value in short]


def _is_monstrous(text: bytes) -> bool:
    return len(text) > _RECORD_BYTES or any(len(term) > _TERM_BYTES for term in text.split())
