"""What the ledger is asked costs with what it answers and not with the history: each query has its index (SPEC 13)."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.model import FileQuery, Status
from gateway.store.engine.connection import Transaction
from gateway.store.engine.queries import Values
from gateway.store.ledger import SqliteLedger
from gateway.store.ledger.submissions import listed_files, listed_rows
from tests.fakes import MORNING
from tests.store.ledgers import opened


class Explain(Transaction):
    """Answers with the plan of a query in the place of its rows."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx._connection)

    def _run(self, sql: str, values: Values) -> sqlite3.Cursor:
        return super()._run(f"EXPLAIN QUERY PLAN {sql}", values)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    async with opened(tmp_path / "ledger.db") as ledger:
        yield ledger


# (what a view asks, how it must be found)
LISTINGS = [
    (FileQuery(school="8301102", since=MORNING, until=MORNING), "files_by_school_and_time"),
    (FileQuery(school="8301102", limit=50), "files_by_school"),
    (FileQuery(school="8301102", has_bytes=True), "files_held_by_name"),
    (FileQuery(schools=("8301102", "8302000"), has_bytes=True), "files_held_by_name"),
    (FileQuery(service="SEN", has_bytes=True), "files_held_by_service"),
    (FileQuery(services=("SEN", "FIN"), has_bytes=True), "files_held_by_service"),
    (FileQuery(service="SEN", limit=50), "files_by_service"),
    (FileQuery(service="SEN", since=MORNING, status=(Status.SENT, Status.RECEIVED)), "files_by_service_and_time"),
    (FileQuery(submission="x"), "files_by_submission"),
    (FileQuery(sent_by="x"), "files_by_sender_name"),
    (FileQuery(since=MORNING, limit=50), "files_by_time"),
    (FileQuery(limit=50, after="x"), "sqlite_autoindex_files_1"),
]


@pytest.mark.parametrize(("query", "index"), LISTINGS)
async def test_a_listing_is_found_by_its_index(ledger: SqliteLedger, query: FileQuery, index: str) -> None:
    plan = str(await ledger._read(lambda tx: list(listed_files(Explain(tx), query))))
    assert f"INDEX {index} " in plan
    assert "SCAN" not in plan


HELD = (Status.SENT, Status.RECEIVED)
ROOMS = {
    "Sent Files": FileQuery(school="8301102", status=HELD, has_bytes=True),
    "a month": FileQuery(school="8301102", status=HELD, has_bytes=True, since=MORNING, until=MORNING),
    "the last of a month": FileQuery(
        school="8301102", status=HELD, has_bytes=True, since=MORNING, until=MORNING, limit=20
    ),
}
INBOX = FileQuery(service="SEN", school="8301102", status=HELD, has_bytes=True, is_delivered=True)


async def test_a_school_in_an_inbox_costs_what_lies_there(ledger: SqliteLedger) -> None:
    """Not what the school sent to other services, and not what other schools sent to this one."""
    plan = str(await ledger._read(lambda tx: list(listed_rows(Explain(tx), INBOX))))
    assert "USING COVERING INDEX files_in_inbox (service=? AND school=?)" in plan
    assert "B-TREE" not in plan


@pytest.mark.parametrize("room", ROOMS)
async def test_a_long_listing_is_read_from_its_index_alone(ledger: SqliteLedger, room: str) -> None:
    """Ten thousand rows of the table lie on as many pages, among those of other schools."""
    plan = str(await ledger._read(lambda tx: list(listed_rows(Explain(tx), ROOMS[room]))))
    assert "USING COVERING INDEX files_shown (school=?" in plan
    assert "B-TREE" not in plan


