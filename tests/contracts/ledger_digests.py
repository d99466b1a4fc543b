"""What every ledger keeps of the daily email: who chose it, and its words no longer than they are needed."""

from dataclasses import replace
from datetime import timedelta

from gateway.core.documents import Addressed, DocumentReading, DocumentState
from gateway.core.mail import NoticeState
from gateway.ports import Ledger
from tests.contracts.ledger_values import SCHOOL, a_document, a_notice, an_account, published
from tests.fakes import MORNING


class DigestContract:
    """The daily email."""

    async def test_a_choice_is_made_once_and_can_be_taken_back(self, ledger: Ledger) -> None:
        await ledger.add_account(an_account(), actor="a", at=MORNING)
        assert await ledger.digest_choices() == frozenset()
        assert await ledger.choose_digest("AQuill", wants=True, actor="it.admin", at=MORNING)
        assert not await ledger.choose_digest("aquill", wants=True, actor="it.admin", at=MORNING)
        assert await ledger.digest_choices() == {"aquill"}
        assert await ledger.choose_digest("aquill", wants=False, actor="it.admin", at=MORNING)
        assert not await ledger.choose_digest("aquill", wants=False, actor="it.admin", at=MORNING)
        assert await ledger.digest_choices() == frozenset()
        choices = [entry for entry in await ledger.trail() if entry.action == "daily-email"]
        assert [(entry.subject, entry.actor, entry.detail["wants"]) for entry in choices] == [
            ("aquill", "it.admin", False),
            ("aquill", "it.admin", True),
        ]

    async def test_the_words_of_a_digest_go_when_it_has_left_and_not_before(self, ledger: Ledger) -> None:
        digest, other = a_notice("one", template="digest", submission=None), a_notice("two", submission=None)
        await ledger.owe([digest, other])
        for notice in (digest, other):
            await ledger.mark_notice(replace(notice, state=NoticeState.GIVEN_UP))
        assert (await ledger.notice("one") or digest).context == digest.context
        for notice in (digest, other):
            await ledger.mark_notice(replace(notice, state=NoticeState.SENT, sent_at=MORNING))
        assert [(await ledger.notice(id) or digest).context for id in ("one", "two")] == [{}, other.context]

    async def test_what_is_unread_comes_with_the_schools_that_have_not_opened_it(self, ledger: Ledger) -> None:
        end = a_document().expires_at
        first = a_document(1, reach=2)
        read, later = (
            a_document(2, name="Read.pdf"),
            a_document(3, name="Later.pdf", expires_at=end + timedelta(days=2)),
        )
        waits = a_document(4, name="Waits.pdf", state=DocumentState.WAITING, published_at=None)
        for document, schools in ((first, (SCHOOL, "8302000")), (read, ()), (later, ()), (waits, ())):
            await ledger.record(published(document, *schools))
        await ledger.note_reading(DocumentReading(read.id, SCHOOL, "aquill", MORNING))
        day = timedelta(days=1)
        assert await ledger.unread_documents(after=end - day, upto=end) == [Addressed(first, (SCHOOL, "8302000"))]
        await ledger.note_reading(DocumentReading(first.id, SCHOOL, "aquill", MORNING))
        assert await ledger.unread_documents(after=end - day, upto=end + 3 * day) == [
            Addressed(first, ("8302000",)),
            Addressed(later, (SCHOOL,)),
        ]
        assert await ledger.unread_documents(after=end, upto=end + day) == []

    async def test_a_replaced_version_is_unread_nowhere(self, ledger: Ledger) -> None:
        first, second = a_document(1), a_document(2, sha256="d1" * 32)
        await ledger.record(published(first))
        await ledger.record(published(second))
        end = first.expires_at
        found = await ledger.unread_documents(after=MORNING, upto=end)
        assert [addressed.document.id for addressed in found] == [second.id]
