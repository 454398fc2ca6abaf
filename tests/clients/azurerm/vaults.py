"""azurerm_recovery_services_vault, call by call (terraform-wire 2.2)."""

from __future__ import annotations

import re
from typing import Any

from tests.clients.azurerm.pollers import PATIENCE
from tests.clients.azurerm.provider import Azurerm, State, normal, pages
from tests.clients.azurerm.releases import SETTINGS
from tests.wire.builders import VAULT_ID

ITEM_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.RecoveryServices/vaults/[^/]+"
    r"/backupFabrics/[^/]+/protectionContainers/[^/]+/protectedItems/[^/]+"
)
"""Ids of a list are parsed with their casing."""

ALERTS = (
    ("alerts_for_all_job_failures_enabled", "azureMonitorAlertSettings", "alertsForAllJobFailures"),
    (
        "alerts_for_all_failover_issues_enabled",
        "azureMonitorAlertSettings",
        "alertsForAllFailoverIssues",
    ),
    (
        "alerts_for_all_replication_issues_enabled",
        "azureMonitorAlertSettings",
        "alertsForAllReplicationIssues",
    ),
    (
        "alerts_for_critical_operation_failures_enabled",
        "classicAlertSettings",
        "alertsForCriticalOperations",
    ),
    (
        "email_notifications_for_site_recovery_enabled",
        "classicAlertSettings",
        "emailNotificationsForSiteRecovery",
    ),
)
"""An attribute of ``monitoring``, and where it stands in the vault."""

DEFAULTS: State = {
    "location": "westeurope",
    "sku": "Standard",
    "public_network_access_enabled": True,
    "storage_mode_type": "GeoRedundant",
    "cross_region_restore_enabled": False,
    "monitoring": None,
    "identity": None,
    "immutability": "Disabled",
    "encryption": None,
    "classic_vmware_replication_enabled": False,
    "tags": {},
}
"""What a configuration that sets nothing asks for."""


