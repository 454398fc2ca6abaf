"""docs/faithful.md lists every code that the decisions call ours.

``python -m tests.house.test_faithful_page`` writes the list after a change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "faithful.md"
_LIST = re.compile(r"(<!-- ours -->\n)(.*?)(<!-- /ours -->\n)", re.DOTALL)
_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]*\bours\b[^|]*) \|$", re.MULTILINE)


def rows() -> Iterator[str]:
    """Tell the rows of the decisions' tables of codes whose source is ours, in their order."""
    for page in sorted((DOCS / "decisions").glob("*.md")):
        for code, status, when, source in _ROW.findall(page.read_text(encoding="utf-8")):
            decision = f"[{int(page.name[:4])}](decisions/{page.name})"
            yield f"| {code} | {status} | {when} | {source} | {decision} |"


def listed() -> str:
    """Return the list as it has to be."""
    head = ("| code | status | when | what is ours | decision |", "|---|---|---|---|---|")
    return "\n".join(
        [
            "",
            "Those that are older than such tables are in "
            "[decision 12](decisions/0012-codes-azure-does-not-tell.md).",
            "",
            *head,
            *rows(),
            "",
            "",
        ]
    )


def test_the_page_lists_every_code_that_is_ours() -> None:
    shown = _LIST.search(PAGE.read_text(encoding="utf-8"))
    assert shown is not None
    assert shown[2] == listed(), "run python -m tests.house.test_faithful_page"


def test_a_table_of_codes_says_of_each_where_it_is_from() -> None:
    told = "\n".join(rows())
    assert "ServiceUnavailable" in told
    assert "UserErrorInvalidCrrAccessToken" in told


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_LIST.sub(lambda found: found[1] + listed() + found[3], page), "utf-8")
