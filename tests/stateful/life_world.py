"""The world of the machine of lives: what is in it, and how what is told of it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.stateful.life_model import (
    HERE,
    PAIR,
    Job,
    Plan,
    Point,
)
from tests.stateful.model import (
    DAY,
    HOUR,
    Verdict,
)
from tests.stateful.observed import CLOCK, RESTORED_ID, Watcher, instant, text
from tests.wire import machines
from tests.wire.builders import (
    GROUP_ID,
    STORAGE_ID,
    VAULT_ID,
    item_id,
    vm_body,
    vm_id,
)
from tests.wire.databases import CONTAINER_PATH, SQL_VM, registration
from tests.wire.protected_databases import (
    SALES,
    database_policy,
)
from tests.wire.secondary import STAGING
from tests.wire.secondary_databases import CONTAINERS, FAR_VAULT, FAR_VM
from tests.wire.test_long_term_retention import AT, FIRST_SUNDAY, SUNDAY, kept

TEN_AT_NIGHT, TWO_AT_NIGHT, SUNDAYS, WEDNESDAYS = 22 * HOUR, 2 * HOUR, 0, 3
FULLS = ((SUNDAYS, TWO_AT_NIGHT), (WEDNESDAYS, TWO_AT_NIGHT))
PLANS: Mapping[str, Plan] = {
    "daily": Plan(((None, TEN_AT_NIGHT),), 8 * DAY),
    "tiering": Plan(((SUNDAYS, TEN_AT_NIGHT),), 14 * DAY),
    "plain": Plan(FULLS, 21 * DAY),
    "logs": Plan(FULLS, 21 * DAY, HOUR),
}
"""The policies that do not change; ``mine`` is the database's own, and is edited."""
OF: Mapping[str, str] = {"vm-1": "daily", "vm-2": "tiering", "sales": "mine"}
PATHS: Mapping[str, str] = {"vm-1": item_id("vm-1"), "vm-2": item_id("vm-2"), "sales": SALES}
RESTORES = {"name": RESTORED_ID, "location": "westeurope"}
UNAVAILABLE: Verdict = (503, "ServiceUnavailable")
IMMUTABLE: Verdict = (400, "UserErrorOperationDeniedOnImmutableItem")
NOT_REHYDRATED: Verdict = (409, "UserErrorRecoveryPointNotRehydrated")
NOT_IN_RANGE: Verdict = (400, "UserErrorPointInTimeNotInRange")
MOVE = {"sourceTierType": "HardenedRP", "targetTierType": "ArchivedRP"}
NO_POINT_ID = "1"

names = st.sampled_from([*OF, *OF, "sales"])
vms = st.sampled_from(["vm-1", "vm-2", "vm-2"])
picks = st.integers(0, 30)
regions = st.sampled_from([HERE, HERE, PAIR])


JOBS = f"{VAULT_ID}/backupJobs"
REHYDRATING: Verdict = (409, "UserErrorRecoveryPointRehydrationAlreadyInProgress")
NOT_READY: tuple[Verdict, ...] = tuple(
    (409, code)
    for code in (
        "RecoveryPointTypeNotEligibleForArchive",
        "UserErrorRecoveryPointAlreadyInArchiveTier",
        "UserErrorRecoveryPointMoveAlreadyInProgress",
        "UserErrorRecoveryPointIsNotEligibleForArchiveMove",
        "MinLifeSpanInStandardRequiredForArchive",
        "RecoveryPointHaveActiveDependencies",
        "MinRemainingLifeSpanInArchiveRequired",
    )
)


# --- the world -------------------------------------------------------------------------------


def build(watcher: Watcher) -> None:
    """Empty the world and put what is protected into it, and what restores go to."""
    watcher.ask("POST", "/_emulator/reset")
    watcher.exchanges.clear()
    storage = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    for path, body in (
        (GROUP_ID, {"location": HERE}),
        (RESTORED_ID, {"location": HERE}),
        (STORAGE_ID, {"location": HERE} | storage),
        (STAGING, {"location": PAIR} | storage),
        (VAULT_ID, {"location": HERE}),
        (FAR_VAULT, {"location": PAIR}),
        (vm_id("vm-1"), vm_body()),
        (vm_id("vm-2"), vm_body(gigabytes=500)),
        (SQL_VM, machines.body() | {"tags": {"rsvault-sql": "MSSQLSERVER/sales"}}),
        (
            FAR_VM,
            machines.body() | {"location": PAIR, "tags": {"rsvault-sql": "MSSQLSERVER/other"}},
        ),
    ):
        status, found = watcher.ask("PUT", path, body)
        assert status < 300, found
    watcher.ask("POST", f"{CLOCK}/advance", {"until": "idle"})
    far = f"{FAR_VAULT}{CONTAINERS}/VMAppContainer;Compute;restored;far-1"
    for path, body in (
        (CONTAINER_PATH, registration()),
        (far, registration(vm=FAR_VM)),
        (f"{VAULT_ID}/backupPolicies/daily", _daily()),
        (f"{VAULT_ID}/backupPolicies/tiering", _tiering()),
        (f"{VAULT_ID}/backupPolicies/plain", database_plan(logs=False)),
        (f"{VAULT_ID}/backupPolicies/logs", database_plan(logs=True)),
    ):
        status, found = watcher.ask("PUT", path, body)
        assert status < 300, found
    watcher.ask("POST", f"{CLOCK}/advance", {"until": "idle"})


