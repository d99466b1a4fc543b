"""The ledger on SQLite: the contract, and what an engine of one file and several processes has to show (SPEC 11)."""

import asyncio
import sqlite3
import stat
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.model import FileQuery
from gateway.errors import DiskFull, NotThere, Permanent, Transient
from gateway.store.engine.connection import Transaction, connect, create, translated
from gateway.store.engine.crew import Crew, commit_together
from gateway.store.ledger import SqliteLedger, open_ledger
from tests.contracts.ledger_contract import LedgerContract
from tests.contracts.ledger_values import a_file, a_submission, an_account, submission_id
from tests.fakes import MORNING, ManualClock
from tests.store.ledgers import beside, opened


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(path: Path, clock: ManualClock) -> AsyncIterator[SqliteLedger]:
    ledger = await open_ledger(str(path), clock=clock, patience=5.0)
    yield ledger
    await ledger.close()


class TestContract(LedgerContract):
    """The contract, on SQLite."""


def test_no_part_of_the_contract_hides_another() -> None:
    names = Counter(name for part in LedgerContract.__bases__ for name in vars(part) if name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) > 60


async def test_only_its_owner_can_read_it(ledger: SqliteLedger, path: Path) -> None:
    await ledger.record(a_submission(a_file()))
    modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in path.parent.iterdir()}
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm"), 0o600)


async def test_a_commit_is_durable_before_it_is_acknowledged(ledger: SqliteLedger) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}  # 2 is FULL

    def settings(tx: Transaction) -> dict[str, object]:
        return {name: tx._run(f"PRAGMA {name}", {}).fetchone()[0] for name in wanted}

    assert await ledger._write(settings) == wanted


async def test_what_was_acknowledged_is_there_after_closing(path: Path) -> None:
    async with opened(path) as ledger:
        await ledger.record(a_submission(a_file()))
    async with opened(path) as ledger:
        assert await ledger.file(a_file().id) == a_file()


async def test_closing_finishes_what_is_waiting_and_then_refuses(path: Path) -> None:
    async with opened(path) as ledger:
        waiting = [asyncio.create_task(ledger.record(a_submission(a_file(n)))) for n in range(200)]
        await asyncio.sleep(0)  # noqa: TID251  # lets the tasks ask
        await ledger.close()
        await asyncio.gather(*waiting)
        await ledger.close()
        for refused in (ledger.file("x"), ledger.record(a_submission(a_file(999)))):
            with pytest.raises(Transient, match="closed"):
                await refused
    async with opened(path) as ledger:
        assert len(await ledger.files(FileQuery())) == 200


async def test_who_is_cancelled_while_closing_cuts_off_nobody(path: Path) -> None:
    async with opened(path) as ledger:
        waiting = [asyncio.create_task(ledger.record(a_submission(a_file(n)))) for n in range(200)]
        await asyncio.sleep(0)  # noqa: TID251  # lets the tasks ask
        closing = asyncio.create_task(ledger.close())
        await asyncio.sleep(0)  # noqa: TID251  # lets the closing begin
        closing.cancel()
        await asyncio.wait_for(asyncio.gather(*waiting), 20)
    async with opened(path) as ledger:
        assert len(await ledger.files(FileQuery())) == 200


async def test_a_caller_who_is_cancelled_leaves_a_whole_record_or_none(ledger: SqliteLedger) -> None:
    for number in range(60):
        task = asyncio.create_task(ledger.record(a_submission(a_file(number, 1), a_file(number, 2))))
        for _ in range(number % 4):
            await asyncio.sleep(0)  # noqa: TID251  # cancels at another point each time
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await ledger.record(a_submission(a_file(99)))  # the connection goes on as if nothing had happened
    found = Counter(f.submission for f in await ledger.files(FileQuery()))
    assert found.pop(submission_id(99)) == 1
    assert set(found.values()) == {2}
    assert (await ledger.verify_trail()).broken is None


async def test_a_look_needs_no_daemon(path: Path) -> None:
    async with opened(path) as ledger:
        await ledger.record(a_submission(a_file()))
    async with opened(path, read_only=True) as look:
        assert await look.file(a_file().id) == a_file()
        assert await look.directory_version() == 0
        with pytest.raises(Permanent, match="look only"):
            await look.record(a_submission(a_file(2)))


async def test_opening_and_looking_wait_for_nobody_who_writes(ledger: SqliteLedger, path: Path) -> None:
    await ledger.record(a_submission(a_file()))
    with beside(path) as other:
        other.execute("BEGIN IMMEDIATE")
        for read_only in (True, False):
            async with opened(path, read_only=read_only, patience=0.0) as look:
                assert await look.file(a_file().id) == a_file()


async def test_a_look_at_nothing_makes_nothing(path: Path) -> None:
    with pytest.raises(NotThere, match="no ledger here"):
        async with opened(path, read_only=True):
            pass
    assert not path.exists()


async def test_our_own_writing_is_noticed_and_looking_is_not(ledger: SqliteLedger) -> None:
    await ledger.record(a_submission(a_file(1)))
    before = await ledger.change_counter()
    await ledger.files(FileQuery())
    assert await ledger.change_counter() == before
    await ledger.record(a_submission(a_file(2)))
    assert await ledger.change_counter() != before


async def test_another_process_is_noticed(ledger: SqliteLedger, path: Path) -> None:
    before = (await ledger.change_counter(), await ledger.directory_version())
    async with opened(path) as command:
        await command.set_mark("x", "y")
        after_mark = (await ledger.change_counter(), await ledger.directory_version())
        await command.add_account(an_account(), actor="admin", at=MORNING)
        after_account = (await ledger.change_counter(), await ledger.directory_version())
    assert after_mark[0] != before[0]
    assert after_mark[1] == before[1]
    assert after_account[0] != after_mark[0]
    assert after_account[1] != after_mark[1]


