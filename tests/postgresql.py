"""A PostgreSQL for the tests: the one that ``RSVAULT_TEST_POSTGRESQL`` names, or one of our own.

Our own comes from the package ``pgserver``, listens on a socket in a temporary folder, and does
without the disk's word that anything was written: it only has to outlive the processes under test.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

GIVEN = "RSVAULT_TEST_POSTGRESQL"
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgreSQL:
    """A server that makes empty databases; ``url`` is that of the one to connect to first."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._numbers = itertools.count(1)
        self._made: list[str] = []
        self._connection = psycopg.connect(self._url, autocommit=True)

    def fresh(self) -> str:
        """Make an empty database and return its URL."""
        name = f"rsvault_{os.getpid()}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        self._made.append(name)
        return self._of(name)

    def _of(self, database: str) -> str:
        before, query, after = self._url.partition("?")
        return f"{before.rpartition('/')[0]}/{database}{query}{after}"

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement beside the databases that were made, and return its rows."""
        cursor = self._connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Drop what was made."""
        for name in self._made:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._connection.close()


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """Yield a server; without one the tests that need it fail and say what to do."""
    given = os.environ.get(GIVEN)
    if given:
        server = PostgreSQL(given)
        yield server
        server.close()
        return
    with _our_own() as url:
        server = PostgreSQL(url)
        yield server
        server.close()


@contextmanager
def _our_own() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="rsvault-postgresql-"))
    # Run as root the server becomes another user, who has to reach its folder.
    folder.chmod(0o755)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        try:
            from pgserver.postgres_server import get_server
        except ImportError:
            pytest.fail(
                f"there is no PostgreSQL to test with: set {GIVEN} to the URL of one, install "
                "pgserver (for Python up to 3.12), or leave it out with --no-postgresql",
                pytrace=False,
            )
        server = get_server(folder / "data", cleanup_mode="stop")
    for name, value in _SETTINGS.items():
        server.psql(f"ALTER SYSTEM SET {name} = '{value}'")
    server.psql("SELECT pg_reload_conf()")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
