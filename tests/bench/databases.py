"""Where worlds are measured: in memory, in a file, and on PostgreSQL."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

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
        yield Place(kind, _server().fresh(), _server().fresh())


@cache
def _server() -> PostgreSQL:
    """Start a server for as long as this process lives: that takes longer than most figures."""
    server = PostgreSQL()
    server.execute("SELECT 1")  # starts it, so that it is still there when this process ends
    atexit.register(server.close)
    return server


KINDS = ("memory", "file", "postgresql")
RAW = {"memory": "raw sqlite3", "file": "raw sqlite3", "postgresql": "raw psycopg"}
