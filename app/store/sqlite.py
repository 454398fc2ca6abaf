"""SQLite: the embedded default, in memory or in a file that several processes may share."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from ..domain import ids
from .lines import Line

LOCK_SECONDS = 30
"""How long a writer waits for another process that writes to the same file."""


def create(url: URL) -> Engine:
    """Return an engine; a memory database is one connection that lives as long as it does."""
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": LOCK_SECONDS}
    in_memory = url.database in (None, "", ":memory:")
    pool = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(url, connect_args=arguments, **pool)
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transactions are off: it would begin late and commit before DDL.
    connection.isolation_level = None
    connection.create_function("md5", 1, ids.md5_hex, deterministic=True)
    connection.create_function("rsv_hash", 1, ids.hash_60, deterministic=True)
    try:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "cache_size = -65536",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
    except sqlite3.Error:
        connection.close()
        raise


def try_to_write(connection: Connection) -> None:
    """Change a file and take it back: it may be there and yet refuse its first change."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    connection.exec_driver_sql("PRAGMA user_version = 1")
    connection.exec_driver_sql("ROLLBACK")


class Reader(Line):
    """The line of all reads."""

    def begin(self) -> None:
        """Begin a transaction, which sees one moment."""
        self.driver.execute("BEGIN")

    def end(self) -> None:
        """Take back what a reader may have written."""
        self.driver.rollback()


class Writer(Line):
    """The line of all writes."""

    def begin(self) -> None:
        """Begin a transaction and take the write lock.

        A writer that begins as a reader can fail halfway with "database is locked"; one that
        takes the lock at once waits for it instead.
        """
        self.driver.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what was written."""
        self.driver.commit()

    def roll_back(self) -> None:
        """Forget what was written."""
        self.driver.rollback()


class Lead:
    """Every process on one file may move time: the file's write lock puts them in a row."""

    def __init__(self, _engine: Engine) -> None:
        """Nothing is needed of the engine."""

    def take(self) -> bool:
        """Tell whether this process may lead: always."""
        return True

    def close(self) -> None:
        """There is nothing to let go of."""
