"""The common alert schema: what an action group is told of an alert, and what rules look at.

The fields are Microsoft's (Common alert schema for Azure Monitor alerts); those of ``alertContext``
are what a webhook of Azure Backup gets. An alert is a row of ``store/alert_tables.py``; a value
that only Azure knows is left out, never made up.
"""

from __future__ import annotations

import json
from typing import Any

from . import ids
from .alerts import MONITOR_SERVICE, RULES, SIGNAL_TYPE, Condition, severity
from .documents import Document
from .instants import wire
from .jobs import ERRORS
from .resource_ids import VAULT_TYPE, parse

SCHEMA_ID = "azureMonitorCommonAlertSchema"
_VERSION = "1.0"
_CONTEXT_VERSION = "V2020_10"
_WORKLOADS = {
    "VM": "AzureVM",
    "AzureFileShare": "AzureFileShare",
    "SQLDataBase": "AzureVmSQL",
    "SAPHanaDatabase": "AzureVmSAPHana",
}
"""How ``formattedSourceType`` calls the workloads."""


def payload_of(alert: Any) -> Document:
    """Return what a webhook is sent of an alert that was raised, or resolved."""
    essentials: Document = {
        "alertId": alert_id(alert),
        "alertRule": alert.rule,
        "severity": severity(alert.severity),
        "signalType": SIGNAL_TYPE,
        "monitorCondition": alert.condition,
        "monitoringService": MONITOR_SERVICE,
        "alertTargetIDs": [alert.target_folded],
        "configurationItems": [_target(alert).name.lower()],
        "originAlertId": alert.alert_id,
        "firedDateTime": wire(alert.fired_at),
        "description": description_of(alert),
        "essentialsVersion": _VERSION,
        "alertContextVersion": _VERSION,
        "targetResourceType": VAULT_TYPE.lower(),
        "targetResourceGroup": _target(alert).group.lower(),
    }
    if alert.condition == Condition.RESOLVED:
        essentials["resolvedDateTime"] = wire(alert.resolved_at)
    return {
        "schemaId": SCHEMA_ID,
        "data": {
            "essentials": essentials,
            "alertContext": context_of(alert),
            "customProperties": None,
        },
    }


def alert_id(alert: Any) -> str:
    """Return the resource id of an alert."""
    name = ids.guid(alert.alert_id)
    return f"/subscriptions/{alert.subscription}/providers/Microsoft.AlertsManagement/alerts/{name}"


def context_of(alert: Any) -> Document:
    """Return what Azure Backup says of an alert beyond what all alerts have."""
    rule = RULES[alert.rule]
    context: Document = {
        "category": rule.category,
        "sourceId": alert.target_id,
        "affectedItems": alert.target_id,
        "sourceType": "Vault",
        "alertVersionNumber": _CONTEXT_VERSION,
        "extendedInfo": {
            "jobId": None if alert.job_id is None else ids.guid(alert.job_id),
            "possibleCauses": None,
            "occurrenceCount": 1,
            "recommendedActions": _advice_of(alert),
        },
    }
    if alert.item_name is None:
        return context
    source = f"{alert.source_id}/providers/Microsoft.RecoveryServices/backupProtectedItem"
    linked = parse(alert.source_id or "")
    return context | {
        "sourceId": f"{source}/{alert.item_name}",
        "affectedItems": f"{source}/{alert.item_name}",
        "sourceType": alert.workload,
        "formattedSourceType": _WORKLOADS.get(alert.workload, alert.workload),
        "protectedItemId": (
            f"{alert.target_id}/backupFabrics/Azure/protectionContainers/{alert.container_name}"
            f"/protectedItems/{alert.item_name}"
        ),
        "linkedResourceId": alert.source_id,
        "linkedResourceName": linked.name if linked else alert.entity_name,
        "firstLevelContainerId": (alert.container_name or "").partition(";")[2],
        "secondLevelContainerId": None,
    }


def description_of(alert: Any) -> str:
    """Return what happened, in a sentence or two."""
    error = ERRORS.get(alert.error_code) if alert.error_code else None
    if error is not None:
        return error.message
    return RULES[alert.rule].description.format_map(_Words(alert.detail or {}))


def _advice_of(alert: Any) -> str | None:
    error = ERRORS.get(alert.error_code) if alert.error_code else None
    if error is not None:
        return " ".join(error.recommendations)
    return RULES[alert.rule].advice or None


class _Words(dict[str, Any]):
    """The words of an alert; one that is missing is shown by its name."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def facts_of(alert: Any) -> dict[str, list[str]]:
    """Return what alert processing rules look at: a value, or several, for each of their fields."""
    target = _target(alert)
    group = f"/subscriptions/{target.subscription}/resourceGroups/{target.group}"
    return {
        "Severity": [severity(alert.severity)],
        "MonitorService": [MONITOR_SERVICE],
        "MonitorCondition": [alert.condition],
        "SignalType": [SIGNAL_TYPE],
        "TargetResourceType": [target.type],
        "TargetResource": [alert.target_id],
        "TargetResourceGroup": [target.group, group],
        "AlertRuleId": [],
        "AlertRuleName": [alert.rule],
        "Description": [description_of(alert)],
        "AlertContext": [json.dumps(context_of(alert), ensure_ascii=False)],
    }


def _target(alert: Any) -> Any:
    target = parse(alert.target_id)
    assert target is not None, "an alert is about a vault"
    return target
