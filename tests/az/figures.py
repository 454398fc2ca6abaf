"""Which ``az`` commands ran in a run of the tests, whether they did as they should, how long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, cast

import pytest

PROPERTY = "az"
MARK = "<!-- written by `pytest -m az --az-figures docs/az.md` -->"


class Ran(NamedTuple):
    """One command that ran."""

    command: str
    seconds: float
    passed: bool
    refused: bool
    """Whether the test expected a refusal."""


class AzFigures:
    """Collects what all workers ran, and writes the table at the end."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ran: list[Ran] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test noted; its last report has all of it."""
        if report.when == "teardown":
            found = (value for name, value in report.user_properties if name == PROPERTY)
            self._ran += [Ran(*cast("list[Any]", each)) for each in found]

    def pytest_sessionfinish(self) -> None:
        """Write the table, into a page behind its mark if it has one."""
        page = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        before, mark, _ = page.partition(MARK)
        self._file.write_text(f"{before}{mark}\n\n{table(self._ran)}".lstrip(), encoding="utf-8")


def table(ran: Iterable[Ran]) -> str:
    """Return the commands as a Markdown table."""
    by_command: defaultdict[str, list[Ran]] = defaultdict(list)
    for each in ran:
        by_command[each.command].append(each)
    lines = ["| command | runs | of them refused, as they should be | passed | seconds |"]
    lines.append("|---|---|---|---|---|")
    for command, runs in sorted(by_command.items()):
        refused = sum(each.refused for each in runs)
        passed = sum(each.passed for each in runs)
        verdict = "all" if passed == len(runs) else f"{passed} of {len(runs)}"
        seconds = median(each.seconds for each in runs)
        lines.append(
            f"| `az {command}` | {len(runs)} | {refused or ''} | {verdict} | {seconds:.2f} |"
        )
    return "\n".join(lines) + "\n"
