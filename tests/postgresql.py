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
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

import psycopg
import pytest

GIVEN = "RSVAULT_TEST_POSTGRESQL"
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgreSQL:
    """A server that makes empty databases; it is started when the first one is wanted."""

    def __init__(self) -> None:
        self._house = ExitStack()
        self._numbers = itertools.count(1)

    def fresh(self) -> str:
        """Make an empty database and return its URL."""
        name = f"rsvault_{os.getpid()}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        self._house.callback(self.execute, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        before, query, after = self._url.partition("?")
        return f"{before.rpartition('/')[0]}/{name}{query}{after}"

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement beside the databases that were made, and return its rows."""
        cursor = self._connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    @cached_property
    def _url(self) -> str:
        given = os.environ.get(GIVEN) or self._house.enter_context(_our_own())
        return given.replace("postgresql+psycopg://", "postgresql://", 1)

    @cached_property
    def _connection(self) -> psycopg.Connection:
        return self._house.enter_context(psycopg.connect(self._url, autocommit=True))

    def close(self) -> None:
        """Drop what was made, and stop what was started."""
        self._house.close()


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
