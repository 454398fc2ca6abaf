"""Vaults: create, get, update, delete and list (azure-cli-wire 4.1, terraform-wire 2.2)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Row, func, insert, select, update

from ...arm import async_operations
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import PAGE_SIZE, after, page
from ...arm.words import Word
from ...domain import ids, tags
from ...domain.errors import Refused, conflict, invalid, not_emulated
from ...domain.instants import SECOND, wire
from ...domain.policy_documents import default_policies
from ...domain.regions import REGIONS
from ...domain.resource_ids import VAULT_TYPE, normal_location
from ...engine import operations, vault_lifecycle
from ...engine.rules import SOFT_DELETE_DAYS
from ...store.tables import items, policies, vaults
from ...store.vaults import find_vault, get_group, get_vault, vault_id

SUBSCRIPTION_VAULTS = "/subscriptions/{subscriptionId}/providers/Microsoft.RecoveryServices/vaults"
VAULTS = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
    "/providers/Microsoft.RecoveryServices/vaults"
)
VAULT = f"{VAULTS}/{{vaultName}}"
TAG = "Vaults"

PROVISIONING_TAKES = 5 * SECOND
UPDATE_TAKES = 2 * SECOND
DELETE_TAKES = SECOND

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,49}")
_LAST_VERSION_WITH_200_ON_DELETE = "2024-01-01"
"""Older azurerm releases accept nothing but 200 (terraform-wire 2.1)."""

EnabledDisabled = Annotated[Literal["Enabled", "Disabled"], Word("Enabled", "Disabled")]


class Sku(Body):
    """The vault's SKU."""

    name: Annotated[Literal["Standard", "RS0"], Word("Standard", "RS0")] = Field(
        examples=["Standard"]
    )
    tier: str | None = Field(None, max_length=50)


class SoftDeleteSettings(Body):
    """How deleted backup data is kept."""

    soft_delete_retention_period_in_days: Annotated[int | None, Field(ge=14, le=180)] = None
    soft_delete_state: Annotated[
        Literal["Enabled", "Disabled", "AlwaysON"] | None, Word("Enabled", "Disabled", "AlwaysON")
    ] = None
    enhanced_security_state: Annotated[
        Literal["Enabled", "Disabled", "AlwaysON"] | None, Word("Enabled", "Disabled", "AlwaysON")
    ] = None


class ImmutabilitySettings(Body):
    """Whether backup data may be shortened or deleted before its time."""

    state: Annotated[
        Literal["Disabled", "Unlocked", "Locked"] | None, Word("Disabled", "Unlocked", "Locked")
    ] = None


class SourceScanConfiguration(Body):
    """Whether sources are scanned for threats."""

    state: EnabledDisabled | None = None


class SecuritySettings(Body):
    """What protects the vault against people."""

    soft_delete_settings: SoftDeleteSettings | None = None
    immutability_settings: ImmutabilitySettings | None = None
    source_scan_configuration: SourceScanConfiguration | None = None


class AzureMonitorAlertSettings(Body):
    """Built-in alerts."""

    alerts_for_all_job_failures: EnabledDisabled | None = None
    alerts_for_all_replication_issues: EnabledDisabled | None = None
    alerts_for_all_failover_issues: EnabledDisabled | None = None


class ClassicAlertSettings(Body):
    """Classic alerts."""

    alerts_for_critical_operations: EnabledDisabled | None = None
    email_notifications_for_site_recovery: EnabledDisabled | None = None


class MonitoringSettings(Body):
    """Which alerts are raised."""

    azure_monitor_alert_settings: AzureMonitorAlertSettings | None = None
    classic_alert_settings: ClassicAlertSettings | None = None


class RedundancySettings(Body):
    """Where the vault's data is replicated to."""

    standard_tier_storage_redundancy: Annotated[
        Literal["LocallyRedundant", "GeoRedundant", "ZoneRedundant"] | None,
        Word("LocallyRedundant", "GeoRedundant", "ZoneRedundant"),
    ] = None
    cross_region_restore: EnabledDisabled | None = None