# (a query, its values, how it must be found)
QUERIES: list[tuple[str, dict[str, object], str]] = [
    ("twins", {"school": "8301102", "name_key": "x"}, "f USING INDEX files_held_by_name (school=? AND name_key=?)"),
    ("due_drops", {"now": "2026", "limit": 1}, "d USING INDEX drops_by_state (state=? AND due_at<?)"),
    ("next_drop", {}, "d USING INDEX drops_by_state (state=?)"),
    ("due_notices", {"now": "2026", "limit": 1}, "n USING INDEX notices_by_state (state=? AND due_at<?)"),
    ("next_notice", {}, "n USING COVERING INDEX notices_by_state (state=?)"),
    ("notices_to", {"address": "x", "since": "2026"}, "notices_by_address (address_key=? AND state=? AND sent_at>?)"),
    ("destroying", {}, "f USING INDEX files_destroying"),
    ("inbox_schools", {"service": "SEN"}, "f USING COVERING INDEX files_in_inbox (service=? AND school>?)"),
    (
        "inbox_school",
        {"service": "SEN", "school": "x"},
        "f USING COVERING INDEX files_in_inbox (service=? AND school=?)",
    ),
    ("files_of_submission", {"submission": "x"}, "f USING INDEX files_by_submission"),
    ("submissions_about", {"file": "x"}, "parts USING INDEX parts_by_file"),
    ("clear_contexts", {"submission": "x"}, "notices USING INDEX notices_by_submission"),
    ("new_answers", {}, "f USING INDEX files_by_school_and_time (school=? AND sent_at>?)"),
    ("shown_documents", {"school": "x"}, "s USING INDEX document_schools_shown (school=?)"),
    (
        "shown_versions",
        {"folder": "x", "name_key": "x", "head_only": False},
        "d USING INDEX documents_by_name (folder=? AND name_key=? AND head_only=?)",
    ),
    (
        "replace_versions",
        {"id": "x", "folder": "x", "name_key": "x", "head_only": False},
        "o USING INDEX documents_by_name (folder=? AND name_key=? AND head_only=?)",
    ),
    (
        "newest_replaced",
        {"id": "x", "folder": "x", "name_key": "x", "head_only": False},
        "d USING INDEX documents_by_name (folder=? AND name_key=? AND head_only=?)",
    ),
    ("held_content", {"sha256": "x", "size": 1}, "d USING INDEX documents_by_content (sha256=? AND size=?)"),
    ("place_claims", {"place": "x"}, "d USING INDEX documents_by_place (place=?)"),
    ("due_documents", {"at": "2026", "limit": 1}, "d USING INDEX documents_due (expires_at<?)"),
    ("destroying_documents", {}, "d USING INDEX documents_destroying"),
    ("shown_past_term", {"at": "2026"}, "d USING INDEX documents_due (expires_at<?)"),
    ("document_on_hold", {"id": "x"}, "i USING INDEX incidents_open (school=?)"),
    ("documents_of_submission", {"submission": "x"}, "d USING INDEX documents_by_submission"),
    ("issued_between", {"after": 1, "upto": 2}, "t USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
    ("audience", {"document": "x"}, "document_schools_1 (document=?)"),
    ("open_requests", {}, "r USING INDEX requests_by_close (closed_at=?)"),
    ("answers", {"request": "x"}, "f USING INDEX files_by_service (service=? AND id=?)"),
    (
        "unread_documents",
        {"after": "2026", "upto": "2027"},
        "d USING INDEX documents_due (expires_at>? AND expires_at<?)",
    ),
    ("erase_words", {"about": "x", "name": "x"}, "trail_words USING INDEX trail_words_by_about (about=?)"),
]


@pytest.mark.parametrize(("query", "values", "index"), QUERIES, ids=[row[0] for row in QUERIES])
async def test_what_is_owed_is_found_without_the_history(
    ledger: SqliteLedger, query: str, values: dict[str, object], index: str
) -> None:
    plan = str(await ledger._read(lambda tx: Explain(tx).rows(query, values)))
    assert index in plan
    assert "SCAN" not in plan.replace("SCAN CONSTANT", "")


async def test_what_is_due_for_destruction_is_found_by_its_time(ledger: SqliteLedger) -> None:
    plan = str(await ledger._read(lambda tx: list(Explain(tx).listing("due", {"at": "2026"}, limit=9))))
    assert "INDEX files_due (expires_at<?)" in plan
    assert "SCAN" not in plan


async def test_the_end_of_the_trail_is_found_at_its_end(ledger: SqliteLedger) -> None:
    steps = [
        row
        for row in await ledger._read(lambda tx: tx._run("EXPLAIN " + tx._queries["end_of_trail"], {}).fetchall())
        if row[1] == "Last"
    ]
    assert steps, "it goes to the last row, and does not sort"
