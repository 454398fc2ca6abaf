"""docs/planning.md shows what its example prints, and names every key of a plan.

``python -m tests.planning.test_page`` writes the output into the page after a change.
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
_OUTPUT = re.compile(r"(<!-- plan:output -->\n```\n)(.*?)(```\n)", re.DOTALL)


def printed() -> str:
    result = CliRunner().invoke(cli.rsvault, ("plan", str(EXAMPLE)))
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_page_shows_what_the_example_prints() -> None:
    shown = _OUTPUT.search(PAGE.read_text(encoding="utf-8"))
    assert shown is not None
    assert shown[2] == printed(), "run python -m tests.planning.test_page"


def test_the_page_names_every_key() -> None:
    text = PAGE.read_text(encoding="utf-8")
    keys = {*documents.PLAN, *documents.POLICY, *documents.GROUP, *documents.EDIT, *documents.PEAK}
    assert {key for key in keys if f"`{key}`" not in text} == set()


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_OUTPUT.sub(lambda found: found[1] + printed() + found[3], page), "utf-8")
