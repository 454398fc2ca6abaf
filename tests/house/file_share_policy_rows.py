"""The rows of docs/policies.md on policies of file shares."""

from __future__ import annotations

import copy
from typing import Any

from app.domain.file_share_documents import FREQUENCIES, MOST_SNAPSHOTS, SNAPSHOT_DAYS, WORKLOAD
from app.domain.retention_documents import MONTH_DAYS, SNAPSHOT_LENGTHS, VAULTED_LENGTHS
from app.domain.retention_rules import MONTHS, WEEKS
from app.domain.schedule_documents import (
    FILE_SHARE_INTERVALS,
    FILE_SHARE_WINDOW_HOURS,
    WEEKLY_FREQUENCIES,
)
from tests.house.policy_rows import (
    ANY,
    BY_DAY,
    BY_WEEK,
    HALF_HOURS,
    HUGE,
    LEAVE_OUT,
    LONGER,
    SEVERAL,
    TIMES,
    TYPE,
    Row,
    kept,
    reach,
    words,
)

TEXT = """An AzureStorage policy has a `retentionPolicy`, then its points are snapshots of shares,
or a `vaultRetentionPolicy`, then they are in the vault and snapshots are kept besides; one that has
kept points in the vault keeps doing so. Of an hourly one no `retentionTimes` are shown."""

SHARE = "share daily"
LONG = {
    "dailySchedule": kept(30, "Days"),
    "weeklySchedule": kept(12, "Weeks", daysOfTheWeek=["Sunday"]),
    "monthlySchedule": kept(60, "Months", **BY_WEEK),
    "yearlySchedule": kept(10, "Years", monthsOfYear=["January"], **BY_WEEK),
}
BY_DAYS = LONG | {
    "monthlySchedule": kept(60, "Months", **BY_DAY),
    "yearlySchedule": kept(10, "Years", monthsOfYear=["January"], **BY_DAY),
}


