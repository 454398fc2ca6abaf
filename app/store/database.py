"""Connections: one SQLAlchemy engine for each world, and what each dialect needs to be equal.

SQLite gets the two hash functions that PostgreSQL has as ``md5`` and as a migration's
``rsv_hash``; a memory database is one connection that lives as long as the engine does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from ..domain import ids

MEMORY = "memory"
ALLOWED = "memory, sqlite:///world.db or postgresql+psycopg://user:password@host/database"
LOCK_SECONDS = 30
"""How long a writer waits for another process that writes to the same file."""

_READER = "rsvault_reader"
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def open_database(text: str) -> Engine:
    """Return an engine for ``memory`` or a SQLAlchemy URL; no table is touched.

    Raises ``ValueError`` for a URL that is wrong and ``OSError`` for a database that cannot be
    reached or written to.
    """
    url = _read_url("sqlite://" if text == MEMORY else text)
    engine = _create(url)
    try:
        _try_to_write(engine)
    except DBAPIError as problem:
        engine.dispose()
        reason = " ".join(str(problem.orig).split())
        raise OSError(
            f"--database {url.render_as_string()}: cannot be opened for writing: {reason}"
        ) from problem
    return engine


def _read_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as problem:
        raise _wrong(str(problem)) from None
    driver = _DRIVERS.get(url.drivername.lower())
    if driver is None:
        raise _wrong(f"'{url.drivername}' is not supported")
    return url.set(drivername=driver)


def _create(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url)
        arguments: dict[str, Any] = {"check_same_thread": False, "timeout": LOCK_SECONDS}
        in_memory = url.database in (None, "", ":memory:")
        pool = {"poolclass": StaticPool} if in_memory else {}
        engine = create_engine(url, connect_args=arguments, **pool)
    except ImportError:
        raise _wrong("its driver is missing; run pip install 'psycopg[binary]'") from None
    except ArgumentError as problem:
        raise _wrong(str(problem).splitlines()[0]) from None
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _try_to_write(engine: Engine) -> None:
    """Write and roll back: a file may be there and yet refuse its first change."""
    with engine.connect() as connection:
        connection.begin()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA user_version = 1")


def _wrong(reason: str) -> ValueError:
    """Say what is wrong; the URL itself stays out of it, for it may hold a password."""
    return ValueError(f"--database is wrong: {reason}; allowed: {ALLOWED}")


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
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


def _begin_immediate(connection: Connection) -> None:
    # A writer that begins as a reader can fail halfway with "database is locked";
    # one that takes the write lock at once waits for it instead.
    if not connection.get_execution_options().get(_READER):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """A world's database; every use of it is a ``reading`` or a ``writing`` transaction."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url)
        # One connection for all reads, as nothing waits within one. SQLAlchemy believes it in one
        # long transaction; the driver begins and ends them, at a tenth of the cost.
        self._reader = self.engine.execution_options(**{_READER: True}).connect()
        self._reader.begin()
        self._driver: Any = self._reader.connection.driver_connection
        self._begins_by_itself = self.engine.dialect.name != "sqlite"

    @property
    def is_memory(self) -> bool:
        """Whether the world is lost when the process ends."""
        return isinstance(self.engine.pool, StaticPool)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection whose transaction is rolled back: a reader writes nothing."""
        if not self._begins_by_itself:
            self._driver.execute("BEGIN")
        try:
            yield self._reader
        finally:
            self._driver.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose transaction commits at the end, or rolls back on error."""
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection; a memory world is gone after that."""
        self._reader.close()
        self.engine.dispose()
