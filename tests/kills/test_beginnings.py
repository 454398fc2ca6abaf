"""Killed while it makes or migrates its tables, a server begins again as if for the first time."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from app.store.database import Database
from app.store.schema import upgrade
from tests.conftest import FreshDatabase
from tests.kills.dial import Slot
from tests.kills.mortals import Nursery
from tests.kills.script import Rows, reader, rows_of
from tests.store.shapes import shape

pytestmark = pytest.mark.slow

SERVE = ("serve", "--port", "0", "--https-port", "off", "--log-level", "error")
ROWS = (Path(__file__).parents[1] / "wire/worlds/schema_0001.sql").read_text(encoding="utf-8")

Point = tuple[Slot, int]


def new(url: str) -> tuple[str, ...]:
    """Begin with an empty database; return how a server is started on it."""
    options = ("--clock", "frozen", "--start-time", "2026-01-01T00:00:00Z", "--database", url)
    return (*SERVE, *options)


def old(url: str) -> tuple[str, ...]:
    """Begin with a world of schema 0001; return how a server is started on it."""
    database = Database(url)
    with database.writing() as connection:
        upgrade(connection, "0001")
        for statement in ROWS.strip().split(";\n"):
            connection.exec_driver_sql(statement)
    database.close()
    return (*SERVE, "--database", url)


def schema(url: str) -> str:
    """Return the version of the schema, if there is one, and everything in it, as a text."""
    with reader(url).connect() as connection:
        found = {name: each for name, each in shape(connection).items() if each}
        version = connection.execute(text("SELECT * FROM alembic_version")) if found else None
        return json.dumps([version and version.scalar(), found], sort_keys=True, default=str)


def begin_killed(
    nursery: Nursery, url: str, begin: Callable[[str], tuple[str, ...]], fuses: list[Point]
) -> tuple[int, set[str], Rows]:
    """Start one server after another that is killed as it begins, then one that lives.

    Return how many were killed, the schemas that they left, and the rows in the end.
    """
    argv = begin(url)
    survived = 0
    left = [schema(url)]
    for fuse in fuses:
        with nursery.start(*argv, fuse=fuse) as server:
            survived += server.url() is None
            assert server.end() == -9, server.log.read_text()
        left.append(schema(url))
    with nursery.start(*argv) as server:
        assert server.url(), server.log.read_text()
        left.append(schema(url))
        return survived, set(left), rows_of(url)


def check_beginning(
    nursery: Nursery, shelf: FreshDatabase, begin: Callable[[str], tuple[str, ...]], kills: int
) -> None:
    url = shelf()
    with nursery.start(*begin(url)) as server:
        assert server.url(), server.log.read_text()
        statements = server.dial[Slot.STATEMENTS]
    _, schemas, rows = begin_killed(nursery, shelf(), begin, [])
    assert len(schemas) == 2, "one before, one after"
    points = sorted({statements * number // kills + 1 for number in range(kills)})
    before: list[Point] = [(Slot.BEFORE_STATEMENT, point) for point in points]
    survived = 0
    for fuses in (before, [(Slot.BEFORE_COMMIT, 1)], [(Slot.AFTER_COMMIT, 1)]):
        killed, *left = begin_killed(nursery, shelf(), begin, fuses)
        assert left == [schemas, rows]
        survived += killed
    sys.stdout.write(f"kills survived: {survived}, in {statements} statements\n")
    assert survived > len(points) / 2


@pytest.mark.parametrize("begin", [new, old])
def test_a_world_whose_first_server_was_killed_is_begun_by_the_next(
    nursery: Nursery, shelf: FreshDatabase, begin: Callable[[str], tuple[str, ...]]
) -> None:
    check_beginning(nursery, shelf, begin, 4)


@pytest.mark.deep
@pytest.mark.parametrize("begin", [new, old])
def test_a_world_whose_first_servers_were_killed_at_every_statement_is_begun_by_the_next(
    nursery: Nursery, shelf: FreshDatabase, begin: Callable[[str], tuple[str, ...]]
) -> None:
    check_beginning(nursery, shelf, begin, 10_000)
