"""The oracle's policies as a client sends them."""

from __future__ import annotations

from typing import Any

from tests.oracle.policy import DaysOfMonth, Policy


def body(policy: Policy) -> dict[str, Any]:
    """Return a policy as a client sends it."""
    at = f"2026-01-01T{policy.at:%H:%M:%S}Z"
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2" if policy.enhanced else "V1",
        "schedulePolicy": (_enhanced if policy.enhanced else _standard)(policy, at),
        "retentionPolicy": _retention(policy, at),
        "timeZone": policy.zone,
        "instantRpRetentionRangeInDays": policy.instant,
    }


def _standard(policy: Policy, at: str) -> dict[str, Any]:
    schedule: dict[str, Any] = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Weekly" if policy.run_days else "Daily",
        "scheduleRunTimes": [at],
    }
    if policy.run_days:
        schedule["scheduleRunDays"] = list(policy.run_days)
    return schedule


def _enhanced(policy: Policy, at: str) -> dict[str, Any]:
    schedule: dict[str, Any] = {"schedulePolicyType": "SimpleSchedulePolicyV2"}
    if policy.window is not None:
        window = {"interval": policy.window.every, "scheduleWindowDuration": policy.window.hours}
        window["scheduleWindowStartTime"] = at  # type: ignore[assignment]
        return schedule | {"scheduleRunFrequency": "Hourly", "hourlySchedule": window}
    if policy.run_days:
        week = {"scheduleRunDays": list(policy.run_days), "scheduleRunTimes": [at]}
        return schedule | {"scheduleRunFrequency": "Weekly", "weeklySchedule": week}
    day = {"scheduleRunTimes": [at]}
    return schedule | {"scheduleRunFrequency": "Daily", "dailySchedule": day}


def _retention(policy: Policy, at: str) -> dict[str, Any]:
    kept: dict[str, Any] = {"retentionPolicyType": "LongTermRetentionPolicy"}
    if policy.daily is not None:
        kept["dailySchedule"] = _kept(at, policy.daily, "Days")
    if policy.weekly is not None:
        days, count = policy.weekly
        kept["weeklySchedule"] = {"daysOfTheWeek": list(days)} | _kept(at, count, "Weeks")
    if policy.monthly is not None:
        kept["monthlySchedule"] = _format(policy.monthly[0]) | _kept(
            at, policy.monthly[1], "Months"
        )
    if policy.yearly is not None:
        months, chosen, count = policy.yearly
        kept["yearlySchedule"] = _format(chosen) | _kept(at, count, "Years")
        kept["yearlySchedule"]["monthsOfYear"] = list(months)
    return kept


def _kept(at: str, count: int, unit: str) -> dict[str, Any]:
    return {
        "retentionTimes": [at],
        "retentionDuration": {"count": count, "durationType": unit},
    }


def _format(days: DaysOfMonth) -> dict[str, Any]:
    if days.weekdays:
        chosen = {"daysOfTheWeek": list(days.weekdays), "weeksOfTheMonth": list(days.weeks)}
        return {"retentionScheduleFormatType": "Weekly", "retentionScheduleWeekly": chosen}
    dates = [{"date": each, "isLast": False} for each in days.dates]
    if days.last_day:
        dates.append({"date": 0, "isLast": True})
    return {
        "retentionScheduleFormatType": "Daily",
        "retentionScheduleDaily": {"daysOfTheMonth": dates},
    }
