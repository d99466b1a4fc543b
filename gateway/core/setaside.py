"""What lies in `failed/`: what an administrator sees of it, and the alert about it.

Owns these facts and their words. A name is always the short one, and what a program stumbled over is told by its kind
alone: the bytes may be about a child. Pure (Source: SPEC 10; DESIGN 4).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.core.ids import time_of
from gateway.core.model import Channel
from gateway.core.notices.receipts import Letterhead, plain
from gateway.core.phrases import day, moment, size_for_people
from gateway.core.register import Directory
from gateway.core.submission import Envelope

MOST_ROWS = 50  # in one email; `gateway admin failed list` shows them all
_NUMBER = re.compile(r"[0-9]{7}(?![0-9])")
_ENDING = re.compile(r"\.[0-9A-Za-z]{1,5}$")
_TRACEBACK = "Traceback (most recent call last):"
_KINDS = {Channel.EMAIL: "an email", Channel.SFTP: "an upload over SFTP", Channel.COMMAND: "a document, by command"}


@dataclass(frozen=True)
class SetAside:
    """One submission that no program could work on."""

    id: str
    why: str  # a sentence; what a fault of ours says stands in ID.why.txt alone
    is_bug: bool
    envelope: Envelope | None  # None when it can't be read
    since: datetime | None  # None: it was set aside a moment ago


@dataclass(frozen=True)
class Item:
    """One of them, as the alert tells it."""

    id: str
    kind: str
    name: str  # the short one; "" when it has none
    sent_by: str
    received: str
    size: str
    since: str
    why: str
    until: str  # the day on which it is destroyed


@dataclass(frozen=True)
class SetAsideAlert:
    """What the administrator gets."""

    authority: str
    contact: str
    reader: str
    items: tuple[Item, ...]
    more: int  # that are not listed
    total: int


def told_why(text: str) -> tuple[str, bool]:
    """Return what may be told of the words in ID.why.txt, and whether it was a fault of ours."""
    if _TRACEBACK not in text:
        return text.strip() or "No reason was kept.", False
    _, _, end = text.rpartition('\n  File "')
    kind = re.search(r"^([A-Za-z_][A-Za-z_0-9.]*)", end.partition("\n")[2], re.MULTILINE)
    # What stands behind the kind may quote the bytes.
    return f"A fault of the gateway itself ({kind[1].rpartition('.')[2] if kind else 'unknown'}).", True


def kind_of(one: SetAside) -> str:
    """Return what it is, as people say it."""
    if one.envelope is None:
        return "a submission whose envelope can't be read"
    if one.envelope.order is not None and one.envelope.channel is not Channel.COMMAND:
        return f"{_KINDS[one.envelope.channel]}, with documents for schools"
    return _KINDS[one.envelope.channel]


def short_name_of(one: SetAside) -> str:
    """Return `830nnnn….ext` of an upload; "" of a message."""
    name = one.envelope.name if one.envelope else None
    if not name:
        return ""
    number, ending = _NUMBER.match(name), _ENDING.search(name)
    return f"{number[0] if number else ''}…{ending[0].lower() if ending else ''}"


def sender_of(one: SetAside, directory: Directory) -> str:
    """Return who sent it, by full name where the register knows them."""
    if one.envelope is None:
        return ""
    account = directory.account(one.envelope.username)
    return account.full_name if account else one.envelope.username


def destroyed_at(id: str, *, days: int, hours: int) -> datetime:
    """Return when it is destroyed: after a whole term, and the time that an upload may have taken besides."""
    return time_of(id) + timedelta(days=days, hours=hours)


def alert(
    found: Sequence[SetAside], *, days: int, hours: int, reader: str, head: Letterhead, directory: Directory
) -> SetAsideAlert:
    """Return the alert about these; the oldest are listed."""
    return SetAsideAlert(
        authority=head.authority,
        contact=head.contact,
        reader=reader,
        items=tuple(
            Item(
                id=one.id,
                kind=kind_of(one),
                name=short_name_of(one),
                sent_by=sender_of(one, directory),
                received=moment(one.envelope.received_at if one.envelope else time_of(one.id), head.zone),
                size=size_for_people(one.envelope.size) if one.envelope else "",
                since=moment(one.since, head.zone) if one.since else "",
                why=one.why,
                until=day(destroyed_at(one.id, days=days, hours=hours), head.zone),
            )
            for one in found[:MOST_ROWS]
        ),
        more=max(0, len(found) - MOST_ROWS),
        total=len(found),
    )


def sample_set_aside(head: Letterhead, directory: Directory) -> tuple[dict[str, object], ...]:
    """Return sample contexts: a damaged upload with everything, a fault of ours with nothing, and very many."""
    at = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
    envelope = Envelope(
        id="01kaj0sample0000000000000a",
        channel=Channel.SFTP,
        received_at=at,
        size=48_200,
        sha256="",
        username="p.varga",
        verified_by="publickey",
        name="8302000_SENreview20261120.zip",
    )
    why = "No account of the name in the envelope of 01kaj0sample0000000000000a is in the register."
    whole = SetAside(envelope.id, why, is_bug=False, envelope=envelope, since=at)
    bare = SetAside(f"{envelope.id[:-1]}b", told_why("")[0], is_bug=True, envelope=None, since=None)
    return tuple(
        dict(plain(alert(found, days=90, hours=24, reader="administrator", head=head, directory=directory)))
        for found in ((whole, bare), (bare,), (whole,) * (MOST_ROWS + 3))
    )
