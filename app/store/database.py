"""Connections: one SQLAlchemy engine for each world, and what each dialect needs to be equal.

SQLite gets the two hash functions that PostgreSQL has as ``md5`` and as a migration's
``rsv_hash``; a memory database is one connection that lives as long as the engine does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from ..domain import ids

MEMORY = "memory"


def open_database(url: str) -> Engine:
    """Return an engine for ``memory`` or a SQLAlchemy URL; no table is touched."""
    if url in (MEMORY, "sqlite://", "sqlite:///:memory:"):
        engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    elif url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30})
    else:
        engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transactions are off: it would begin late and commit before DDL.
    connection.isolation_level = None
    connection.create_function("md5", 1, ids.md5_hex, deterministic=True)
    connection.create_function("rsv_hash", 1, ids.hash_60, deterministic=True)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "cache_size = -65536",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_immediate(connection: Connection) -> None:
    # A writer that begins as a reader can fail halfway with "database is locked";
    # one that takes the write lock at once waits for it instead.
    writes = connection.get_execution_options().get("rsvault_writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """A world's database; every use of it is a ``reading`` or a ``writing`` transaction."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url)
        self._readers = self.engine.execution_options(rsvault_writes=False)

    @property
    def is_memory(self) -> bool:
        """Whether the world is lost when the process ends."""
        return isinstance(self.engine.pool, StaticPool)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection whose transaction is rolled back: a reader writes nothing."""
        with self._readers.connect() as connection:
            connection.begin()
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose transaction commits at the end, or rolls back on error."""
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection; a memory world is gone after that."""
        self.engine.dispose()
