"""What every ledger keeps of file requests."""

from datetime import timedelta

from gateway.core.model import Status
from gateway.core.requests import FileRequest
from gateway.ports import Ledger
from tests.contracts.ledger_values import SCHOOL, a_change, a_file, a_notice, a_submission
from tests.fakes import MORNING, ManualClock

OTHER = "8302000"


def a_request(number: int = 1, **fields: object) -> FileRequest:
    """Return a request for any file of SEN, opened in the morning."""
    usual = {
        "title": "Reviews",
        "service": "SEN",
        "schools": (SCHOOL, OTHER),
        "due_at": MORNING + timedelta(days=14),
        "opened_at": MORNING,
        "opened_by": "it.admin",
    }
    return FileRequest(id=f"{number:026d}", **{**usual, **fields})  # type: ignore[arg-type]


async def counted(ledger: Ledger, number: int = 1) -> list[str]:
    await ledger.count_answers()
    return [file.name for file in await ledger.answers(f"{number:026d}")]


class RequestContract:
    """What is asked for, and what answers."""

    async def test_a_request_is_kept_whole_and_the_newest_stands_first(self, ledger: Ledger) -> None:
        first = a_request(1, types=("pdf", "docx"), word="review", note="Please.")
        await ledger.open_request(first, ())
        await ledger.open_request(a_request(2), ())
        assert await ledger.requests() == [a_request(2), first]
        assert await ledger.request(first.id) == first
        assert await ledger.request("none") is None

    async def test_its_notices_are_owed_from_the_same_transaction(self, ledger: Ledger) -> None:
        await ledger.open_request(a_request(), (a_notice("told", submission=None),))
        assert [n.id for n in await ledger.due_notices(MORNING, 9)] == ["told"]

    async def test_it_is_closed_once_and_leaves_the_open_ones(self, ledger: Ledger) -> None:
        await ledger.open_request(a_request(), ())
        assert await ledger.close_request(a_request().id, actor="it.admin", at=MORNING)
        assert not await ledger.close_request(a_request().id, actor="other", at=MORNING)
        assert not await ledger.close_request("none", actor="it.admin", at=MORNING)
        assert await ledger.requests(only_open=True) == []
        (closed,) = await ledger.requests()
        assert (closed.closed_at, closed.closed_by) == (MORNING, "it.admin")
        assert [entry.action for entry in await ledger.trail(subject=closed.id)] == ["close-request", "open-request"]

    async def test_files_answer_by_school_service_status_time_type_and_word(self, ledger: Ledger) -> None:
        await ledger.open_request(a_request(types=("pdf",), word="review"), ())
        yes = "8301102_SENREVIEWa20261120.PDF"
        files = {
            yes: {"extension": "PDF"},
            "8301102_SENplan20261120.pdf": {},
            "8301102_SENreviewb20261120.docx": {"extension": "docx"},
            "8301102_SENreviewc": {"extension": None},
            "8301102_FINreviewd20261120.pdf": {"service": "FIN"},
            "8303308_SENreviewe20261120.pdf": {"school": "8303308"},
            "8301102_SENreviewf20261120.pdf": {"sent_at": MORNING - timedelta(seconds=1)},
            "8301102_SENreviewg20261120.pdf": {"status": Status.RECALLED},
            "8301102_SENreviewh20261120.pdf": {"status": Status.REJECTED},
        }
        made = [a_file(n, name=name, **fields) for n, (name, fields) in enumerate(files.items(), start=1)]
        for file in made:
            await ledger.record(a_submission(file))
        assert await counted(ledger) == [yes]
        assert await ledger.count_answers() == 0  # nothing is counted twice

    async def test_a_word_is_no_pattern(self, ledger: Ledger) -> None:
        await ledger.open_request(a_request(word="r_v"), ())
        await ledger.record(a_submission(a_file(name="8301102_SENrev20261120.pdf")))
        assert await counted(ledger) == []

    async def test_one_file_may_answer_two_requests(self, ledger: Ledger) -> None:
        await ledger.open_request(a_request(1), ())
        await ledger.open_request(a_request(2), ())
        await ledger.record(a_submission(a_file()))
        assert await counted(ledger, 1) == await counted(ledger, 2) == [a_file().name]

    async def test_what_was_rejected_since_or_handed_on_counts_no_more(self, ledger: Ledger) -> None:
        await ledger.open_request(a_request(), ())
        file = a_file()
        await ledger.record(a_submission(file))
        assert await counted(ledger) == [file.name]
        moved = a_file(service="FIN")
        await ledger.apply(a_change(moved, expected=Status.SENT, event="reroute"))
        assert await counted(ledger) == []
        await ledger.apply(a_change(file, expected=Status.SENT, event="reroute"))
        assert await counted(ledger) == [file.name]
        await ledger.apply(a_change(a_file(status=Status.REJECTED), expected=Status.SENT, event="reject"))
        assert await counted(ledger) == []

    async def test_a_file_counts_when_its_bytes_and_its_word_are_gone(self, ledger: Ledger, clock: ManualClock) -> None:
        await ledger.open_request(a_request(word="review"), ())
        file = a_file()
        await ledger.record(a_submission(file))
        assert await counted(ledger) == [file.name]
        clock.advance(days=90)
        masked = a_file(name="8301102_SEN…20261120.pdf", place=None, purged_at=clock.now())
        await ledger.mark_destroying([file.id], clock.now())
        await ledger.mark_destroyed(masked, actor="gateway")
        assert await counted(ledger) == [masked.name]

    async def test_what_comes_after_the_close_answers_nothing(self, ledger: Ledger) -> None:
        await ledger.open_request(a_request(), ())
        await ledger.close_request(a_request().id, actor="it.admin", at=MORNING)
        await ledger.record(a_submission(a_file()))
        assert await counted(ledger) == []
