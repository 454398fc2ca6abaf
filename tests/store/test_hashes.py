"""The two hashes are the same ones in SQL and in Python: rows are named by either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Connection, String, cast, func, literal, select
from sqlalchemy.exc import OperationalError

from app.domain import ids
from app.store.database import Database
from app.store.schema import ensure_schema
from tests.conftest import FreshDatabase


@pytest.fixture(scope="module")
def connection(fresh_world: FreshDatabase) -> Iterator[Connection]:
    database = Database(fresh_world())
    with database.writing() as creating:
        ensure_schema(creating)
    with database.reading() as opened:
        yield opened
    database.close()


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_sql_and_python_hash_every_text_alike(connection: Connection, text: str) -> None:
    value = literal(text, String)
    row = connection.execute(select(func.md5(value), func.rsv_hash(value))).one()
    assert tuple(row) == (ids.md5_hex(text), ids.hash_60(text))


@settings(deadline=None)
@given(st.integers(0, (1 << 63) - 1), st.integers(0, (1 << 60) - 1), st.integers(0, 1 << 58))
def test_sql_and_python_put_the_natural_key_together_alike(
    connection: Connection, seed: int, item: int, at: int
) -> None:
    natural = (
        literal(ids.natural(seed, "job", ""), String)
        + cast(literal(item, BigInteger), String)
        + literal("/", String)
        + cast(literal(at, BigInteger), String)
        + literal("/scheduled", String)
    )
    found = connection.execute(select(func.rsv_hash(natural, type_=BigInteger))).scalar_one()
    assert found == ids.key(seed, "job", item, at, "scheduled")


def test_a_hash_of_nothing_is_never_a_name(connection: Connection) -> None:
    """PostgreSQL answers null; SQLite's function is Python's and takes texts alone."""
    found = None
    with suppress(OperationalError):
        found = connection.exec_driver_sql("SELECT rsv_hash(NULL)").scalar()
    assert found is None
