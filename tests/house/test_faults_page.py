"""docs/faults.md holds the table of faults, written by this file, between two marks.

``python -m tests.house.test_faults_page`` writes it anew after a change.
"""

from __future__ import annotations

import re
from pathlib import Path

from app.domain.faults import FAULTS, WHERE, Fault, Point
from app.domain.instants import iso_duration

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN = "<!-- the table: python -m tests.house.test_faults_page -->"
END = "<!-- the table ends -->"


def table() -> str:
    """Return the table as it has to be."""
    lines = ["### Jobs", "", "| point | strikes |", "|---|---|"]
    lines += [f"| {point} | {WHERE[point]} |" for point in Point.OF_JOBS]
    lines += ["", "| fault | point | Azure's code | what it does | recommendations |"]
    lines += ["|---|---|---|---|---|"]
    lines += [_job(each) for each in FAULTS.values() if each.is_of_jobs]
    lines += ["", "### Requests, lists and regions", ""]
    lines += ["| fault | strikes | code | what it does | duration |", "|---|---|---|---|---|"]
    lines += [_other(each) for each in FAULTS.values() if not each.is_of_jobs]
    return "\n".join(lines)


def _job(fault: Fault) -> str:
    assert fault.error is not None
    advice = " ".join(fault.error.recommendations)
    points = ", ".join(fault.points)
    told = f"{fault.effect}: *{fault.error.message}*"
    return f"| `{fault.name}` | {points} | {fault.code} | {told} | {advice} |"


def _other(fault: Fault) -> str:
    duration = ""
    if fault.takes is not None:
        default = "while it is armed" if fault.duration is None else iso_duration(fault.duration)
        duration = f"{fault.takes}; {default}"
    strikes = WHERE[fault.points[0]]
    return f"| `{fault.name}` | {strikes} | {fault.code or ''} | {fault.effect} | {duration} |"


def with_table(page: str) -> str:
    """Return the page with the table that it has to have."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


def test_the_page_has_every_fault() -> None:
    page = PAGE.read_text()
    assert page == with_table(page), "run python -m tests.house.test_faults_page"


def test_every_fault_says_what_it_is_in_words_of_its_own() -> None:
    for fault in FAULTS.values():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", fault.name)
        assert fault.effect
        assert (fault.error is not None) == fault.is_of_jobs
        if fault.error is not None:
            assert fault.error.recommendations
    codes = [fault.code for fault in FAULTS.values() if fault.is_of_jobs]
    assert len(codes) == len(set(codes)), "two faults show the same error"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
