"""The audit trail on SQLite: it can't be changed, a change by other means is found, and it holds nothing personal."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.retention import what_stays
from gateway.store.ledger import SqliteLedger
from gateway.store.ledger.trail import PAGE
from tests.contracts.ledger_values import a_file, a_submission, an_account, full_file
from tests.fakes import MORNING
from tests.store.ledgers import beside, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[SqliteLedger]:
    async with opened(path) as ledger:
        await ledger.add_account(an_account(), actor="admin", at=MORNING, why="form 12")
        await ledger.record(a_submission(full_file()))
        await ledger.note(at=MORNING, actor="otto.fenn", action="export", subject="aquill", detail={"to": "/x", "n": 1})
        yield ledger


async def test_an_untouched_trail_is_whole(ledger: SqliteLedger) -> None:
    check = await ledger.verify_trail()
    last = (await ledger.trail(limit=1))[0]
    assert (check.rows, check.head, check.broken, check.problem) == (4, last.digest, None, "")


async def test_an_empty_trail_is_whole(tmp_path: Path) -> None:
    async with opened(tmp_path / "empty.db") as ledger:
        check = await ledger.verify_trail()
    assert (check.rows, check.broken) == (0, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trail SET actor = 'x' WHERE sequence = 2",
        "DELETE FROM trail WHERE sequence = 4",
        "UPDATE trail_words SET clear = 'x'",
    ],
)
async def test_the_database_itself_refuses_to_change_it(ledger: SqliteLedger, path: Path, statement: str) -> None:
    with beside(path) as other, pytest.raises(sqlite3.IntegrityError, match=r"append-only|never rewritten"):
        other.execute(statement)


# (what somebody does who takes the guard away, the first row that is broken, what is said of it)
TAMPERING = [
    ("UPDATE trail SET actor = 'x' WHERE sequence = 2", 2, "Row 2 was changed"),
    ("UPDATE trail SET at = '2020' || SUBSTR(at, 5) WHERE sequence = 3", 3, "Row 3 was changed"),
    ("UPDATE trail SET action = 'look' WHERE sequence = 4", 4, "Row 4 was changed"),
    ("UPDATE trail SET subject = 'x' WHERE sequence = 1", 1, "Row 1 was changed"),
    ("UPDATE trail SET detail = '{}' WHERE sequence = 3", 3, "Row 3 was changed"),
    ("UPDATE trail SET digest = 'x' WHERE sequence = 2", 2, "Row 2 was changed"),
    ("UPDATE trail SET previous = 'x' WHERE sequence = 2", 2, "Row 2 does not carry the digest"),
    ("DELETE FROM trail WHERE sequence = 1", 2, "Row 1 is missing"),
    ("DELETE FROM trail WHERE sequence = 3", 4, "Row 3 is missing"),
    ("UPDATE trail_words SET clear = '\"bodell\"' WHERE sequence = 4 AND field = 'actor'", 4, "words beside row 4"),
    ("UPDATE trail_words SET salt = 'x' WHERE sequence = 4 AND field = 'actor'", 4, "words beside row 4"),
    ("INSERT INTO trail_words VALUES (2, 'detail.to', 'x', 'x', '1')", 2, "words beside row 2"),
]


@pytest.mark.parametrize(("statement", "broken", "said"), TAMPERING)
async def test_the_first_row_that_was_tampered_with_is_named(
    ledger: SqliteLedger, path: Path, statement: str, broken: int, said: str
) -> None:
    with beside(path) as other:
        for (trigger,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            other.execute(f"DROP TRIGGER {trigger}")
        other.execute(statement)
    check = await ledger.verify_trail()
    assert check.broken == broken
    assert said in check.problem


async def test_the_walk_goes_on_over_its_pages(ledger: SqliteLedger, path: Path) -> None:
    about = {"at": MORNING, "actor": "gateway", "action": "look", "subject": "8301102", "detail": {}}
    await asyncio.gather(*(ledger.note(**about) for _ in range(PAGE)))  # type: ignore[arg-type]
    assert (await ledger.verify_trail()).rows == PAGE + 4
    with beside(path) as other:
        other.execute("DROP TRIGGER trail_is_never_changed")
        other.execute(f"UPDATE trail SET action = 'x' WHERE sequence = {PAGE + 2}")
    check = await ledger.verify_trail()
    assert (check.rows, check.broken) == (PAGE + 1, PAGE + 2)


async def test_a_chained_row_holds_nothing_personal(ledger: SqliteLedger, path: Path) -> None:
    file = full_file()
    with beside(path) as other:
        chained = json.dumps(other.execute("SELECT * FROM trail").fetchall())
    for personal in ("aquill", "Quill", "otto", "leys.example", file.name, "form 12", "/x", file.comment or "?"):
        assert personal not in chained
    for plain in (file.id, "8301102", "SEN", file.sha256 or "?", "gateway"):
        assert plain in chained


@pytest.mark.parametrize("almost", ["gateway2", "8301102x", "SENx", f"{a_file().submission} x"])
async def test_what_only_begins_like_an_id_is_personal(ledger: SqliteLedger, almost: str) -> None:
    await ledger.note(at=MORNING, actor=almost, action="look", subject=almost, detail={})
    (row,) = await ledger.chained_trail(after=4)
    assert almost not in (row.actor, row.subject)
    assert (await ledger.trail(limit=1))[0].actor == almost


async def test_words_that_were_erased_break_no_chain(ledger: SqliteLedger) -> None:
    before = [entry.digest for entry in await ledger.trail()]
    await ledger.mark_destroyed(what_stays(full_file(), purged_at=MORNING), actor="gateway")
    after = await ledger.trail()
    assert [entry.digest for entry in after[1:]] == before
    name = next(entry.detail["name"] for entry in after if entry.action == "route")
    assert str(name).startswith("~")
    assert (await ledger.verify_trail()).broken is None


async def test_equal_words_have_unequal_digests(ledger: SqliteLedger) -> None:
    for _ in range(2):
        await ledger.note(at=MORNING, actor="otto.fenn", action="look", subject="aquill", detail={})
    rows = await ledger.chained_trail(after=4)
    assert len({row.actor for row in rows} | {row.subject for row in rows}) == 4


async def test_the_chained_rows_can_be_exported_and_checked(ledger: SqliteLedger) -> None:
    rows = await ledger.chained_trail()
    assert [row.sequence for row in rows] == [1, 2, 3, 4]
    assert [row.previous for row in rows] == ["", *(row.digest for row in rows[:-1])]
    assert await ledger.chained_trail(after=1, limit=2) == rows[1:3]


async def test_what_was_erased_is_not_in_the_file_any_more(ledger: SqliteLedger, path: Path) -> None:
    marker = "verysecretdescription"
    files = [a_file(n, name=f"8301102_SEN{marker}{n}.pdf", comment=marker * 9) for n in range(7, 60)]
    for file in files:
        await ledger.record(a_submission(file, subject=marker))
    for file in files:
        await ledger.mark_destroyed(what_stays(file, purged_at=MORNING), actor="gateway")
    await ledger.close()  # folds the write-ahead log into the database
    assert marker.encode() not in path.read_bytes()
