"""What a sender is told when somebody decided about a file: rejected, recalled, re-routed, corrected, received.

Owns one context for these notices, built from the file before and after the change. It is for who sent the file alone,
so names are whole; the headteacher's copy of a rejection is `core.notices.rejection` (Source: SPEC 4, 6).
"""

import re
from dataclasses import dataclass
from datetime import datetime

from gateway.core.lifecycle import Event
from gateway.core.model import FileRecord, Status
from gateway.core.notices.receipts import Letterhead, title_of
from gateway.core.phrases import day, moment, size_for_people
from gateway.core.reasons import advice_for, sentence_for
from gateway.core.register import Account
from gateway.core.remarks import is_being_recalled
from gateway.core.routing import Catalogue

_CODE = re.compile(r"^([0-9]{7}[^0-9A-Za-z]+)[A-Z]+")
TEMPLATES = {  # what happened -> the notice of it
    Event.REJECT: "rejected",
    Event.RECALL: "recalled",
    Event.REROUTE: "rerouted",
    Event.ACCEPT: "correction-accepted",
    Event.RECEIVE: "received",
}
NOT_RECALLED = "not-recalled"  # the notice of a receipt that came before a recall


def template_of(before: FileRecord, event: Event) -> str | None:
    """Return the notice of an event, None where it has none: who had recalled a file hears that it was received."""
    if event is Event.RECEIVE and is_being_recalled(before.remark):
        return NOT_RECALLED
    if event is Event.EXPLAIN:
        return TEMPLATES[Event.REJECT]  # with the reason, now
    return TEMPLATES.get(event)


@dataclass(frozen=True)
class Tidings:
    """What became of one file since it was sent."""

    authority: str
    contact: str
    reader: str  # forename
    submission: str
    file: str  # id
    name: str  # of the file now
    old_name: str  # before it was corrected; else the same
    size: str  # for people
    sent_at: str
    by: str  # who decided
    at: str
    is_own_doing: bool  # the reader decided it
    service: str  # the code of the service that it is with now
    service_title: str  # code and name, as people read it
    use: str  # what goes to that service
    hint: str  # what it asks of its senders
    old_service: str  # the code of the service that it was with
    old_service_title: str
    example: str  # a name that would have gone to the right service at once
    sentence: str  # why it was rejected: the officer's words, else ours
    advice: tuple[str, ...]  # for the next name
    remark: str
    is_held: bool  # rejected, and we keep its bytes for a while
    until: str  # the day on which its bytes are destroyed
    can_recall: bool = False  # a reply that begins with RECALL takes it back
    reply_until: str = ""  # ISO 8601; while a reply to this notice is understood


def tidings(
    before: FileRecord,
    after: FileRecord,
    *,
    by: str,
    at: datetime,
    reader: Account,
    head: Letterhead,
    catalogue: Catalogue,
    can_reply: bool = False,
) -> Tidings:
    """Return what a sender is told of a change of a file."""
    service = catalogue.get(after.service or "")
    is_rejected = after.status is Status.REJECTED
    return Tidings(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        submission=after.submission,
        file=after.id,
        name=after.name,
        old_name=before.name,
        size=size_for_people(after.size or 0),
        sent_at=moment(after.sent_at, head.zone),
        by=by,
        at=moment(at, head.zone),
        is_own_doing=by == reader.full_name,
        service=after.service or "",
        service_title=title_of(after.service, catalogue),
        use=service.use if service else "",
        hint=service.hint if service else "",
        old_service=before.service or "",
        old_service_title=title_of(before.service, catalogue),
        example=_with_code(after.name, after.service or ""),
        sentence=(after.detail or sentence_for(after.reason or "")) if is_rejected else "",
        advice=tuple(advice_for(warning) for warning in after.warnings),
        remark=after.remark or "",
        is_held=is_rejected and after.place is not None,
        until=day(after.expires_at, head.zone) if after.expires_at else "",
        can_recall=can_reply and after.status is Status.SENT,
        reply_until=after.expires_at.isoformat() if can_reply and after.expires_at else "",
    )


def _with_code(name: str, code: str) -> str:
    """Return the name as it would have been with this code in the place of its own."""
    return _CODE.sub(rf"\g<1>{code}", name, count=1)
