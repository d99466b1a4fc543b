"""What every ledger keeps of the daily email: who chose it, and its words no longer than they are needed."""

from dataclasses import replace

from gateway.core.model import NoticeState
from gateway.ports import Ledger
from tests.contracts.ledger_values import a_notice, an_account
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
