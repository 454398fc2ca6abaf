"""The engine keeps what the oracle keeps, over histories that chance has drawn."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import reduce
from operator import add

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.store.database import Database
from tests.oracle.drawn import histories, waits_of
from tests.oracle.histories import History, Tally, check_agreement
from tests.oracle.policy import ONE_DAY

days = histories(waits_of(1, 3, 12), most=10)
"""Much happens in little time."""
seasons = histories(waits_of(3, 30, 200), most=8, sweeps=(6, 12, 24))
decades = histories(waits_of(60, 1000, 3650), most=12, sweeps=(24,), longest=30 * 365 * ONE_DAY)

Compare = Callable[[st.SearchStrategy[History], int, bool], Tally]


@pytest.fixture
def compare(database: Database) -> Compare:
    """Compare over so many drawn histories, always the same or new ones; ``-rP`` tells how much."""

    def over(drawn: st.SearchStrategy[History], examples: int, always_the_same: bool) -> Tally:
        found: list[Tally] = []

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
            found.append(check_agreement(database, history))

        check()
        tally = reduce(add, found)
        sys.stdout.write(f"{tally}\n")
        return tally

    return over


FEW = {"sqlite": 1, "postgresql": 8}
"""How many times fewer histories there is time for: PostgreSQL takes longer for each."""


def test_what_is_kept_agrees_while_much_happens(compare: Compare, dialect: str) -> None:
    assert compare(days, 40 // FEW[dialect], True).points > 100


@pytest.mark.slow
def test_what_is_kept_agrees_over_years(compare: Compare, dialect: str) -> None:
    assert compare(seasons, 24 // FEW[dialect], True).points > 100


@pytest.mark.deep
def test_what_is_kept_agrees_in_new_histories(compare: Compare, dialect: str) -> None:
    assert compare(days | seasons, 1000 // FEW[dialect], False).points > 10_000


@pytest.mark.deep
def test_what_is_kept_agrees_over_decades(compare: Compare, dialect: str) -> None:
    assert compare(decades, 60 // FEW[dialect], False).points > 1000
