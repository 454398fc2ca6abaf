"""The rows of docs/policies.md on policies of databases."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from app.domain.retention_documents import LENGTHS, MONTH_DAYS
from app.domain.retention_rules import MONTHS, WEEKS
from app.domain.schedule_documents import LOG_MINUTES, WEEKLY_FREQUENCIES
from app.domain.tiering_documents import DATABASE_MODES, DAYS_LEFT, DAYS_OF, FEWEST_DAYS
from app.domain.workload_documents import (
    DEFAULT_SNAPSHOT_DAYS,
    DELTA_DAYS,
    LOG_DAYS,
    SNAPSHOT_DAYS,
    WORKLOADS,
)
from tests.house.policy_rows import (
    ANY,
    AT,
    BY_DAY,
    BY_WEEK,
    HALF_HOURS,
    HUGE,
    LEAVE_OUT,
    LONGER,
    POLICY,
    SEVERAL,
    TIMES,
    TYPE,
    Row,
    kept,
    reach,
    words,
)

TEXT = """An AzureWorkload policy has one part for each type of backup:

"""
TEXT += "\n".join(
    f"- `{name}`: {words(kind.types)}"
    + (f"; {words(kind.needed)} must be there" if kind.needed else "; one of them must be there")
    for name, kind in WORKLOADS.items()
)
TEXT += """

