"""What decisions ask of the ledger: a compare that knows a file that went away and came back, and what waits where."""

import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.core.model import Change, DropState, FileRecord, History, Status
from gateway.store.ledger import SqliteLedger, deliveries
from tests.contracts.ledger_values import a_drop, a_file, a_submission
from tests.fakes import MORNING
from tests.store.ledgers import opened
from tests.store.test_ledger_plans import Explain

MINUTE = timedelta(minutes=1)
FOLDER = "folder:/drops/SEN"


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    async with opened(tmp_path / "ledger.db") as ledger:
        yield ledger


def change_of(file: FileRecord, *, seen: FileRecord | None) -> Change:
    after = replace(file, remark="decided")
    return Change(after, expected=Status.SENT, seen=seen, history=History(file.id, MORNING, "x", "recall", Status.SENT))


@pytest.mark.parametrize(
    ("values", "is_written"),
    [
        ({}, True),
        ({"remark": "Delivered"}, True),  # a delivery is no decision
        ({"service": "EP"}, False),  # handed to another service
        ({"status_at": MORNING + MINUTE}, False),  # handed away and back again
    ],
)
async def test_a_file_that_was_decided_about_since_is_not_changed(
    ledger: SqliteLedger, values: dict[str, object], is_written: bool
) -> None:
    seen = a_file(service="SEN", status_at=MORNING)
    await ledger.record(a_submission(replace(seen, **values)))  # type: ignore[arg-type]
    assert await ledger.apply(change_of(seen, seen=seen)) is is_written
    found = await ledger.file(seen.id)
    assert found is not None
    assert (found.remark == "decided") is is_written


async def test_who_saw_nothing_compares_the_status_alone(ledger: SqliteLedger) -> None:
    file = a_file(service="SEN", status_at=MORNING)
    await ledger.record(a_submission(replace(file, service="EP")))
    assert await ledger.apply(change_of(file, seen=None))


async def test_a_claimed_drop_is_owed_again_when_its_claim_lapses(ledger: SqliteLedger) -> None:
    drop = a_drop(a_file(), state=DropState.WITHDRAWING, due_at=MORNING + MINUTE)
    await ledger.record(a_submission(a_file(), drops=(drop,)))
    assert await ledger.due_drops(MORNING, 9) == []
    assert [d.id for d, _ in await ledger.due_drops(MORNING + MINUTE, 9)] == [drop.id]


