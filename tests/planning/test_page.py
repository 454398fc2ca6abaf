"""docs/planning.md shows what its example prints and draws, and names every key of a plan.

``python -m tests.planning.test_page`` writes both after a change.
"""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from app import cli
from app.planning import documents

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "planning.md"
EXAMPLE = ROOT / "docs" / "examples" / "plan.yaml"
CHART = EXAMPLE.with_suffix(".svg")
_OUTPUT = re.compile(r"(<!-- plan:output -->\n```\n)(.*?)(```\n)", re.DOTALL)


def printed(chart: Path) -> str:
    """Return what the example prints; it is drawn as well."""
    result = CliRunner().invoke(cli.rsvault, ("plan", str(EXAMPLE), "--chart", str(chart)))
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_page_shows_what_the_example_prints_and_draws(tmp_path: Path) -> None:
    shown = _OUTPUT.search(PAGE.read_text(encoding="utf-8"))
    assert shown is not None
    told = "run python -m tests.planning.test_page"
    assert shown[2] == printed(tmp_path / "plan.svg"), told
    assert (tmp_path / "plan.svg").read_bytes() == CHART.read_bytes(), told


def test_the_page_names_every_key() -> None:
    text = PAGE.read_text(encoding="utf-8")
    keys = {*documents.PLAN, *documents.POLICY, *documents.GROUP, *documents.EDIT, *documents.PEAK}
    assert {key for key in keys if f"`{key}`" not in text} == set()


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    output = printed(CHART)
    PAGE.write_text(_OUTPUT.sub(lambda found: found[1] + output + found[3], page), "utf-8")
