"""Connections: one SQLAlchemy engine for each world; what the dialects need lies beside this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from . import postgresql, sqlite

MEMORY = "memory"
ALLOWED = "memory, sqlite:///world.db or postgresql+psycopg://user:password@host/database"

_DIALECTS: dict[str, tuple[str, ModuleType]] = {
    "sqlite": ("sqlite+pysqlite", sqlite),
    "sqlite+pysqlite": ("sqlite+pysqlite", sqlite),
    "postgresql": ("postgresql+psycopg", postgresql),
    "postgresql+psycopg": ("postgresql+psycopg", postgresql),
}


def open_database(text: str) -> Engine:
    """Return an engine for ``memory`` or a SQLAlchemy URL; no table is touched.

    Raises ``ValueError`` for a URL that is wrong and ``OSError`` for a database that cannot be
    reached or written to.
    """
    url, dialect = _read_url("sqlite://" if text == MEMORY else text)
    engine = _create(url, dialect)
    try:
        with engine.connect() as connection:
            dialect.try_to_write(connection)
    except DBAPIError as problem:
        engine.dispose()
        reason = " ".join(str(problem.orig).split())
        raise OSError(
            f"--database {url.render_as_string()}: cannot be opened for writing: {reason}"
        ) from problem
    return engine


def _read_url(text: str) -> tuple[URL, ModuleType]:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as problem:
        raise _wrong(str(problem)) from None
    found = _DIALECTS.get(url.drivername.lower())
    if found is None:
        raise _wrong(f"'{url.drivername}' is not supported")
    driver, dialect = found
    return url.set(drivername=driver), dialect


def _create(url: URL, dialect: ModuleType) -> Engine:
    try:
        engine: Engine = dialect.create(url)
    except ImportError:
        raise _wrong("its driver is missing; run pip install 'rsvault[postgresql]'") from None
    except ArgumentError as problem:
        raise _wrong(str(problem).splitlines()[0]) from None
    return engine


def _wrong(reason: str) -> ValueError:
    """Say what is wrong; the URL itself stays out of it, for it may hold a password."""
    return ValueError(f"--database is wrong: {reason}; allowed: {ALLOWED}")


class Database:
    """A world's database; every use of it is a ``reading`` or a ``writing`` transaction."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url)
        dialect = sqlite if self.engine.dialect.name == "sqlite" else postgresql
        self._reader = dialect.Reader(self.engine)
        self._writer = dialect.Writer(self.engine)
        self._lead = dialect.Lead(self.engine)
        self.images: dict[str, tuple[Any, Any]] = {}
        """What was saved of a world in memory; it ends with it."""

    @property
    def is_memory(self) -> bool:
        """Whether the world is lost when the process ends."""
        return isinstance(self.engine.pool, StaticPool)

    @property
    def shown(self) -> str:
        """The database's URL as it may be told: without its password."""
        return self.engine.url.render_as_string()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection whose transaction is rolled back: a reader writes nothing."""
        self._reader.begin()
        try:
            yield self._reader.connection
        finally:
            self._reader.end()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection whose transaction commits at the end, or rolls back on error.

        No other process writes meanwhile; it waits for this one, at most half a minute.
        """
        self._writer.begin()
        try:
            yield self._writer.connection
            self._writer.commit()
        except BaseException:
            self._writer.roll_back()
            raise

    def leads(self) -> bool:
        """Tell whether this process moves time for all that share the database."""
        leads: bool = self._lead.take()
        return leads

    def close(self) -> None:
        """Let go of every connection; a memory world is gone after that."""
        for _, image in self.images.values():
            image.close()
        for line in (self._lead, self._reader, self._writer):
            line.close()
        self.engine.dispose()
