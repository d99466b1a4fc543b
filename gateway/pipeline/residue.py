"""Residue: what no file's term takes with it, forgotten at a term of its own.

Owns two things: the words of a message that brought no file (its subject, the names of its parts, what was answered),
and the bytes in `failed/` that no program could work on. Both may be about a child, so neither stays for ever (Source:
SPEC 10).
"""

from datetime import datetime, timedelta

from gateway import log
from gateway.core.ids import first_id_of
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Ledger, Spool

WORDS_UNTIL = "fileless-masked-until"


class Residue:
    """Forgets it."""

    def __init__(self, *, ledger: Ledger, spool: Spool, policy: LivePolicy) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._spool = spool
        self._policy = policy

    async def pass_once(self, now: datetime, *, actor: str) -> int:
        """Forget what is due; return how many things were."""
        return await self._forget_words(now) + await self._clear_failed(now, actor)

    async def _forget_words(self, now: datetime) -> int:
        """Forget the words of messages without a file, at the term of rejected bytes; safe to repeat."""
        until = first_id_of(now - timedelta(days=self._policy.current.terms.rejected_days))
        since = await self._ledger.mark(WORDS_UNTIL) or ""
        if since >= until:
            return 0
        number = await self._ledger.forget_fileless(since=since, until=until)
        await self._ledger.set_mark(WORDS_UNTIL, until)
        return number

    async def _clear_failed(self, now: datetime, actor: str) -> int:
        """Destroy what was set aside a whole term ago, and the time that an upload may have taken besides."""
        policy = self._policy.current
        end = first_id_of(now - timedelta(days=policy.terms.days, hours=policy.unfinished_hours))
        due = [id for id in await self._spool.failed() if id < end]
        for id in due:
            # In the trail before they go: bytes that went without a word are worse than a word too many.
            await self._ledger.note(at=now, actor=actor, action="destroy-set-aside", subject=id, detail={})
            await self._spool.drop_failed(id)
            log.purged(file=id)
        return len(due)