def database_plan(*, logs: bool) -> dict[str, Any]:
    """Return a policy of the database, which backs up its log every hour or not at all."""
    return database_policy(weeks=3, differential=8, log=7 if logs else 0, every=60)


def _daily() -> dict[str, Any]:
    """Return a policy of daily backups that keeps the first Sunday of a month for a year."""
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": AT,
    }
    retention = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": kept(8, "Days"),
        "monthlySchedule": kept(12, "Months", **FIRST_SUNDAY),
    }
    return _vm_policy(schedulePolicy=schedule, retentionPolicy=retention)


def _tiering() -> dict[str, Any]:
    """Return an Enhanced policy of weekly backups, which moves those of a month to the archive."""
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Weekly",
        "weeklySchedule": {"scheduleRunDays": ["Sunday"], "scheduleRunTimes": AT},
    }
    retention = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "weeklySchedule": kept(2, "Weeks", **SUNDAY),
        "monthlySchedule": kept(12, "Months", **FIRST_SUNDAY),
    }
    after = {"ArchivedRP": {"tieringMode": "TierAfter", "duration": 120, "durationType": "Days"}}
    return _vm_policy(
        policyType="V2",
        schedulePolicy=schedule,
        retentionPolicy=retention,
        tieringPolicy=after,
    )


def _vm_policy(**properties: Any) -> dict[str, Any]:
    shared = {"backupManagementType": "AzureIaasVM", "timeZone": "UTC"}
    return {"properties": shared | properties}


# --- what is told ----------------------------------------------------------------------------


def read_job(entry: dict[str, Any]) -> Job:
    """Read a job, of either region."""
    shown = entry["properties"]
    return Job(
        entry["name"],
        shown["entityFriendlyName"].partition(" ")[0],
        shown["operation"],
        shown["status"],
        instant(shown["startTime"]),
        instant(shown["endTime"]) if "endTime" in shown else None,
        shown.get("isUserTriggered", True),
    )


def read_point(entry: dict[str, Any]) -> Point:
    """Read a recovery point, of a VM or of a database."""
    shown = entry["properties"]
    tiers = {each["type"]: each for each in shown["recoveryPointTierDetails"]}
    archive = tiers.get("ArchivedRP", {})
    until = archive.get("extendedInfo", {}).get("RehydratedRPExpiryTime")
    expiry = shown.get("recoveryPointProperties", {}).get("expiryTime")
    ready = shown["recoveryPointMoveReadinessInfo"]["ArchivedRP"]["isReadyForMove"]
    disks = shown.get("recoveryPointDiskConfiguration", {}).get("includedDiskList", [])
    prints = [disk["contentFingerprint"] for disk in disks] or [shown["contentFingerprint"]]
    return Point(
        name=entry["name"],
        taken=instant(shown.get("recoveryPointTime") or shown["recoveryPointTimeInUTC"]),
        kind=shown.get("type", ""),
        snapshot=tiers.get("InstantRP", {}).get("status") == "Valid",
        vaulted=tiers.get("HardenedRP", {}).get("status") == "Valid",
        archived=bool(archive),
        rehydrated_until=None if until is None else instant(until),
        ready=ready,
        expires=None if expiry is None else instant(expiry),
        prints=tuple(prints),
    )


def filter_date(at: int) -> str:
    """Write an instant as filters of jobs have it."""
    whole = text(at)
    hour = int(whole[11:13])
    half = "AM" if hour < 12 else "PM"
    return f"{whole[:10]} {(hour + 11) % 12 + 1:02d}{whole[13:19]} {half}"


def whole(at: int) -> str:
    """Write an instant in whole seconds."""
    return f"{text(at)[:19]}Z"
