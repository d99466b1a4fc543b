"""Notify: the notices that we owe leave through the relay.

Owns the durable outbox's work: render, send, mark; back-off and give-up to a person; the caps an address. A notice can
never fail a file, and none is skipped in silence (Source: SPEC 4, 11; DESIGN 3, step 8).
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from gateway import log
from gateway.core.mail import Mail, Notice, NoticeState, Posted
from gateway.core.retry import next_attempt
from gateway.pipeline.pace import Pace
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.tokens import Tokens
from gateway.ports import Clock, Courier, Outbox, Renderer

BATCH = 50
Complete = Callable[[Notice], Awaitable[Mapping[str, object] | None]]  # None: the mail is not to leave any more
_NOT_ANY_MORE = "The account changed before the mail left: it may not have a code any more."


class Notifier:
    """Sends what is due, over one connection a pass."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        courier: Courier,
        renderer: Renderer,
        clock: Clock,
        policy: LivePolicy,
        tokens: Tokens | None = None,
        complete: Complete | None = None,
    ) -> None:
        """Take the parts; without tokens nothing can be answered. `complete` puts in what no record holds: codes."""
        self._outbox = outbox
        self._courier = courier
        self._renderer = renderer
        self._clock = clock
        self._pace = Pace(clock)
        self._policy = policy
        self._tokens = tokens
        self._complete = complete
        self._pass = asyncio.Lock()  # two at once would send the same notice twice

    async def pass_once(self) -> int:
        """Send what is due; return how many were tried or put off."""
        async with self._pass:
            due = await self._outbox.due_notices(self._clock.now(), BATCH)
            leaving = await self._completed(await self._within_caps(due))
            answers = await self._courier.send([await self._mail(n) for n in leaving]) if leaving else []
            for notice, posted in zip(leaving, answers, strict=True):
                await self._mark(notice, posted)
            return len(due)

    async def _within_caps(self, due: Sequence[Notice]) -> list[Notice]:
        """Return those that may leave now; the others are put off: nobody is flooded, and nothing is lost."""
        leaving: dict[str, list[Notice]] = defaultdict(list)
        for notice in due:
            address = notice.address.casefold()
            if not await self._is_capped(notice, leaving=len(leaving[address])):
                leaving[address].append(notice)
        return [notice for one_address in leaving.values() for notice in one_address]

    async def _completed(self, leaving: Sequence[Notice]) -> list[Notice]:
        """Return what leaves with what is put in at this moment alone; without those that must not leave any more."""
        found = []
        for notice in leaving:
            context = await self._complete(notice) if self._complete else notice.context
            if context is None:
                log.given_up(what="notice", id=notice.id, why=_NOT_ANY_MORE)
                await self._outbox.mark_notice(replace(notice, state=NoticeState.GIVEN_UP, error=_NOT_ANY_MORE))
            else:
                found.append(replace(notice, context=context))
        return found

    async def _mail(self, notice: Notice) -> Mail:
        await self._clock.sleep(0)  # fifty templates in one go hold up everybody for as many milliseconds
        rendered = await self._pace.through(self._renderer.write(notice.template, notice.context))
        sender = self._policy.current.notices.sender
        tokens = self._tokens
        return Mail(
            to=notice.address,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            message_id=f"<{notice.id}@{sender.rpartition('@')[2]}>",
            in_reply_to=notice.in_reply_to,
            reply_to=tokens.reply_address(notice) if tokens else None,
            return_path=tokens.bounce_address(notice, at=self._clock.now()) if tokens else "",
        )

    async def _mark(self, notice: Notice, posted: Posted) -> None:
        now = self._clock.now()
        tried = replace(notice, attempts=notice.attempts + 1, error=posted.text or None)
        if posted.outcome == "sent":
            log.notified(notice=notice.id, submission=notice.submission)
            await self._outbox.mark_notice(replace(tried, state=NoticeState.SENT, sent_at=now, error=None))
            return
        again = next_attempt(
            self._policy.current.notice_retry,
            attempts=tried.attempts,
            first_due_at=notice.first_due_at or now,
            now=now,
            jitter=random.random(),  # noqa: S311  # spreads load, guards nothing
        )
        if posted.outcome == "refused" or again is None:
            log.given_up(what="notice", id=notice.id, why=posted.text)
            await self._outbox.mark_notice(replace(tried, state=NoticeState.GIVEN_UP))
            return
        log.notice_put_off(notice=notice.id, why=posted.text)
        await self._outbox.mark_notice(replace(tried, due_at=again))

    async def _is_capped(self, notice: Notice, *, leaving: int) -> bool:
        """Put a notice off while its address had its fill, with those that leave in this pass."""
        now, caps = self._clock.now(), self._policy.current.notices
        for most, span in ((caps.an_hour, timedelta(hours=1)), (caps.a_day, timedelta(days=1))):
            if await self._outbox.notices_sent(notice.address, now - span) + leaving >= most:
                await self._outbox.mark_notice(replace(notice, due_at=now + span / 4))
                return True
        return False
