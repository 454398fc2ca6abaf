"""A database in trouble is told apart from a fault of ours, and told to the client."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.main import create_app
from app.server import start
from app.settings import Settings
from app.store.troubles import Trouble, trouble_of
from tests.conftest import FreshDatabase
from tests.postgresql import PostgreSQL

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/group-1"
QUERY = {"api-version": "2024-03-01"}
BODY: dict[str, Any] = {"location": "westeurope"}


def broken(code: int) -> sqlite3.Error:
    problem = sqlite3.OperationalError("as SQLite says it")
    problem.sqlite_errorcode = code
    return problem


@pytest.mark.parametrize(
    ("problem", "trouble"),
    [
        (broken(sqlite3.SQLITE_BUSY), Trouble.BUSY),
        (broken(sqlite3.SQLITE_BUSY_SNAPSHOT), Trouble.BUSY),
        (broken(sqlite3.SQLITE_FULL), Trouble.FULL),
        (broken(sqlite3.SQLITE_IOERR_READ), Trouble.GONE),
        (broken(sqlite3.SQLITE_ERROR), None),
        (broken(sqlite3.SQLITE_CONSTRAINT), None),
        (psycopg.errors.DiskFull(), Trouble.FULL),
        (psycopg.errors.AdminShutdown(), Trouble.GONE),
        (psycopg.errors.DeadlockDetected(), Trouble.BUSY),
        (psycopg.errors.TooManyConnections(), Trouble.BUSY),
        (psycopg.errors.UndefinedTable(), None),
        (psycopg.OperationalError("the connection is lost"), Trouble.GONE),
        (psycopg.InterfaceError("a cursor is closed"), None),
        (OperationalError("", {}, broken(sqlite3.SQLITE_FULL)), Trouble.FULL),
        (ProgrammingError("", {}, psycopg.errors.UndefinedTable()), None),
        (
            OperationalError("", {}, psycopg.OperationalError(), connection_invalidated=True),
            Trouble.GONE,
        ),
        (KeyError("ours"), None),
    ],
)
def test_an_error_is_the_databases_or_ours(problem: Exception, trouble: Trouble | None) -> None:
    assert trouble_of(problem) is trouble


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "world.db"


@pytest.fixture
def client(file: Path, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a server that does not wait for locks, and whose disk is small."""

    def impatient(settings: Settings) -> FastAPI:
        app = create_app(settings)
        with app.state.engine.database.writing() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 1")
            connection.exec_driver_sql("PRAGMA max_page_count = 120")
        return app

    settings = Settings(
        port=0, https_port=None, database=f"sqlite:///{file}", clock_mode="frozen", home=tmp_path
    )
    with (
        start(settings, create=impatient) as server,
        httpx.Client(base_url=server.http_url, params=QUERY) as client,
    ):
        client.put(GROUP, json=BODY).raise_for_status()
        yield client


def test_a_database_that_is_kept_busy_gives_503_and_serves_again(
    client: httpx.Client, file: Path
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = client.put(GROUP, json=BODY)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ServiceUnavailable")
        assert answer.headers["retry-after"] == "1"
        assert "kept busy" in answer.json()["error"]["message"]
        assert client.get(GROUP).status_code == 200
        assert client.post("/_emulator/reset").status_code == 503
        other.execute("ROLLBACK")
    assert client.put(GROUP, json=BODY).status_code == 200


def test_a_database_with_no_space_left_gives_507_and_still_answers(client: httpx.Client) -> None:
    seen = set()
    for number in range(200):
        body = BODY | {"tags": {f"tag-{tag}": "x" * 250 for tag in range(40)}}
        answer = client.put(f"{GROUP}-{number}", json=body)
        seen.add(answer.status_code)
        if answer.status_code != 201:
            break
    assert seen == {201, 507}
    assert answer.json()["error"]["code"] == "InsufficientStorage"
    assert client.get(f"{GROUP}-{number}").status_code == 404
    assert client.get(GROUP).status_code == 200


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_postgresql_that_lets_nobody_in_gives_503_until_it_does(
    fresh_world: FreshDatabase, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    url = fresh_world()
    name = url.partition("?")[0].rpartition("/")[2]
    settings = Settings(
        port=0, https_port=None, database=url, clock_mode="frozen", home=tmp_path, run_engine=False
    )
    with (
        start(settings) as server,
        httpx.Client(base_url=server.http_url, params=QUERY, timeout=30) as client,
    ):
        client.put(GROUP, json=BODY).raise_for_status()
        postgresql.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgresql.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        answers = [client.get(GROUP), client.put(GROUP, json=BODY), client.get(GROUP)]
        answers += [client.put(GROUP, json=BODY), client.get("/_emulator/health")]
        postgresql.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["error"]["code"] for answer in answers} == {"ServiceUnavailable"}
        assert client.get(GROUP).status_code == 200
        assert client.put(GROUP, json=BODY).status_code == 200
