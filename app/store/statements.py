"""Statements of the hot paths: written once in SQLAlchemy, compiled once a dialect.

The driver runs them on the transaction's own connection. Executing the construct instead costs
five times as much, and a decade of one VM is some fifty thousand statements.
"""

from __future__ import annotations

import json
from collections import namedtuple
from typing import Any, Protocol, cast

from sqlalchemy import JSON, Boolean, Connection, Row, Select
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler


class Cursor(Protocol):
    """What every driver's cursor has."""

    @property
    def rowcount(self) -> int:
        """How many rows a write touched."""

    def fetchone(self) -> Any:
        """Return the next row, or ``None``."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""


class Statement:
    """A constant SQL statement with named parameters, on a transaction that has begun.

    ``in_`` has no place in one: its list is only written out when it is executed.
    """

    def __init__(self, construct: Executable) -> None:
        self._construct = construct
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, **parameters: Any) -> Cursor:
        """Execute with the values of the named parameters."""
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._construct, dialect)
        driver: Any = connection.connection.driver_connection
        cursor: Cursor = driver.execute(compiled.text, compiled.bind(parameters))
        return cursor


class Query:
    """A constant SELECT whose rows are read as named tuples, as SQLAlchemy would read them."""

    def __init__(self, construct: Select[Any]) -> None:
        self._statement = Statement(construct)
        columns = list(construct.selected_columns)
        self._row = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
        self._json = [i for i, column in enumerate(columns) if isinstance(column.type, JSON)]
        self._flags = [i for i, column in enumerate(columns) if isinstance(column.type, Boolean)]

    def first(self, connection: Connection, **parameters: Any) -> Row[Any] | None:
        """Return the first row, or ``None``."""
        found = self._statement.run(connection, **parameters).fetchone()
        return None if found is None else self._read(found)

    def all(self, connection: Connection, **parameters: Any) -> list[Row[Any]]:
        """Return the rows."""
        found = self._statement.run(connection, **parameters).fetchall()
        return [self._read(each) for each in found]

    def _read(self, found: Any) -> Row[Any]:
        values = list(found)
        for index in self._json:
            if isinstance(values[index], str):  # PostgreSQL's driver has read it already
                values[index] = json.loads(values[index])
        for index in self._flags:
            if values[index] is not None:
                values[index] = bool(values[index])
        return cast("Row[Any]", self._row(*values))


class _Compiled:
    """A statement in one dialect: its text, and which value goes where."""

    def __init__(self, construct: Executable, dialect: Any) -> None:
        compiled = construct.compile(dialect=dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        self.text = str(compiled)
        self._constants = dict(compiled.params)
        order = compiled.positiontup
        self._slots = None if order is None else [(name, self._constants[name]) for name in order]

    def bind(self, parameters: dict[str, Any]) -> Any:
        """Return the values as the driver wants them: by position or by name."""
        if self._slots is None:
            return {**self._constants, **parameters}
        given = parameters.get
        return [given(name, constant) for name, constant in self._slots]
