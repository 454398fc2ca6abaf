"""The bodies of backup policies, of VMs, file shares and databases (docs/policies.md)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ...arm.bodies import Body, demands
from ...arm.words import Whole
from ...domain.policy_documents import READERS
from ...domain.retention_rules import MONTHS, WEEKDAYS, WEEKS
from ...domain.schedule_documents import INTERVALS, LOG_MINUTES
from ...domain.workload_documents import WORKLOADS

# Azure Backup has one code for almost every wrong policy, so words and ranges are checked in the
# domain; here they only stand in the schemas.


def _one_of(*words: str) -> Any:
    return Field(None, examples=[words[0]], json_schema_extra={"enum": list(words)})


RunTimes = Annotated[
    list[Annotated[str, Field(json_schema_extra={"format": "date-time"})]] | None,
    Field(
        examples=[["2026-01-01T22:00:00Z"]],
        description="On the hour or the half hour",
        json_schema_extra={"minItems": 1, "maxItems": 1},
    ),
]


def _several_of(*words: str) -> Any:
    return Field(
        None,
        examples=[[words[0]]],
        json_schema_extra={"minItems": 1, "items": {"type": "string", "enum": list(words)}},
    )


class RetentionDuration(Body):
    """A length of retention: at most 9999 days, 5163 weeks, 1188 months or 99 years."""

    model_config = demands("count", "durationType")

    count: Whole | None = Field(
        None, examples=[30], json_schema_extra={"minimum": 1, "maximum": 9999}
    )
    duration_type: str | None = _one_of("Days", "Weeks", "Months", "Years")


class RetentionSchedule(Body):
    """How long the points of one category are kept."""

    model_config = demands("retentionTimes", "retentionDuration")

    retention_times: RunTimes = None
    retention_duration: RetentionDuration | None = None


class WeeklyRetentionSchedule(RetentionSchedule):
    """Which days' points are kept as weekly ones, and how long."""

    model_config = demands("daysOfTheWeek", "retentionTimes", "retentionDuration")

    days_of_the_week: list[str] | None = _several_of(*WEEKDAYS)


class Day(Body):
    """A day of the month: a date from 1 to 28, or the last one."""

    date: Whole | None = Field(None, examples=[1], json_schema_extra={"maximum": 28})
    is_last: bool | None = Field(None, examples=[False])


class DailyRetentionFormat(Body):
    """Days by their number in the month."""

    model_config = demands("daysOfTheMonth")

    days_of_the_month: list[Day] | None = None


class WeeklyRetentionFormat(Body):
    """Days by weekday and week of the month."""

    model_config = demands("daysOfTheWeek", "weeksOfTheMonth")

    days_of_the_week: list[str] | None = _several_of(*WEEKDAYS)
    weeks_of_the_month: list[str] | None = _several_of(*WEEKS)


class MonthlyRetentionSchedule(RetentionSchedule):
    """Which days' points are kept as monthly ones, and how long."""

    model_config = demands("retentionScheduleFormatType", "retentionTimes", "retentionDuration")

    retention_schedule_format_type: str | None = _one_of("Weekly", "Daily")
    retention_schedule_daily: DailyRetentionFormat | None = None
    retention_schedule_weekly: WeeklyRetentionFormat | None = None


class YearlyRetentionSchedule(MonthlyRetentionSchedule):
    """Which days' points are kept as yearly ones, and how long."""

    months_of_year: list[str] | None = _several_of(*MONTHS)


class RetentionPolicy(Body):
    """How long recovery points are kept in the vault: daily of daily schedules, weekly of weekly.

    The rest is added as one likes; the longest rule that a point falls under governs it.
    """

    model_config = demands("retentionPolicyType")

    retention_policy_type: str | None = _one_of("LongTermRetentionPolicy", "SimpleRetentionPolicy")
    daily_schedule: RetentionSchedule | None = None
    weekly_schedule: WeeklyRetentionSchedule | None = None
    monthly_schedule: MonthlyRetentionSchedule | None = None
    yearly_schedule: YearlyRetentionSchedule | None = None
    retention_duration: RetentionDuration | None = Field(
        None, description="Of SimpleRetentionPolicy: some days"
    )


