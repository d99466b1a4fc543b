"""What every ledger keeps of drops and notices (the ports `Deliveries` and `Outbox`; SPEC 6, 11)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.mail import Notice, NoticeQuery, NoticeState
from gateway.core.model import DropState, Status
from gateway.ports import Ledger
from tests.contracts.ledger_values import (
    SCHOOL,
    a_change,
    a_drop,
    a_file,
    a_notice,
    a_submission,
    an_account,
    submission_id,
)
from tests.fakes import MORNING

HOUR = timedelta(hours=1)

RECEIPT = a_notice("receipt-1")
REMINDER = a_notice(
    "reminder",
    template="reminder",
    username="bodell",
    address="b@brook.example",
    submission=None,
    first_due_at=MORNING + HOUR,
    due_at=MORNING + HOUR,
)
REJECTION = a_notice(
    "rejection-2",
    template="rejection",
    username="zz",
    address="z_z@la.example",
    submission=submission_id(2),
    first_due_at=MORNING + 2 * HOUR,
    due_at=MORNING + 2 * HOUR,
    state=NoticeState.GIVEN_UP,
)

# (what the row says, the query, the notices that it lists)
LISTINGS: list[tuple[str, NoticeQuery, list[Notice]]] = [
    ("everything, newest first", NoticeQuery(), [REJECTION, REMINDER, RECEIPT]),
    ("a school: its people's, and those about its files", NoticeQuery(school=SCHOOL), [REJECTION, RECEIPT]),
    ("another school", NoticeQuery(school="8302000"), [REMINDER]),
    ("one person", NoticeQuery(username="bodell"), [REMINDER]),
    ("one state", NoticeQuery(state=NoticeState.GIVEN_UP), [REJECTION]),
    ("one submission", NoticeQuery(submission=submission_id(2)), [REJECTION]),
    ("one template", NoticeQuery(template="reminder"), [REMINDER]),
    ("since includes its moment", NoticeQuery(since=MORNING + HOUR), [REJECTION, REMINDER]),
    ("until excludes its moment", NoticeQuery(until=MORNING + HOUR), [RECEIPT]),
    ("a search looks at the address, case ignored", NoticeQuery(search="BROOK"), [REMINDER]),
    ("a search looks at the template", NoticeQuery(search="reject"), [REJECTION]),
    ("an underscore is an underscore", NoticeQuery(search="z_z"), [REJECTION]),
    ("an underscore stands for nothing else", NoticeQuery(search="b_rook"), []),
    ("a page", NoticeQuery(limit=1), [REJECTION]),
]


class DropContract:
    """Deliveries that are owed."""

    async def test_a_drop_keeps_every_field(self, ledger: Ledger) -> None:
        file = a_file()
        full = a_drop(
            file,
            state=DropState.GIVEN_UP,
            attempts=7,
            placed_as="x (2).pdf",
            error="The share is away.",
            done_at=MORNING + HOUR,
        )
        await ledger.record(a_submission(file, drops=(full,)))
        assert await ledger.drops(file=file.id) == [full]

    async def test_due_drops_come_oldest_first_with_their_files(self, ledger: Ledger) -> None:
        file = a_file()
        late, early = a_drop(file, 1, due_at=MORNING + HOUR), a_drop(file, 2, state=DropState.PLACING)
        not_yet = a_drop(file, 3, due_at=MORNING + 3 * HOUR)
        await ledger.record(a_submission(file, drops=(late, early, not_yet)))
        now = MORNING + HOUR
        assert await ledger.due_drops(now, 10) == [(early, file), (late, file)]
        assert await ledger.due_drops(now, 1) == [(early, file)]
        assert await ledger.next_drop_at() == MORNING

    @pytest.mark.parametrize("state", [DropState.DONE, DropState.WITHDRAWN, DropState.GIVEN_UP])
    async def test_what_is_not_owed_is_never_due(self, ledger: Ledger, state: DropState) -> None:
        await ledger.record(a_submission(a_file(), drops=(a_drop(a_file(), state=state),)))
        assert await ledger.due_drops(MORNING + HOUR, 10) == []
        assert await ledger.next_drop_at() is None

    @pytest.mark.parametrize("status", [Status.REJECTED, Status.RECALLED])
    async def test_a_file_that_was_taken_back_is_delivered_nowhere(self, ledger: Ledger, status: Status) -> None:
        await ledger.record(a_submission(a_file(status=status), drops=(a_drop(a_file()),)))
        assert await ledger.due_drops(MORNING + HOUR, 10) == []
        assert await ledger.next_drop_at() is None

    @pytest.mark.parametrize("status", [Status.REJECTED, Status.RECALLED])
    @pytest.mark.parametrize("state", [DropState.PLACING, DropState.WITHDRAWING])
    async def test_what_may_lie_of_a_file_that_was_taken_back_is_due(
        self, ledger: Ledger, status: Status, state: DropState
    ) -> None:
        file, drop = a_file(status=status), a_drop(a_file(), state=state)
        await ledger.record(a_submission(file, drops=(drop,)))
        assert await ledger.due_drops(MORNING, 10) == [(drop, file)]

    async def test_what_is_reclaimed_is_due_at_once_and_no_longer_done(self, ledger: Ledger) -> None:
        file, one, two = a_file(), a_drop(a_file(), state=DropState.PLACING), a_drop(a_file(), 2)
        two = replace(two, state=DropState.WITHDRAWN)
        await ledger.record(a_submission(file, drops=(one, two)))
        rejected = replace(file, status=Status.REJECTED)
        change = a_change(rejected, expected=Status.SENT, event="reject", reclaim=(one.id, two.id))
        assert await ledger.apply(change)
        assert not await ledger.mark_drop(replace(one, state=DropState.DONE), expected=DropState.PLACING)
        states = {drop.id: drop.state for drop in await ledger.drops()}
        assert states == {one.id: DropState.WITHDRAWING, two.id: DropState.WITHDRAWN}
        assert [drop.id for drop, _ in await ledger.due_drops(MORNING + 90_000 * HOUR, 10)] == [one.id]

    async def test_a_drop_without_a_time_is_due_at_once(self, ledger: Ledger) -> None:
        drop = a_drop(a_file(), due_at=None, first_due_at=None)
        await ledger.record(a_submission(a_file(), drops=(drop,)))
        assert [d.id for d, _ in await ledger.due_drops(MORNING, 10)] == [drop.id]

    async def test_drops_are_listed_by_file_and_state_newest_first(self, ledger: Ledger) -> None:
        one, two = a_file(1), a_file(2)
        done = a_drop(one, 2, state=DropState.DONE)
        await ledger.record(a_submission(one, drops=(a_drop(one), done)))
        await ledger.record(a_submission(two, drops=(a_drop(two),)))
        assert await ledger.drops() == [a_drop(two), done, a_drop(one)]
        assert await ledger.drops(file=one.id) == [done, a_drop(one)]
        assert await ledger.drops(state=DropState.DUE) == [a_drop(two), a_drop(one)]
        assert await ledger.drops(file=one.id, state=DropState.DONE) == [done]

    async def test_marking_is_a_compare_and_set(self, ledger: Ledger) -> None:
        file, drop = a_file(), a_drop(a_file())
        await ledger.record(a_submission(file, drops=(drop,)))
        placing = replace(drop, state=DropState.PLACING, placed_as="x.pdf", attempts=1)
        answers = await asyncio.gather(*(ledger.mark_drop(placing, expected=DropState.DUE) for _ in range(5)))
        assert sorted(answers) == [False] * 4 + [True]
        assert await ledger.drops() == [placing]

    async def test_a_withdrawn_drop_is_never_written_as_done(self, ledger: Ledger) -> None:
        file, drop = a_file(), a_drop(a_file())
        await ledger.record(a_submission(file, drops=(drop,)))
        recalled = replace(file, status=Status.RECALLED)
        await ledger.apply(a_change(recalled, expected=Status.SENT, event="recall", withdraw=(drop.id,)))
        done = replace(drop, state=DropState.DONE, done_at=MORNING)
        assert not await ledger.mark_drop(done, expected=DropState.DUE)
        assert await ledger.file(file.id) == recalled

    @pytest.mark.parametrize(
        ("before", "after"),
        [(None, "Delivered"), ("not scanned", "not scanned; Delivered"), ("Delivered", "Delivered")],
    )
    async def test_done_is_written_to_the_file(self, ledger: Ledger, before: str | None, after: str) -> None:
        file, drop = a_file(remark=before), a_drop(a_file())
        await ledger.record(a_submission(file, drops=(drop,)))
        done = replace(drop, state=DropState.DONE, done_at=MORNING + HOUR)
        assert await ledger.mark_drop(done, expected=DropState.DUE)
        assert await ledger.file(file.id) == replace(file, delivered_at=MORNING + HOUR, remark=after)
        last = (await ledger.history(file.id))[-1]
        assert (last.event, last.actor, last.at, last.status) == ("deliver", "gateway", MORNING + HOUR, Status.SENT)

    async def test_a_second_target_says_delivered_once(self, ledger: Ledger) -> None:
        file = a_file()
        await ledger.record(a_submission(file, drops=(a_drop(file, 1), a_drop(file, 2))))
        for n in (1, 2):
            done = replace(a_drop(file, n), state=DropState.DONE, done_at=MORNING + n * HOUR)
            await ledger.mark_drop(done, expected=DropState.DUE)
        assert await ledger.file(file.id) == replace(file, delivered_at=MORNING + HOUR, remark="Delivered")

    async def test_a_received_file_is_not_called_delivered(self, ledger: Ledger) -> None:
        file, drop = a_file(status=Status.RECEIVED), a_drop(a_file())
        await ledger.record(a_submission(file, drops=(drop,)))
        await ledger.mark_drop(replace(drop, state=DropState.DONE, done_at=MORNING), expected=DropState.DUE)
        assert await ledger.file(file.id) == replace(file, delivered_at=MORNING)

    async def test_an_attempt_that_failed_is_due_again(self, ledger: Ledger) -> None:
        file, drop = a_file(), a_drop(a_file())
        await ledger.record(a_submission(file, drops=(drop,)))
        again = replace(drop, attempts=1, error="away", due_at=MORNING + HOUR)
        assert await ledger.mark_drop(again, expected=DropState.DUE)
        assert await ledger.drops() == [again]
        assert await ledger.next_drop_at() == MORNING + HOUR


class NoticeContract:
    """Notices that are owed."""

    async def test_a_notice_keeps_every_field(self, ledger: Ledger) -> None:
        full = a_notice(
            attempts=3, error="451 later", sent_at=MORNING + HOUR, is_answer=False, in_reply_to="<1@leys.example>"
        )
        await ledger.owe([full])
        assert await ledger.notice(full.id) == full
        assert await ledger.notice("nothing") is None

    async def test_a_notice_that_is_owed_already_is_left_as_it_is(self, ledger: Ledger) -> None:
        await ledger.owe([a_notice()])
        await ledger.owe([a_notice(template="another"), a_notice("second")])
        assert await ledger.notice("notice") == a_notice()
        assert await ledger.notice("second") is not None

    async def test_due_notices_come_oldest_first(self, ledger: Ledger) -> None:
        late, early = a_notice("a", due_at=MORNING + HOUR), a_notice("b")
        gone, not_yet = a_notice("c", state=NoticeState.SENT), a_notice("d", due_at=MORNING + 3 * HOUR)
        await ledger.owe([late, early, gone, not_yet])
        assert await ledger.due_notices(MORNING + HOUR, 10) == [early, late]
        assert await ledger.due_notices(MORNING + HOUR, 1) == [early]
        assert await ledger.next_notice_at() == MORNING

    async def test_a_notice_without_a_time_is_due_at_once(self, ledger: Ledger) -> None:
        await ledger.owe([a_notice(due_at=None, first_due_at=None)])
        assert [n.first_due_at for n in await ledger.due_notices(MORNING, 10)] == [MORNING]

    async def test_marking_writes_the_state_and_not_the_words(self, ledger: Ledger) -> None:
        await ledger.owe([a_notice()])
        sent = a_notice(state=NoticeState.SENT, sent_at=MORNING + HOUR, attempts=2, error="451")
        await ledger.mark_notice(replace(sent, context={}, address="x"))
        assert await ledger.notice("notice") == sent
        assert await ledger.next_notice_at() is None

    async def test_a_context_that_json_does_not_know_fails_nothing(self, ledger: Ledger) -> None:
        await ledger.owe([a_notice(context={"at": MORNING})])
        found = await ledger.notice("notice")
        assert found is not None
        assert found.context == {"at": str(MORNING)}

    @pytest.mark.parametrize(("rule", "query", "listed"), LISTINGS, ids=[row[0] for row in LISTINGS])
    async def test_a_notice_query_narrows(
        self, ledger: Ledger, rule: str, query: NoticeQuery, listed: list[Notice]
    ) -> None:
        for account in (an_account(), an_account("bodell", schools=("8302000",))):
            await ledger.add_account(account, actor="test", at=MORNING)
        await ledger.record(a_submission(a_file(2)))
        await ledger.owe([REMINDER, RECEIPT, REJECTION])
        assert await ledger.notices(query) == listed, rule

    async def test_the_caps_count_what_went_to_an_address_since(self, ledger: Ledger) -> None:
        sent = [a_notice(f"sent-{n}", state=NoticeState.SENT, sent_at=MORNING + n * HOUR) for n in range(3)]
        others = [
            a_notice("due", sent_at=MORNING + HOUR),  # what is due must not keep itself back
            a_notice("given-up", state=NoticeState.GIVEN_UP, sent_at=MORNING + HOUR),
            a_notice("another's", state=NoticeState.SENT, sent_at=MORNING + HOUR, address="x@leys.example"),
        ]
        await ledger.owe([*sent, *others])
        assert await ledger.notices_sent("ada.QUILL@leys.example", MORNING + HOUR) == 2