class CrossSubscriptionRestoreSettings(Body):
    """Whether restores may go to another subscription."""

    cross_subscription_restore_state: Annotated[
        Literal["Enabled", "Disabled", "PermanentlyDisabled"] | None,
        Word("Enabled", "Disabled", "PermanentlyDisabled"),
    ] = None


class RestoreSettings(Body):
    """What restores may do."""

    cross_subscription_restore_settings: CrossSubscriptionRestoreSettings | None = None


class CostManagementSettings(Body):
    """How finely costs are reported."""

    granularity_level: Annotated[
        Literal["VaultLevel", "ProtectedItemLevel", "ProtectedItemWithParentTag"] | None,
        Word("VaultLevel", "ProtectedItemLevel", "ProtectedItemWithParentTag"),
    ] = None


class VaultProperties(Body):
    """What a vault can be told."""

    public_network_access: EnabledDisabled | None = None
    security_settings: SecuritySettings | None = None
    monitoring_settings: MonitoringSettings | None = None
    redundancy_settings: RedundancySettings | None = None
    restore_settings: RestoreSettings | None = None
    cost_management_settings: CostManagementSettings | None = None
    encryption: dict[str, Any] | None = None


class Identity(Body):
    """The vault's managed identity."""

    type: str = Field("None", max_length=60)


class VaultBody(Body):
    """A vault to create or to replace."""

    location: str = Field(min_length=1, max_length=90, examples=["westeurope"])
    sku: Sku | None = None
    tags: dict[str, str] = Field(default_factory=dict, examples=[{"env": "test"}])
    identity: Identity | None = None
    properties: VaultProperties = Field(default_factory=VaultProperties)


class VaultPatch(Body):
    """What to change of a vault."""

    sku: Sku | None = None
    tags: dict[str, str] | None = Field(None, examples=[{"env": "test"}])
    identity: Identity | None = None
    properties: VaultProperties = Field(default_factory=VaultProperties)


# --- the operations ----------------------------------------------------------------------


@endpoint("PUT", VAULT, "Vaults_CreateOrUpdate", tag=TAG, body=VaultBody, statuses=(200, 201))
def create_or_update(call: Call, body: VaultBody) -> Answer:
    """Create a vault, or replace what the request names of one that exists."""
    name = _checked_name(call.path["vaultName"])
    group = get_group(call.connection, call.subscription, call.group)
    tags.check(body.tags)
    _refuse_what_is_not_emulated(body.properties, body.identity)
    existing = find_vault(call.connection, vault_id(call.subscription, call.group, name))
    if existing is not None:
        return _replace(call, existing, body)
    location = _checked_location(body.location)
    key = _new_key(call, name)
    properties = _merge(_born(call), _settable(body.properties))
    if call.rules.soft_delete_state == "AlwaysON":
        _keep_always_on(properties["securitySettings"]["softDeleteSettings"])
    call.connection.execute(
        insert(vaults).values(
            key=key,
            folded=f"{group.folded}/providers/{VAULT_TYPE}/{name}".lower(),
            id=f"{group.id}/providers/{VAULT_TYPE}/{name}",
            subscription=call.subscription.lower(),
            group_folded=group.folded,
            name=name,
            location=location,
            tags=body.tags,
            sku=body.sku.wire() if body.sku else {"name": "Standard"},
            identity=None,
            properties=properties,
            created_at=call.now,
            changed_at=call.now,
            provisioned_at=call.now + PROVISIONING_TAKES,
        )
    )
    _add_default_policies(call, key)
    vault = get_vault(call.connection, call.subscription, call.group, name)
    operation = _begin(call, vault, "vault-create", PROVISIONING_TAKES)
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{vault.id}/operationStatus",
        result_path=None,
        status=201,
        body=render(vault, call.now),
    )


def _replace(call: Call, vault: Row[Any], body: VaultBody) -> Answer:
    if normal_location(body.location) != vault.location:
        raise conflict(
            "InvalidResourceLocation",
            f"The resource '{vault.name}' already exists in location '{vault.location}' in "
            f"resource group '{call.group}'. A resource with the same name cannot be created in "
            f"location '{body.location}'. Please select a new resource name.",
            target="location",
        )
    changes = {"tags": body.tags} if "tags" in body.model_fields_set else {}
    _store(call, vault, body.properties, body.sku, changes)
    return Answer(200, render(get_vault(call.connection, *_names(call)), call.now))


