"""The rows of docs/policies.md on policies of VMs, and what rows of any policy are made of."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.retention_documents import LENGTHS, MONTH_DAYS
from app.domain.retention_rules import MONTHS, WEEKDAYS, WEEKS
from app.domain.schedule_documents import (
    DEFAULT_INSTANT_DAYS,
    FREQUENCIES,
    INTERVALS,
    KINDS,
    WEEKLY_FREQUENCIES,
    WINDOW_HOURS,
    Schedule,
)
from app.domain.snapshot_groups import LONGEST, PREFIX, SUFFIX
from app.domain.tiering_documents import DAYS_OF, FEWEST_MONTHS, MODES, MONTHS_LEFT

AT = "2026-01-01T22:00:00Z"
POLICY, TYPE, NOT = "BMSUserErrorInvalidPolicyInput", "InvalidRequestContent", "NotSupported"
LEAVE_OUT = ...
HUGE = 10**30


def words(allowed: Sequence[object]) -> str:
    return ", ".join(f"`{word}`" for word in allowed)


def reach(allowed: tuple[int, int]) -> str:
    return f"{allowed[0]} to {allowed[1]}"


def kept(count: int, unit: str, **days: Any) -> dict[str, Any]:
    duration = {"count": count, "durationType": unit}
    return {**days, "retentionTimes": [AT], "retentionDuration": duration}


BY_WEEK = {
    "retentionScheduleFormatType": "Weekly",
    "retentionScheduleWeekly": {"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["First"]},
}
BY_DAY = {
    "retentionScheduleFormatType": "Daily",
    "retentionScheduleDaily": {"daysOfTheMonth": [{"date": 1, "isLast": False}]},
}
LONG = {
    "weeklySchedule": kept(12, "Weeks", daysOfTheWeek=["Sunday"]),
    "monthlySchedule": kept(60, "Months", **BY_WEEK),
    "yearlySchedule": kept(10, "Years", monthsOfYear=["January"], **BY_WEEK),
}
OFF = {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
AFTER = {"tieringMode": "TierAfter", "duration": 5, "durationType": "Months"}


def body(kind: str, schedule: dict[str, Any], **more: Any) -> dict[str, Any]:
    enhanced = "V2" if kind == "V2" else ""
    shared = {"schedulePolicyType": f"SimpleSchedulePolicy{enhanced}"}
    daily = (
        {} if schedule["scheduleRunFrequency"] == "Weekly" else {"dailySchedule": kept(30, "Days")}
    )
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": kind,
        "schedulePolicy": shared | schedule,
        "retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy"} | daily | LONG,
        "tieringPolicy": {"ArchivedRP": AFTER},
        **more,
    }


WINDOW = {"interval": 4, "scheduleWindowStartTime": AT, "scheduleWindowDuration": 12}
ON_SUNDAYS = {"scheduleRunDays": ["Sunday"], "scheduleRunTimes": [AT]}
BASES = {
    "V1 daily": body("V1", {"scheduleRunFrequency": "Daily", "scheduleRunTimes": [AT]}),
    "V1 weekly": body("V1", {"scheduleRunFrequency": "Weekly", **ON_SUNDAYS}),
    "V2 hourly": body("V2", {"scheduleRunFrequency": "Hourly", "hourlySchedule": WINDOW}),
    "V2 daily": body(
        "V2", {"scheduleRunFrequency": "Daily", "dailySchedule": {"scheduleRunTimes": [AT]}}
    ),
    "V2 weekly": body("V2", {"scheduleRunFrequency": "Weekly", "weeklySchedule": ON_SUNDAYS}),
}
BASES["by day"] = copy.deepcopy(BASES["V1 daily"])
for _name, _unit in (("monthly", "Months"), ("yearly", "Years")):
    _days = {"monthsOfYear": ["January"]} if _name == "yearly" else {}
    BASES["by day"]["retentionPolicy"][f"{_name}Schedule"] = kept(10, _unit, **_days, **BY_DAY)


def instant_days(kind: str, frequency: str, interval: int | None = None) -> str:
    low, high = Schedule(kind, frequency, 0, None, interval, {}).instant_days
    return str(low) if low == high else reach((low, high))


SNAPSHOT_DAYS = (
    f"V1 daily {instant_days('V1', 'Daily')}, weekly {instant_days('V1', 'Weekly')}; "
    f"V2 every 4 hours {instant_days('V2', 'Hourly', 4)}, every 6 "
    f"{instant_days('V2', 'Hourly', 6)}, else {instant_days('V2', 'Daily')}; "
    "never more than the daily (or weekly) retention"
)
HALF_HOURS = "one time, on the hour or the half hour"
SEVERAL = "one or more of "
TIMES: Sequence[Any] = (
    LEAVE_OUT,
    [],
    [AT, AT],
    ["noon"],
    ["2026-01-01T22:15:00Z"],
    ["22:00+05:45"],
)
WEEKLY_ONLY = "with a weekly schedule only `Weekly`"


@dataclass(frozen=True)
class Row:
    """One field; ``{a,b}`` in its path stands for both. ``wrong`` is refused in each base."""

    path: str
    allowed: str
    left_out: str
    source: str
    wrong: Sequence[Any]
    bases: Sequence[str] = ("V1 daily",)
    code: str = POLICY

    @property
    def paths(self) -> list[str]:
        found = re.search(r"\{(.+?)\}", self.path)
        if found is None:
            return [self.path]
        return [self.path.replace(found[0], word) for word in found[1].split(",")]


RETENTION = "retentionPolicy."
ANY = "{daily,weekly,monthly,yearly}Schedule."
LONGER = "{monthly,yearly}Schedule."
TIER = "tieringPolicy.ArchivedRP."


def length(name: str) -> Row:
    unit, (low, high) = LENGTHS[name]
    return Row(
        f"{RETENTION}{name}.retentionDuration.count",
        f"{low} to {high} {unit.lower()}",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, low - 1, high + 1, -high, HUGE),
    )


ROWS = (
    Row(
        "backupManagementType",
        "`AzureIaasVM`, `AzureStorage`, `AzureWorkload`; stays as created; Azure's others are "
        "`NotSupported`",
        "required",
        "S 1.1",
        ("Fridge",),
    ),
    Row("policyType", words(KINDS) + "; stays as created", "`V1`", "S 1.1, D 43", ("V3", "")),
    Row(
        "timeZone",
        "a Windows name, as CLDR has them (D 7)",
        "`UTC`; stays",
        "S 1.1, 1.2, D 7",
        ("Europe/Berlin", "Pacific Time", "x"),
    ),
    Row(
        "snapshotConsistencyType",
        "`OnlyCrashConsistent`, of V2 only",
        "as the VM allows; does not stay",
        "S 1.1, T",
        ("OnlyCrashConsistent",),
    ),
    Row(
        "instantAccessSnapshotEnabled",
        "`false`",
        "`false`",
        "S 1.1",
        (True,),
        code=NOT,
    ),
    Row(
        "resourceGuardOperationRequests",
        "of an edit that weakens the policy, where the vault is mapped to a resource guard, the "
        "guard's request; elsewhere not read",
        "none",
        "D 64",
        ("x", [1], ["x"] * 101),
        code="InvalidRequestContent",
    ),
    Row(
        f"instantRPDetails.{PREFIX}",
        f"letters, digits, `-`, `_`, `.`, brackets; at most {LONGEST} with the suffix",
        "none",
        "S 1.5, D 46",
        ("x" * (LONGEST + 1), "a b"),
    ),
    Row(
        f"instantRPDetails.{SUFFIX}",
        "as the prefix, only with one, no `.` at its end",
        "none",
        "S 1.5, D 46",
        ("suffix",),
    ),
    Row(
        "instantRpRetentionRangeInDays",
        SNAPSHOT_DAYS,
        f"stays while allowed; else {DEFAULT_INSTANT_DAYS['V1']} of V1 (weekly 5), "
        f"{DEFAULT_INSTANT_DAYS['V2']} of V2",
        "S 1.5, D 42, D 43",
        (0, 31, -1, HUGE),
        tuple(BASES),
    ),
    Row(
        f"{TIER}tieringMode",
        f"{words(MODES)}; but for the last, monthly or yearly retention of {MONTHS_LEFT} months "
        "more than they need",
        "stays; `DoNotTier`",
        "S 1.3, 1.6, D 48",
        (LEAVE_OUT, "Sometimes"),
    ),
    Row(
        f"{TIER}duration",
        f"of `TierAfter` {FEWEST_MONTHS} months or more, else 0",
        "0",
        "S 1.6, P",
        (LEAVE_OUT, 2, -5, HUGE),
    ),
    Row(
        f"{TIER}durationType",
        f"of `TierAfter` {words(tuple(DAYS_OF))}, else `Invalid`",
        "`Invalid`",
        "S 1.6",
        (LEAVE_OUT, "Invalid", "Hours"),
    ),
    Row(
        "schedulePolicy.schedulePolicyType",
        "of V1 `SimpleSchedulePolicy`, of V2 `SimpleSchedulePolicyV2`",
        "required",
        "S 1.1",
        (LEAVE_OUT, "LogSchedulePolicy"),
        ("V1 daily", "V2 daily"),
    ),
    Row(
        "schedulePolicy.scheduleRunFrequency",
        f"of V1 {words(FREQUENCIES['V1'])}; of V2 {words(FREQUENCIES['V2'])}",
        "required",
        "S 1.1, 1.2",
        (LEAVE_OUT, "Monthly"),
        ("V1 daily", "V2 daily"),
    ),
    Row(
        "schedulePolicy.scheduleRunDays",
        f"of V1 weekly {SEVERAL}{words(WEEKDAYS)}; elsewhere not read",
        "required",
        "S 1.1, P",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "sunday"]),
        ("V1 weekly",),
    ),
    Row(
        "schedulePolicy.scheduleRunTimes",
        f"of V1 {HALF_HOURS}",
        "required",
        "S 1.2, T",
        TIMES,
        ("V1 daily", "V1 weekly"),
    ),
    Row(
        "schedulePolicy.scheduleWeeklyFrequency",
        f"{reach(WEEKLY_FREQUENCIES)}, shown as 0: a VM's weeks are not skipped",
        "0",
        "S 1.1",
        (2, -1, HUGE),
    ),
    Row(
        "schedulePolicy.hourlySchedule.interval",
        f"{words(INTERVALS)} hours",
        "required",
        "S 1.2",
        (LEAVE_OUT, 0, 1, 5, 48, HUGE),
        ("V2 hourly",),
    ),
    Row(
        "schedulePolicy.hourlySchedule.scheduleWindowStartTime",
        HALF_HOURS,
        "required",
        "S 1.2",
        (LEAVE_OUT, "", "soon", "2026-01-01T22:00:00.0000010Z"),
        ("V2 hourly",),
    ),
    Row(
        "schedulePolicy.hourlySchedule.scheduleWindowDuration",
        f"{reach(WINDOW_HOURS)} hours",
        "required",
        "S 1.2, D 43",
        (LEAVE_OUT, WINDOW_HOURS[0] - 1, WINDOW_HOURS[1] + 1, -4),
        ("V2 hourly",),
    ),
    Row(
        "schedulePolicy.dailySchedule.scheduleRunTimes",
        f"of V2 daily {HALF_HOURS}",
        "required",
        "S 1.2",
        TIMES,
        ("V2 daily",),
    ),
    Row(
        "schedulePolicy.weeklySchedule.scheduleRunDays",
        f"of V2 weekly {SEVERAL}the weekdays",
        "required",
        "S 1.1",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        ("V2 weekly",),
    ),
    Row(
        "schedulePolicy.weeklySchedule.scheduleRunTimes",
        f"of V2 weekly {HALF_HOURS}",
        "required",
        "S 1.2",
        TIMES,
        ("V2 weekly",),
    ),
    Row(
        f"{RETENTION}retentionPolicyType",
        "`LongTermRetentionPolicy`",
        "required",
        "S 1.1",
        (LEAVE_OUT, "SimpleRetentionPolicy"),
    ),
    Row(
        f"{RETENTION}{ANY}retentionTimes",
        "the time of the schedule, once",
        "required; of hourly ones the window's start",
        "S 1.2, P",
        (*TIMES, ["2026-01-01T21:30:00Z"]),
    ),
    *(length(name) for name in LENGTHS),
    Row(
        f"{RETENTION}{ANY}retentionDuration.durationType",
        ", ".join(f"{name[:-8]} `{unit}`" for name, (unit, _) in LENGTHS.items()),
        "required",
        "S 1.3",
        (LEAVE_OUT, "Invalid", "Hours"),
    ),
    Row(
        f"{RETENTION}weeklySchedule.daysOfTheWeek",
        f"{SEVERAL}the weekdays; with a weekly schedule all of its days",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        ("V1 daily", "V1 weekly", "V2 weekly"),
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleFormatType",
        f"`Daily`, `Weekly`; {WEEKLY_ONLY}",
        "required",
        "S 1.3, D 42",
        (LEAVE_OUT, "Invalid", "Daily"),
        ("V1 daily", "V1 weekly", "V2 weekly"),
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleDaily.daysOfTheMonth[].date",
        f"{reach(MONTH_DAYS)}, or 0 beside `isLast`",
        "required without `isLast`",
        "S 1.3, P, D 42",
        (LEAVE_OUT, 0, 29, 31, -1, HUGE),
        ("by day",),
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleDaily.daysOfTheMonth[].isLast",
        "`true` is the last day of the month",
        "`false`",
        "S 1.3",
        ("sometimes",),
        ("by day",),
        code=TYPE,
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleWeekly.daysOfTheWeek",
        f"{SEVERAL}the weekdays; with a weekly schedule days of it",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        ("V1 daily", "V1 weekly", "V2 weekly"),
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleWeekly.weeksOfTheMonth",
        f"{SEVERAL}{words(WEEKS)}",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Fifth"], ["First", "First"]),
    ),
    Row(
        f"{RETENTION}yearlySchedule.monthsOfYear",
        f"{SEVERAL}{words(MONTHS)}",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Smarch"], ["May", "May"]),
    ),
)  # fmt: skip
