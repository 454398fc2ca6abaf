"""How a protected item looks on the wire (azure-cli-wire 5, azure-backup-semantics 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, Row, case, func, not_, or_, select

from ...arm.calls import Call
from ...domain.documented_errors import JobError
from ...domain.instants import DAY, NEVER_BACKED_UP, time_span, wire
from ...domain.jobs import CANCELLED_BY_USER, ERRORS, Status
from ...domain.resource_ids import VAULT_TYPE
from ...store.tables import items, jobs, policies, recovery_points
from ...workloads.table import WORKLOADS
from .job_filters import IS_RESTORE
from .paths import item_id

ITEM_TYPE = f"{VAULT_TYPE}/backupFabrics/protectionContainers/protectedItems"
UPCOMING = 2 * DAY
"""The service warns two days before it purges."""
HEALTH = {Status.FAILED: "ActionRequired", Status.COMPLETED_WITH_WARNINGS: "ActionSuggested"}
"""What a backup that did not go well makes of its item's health."""
_VAULTED = [each.name for each in WORKLOADS.values() if each.always_vaulted]


def show(call: Call, vault: Row[Any], item: Row[Any]) -> dict[str, Any]:
    """Return one item as the wire shows it."""
    facts = facts_of(call, [item.key])[item.key]
    return render(call, vault, item, policy_name_of(call, item), facts)


def render(
    call: Call, vault: Row[Any], item: Row[Any], policy_name: str, facts: Facts
) -> dict[str, Any]:
    """Return an item as the wire shows it; absent is not null."""
    workload = WORKLOADS[item.workload]
    health = _health(item, facts.last_restore)
    kpis = {name: health.pop(name) for name in list(health) if name == "kpisHealths"}
    properties = {
        "friendlyName": item.friendly_name,
        "sourceResourceId": item.source_id,
        "protectionStatus": "Healthy" if _is_healthy(item) else "Unhealthy",
        "protectionState": item.state,
        "lastBackupStatus": item.last_backup_status,
        "lastBackupTime": NEVER_BACKED_UP
        if item.last_backup_at is None
        else wire(item.last_backup_at),
        "policyId": f"{vault.id}/backupPolicies/{policy_name}" if policy_name else "",
        "policyName": policy_name,
        # Recordings have an absolute URL here; bodies must not depend on the port (0006).
        "vaultId": vault.id,
        "isArchiveEnabled": facts.points.newest_archived_at is not None,
        "softDeleteRetentionPeriodInDays": item.soft_delete_days or 0,
        "protectedItemType": workload.item_type,
        "backupManagementType": workload.management_type,
        "workloadType": workload.name,
        "containerName": item.container_name,
        "sourceLocation": vault.location,
        "sourceSideScanInfo": _scan(vault, item),
        "extendedInfo": _extended_info(facts.points) | workload.item_info(item, call.now),
        **_last_point(call, item),
        **kpis,
        **workload.item(item, health),
        **_deferred_delete(call, item),
    }
    path = item_id(vault, item)
    return {"id": path, "name": item.name, "type": ITEM_TYPE, "properties": properties}


def is_scanned(vault: Row[Any], item: Row[Any]) -> bool:
    """Tell whether an item's source is scanned: by its own switch, else by the vault's."""
    if item.source_scan is not None:
        return bool(item.source_scan)
    configuration = vault.properties["securitySettings"]["sourceScanConfiguration"]
    return bool(configuration["state"] == "Enabled")


def _scan(vault: Row[Any], item: Row[Any]) -> dict[str, Any]:
    """What is known of threats: whether they are looked for; nothing here finds any."""
    status = "Configured" if is_scanned(vault, item) else "NotConfigured"
    return {"sourceSideScanStatus": status, "sourceSideScanSummary": "Unknown"}


def _is_healthy(item: Row[Any]) -> bool:
    return bool(item.last_backup_status != Status.FAILED)


def _last_point(call: Call, item: Row[Any]) -> dict[str, Any]:
    """Name the newest point that can be seen."""
    hide = call.rules.hide_unvaulted_points and WORKLOADS[item.workload].always_vaulted
    newest = item.latest_vaulted_at if hide else item.latest_snapshot_at
    return {} if newest is None else {"lastRecoveryPoint": wire(newest)}


_PRE_CHECK_OK = {
    "code": 400239,
    "title": "IaasVmHealthGreenDefault",
    "message": "Backup pre-check status of this virtual machine is OK.",
    "recommendations": [],
}
_SUCCESS = {"code": 0, "title": "Success", "message": "", "recommendations": []}


def _detail(error: JobError) -> dict[str, Any]:
    return {
        "code": error.number,
        "title": error.title,
        "message": error.message,
        "recommendations": list(error.recommendations),
    }


