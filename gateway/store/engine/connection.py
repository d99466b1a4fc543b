"""One SQLite connection: how it is opened, how SQL is run on it, and what its errors mean to a caller.

Owns the settings that make a commit durable and the translation of SQLite's errors. Blocking: it is used in the threads
of `crew` and by `migrate` alone (Source: SPEC 11; DESIGN 4, 5).
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gateway.errors import DiskFull, GatewayError, NotThere, Permanent, Transient
from gateway.store.engine.queries import Values, compose, load_queries
from gateway.store.threads import trouble_of

Row = tuple[Any, ...]

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def create(path: str) -> None:
    """Make an empty database that only its owner can read, with a write-ahead log; harmless when it is there."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = _open(path, wait=60.0)
    except OSError as trouble:
        raise trouble_of(trouble) from trouble
    except sqlite3.Error as fault:
        raise translated(fault) from fault
    try:
        (mode,) = connection.execute(load_queries()["write_ahead"]).fetchone()
    except sqlite3.Error as fault:
        raise translated(fault) from fault
    finally:
        connection.close()
    if mode != "wal":
        raise Permanent("The disk of the ledger can't keep a write-ahead log. Put the data folder on a local disk.")


def connect(path: str, *, wait: float, can_write: bool) -> sqlite3.Connection:
    """Open a database that is there. `wait`: seconds for which a lock of another process is waited for."""
    if not Path(path).exists():
        raise NotThere("There is no ledger here yet. Start the gateway once, and it makes one.")
    connection = None
    try:
        connection = _open(path, wait=wait)
        connection.executescript(load_queries()["set_up" if can_write else "set_up_to_read"])
    except sqlite3.Error as fault:
        if connection is not None:
            connection.close()
        raise translated(fault) from fault
    return connection


def _open(path: str, *, wait: float) -> sqlite3.Connection:
    where = Path(path).absolute().as_uri() + "?mode=rw"
    return sqlite3.connect(
        where, uri=True, timeout=wait, isolation_level=None, check_same_thread=False, cached_statements=256
    )


def translated(fault: sqlite3.Error) -> GatewayError:
    """Return what a caller should do about an error of SQLite. Unknown means temporary."""
    if isinstance(fault, sqlite3.IntegrityError):
        return Permanent(f"The ledger refuses what contradicts it ({fault}).")
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF  # the primary code; the rest of the bits are details
    if code in _DAMAGED:
        return Permanent(f"The ledger is damaged ({fault}). Stop the gateway and restore the ledger from a backup.")
    if code == sqlite3.SQLITE_FULL:
        return DiskFull("The disk of the ledger is full. Free some space; the gateway goes on by itself.")
    if code in _BUSY:
        return Transient("The ledger is busy: another program is writing to it. Try again in a moment.")
    return Transient(f"The ledger can't be used at the moment ({fault}). The gateway tries again by itself.")


class Transaction:
    """What runs between a begin and a commit: named queries on one connection. Not kept beyond its transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take an open connection."""
        self._connection = connection
        self._queries = load_queries()

    def change(self, query: str, values: Values) -> int:
        """Run a statement; return how many rows it wrote."""
        return self._run(self._queries[query], values).rowcount

    def change_each(self, query: str, rows: Iterable[Values]) -> None:
        """Run a statement once for each row."""
        for row in rows:
            self._run(self._queries[query], row)

    def row(self, query: str, values: Values | None = None) -> Row | None:
        """Return the first row of a query."""
        found: Row | None = self._run(self._queries[query], values or {}).fetchone()
        return found

    def rows(self, query: str, values: Values | None = None) -> list[Row]:
        """Return all rows of a query."""
        return self._run(self._queries[query], values or {}).fetchall()

    def listing(
        self, base: str, values: Values, *, limit: int | None = None, order: str = "order", columns: str = ""
    ) -> Iterator[Row]:
        """Yield the rows of a composed listing (see `queries.compose`) while the transaction lasts."""
        return self._run(*compose(self._queries, base, values, limit=limit, order=order, columns=columns))

    def _run(self, sql: str, values: Values) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except UnicodeEncodeError:  # a name with half a surrogate pair: no database takes it as text
            return self._connection.execute(sql, {k: mended(v) for k, v in values.items()})


def mended(value: object) -> object:
    """Return text with each lone surrogate replaced by U+FFFD; any other value as it is."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
