"""How an alert looks on the wire, and to who is told of it: its essentials, and its context.

The context has the keys of an alert of Azure Backup that was recorded in March 2026; what it says
of items other than databases follows from them (docs/decisions/0125).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from ..domain import alerts, ids
from ..domain.alerts import RULES, Condition
from ..domain.documents import Document
from ..domain.instants import wire
from ..workloads.table import WORKLOADS

_FORMATTED: Mapping[str, str] = {
    "VM": "AzureVM",
    "AzureFileShare": "AzureFileShare",
    "SQLDataBase": "AzureVmSQL",
    "SAPHanaDatabase": "AzureVmSAPHana",
}


def alert_id(alert: Row[Any]) -> str:
    """Return the id of an alert: it lies in its subscription, whatever it is about."""
    own = f"/subscriptions/{alert.subscription}/providers/{alerts.ALERT_TYPE}"
    return f"{own}/{ids.guid(alert.alert_id)}"


def render(alert: Row[Any], *, context: bool) -> Document:
    """Return an alert as the wire shows it, with its context if that is wanted."""
    properties: Document = {"essentials": essentials(alert)}
    if context:
        properties["context"] = context_of(alert)
    return {
        "id": alert_id(alert),
        "type": alerts.ALERT_TYPE,
        "name": alert.rule,
        "properties": properties,
    }


def essentials(alert: Row[Any]) -> Document:
    """Return what alerts of all monitor services say."""
    parts = alert.target_folded.split("/")
    shown = {
        "severity": alerts.severity(alert.severity),
        "signalType": alerts.SIGNAL_TYPE,
        "alertState": alert.state,
        "monitorCondition": alert.condition,
        "targetResource": alert.target_folded,
        "targetResourceName": parts[-1],
        "targetResourceGroup": parts[4],
        "targetResourceType": alerts.TARGET_TYPE,
        "monitorService": alerts.MONITOR_SERVICE,
        "alertRule": alert.rule,
        "sourceCreatedId": origin(alert),
        "startDateTime": wire(alert.fired_at),
        "lastModifiedDateTime": wire(alert.changed_at),
        "lastModifiedUserName": alert.changed_by,
        "actionStatus": {"isSuppressed": bool(alert.is_suppressed)},
        "description": alerts.description(alert.rule, alert.error_code, alert.detail),
    }
    if alert.condition == Condition.RESOLVED:
        shown["monitorConditionResolvedDateTime"] = wire(alert.resolved_at)
    return shown


def origin(alert: Row[Any]) -> str:
    """Return what the backup service calls an alert."""
    return f"{alert.fired_at}_0_{int(alert.alert_id, 16)}"


def context_of(alert: Row[Any]) -> Document:
    """Return what Azure Backup says of an alert."""
    return {
        "alertVersionNumber": "V2020_10",
        "category": RULES[alert.rule].category,
        **(_of_vault(alert) if alert.item_name is None else _of_item(alert)),
        "extendedInfo": {
            "jobId": None if alert.job_id is None else ids.guid(alert.job_id),
            "possibleCauses": None,
            "occurrenceCount": 1,
            "recommendedActions": alerts.advice(alert.rule, alert.error_code),
        },
    }


def _of_vault(alert: Row[Any]) -> Document:
    policy = (alert.detail or {}).get("policy")
    source, kind = alert.target_id, "RecoveryServicesVault"
    if policy is not None:
        source, kind = f"{alert.target_id}/backupPolicies/{policy}", "BackupPolicy"
    return {
        "sourceId": source,
        "sourceType": kind,
        "sourceVersion": None,
        "formattedSourceType": kind,
        "affectedItems": source,
        "protectedItemId": None,
        "linkedResourceId": alert.target_id,
        "linkedResourceName": alert.target_id.rpartition("/")[2],
        "firstLevelContainerId": None,
        "secondLevelContainerId": None,
    }


def _of_item(alert: Row[Any]) -> Document:
    workload = WORKLOADS[alert.workload]
    source = alert.source_id
    if workload.streaming is not None:
        source = f"{source}/providers/Microsoft.RecoveryServices/backupProtectedItem"
        source = f"{source}/{alert.item_name}"
    container_type = workload.container_types[0]
    container = f"{container_type};{alert.container_name}"
    fabric = f"{alert.target_id}/backupFabrics/Azure/protectionContainers"
    return {
        "sourceId": source,
        "sourceType": alert.workload,
        "sourceVersion": container_type,
        "formattedSourceType": _FORMATTED[alert.workload],
        "affectedItems": source,
        "protectedItemId": f"{fabric}/{container}/protectedItems/{alert.item_name}",
        "linkedResourceId": alert.source_id,
        "linkedResourceName": alert.source_id.rpartition("/")[2],
        "firstLevelContainerId": alert.container_name,
        "secondLevelContainerId": None,
    }
