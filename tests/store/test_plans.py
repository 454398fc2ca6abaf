"""How lists are read: each filter by an index that has the order of the list, never by a scan."""

from __future__ import annotations

import pytest

from tests.bench.plans import Plan, collect


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    return collect()


def test_no_list_reads_a_table_that_grows_from_end_to_end(plans: list[Plan]) -> None:
    assert {f"{plan.doing}: {plan.statement}": plan.scans for plan in plans if plan.scans} == {}


@pytest.mark.parametrize(
    ("doing", "index"),
    [
        ("list jobs", "ix_jobs_vault_key_started_at_ordinal_job_id"),
        ("next page of jobs", "ix_jobs_vault_key_started_at_ordinal_job_id"),
        ("list completed backups", "ix_jobs_vault_key_started_at_ordinal_job_id"),
        ("list running jobs", "ix_jobs_not_completed"),
        ("list failed jobs", "ix_jobs_not_completed"),
        ("list restores", "ix_jobs_no_backups"),
    ],
)
def test_a_filtered_list_of_jobs_has_an_index_in_its_order(
    plans: list[Plan], doing: str, index: str
) -> None:
    [lines] = {
        p.lines for p in plans if p.doing == doing and "ORDER BY jobs.started" in p.statement
    }
    assert f"INDEX {index} (" in lines[0]
    assert len(lines) == 1, "the rows are sorted once more"


def test_the_next_page_of_jobs_begins_where_the_last_one_ended(plans: list[Plan]) -> None:
    [plan] = {p.lines for p in plans if p.doing == "next page of jobs" and "ORDER" in p.statement}
    assert "(vault_key=? AND (started_at" in plan[0] or "started_at<" in plan[0]
