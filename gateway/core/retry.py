"""When to try again (Source: SPEC 6, 11). Pure: the jitter is passed in."""

from datetime import datetime, timedelta

from gateway.core.routing import Retry


def next_attempt(
    rule: Retry, *, attempts: int, first_due_at: datetime, now: datetime, jitter: float = 0.0
) -> datetime | None:
    """Return when to try again after `attempts` failures, or None when a person must act.

    `jitter` is from 0 to 1 and lengthens the wait by up to a quarter, so that many don't come back at once.
    """
    if (now - first_due_at).total_seconds() >= rule.give_up_after:
        return None
    wait = min(rule.longest, rule.first * rule.factor ** min(attempts - 1, 60))
    return now + timedelta(seconds=wait * (1 + 0.25 * jitter))