def _health(item: Row[Any], last_restore: Row[Any] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"healthStatus": HEALTH.get(item.last_backup_status, "Passed")}
    kpis: dict[str, Any] = {}
    if item.last_backup_at is not None or item.last_error is not None:
        kpis["BackupOperationStatusKPI"] = _kpi(item.last_error)
        error = ERRORS.get(item.last_error) if item.last_error else None
        if error is not None and item.last_error != CANCELLED_BY_USER:
            shown["healthDetails"] = [_detail(error)]
        elif item.last_backup_at is not None:
            shown["healthDetails"] = [_PRE_CHECK_OK]
    if last_restore is not None:
        kpis["RestoreOperationStatusKPI"] = _kpi(last_restore.error_code)
    if kpis:
        shown["kpisHealths"] = kpis
    return shown


def _kpi(error_code: str | None) -> dict[str, Any]:
    """How an operation went the last time; the recordings degrade it after a cancellation too."""
    error = ERRORS.get(error_code) if error_code else None
    return {
        "resourceHealthStatus": "Healthy" if error is None else "TransientDegraded",
        "resourceHealthDetails": [_SUCCESS if error is None else _detail(error)],
    }


@dataclass(frozen=True, slots=True)
class Points:
    """What an item's recovery points come to: how many there are, and the ends of each tier."""

    count: int = 0
    oldest_at: int | None = None
    oldest_vaulted_at: int | None = None
    oldest_archived_at: int | None = None
    newest_archived_at: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What an item shows that other tables know: its points, and its last restore that ended."""

    points: Points
    last_restore: Row[Any] | None


def facts_of(call: Call, keys: Sequence[int]) -> dict[int, Facts]:
    """Return the facts of some items, in two queries."""
    points = _points_of(call, keys)
    restores = _last_restores(call, keys)
    return {key: Facts(points.get(key, Points()), restores.get(key)) for key in keys}


def _last_restores(call: Call, keys: Sequence[int]) -> dict[int, Row[Any]]:
    latest = (
        select(jobs.c.item_key, func.max(jobs.c.ended_at).label("ended_at"))
        .where(IS_RESTORE, jobs.c.item_key.in_(keys))
        .group_by(jobs.c.item_key)
        .subquery()
    )
    rows: CursorResult[Any] = call.connection.execute(
        select(jobs.c.item_key, jobs.c.error_code)
        .join(
            latest, (latest.c.item_key == jobs.c.item_key) & (latest.c.ended_at == jobs.c.ended_at)
        )
        .where(IS_RESTORE)
        .order_by(jobs.c.started_at, jobs.c.ordinal)
    )
    return {row.item_key: row for row in rows}


def _points_of(call: Call, keys: Sequence[int]) -> dict[int, Points]:
    """Return what the recovery points of items that a list shows come to, in one query."""
    points = recovery_points.c
    in_archive = points.archived_at.is_not(None)
    vaulted_at = case((in_archive, None), (points.vaulted_at.is_not(None), points.taken_at))
    archived_at = case((in_archive, points.taken_at))
    found = select(
        points.item_key,
        func.count(),
        func.min(points.taken_at),
        func.min(vaulted_at),
        func.min(archived_at),
        func.max(archived_at),
    )
    if call.rules.hide_unvaulted_points:
        others = select(items.c.key).where(items.c.key.in_(keys), ~items.c.workload.in_(_VAULTED))
        found = found.where(or_(points.vaulted_at.is_not(None), points.item_key.in_(others)))
    rows = call.connection.execute(
        found.where(points.item_key.in_(keys), not_(points.soft_deleted)).group_by(points.item_key)
    ).all()
    return {key: Points(*rest) for key, *rest in rows}


def _extended_info(points: Points) -> dict[str, Any]:
    ends = {
        "oldestRecoveryPoint": points.oldest_at,
        "oldestRecoveryPointInVault": points.oldest_vaulted_at,
        "oldestRecoveryPointInArchive": points.oldest_archived_at,
        "newestRecoveryPointInArchive": points.newest_archived_at,
    }
    shown = {name: wire(at) for name, at in ends.items() if at is not None}
    return {"recoveryPointCount": points.count, **shown}


def _deferred_delete(call: Call, item: Row[Any]) -> dict[str, Any]:
    """The fields that are there only while an item is soft-deleted."""
    if item.deleted_at is None:
        return {}
    left = item.purge_at - call.now
    return {
        "isScheduledForDeferredDelete": True,
        "deferredDeleteTimeInUTC": wire(item.deleted_at),
        "deferredDeleteTimeRemaining": time_span(left),
        "isDeferredDeleteScheduleUpcoming": left <= UPCOMING,
    }


def policy_name_of(call: Call, item: Row[Any]) -> str:
    """Return the name of an item's policy, empty if it has none."""
    if item.policy_key is None:
        return ""
    return call.connection.execute(
        select(policies.c.name).where(policies.c.key == item.policy_key)
    ).scalar_one()
