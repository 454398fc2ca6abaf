"""Statements of the engine's hot path: written once in SQLAlchemy, compiled once a dialect.

Running a compiled statement by the driver costs a fifth of executing the construct, and a
decade of one VM is some fifty thousand of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler


class Statement:
    """A constant SQL statement with named parameters.

    ``in_`` has no place in one: its list is only written out when it is executed.
    """

    def __init__(self, construct: Executable) -> None:
        self._construct = construct
        self._compiled: dict[str, tuple[str, Mapping[str, Any], list[str] | None]] = {}

    def run(self, connection: Connection, **parameters: Any) -> CursorResult[Any]:
        """Execute with the values of the named parameters."""
        text, defaults, order = self._for(connection)
        values = {**defaults, **parameters}
        if order is None:
            return connection.exec_driver_sql(text, values)
        return connection.exec_driver_sql(text, tuple(values[name] for name in order))

    def _for(self, connection: Connection) -> tuple[str, Mapping[str, Any], list[str] | None]:
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._construct.compile(dialect=dialect)  # type: ignore[attr-defined]
            assert isinstance(compiled, SQLCompiler)
            order = list(compiled.positiontup) if compiled.positiontup is not None else None
            found = (str(compiled), compiled.params, order)
            self._compiled[dialect.name] = found
        return found
