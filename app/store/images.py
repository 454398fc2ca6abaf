"""Images of worlds: their rows in a SQLite database of their own, in memory.

What is saved is kept as an image, and what is seeded is made in one; both become rows of a world
here. SQLite and PostgreSQL are read and written as their drivers do it: for the years of a fleet
SQLAlchemy's own way would take ten times as long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Delete,
    Dialect,
    Select,
    Table,
    Text,
    cast,
    delete,
    select,
)
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.types import JSON

from .database import MEMORY, Database
from .delivery_tables import deliveries
from .resource_tables import resource_groups
from .schema import ensure_schema
from .subscription_rows import deletable, emptied, owned, tables, values
from .tables import disk_sets, world

Image = sqlite3.Connection
Rows = Sequence[Sequence[Any]]

_SHARED = (disk_sets, resource_groups)
"""Rows that may be there already: equal ones, as their key or their id is what they are."""

_UNTOLD = f"DELETE FROM {deliveries.name} WHERE {deliveries.c.due_at.name} IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two databases that rows go between: its driver's connection, and its dialect."""

    driver: Any
    dialect: str

    def rows(self, table: Table, subscription: str | None = None) -> Rows:
        """Return a table's rows, JSON as its text, in the order of their columns."""
        text = _reads(table, self.dialect, subscription is not None)
        found: Rows = self.driver.execute(text, _given(subscription)).fetchall()
        return found

    def empty(self, table: Table, subscription: str | None = None) -> None:
        """Delete all rows of a table, or those that go with a subscription."""
        text = _deletes(table, self.dialect, subscription is not None)
        self.driver.execute(text, _given(subscription))

    def keep(self, table: Table, rows: Rows) -> None:
        """Insert rows of a table; of those that may be shared only what is not there."""
        if not rows:
            return
        new_only = table in _SHARED
        if self.dialect == "sqlite":
            self.driver.executemany(_inserts(table, new_only), rows)
        else:
            _copy(self.driver, table, rows, new_only=new_only)


def side_of(connection: Connection) -> Side:
    """Return the side that a transaction is on."""
    return Side(driver_of(connection), connection.dialect.name)


def driver_of(connection: Connection) -> Any:
    """Return the driver's own connection."""
    return connection.connection.driver_connection


def _given(subscription: str | None) -> dict[str, str]:
    return {} if subscription is None else values(subscription)


@cache
def _reads(table: Table, dialect: str, scoped: bool) -> str:
    columns = [cast(each, Text) if isinstance(each.type, JSON) else each for each in table.c]
    query = select(*columns)
    return _text(query.where(owned(table)) if scoped else query, dialect)


@cache
def _deletes(table: Table, dialect: str, scoped: bool) -> str:
    statement = delete(table)
    return _text(statement.where(deletable(table)) if scoped else statement, dialect)


def _text(statement: Select[Any] | Delete, dialect: str) -> str:
    return str(statement.compile(dialect=_dialect(dialect)))


@cache
def _dialect(name: str) -> Dialect:
    """Return a dialect whose parameters have names, as the driver takes them too."""
    if name == "sqlite":
        return SQLiteDialect_pysqlite(paramstyle="named")
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    return PGDialect_psycopg()  # type: ignore[no-untyped-call]


@cache
def _inserts(table: Table, new_only: bool) -> str:
    verb = "INSERT OR IGNORE" if new_only else "INSERT"
    return f"{verb} INTO {table.name} ({_names(table)}) VALUES ({', '.join('?' * len(table.c))})"


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.c)


def _copy(driver: Any, table: Table, rows: Iterable[Sequence[Any]], *, new_only: bool) -> None:
    """Insert rows by PostgreSQL's COPY, by way of another table if some may be there."""
    into = f"new_{table.name}" if new_only else table.name
    flags = [isinstance(column.type, Boolean) for column in table.c]
    with driver.cursor() as cursor:
        if new_only:
            cursor.execute(f"CREATE TEMP TABLE {into} (LIKE {table.name}) ON COMMIT DROP")
        with cursor.copy(f"COPY {into} ({_names(table)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(_with_flags(row, flags))
        if new_only:
            names = _names(table)
            cursor.execute(
                f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {into} "
                "ON CONFLICT DO NOTHING"
            )
            cursor.execute(f"DROP TABLE {into}")


def _with_flags(row: Sequence[Any], flags: Sequence[bool]) -> list[Any]:
    return [
        bool(value) if flag and value is not None else value
        for value, flag in zip(row, flags, strict=True)
    ]


# --- images ------------------------------------------------------------------------------------


def blank() -> Image:
    """Return an image that has its tables, and nothing in them."""
    return copy_of(_template())


def copy_of(other: Image) -> Image:
    """Return another image with all that one holds."""
    image = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    other.backup(image)
    return image


@cache
def _template() -> Image:
    database = Database(MEMORY)
    with database.writing() as connection:
        ensure_schema(connection)
    with database.reading() as connection:
        driver: Image = driver_of(connection)
    image = copy_of(driver)
    database.close()
    return image


def of_bytes(content: bytes) -> Image:
    """Return the image that was serialised."""
    image = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    image.deserialize(content)
    return image


def opened(image: Image) -> Database:
    """Return a database in memory with all that an image holds, for an engine to move."""
    database = Database(MEMORY)
    with database.reading() as connection:
        driver = driver_of(connection)
    image.backup(driver)
    return database


# --- whole worlds ------------------------------------------------------------------------------


def take(connection: Connection, subscription: str | None = None) -> Image:
    """Return an image of a world's rows, or of those of one subscription, with its clock."""
    live, image = side_of(connection), blank()
    inside = Side(image, "sqlite")
    image.execute("BEGIN")
    inside.keep(world, live.rows(world))
    for table in tables():
        inside.keep(table, live.rows(table, subscription))
    image.execute("COMMIT")
    return image


def leave_untold(image: Image) -> None:
    """Drop from an image what it still has to tell: its past is told by the world it is of."""
    image.execute(_UNTOLD)


def put(connection: Connection, inside: Side, subscription: str | None = None) -> None:
    """Insert the rows of an image, or those of one subscription in it, but for its clock.

    What an image lived through is past: what it would have to tell of that is left out.
    """
    live = side_of(connection)
    inside.driver.execute(_UNTOLD)
    for table in tables():
        live.keep(table, inside.rows(table, subscription))


def empty(connection: Connection, subscription: str | None = None) -> None:
    """Delete all rows of a world but for its clock, or those of one subscription."""
    live = side_of(connection)
    for table in emptied():
        live.empty(table, subscription)
