"""How a database carries out what is really run on it: each statement's plan, as it tells it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from app.engine.worker import Engine

Explained = list[tuple[str, tuple[str, ...]]]
"""Statements, each with the lines of its plan."""

_READ_OR_WRITE = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


@contextmanager
def explaining(engine: Engine) -> Iterator[Callable[[], Explained]]:
    """Watch a world's connections; yield what returns the statements since it was last asked."""
    raws = []
    for using in (engine.database.reading, engine.database.writing):
        with using() as connection:
            raws.append(connection.connection.driver_connection)
    on_sqlite = engine.database.engine.dialect.name == "sqlite"
    yield (_on_sqlite if on_sqlite else _on_postgresql)(raws)


def _on_sqlite(raws: list[Any]) -> Callable[[], Explained]:
    seen: list[str] = []
    for raw in raws:
        raw.set_trace_callback(seen.append)

    def take() -> Explained:
        taken = [statement for statement in seen if _READ_OR_WRITE.match(statement)]
        found = [(statement, _explain(raws[-1], statement)) for statement in taken]
        seen.clear()
        return found

    return take


def _explain(raw: Any, statement: str) -> tuple[str, ...]:
    return tuple(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}"))


def _on_postgresql(raws: list[Any]) -> Callable[[], Explained]:
    """Let every statement be analysed first, and that be taken back, before it is run."""
    import psycopg

    seen: Explained = []

    class Explaining(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
            if _READ_OR_WRITE.match(query):
                seen.append((query, _analyse(self.connection, query, params)))
            return super().execute(query, params, **how)

    for raw in raws:
        raw.cursor_factory = Explaining

    def take() -> Explained:
        taken = list(seen)
        seen.clear()
        return taken

    return take


def _analyse(connection: Any, query: str, params: Any) -> tuple[str, ...]:
    import psycopg

    cursor = psycopg.Cursor(connection)
    cursor.execute("SAVEPOINT explained")
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}".encode(), params)
    lines = [row[0].strip() for row in cursor.fetchall()]
    cursor.execute("ROLLBACK TO explained; RELEASE explained")
    ways = [line for line in lines if re.search(r"\b(?:Scan|Sort)\b.*\(cost", line)]
    buffers = next((line for line in lines if line.startswith("Buffers:")), "")
    took = next(line for line in lines if line.startswith("Execution Time:"))
    shown = [
        re.sub(r"^-> *|\s+\(cost.*actual time=\S+ (rows=\d+ loops=\d+).*", r" \1", way)
        for way in ways
    ]
    return (*(way.strip() for way in shown), buffers, took)
