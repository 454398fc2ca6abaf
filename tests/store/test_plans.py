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
        ("list jobs of shares", "ix_jobs_not_of_vms"),
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


def test_alerts_are_read_by_their_subscription_and_time(plans: list[Plan]) -> None:
    [lines] = {p.lines for p in plans if p.doing == "list alerts" and "FROM alerts" in p.statement}
    assert "ix_alerts_subscription_fired_at_alert_id (subscription=? AND fired_at>?)" in lines[0]


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


POINT = "recovery_points USING PRIMARY KEY (item_key=?"


@pytest.mark.parametrize(
    ("doing", "words", "plan"),
    [
        ("GET recovery point", "FROM recovery_points", f"{POINT} AND taken_at=?)"),
        ("a page of recovery points far in", "FROM recovery_points", f"{POINT} AND taken_at<?)"),
        (
            "list recovery points between dates",
            "FROM recovery_points",
            f"{POINT} AND taken_at>? AND taken_at<?)",
        ),
        ("usages of a vault", "FROM jobs", "ix_jobs_not_completed (vault_key=?)"),
        ("stop protection", "UPDATE recovery_points", f"{POINT})"),
        ("resume protection", "UPDATE recovery_points", f"{POINT})"),
    ],
)
def test_points_are_found_by_their_item_and_instant(
    plans: list[Plan], doing: str, words: str, plan: str
) -> None:
    found = [p.lines for p in plans if p.doing == doing and words in p.statement]
    assert found
    assert all(plan in lines[0] for lines in found)
    assert not [line for lines in found for line in lines if "ORDER BY" in line]


DUE_WORK = {
    "SELECT (SELECT min(items.next_backup_at": (
        "ix_items_next_backup_at (next_backup_at>?)",
        "ix_jobs_due_at (due_at>?)",
        "ix_items_purge_at (purge_at>?)",
        "ix_recovery_points_sweep_at (sweep_at>?)",
        "ix_items_crowded_at (crowded_at>?)",
        "ix_items_unplaced_at (unplaced_at>?)",
    ),
    "SELECT (SELECT min(alerts.open_item": (
        "ix_alerts_open_item (open_item>?)",
        "ix_items_purge_notice_at (purge_notice_at>?)",
    ),
    "SELECT items.policy_key, items.slot_at": ("ix_items_next_backup_at (next_backup_at<?)",),
    "INSERT INTO jobs": ("ix_items_policy_key (policy_key=?)",),
    "UPDATE items SET slot_at": ("ix_items_policy_key (policy_key=?)",),
    "SELECT jobs.phase FROM jobs": ("ix_jobs_due_at (due_at<?)",),
    "INSERT INTO recovery_points": ("ix_jobs_due_at (due_at<?)",),
    "UPDATE jobs SET phase=CASE": ("ix_jobs_due_at (due_at<?)",),
    "UPDATE items SET state": ("ix_jobs_due_at (due_at<?)",),
    "UPDATE recovery_points SET vaulted_at": ("ix_jobs_due_at (due_at<?)", f"{POINT} AND taken"),
    "UPDATE jobs SET phase=?": ("ix_jobs_due_at (due_at<?)",),
    "DELETE FROM recovery_points": ("ix_recovery_points_sweep_at (sweep_at<?)",),
    "UPDATE recovery_points SET snapshot_valid": ("ix_recovery_points_sweep_at (sweep_at<?)",),
}


@pytest.mark.parametrize("words", DUE_WORK)
def test_due_work_is_found_by_an_index_of_what_is_due(plans: list[Plan], words: str) -> None:
    found = [
        p.lines
        for p in plans
        if p.doing == "three days of due work" and p.statement.startswith(words)
    ]
    assert found
    for lines in found:
        assert [way for way in DUE_WORK[words] if not any(way in line for line in lines)] == []


def test_points_are_counted_only_of_items_that_may_have_too_many() -> None:
    [lines] = {
        p.lines
        for p in collect(enlarged=4)
        if p.doing == "three days of due work" and "items.crowded_at >= " in p.statement
    }
    assert "SEARCH items USING INDEX ix_items_crowded_at (crowded_at>?)" in lines
    assert f"SEARCH {POINT})" in lines
