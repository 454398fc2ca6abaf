"""The engine keeps what the oracle keeps, over histories that chance has drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.store.database import Database
from app.store.schema import ensure_schema
from tests.conftest import FreshDatabase
from tests.oracle.drawn import ONE_HOUR, any_policies, histories, waits_of
from tests.oracle.histories import History, check_agreement
from tests.oracle.oracle import ONE_DAY

policies = any_policies
days = histories(policies, waits_of(1, 3, 12), ONE_HOUR, most=10)
"""Much happens in little time."""
seasons = histories(policies, waits_of(3, 30, 200), ONE_DAY, most=8)
decades = histories(policies, waits_of(60, 1000, 3650), ONE_DAY, most=12)


@pytest.fixture(scope="module")
def database(fresh_world: FreshDatabase) -> Iterator[Database]:
    """A database with nothing in it but its schema."""
    with closing(Database(fresh_world())) as opened:
        with opened.writing() as connection:
            ensure_schema(connection)
        yield opened


Compare = Callable[[st.SearchStrategy[History], int, bool], int]


@pytest.fixture
def compare(database: Database) -> Compare:
    """Compare over so many drawn histories, always the same or new ones; count the points."""

    def over(drawn: st.SearchStrategy[History], examples: int, always_the_same: bool) -> int:
        points: list[int] = []

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=always_the_same,
            database=None,
            # Shrinking takes minutes: that is for the deep tests.
            phases=[Phase.generate] if always_the_same else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(history=drawn)
        def check(history: History) -> None:
            points.append(check_agreement(database, history))

        check()
        return sum(points)

    return over


FEW = {"sqlite": 1, "postgresql": 5}
"""How many times fewer histories there is time for: PostgreSQL takes longer for each."""


def test_what_is_kept_agrees_while_much_happens(compare: Compare, dialect: str) -> None:
    assert compare(days, 50 // FEW[dialect], True) > 100


@pytest.mark.slow
def test_what_is_kept_agrees_over_years(compare: Compare, dialect: str) -> None:
    assert compare(seasons, 20 // FEW[dialect], True) > 100


@pytest.mark.deep
def test_what_is_kept_agrees_in_new_histories(compare: Compare, dialect: str) -> None:
    assert compare(days | seasons, 1000 // FEW[dialect], False) > 10_000


@pytest.mark.deep
def test_what_is_kept_agrees_over_decades(compare: Compare, dialect: str) -> None:
    assert compare(decades, 60 // FEW[dialect], False) > 1000
