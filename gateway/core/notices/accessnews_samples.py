"""Sample contexts of the notices about access: what their templates are tried with, and what is previewed.

Built from invented people by the same functions as the real ones (Source: SPEC 9, 11).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.core.addresses import AddressChange
from gateway.core.notices.accessnews import (
    ADDRESS,
    ADDRESS_CHANGED,
    REVIEW,
    REVIEW_ANSWER,
    REVIEW_REPORT,
    STALE,
    UNUSED,
    UNUSED_REPORT,
    AddressChanged,
    ReviewAnswered,
    Reviewed,
    ReviewReport,
    Unanswered,
    Unused,
    UnusedReport,
    access_of,
    address_asked,
    stale,
    unused_row,
)
from gateway.core.notices.receipts import Letterhead, plain
from gateway.core.notices.replies import Outcome
from gateway.core.phrases import day
from gateway.core.register import Account, AccountState, Directory, Role, School

_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_HEAD = Letterhead("Derbyshire", "the files team, files-help@derbyshire.example, 01632 960123")
_SCHOOL, _ID = "8302000 Leys Junior School", "01kaj0sample0000000000000a"
_DIRECTORY = Directory(schools={"8302000": School("8302000", "Leys Junior School")})
_READER = Account(
    "m.osei", "Marian", "Osei", "marian.osei@leys.example", Role.HEAD, AccountState.ACTIVE, schools=("8302000",)
)
_STAFF = replace(
    _READER, username="p.varga", forename="Petra", surname="Varga", role=Role.STAFF, email="p@leys.example"
)
_NEW = replace(_STAFF, username="a.person", forename="Ada", surname="Person", state=AccountState.VERIFIED)
_COPIER = replace(_STAFF, username="leys.copier", forename="Copier", surname="Office", role=Role.DEVICE)
_PEOPLE = tuple(
    access_of(person, reader=_READER, last=last, head=_HEAD)
    for person, last in ((_READER, _AT), (_NEW, None), (_COPIER, _AT), (_STAFF, _AT - timedelta(days=200)))
)
_LETTERHEAD = {"authority": _HEAD.authority, "contact": _HEAD.contact, "reader": "Marian"}
_CHANGE = AddressChange(
    _ID, "p.varga", "petra.varga@leys.example", "p.varga@leys-academy.example", _AT, "p.varga",
    _AT + timedelta(days=7), "01kaj0sample0000000000000b",
)  # fmt: skip


def sample_access_news() -> dict[str, tuple[Mapping[str, object], ...]]:
    """Return the contexts to try these templates with, by their names; the first is the one to preview."""
    until = (_AT + timedelta(days=90)).isoformat()
    asked = tuple(
        Reviewed(
            **_LETTERHEAD, school=_SCHOOL, people=people, is_reminder=is_reminder, asked_on=day(_AT, _HEAD.zone),
            letter=_ID, reply_until=until,
        )
        for people, is_reminder in ((_PEOPLE, False), (_PEOPLE[:1], True))
    )  # fmt: skip
    gone = (Outcome("Petra Varga", "Their access to this school has ended."),)
    answered = tuple(
        ReviewAnswered(
            **_LETTERHEAD, school=_SCHOOL, is_understood=is_understood, outcomes=outcomes, people=_PEOPLE[:3],
            letter=_ID, reply_until=until,
        )
        for is_understood, outcomes in ((True, gone), (True, ()), (False, ()))
    )  # fmt: skip
    return {
        REVIEW: tuple(map(plain, asked)),
        REVIEW_ANSWER: tuple(map(plain, answered)),
        REVIEW_REPORT: _reports(),
        **_addresses(),
        **_unused(),
    }


def _reports() -> tuple[Mapping[str, object], ...]:
    schools = (Unanswered(_SCHOOL, ("Marian Osei",)), Unanswered("8303308 St Wenna's School", ()))
    started = day(_AT, _HEAD.zone)
    return tuple(
        plain(ReviewReport(_HEAD.authority, _HEAD.contact, "administrator", _ID, started, found))
        for found in (schools, schools[1:])
    )


def _addresses() -> dict[str, tuple[Mapping[str, object], ...]]:
    asked = tuple(
        plain(address_asked(change, reader=_STAFF, is_new=is_new, head=_HEAD))
        for change in (_CHANGE, replace(_CHANGE, asked_by="the clerk"))
        for is_new in (False, True)
    )
    changed = tuple(
        plain(AddressChanged(_HEAD.authority, _HEAD.contact, "Petra", "p.varga", _CHANGE.old, _CHANGE.new, by))
        for by in ("you", "the clerk")
    )
    failed = tuple(
        plain(stale(person, reader="Marian", is_administrator=is_all, head=_HEAD, directory=_DIRECTORY))
        for person, is_all in ((_STAFF, False), (replace(_STAFF, schools=()), True))
    )
    return {ADDRESS: asked, ADDRESS_CHANGED: changed, STALE: failed}


def _unused() -> dict[str, tuple[Mapping[str, object], ...]]:
    warned = tuple(
        plain(Unused(_HEAD.authority, _HEAD.contact, "Petra", "p.varga", last, 180, suspended_on))
        for last, suspended_on in (("24 May 2026", "20 December 2026"), ("", ""))
    )
    suspended = replace(_STAFF, state=AccountState.SUSPENDED)
    rows = (unused_row(suspended, last=_AT, head=_HEAD), unused_row(_COPIER, last=None, head=_HEAD))
    report = tuple(
        plain(UnusedReport(_HEAD.authority, _HEAD.contact, "administrator", 180, people)) for people in (rows, rows[1:])
    )
    return {UNUSED: warned, UNUSED_REPORT: report}