class Vault:
    """A vault in a configuration."""

    def __init__(self, azurerm: Azurerm, vault_id: str = VAULT_ID) -> None:
        self.azurerm = azurerm
        self.id = vault_id
        self.version = azurerm.release.vaults

    def create(self, config: State) -> State | None:
        """Check that there is none, PUT, PATCH what a PUT does not take, and read."""
        self.azurerm.check_absent(self.id, self.version)
        body = _body(config)
        patch: State = {"properties": {}}
        if config["immutability"] != "Disabled":
            body["properties"]["securitySettings"] = _immutability("Unlocked")
        if config["immutability"] == "Locked":
            patch["properties"]["securitySettings"] = _immutability("Locked")
        if config["encryption"] is not None:
            body["properties"]["encryption"] = _encryption(config["encryption"])
        if config["identity"] and "UserAssigned" in config["identity"]["type"]:
            patch["identity"] = _identity(config["identity"])
            body["identity"] = _identity(None)
        self._put(body)
        if patch != {"properties": {}}:
            self._patch(patch)
        self._soft_delete()
        if config["classic_vmware_replication_enabled"]:
            self._replicate()
        return self.read()

    def update(self, before: State, after: State) -> State | None:
        """PUT only for another sku, then always PATCH what has changed, and read."""
        existing = self.azurerm.found(self.id, self.version)
        changed = {name for name in after if before[name] != after[name]}
        if "sku" in changed:
            body = _body(after)
            del body["properties"]["redundancySettings"], body["tags"]
            self._put(body)
        patch: State = {"properties": {}}
        full = _body(after)
        for name, key in (
            ("public_network_access_enabled", "publicNetworkAccess"),
            ("monitoring", "monitoringSettings"),
            ("storage_mode_type", "redundancySettings"),
            ("cross_region_restore_enabled", "redundancySettings"),
        ):
            if name in changed:
                patch["properties"][key] = full["properties"][key]
        patch |= {name: full[name] for name in ("identity", "tags") if name in changed}
        if "encryption" in changed:
            patch["properties"]["encryption"] = _encryption(after["encryption"])
        self._patch_immutability(existing, after, patch, "immutability" in changed)
        self._soft_delete()
        return self.read()

    def read(self) -> State | None:
        """Get the vault and Site Recovery's settings; what comes back is the state."""
        found = self.azurerm.read(self.id, self.version)
        if found is None:
            return None
        settings = self.azurerm.found(f"{self.id}/replicationVaultSettings/default", SETTINGS)
        provider = settings["properties"].get("vmwareToAzureProviderType", "")
        return _state(found) | {"classic_vmware_replication_enabled": provider.lower() == "vmware"}

    def data(self) -> State:
        """Read ``data "azurerm_recovery_services_vault"``: one request."""
        state = _state(self.azurerm.found(self.id, self.version))
        return {name: state[name] for name in ("location", "tags", "identity", "sku")}

    def delete(self, *, purge: bool = False) -> None:
        """Delete, the protected items first if the feature says so, and wait for a 404."""
        if purge:
            listed = pages(self.azurerm, f"{self.id}/backupProtectedItems", "2023-02-01")
            for item in listed:
                assert ITEM_ID.fullmatch(item["id"]), item["id"]
                deleted = self.azurerm.send("DELETE", item["id"], "2023-02-01", 200, 202, 204)
                self.azurerm.until_future(deleted)
        codes = self.azurerm.release.removed
        self.azurerm.until_done(self.azurerm.send("DELETE", self.id, self.version, *codes))

    def _put(self, body: State) -> None:
        answer = self.azurerm.send("PUT", self.id, self.version, 200, 201, body=body)
        self.azurerm.until_done(answer)

    def _patch(self, body: State) -> None:
        answer = self.azurerm.send("PATCH", self.id, self.version, 200, 202, body=body)
        self.azurerm.until_done(answer)

    def _patch_immutability(
        self, existing: State, after: State, patch: State, changed: bool
    ) -> None:
        """From Disabled a vault is unlocked first and locked by a second PATCH."""
        wanted = after["immutability"]
        step = wanted
        if wanted == "Locked" and _state(existing)["immutability"] == "Disabled":
            step = "Unlocked"
        if changed:
            patch["properties"]["securitySettings"] = _immutability(step)
        self._patch(patch)
        if changed and step != wanted:
            self._patch({"properties": {"securitySettings": _immutability(wanted)}})

    def _soft_delete(self) -> None:
        """Releases before 5.0 set soft delete with every vault, those from 4.64 on if they can.

        Then they look every 30 s until what they want has shown three times.
        """
        release = self.azurerm.release
        if release.config is None:
            return
        path = f"{self.id}/backupconfig/vaultconfig"
        if not release.dated:  # 4.64 and later
            config = self.azurerm.found(path, release.config)
            if config["properties"]["softDeleteFeatureState"] == "AlwaysON":
                return
        wanted = {"enhancedSecurityState": "Enabled", "softDeleteFeatureState": "Enabled"}
        self.azurerm.send("PATCH", path, release.config, 200, body={"properties": wanted})
        seen = 0
        for _ in range(PATIENCE):
            properties = self.azurerm.found(path, release.config)["properties"]
            seen += properties["softDeleteFeatureState"] == "Enabled"
            self.azurerm.slept.append(30)
            if seen == 3:
                return
        raise AssertionError("soft delete never becomes Enabled")

    def _replicate(self) -> None:
        self.azurerm.send(
            "PUT",
            f"{self.id}/replicationVaultSettings/default",
            SETTINGS,
            200,
            body={"properties": {"vmwareToAzureProviderType": "Vmware"}},
        )