async def test_a_change_is_noticed_while_somebody_holds_the_lock(path: Path) -> None:
    async with opened(path, patience=0.0) as ledger:
        with beside(path) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await ledger.change_counter() == await ledger.change_counter()


async def test_a_lock_that_stays_is_a_reason_to_try_again(path: Path) -> None:
    async with opened(path, patience=0.05) as ledger:
        with beside(path) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Transient, match="busy"):
                await ledger.record(a_submission(a_file()))
            assert await ledger.files(FileQuery()) == [], "who reads does not wait"
            other.execute("COMMIT")
        await ledger.record(a_submission(a_file()))
        assert await ledger.files(FileQuery()) == [a_file()]


async def test_a_full_disk_is_said_and_nothing_of_the_commit_stays(path: Path) -> None:
    async with opened(path):
        pass
    connection = connect(str(path), wait=1, can_write=True)
    connection.execute("PRAGMA max_page_count = 160")
    writer = Crew([connection], commit_together, together=64, name="test")

    def fill(tx: Transaction, name: str, size: int) -> None:
        tx.change("set_mark", {"name": name, "value": "x" * size})

    sizes = (10, 10_000_000, 10)
    together = [writer.do(lambda tx, n=n, s=size: fill(tx, str(n), s)) for n, size in enumerate(sizes)]
    answers = await asyncio.gather(*together, return_exceptions=True)
    assert isinstance(answers[1], DiskFull)
    await writer.do(lambda tx: fill(tx, "after", 10))
    await writer.close()
    async with opened(path) as ledger:
        kept = [n for n in ("0", "1", "2", "after") if await ledger.mark(n) is not None]
        assert kept == [*(str(n) for n, a in enumerate(answers) if a is None), "after"]


async def test_one_commit_takes_what_is_waiting_and_undoes_only_what_failed(path: Path) -> None:
    async with opened(path):
        pass
    commits = 0

    def serve(connection: sqlite3.Connection, jobs: object) -> object:
        nonlocal commits
        commits += 1
        return commit_together(connection, jobs)  # type: ignore[arg-type]

    writer = Crew([connect(str(path), wait=1, can_write=True)], serve, together=64, name="test")  # type: ignore[arg-type]

    def put(tx: Transaction, n: int) -> int:
        tx.change("set_mark", {"name": str(n), "value": "x"})
        if n % 10 == 3:
            raise LookupError(n)
        return n

    jobs = [writer.do(lambda tx, n=n: put(tx, n)) for n in range(60)]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    await writer.close()
    assert [a if isinstance(a, int) else repr(a) for a in answers] == [
        f"LookupError({n})" if n % 10 == 3 else n for n in range(60)
    ]
    assert commits < 20
    async with opened(path) as ledger:
        kept = [n for n in range(60) if await ledger.mark(str(n)) is not None]
    assert kept == [n for n in range(60) if n % 10 != 3]


async def test_a_damaged_ledger_is_for_a_person(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(Permanent, match="restore the ledger from a backup"):
        async with opened(path):
            pass


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO counters (name, value) VALUES ('directory', 1)", Permanent),  # contradicts what is there
        ("SELECT * FROM what_is_not_there", Transient),  # unknown means temporary
    ],
)
async def test_errors_of_sqlite_say_what_to_do(path: Path, statement: str, kind: type[Exception]) -> None:
    async with opened(path):
        pass
    with beside(path) as connection, pytest.raises(sqlite3.Error) as fault:
        connection.execute(statement)
    assert type(translated(fault.value)) is kind


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Transient):
        create(str(tmp_path / "nowhere" / "ledger.db"))


async def test_a_record_is_not_delayed_by_a_long_look(ledger: SqliteLedger) -> None:
    """Two readers, one held up: the other reader and the writer go on."""
    held, free = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def long_look(tx: Transaction) -> int:
        loop.call_soon_threadsafe(held.set)
        asyncio.run_coroutine_threadsafe(free.wait(), loop).result(5)
        return len(tx.rows("schools"))

    look = asyncio.create_task(ledger._read(long_look))
    await held.wait()
    await ledger.record(a_submission(a_file()))
    assert await ledger.file(a_file().id) == a_file()
    assert not look.done()
    free.set()
    assert await look == 0


async def test_every_password_and_every_agreement_is_kept(ledger: SqliteLedger, path: Path) -> None:
    first = an_account(password_hash="hash-1", password_set_at=MORNING, policy_version="2025")
    await ledger.add_account(first, actor="admin", at=MORNING, why="on paper")
    await ledger.put_account(replace(first, is_stale=True), actor="gateway", at=MORNING, event="bounce")
    second = replace(first, password_hash="hash-2", policy_version="2026")
    await ledger.put_account(second, actor="aquill", at=MORNING, event="password", why="at login")
    with beside(path) as other:
        hashes = other.execute("SELECT username, hash FROM password_hashes ORDER BY hash").fetchall()
        agreed = other.execute("SELECT version, actor, how FROM policy_acceptances ORDER BY version").fetchall()
    assert hashes == [("aquill", "hash-1"), ("aquill", "hash-2")]
    assert agreed == [("2025", "admin", "on paper"), ("2026", "aquill", "at login")]
    changed = [entry.detail["new_password"] for entry in await ledger.trail(subject="aquill")]
    assert changed == [True, False, True]
