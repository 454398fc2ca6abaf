"""What the tests of protected databases build worlds from: policies, items, points, restores."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import FABRIC_ID, GROUP_ID, VAULT_ID, advance, done, finish, job_of, listed
from tests.wire.databases import CONTAINER_PATH, SQL_VM, policy_id, put_vm, register, server_world

SALES = f"{CONTAINER_PATH}/protectedItems/SQLDataBase;mssqlserver;sales"
HANA_VM = f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachines/hana-1"
HANA_PATH = f"{FABRIC_ID}/protectionContainers/VMAppContainer;Compute;group-1;hana-1"
ERP = f"{HANA_PATH}/protectedItems/SAPHanaDatabase;hdb;erp"
RANGE = "DefaultRangeRecoveryPoint"
WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
SQL = ("SQLDataBase", "AzureVmWorkloadSQLDatabase")
HANA = ("SAPHanaDatabase", "AzureVmWorkloadSAPHanaDatabase")


def schedule(at: str, *days: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Weekly" if days else "Daily",
        "scheduleRunTimes": [f"2026-01-01T{at}:00Z"],
    }
    return found | ({"scheduleRunDays": list(days)} if days else {})


def simple(days: int) -> dict[str, Any]:
    duration = {"count": days, "durationType": "Days"}
    return {"retentionPolicyType": "SimpleRetentionPolicy", "retentionDuration": duration}


def log_part(every: int, days: int) -> dict[str, Any]:
    logs = {"schedulePolicyType": "LogSchedulePolicy", "scheduleFrequencyInMins": every}
    return {"policyType": "Log", "schedulePolicy": logs, "retentionPolicy": simple(days)}


def database_policy(
    workload: str = SQL[0],
    *,
    days: int = 0,
    weeks: int = 4,
    differential: int = 0,
    incremental: int = 0,
    log: int = 15,
    every: int = 60,
) -> dict[str, Any]:
    """Return a policy: full on Sundays at 02:00, or daily where ``days`` are kept; differential on
    Wednesdays, incremental on Tuesdays and Thursdays; a log, unless it is kept for no days."""
    times = ["2026-01-01T02:00:00Z"]
    rule: dict[str, Any] = {"retentionTimes": times}
    retention: dict[str, Any] = {"retentionPolicyType": "LongTermRetentionPolicy"}
    if days:
        rule["retentionDuration"] = {"count": days, "durationType": "Days"}
        retention["dailySchedule"] = rule
        full = schedule("02:00")
    else:
        rule["retentionDuration"] = {"count": weeks, "durationType": "Weeks"}
        retention["weeklySchedule"] = rule | {"daysOfTheWeek": ["Sunday"]}
        full = schedule("02:00", "Sunday")
    parts = [{"policyType": "Full", "schedulePolicy": full, "retentionPolicy": retention}]
    for kind, kept, on in (
        ("Differential", differential, ["Wednesday"]),
        ("Incremental", incremental, ["Tuesday", "Thursday"]),
    ):
        if kept:
            run = {"schedulePolicy": schedule("02:00", *on), "retentionPolicy": simple(kept)}
            parts.append({"policyType": kind, **run})
    if log:
        parts.append(log_part(every, log))
    return {
        "properties": {
            "backupManagementType": "AzureWorkload",
            "workLoadType": workload,
            "settings": {"timeZone": "UTC", "issqlcompression": False, "isCompression": False},
            "subProtectionPolicy": parts,
        }
    }


def put_database_policy(arm: httpx.Client, name: str = "sql", **how: Any) -> None:
    done(arm.put(policy_id(name), json=database_policy(**how)))


def database_body(kind: str = SQL[1], **properties: Any) -> dict[str, Any]:
    return {"properties": {"protectedItemType": kind} | properties}


def protect_database(
    arm: httpx.Client, path: str = SALES, policy: str = "sql", kind: str = SQL[1]
) -> None:
    finish(arm, arm.put(path, json=database_body(kind, policyId=policy_id(policy))))


def sql_world(arm: httpx.Client, *, sql: str = "MSSQLSERVER/sales,hr", **policy: Any) -> None:
    """Build a registered VM with SQL Server, a policy, and the protected database sales."""
    server_world(arm, sql)
    register(arm)
    put_database_policy(arm, **policy)
    protect_database(arm)


def hana_world(arm: httpx.Client, **policy: Any) -> None:
    """Build a registered VM with SAP HANA beside it, a policy, and the protected database ERP."""
    done(put_vm(arm, HANA_VM, hana="HDB/ERP"))
    body = {"containerType": "VMAppContainer", "backupManagementType": "AzureWorkload"}
    body |= {"workloadType": HANA[0], "sourceResourceId": HANA_VM}
    finish(arm, arm.put(HANA_PATH, json={"properties": body}))
    put_database_policy(arm, "hana", workload=HANA[0], **policy)
    protect_database(arm, ERP, "hana", HANA[1])


def ask_backup(
    arm: httpx.Client, kind: str | None, path: str = SALES, until: str | None = None
) -> httpx.Response:
    asked: dict[str, Any] = {"objectType": "AzureWorkloadBackupRequest"}
    if kind is not None:
        asked["backupType"] = kind
    if until is not None:
        asked["recoveryPointExpiryTimeInUTC"] = until
    return arm.post(f"{path}/backup", json={"properties": asked})


def back_up_database(arm: httpx.Client, kind: str = "Full", path: str = SALES, **how: Any) -> str:
    """Take a backup, wait until it is there, and return its job's id."""
    job_id = job_of(arm, ask_backup(arm, kind, path, **how))
    advance(arm, until="idle")
    return job_id


def points(arm: httpx.Client, path: str = SALES, **query: str) -> list[dict[str, Any]]:
    """Return an item's recovery points, newest first, without the one of the log."""
    found = listed(arm, f"{path}/recoveryPoints", **query)
    return [each for each in found if each["name"] != RANGE]


def kinds(arm: httpx.Client, path: str = SALES, **query: str) -> list[tuple[str, str]]:
    """Return the types and instants of an item's recovery points, newest first."""
    shown = (each["properties"] for each in points(arm, path, **query))
    return [(each["type"], each["recoveryPointTimeInUTC"]) for each in shown]


def log_ranges(arm: httpx.Client, path: str = SALES, **query: str) -> list[tuple[str, str]]:
    found = listed(arm, f"{path}/recoveryPoints", **query)
    assert found[-1]["name"] == RANGE, found
    shown = found[-1]["properties"]["timeRanges"]
    return [(each["startTime"], each["endTime"]) for each in shown]


def restore_body(kind: str = "AzureWorkloadSQLRestoreRequest", **asked: Any) -> dict[str, Any]:
    shared = {"objectType": kind, "recoveryType": "AlternateLocation", "sourceResourceId": SQL_VM}
    return {"properties": shared | asked}


def target(name: str = "MSSQLSERVER/copy", option: str = "FailOnConflict") -> dict[str, str]:
    return {"containerId": CONTAINER_PATH, "databaseName": name, "overwriteOption": option}


def restore(arm: httpx.Client, body: dict[str, Any], point: str, path: str = SALES) -> Any:
    """Restore a point, wait until the job is over, and return it."""
    answer = arm.post(f"{path}/recoveryPoints/{point}/restore", json=body)
    job_id = job_of(arm, answer)
    advance(arm, until="idle")
    return done(arm.get(f"{VAULT_ID}/backupJobs/{job_id}")).json()["properties"]
