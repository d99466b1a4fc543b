"""Sample contexts of every notice: what templates are tried with, and what an administrator previews.

Built from invented records by the same functions as the real ones, so that they can't drift apart; each fills what the
others leave empty (Source: SPEC 11; DESIGN 1).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.core.lifecycle import Event
from gateway.core.model import Channel, Drop, DropState, FileRecord, Status
from gateway.core.notices.accessnews_samples import sample_access_news
from gateway.core.notices.asking import sample_asked
from gateway.core.notices.digests import MOST_ROWS, service_digest, uncollected, undeliverable, waits_in_inbox
from gateway.core.notices.document_samples import sample_documents, sample_published
from gateway.core.notices.keynews import sample_key_news
from gateway.core.notices.nofile import CAUSES, NOT_READ, no_file
from gateway.core.notices.postmaster import sample_postmaster
from gateway.core.notices.receipts import Letterhead, plain, receipt, rejection
from gateway.core.notices.replies import TONES, Outcome, answered
from gateway.core.notices.tidings import NOT_RECALLED, TEMPLATES, tidings
from gateway.core.notices.wayin import account_samples
from gateway.core.register import Account, AccountState, Directory, Role, School
from gateway.core.routing import Catalogue, Service
from gateway.core.setaside import sample_set_aside
from gateway.core.submission import PartFate, Submission

_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_HEAD = Letterhead("Derbyshire", "the files team, files-help@derbyshire.example, 01632 960123")
_SENDER = Account(
    username="p.varga",
    forename="Petra",
    surname="Varga",
    email="petra.varga@leys.example",
    role=Role.STAFF,
    state=AccountState.ACTIVE,
    schools=("8302000",),
)
_OFFICER = "Olive Howarth"
_CATALOGUE = Catalogue(
    {
        code: Service(code=code, name=name, use=use, hint=hint)
        for code, name, use, hint in (
            ("INFO", "EYFS, Phonics", "Results and returns: Early Years profile, phonics check", ""),
            ("SEN", "SEN", "Special educational needs: requests, reports, reviews", "Plans go through the EHC Hub."),
        )
    }
)
_SENT = FileRecord(
    id="01kaj0sample0000000000000a-01",
    submission="01kaj0sample0000000000000a",
    name="8302000_SENreview20261120.zip",
    school="8302000",
    service="SEN",
    status=Status.SENT,
    channel=Channel.EMAIL,
    sent_by=_SENDER.full_name,
    sent_by_user=_SENDER.username,
    sent_at=_AT,
    size=48_200,
    sha256="",
    expires_at=_AT + timedelta(days=90),
    remark="not scanned",
    warnings=("separator", "no-date"),
    comment="Two reports for the review on Tuesday.",
    entries=("report one.pdf", "report two.pdf"),
    supersedes="01kaj0sample00000000000000-01",
    place="8302000/2026-11/sample",
    date="20261120",
    extension="zip",
)
_CORRECTED = replace(
    _SENT,
    id="01kaj0sample0000000000000a-02",
    name="8302000_SENDreview20261120.pdf",
    service=None,
    status=Status.REJECTED,
    expires_at=_AT + timedelta(days=14),
    reason="unknown-service-code",
    faults=("unknown-service-code",),
    correction="8302000_SENreview20261120.pdf",
    rejected_by="the gateway",
    remark=None,
    warnings=(),
    entries=(),
    supersedes=None,
    extension="pdf",
)
_HOPELESS = replace(
    _CORRECTED,
    id="01kaj0sample0000000000000a-03",
    name="letter",
    reason="no-dfe-number",
    faults=("no-dfe-number", "no-service-code"),
    correction=None,
    size=None,
    place=None,
    date=None,
    extension=None,
)
_MIXED = Submission(
    id=_SENT.submission,
    channel=Channel.EMAIL,
    received_at=_AT,
    username=_SENDER.username,
    verified_by="password",
    parts=(
        PartFate(1, _SENT.name, "application/zip", 48_200, "taken", file_id=_SENT.id),
        PartFate(2, _CORRECTED.name, "application/pdf", 48_200, "rejected", "unknown-service-code", _CORRECTED.id),
        PartFate(3, _HOPELESS.name, "application/pdf", 9_100, "rejected", "no-dfe-number", _HOPELESS.id),
        PartFate(4, "8302000_INFOphonics20261101.csv", "text/csv", 800, "duplicate", "", "earlier"),
        PartFate(5, "image001.png", "image/png", 4_000, "ignored", "picture of a signature"),
    ),
    files=(_SENT, _CORRECTED, _HOPELESS),
)
_EARLIER = replace(_SENT, id="earlier", service="INFO", name="8302000_INFOphonics20261101.csv", sent_at=_AT, entries=())
_UPLOAD = replace(
    _MIXED,
    channel=Channel.SFTP,
    parts=(),
    files=(replace(_SENT, channel=Channel.SFTP, warnings=(), entries=(), remark=None, comment=None, supersedes=None),),
)
_UNREAD = PartFate(6, None, "", 0, "ignored", "too-many-parts")
_REPEATED = replace(_MIXED, files=(), parts=_MIXED.parts[3:])
_EMPTY = replace(_MIXED, files=(), parts=_MIXED.parts[4:], outcome="nothing-attached")
_DIRECTORY = Directory(schools={"8302000": School("8302000", "Leys Junior School")})


def sample_contexts() -> dict[str, tuple[Mapping[str, object], ...]]:
    """Return the contexts to try each template with, by its name; the first is the one to preview."""
    return {
        "receipt": _receipts(),
        "rejection": _rejections(),
        "no-file": _no_files(),
        **{TEMPLATES[event]: _tidings(event) for event in TEMPLATES},
        NOT_RECALLED: _tidings(Event.RECEIVE),
        "answer": _answers(),
        "service-digest": _digests(),
        "uncollected": _uncollected(),
        "undeliverable": _undeliverables(),
        "set-aside": sample_set_aside(_HEAD, _DIRECTORY),
        "waits-in-inbox": _waiting_in_inbox(),
        **sample_asked(),
        **sample_key_news(),
        **sample_access_news(),
        "published": sample_published(),
        "postmaster": sample_postmaster(),
        **sample_documents(),
        **account_samples(_HEAD, _DIRECTORY),
    }


def _receipts() -> tuple[Mapping[str, object], ...]:
    ways = ((False, False), (True, False), (False, True))
    mixed = tuple(
        receipt(
            _MIXED,
            reader=_SENDER,
            head=_HEAD,
            catalogue=_CATALOGUE,
            earlier=(_EARLIER,),
            can_reply=accept,
            can_rename=rename,
        )
        for accept, rename in ways
    )
    only_sent = receipt(_UPLOAD, reader=_SENDER, head=_HEAD, catalogue=_CATALOGUE)
    only_repeated = receipt(_REPEATED, reader=_SENDER, head=_HEAD, catalogue=_CATALOGUE)
    half_read = receipt(
        replace(_MIXED, parts=(*_MIXED.parts, _UNREAD)), reader=_SENDER, head=_HEAD, catalogue=_CATALOGUE
    )
    only_rejected = receipt(replace(_UPLOAD, files=(_HOPELESS,)), reader=_SENDER, head=_HEAD, catalogue=_CATALOGUE)
    return tuple(plain(context) for context in (*mixed, only_sent, only_repeated, only_rejected, half_read))


def _rejections() -> tuple[Mapping[str, object], ...]:
    reader = replace(_SENDER, username="m.osei", forename="Marian", surname="Osei", role=Role.HEAD)
    groups = ((_CORRECTED, _HOPELESS), (replace(_HOPELESS, school=None),))
    return tuple(
        plain(rejection(files, reader=reader, head=_HEAD, directory=_DIRECTORY, catalogue=_CATALOGUE))
        for files in groups
    )


def _no_files() -> tuple[Mapping[str, object], ...]:
    causes = (*(cause for cause in CAUSES if cause != "no-file"), NOT_READ)
    empty = replace(_EMPTY, parts=(*_EMPTY.parts, _UNREAD))
    return tuple(plain(no_file(replace(empty, outcome=cause), reader=_SENDER, head=_HEAD)) for cause in causes)


def _tidings(event: Event) -> tuple[Mapping[str, object], ...]:
    befores = {Event.REJECT: _SENT, Event.RECALL: _SENT, Event.REROUTE: _SENT, Event.RECEIVE: _SENT}
    before = befores.get(event, _CORRECTED)
    received = replace(_SENT, status=Status.RECEIVED, remark=None)
    sent = replace(_SENT, id=_CORRECTED.id, name=_CORRECTED.correction or "", warnings=("no-date",))
    after = {
        Event.REJECT: replace(
            _SENT, status=Status.REJECTED, reason="rejected-by-officer", detail="Page two is missing.", expires_at=_AT
        ),
        Event.RECALL: replace(_SENT, status=Status.RECALLED),
        Event.REROUTE: replace(_SENT, service="INFO", remark="re-routed from SEN"),
        Event.RECEIVE: received,
        Event.ACCEPT: sent,
    }[event]
    other = replace(after, service=None, expires_at=None, place=None, detail=None, warnings=(), remark=None)
    return tuple(
        plain(
            tidings(before, file, by=by, at=_AT, reader=_SENDER, head=_HEAD, catalogue=_CATALOGUE, can_reply=can_reply)
        )
        for file, by, can_reply in ((after, _OFFICER, True), (after, _SENDER.full_name, False), (other, _OFFICER, True))
    )


def _answers() -> tuple[Mapping[str, object], ...]:
    refused = (Outcome(_SENT.name, "It was received by Olive Howarth and can't be recalled."),)
    received = replace(_SENT, status=Status.RECEIVED, received_at=_AT, received_by=_OFFICER)
    submissions = (_MIXED, replace(_MIXED, files=(received,)), replace(_EMPTY, files=(_HOPELESS,)))
    return tuple(
        plain(
            answered(
                kind, submission, reader=_SENDER, head=_HEAD, at=_AT, outcomes=refused if kind == "refused" else ()
            )
        )
        for kind in ("status", *TONES)
        for submission in submissions
    )


def _digests() -> tuple[Mapping[str, object], ...]:
    bare = replace(_SENT, school=None, size=None, remark="Delivered", supersedes=None)
    return tuple(
        plain(
            service_digest(
                files, code="SEN", reader="Olive", at=_AT, head=_HEAD, directory=_DIRECTORY, catalogue=_CATALOGUE
            )
        )
        for files in ((_SENT, bare), (bare,), (_SENT,) * (MOST_ROWS + 1))
    )


def _uncollected() -> tuple[Mapping[str, object], ...]:
    lists = (("SEN", (_SENT, replace(_SENT, delivered_at=_AT))), ("INFO", (_SENT,) * (MOST_ROWS + 2)))
    return tuple(
        plain(
            uncollected(
                by_service,
                reader="Olive",
                is_administrator=is_administrator,
                is_last=is_last,
                days=5,
                head=_HEAD,
                directory=_DIRECTORY,
                catalogue=_CATALOGUE,
            )
        )
        for by_service in (lists, lists[:1], (("SEN", (_SENT,)),))
        for is_administrator in (False, True)
        for is_last in (False, True)
    )


def _undeliverables() -> tuple[Mapping[str, object], ...]:
    drop = Drop(
        id=f"{_SENT.id}-2",
        file=_SENT.id,
        service="SEN",
        target="folder:/srv/drops/SEN",
        state=DropState.GIVEN_UP,
        first_due_at=_AT,
        attempts=133,
        error="Drop folder /srv/drops/SEN: It is not there.",
    )
    bare = replace(drop, service="GONE", first_due_at=None, attempts=1)
    return tuple(
        plain(undeliverable(d, _SENT, reader="administrator", head=_HEAD, directory=_DIRECTORY, catalogue=_CATALOGUE))
        for d in (drop, bare)
    )


def _waiting_in_inbox() -> tuple[Mapping[str, object], ...]:
    files = (_SENT, replace(_SENT, school=None, supersedes=None))
    return tuple(
        plain(waits_in_inbox(f, code="SEN", head=_HEAD, directory=_DIRECTORY, catalogue=_CATALOGUE)) for f in files
    )
