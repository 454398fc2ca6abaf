"""What is told of an alert: in the common alert schema to webhooks, and to rules as facts.

The fields of the schema are Microsoft's (Common alert schema for Azure Monitor alerts), in the
spelling of a webhook of Azure Backup that was recorded in March 2026; what only Azure knows, such
as a link into the portal, is left out.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from ..domain.alerts import Condition
from ..domain.documents import Document
from ..domain.instants import wire
from .alert_documents import alert_id, context_of, essentials

SCHEMA_ID = "azureMonitorCommonAlertSchema"
_VERSION = "1.0"


def payload_of(alert: Row[Any]) -> Document:
    """Return what a webhook is sent of an alert that was raised, or resolved."""
    shown = essentials(alert)
    told: Document = {
        "alertId": alert_id(alert),
        "alertRule": shown["alertRule"],
        "severity": shown["severity"],
        "signalType": shown["signalType"],
        "monitorCondition": shown["monitorCondition"],
        "monitoringService": shown["monitorService"],
        "alertTargetIDs": [shown["targetResource"]],
        "configurationItems": [shown["targetResourceName"]],
        "originAlertId": shown["sourceCreatedId"],
        "firedDateTime": wire(alert.fired_at),
        "description": shown["description"],
        "essentialsVersion": _VERSION,
        "alertContextVersion": _VERSION,
        "targetResourceType": shown["targetResourceType"],
        "targetResourceGroup": shown["targetResourceGroup"],
    }
    if alert.condition == Condition.RESOLVED:
        told["resolvedDateTime"] = wire(alert.resolved_at)
    context = {"alertContext": context_of(alert), "customProperties": None}
    return {"schemaId": SCHEMA_ID, "data": {"essentials": told, **context}}


def facts_of(alert: Row[Any]) -> dict[str, list[str]]:
    """Return what alert processing rules look at: one value, or several, for each field of theirs.

    A built-in alert has no rule that would be a resource with an id.
    """
    shown = essentials(alert)
    group = alert.target_id.lower().partition("/providers/")[0]
    return {
        "Severity": [shown["severity"]],
        "MonitorService": [shown["monitorService"]],
        "MonitorCondition": [shown["monitorCondition"]],
        "SignalType": [shown["signalType"]],
        "TargetResourceType": [shown["targetResourceType"]],
        "TargetResource": [shown["targetResource"]],
        "TargetResourceGroup": [shown["targetResourceGroup"], group],
        "AlertRuleId": [],
        "AlertRuleName": [shown["alertRule"]],
        "Description": [shown["description"]],
        "AlertContext": [json.dumps(context_of(alert), ensure_ascii=False)],
    }