Full and Differential (or Incremental) backups are never on one day, so these need a weekly Full.
Neither outlives the longest rule of Full, and the log is kept for fewer days than Differential
(`UserErrorLogRetentionMoreThanDiffRetentionInPolicy`)."""

FULL, DELTA, LOG, SNAPSHOT = "SQL full", "SQL differential", "SQL log", "HANA snapshot"
RETENTION = "BMSUserErrorPolicyRetentionInvalid"
LOG_RETENTION = "UserErrorLogRetentionNotInValidRangeInPolicy"


def simple(days: int) -> dict[str, Any]:
    return {
        "retentionPolicyType": "SimpleRetentionPolicy",
        "retentionDuration": {"count": days, "durationType": "Days"},
    }


def runs(frequency: str, **days: Any) -> dict[str, Any]:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": frequency,
        "scheduleRunTimes": [AT],
        **days,
    }


def full(frequency: str, by: dict[str, Any]) -> dict[str, Any]:
    days = {"scheduleRunDays": ["Sunday"]} if frequency == "Weekly" else {}
    daily = {"dailySchedule": kept(30, "Days")} if frequency == "Daily" else {}
    return {
        "policyType": "Full",
        "schedulePolicy": runs(frequency, **days),
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            **daily,
            "weeklySchedule": kept(104, "Weeks", daysOfTheWeek=["Sunday"]),
            "monthlySchedule": kept(60, "Months", **by),
            "yearlySchedule": kept(10, "Years", monthsOfYear=["January"], **by),
        },
        "tieringPolicy": {
            "ArchivedRP": {"tieringMode": "TierAfter", "duration": 45, "durationType": "Days"}
        },
    }


DIFFERENTIAL = {
    "policyType": "Differential",
    "schedulePolicy": runs("Weekly", scheduleRunDays=["Monday", "Friday"]),
    "retentionPolicy": simple(60),
}
LOGS = {
    "policyType": "Log",
    "schedulePolicy": {"schedulePolicyType": "LogSchedulePolicy", "scheduleFrequencyInMins": 60},
    "retentionPolicy": simple(15),
}
GUID = "11111111-1111-1111-1111-111111111111"
WEEKLY = full("Weekly", BY_WEEK)
INSTANCE = {
    "policyType": "SnapshotFull",
    "schedulePolicy": runs("Daily"),
    "retentionPolicy": full("Daily", BY_WEEK)["retentionPolicy"],
    "snapshotBackupAdditionalDetails": {
        "instantRpRetentionRangeInDays": 5,
        "instantRPDetails": "snapshots",
        "userAssignedManagedIdentityDetails": {
            "identityArmId": f"/subscriptions/{GUID}/resourceGroups/sap/providers"
            "/Microsoft.ManagedIdentity/userAssignedIdentities/hana",
            "identityName": "hana",
            "userAssignedIdentityProperties": {"clientId": "c", "principalId": "p"},
        },
    },
}


def body(workload: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(
        {
            "backupManagementType": "AzureWorkload",
            "workLoadType": workload,
            "vmWorkloadPolicyType": "Streaming",
            "settings": {"timeZone": "UTC", "issqlcompression": False, "isCompression": False},
            "subProtectionPolicy": list(parts),
        }
    )


BASES = {
    FULL: body("SQLDataBase", WEEKLY, DIFFERENTIAL, LOGS),
    "SQL daily": body("SQLDataBase", full("Daily", BY_WEEK), LOGS),
    "SQL by day": body("SQLDataBase", full("Daily", BY_DAY), LOGS),
    DELTA: body("SQLDataBase", DIFFERENTIAL, WEEKLY, LOGS),
    LOG: body("SQLDataBase", LOGS, WEEKLY, DIFFERENTIAL),
    "HANA incremental": body(
        "SAPHanaDatabase", DIFFERENTIAL | {"policyType": "Incremental"}, WEEKLY, LOGS
    ),
    "ASE": body("SAPAseDatabase", WEEKLY, DIFFERENTIAL, LOGS),
    SNAPSHOT: body("SAPHanaDBInstance", INSTANCE),
}
PART = "subProtectionPolicy[]."
SCHEDULE = f"{PART}schedulePolicy."
KEPT = f"{PART}retentionPolicy."
TIER = f"{PART}tieringPolicy.ArchivedRP."
DETAILS = f"{PART}snapshotBackupAdditionalDetails."


def row(
    path: str,
    allowed: str,
    left_out: str,
    source: str,
    wrong: Sequence[Any],
    *bases: str,
    code: str = POLICY,
) -> Row:
    return Row(path, allowed, left_out, source, wrong, bases or (FULL,), code)


ROWS = (
    row(
        "workLoadType",
        f"{words(tuple(WORKLOADS))}; stays as created; `SQLInstance` is `NotSupported`",
        "required",
        "S 7.3, D 70",
        (LEAVE_OUT, "AzureFileShare", ""),
    ),
    row(
        "vmWorkloadPolicyType",
        "`Streaming`; `SnapshotV1` and `SnapshotV2` are `NotSupported`",
        "none; does not stay",
        "S 7.3, D 70",
        ("V1", "Invalid"),
    ),
    row(
        "makePolicyConsistent",
        "true or false; not shown",
        "`false`",
        "S 7.3",
        ("maybe",),
        code=TYPE,
    ),
    row(
        "settings.timeZone",
        "a Windows name, as CLDR has them (D 7)",
        "`UTC`; stays",
        "T",
        ("Europe/Berlin",),
    ),
    row(
        "settings.isCompression",
        "true or false",
        "as `issqlcompression`; stays; `false`",
        "T, D 70",
        ("maybe",),
        code=TYPE,
    ),
    row(
        "settings.issqlcompression",
        "true or false, shown as `isCompression` is",
        "as `isCompression`",
        "D 70",
        ("maybe",),
        code=TYPE,
    ),
    row(
        f"{PART}policyType",
        "those of the workload, each once",
        "required",
        "S 7.3, M, D 70",
        (LEAVE_OUT, "Incremental", "SnapshotFull", "CopyOnlyFull"),
    ),
    row(
        f"{SCHEDULE}schedulePolicyType",
        "`SimpleSchedulePolicy`; of Log `LogSchedulePolicy`",
        "required",
        "T",
        (LEAVE_OUT, "SimpleSchedulePolicyV2"),
        FULL,
        DELTA,
        LOG,
        SNAPSHOT,
    ),
    row(
        f"{SCHEDULE}scheduleRunFrequency",
        "of Full `Daily`, `Weekly`; of Differential and Incremental `Weekly`; of snapshots `Daily`",
        "required",
        "S 7.3, T, M",
        (LEAVE_OUT, "Hourly"),
        FULL,
        DELTA,
        "HANA incremental",
        SNAPSHOT,
    ),
    row(
        f"{SCHEDULE}scheduleRunDays",
        f"of weekly ones {SEVERAL}the weekdays, none of another part",
        "required",
        "S 7.3, T, M",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        FULL,
        DELTA,
        "HANA incremental",
        "ASE",
    ),
    row(
        f"{SCHEDULE}scheduleRunTimes",
        f"but for Log {HALF_HOURS}",
        "required",
        "T",
        TIMES,
        FULL,
        DELTA,
        SNAPSHOT,
    ),
    row(
        f"{SCHEDULE}scheduleWeeklyFrequency",
        f"{reach(WEEKLY_FREQUENCIES)}, shown as 0",
        "0",
        "S 1.1",
        (2, -1, HUGE),
        FULL,
        DELTA,
    ),
    row(
        f"{SCHEDULE}scheduleFrequencyInMins",
        f"of Log {words(LOG_MINUTES)}",
        "required",
        "S 7.3, T",
        (LEAVE_OUT, 0, 45, HUGE),
        LOG,
    ),
    row(
        f"{KEPT}retentionPolicyType",
        "of Full and SnapshotFull `LongTermRetentionPolicy`; else `SimpleRetentionPolicy`",
        "required",
        "T",
        (LEAVE_OUT, "Invalid"),
        FULL,
        DELTA,
        LOG,
        SNAPSHOT,
    ),
    row(
        f"{KEPT}retentionDuration.count",
        f"of Differential and Incremental {reach(DELTA_DAYS)} days, of Log {reach(LOG_DAYS)} "
        f"(`{LOG_RETENTION}`)",
        "required",
        "S 7.3, M",
        (LEAVE_OUT, DELTA_DAYS[0] - 1, DELTA_DAYS[1] + 1, HUGE),
        DELTA,
        "HANA incremental",
        code=RETENTION,
    ),
    row(
        f"{KEPT}retentionDuration.durationType",
        "of simple ones `Days`",
        "required",
        "T",
        (LEAVE_OUT, "Weeks"),
        DELTA,
        LOG,
    ),
    row(
        f"{KEPT}{ANY}retentionTimes",
        "the time of the part's schedule, once",
        "required",
        "S 1.2, P",
        (*TIMES, ["2026-01-01T21:30:00Z"]),
        "SQL daily",
        SNAPSHOT,
    ),
    *(
        row(
            f"{KEPT}{name}.retentionDuration.count",
            f"{low} to {high} {unit.lower()}",
            "required",
            "S 7.3, T",
            (LEAVE_OUT, low - 1, high + 1, HUGE),
            "SQL daily",
            SNAPSHOT,
            code=RETENTION,
        )
        for name, (unit, (low, high)) in LENGTHS.items()
    ),
    row(
        f"{KEPT}{ANY}retentionDuration.durationType",
        "daily `Days`, weekly `Weeks`, monthly `Months`, yearly `Years`",
        "required",
        "S 1.3",
        (LEAVE_OUT, "Invalid"),
        "SQL daily",
    ),
    row(
        f"{KEPT}weeklySchedule.daysOfTheWeek",
        f"{SEVERAL}the weekdays; with a weekly schedule all of its days",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        "SQL daily",
        FULL,
    ),
    row(
        f"{KEPT}{LONGER}retentionScheduleFormatType",
        "`Daily`, `Weekly`; with a weekly schedule only `Weekly`",
        "required",
        "S 1.3, T",
        (LEAVE_OUT, "Invalid", "Daily"),
        FULL,
    ),
    row(
        f"{KEPT}{LONGER}retentionScheduleDaily.daysOfTheMonth[].date",
        f"{reach(MONTH_DAYS)}, or 0 beside `isLast`",
        "required without `isLast`",
        "S 1.3, T",
        (LEAVE_OUT, 0, 29, HUGE),
        "SQL by day",
    ),
    row(
        f"{KEPT}{LONGER}retentionScheduleDaily.daysOfTheMonth[].isLast",
        "`true` is the last day of the month",
        "`false`",
        "S 1.3, T",
        ("sometimes",),
        "SQL by day",
        code=TYPE,
    ),
    row(
        f"{KEPT}{LONGER}retentionScheduleWeekly.daysOfTheWeek",
        f"{SEVERAL}the weekdays; with a weekly schedule days of it",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        FULL,
    ),
    row(
        f"{KEPT}{LONGER}retentionScheduleWeekly.weeksOfTheMonth",
        f"{SEVERAL}{words(WEEKS)}",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Fifth"], ["First", "First"]),
    ),
    row(
        f"{KEPT}yearlySchedule.monthsOfYear",
        f"{SEVERAL}{words(MONTHS)}",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Smarch"], ["May", "May"]),
    ),
    row(
        f"{TIER}tieringMode",
        f"of Full {words(DATABASE_MODES)}; the first needs any retention {DAYS_LEFT} days longer "
        "than it takes",
        "stays; none",
        "P, D 70",
        (LEAVE_OUT, "TierRecommended"),
    ),
    row(
        f"{TIER}duration",
        f"of `TierAfter` {FEWEST_DAYS} days or more, else 0",
        "0",
        "P",
        (LEAVE_OUT, FEWEST_DAYS - 1, -5, HUGE),
    ),
    row(
        f"{TIER}durationType",
        f"of `TierAfter` {words(tuple(DAYS_OF))}, else `Invalid`",
        "`Invalid`",
        "S 1.6",
        (LEAVE_OUT, "Invalid", "Hours"),
    ),
    row(
        f"{DETAILS}instantRpRetentionRangeInDays",
        f"of snapshots {reach(SNAPSHOT_DAYS)} days",
        str(DEFAULT_SNAPSHOT_DAYS),
        "M",
        (SNAPSHOT_DAYS[0] - 1, SNAPSHOT_DAYS[1] + 1, HUGE),
        SNAPSHOT,
    ),
    row(
        f"{DETAILS}instantRPDetails",
        "the name of a resource group",
        "none",
        "M",
        ("a b", "x" * 91, "ends."),
        SNAPSHOT,
    ),
    row(
        f"{DETAILS}userAssignedManagedIdentityDetails.identityArmId",
        "the id of a user-assigned managed identity",
        "required of an identity",
        "M",
        (LEAVE_OUT, "hana", "/subscriptions/s/resourceGroups/g"),
        SNAPSHOT,
    ),
    row(
        f"{DETAILS}userAssignedManagedIdentityDetails.identityName",
        "a text",
        "none",
        "S 7.3",
        ([],),
        SNAPSHOT,
        code=TYPE,
    ),
    row(
        f"{DETAILS}userAssignedManagedIdentityDetails.userAssignedIdentityProperties."
        "{clientId,principalId}",
        "a text",
        "none",
        "S 7.3",
        ([],),
        SNAPSHOT,
        code=TYPE,
    ),
)  # fmt: skip
