"""That every figure can be taken, and that no list reads a table that grows from end to end."""

from __future__ import annotations

from statistics import median

import pytest

from tests.bench import peers
from tests.bench.__main__ import FIGURES
from tests.bench.figures import Options, ratios
from tests.bench.plans import collect

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("figure", [name for name in FIGURES if name != "plans"])
def test_a_figure_can_be_taken(figure: str) -> None:
    table = FIGURES[figure](Options(rounds=1, small=True))
    assert table.rows
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_no_table_that_grows_is_read_from_end_to_end() -> None:
    scans = {f"{plan.doing}: {plan.statement}": plan.scans for plan in collect() if plan.scans}
    assert scans == {}


def test_rsvault_holds_its_own_beside_its_peers() -> None:
    """By what a busy machine changes little: processor time, round by round, and memory.

    The limits are a fifth above what docs/figures.md has.
    """
    found = peers.measure(Options(rounds=3, small=True))
    starts = ratios(found[peers.COLD_CPU]["rsvault"], found[peers.COLD_CPU]["moto"])
    assert median(starts) <= 1.55
    assert max(found[peers.REST]["rsvault"]) <= 110
    assert median(ratios(found[peers.REST]["rsvault"], found[peers.REST]["moto"])) <= 1.1
