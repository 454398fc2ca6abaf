"""Microsoft's SDK of Azure Backup: policies of file shares and databases, with its models."""

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
from tests.wire.builders import put_group, put_vault

WHERE = ("vault-1", "group-1")
AT = datetime(2026, 1, 1, 8, tzinfo=UTC)


@pytest.fixture
def backup(arm: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of a vault."""
    put_group(arm)
    put_vault(arm)
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def length(count: int, unit: str = "Days") -> models.RetentionDuration:
    return models.RetentionDuration(count=count, duration_type=unit)


def share(days: int) -> models.ProtectionPolicyResource:
    """Every four hours from 8 to 20 o'clock, for five days as snapshots, longer in the vault."""
    policy = models.AzureFileShareProtectionPolicy(
        work_load_type="AzureFileShare",
        time_zone="Tokyo Standard Time",
        schedule_policy=models.SimpleSchedulePolicy(
            schedule_run_frequency="Hourly",
            hourly_schedule=models.HourlySchedule(
                interval=4, schedule_window_start_time=AT, schedule_window_duration=12
            ),
        ),
        vault_retention_policy=models.VaultRetentionPolicy(
            snapshot_retention_in_days=5,
            vault_retention=models.LongTermRetentionPolicy(
                daily_schedule=models.DailyRetentionSchedule(retention_duration=length(days))
            ),
        ),
    )
    return models.ProtectionPolicyResource(properties=policy)


def sql(log_days: int) -> models.ProtectionPolicyResource:
    """Full on Sundays, differential on the other days but Saturday, the log every quarter."""
    weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    full = models.SubProtectionPolicy(
        policy_type="Full",
        schedule_policy=models.SimpleSchedulePolicy(
            schedule_run_frequency="Weekly", schedule_run_days=["Sunday"], schedule_run_times=[AT]
        ),
        retention_policy=models.LongTermRetentionPolicy(
            weekly_schedule=models.WeeklyRetentionSchedule(
                days_of_the_week=["Sunday"],
                retention_times=[AT],
                retention_duration=length(104, "Weeks"),
            )
        ),
        tiering_policy={
            "ArchivedRP": models.TieringPolicy(
                tiering_mode="TierAfter", duration=45, duration_type="Days"
            )
        },
    )
    differential = models.SubProtectionPolicy(
        policy_type="Differential",
        schedule_policy=models.SimpleSchedulePolicy(
            schedule_run_frequency="Weekly", schedule_run_days=weekdays, schedule_run_times=[AT]
        ),
        retention_policy=models.SimpleRetentionPolicy(retention_duration=length(30)),
    )
    log = models.SubProtectionPolicy(
        policy_type="Log",
        schedule_policy=models.LogSchedulePolicy(schedule_frequency_in_mins=15),
        retention_policy=models.SimpleRetentionPolicy(retention_duration=length(log_days)),
    )
    policy = models.AzureVmWorkloadProtectionPolicy(
        work_load_type="SQLDataBase",
        settings=models.Settings(time_zone="UTC", is_compression=True),
        sub_protection_policy=[full, differential, log],
    )
    return models.ProtectionPolicyResource(properties=policy)


def test_a_file_share_policy_comes_back_as_the_model_that_was_sent(backup: Any) -> None:
    policies = backup.protection_policies
    for days in (30, 3650):
        policies.create_or_update(*WHERE, "shares", share(days))
        found: Any = policies.get(*WHERE, "shares").properties
        sent: Any = share(days).properties
        assert type(found).__name__ == "AzureFileShareProtectionPolicy"
        sent.schedule_policy.schedule_weekly_frequency = 0
        assert found.schedule_policy == sent.schedule_policy
        assert found.vault_retention_policy == sent.vault_retention_policy
        assert found.retention_policy is None
        assert (found.time_zone, found.protected_items_count) == ("Tokyo Standard Time", 0)


def test_a_policy_of_sql_comes_back_as_the_model_that_was_sent(backup: Any) -> None:
    policies = backup.protection_policies
    policies.create_or_update(*WHERE, "sql", sql(15))
    found: Any = policies.get(*WHERE, "sql").properties
    assert type(found).__name__ == "AzureVmWorkloadProtectionPolicy"
    assert found.settings == models.Settings(
        time_zone="UTC", is_compression=True, issqlcompression=True
    )
    full, differential, log = found.sub_protection_policy
    assert full.retention_policy.weekly_schedule.retention_duration == length(104, "Weeks")
    assert full.tiering_policy["ArchivedRP"].duration == 45
    assert differential.schedule_policy.schedule_run_days[0] == "Monday"
    assert log.schedule_policy.schedule_frequency_in_mins == 15
    found.make_policy_consistent = True
    resent = policies.create_or_update(*WHERE, "sql", {"properties": found})
    assert resent.properties.sub_protection_policy == found.sub_protection_policy
    assert resent.properties.make_policy_consistent is None


def test_a_log_kept_as_long_as_a_differential_is_refused_with_azures_code(backup: Any) -> None:
    with pytest.raises(HttpResponseError) as raised:
        backup.protection_policies.create_or_update(*WHERE, "sql", sql(30))
    assert raised.value.error is not None
    assert raised.value.error.code == "UserErrorLogRetentionMoreThanDiffRetentionInPolicy"


def test_policies_are_listed_by_kind_and_deleted(backup: Any) -> None:
    policies = backup.protection_policies
    policies.create_or_update(*WHERE, "shares", share(30))
    policies.create_or_update(*WHERE, "sql", sql(15))

    def names(kind: str) -> list[str]:
        asked = f"backupManagementType eq '{kind}'"
        return [each.name for each in backup.backup_policies.list(*WHERE, filter=asked)]

    assert names("AzureStorage") == ["shares"]
    assert names("AzureWorkLoad") == ["HourlyLogBackup", "sql"]
    for name in ("shares", "sql"):
        policies.begin_delete(*WHERE, name).result()
    assert (names("AzureStorage"), names("AzureWorkLoad")) == ([], ["HourlyLogBackup"])