@endpoint("GET", VAULT, "Vaults_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a vault."""
    return Answer(body=render(get_vault(call.connection, *_names(call)), call.now))


@endpoint("PATCH", VAULT, "Vaults_Update", tag=TAG, body=VaultPatch, statuses=(202,))
def patch(call: Call, body: VaultPatch) -> Answer:
    """Change what the request names of a vault; the rest stays."""
    vault = get_vault(call.connection, *_names(call))
    tags.check(body.tags or {})
    _refuse_what_is_not_emulated(body.properties, body.identity)
    _store(call, vault, body.properties, body.sku, {} if body.tags is None else {"tags": body.tags})
    return async_operations.accepted(
        call,
        _begin(call, vault, "vault-update", UPDATE_TAKES),
        status_path=f"{vault.id}/operationStatus",
        result_path=f"{vault.id}/operationResults",
    )


@endpoint("DELETE", VAULT, "Vaults_Delete", tag=TAG, statuses=(200, 202, 204))
def delete(call: Call) -> Answer:
    """Delete a vault that protects nothing; what is soft-deleted in it stays until its purge."""
    get_group(call.connection, call.subscription, call.group)
    vault = find_vault(call.connection, vault_id(*_names(call)))
    if vault is None:
        return Answer(204)
    blocking = vault_lifecycle.blocking_items(call.connection, vault.key)
    if blocking:
        raise _not_empty(blocking)
    operation = _begin(call, vault, "vault-delete", DELETE_TAKES, outlives_vault=True)
    vault_lifecycle.remove(call.connection, vault, call.now)
    if call.api_version[:10] <= _LAST_VERSION_WITH_200_ON_DELETE:
        return Answer(200)
    path = _deleted_path(vault)
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{path}/operationStatus",
        result_path=f"{path}/operationResults",
    )


@endpoint("GET", VAULTS, "Vaults_ListByResourceGroup", tag=TAG)
def list_by_resource_group(call: Call) -> Answer:
    """List the vaults of a resource group."""
    group = get_group(call.connection, call.subscription, call.group)
    return _list(call, vaults.c.group_folded == group.folded)


@endpoint("GET", SUBSCRIPTION_VAULTS, "Vaults_ListBySubscriptionId", tag=TAG)
def list_by_subscription(call: Call) -> Answer:
    """List the vaults of a subscription."""
    return _list(call, vaults.c.subscription == call.subscription.lower())


def _list(call: Call, where: ColumnElement[bool]) -> Answer:
    found = select(vaults).where(where, vaults.c.deleted_at.is_(None)).order_by(vaults.c.folded)
    start = after(call, str)
    if start is not None:
        found = found.where(vaults.c.folded > start[0])
    rows = call.connection.execute(found.limit(PAGE_SIZE + 1)).all()
    return page(call, rows, lambda row: render(row, call.now), lambda row: [row.folded])


# --- how it looks ------------------------------------------------------------------------


def render(vault: Row[Any], now: int) -> dict[str, Any]:
    """Return a vault as the wire shows it."""
    provisioning = vault.provisioned_at > now
    properties = dict(vault.properties)
    properties["provisioningState"] = "Provisioning" if provisioning else "Succeeded"
    if provisioning:
        properties.pop("backupStorageVersion", None)
        properties["securitySettings"]["multiUserAuthorization"] = "Invalid"
    document = {
        "location": vault.location,
        "name": vault.name,
        "etag": f"W/\"datetime'{wire(vault.changed_at).replace(':', '%3A')}'\"",
        "tags": vault.tags,
        "properties": properties,
        "id": vault.id,
        "type": VAULT_TYPE,
        "sku": vault.sku,
    }
    if not vault.tags:
        del document["tags"]
    return document


def _born(call: Call) -> dict[str, Any]:
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
        "secureScore": "Adequate",
        "bcdrSecurityLevel": "Good",
        "publicNetworkAccess": "Enabled",
        "restoreSettings": {
            "crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": "Enabled"}
        },
        **_monitoring_by_version(call),
    }


