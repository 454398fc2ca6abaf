"""How a vault looks on the wire, and what it is born with (azure-cli-wire 4.1)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...arm.etags import digest
from ...domain import vault_settings
from ...domain.documents import merge
from ...domain.instants import SECOND, wire
from ...domain.resource_ids import VAULT_TYPE
from ...engine.rules import SOFT_DELETE_DAYS
from .vault_bodies import VaultProperties

_FIRST_VERSION_WITH_DEFAULTS = "2025-08-02"
# azurerm (2025-08-01 and older) plans a change when a default that it did not send comes back;
# the CLI (newer) falls over one that is missing.
_DEFAULTS = {
    "monitoringSettings": {
        "azureMonitorAlertSettings": {
            "alertsForAllJobFailures": "Enabled",
            "alertsForAllReplicationIssues": "Enabled",
            "alertsForAllFailoverIssues": "Enabled",
        },
        "classicAlertSettings": {
            "alertsForCriticalOperations": "Enabled",
            "emailNotificationsForSiteRecovery": "Enabled",
        },
    },
    "costManagementSettings": {"granularityLevel": "VaultLevel"},
}


def render(call: Call, vault: Row[Any]) -> dict[str, Any]:
    """Return a vault as the wire shows it to a reader of the request's api-version."""
    provisioning = vault.provisioned_at > call.now
    properties = vault.properties | vault_settings.security_levels(vault.properties)
    if call.api_version[:10] >= _FIRST_VERSION_WITH_DEFAULTS:
        properties = merge(_DEFAULTS, properties)
    properties["provisioningState"] = "Provisioning" if provisioning else "Succeeded"
    if provisioning:
        properties.pop("backupStorageVersion", None)
        unknown_yet = {"securitySettings": {"multiUserAuthorization": "Invalid"}}
        properties = merge(properties, unknown_yet)
    document = {
        "location": vault.location,
        "name": vault.name,
        "etag": _etag(vault),
        "tags": vault.tags,
        "properties": properties,
        "id": vault.id,
        "type": VAULT_TYPE,
        "sku": vault.sku,
    }
    if not vault.tags:
        del document["tags"]
    if vault.identity is not None:
        document["identity"] = vault.identity
    return document


def _etag(vault: Row[Any]) -> str:
    """Return Azure's form, an instant, whose fraction of a second is a hash of the content.

    Two changes may come at one instant, and readers of two api-versions see one vault.
    """
    content = [vault.changed_at, vault.tags, vault.sku, vault.properties, vault.identity]
    fraction = int(digest(content), 16) % 10_000_000
    second = wire(vault.changed_at // SECOND * SECOND).removesuffix("Z").replace(":", "%3A")
    return f"W/\"datetime'{second}.{fraction:07d}Z'\""


def changed(properties: dict[str, Any], sent: VaultProperties) -> dict[str, Any]:
    """Return a vault's properties with what a request says of them. Raises ``Refused``."""
    told = sent.wire()
    told.pop("resourceGuardOperationRequests", None)  # said with a request, and not kept
    encryption = told.pop("encryption", None)
    merged = merge(properties, told)
    if encryption is not None:
        merged["encryption"] = vault_settings.encryption(properties, encryption)
    return merged


def born(call: Call) -> dict[str, Any]:
    """Return the properties of a vault that was told nothing (azure-cli-wire 4.1)."""
    state = call.rules.soft_delete_state
    return {
        "privateEndpointStateForBackup": "None",
        "privateEndpointStateForSiteRecovery": "None",
        "backupStorageVersion": "Unassigned",
        "securitySettings": {
            "softDeleteSettings": {
                "softDeleteRetentionPeriodInDays": SOFT_DELETE_DAYS,
                "softDeleteState": state,
                "enhancedSecurityState": "AlwaysON" if state == "AlwaysON" else "Enabled",
            },
            "multiUserAuthorization": "Disabled",
            "sourceScanConfiguration": {"state": "Disabled"},
        },
        "redundancySettings": {
            "standardTierStorageRedundancy": "GeoRedundant",
            "crossRegionRestore": "Disabled",
        },
        "regionOfChoiceSettings": {"status": "Disabled"},
        "publicNetworkAccess": "Enabled",
        "restoreSettings": {
            "crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": "Enabled"}
        },
    }
