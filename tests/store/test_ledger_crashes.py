"""What the ledger keeps when its process is killed, when two processes write, and when somebody holds it (SPEC 11)."""

import asyncio
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from gateway.core.model import FileQuery
from gateway.store.ledger import SqliteLedger
from tests.contracts.ledger_values import a_file, a_submission, submission_id
from tests.fakes import MORNING
from tests.store.ledgers import beside, opened

ROOT = Path(__file__).parents[2]


def writer(path: Path, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.ledger_writer", str(path), str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def acknowledged_before_a_kill(process: subprocess.Popen[str], after: int) -> set[str]:
    """Kill a writer once it has acknowledged so many; return all ids that it acknowledged whole."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(after)]
    process.kill()
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    return {line.strip() for line in lines if line.endswith("\n")}


async def check_whole(ledger: SqliteLedger, path: Path, acknowledged: set[str]) -> None:
    """Every acknowledged submission is there, each one there is whole, and the database is sound."""
    found = Counter(f.submission for f in await ledger.files(FileQuery()))
    assert acknowledged <= set(found)
    assert set(found.values()) == {2}
    assert len(await ledger.drops()) == 2 * len(found)
    assert {n.submission for n in await ledger.due_notices(MORNING, 10**6)} == set(found)
    assert (await ledger.verify_trail()).broken is None
    with beside(path) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert other.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    acknowledged: set[str] = set()
    for round, after in enumerate((1, 40, 173)):
        process = writer(path, first=round * 100_000, count=0)
        acknowledged |= await asyncio.to_thread(acknowledged_before_a_kill, process, after)
    assert len(acknowledged) >= 214
    async with opened(path) as ledger:
        await check_whole(ledger, path, acknowledged)
        await ledger.record(a_submission(a_file(999_999, 1), a_file(999_999, 2)))
        assert await ledger.has_submission(submission_id(999_999))


async def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with opened(path) as ledger:
        before = await ledger.change_counter()
        processes = [writer(path, first=n * 100_000, count=150) for n in (1, 2)]
        outputs = await asyncio.gather(*(asyncio.to_thread(p.communicate) for p in processes))
        assert [p.returncode for p in processes] == [0, 0]
        acknowledged = {line for out, _ in outputs for line in out.split()}
        assert len(acknowledged) == 300
        await check_whole(ledger, path, acknowledged)
        assert await ledger.change_counter() != before


async def test_a_held_lock_delays_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with opened(path, patience=10.0) as ledger:
        held = threading.Event()

        def hold() -> None:
            with beside(path) as other:
                other.execute("BEGIN IMMEDIATE")
                held.set()
                time.sleep(1)
                other.execute("COMMIT")

        holding = asyncio.create_task(asyncio.to_thread(hold))
        await asyncio.to_thread(held.wait)
        recording = asyncio.gather(*(ledger.record(a_submission(a_file(n))) for n in range(30)))
        assert await ledger.files(FileQuery()) == []
        assert not holding.done(), "who reads does not wait for the lock"
        assert not recording.done(), "who writes does"
        await recording
        await holding
        assert len(await ledger.files(FileQuery())) == 30


async def test_a_ledger_that_is_never_closed_does_not_keep_the_interpreter(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from gateway.clock import SystemClock
from gateway.store.ledger import open_ledger
async def main():
    ledger = await open_ledger(sys.argv[1], clock=SystemClock())
    await ledger.set_mark("left", "open")
asyncio.run(main())
"""
    command = [sys.executable, "-W", "ignore", "-c", script, str(tmp_path / "ledger.db")]
    ended = await asyncio.to_thread(subprocess.run, command, timeout=20, check=False)
    assert ended.returncode == 0
    async with opened(tmp_path / "ledger.db") as ledger:
        assert await ledger.mark("left") == "open"


async def test_a_file_on_hold_is_never_due(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with opened(path) as ledger:
        file = a_file()
        await ledger.record(a_submission(file))
        term = file.expires_at
        assert term is not None
        with beside(path) as other:
            hold = "INSERT INTO holds VALUES ('case 12', ?, '2026', 'admin', NULL, NULL)"
            other.execute(hold, (file.id,))
            assert await ledger.due_files(term) == []
            await ledger.mark_destroying([file.id], term)  # it was due when the purge looked
            assert await ledger.destroying() == []
            other.execute("UPDATE holds SET released_at = '2026', released_by = 'admin'")
        assert await ledger.due_files(term) == [file]
        await ledger.mark_destroying([file.id], term)
        assert await ledger.destroying() == [file]
