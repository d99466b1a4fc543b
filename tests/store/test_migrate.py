"""A database comes forward, whole or not at all, and never back (DESIGN 2, 5)."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import Permanent, Transient
from gateway.store.engine.connection import connect, create
from gateway.store.engine.queries import compose, load_queries, read_sections
from gateway.store.migrate import Migration, check_version, migrate, read_migrations, statements, version_of
from tests.fakes import MORNING
from tests.store.ledgers import opened

ONE = Migration(1, "0001_one", "CREATE TABLE one (a TEXT);\nINSERT INTO one VALUES ('kept');")
TWO = Migration(2, "0002_two", "ALTER TABLE one ADD COLUMN b TEXT;")
BAD = Migration(2, "0002_bad", "CREATE TABLE two (a TEXT);\nINSERT INTO nowhere VALUES (1);")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(str(tmp_path / "x.db"))
    return tmp_path / "x.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(str(path), wait=5, can_write=True)
    yield connection
    connection.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_an_empty_database_becomes_the_newest(connection: sqlite3.Connection) -> None:
    assert version_of(connection) == 0
    newest = len(read_migrations())
    assert migrate(connection, at=MORNING) == newest
    assert version_of(connection) == newest
    assert {"files", "drops", "notices", "trail", "accounts", "holds"} < tables(connection)
    assert migrate(connection, at=MORNING) == 0


def test_what_was_there_is_kept_and_the_rest_is_added(connection: sqlite3.Connection) -> None:
    assert migrate(connection, at=MORNING, migrations=[ONE]) == 1
    assert migrate(connection, at=MORNING, migrations=[ONE, TWO]) == 1
    assert connection.execute("SELECT a, b FROM one").fetchall() == [("kept", None)]
    ran = connection.execute("SELECT version, name, applied_at FROM schema_versions").fetchall()
    assert ran == [(n, m.name, "2026-11-22T09:00:00.000000+00:00") for n, m in ((1, ONE), (2, TWO))]


def test_a_migration_that_fails_leaves_nothing_of_itself(connection: sqlite3.Connection) -> None:
    with pytest.raises(Transient):
        migrate(connection, at=MORNING, migrations=[ONE, BAD])
    assert version_of(connection) == 1
    assert "two" not in tables(connection)
    assert migrate(connection, at=MORNING, migrations=[ONE, TWO]) == 1


def test_a_newer_database_is_refused_with_a_sentence(connection: sqlite3.Connection) -> None:
    migrate(connection, at=MORNING, migrations=[ONE, TWO])
    with pytest.raises(Permanent, match=r"written by a newer gateway: its format is 2, and this program knows .* 1"):
        migrate(connection, at=MORNING, migrations=[ONE])
    with pytest.raises(Permanent, match="newer gateway"):
        check_version(connection, 1)


async def test_the_ledger_of_a_newer_gateway_is_not_opened(path: Path, connection: sqlite3.Connection) -> None:
    migrate(connection, at=MORNING)
    connection.execute("INSERT INTO schema_versions VALUES (99, '0099_future', '')")
    for read_only in (False, True):
        with pytest.raises(Permanent, match="newer gateway"):
            async with opened(path, read_only=read_only):
                pass


async def test_an_older_ledger_is_not_migrated_by_a_look(path: Path, connection: sqlite3.Connection) -> None:
    migrate(connection, at=MORNING, migrations=[ONE])
    with pytest.raises(Permanent, match=r"older format .* Start the gateway once"):
        async with opened(path, read_only=True):
            pass
    assert version_of(connection) == 1


def test_two_that_start_at_once_apply_each_step_once(path: Path) -> None:
    applied: list[int] = []

    def start() -> None:
        connection = connect(str(path), wait=5, can_write=True)
        applied.append(migrate(connection, at=MORNING))
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(applied) == 4
    assert sum(applied) == len(read_migrations())


def test_a_locked_database_is_a_reason_to_try_again(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    other = connect(str(path), wait=0.01, can_write=True)
    with pytest.raises(Transient, match="busy"):
        migrate(other, at=MORNING)
    other.close()


@pytest.mark.parametrize(
    ("names", "versions"),
    [
        (["0001_a.sql", "0002_b.sqlite.sql", "0003_c.sql"], [1, 2, 3]),
        (["0001_a.sql", "0002_b.sqlite.sql", "0002_b.postgresql.sql"], [1, 2]),  # the other engine's words
    ],
)
def test_migrations_are_read_in_the_order_of_their_numbers(
    tmp_path: Path, names: list[str], versions: list[int]
) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    assert [m.version for m in read_migrations(tmp_path)] == versions


@pytest.mark.parametrize("names", [["0001_a.sql", "0003_c.sql"], ["0001_a.sql", "0001_b.sql"], ["0002_a.sql"]])
def test_migrations_have_no_gap_and_no_number_twice(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(ValueError, match="not numbered"):
        read_migrations(tmp_path)


def test_a_script_is_cut_into_whole_statements() -> None:
    table = "CREATE TABLE a (b TEXT DEFAULT ';');"
    trigger = "CREATE TRIGGER t BEFORE DELETE ON a\nBEGIN\n SELECT 1;\nEND;"
    found = [s.strip() for s in statements(f"-- a; comment\n{table}\n\n{trigger}\nSELECT 2")]
    assert [s.split("\n")[-1] for s in found] == [table, "END;", "SELECT 2"]


def test_every_query_can_be_prepared(connection: sqlite3.Connection) -> None:
    """What is no whole statement is a piece of one, and is prepared there."""
    migrate(connection, at=MORNING)
    whole = [sql for sql in load_queries().values() if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    for sql in whole:
        connection.execute(f"EXPLAIN {sql}", dict.fromkeys(re.findall(r":(\w+)", sql)))
    assert len(whole) > 50


def test_sections_are_read_without_their_comments() -> None:
    text = "-- About the file.\n\n-- name: one\n-- why\nSELECT 1\n\n-- name: two\nSELECT {one}\n"
    assert read_sections(text) == [("one", "SELECT 1"), ("two", "SELECT {one}")]


def test_a_list_of_values_gets_a_parameter_for_each() -> None:
    queries = {"x": "SELECT 1", "x_a": "a IN (:a)", "x_ab": "b = :ab", "x_order": "ORDER BY 1", "limit": "LIMIT :limit"}
    assert compose(queries, "x", {"a": ("p", "q"), "ab": 1}, limit=3) == (
        "SELECT 1 WHERE a IN (:a_0, :a_1) AND b = :ab ORDER BY 1 LIMIT :limit",
        {"a_0": "p", "a_1": "q", "ab": 1, "limit": 3},
    )
    assert compose(queries, "x", {"a": ()}) == ("SELECT 1 WHERE a IN (NULL) ORDER BY 1", {})
