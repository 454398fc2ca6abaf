"""azurerm's calls for a vault, in its order: it reads what it wrote (terraform-wire 2.2)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import GROUP_ID, VAULT_ID, done, finish, put_group, refused

VERSION = {"api-version": "2025-08-01"}
SETTINGS = f"{VAULT_ID}/replicationVaultSettings/default"
USER = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Mixed-Case"
KEY = "https://keys-1.vault.azure.net/keys/key-1/0767b348bb1a4c07baa6c4ec0055d2b3"


def model(**change: Any) -> dict[str, Any]:
    """What azurerm sends for its defaults; it writes null for what is not set."""
    properties = {
        "publicNetworkAccess": "Enabled",
        "monitoringSettings": None,
        "redundancySettings": {
            "crossRegionRestore": "Disabled",
            "standardTierStorageRedundancy": "GeoRedundant",
        },
    }
    return {
        "location": "West Europe",
        "sku": {"name": "Standard"},
        "tags": {},
        "identity": {"type": "None", "userAssignedIdentities": None},
        "properties": properties | change,
    }


def apply(arm: httpx.Client, body: dict[str, Any], *patches: dict[str, Any]) -> dict[str, Any]:
    """Create or update a vault as the provider does, and return what it reads then."""
    created = arm.put(VAULT_ID, json=body, params=VERSION)
    assert created.status_code in (200, 201)
    if created.status_code == 201:
        finish(arm, created)
    for patch in patches:
        answer = arm.patch(VAULT_ID, json={"properties": {}, **patch}, params=VERSION)
        assert answer.status_code == 202
        finish(arm, answer)
    assert done(arm.get(SETTINGS, params={"api-version": "2024-04-01"})).json()["properties"] == {}
    return read(arm)


def read(arm: httpx.Client) -> dict[str, Any]:
    """Flatten a vault as the provider does; a difference to the configuration is a plan."""
    vault = done(arm.get(VAULT_ID, params=VERSION)).json()
    properties = vault["properties"]
    identity = vault.get("identity", {"type": "None"})
    flat = {
        "location": vault["location"],
        "sku": vault["sku"]["name"],
        "public": properties["publicNetworkAccess"] == "Enabled",
        "storage_mode": properties["redundancySettings"]["standardTierStorageRedundancy"],
        "cross_region": properties["redundancySettings"]["crossRegionRestore"] == "Enabled",
        "monitoring": properties.get("monitoringSettings"),
        "identity": None if identity["type"] == "None" else identity["type"],
        "users": [_insensitively(each) for each in identity.get("userAssignedIdentities", {})],
        "immutability": properties["securitySettings"]
        .get("immutabilitySettings", {})
        .get("state", "Disabled"),
    }
    encryption = properties.get("encryption")
    if encryption is not None:
        flat["key"] = encryption["keyVaultProperties"]["keyUri"]
        flat["system"] = encryption["kekIdentity"]["useSystemAssignedIdentity"]
        flat["infrastructure"] = encryption["infrastructureEncryption"] == "Enabled"
    return flat


def _insensitively(identity: str) -> str:
    """Return an identity's id with its keywords in the provider's casing, names as they came."""
    return identity.replace("/resourcegroups/", "/resourceGroups/")


DEFAULT = {
    "location": "westeurope",
    "sku": "Standard",
    "public": True,
    "storage_mode": "GeoRedundant",
    "cross_region": False,
    "monitoring": None,
    "identity": None,
    "users": [],
    "immutability": "Disabled",
}


@pytest.fixture
def group(arm: httpx.Client) -> httpx.Client:
    put_group(arm)
    assert refused(arm.get(VAULT_ID, params=VERSION)) == (404, "ResourceNotFound")
    return arm


def test_a_vault_of_defaults_has_an_empty_plan(group: httpx.Client) -> None:
    assert apply(group, model()) == DEFAULT


def test_a_vault_with_settings_has_an_empty_plan(group: httpx.Client) -> None:
    alerts = {
        "azureMonitorAlertSettings": {"alertsForAllJobFailures": "Disabled"},
        "classicAlertSettings": {"alertsForCriticalOperations": "Enabled"},
    }
    redundancy = {"crossRegionRestore": "Enabled", "standardTierStorageRedundancy": "GeoRedundant"}
    body = model(
        publicNetworkAccess="Disabled",
        monitoringSettings=alerts,
        redundancySettings=redundancy,
        securitySettings={"immutabilitySettings": {"state": "Unlocked"}},
    )
    locked = {"properties": {"securitySettings": {"immutabilitySettings": {"state": "Locked"}}}}
    assert apply(group, body, locked) == DEFAULT | {
        "public": False,
        "monitoring": alerts,
        "cross_region": True,
        "immutability": "Locked",
    }


def test_a_key_that_a_user_assigned_identity_opens_has_an_empty_plan(group: httpx.Client) -> None:
    encryption = {
        "keyVaultProperties": {"keyUri": KEY},
        "kekIdentity": {"useSystemAssignedIdentity": False, "userAssignedIdentity": USER},
        "infrastructureEncryption": "Enabled",
    }
    identity = {"type": "UserAssigned", "userAssignedIdentities": {USER: {}}}
    assert apply(group, model(encryption=encryption), {"identity": identity}) == DEFAULT | {
        "identity": "UserAssigned",
        "users": [USER],
        "key": KEY,
        "system": False,
        "infrastructure": True,
    }


def test_another_sku_leaves_everything_else(group: httpx.Client) -> None:
    before = apply(
        group,
        model(redundancySettings={"standardTierStorageRedundancy": "LocallyRedundant"}),
        {"tags": {"env": "test"}, "identity": {"type": "SystemAssigned"}},
    )
    body = {
        "location": "westeurope",
        "sku": {"name": "RS0", "tier": "Standard"},
        "identity": {"type": "SystemAssigned", "userAssignedIdentities": None},
        "properties": {"publicNetworkAccess": "Enabled", "monitoringSettings": None},
    }
    assert apply(group, body, {"tags": {"env": "test"}}) == before | {"sku": "RS0"}
    assert group.get(VAULT_ID).json()["tags"] == {"env": "test"}


def test_a_deleted_vault_is_gone_at_once(group: httpx.Client) -> None:
    apply(group, model())
    assert group.delete(VAULT_ID, params=VERSION).status_code == 202
    assert refused(group.get(VAULT_ID, params=VERSION)) == (404, "ResourceNotFound")
