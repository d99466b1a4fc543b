"""What every ledger does at the end of a file's term (the port `Terms`; SPEC 10)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.mail import NoticeState
from gateway.core.model import DropState, FileQuery, FileRecord, History, Status
from gateway.core.retention import what_stays
from gateway.core.submission import PartFate
from gateway.ports import Ledger
from tests.contracts.ledger_values import (
    NAME,
    SCHOOL,
    a_change,
    a_drop,
    a_file,
    a_notice,
    a_part,
    a_submission,
    full_file,
    refused_file,
    submission_id,
)
from tests.fakes import MORNING

DAY = timedelta(days=1)
TERM = MORNING + 90 * DAY
SECRET = "reviewofprogress"  # the description in the name: what must be gone


async def destroy(ledger: Ledger, file: FileRecord) -> FileRecord:
    """Go the way of a purge; return the record as it stays."""
    await ledger.mark_destroying([file.id], TERM)
    await ledger.mark_destroyed(what_stays(file, purged_at=TERM), actor="gateway")
    found = await ledger.file(file.id)
    assert found is not None
    return found


class TermContract:
    """Files whose time has come."""

    async def test_a_file_is_due_at_its_moment_and_not_before(self, ledger: Ledger) -> None:
        later, first = a_file(1, expires_at=TERM), a_file(2, expires_at=TERM - DAY)
        for file in (later, first, refused_file(3), a_file(4, expires_at=TERM + timedelta(microseconds=1))):
            await ledger.record(a_submission(file))
        assert await ledger.due_files(TERM - timedelta(microseconds=1)) == [first]
        assert await ledger.due_files(TERM) == [first, later]
        assert await ledger.due_files(TERM, limit=1) == [first]

    async def test_a_file_under_destruction_is_in_no_view_of_bytes(self, ledger: Ledger) -> None:
        file = a_file()
        await ledger.record(a_submission(file, drops=(a_drop(file),)))
        await ledger.mark_destroying([file.id, "nothing"], TERM)
        assert await ledger.files(FileQuery(has_bytes=True)) == []
        assert await ledger.files(FileQuery(has_bytes=False)) == [file]
        assert await ledger.twins(school=SCHOOL, name=NAME) == []
        assert await ledger.due_drops(TERM, 10) == []
        assert await ledger.due_files(TERM) == []
        assert await ledger.destroying() == [file]

    async def test_what_was_begun_is_found_until_it_ended(self, ledger: Ledger) -> None:
        files = [a_file(n) for n in (1, 2)]
        for file in files:
            await ledger.record(a_submission(file))
        await ledger.mark_destroying([f.id for f in files], TERM)
        await ledger.mark_destroyed(what_stays(files[0], purged_at=TERM), actor="gateway")
        assert await ledger.destroying() == [files[1]]

    async def test_nothing_changes_a_file_that_is_destroyed(self, ledger: Ledger) -> None:
        file = a_file()
        await ledger.record(a_submission(file))
        received = replace(file, status=Status.RECEIVED)  # of somebody who looked before the destruction
        await ledger.mark_destroying([file.id], TERM)
        assert not await ledger.apply(a_change(received, expected=Status.SENT))
        stays = await destroy(ledger, file)
        assert not await ledger.apply(a_change(received, expected=Status.SENT))
        assert await ledger.file(file.id) == stays

    async def test_what_describes_a_child_goes_with_the_bytes(self, ledger: Ledger) -> None:
        file = full_file()
        file = replace(file, detail=f"{file.name} is not signed.", correction="8301102_SENreviewofprogress.pdf")
        drops = (
            a_drop(file, 1, placed_as=file.name, error=f"no room for {file.name}"),
            a_drop(file, 2, placed_as=file.name, state=DropState.WITHDRAWN),
        )
        note = History(file.id, MORNING, "ofenn", "reject", Status.REJECTED, f"{file.name} is not signed")
        sent = a_notice(state=NoticeState.SENT)
        submission = a_submission(file, drops=drops, notices=(sent,), subject=f"About {SECRET}")
        await ledger.record(replace(submission, history=(*submission.history, note)))
        await ledger.note(at=MORNING, actor="ofenn", action="export", subject=file.id, detail={"name": file.name})
        stays = await destroy(ledger, file)
        assert stays == what_stays(file, purged_at=TERM)
        gone = (stays.comment, stays.tags, stays.entries, stays.correction, stays.detail, stays.place)
        assert gone == (None, (), (), None, None, None)
        kept = [
            await ledger.submission(submission.id),
            await ledger.history(file.id),
            await ledger.drops(),
            await ledger.notice("notice"),
            await ledger.trail(),
        ]
        assert SECRET not in repr(kept)
        assert [h.why for h in await ledger.history(file.id)][1] == f"{stays.name} is not signed"

    async def test_persons_times_and_reasons_stay(self, ledger: Ledger) -> None:
        file = full_file()
        await ledger.record(a_submission(file))
        stays = await destroy(ledger, file)
        known = (stays.sent_by, stays.received_by, stays.reason, stays.sha256)
        assert known == (file.sent_by, file.received_by, file.reason, file.sha256)
        last = (await ledger.history(file.id))[-1]
        assert (last.event, last.actor, last.at) == ("destroy", "gateway", TERM)
        rows = await ledger.trail(subject=file.id)
        assert [row.action for row in rows] == ["destroy", "route"]
        assert rows[1].detail["why"] == "to SEN"

    async def test_a_sentence_without_the_name_stays(self, ledger: Ledger) -> None:
        file = a_file(detail="Rejected by Otto Fenn: please sign it.")
        await ledger.record(a_submission(file))
        await ledger.mark_destroyed(replace(what_stays(file, purged_at=TERM), detail=file.detail), actor="gateway")
        stays = await ledger.file(file.id)
        assert stays is not None
        assert stays.detail == file.detail

    async def test_a_sentence_with_the_name_goes_though_the_caller_kept_it(self, ledger: Ledger) -> None:
        file = a_file(detail=f"{NAME.upper()} is not signed.")
        await ledger.record(a_submission(file))
        kept = replace(what_stays(file, purged_at=TERM), detail=file.detail, comment="x", tags=("x",), correction=NAME)
        await ledger.mark_destroyed(kept, actor="gateway")
        stays = await ledger.file(file.id)
        assert stays is not None
        assert (stays.detail, stays.comment, stays.tags, stays.correction) == (None, None, (), None)

    async def test_the_subject_goes_with_the_last_file(self, ledger: Ledger) -> None:
        one, two = a_file(1, 1), a_file(1, 2)
        ignored = PartFate(3, "logo of the school.png", "image/png", 1, "ignored")
        sent = a_submission(one, two)
        await ledger.record(replace(sent, parts=(*sent.parts, ignored)))
        await destroy(ledger, one)
        half = await ledger.submission(sent.id)
        await destroy(ledger, two)
        whole = await ledger.submission(sent.id)
        assert half is not None
        assert whole is not None
        assert (half.subject, [p.name for p in half.parts]) == (sent.subject, [None, NAME, ignored.name])
        assert (whole.subject, [p.name for p in whole.parts]) == (None, [None, None, None])

    async def test_a_duplicate_forgets_with_the_file_that_it_repeats(self, ledger: Ledger) -> None:
        file = a_file(1)
        await ledger.record(a_submission(file))
        again = replace(a_part(file), fate="duplicate")
        sent = a_notice("again", state=NoticeState.SENT, submission=submission_id(2))
        owed = a_notice("owed", submission=submission_id(2))
        repeat = a_submission(id=submission_id(2), parts=(again,), subject=f"Again {SECRET}", notices=(sent, owed))
        await ledger.record(repeat)
        await destroy(ledger, file)
        assert SECRET not in repr((await ledger.submission(submission_id(2)), await ledger.notice("again")))
        await ledger.mark_notice(replace(owed, state=NoticeState.SENT, sent_at=TERM))
        assert SECRET not in repr(await ledger.notice("owed"))

    async def test_a_notice_that_is_still_owed_keeps_its_words_until_it_left(self, ledger: Ledger) -> None:
        file = a_file()
        await ledger.record(a_submission(file, notices=(a_notice(),)))
        await destroy(ledger, file)
        assert await ledger.due_notices(MORNING, 10) == [a_notice()]
        await ledger.mark_notice(a_notice(error="451", attempts=1))
        assert await ledger.notice("notice") == a_notice(error="451", attempts=1)
        sent = a_notice(state=NoticeState.SENT, sent_at=TERM)
        await ledger.mark_notice(sent)
        assert await ledger.notice("notice") == replace(sent, context={})

    @pytest.mark.parametrize("state", [DropState.DUE, DropState.PLACING, DropState.GIVEN_UP])
    async def test_a_drop_that_was_not_made_is_owed_no_more(self, ledger: Ledger, state: DropState) -> None:
        file = a_file()
        await ledger.record(a_submission(file, drops=(a_drop(file, state=state),)))
        await destroy(ledger, file)
        assert [(d.state, d.error is None) for d in await ledger.drops()] == [(DropState.WITHDRAWN, False)]

    async def test_a_destruction_is_written_once(self, ledger: Ledger) -> None:
        file = a_file()
        await ledger.record(a_submission(file))
        stays = await destroy(ledger, file)
        rows = len(await ledger.trail())
        await ledger.mark_destroyed(what_stays(file, purged_at=TERM + DAY), actor="gateway")
        assert await ledger.file(file.id) == stays
        assert len(await ledger.trail()) == rows

    async def test_a_destroyed_file_is_due_no_more(self, ledger: Ledger) -> None:
        file = a_file()
        await ledger.record(a_submission(file))
        await destroy(ledger, file)
        await ledger.mark_destroying([file.id], TERM)
        assert await ledger.due_files(TERM + DAY) == []
        assert await ledger.destroying() == []

    async def test_a_destruction_begins_once(self, ledger: Ledger) -> None:
        first, second = a_file(1), a_file(2)
        for file in (first, second):
            await ledger.record(a_submission(file))
        await ledger.mark_destroying([first.id], TERM)
        await ledger.mark_destroying([second.id], TERM + DAY)
        await ledger.mark_destroying([first.id], TERM + 2 * DAY)
        assert await ledger.destroying() == [first, second]
