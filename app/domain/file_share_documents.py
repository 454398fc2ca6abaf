"""Policies of Azure file shares: snapshots alone, or snapshots and a vault.

Sources: terraform-wire 2.4, azure-cli-wire 4.4 and 8, Microsoft's support matrix of Azure Files and
what its PowerShell checks; what they leave open, docs/decisions/0069.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .documents import Document
from .errors import invalid_policy_input
from .instants import DAY, HOUR, MINUTE
from .policies import times_of_day
from .policy_fields import in_range, one_of, required, time_zone
from .retention_documents import FILE_SHARE_SNAPSHOTS, FILE_SHARE_VAULT, kept_days, long_term
from .schedule_documents import Schedule, simple_schedule

WORKLOAD = "AzureFileShare"
FREQUENCIES = ("Daily", "Hourly")
SNAPSHOT_DAYS = (1, 30)
"""For how many days a vaulted policy keeps snapshots besides."""
MOST_SNAPSHOTS = 200
"""Azure Files has no more of one share."""
LAST_TIME = 23 * HOUR + 30 * MINUTE
"""The time of day by which an hourly window has ended."""
_HOURLY = "properties.schedulePolicy.hourlySchedule"


def file_share_policy(
    sent: Mapping[str, Any], stored: Mapping[str, Any] | None, now: int
) -> Document:
    """Return the document to store for an AzureStorage policy.

    ``sent`` is the request's properties without nulls; of ``stored``, the present document of the
    same policy, the time zone stays when it is left out. Raises ``Refused``.
    """
    if "workLoadType" in sent:
        one_of(sent, "workLoadType", "properties", (WORKLOAD,))
    schedule = simple_schedule(sent, "properties", FREQUENCIES, now)
    if schedule.frequency == "Hourly":
        _check_window(schedule)
    return {
        "backupManagementType": "AzureStorage",
        "workLoadType": WORKLOAD,
        "schedulePolicy": schedule.document,
        **_retention(sent, stored, schedule),
        "timeZone": time_zone(sent, stored, "properties"),
    }


def _check_window(schedule: Schedule) -> None:
    """Refuse a window that is shorter than its interval, or that is open at midnight."""
    window = schedule.document["hourlySchedule"]
    hours = window["scheduleWindowDuration"]
    if hours < window["interval"]:
        raise invalid_policy_input(
            f"{_HOURLY}.scheduleWindowDuration",
            f"{hours} hours are less than the interval of {window['interval']} hours",
        )
    if schedule.at % DAY + hours * HOUR > LAST_TIME:
        raise invalid_policy_input(
            f"{_HOURLY}.scheduleWindowDuration",
            f"{hours} hours from {window['scheduleWindowStartTime'][11:16]} on end after 23:30; "
            "begin earlier or take fewer hours",
        )


def _retention(
    sent: Mapping[str, Any], stored: Mapping[str, Any] | None, schedule: Schedule
) -> Document:
    """Return the retention of snapshots, or of a vault, which of the two was sent."""
    if "vaultRetentionPolicy" not in sent:
        if stored is not None and "vaultRetentionPolicy" in stored:
            raise invalid_policy_input(
                "properties.vaultRetentionPolicy",
                "is required: this policy keeps points in the vault and stays so; create another "
                "one for snapshots alone",
            )
        retention = long_term(sent, schedule, lengths=FILE_SHARE_SNAPSHOTS)
        _check_snapshots(schedule, kept_days(retention))
        return {"retentionPolicy": retention}
    if "retentionPolicy" in sent:
        raise invalid_policy_input(
            "properties.retentionPolicy", "is not allowed beside vaultRetentionPolicy; send one"
        )
    return {"vaultRetentionPolicy": _vault(sent, schedule)}


def _check_snapshots(schedule: Schedule, days: int) -> None:
    """Refuse daily retention with more snapshots, those of a day to come included, than a share
    has room for."""
    if schedule.frequency != "Hourly":
        return
    a_day = len(times_of_day(schedule.document["hourlySchedule"]))
    most = MOST_SNAPSHOTS // a_day - 1
    if days > most:
        raise invalid_policy_input(
            "properties.retentionPolicy.dailySchedule.retentionDuration.count",
            f"{days} is out of range; allowed: 1 to {most} days of {a_day} snapshots each, for a "
            f"share has {MOST_SNAPSHOTS} at most",
        )


def _vault(sent: Mapping[str, Any], schedule: Schedule) -> Document:
    field = "properties.vaultRetentionPolicy"
    asked = required(sent, "vaultRetentionPolicy", field)
    retention = long_term(asked, schedule, f"{field}.vaultRetention", FILE_SHARE_VAULT)
    field = f"{field}.snapshotRetentionInDays"
    days = in_range(asked.get("snapshotRetentionInDays"), field, SNAPSHOT_DAYS, "days")
    if days >= kept_days(retention):
        raise invalid_policy_input(
            field, f"{days} must be less than the {kept_days(retention)} days of the vault"
        )
    return {"snapshotRetentionInDays": days, "vaultRetention": retention}