class VaultRetentionPolicy(Body):
    """How long a file share's points are kept in the vault, and its snapshots besides."""

    model_config = demands("snapshotRetentionInDays", "vaultRetention")

    snapshot_retention_in_days: Whole | None = Field(
        None,
        examples=[5],
        description="Less than the daily retention",
        json_schema_extra={"minimum": 1, "maximum": 30},
    )
    vault_retention: RetentionPolicy | None = None


class HourlySchedule(Body):
    """Backups at an interval (hours) from the start of a window on, for some hours."""

    model_config = demands("interval", "scheduleWindowStartTime", "scheduleWindowDuration")

    interval: Whole | None = Field(None, examples=[4], json_schema_extra={"enum": list(INTERVALS)})
    schedule_window_start_time: str | None = Field(
        None, examples=["2026-01-01T08:00:00Z"], json_schema_extra={"format": "date-time"}
    )
    schedule_window_duration: Whole | None = Field(
        None, examples=[12], json_schema_extra={"minimum": 4, "maximum": 24}
    )


class DailySchedule(Body):
    """Backups once a day."""

    model_config = demands("scheduleRunTimes")

    schedule_run_times: RunTimes = None


class WeeklySchedule(Body):
    """Backups once on some days of the week."""

    model_config = demands("scheduleRunDays", "scheduleRunTimes")

    schedule_run_days: list[str] | None = _several_of(*WEEKDAYS)
    schedule_run_times: RunTimes = None


class SchedulePolicy(Body):
    """When backups run: every so many hours, once a day, or on some days of the week.

    A Standard policy has run times and days, an Enhanced one the part of its frequency. Logs of
    databases are backed up every so many minutes.
    """

    model_config = demands("schedulePolicyType")

    schedule_policy_type: str | None = _one_of(
        "SimpleSchedulePolicy", "SimpleSchedulePolicyV2", "LogSchedulePolicy"
    )
    schedule_run_frequency: str | None = _one_of("Daily", "Weekly", "Hourly")
    schedule_run_days: list[str] | None = Field(
        None, description="Of weekly schedules", examples=[["Sunday"]]
    )
    schedule_run_times: RunTimes = None
    schedule_weekly_frequency: Whole | None = None
    hourly_schedule: HourlySchedule | None = None
    daily_schedule: DailySchedule | None = None
    weekly_schedule: WeeklySchedule | None = None
    schedule_frequency_in_mins: Whole | None = Field(
        None,
        description="Of LogSchedulePolicy",
        examples=[60],
        json_schema_extra={"enum": list(LOG_MINUTES)},
    )


class TieringPolicy(Body):
    """When points move to the archive; it is kept as data."""

    model_config = demands("tieringMode")

    tiering_mode: str | None = _one_of("DoNotTier", "TierRecommended", "TierAfter")
    duration: Whole | None = Field(None, description="Of TierAfter", examples=[0])
    duration_type: str | None = _one_of("Invalid", "Days", "Weeks", "Months", "Years")


class InstantRPDetails(Body):
    """How the resource group of the snapshots is named."""

    azure_backup_rg_name_prefix: str | None = Field(
        None,
        alias="azureBackupRGNamePrefix",
        max_length=400,
        description="What stands before the number of the group; at most 74 with the suffix",
    )
    azure_backup_rg_name_suffix: str | None = Field(
        None,
        alias="azureBackupRGNameSuffix",
        max_length=400,
        description="What stands after the number of the group; only with a prefix",
    )


class Settings(Body):
    """What goes for all backups of a database."""

    time_zone: str | None = Field(None, description="A Windows name", examples=["UTC"])
    is_compression: bool | None = Field(None, examples=[False])
    issqlcompression: bool | None = Field(
        None, description="The older name of isCompression", examples=[False]
    )


class UserAssignedIdentityProperties(Body):
    """How Microsoft Entra knows an identity."""

    client_id: str | None = Field(None, max_length=400)
    principal_id: str | None = Field(None, max_length=400)


