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


@pytest.mark.parametrize(
    ("doing", "table", "plan"),
    [
        (
            "list what could be protected",
            "resources",
            "ix_resources_type_folded_folded (type_folded=? AND folded>",
        ),
        ("list protected items", "items", "uq_items_vault_key_folded_name (vault_key=?)"),
        ("list protected items", "jobs", "ix_jobs_restores (item_key=?)"),
    ],
)
def test_a_list_is_read_in_its_order_and_what_it_adds_by_item(
    plans: list[Plan], doing: str, table: str, plan: str
) -> None:
    [lines] = {
        p.lines
        for p in plans
        if p.doing == doing and any(plan in line and f" {table} " in line for line in p.lines)
    }
    assert table == "jobs" or not [line for line in lines if "B-TREE FOR ORDER BY" in line]


@pytest.mark.parametrize(
    ("doing", "plan"),
    [
        ("back up on demand", "INDEX ix_jobs_triggered (item_key=? AND started_at>?)"),
        (
            "protect what is protected",
            "INDEX ix_operations_scope_started_at (scope=? AND started_at>?)",
        ),
        ("edit a policy with items", "autoindex_policy_changes_1 (vault_key=? AND changed_at>?)"),
    ],
)
def test_what_a_day_has_seen_is_counted_from_that_day_on(
    plans: list[Plan], doing: str, plan: str
) -> None:
    [lines] = {p.lines for p in plans if p.doing == doing and any(plan in x for x in p.lines)}
    assert len(lines) == 1, "the rows are sorted once more"