class TestWhatLiesInFolders:
    """Drops that were placed, of files that wait: the last one of a target first."""

    async def test_comes_by_target_the_last_one_first(self, ledger: SqliteLedger) -> None:
        file = a_file(status=Status.SENT)
        early = a_drop(file, 1, state=DropState.DONE, target=FOLDER, done_at=MORNING, placed_as="x")
        late = a_drop(file, 2, state=DropState.DONE, target=FOLDER, done_at=MORNING + MINUTE, placed_as="x")
        other = a_drop(file, 3, state=DropState.DONE, target="folder:/a", done_at=MORNING, placed_as="x")
        await ledger.record(a_submission(file, drops=(early, late, other)))
        assert [d.id for d, _ in await ledger.lying_drops()] == [other.id, late.id, early.id]

    @pytest.mark.parametrize(
        ("file", "drop"),
        [
            ({"status": Status.RECEIVED}, {}),
            ({"status": Status.RECALLED}, {}),
            ({"place": None}, {}),
            ({}, {"state": DropState.WITHDRAWING}),
            ({}, {"state": DropState.PLACING}),
            ({}, {"target": "pickup"}),
            ({}, {"target": "email:a@b.example"}),
        ],
    )
    async def test_is_no_other(self, ledger: SqliteLedger, file: dict[str, object], drop: dict[str, object]) -> None:
        found = a_file(**{"status": Status.SENT, **file})
        values = {"state": DropState.DONE, "target": FOLDER, "done_at": MORNING, "placed_as": "x", **drop}
        await ledger.record(a_submission(found, drops=(a_drop(found, **values),)))
        assert await ledger.lying_drops() == []

    async def test_is_made_where_it_is_read_for_thousands_would_hold_up_the_loop(
        self, ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = a_file(status=Status.SENT)
        lies = a_drop(file, state=DropState.DONE, target=FOLDER, done_at=MORNING, placed_as="x")
        await ledger.record(a_submission(file, drops=(lies,)))
        threads: list[threading.Thread] = []
        made = deliveries._with_files
        monkeypatch.setattr(
            deliveries, "_with_files", lambda rows: (threads.append(threading.current_thread()), made(rows))[1]
        )
        assert [d.id for d, _ in await ledger.lying_drops()] == [lies.id]
        assert len(threads) == 1
        assert threading.main_thread() not in threads


class TestArrivals:
    """First deliveries, in the order of the commits: no gap where one was committed late."""

    async def deliver(self, ledger: SqliteLedger, number: int, *, service: str = "SEN", targets: int = 1) -> FileRecord:
        file = a_file(number, service=service, status=Status.SENT)
        drops = [a_drop(file, n, service=service, target=f"folder:/{n}") for n in range(targets)]
        await ledger.record(a_submission(file, drops=tuple(drops)))
        for n, drop in enumerate(drops):
            done = replace(drop, state=DropState.DONE, done_at=MORNING + n * MINUTE)
            assert await ledger.mark_drop(done, expected=DropState.DUE)
        return file

    async def ids(self, ledger: SqliteLedger, after: int, upto: int) -> list[str]:
        return [f.id for f in await ledger.arrivals(service="SEN", after=after, upto=upto)]

    async def test_each_file_is_one(self, ledger: SqliteLedger) -> None:
        start = await ledger.trail_end()
        one = await self.deliver(ledger, 1, targets=3)
        await self.deliver(ledger, 2, service="EP")
        middle = await ledger.trail_end()
        two = await self.deliver(ledger, 3)
        end = await ledger.trail_end()
        assert await self.ids(ledger, start, end) == [one.id, two.id]
        assert await self.ids(ledger, start, middle) == [one.id]
        assert await self.ids(ledger, middle, end) == [two.id]
        assert await self.ids(ledger, end, end) == []

    async def test_what_was_taken_back_since_is_none(self, ledger: SqliteLedger) -> None:
        file = await self.deliver(ledger, 1)
        found = await ledger.file(file.id)
        assert found is not None
        recalled = replace(found, status=Status.RECALLED)
        past = History(file.id, MORNING, "x", "recall", Status.RECALLED)
        assert await ledger.apply(Change(recalled, expected=Status.SENT, history=past))
        assert await self.ids(ledger, 0, await ledger.trail_end()) == []


class TestTheSameBytes:
    """Files of a school and a service with these bytes, Sent or Received and held, newest first."""

    async def test_are_found_newest_first(self, ledger: SqliteLedger) -> None:
        same = [a_file(n, sha256="aa", service="SEN", school="8301102", status=Status.SENT) for n in (1, 2)]
        other = [
            a_file(3, sha256="bb", service="SEN", school="8301102", status=Status.SENT),
            a_file(4, sha256="aa", service="EP", school="8301102", status=Status.SENT),
            a_file(5, sha256="aa", service="SEN", school="8302000", status=Status.SENT),
            a_file(6, sha256="aa", service="SEN", school="8301102", status=Status.RECALLED),
            a_file(7, sha256="aa", service="SEN", school="8301102", status=Status.SENT, place=None),
        ]
        for file in (*same, *other):
            await ledger.record(a_submission(file))
        found = await ledger.same_bytes(school="8301102", service="SEN", sha256="aa")
        assert [f.id for f in found] == [same[1].id, same[0].id]


PLANS: list[tuple[str, dict[str, object], str]] = [
    ("lying_drops", {}, "f USING INDEX files_waiting"),
    ("arrivals", {"after": 1, "upto": 9, "service": "SEN"}, "t USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
    ("same_bytes", {"school": "1", "service": "SEN", "sha256": "x"}, "f USING INDEX files_held_by_"),
    (
        "submission_like",
        {"fingerprint": "x", "since": "2026"},
        "submissions USING INDEX submissions_by_fingerprint (fingerprint=? AND received_at>?)",
    ),
]


@pytest.mark.parametrize(("query", "values", "index"), PLANS, ids=[row[0] for row in PLANS])
async def test_what_is_asked_often_walks_no_history(
    ledger: SqliteLedger, query: str, values: dict[str, object], index: str
) -> None:
    plan = str(await ledger._read(lambda tx: Explain(tx).rows(query, values)))
    assert index in plan
    assert "SCAN d" not in plan
    assert "SCAN t" not in plan
