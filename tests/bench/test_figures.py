"""That every figure can be taken, and that no list reads a table that grows from end to end."""

from __future__ import annotations

import pytest

from tests.bench.__main__ import FIGURES
from tests.bench.figures import Options
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