_FIRST_VERSION_THAT_ALWAYS_SHOWS_MONITORING = "2025-08-02"
_MONITORING = {
    "azureMonitorAlertSettings": {
        "alertsForAllJobFailures": "Enabled",
        "alertsForAllReplicationIssues": "Enabled",
        "alertsForAllFailoverIssues": "Enabled",
    },
    "classicAlertSettings": {
        "alertsForCriticalOperations": "Enabled",
        "emailNotificationsForSiteRecovery": "Enabled",
    },
}


def _monitoring_by_version(call: Call) -> dict[str, Any]:
    # azurerm (2025-08-01 and older) plans a change when a default it did not send comes back.
    if call.api_version[:10] < _FIRST_VERSION_THAT_ALWAYS_SHOWS_MONITORING:
        return {}
    return {
        "monitoringSettings": _MONITORING,
        "costManagementSettings": {"granularityLevel": "VaultLevel"},
    }


# --- what is allowed ---------------------------------------------------------------------


def _checked_name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise invalid(
            "InvalidResourceName",
            f"vaultName: '{name}' must have 2 to 50 characters, begin with a letter and hold "
            "only letters, digits and '-'.",
            target="vaultName",
        )
    return name


def _checked_location(sent: str) -> str:
    location = normal_location(sent)
    if location not in REGIONS:
        raise invalid(
            "LocationNotAvailableForResourceType",
            f"location: '{sent}' is not an Azure region for '{VAULT_TYPE}'; "
            "GET /subscriptions/{id}/locations lists those that are.",
            target="location",
        )
    return location


def _refuse_what_is_not_emulated(properties: VaultProperties, identity: Identity | None) -> None:
    if identity is not None and identity.type.lower() != "none":
        raise not_emulated("identity.type", "managed identities of vaults; send None")
    if properties.encryption:
        raise not_emulated("properties.encryption", "customer-managed keys")
    redundancy = properties.redundancy_settings
    if redundancy and redundancy.cross_region_restore == "Enabled":
        raise not_emulated(
            "properties.redundancySettings.crossRegionRestore", "Cross Region Restore"
        )
    security = properties.security_settings
    immutability = security.immutability_settings if security else None
    if immutability and immutability.state not in (None, "Disabled"):
        raise not_emulated(
            "properties.securitySettings.immutabilitySettings.state", "immutable vaults"
        )
    scan = security.source_scan_configuration if security else None
    if scan and scan.state == "Enabled":
        raise not_emulated(
            "properties.securitySettings.sourceScanConfiguration.state", "source scans"
        )


def _keep_always_on(soft: dict[str, Any]) -> None:
    """Refuse a new vault without soft delete; one that only asks for it gets it for good."""
    if soft["softDeleteState"] == "Disabled":
        raise soft_delete_is_always_on("properties.securitySettings.softDeleteSettings")
    soft["softDeleteState"] = soft["enhancedSecurityState"] = "AlwaysON"


def _check(properties: dict[str, Any], before: dict[str, Any]) -> None:
    """Refuse changes that the service refuses."""
    soft = properties["securitySettings"]["softDeleteSettings"]
    was = before["securitySettings"]["softDeleteSettings"]
    if was["softDeleteState"] == "AlwaysON" and soft["softDeleteState"] != "AlwaysON":
        raise soft_delete_is_always_on("properties.securitySettings.softDeleteSettings")
    restore = "crossSubscriptionRestoreSettings"
    state = properties["restoreSettings"][restore]["crossSubscriptionRestoreState"]
    old = before["restoreSettings"][restore]["crossSubscriptionRestoreState"]
    if old == "PermanentlyDisabled" and state != old:
        raise invalid(
            "BMSUserErrorInvalidInput",
            f"properties.restoreSettings.{restore}: PermanentlyDisabled cannot be undone.",
            target=f"properties.restoreSettings.{restore}",
        )


def _keep_enhanced_security(properties: dict[str, Any], before: dict[str, Any]) -> None:
    """Enhanced security that is always on stays so; the vault's configuration does the same."""
    if before["securitySettings"]["softDeleteSettings"]["enhancedSecurityState"] == "AlwaysON":
        properties["securitySettings"]["softDeleteSettings"]["enhancedSecurityState"] = "AlwaysON"


