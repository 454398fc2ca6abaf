"""The schema of a database as the database itself tells it, however it came about.

Two schemas are equal if their shapes are: a column added later has another SQL text behind it
than one created with its table, and is the same column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import TypeEngine

Shape = dict[str, dict[str, Any]]
"""Each table's columns in their order, its keys, constraints, indexes and options; functions."""

_FUNCTIONS = """
SELECT proname, pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace ORDER BY proname
"""


def shape(connection: Connection) -> Shape:
    """Return everything the database knows of its schema, Alembic's own table left out."""
    found = inspect(connection)
    whole: Shape = {}
    readers: dict[str, Callable[[str], Any]] = {
        "columns": found.get_columns,
        "primary key": found.get_pk_constraint,
        "foreign keys": found.get_foreign_keys,
        "uniques": found.get_unique_constraints,
        "checks": found.get_check_constraints,
        "indexes": found.get_indexes,
        "options": found.get_table_options,
    }
    for table in found.get_table_names():
        if table != "alembic_version":
            whole[table] = {
                name: _plain(read(table), connection.dialect) for name, read in readers.items()
            }
            for name in ("foreign keys", "uniques", "checks", "indexes"):
                whole[table][name].sort(key=lambda each: str(each["name"]))
    return whole | {"functions()": _functions(connection)}


def _functions(connection: Connection) -> dict[str, Any]:
    if connection.dialect.name != "postgresql":
        return {}  # SQLite gets its functions with each connection
    return {row.proname: row[1] for row in connection.exec_driver_sql(_FUNCTIONS)}


def _plain(value: Any, dialect: Dialect) -> Any:
    """Return what reflection found in values that compare."""
    if isinstance(value, TypeEngine):
        return value.compile(dialect)
    if isinstance(value, TextClause):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each, dialect) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, dialect) for each in value]
    return value
