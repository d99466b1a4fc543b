"""Mail for postmaster@: handed on to the contact of the authority, so many a day, and never taken for a submission.

Owns who it goes to and how much of it. A message that also names another of our addresses is for that one. Safe to
repeat: the same message gives the same ids (Source: SPEC 4).
"""

from dataclasses import replace
from datetime import timedelta

from gateway.core.admission import Refusal
from gateway.core.contents import Unpacked
from gateway.core.mail import NoticeQuery
from gateway.core.notices.postmaster import OUTCOME, TEMPLATE, handed_on
from gateway.core.register import Account
from gateway.core.submission import Envelope, PartFate, Submission
from gateway.pipeline.answer import Answer
from gateway.pipeline.fates import ignored_of, submission_of
from gateway.pipeline.policy import LivePolicy
from gateway.ports import Clock, Ledger

_NOBODY = Refusal("no-postmaster", "Nobody reads mail for postmaster here; please ask {contact}")
_CAPPED = Refusal("postmaster-capped", "Too much mail for postmaster today; please ask {contact}")


def is_for_postmaster(envelope: Envelope) -> bool:
    """Return whether a message names postmaster@ and none else of our addresses."""
    locals_ = [recipient.partition("@")[0].lower() for recipient in envelope.recipients]
    return bool(locals_) and all(local == "postmaster" for local in locals_)


class PostmasterCap:
    """Says whether more may be handed on today."""

    def __init__(self, *, ledger: Ledger, clock: Clock, policy: LivePolicy) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._clock = clock
        self._policy = policy

    async def refusal(self) -> Refusal | None:
        """Return why a message may not go there, or None."""
        notices = self._policy.current.notices
        if not notices.administrator:
            return _NOBODY
        since = self._clock.now() - timedelta(days=1)
        query = NoticeQuery(template=TEMPLATE, since=since, limit=notices.postmaster_a_day)
        return _CAPPED if len(await self._ledger.notices(query)) >= notices.postmaster_a_day else None


async def hand_on(envelope: Envelope, unpacked: Unpacked, *, sender: Account, answer: Answer) -> Submission:
    """Return the record of a message for postmaster, with the word to the contact; a file in it is not kept."""
    parts = [
        PartFate(part.number, part.name, part.content_type, part.size, "ignored", OUTCOME)
        if part.is_file
        else ignored_of(part)
        for part in unpacked.parts
    ]
    record = submission_of(envelope, unpacked, parts, outcome=OUTCOME)
    head = answer.letterhead()
    context = handed_on(envelope, unpacked, sender=sender, head=head)
    word = answer.unasked(f"{envelope.id}-p1", TEMPLATE, context, at=envelope.received_at)
    told = await answer.to_submission(record, sender) if context.files and not unpacked.is_automatic else ()
    return replace(record, notices=(replace(word, submission=envelope.id), *told))
