"""Logs of databases: what is backed up of them, and to which instants they can be restored."""

from __future__ import annotations

import httpx

from tests.wire.builders import (
    advance,
    code_of,
    done,
    finish,
)
from tests.wire.databases import (
    SQL_VM,
)
from tests.wire.protected_databases import (
    RANGE,
    SALES,
    ask_backup,
    back_up_database,
    database_body,
    kinds,
    log_ranges,
    points,
    protect_database,
    put_database_policy,
    restore_body,
    sql_world,
    target,
)


def test_the_log_goes_on_where_it_stood(arm: httpx.Client) -> None:
    """Its range ends while the VM does not run or protection is stopped, and goes on after."""
    sql_world(arm, days=30, log=7, every=60)
    advance(arm, to="2026-01-02T00:30:00Z")
    [(started, ended)] = log_ranges(arm)
    assert ended == "2026-01-02T00:00:00Z"
    arm.post(f"{SQL_VM}/deallocate")
    advance(arm, to="2026-01-02T05:30:00Z")
    assert log_ranges(arm) == [(started, "2026-01-02T00:00:00Z")]
    done(arm.post(f"{SQL_VM}/start"))
    assert log_ranges(arm) == [(started, "2026-01-02T00:00:00Z")]
    advance(arm, to="2026-01-02T06:10:00Z")
    assert log_ranges(arm) == [(started, "2026-01-02T06:00:00Z")]
    back_up_database(arm, "Log")
    [(_, ended)] = log_ranges(arm)
    assert "2026-01-02T06:10:00Z" < ended < "2026-01-02T06:12:00Z"
    # After its seven days the range moves along.
    advance(arm, to="2026-01-20T00:30:00Z")
    assert log_ranges(arm) == [("2026-01-13T00:30:00Z", "2026-01-20T00:00:00Z")]
    span = "startDate eq '2026-01-15 06:00:00 AM' and endDate eq '2026-01-16 06:00:00 AM'"
    assert log_ranges(arm, **{"$filter": span}) == [
        ("2026-01-15T06:00:00Z", "2026-01-16T06:00:00Z")
    ]
    stop = database_body(protectionState="ProtectionStopped", policyId="")
    finish(arm, arm.put(SALES, json=stop))
    frozen = log_ranges(arm)
    advance(arm, by="P30D")
    assert log_ranges(arm) == frozen, "what was kept when protection stopped stays"
    protect_database(arm)
    assert log_ranges(arm) == [], "resumed, all of it is older than seven days"
    advance(arm, to="2026-02-20T00:30:00Z")
    assert log_ranges(arm) == [("2026-02-13T00:30:00Z", "2026-02-20T00:00:00Z")]


def test_a_log_that_a_policy_begins_to_back_up_begins_with_the_newest_full_backup(
    arm: httpx.Client,
) -> None:
    """Whether the policy is changed or another one is chosen; a base that is too old is none."""
    sql_world(arm, days=30, log=0)
    put_database_policy(arm, "logs", days=30, log=7, every=60)
    advance(arm, to="2026-01-03T12:00:00Z")
    (newest, *_) = (at for _, at in kinds(arm))
    put_database_policy(arm, days=30, log=7, every=60)
    assert log_ranges(arm) == [], "the log was not backed up yet"
    advance(arm, by="PT90M")
    assert log_ranges(arm) == [(newest, "2026-01-03T13:00:00Z")]
    put_database_policy(arm, days=30, log=0)
    advance(arm, by="P1D")
    protect_database(arm, policy="logs")
    advance(arm, by="PT1H")
    assert log_ranges(arm) == [(newest, "2026-01-04T14:00:00Z")], "a chain goes on after a pause"

    other = SALES.replace(";sales", ";hr")
    put_database_policy(arm, "plain", days=30, log=0)
    protect_database(arm, other, "plain")
    back_up_database(arm, path=other)
    [(_, newest)] = kinds(arm, other)
    protect_database(arm, other, "logs")
    back_up_database(arm, "Log", other)
    [(started, _)] = log_ranges(arm, other)
    assert started == newest

    protect_database(arm, other, "plain")
    stop = database_body(protectionState="ProtectionStopped", policyId="")
    advance(arm, by="P9D")
    finish(arm, arm.put(other, json=stop))
    advance(arm, by="P16D")
    protect_database(arm, other, "logs")
    advance(arm, to="2026-01-30T01:00:00Z")
    assert log_ranges(arm, other) == []
    advance(arm, to="2026-01-30T04:00:00Z")
    [(started, _)] = log_ranges(arm, other)
    assert started[:13] == "2026-01-30T02"


def test_a_log_is_restored_from_a_full_backup_that_is_there(arm: httpx.Client) -> None:
    """After a pause that outlasted the full backup before it, the log begins with the next."""
    sql_world(arm, weeks=1, log=7, every=60)
    advance(arm, to="2026-01-06T12:30:00Z")
    [(before, _)] = log_ranges(arm)
    done(arm.post(f"{SQL_VM}/deallocate"))
    advance(arm, by="P30D")
    done(arm.post(f"{SQL_VM}/start"))
    back_up_database(arm)
    advance(arm, by="PT2H")
    [(_, newest)] = kinds(arm)
    assert newest > before, "the one before the pause is over"
    assert log_ranges(arm) == [(newest, "2026-02-05T14:00:00Z")]
    kind = "AzureWorkloadSQLPointInTimeRestoreRequest"
    body = restore_body(kind, targetInfo=target(), pointInTime="2026-02-05T12:00:00Z")
    answer = arm.post(f"{SALES}/recoveryPoints/{RANGE}/restore", json=body)
    assert code_of(answer) == "UserErrorPointInTimeNotInRange"


def test_ten_years_of_logs_cost_nothing(arm: httpx.Client) -> None:
    sql_world(arm, weeks=4, log=35, every=15)
    advance(arm, to="2036-01-01T00:00:00Z")
    assert log_ranges(arm) == [("2035-11-27T00:00:00Z", "2036-01-01T00:00:00Z")]
    # Full ones are kept for four weeks, and longer where the log needs them: 35 days, and a week.
    assert len(points(arm)) == 6


def test_a_backup_of_the_log_that_runs_at_a_stop_still_ends(arm: httpx.Client) -> None:
    sql_world(arm, days=30, log=7, every=60)
    advance(arm, to="2026-01-02T00:30:00Z")
    [(started, before)] = log_ranges(arm)
    ask_backup(arm, "Log")
    finish(
        arm, arm.put(SALES, json=database_body(protectionState="ProtectionStopped", policyId=""))
    )
    advance(arm, by="PT30M")
    [(since, ended)] = log_ranges(arm)
    assert since == started
    assert before < "2026-01-02T00:30:00Z" < ended < "2026-01-02T00:40:00Z"
    advance(arm, by="P1D")
    assert log_ranges(arm) == [(since, ended)]
