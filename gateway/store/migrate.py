"""Brings a database forward to what this program knows, one migration after the other, never back.

Owns the numbered files of `sql/migrations/` and the version that the database keeps. A migration is one transaction
with the note that it ran. `0002_x.sqlite.sql` holds what only SQLite says. Refuses a database that is newer than the
program (Source: DESIGN 2, 5).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from gateway.errors import Permanent
from gateway.store.engine.connection import translated
from gateway.store.engine.queries import SQL_FOLDER, load_queries
from gateway.store.engine.rows import stamp

FOLDER = SQL_FOLDER / "migrations"
ENGINE = "sqlite"


@dataclass(frozen=True)
class Migration:
    """One step forward."""

    version: int
    name: str
    sql: str


@cache
def read_migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Return the migrations for this engine, in order. Raises ValueError when a number is missing or there twice."""
    found = tuple(sorted(_read_folder(folder), key=lambda m: m.version))
    if [m.version for m in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations in {folder} are not numbered 1, 2, 3 …: {[m.name for m in found]}")
    return found


def _read_folder(folder: Path) -> Iterator[Migration]:
    for file in folder.glob("[0-9]*.sql"):
        name, *engine = file.name.removesuffix(".sql").split(".")
        if engine in ([], [ENGINE]):
            yield Migration(int(name.partition("_")[0]), name, file.read_text(encoding="utf-8"))


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a database; 0 for an empty one."""
    try:
        (version,) = connection.execute(load_queries()["schema_version"]).fetchone()
    except sqlite3.OperationalError as fault:
        if "no such table" in str(fault):
            return 0
        raise translated(fault) from fault
    except sqlite3.Error as fault:
        raise translated(fault) from fault
    return int(version)


def check_version(connection: sqlite3.Connection, known: int) -> None:
    """Raise Permanent unless the database is of the version that this program knows."""
    found = version_of(connection)
    refuse_newer(found, known)
    if found < known:
        raise Permanent(
            f"The ledger is of an older format ({found}) than this program's ({known}). "
            "Start the gateway once: it brings the ledger up to date."
        )


def refuse_newer(found: int, known: int) -> None:
    """Raise Permanent for a database that a newer program wrote."""
    if found > known:
        raise Permanent(
            f"The ledger was written by a newer gateway: its format is {found}, and this program knows formats up to "
            f"{known}. Start the newer program again, or restore a backup from before the upgrade."
        )


def migrate(connection: sqlite3.Connection, *, at: datetime, migrations: Sequence[Migration] | None = None) -> int:
    """Apply what is missing, each migration in one transaction; return how many. Safe to repeat, also by two at once.

    Raises Permanent for a newer database, Transient while another process keeps it locked.
    """
    steps = read_migrations() if migrations is None else migrations
    found = version_of(connection)
    refuse_newer(found, len(steps))
    if found == len(steps):
        return 0  # without a lock: a command opens the ledger while the daemon writes
    try:
        return sum(_apply(connection, step, at) for step in steps)
    except sqlite3.Error as fault:
        raise translated(fault) from fault


def _apply(connection: sqlite3.Connection, step: Migration, at: datetime) -> bool:
    queries = load_queries()
    connection.execute(queries["begin_write"])
    try:
        connection.execute(queries["create_versions"])
        is_missing = version_of(connection) < step.version  # asked under the lock: two may have started at once
        if is_missing:
            for statement in statements(step.sql):
                connection.execute(statement)
            connection.execute(queries["add_version"], {"version": step.version, "name": step.name, "at": stamp(at)})
    except BaseException:
        connection.execute(queries["roll_back"])
        raise
    connection.execute(queries["commit"])
    return is_missing


def statements(sql: str) -> Iterator[str]:
    """Return the statements of a script one by one, so that they can stand in one transaction."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