def _body(config: State) -> State:
    """Return what is sent of a configuration; unset parts are left out."""
    region = "Enabled" if config["cross_region_restore_enabled"] else "Disabled"
    access = "Enabled" if config["public_network_access_enabled"] else "Disabled"
    properties: State = {
        "publicNetworkAccess": access,
        "redundancySettings": {
            "crossRegionRestore": region,
            "standardTierStorageRedundancy": config["storage_mode_type"],
        },
    }
    if config["monitoring"] is not None:
        properties["monitoringSettings"] = _monitoring(config["monitoring"])
    sku = {"name": config["sku"]} | ({"tier": "Standard"} if config["sku"] == "RS0" else {})
    return {
        "location": config["location"],
        "sku": sku,
        "tags": config["tags"],
        "identity": _identity(config["identity"]),
        "properties": properties,
    }


def _monitoring(block: State) -> State:
    sent: State = {}
    for name, part, word in ALERTS:
        sent.setdefault(part, {})[word] = "Enabled" if block[name] else "Disabled"
    return sent


def _identity(block: State | None) -> State:
    """Write an identity as go-azure-helpers does: null for no user-assigned one."""
    if block is None:
        return {"type": "None", "userAssignedIdentities": None}
    users: State = {each: {} for each in block.get("identity_ids", [])}
    return {"type": block["type"], "userAssignedIdentities": users or None}


def _immutability(state: str) -> State:
    return {"immutabilitySettings": {"state": state}}


def _encryption(block: State) -> State:
    identity: State = {"useSystemAssignedIdentity": block["use_system_assigned_identity"]}
    if block.get("user_assigned_identity_id"):
        identity["userAssignedIdentity"] = block["user_assigned_identity_id"]
    return {
        "keyVaultProperties": {"keyUri": block["key_id"]},
        "kekIdentity": identity,
        "infrastructureEncryption": (
            "Enabled" if block["infrastructure_encryption_enabled"] else "Disabled"
        ),
    }


def _state(vault: State) -> State:
    """Flatten a vault as the provider does, with its own failures on what is missing."""
    properties = vault["properties"]
    redundancy = properties.get("redundancySettings", {})
    security = properties.get("securitySettings", {}).get("immutabilitySettings", {})
    return {
        "location": normal(vault["location"]),
        "sku": vault["sku"]["name"],
        "public_network_access_enabled": properties.get("publicNetworkAccess") == "Enabled",
        "storage_mode_type": redundancy.get("standardTierStorageRedundancy", "Invalid"),
        "cross_region_restore_enabled": redundancy.get("crossRegionRestore") == "Enabled",
        "monitoring": _flat_monitoring(properties.get("monitoringSettings")),
        "identity": _flat_identity(vault.get("identity")),
        "immutability": security.get("state", "Disabled"),
        "encryption": _flat_encryption(properties.get("encryption")),
        "tags": vault.get("tags") or {},
    }


def _flat_monitoring(sent: State | None) -> State | None:
    if sent is None:
        return None
    return {name: sent.get(part, {}).get(word) == "Enabled" for name, part, word in ALERTS}


def _flat_identity(sent: State | None) -> State | None:
    """Read ids with their keywords in the provider's casing and the names as they came."""
    if sent is None or sent["type"] == "None":
        return None
    if "SystemAssigned" in sent["type"]:
        assert sent["principalId"], sent
        assert sent["tenantId"], sent
    users = [
        each.replace("/resourcegroups/", "/resourceGroups/")
        for each in sent.get("userAssignedIdentities") or {}
    ]
    return {"type": sent["type"]} | ({"identity_ids": users} if users else {})


def _flat_encryption(sent: State | None) -> State | None:
    if sent is None or not sent.get("keyVaultProperties") or not sent.get("kekIdentity"):
        return None
    identity = sent["kekIdentity"]
    flat: dict[str, Any] = {
        "key_id": sent["keyVaultProperties"]["keyUri"],
        "use_system_assigned_identity": identity["useSystemAssignedIdentity"],
        "infrastructure_encryption_enabled": sent["infrastructureEncryption"] == "Enabled",
    }
    if identity.get("userAssignedIdentity"):
        flat["user_assigned_identity_id"] = identity["userAssignedIdentity"]
    return flat