def body(frequency: str, schedule: dict[str, Any], **more: Any) -> dict[str, Any]:
    shared = {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunFrequency": frequency}
    return copy.deepcopy(
        {
            "backupManagementType": "AzureStorage",
            "workLoadType": WORKLOAD,
            "schedulePolicy": shared | schedule,
            **more,
        }
    )


def long_term(categories: dict[str, Any]) -> dict[str, Any]:
    return {"retentionPolicyType": "LongTermRetentionPolicy", **categories}


DAILY = {"scheduleRunTimes": ["2026-01-01T22:00:00Z"]}
WINDOW = {
    "interval": 4,
    "scheduleWindowStartTime": "2026-01-01T08:00:00Z",
    "scheduleWindowDuration": 12,
}
VAULT = {"snapshotRetentionInDays": 5, "vaultRetention": long_term(LONG)}
BASES = {
    SHARE: body("Daily", DAILY, retentionPolicy=long_term(LONG)),
    "share by day": body("Daily", DAILY, retentionPolicy=long_term(BY_DAYS)),
    "share hourly": body(
        "Hourly",
        {"hourlySchedule": WINDOW},
        retentionPolicy=long_term(
            {name: part | {"retentionTimes": None} for name, part in LONG.items()}
        ),
    ),
    "share vaulted": body("Daily", DAILY, vaultRetentionPolicy=VAULT),
    "share vaulted by day": body(
        "Daily", DAILY, vaultRetentionPolicy=VAULT | {"vaultRetention": long_term(BY_DAYS)}
    ),
}
RETENTION = "retentionPolicy."
VAULTED = "vaultRetentionPolicy.vaultRetention."
HOURLY = "schedulePolicy.hourlySchedule."


def lengths(prefix: str, found: dict[str, tuple[str, tuple[int, int]]], base: str) -> list[Row]:
    return [
        Row(
            f"{prefix}{name}.retentionDuration.count",
            f"{low} to {high} {unit.lower()}"
            + hourly * (prefix == RETENTION and name == "dailySchedule"),
            "required",
            "S 1.3, T, M, D 69",
            (LEAVE_OUT, low - 1, high + 1, -high, HUGE),
            (base,),
        )
        for name, (unit, (low, high)) in found.items()
    ]


hourly = f"; of hourly ones {MOST_SNAPSHOTS} divided by the snapshots of a day, less 1"


def categories(prefix: str, base: str) -> list[Row]:
    return [
        Row(
            f"{prefix}retentionPolicyType",
            "`LongTermRetentionPolicy`",
            "required",
            "T",
            (LEAVE_OUT, "SimpleRetentionPolicy"),
            (base,),
        ),
        Row(
            f"{prefix}{ANY}retentionTimes",
            "the time of the schedule, once",
            "required; of hourly ones none",
            "S 1.2, T",
            (*TIMES, ["2026-01-01T21:30:00Z"]),
            (base,),
        ),
        Row(
            f"{prefix}{ANY}retentionDuration.durationType",
            "daily `Days`, weekly `Weeks`, monthly `Months`, yearly `Years`",
            "required",
            "S 1.3",
            (LEAVE_OUT, "Invalid"),
            (base,),
        ),
        Row(
            f"{prefix}weeklySchedule.daysOfTheWeek",
            f"{SEVERAL}the weekdays",
            "required",
            "S 1.3, T",
            (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
            (base,),
        ),
        Row(
            f"{prefix}{LONGER}retentionScheduleFormatType",
            "`Daily`, `Weekly`",
            "required",
            "S 1.3, T",
            (LEAVE_OUT, "Invalid"),
            (base,),
        ),
        Row(
            f"{prefix}{LONGER}retentionScheduleDaily.daysOfTheMonth[].date",
            f"{reach(MONTH_DAYS)}, or 0 beside `isLast`",
            "required without `isLast`",
            "S 1.3, P, D 42",
            (LEAVE_OUT, 0, 29, HUGE),
            (f"{base.removesuffix(' daily')} by day",),
        ),
        Row(
            f"{prefix}{LONGER}retentionScheduleDaily.daysOfTheMonth[].isLast",
            "`true` is the last day of the month",
            "`false`",
            "S 1.3, T",
            ("sometimes",),
            (f"{base.removesuffix(' daily')} by day",),
            code=TYPE,
        ),
        Row(
            f"{prefix}{LONGER}retentionScheduleWeekly.daysOfTheWeek",
            f"{SEVERAL}the weekdays",
            "required",
            "S 1.3, T",
            (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
            (base,),
        ),
        Row(
            f"{prefix}{LONGER}retentionScheduleWeekly.weeksOfTheMonth",
            f"{SEVERAL}{words(WEEKS)}",
            "required",
            "S 1.3, T",
            (LEAVE_OUT, [], ["Fifth"], ["First", "First"]),
            (base,),
        ),
        Row(
            f"{prefix}yearlySchedule.monthsOfYear",
            f"{SEVERAL}{words(MONTHS)}",
            "required",
            "S 1.3, T",
            (LEAVE_OUT, [], ["Smarch"], ["May", "May"]),
            (base,),
        ),
    ]


ROWS = (
    Row("workLoadType", f"`{WORKLOAD}`", f"`{WORKLOAD}`", "T", ("SQLDataBase", ""), (SHARE,)),
    Row(
        "timeZone",
        "a Windows name, as CLDR has them (D 7)",
        "`UTC`; stays",
        "S 1.1, T",
        ("Europe/Berlin",),
        (SHARE,),
    ),
    Row(
        "schedulePolicy.schedulePolicyType",
        "`SimpleSchedulePolicy`",
        "required",
        "T",
        (LEAVE_OUT, "SimpleSchedulePolicyV2"),
        (SHARE, "share hourly"),
    ),
    Row(
        "schedulePolicy.scheduleRunFrequency",
        words(FREQUENCIES),
        "required",
        "T, P, D 69",
        (LEAVE_OUT, "Weekly"),
        (SHARE,),
    ),
    Row(
        "schedulePolicy.scheduleRunTimes",
        f"of daily ones {HALF_HOURS}",
        "required",
        "S 1.2, T",
        TIMES,
        (SHARE, "share vaulted"),
    ),
    Row(
        "schedulePolicy.scheduleWeeklyFrequency",
        f"{reach(WEEKLY_FREQUENCIES)}, shown as 0",
        "0",
        "S 1.1",
        (2, -1, HUGE),
        (SHARE,),
    ),
    Row(
        f"{HOURLY}interval",
        f"{words(FILE_SHARE_INTERVALS)} hours",
        "required",
        "S 1.2, T, P",
        (LEAVE_OUT, 0, 24, HUGE),
        ("share hourly",),
    ),
    Row(
        f"{HOURLY}scheduleWindowStartTime",
        HALF_HOURS,
        "required",
        "T, P",
        (LEAVE_OUT, "soon", "2026-01-01T08:15:00Z"),
        ("share hourly",),
    ),
    Row(
        f"{HOURLY}scheduleWindowDuration",
        f"{reach(FILE_SHARE_WINDOW_HOURS)} hours, no fewer than the interval, and ending by 23:30",
        "required",
        "P, D 69",
        (LEAVE_OUT, FILE_SHARE_WINDOW_HOURS[0] - 1, 16, FILE_SHARE_WINDOW_HOURS[1] + 1, HUGE),
        ("share hourly",),
    ),
    *categories(RETENTION, SHARE),
    *lengths(RETENTION, SNAPSHOT_LENGTHS, SHARE),
    Row(
        "vaultRetentionPolicy.snapshotRetentionInDays",
        f"{reach(SNAPSHOT_DAYS)}, less than the daily retention",
        "required",
        "M, P, T",
        (LEAVE_OUT, SNAPSHOT_DAYS[0] - 1, SNAPSHOT_DAYS[1], SNAPSHOT_DAYS[1] + 1, HUGE),
        ("share vaulted",),
    ),
    *categories(VAULTED, "share vaulted"),
    *lengths(VAULTED, VAULTED_LENGTHS, "share vaulted"),
)
