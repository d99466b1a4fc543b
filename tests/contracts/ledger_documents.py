"""What every ledger does with documents: schools, versions, readings, terms (the port `Documents`; SPEC 7, 10)."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from gateway.core.documents import Addressed, Document, DocumentEvent, DocumentQuery, DocumentReading, DocumentState
from gateway.core.mail import NoticeState
from gateway.core.retention import what_stays_of_document
from gateway.core.submission import PartFate
from gateway.errors import Transient
from gateway.ports import Ledger
from tests.contracts.ledger_values import (
    LETTER,
    SCHOOL,
    a_document,
    a_document_change,
    a_notice,
    a_submission,
    published,
    submission_id,
)
from tests.fakes import MORNING

OTHER = "8302000"
TERM = MORNING + timedelta(days=90)
WAITS = {"state": DocumentState.WAITING, "published_at": None}
HELD = {"state": DocumentState.HELD, "published_at": None, "reach": 0, "reason": "unknown-school"}


async def destroy(ledger: Ledger, document: Document) -> Document:
    """Go the way of a purge; return the record as it stays."""
    await ledger.mark_documents_destroying([document.id], TERM)
    await ledger.mark_document_destroyed(what_stays_of_document(document, purged_at=TERM), actor="gateway")
    found = await ledger.document(document.id)
    assert found is not None
    return found.document


class DocumentContract:
    """Documents."""

    async def test_a_document_comes_back_with_its_schools(self, ledger: Ledger) -> None:
        document = a_document(head_only=True, everyone=True, reach=2, remark="not scanned")
        await ledger.record(published(document, OTHER, SCHOOL))
        assert await ledger.document(document.id) == Addressed(document, (SCHOOL, OTHER))
        found = await ledger.submission(document.submission)
        assert found is not None
        assert found.documents == (Addressed(document, (SCHOOL, OTHER)),)
        assert await ledger.document("nothing") is None

    async def test_a_repeat_of_a_publication_changes_nothing(self, ledger: Ledger) -> None:
        document = a_document()
        await ledger.record(published(document))
        rows = len(await ledger.trail())
        await ledger.record(published(replace(document, name="Another.pdf"), OTHER))
        assert await ledger.documents(DocumentQuery()) == [document]
        assert len(await ledger.trail()) == rows

    async def test_a_school_is_shown_what_is_for_it_and_nothing_else(self, ledger: Ledger) -> None:
        ours, theirs = a_document(1), a_document(2, name="Theirs.pdf")
        waits, held = a_document(3, name="Waits.pdf", **WAITS), a_document(4, name="Held.pdf", **HELD)
        for document, school in ((ours, SCHOOL), (theirs, OTHER), (waits, SCHOOL)):
            await ledger.record(published(document, school))
        await ledger.record(a_submission(id=held.submission, parts=(), documents=(Addressed(held),)))
        assert await ledger.shown_documents(school=SCHOOL) == [ours]
        assert await ledger.shown_documents(school=OTHER) == [theirs]
        assert await ledger.shown_documents(school="8303308") == []

    async def test_a_new_version_replaces_what_a_school_sees_and_only_there(self, ledger: Ledger) -> None:
        first = a_document(1, reach=2)
        second = a_document(2, name=LETTER.upper(), sha256="d1" * 32)
        await ledger.record(published(first, SCHOOL, OTHER))
        await ledger.record(published(second, SCHOOL))
        second = replace(second, supersedes=first.id)
        assert await ledger.shown_documents(school=SCHOOL) == [second]
        assert await ledger.shown_documents(school=OTHER) == [first]
        assert [(a.school, a.replaced_by) for a in await ledger.audience(first.id)] == [
            (SCHOOL, second.id),
            (OTHER, None),
        ]
        assert await ledger.shown_versions(folder="general", name=LETTER, head_only=False) == {
            SCHOOL: (second.id, second.sha256),
            OTHER: (first.id, first.sha256),
        }

    @pytest.mark.parametrize("other", [{"folder": "send"}, {"head_only": True}, {"name": "Another.pdf"}, WAITS])
    async def test_another_document_replaces_nothing(self, ledger: Ledger, other: dict[str, object]) -> None:
        first = a_document(1)
        await ledger.record(published(first))
        await ledger.record(published(a_document(2, **other)))
        assert first in await ledger.shown_documents(school=SCHOOL)

    async def test_a_confirmation_publishes_once_and_replaces_then(self, ledger: Ledger) -> None:
        first, waits = a_document(1), a_document(2, **WAITS)
        await ledger.record(published(first))
        await ledger.record(published(waits))
        end = await ledger.trail_end()
        at = MORNING + timedelta(minutes=5)
        goes_out = replace(
            waits, state=DocumentState.PUBLISHED, published_at=at, confirmed_by="Ines Roe", confirmed_at=at
        )
        change = a_document_change(goes_out, expected=DocumentState.WAITING, event=DocumentEvent.PUBLISH)
        assert await ledger.apply_to_document(replace(change, notices=(a_notice(submission=waits.submission),)))
        assert not await ledger.apply_to_document(change)
        goes_out = replace(goes_out, supersedes=first.id)
        assert await ledger.shown_documents(school=SCHOOL) == [goes_out]
        assert [n.id for n in await ledger.due_notices(MORNING, 10)] == ["notice"]
        found = await ledger.published_between(after=end, upto=await ledger.trail_end())
        assert found == [Addressed(goes_out, (SCHOOL,))]

    async def test_a_watermark_finds_each_publication_once(self, ledger: Ledger) -> None:
        marks = [await ledger.trail_end()]
        for number in (1, 2):
            await ledger.record(published(a_document(number, name=f"{number}.pdf"), SCHOOL, OTHER))
            marks.append(await ledger.trail_end())
        await ledger.record(published(a_document(3, name="3.pdf", **WAITS)))
        marks.append(await ledger.trail_end())
        found = [await ledger.published_between(after=a, upto=b) for a, b in pairwise(marks)]
        assert [[(a.document.name, a.schools) for a in part] for part in found] == [
            [("1.pdf", (SCHOOL, OTHER))],
            [("2.pdf", (SCHOOL, OTHER))],
            [],
        ]

    async def test_a_deletion_takes_it_out_of_every_view_at_once(self, ledger: Ledger) -> None:
        document = a_document()
        await ledger.record(published(document))
        gone = replace(document, state=DocumentState.DELETED, deleted_by="Ines Roe", requested_by="Leys Junior School")
        change = a_document_change(gone, expected=DocumentState.PUBLISHED, event=DocumentEvent.DELETE)
        assert await ledger.apply_to_document(change)
        assert await ledger.shown_documents(school=SCHOOL) == []
        assert await ledger.shown_versions(folder="general", name=LETTER, head_only=False) == {}
        assert await ledger.published_between(after=0, upto=await ledger.trail_end()) == []
        assert await ledger.content_place(sha256=document.sha256, size=document.size) is None
        assert await ledger.destroying_documents() == [gone]
        stays = await destroy(ledger, gone)
        assert (stays.state, stays.place, stays.requested_by) == (DocumentState.DELETED, None, "Leys Junior School")

    async def test_who_read_it_to_its_end_is_kept_with_the_first_time(self, ledger: Ledger) -> None:
        document = a_document(reach=2)
        await ledger.record(published(document, SCHOOL, OTHER))
        later = MORNING + timedelta(hours=1)
        for at in (MORNING, later):
            await ledger.note_reading(DocumentReading(document.id, SCHOOL, "aquill", at))
        await ledger.note_reading(DocumentReading(document.id, SCHOOL, "bquill", later))
        assert await ledger.readings(document.id) == [
            DocumentReading(document.id, SCHOOL, "aquill", MORNING),
            DocumentReading(document.id, SCHOOL, "bquill", later),
        ]
        read, unread = await ledger.audience(document.id)
        assert (read.first_read_at, read.first_read_by, read.readers) == (MORNING, "aquill", 2)
        assert (unread.first_read_at, unread.first_read_by, unread.readers) == (None, None, 0)
        assert [row.action for row in await ledger.trail(subject=document.id)] == ["read"] * 3 + ["publish"]

    async def test_a_listing_narrows_by_each_field(self, ledger: Ledger) -> None:
        first = a_document(1, sent_at=MORNING - timedelta(days=1), expires_at=TERM - timedelta(days=1))
        second = a_document(2, name="Budget 100%.pdf", folder="hr", published_by="Ines Roe", published_by_user="iroe")
        held = a_document(3, sent_name="Nowhere.pdf", publication="batch", **HELD)
        await ledger.record(published(first, SCHOOL, OTHER))
        await ledger.record(published(second))
        await ledger.record(a_submission(id=held.submission, parts=(), documents=(Addressed(held),)))
        await ledger.note_reading(DocumentReading(first.id, SCHOOL, "aquill", MORNING))
        wanted: list[tuple[DocumentQuery, list[Document]]] = [
            (DocumentQuery(), [held, second, first]),
            (DocumentQuery(limit=1), [held]),
            (DocumentQuery(school=OTHER), [first]),
            (DocumentQuery(folder="hr"), [second]),
            (DocumentQuery(state=(DocumentState.HELD,)), [held]),
            (DocumentQuery(published_by="iroe"), [second]),
            (DocumentQuery(published_by="ines ROE"), [second]),
            (DocumentQuery(publication="batch"), [held]),
            (DocumentQuery(since=MORNING), [held, second]),
            (DocumentQuery(until=MORNING), [first]),
            (DocumentQuery(search="100%"), [second]),
            (DocumentQuery(search="nowhere"), [held]),
            (DocumentQuery(expires_by=TERM - timedelta(days=1)), [first]),
            (DocumentQuery(unread=True), [second, first]),
            (DocumentQuery(unread=True, school=SCHOOL), [second]),
        ]
        for query, expected in wanted:
            assert await ledger.documents(query) == expected, query

    async def test_bytes_are_claimed_until_the_last_document_lets_go(self, ledger: Ledger) -> None:
        first = a_document(1)
        place = first.place or ""
        second = a_document(2, name="Copy.pdf", place=place, expires_at=TERM + timedelta(days=9))
        await ledger.record(published(first))
        assert await ledger.content_place(sha256=first.sha256, size=first.size) == place
        assert await ledger.content_place(sha256=first.sha256, size=first.size + 1) is None
        await ledger.record(published(second))
        assert await ledger.due_documents(TERM - timedelta(microseconds=1), 10) == []
        assert await ledger.due_documents(TERM, 10) == [first]
        await destroy(ledger, first)
        assert await ledger.is_place_claimed(place)
        assert await ledger.content_place(sha256=first.sha256, size=first.size) == place
        await ledger.mark_documents_destroying([second.id], TERM)
        assert not await ledger.is_place_claimed(place)

    async def test_bytes_that_are_being_destroyed_are_shared_with_nobody(self, ledger: Ledger) -> None:
        first = a_document(1)
        await ledger.record(published(first))
        await ledger.mark_documents_destroying([first.id], TERM)
        with pytest.raises(Transient):
            await ledger.record(published(a_document(2, name="Copy.pdf", place=first.place)))
        assert not await ledger.has_submission(submission_id(2))
        assert await ledger.shown_documents(school=SCHOOL) == []

    async def test_nothing_changes_a_document_that_is_being_destroyed(self, ledger: Ledger) -> None:
        waits = a_document(**WAITS)
        await ledger.record(published(waits))
        await ledger.mark_documents_destroying([waits.id], TERM)
        out = replace(waits, state=DocumentState.PUBLISHED, published_at=TERM)
        change = a_document_change(out, expected=DocumentState.WAITING, event=DocumentEvent.PUBLISH)
        assert not await ledger.apply_to_document(change)

    async def test_what_a_person_wrote_goes_with_the_bytes(self, ledger: Ledger) -> None:
        secret = "samirsreview"
        name = f"{SCHOOL} {secret}.pdf"
        document = a_document(name=f"{secret}.pdf", sent_name=name)
        sent = a_notice(state=NoticeState.SENT, context={"name": name})
        await ledger.record(published(document, subject=f"About {secret}", notices=(sent,)))
        again = PartFate(1, name, "", 9, "duplicate", "", document.id)
        await ledger.record(a_submission(id=submission_id(2), parts=(again,), subject=f"Again {secret}"))
        stays = await destroy(ledger, document)
        assert (stays.name, stays.sent_name, stays.state) == ("….pdf", f"{SCHOOL}….pdf", DocumentState.DESTROYED)
        kept = [
            stays,
            await ledger.submission(document.submission),
            await ledger.submission(submission_id(2)),
            await ledger.notice("notice"),
            await ledger.trail(),
        ]
        assert secret not in repr(kept)
        rows = len(await ledger.trail())
        await ledger.mark_document_destroyed(stays, actor="gateway")
        assert len(await ledger.trail()) == rows
        assert await ledger.destroying_documents() == []
        assert [a.school for a in await ledger.audience(document.id)] == [SCHOOL]
