"""Policy bodies: the rules of Azure Backup's policy validation, and the three default policies.

Every refusal is ``BMSUserErrorInvalidPolicyInput``, as Azure's is, and names the field, the
value and the allowed range (azure-backup-semantics 1.2, 1.3, 1.5, 1.8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import ids, time_zones
from .errors import Refused, invalid_policy_input, not_emulated
from .instants import DAY, HOUR, MINUTE, parse, wire

Document = dict[str, Any]

DEFAULT_POLICIES = ("DefaultPolicy", "EnhancedPolicy", "HourlyLogBackup")
DEFAULT_INSTANT_DAYS = 2
DAILY_RETENTION = (7, 9999)
STANDARD_INSTANT_RANGE = (1, 5)
HALF_HOUR = 30 * MINUTE

_NAME = re.compile(r"[A-Za-z][-A-Za-z0-9_!]{2,149}")
_TIME_ONLY = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_NO_ARCHIVE: Document = {
    "ArchivedRP": {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
}


def check_name(name: str) -> None:
    """Refuse a policy name that Azure would refuse: 3-150 characters, a letter first."""
    if _NAME.fullmatch(name) is None:
        raise invalid_policy_input(
            "policyName",
            f"'{name}' must have 3 to 150 characters, begin with a letter and hold only "
            "letters, digits, '-', '_' and '!'",
        )


def vm_policy(sent: Mapping[str, Any], stored: Mapping[str, Any] | None, now: int) -> Document:
    """Return the document to store for an AzureIaasVM policy.

    ``sent`` is the request's properties without nulls; ``stored`` is the present document of
    the same policy, whose instant-restore days stay when the request leaves them out
    (terraform-wire 2.3). Raises ``Refused``.
    """
    _refuse_what_is_not_emulated(sent)
    schedule, at = _daily_schedule(sent, now)
    days = _daily_retention(sent, at)
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V1",
        "instantRPDetails": _snapshot_group(sent),
        "schedulePolicy": schedule,
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": {
                "retentionTimes": [wire(at)],
                "retentionDuration": {"count": days, "durationType": "Days"},
            },
        },
        "tieringPolicy": _NO_ARCHIVE,
        "instantRpRetentionRangeInDays": _instant_days(sent, stored, days),
        "timeZone": _time_zone(sent, stored),
    }


def _refuse_what_is_not_emulated(sent: Mapping[str, Any]) -> None:
    if "policyType" in sent and _one_of(sent, "policyType", "properties", ("V1", "V2")) == "V2":
        raise not_emulated("properties.policyType", "Enhanced (V2) policies; send V1")
    if "snapshotConsistencyType" in sent:
        raise invalid_policy_input(
            "properties.snapshotConsistencyType", "is only allowed with policyType V2"
        )


def _daily_schedule(sent: Mapping[str, Any], now: int) -> tuple[Document, int]:
    field = "properties.schedulePolicy"
    schedule = _required(sent, "schedulePolicy", field)
    _one_of(schedule, "schedulePolicyType", field, ("SimpleSchedulePolicy",))
    frequency = _one_of(schedule, "scheduleRunFrequency", field, ("Daily", "Weekly"))
    if frequency == "Weekly":
        raise not_emulated(f"{field}.scheduleRunFrequency", "weekly schedules; send Daily")
    times = schedule.get("scheduleRunTimes") or []
    if len(times) != 1:
        raise invalid_policy_input(
            f"{field}.scheduleRunTimes", f"has {len(times)} entries; exactly 1 is allowed"
        )
    at = _run_time(times[0], f"{field}.scheduleRunTimes[0]", now)
    document = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": [wire(at)],
        "scheduleWeeklyFrequency": 0,
    }
    return document, at


def _run_time(text: str, field: str, now: int) -> int:
    """Read a run time: a full date and time, or (azurerm since 4.67) a time alone."""
    if _TIME_ONLY.fullmatch(text):
        text = f"{wire(now - now % DAY)[:10]}T{text}"
    try:
        at = parse(text)
    except ValueError as problem:
        raise invalid_policy_input(field, str(problem)) from None
    if at % HALF_HOUR:
        raise invalid_policy_input(
            field, f"'{text}' must be on the hour or the half hour, such as 22:00 or 22:30"
        )
    return at


def _daily_retention(sent: Mapping[str, Any], at: int) -> int:
    field = "properties.retentionPolicy"
    retention = _required(sent, "retentionPolicy", field)
    _one_of(retention, "retentionPolicyType", field, ("LongTermRetentionPolicy",))
    for longer in ("weeklySchedule", "monthlySchedule", "yearlySchedule"):
        if retention.get(longer):
            raise not_emulated(f"{field}.{longer}", "long-term retention; send dailySchedule only")
    daily = _required(retention, "dailySchedule", f"{field}.dailySchedule")
    _check_retention_times(daily, at, f"{field}.dailySchedule.retentionTimes")
    duration = _required(daily, "retentionDuration", f"{field}.dailySchedule.retentionDuration")
    field = f"{field}.dailySchedule.retentionDuration"
    _one_of(duration, "durationType", field, ("Days",))
    return _in_range(duration.get("count"), f"{field}.count", DAILY_RETENTION, "days")


def _check_retention_times(daily: Mapping[str, Any], at: int, field: str) -> None:
    times = daily.get("retentionTimes") or []
    if len(times) != 1:
        raise invalid_policy_input(field, f"has {len(times)} entries; exactly 1 is allowed")
    if _run_time(times[0], f"{field}[0]", at) % DAY != at % DAY:
        raise invalid_policy_input(
            field, f"'{times[0]}' must be the time of the schedule, {wire(at)[11:]}"
        )


def _instant_days(
    sent: Mapping[str, Any], stored: Mapping[str, Any] | None, daily_days: int
) -> int:
    field = "properties.instantRpRetentionRangeInDays"
    kept = stored.get("instantRpRetentionRangeInDays") if stored else None
    wanted = sent.get("instantRpRetentionRangeInDays", kept or DEFAULT_INSTANT_DAYS)
    days = _in_range(wanted, field, STANDARD_INSTANT_RANGE, "days on a Standard policy")
    if days > daily_days:
        raise invalid_policy_input(field, f"{days} is more than the {daily_days} days of retention")
    return days


def _time_zone(sent: Mapping[str, Any], stored: Mapping[str, Any] | None) -> str:
    asked = sent.get("timeZone") or (stored.get("timeZone") if stored else None) or "UTC"
    name = time_zones.canonical(asked)
    if name is None:
        raise invalid_policy_input(
            "properties.timeZone",
            f"'{asked}' is not a Windows time zone name such as 'Pacific Standard Time'",
        )
    return name


def _snapshot_group(sent: Mapping[str, Any]) -> Document:
    details = sent.get("instantRPDetails") or {}
    names = ("azureBackupRGNamePrefix", "azureBackupRGNameSuffix")
    return {name: details[name] for name in names if details.get(name)}


def _required(body: Mapping[str, Any], name: str, field: str) -> Mapping[str, Any]:
    value = body.get(name)
    if not value:
        raise invalid_policy_input(field, "is required")
    found: Mapping[str, Any] = value
    return found


def _one_of(body: Mapping[str, Any], name: str, field: str, allowed: tuple[str, ...]) -> str:
    value = body.get(name)
    for word in allowed:
        if isinstance(value, str) and value.lower() == word.lower():
            return word
    fault = "is required" if value is None else f"'{value}' is not allowed"
    raise invalid_policy_input(f"{field}.{name}", f"{fault}; allowed: {', '.join(allowed)}")


def _in_range(value: Any, field: str, allowed: tuple[int, int], unit: str) -> int:
    low, high = allowed
    if not isinstance(value, int) or not low <= value <= high:
        fault = "is required" if value is None else f"{value} is out of range"
        raise invalid_policy_input(field, f"{fault}; allowed: {low} to {high} {unit}")
    return value


def default_policies(seed: int, vault: int, now: int) -> dict[str, Document]:
    """Return the three policies that every vault is born with (azure-cli-wire 4.4).

    The default policy's time is a half hour drawn for the vault, as the service spreads load.
    """
    slot = ids.key(seed, "default-policy-time", vault) % (DAY // HALF_HOUR)
    at = now - now % DAY + slot * HALF_HOUR
    return {
        "DefaultPolicy": _default_policy(at),
        "EnhancedPolicy": _enhanced_policy(now - now % DAY + 8 * HOUR),
        "HourlyLogBackup": _hourly_log_backup(at),
    }


def _daily_keep(at: int, days: int = 30) -> Document:
    return {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": {
            "retentionTimes": [wire(at)],
            "retentionDuration": {"count": days, "durationType": "Days"},
        },
    }


def _daily_run(at: int) -> Document:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": [wire(at)],
        "scheduleWeeklyFrequency": 0,
    }


def _default_policy(at: int) -> Document:
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V1",
        "instantRPDetails": {},
        "schedulePolicy": _daily_run(at),
        "retentionPolicy": _daily_keep(at),
        "tieringPolicy": _NO_ARCHIVE,
        "instantRpRetentionRangeInDays": DEFAULT_INSTANT_DAYS,
        "timeZone": "UTC",
    }


def _enhanced_policy(window_start: int) -> Document:
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2",
        "instantRPDetails": {},
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": {
                "interval": 4,
                "scheduleWindowStartTime": wire(window_start),
                "scheduleWindowDuration": 12,
            },
        },
        "retentionPolicy": _daily_keep(window_start),
        "tieringPolicy": _NO_ARCHIVE,
        "instantRpRetentionRangeInDays": DEFAULT_INSTANT_DAYS,
        "timeZone": "UTC",
    }


def _hourly_log_backup(at: int) -> Document:
    return {
        "backupManagementType": "AzureWorkload",
        "workLoadType": "SQLDataBase",
        "settings": {"timeZone": "UTC", "issqlcompression": False, "isCompression": False},
        "subProtectionPolicy": [
            {
                "policyType": "Full",
                "schedulePolicy": _daily_run(at),
                "retentionPolicy": _daily_keep(at),
            },
            {
                "policyType": "Log",
                "schedulePolicy": {
                    "schedulePolicyType": "LogSchedulePolicy",
                    "scheduleFrequencyInMins": 60,
                },
                "retentionPolicy": {
                    "retentionPolicyType": "SimpleRetentionPolicy",
                    "retentionDuration": {"count": 30, "durationType": "Days"},
                },
            },
        ],
    }


def unknown_management_type(sent: str) -> Refused:
    """Refuse a backupManagementType that Azure does not have."""
    return invalid_policy_input(
        "properties.backupManagementType", f"'{sent}' is not known; allowed: AzureIaasVM"
    )