def soft_delete_is_always_on(field: str) -> Refused:
    """Azure Backup's answer to switching off a soft delete that is always on."""
    return invalid(
        "BMSUserErrorSoftDeleteStateAlwaysOn",
        f"{field}: soft delete of this vault is AlwaysON and cannot be changed to another state. "
        "Start rsvault with --soft-delete enabled to get vaults where it can.",
        target=field,
    )


def _not_empty(blocking: list[str]) -> Refused:
    return invalid(
        "ServiceResourceNotEmptyWithContainerDetails",
        "Vault cannot be deleted as there are existing resources within the vault. : "
        f"{', '.join(blocking)}. Stop protection of these items with deletion of their data, "
        "then delete the vault again.",
    )


# --- storing -----------------------------------------------------------------------------


def _settable(properties: VaultProperties) -> dict[str, Any]:
    return properties.wire()


def _merge(into: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a document with what a partial one says about it."""
    merged = dict(into)
    for name, value in changes.items():
        old = merged.get(name)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[name] = _merge(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _store(
    call: Call,
    vault: Row[Any],
    properties: VaultProperties,
    sku: Sku | None,
    changes: dict[str, Any],
) -> None:
    merged = _merge(vault.properties, _settable(properties))
    _check(merged, vault.properties)
    _keep_enhanced_security(merged, vault.properties)
    _check_redundancy(call, vault, merged)
    if sku is not None:
        changes = changes | {"sku": sku.wire()}
    call.connection.execute(
        update(vaults)
        .where(vaults.c.key == vault.key)
        .values(properties=merged, changed_at=call.now, **changes)
    )


def _check_redundancy(call: Call, vault: Row[Any], merged: dict[str, Any]) -> None:
    """Redundancy is fixed once something is protected (azure-backup-semantics 3.6)."""
    name = "standardTierStorageRedundancy"
    if merged["redundancySettings"][name] == vault.properties["redundancySettings"][name]:
        return
    protected = call.connection.execute(
        select(items.c.key).where(items.c.vault_key == vault.key).limit(1)
    ).first()
    if protected is not None:
        raise invalid(
            "BMSUserErrorStorageTypeLocked",
            f"properties.redundancySettings.{name}: cannot be changed once the vault has "
            "protected items.",
            target=f"properties.redundancySettings.{name}",
        )


def _names(call: Call) -> tuple[str, str, str]:
    return call.subscription, call.group, call.path["vaultName"]


def _new_key(call: Call, name: str) -> int:
    """Return a key that no earlier vault of this name has, deleted ones included."""
    folded = vault_id(call.subscription, call.group, name).folded
    earlier = call.connection.execute(
        select(func.count()).select_from(vaults).where(vaults.c.folded == folded)
    ).scalar_one()
    return ids.key(call.rules.seed, "vault", folded, call.now, earlier)


def _add_default_policies(call: Call, vault_key: int) -> None:
    for name, document in default_policies(call.rules.seed, vault_key, call.now).items():
        call.connection.execute(
            insert(policies).values(
                key=ids.key(call.rules.seed, "policy", vault_key, name.lower()),
                vault_key=vault_key,
                folded_name=name.lower(),
                name=name,
                document=document,
                changed_at=call.now,
            )
        )


def _begin(
    call: Call, vault: Row[Any], kind: str, takes: int, *, outlives_vault: bool = False
) -> operations.Operation:
    return operations.begin(
        call.connection,
        call.rules,
        scope=_deleted_path(vault).lower() if outlives_vault else vault.folded,
        kind=kind,
        now=call.now,
        ends_at=call.now + takes,
    )


def _deleted_path(vault: Row[Any]) -> str:
    """A delete is polled at the location: the vault it was on is gone."""
    return (
        f"/subscriptions/{vault.subscription}/providers/Microsoft.RecoveryServices"
        f"/locations/{vault.location}"
    )


ENDPOINTS = (
    create_or_update,
    get,
    patch,
    delete,
    list_by_resource_group,
    list_by_subscription,
)
