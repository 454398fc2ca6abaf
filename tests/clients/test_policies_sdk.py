"""Microsoft's SDK of Azure Backup: policies written with its models, and points that age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient, models

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import (
    HOURLY_ID,
    ITEM_ID,
    STOP,
    advance,
    finish,
    protect,
    put_group,
    put_vault,
    put_vm,
)

WHERE = ("vault-1", "group-1")
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
CONTAINER, ITEM = ITEM_ID.split("/")[-3], ITEM_ID.split("/")[-1]


@pytest.fixture
def backup(arm: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of a vault."""
    put_group(arm)
    put_vault(arm)
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def hourly(time_zone: str) -> models.ProtectionPolicyResource:
    """Every four hours from 8 to 20 o'clock, kept for 30 days, on the first for a year."""
    duration = models.RetentionDuration(count=30, duration_type="Days")
    first = models.Day(date=1, is_last=False)
    policy = models.AzureIaaSVMProtectionPolicy(
        policy_type="V2",
        time_zone=time_zone,
        instant_rp_retention_range_in_days=2,
        schedule_policy=models.SimpleSchedulePolicyV2(
            schedule_run_frequency="Hourly",
            hourly_schedule=models.HourlySchedule(
                interval=4, schedule_window_start_time=START, schedule_window_duration=12
            ),
        ),
        retention_policy=models.LongTermRetentionPolicy(
            daily_schedule=models.DailyRetentionSchedule(
                retention_times=[START], retention_duration=duration
            ),
            monthly_schedule=models.MonthlyRetentionSchedule(
                retention_schedule_format_type="Daily",
                retention_schedule_daily=models.DailyRetentionFormat(days_of_the_month=[first]),
                retention_times=[START],
                retention_duration=models.RetentionDuration(count=12, duration_type="Months"),
            ),
        ),
    )
    return models.ProtectionPolicyResource(properties=policy)


def test_points_of_a_policy_that_the_sdk_wrote_age_as_it_says(
    backup: Any, arm: httpx.Client
) -> None:
    sent = hourly("tokyo standard time")
    written = backup.protection_policies.create_or_update(*WHERE, "hourly", sent)
    assert written.properties.time_zone == "Tokyo Standard Time"
    assert written.properties.schedule_policy.hourly_schedule.schedule_window_start_time == START
    put_vm(arm)
    protect(arm, policy=HOURLY_ID)
    # In Tokyo 20:00 is 11:00 UTC.
    advance(arm, to="2026-01-03T12:30:00Z")

    found = lives(backup)
    assert found["03 11"] is None
    assert shown(found["02 11"]) == ("2026-01-04T11:00:05", "Daily", False)
    assert shown(found["03 07"]) == ("2026-01-05T07:00:05", None, False)
    assert shown(found["01 11"]) == ("2027-01-01T11:00:05", "Monthly", False)
    finish(arm, arm.put(ITEM_ID, json=STOP))
    assert shown(lives(backup)["01 11"]) == (None, "Monthly", False)


def lives(backup: Any) -> dict[str, Any]:
    """What the SDK reads of each point's life, by the day and hour of its time."""
    points = backup.recovery_points.list(*WHERE, "Azure", CONTAINER, ITEM)
    found = [point.properties for point in points]
    return {f"{each.recovery_point_time:%d %H}": each.recovery_point_properties for each in found}


def shown(life: Any) -> tuple[str | None, str | None, bool]:
    return life.expiry_time, life.rule_name, life.is_soft_deleted


def test_the_sdk_is_told_the_windows_name_of_a_zone(backup: Any) -> None:
    with pytest.raises(HttpResponseError, match="calls it 'Tokyo Standard Time'") as raised:
        backup.protection_policies.create_or_update(*WHERE, "hourly", hourly("Asia/Tokyo"))
    assert raised.value.error is not None
    assert raised.value.error.code == "BMSUserErrorInvalidPolicyInput"


def test_the_change_of_a_policy_is_polled_and_names_its_jobs(
    backup: Any, arm: httpx.Client
) -> None:
    policies, told = backup.protection_policies, []
    wanted: Any = hourly("UTC")
    policies.create_or_update(*WHERE, "hourly", wanted)
    put_vm(arm)
    protect(arm, policy=HOURLY_ID)
    wanted.properties.instant_rp_retention_range_in_days = 3
    policies.create_or_update(
        *WHERE, "hourly", wanted, raw_response_hook=lambda each: told.append(each.http_response)
    )
    assert told[0].status_code == 200
    operation = told[0].headers["Location"].partition("?")[0].rpartition("/")[2]
    status = backup.protection_policy_operation_statuses.get(*WHERE, "hourly", operation)
    [job] = status.properties.job_ids
    assert backup.job_details.get(*WHERE, job).properties.operation == "ConfigureBackup"
    result = backup.protection_policy_operation_results.get(*WHERE, "hourly", operation)
    assert result == policies.get(*WHERE, "hourly")
    with pytest.raises(HttpResponseError, match="OperationNotFound"):
        backup.protection_policy_operation_statuses.get(*WHERE, "DefaultPolicy", operation)
    policies.create_or_update(*WHERE, "spare", hourly("UTC"))
    policies.begin_delete(*WHERE, "spare").result()
    assert "spare" not in [each.name for each in backup.backup_policies.list(*WHERE)]
