"""Where worlds are measured: in memory, in a file, and on PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from tests.postgresql import PostgreSQL


@dataclass(frozen=True)
class Place:
    """A kind of database, and two empty ones of it: ours, and one for what stands beside us."""

    kind: str
    database: str
    plain: str


@contextmanager
def place(kind: str) -> Iterator[Place]:
    """Make two empty databases of a kind: ``memory``, ``file`` or ``postgresql``."""
    if kind == "memory":
        yield Place(kind, "memory", ":memory:")
    elif kind == "file":
        with tempfile.TemporaryDirectory() as folder:
            yield Place(kind, f"sqlite:///{folder}/world.db", f"{folder}/raw.db")
    else:
        with closing(PostgreSQL()) as server:
            yield Place(kind, server.fresh(), server.fresh())


KINDS = ("memory", "file", "postgresql")
RAW = {"memory": "raw sqlite3", "file": "raw sqlite3", "postgresql": "raw psycopg"}