class UserAssignedManagedIdentityDetails(Body):
    """The identity that takes snapshots."""

    model_config = demands("identityArmId")

    identity_arm_id: str | None = Field(
        None, max_length=1000, description="The id of a user-assigned managed identity"
    )
    identity_name: str | None = Field(None, max_length=400)
    user_assigned_identity_properties: UserAssignedIdentityProperties | None = None


class SnapshotBackupAdditionalDetails(Body):
    """How snapshots of a HANA instance are kept."""

    instant_rp_retention_range_in_days: Whole | None = Field(
        None, examples=[2], json_schema_extra={"minimum": 1, "maximum": 35}
    )
    instant_rp_details: str | None = Field(
        None,
        alias="instantRPDetails",
        max_length=400,
        description="The resource group that holds them",
    )
    user_assigned_managed_identity_details: UserAssignedManagedIdentityDetails | None = None


class SubProtectionPolicy(Body):
    """When one type of a database's backups runs, and how long they are kept."""

    model_config = demands("policyType", "schedulePolicy")

    policy_type: str | None = _one_of(
        "Full", "Differential", "Incremental", "Log", "SnapshotFull", "SnapshotCopyOnlyFull"
    )
    schedule_policy: SchedulePolicy | None = None
    retention_policy: RetentionPolicy | None = None
    tiering_policy: dict[str, TieringPolicy | None] | None = Field(
        None, description="Of Full; the only tier is ArchivedRP", examples=[{}]
    )
    snapshot_backup_additional_details: SnapshotBackupAdditionalDetails | None = None


class PolicyProperties(Body):
    """What a policy says: of VMs and file shares its schedule, of databases a list of parts."""

    model_config = demands("backupManagementType")

    backup_management_type: str = Field(
        examples=["AzureIaasVM"], json_schema_extra={"enum": list(READERS)}
    )
    work_load_type: str | None = _one_of("AzureFileShare", *WORKLOADS)
    policy_type: str | None = _one_of("V1", "V2")
    schedule_policy: SchedulePolicy | None = None
    retention_policy: RetentionPolicy | None = None
    vault_retention_policy: VaultRetentionPolicy | None = Field(
        None, description="Of file shares, in place of retentionPolicy"
    )
    settings: Settings | None = Field(None, description="Of databases")
    sub_protection_policy: list[SubProtectionPolicy] | None = Field(
        None, description="Of databases, one for each type of backup"
    )
    vm_workload_policy_type: str | None = _one_of("Streaming")
    make_policy_consistent: bool | None = Field(
        None, description="Whether items that miss the policy follow it again: here all do"
    )
    instant_rp_retention_range_in_days: Whole | None = Field(
        None,
        examples=[2],
        description="1 to 5 of a daily Standard schedule, 5 of a weekly one, 1 to 17 of an "
        "Enhanced one every 4 hours, 1 to 22 every 6, else 1 to 30",
        json_schema_extra={"minimum": 1, "maximum": 30},
    )
    instant_rp_details: InstantRPDetails | None = Field(None, alias="instantRPDetails")
    instant_access_snapshot_enabled: bool | None = Field(None, examples=[False])
    snapshot_consistency_type: str | None = Field(
        None,
        description="Of policyType V2 only; empty is none",
        json_schema_extra={"enum": ["OnlyCrashConsistent", ""]},
    )
    tiering_policy: dict[str, TieringPolicy | None] | None = Field(
        None, description="The only tier is ArchivedRP", examples=[{}]
    )
    time_zone: str | None = Field(None, description="A Windows name", examples=["UTC"])
    resource_guard_operation_requests: list[str] | None = Field(None, max_length=100)


class PolicyBody(Body):
    """A policy to create or to replace."""

    EXAMPLE = {
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicy",
                "scheduleRunFrequency": "Daily",
                "scheduleRunTimes": ["2026-01-01T22:00:00Z"],
            },
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": {
                    "retentionTimes": ["2026-01-01T22:00:00Z"],
                    "retentionDuration": {"count": 30, "durationType": "Days"},
                },
            },
            "instantRpRetentionRangeInDays": 2,
            # So that the snapshots of the examples are in group-1, where their restore points
            # are looked for.
            "instantRPDetails": {"azureBackupRGNamePrefix": "group-"},
            "timeZone": "UTC",
        }
    }

    properties: PolicyProperties
