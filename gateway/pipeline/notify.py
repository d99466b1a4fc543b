"""Notify: the notices that we owe leave through the relay.

Owns the durable outbox's work: render, send, mark; back-off and give-up to a person; the caps an address. A notice can
never fail a file, and none is skipped in silence (Source: SPEC 4, 11; DESIGN 3, step 8).
"""

import random
from dataclasses import replace
from datetime import timedelta

from gateway import log
from gateway.core.model import Mail, Notice, NoticeState, Posted
from gateway.core.retry import next_attempt
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Clock, Courier, Outbox, Renderer

BATCH = 50


class Notifier:
    """Sends what is due, over one connection a pass."""

    def __init__(
        self, *, outbox: Outbox, courier: Courier, renderer: Renderer, clock: Clock, policy: LivePolicy
    ) -> None:
        """Take the parts."""
        self._outbox = outbox
        self._courier = courier
        self._renderer = renderer
        self._clock = clock
        self._policy = policy

    async def pass_once(self) -> int:
        """Send what is due; return how many were tried or put off."""
        due = await self._outbox.due_notices(self._clock.now(), BATCH)
        if not due:
            return 0
        leaving = [notice for notice in due if not await self._is_capped(notice)]
        answers = await self._courier.send([self._mail(n) for n in leaving]) if leaving else []
        for notice, posted in zip(leaving, answers, strict=True):
            await self._mark(notice, posted)
        return len(due)

    def _mail(self, notice: Notice) -> Mail:
        rendered = self._renderer.render(notice.template, notice.context)
        sender = self._policy.current.notices.sender
        return Mail(
            to=notice.address,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            message_id=f"<{notice.id}@{sender.rpartition('@')[2]}>",
            in_reply_to=notice.in_reply_to,
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

    async def _is_capped(self, notice: Notice) -> bool:
        """Put a notice off while its address had its fill: nobody is flooded, and nothing is lost."""
        now, caps = self._clock.now(), self._policy.current.notices
        for most, span in ((caps.an_hour, timedelta(hours=1)), (caps.a_day, timedelta(days=1))):
            if await self._outbox.notices_sent(notice.address, now - span) >= most:
                await self._outbox.mark_notice(replace(notice, due_at=now + span / 4))
                return True
        return False
