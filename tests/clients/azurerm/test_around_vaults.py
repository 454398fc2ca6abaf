"""What stands around a vault in a configuration: groups, identities and key vaults."""

from __future__ import annotations

import httpx

from tests.clients.azurerm.provider import Azurerm, State
from tests.wire.builders import GROUP_ID, ROOT, VAULT_ID, listed, put_vault

GROUPS = "2023-07-01"
IDENTITIES = "2024-11-30"
KEY_VAULTS = "2026-02-01"
OTHER = f"{ROOT}/resourceGroups/acctestRG-recovery-260101000000000001"
TENANT = "99999999-8888-7777-6666-555555555555"


def test_a_group_is_seen_three_times_and_destroyed_with_nothing_in_it(current: Azurerm) -> None:
    current.check_absent(OTHER, GROUPS)
    body = {"location": "westeurope", "tags": {}}
    current.until_done(current.send("PUT", OTHER, GROUPS, 200, 201, body=body))
    for _ in range(3):
        assert current.found(OTHER, GROUPS)["properties"]["provisioningState"] == "Succeeded"
    patched = current.send("PATCH", OTHER, GROUPS, 200, body={"tags": {"env": "test"}})
    assert patched.json()["tags"] == {"env": "test"}
    query = {"$expand": "provisioningState", "$top": "10"}
    inside = current.send("GET", f"{OTHER}/resources", GROUPS, 200, **query)
    assert inside.json()["value"] == [], "prevent_deletion_if_contains_resources looks here"
    current.until_done(current.send("DELETE", OTHER, GROUPS, 200, 202))
    assert current.read(OTHER, GROUPS) is None


def test_a_group_with_a_vault_is_not_empty(current: Azurerm) -> None:
    put_vault(current.arm)
    assert [each["id"] for each in listed(current.arm, f"{GROUP_ID}/resources")] == [VAULT_ID]
    spelt = (
        GROUP_ID.replace("resourceGroups", "resourcegroups")
        .upper()
        .replace("/SUBSCRIPTIONS/", "/subscriptions/")
    )
    assert current.found(spelt, GROUPS)["name"] == "group-1"


def test_a_user_assigned_identity_has_its_ids(current: Azurerm) -> None:
    path = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Acctest"
    current.check_absent(path, IDENTITIES)
    current.send("PUT", path, IDENTITIES, 200, 201, body={"location": "westeurope"})
    shown = current.found(path, IDENTITIES)
    assert set(shown["properties"]) >= {"principalId", "clientId", "tenantId"}
    current.send("PATCH", path, IDENTITIES, 200, body={"tags": {"env": "test"}})
    after = current.found(path, IDENTITIES)
    assert after["properties"] == shown["properties"]
    current.until_done(current.send("DELETE", path, IDENTITIES, 200, 204))


def key_vault(**properties: object) -> State:
    return {
        "location": "westeurope",
        "properties": {
            "tenantId": TENANT,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [],
            "enabledForDiskEncryption": True,
            "enableRbacAuthorization": False,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 7,
            "publicNetworkAccess": "Enabled",
            "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
            **properties,
        },
    }


def test_the_management_part_of_a_key_vault_is_created_deleted_and_purged(
    arm: httpx.Client, current: Azurerm
) -> None:
    name = "acctest-key-vault"
    path = f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/{name}"
    deleted = f"{ROOT}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/{name}"
    current.check_absent(path, KEY_VAULTS)
    assert current.read(deleted, KEY_VAULTS) is None, "nothing is to be recovered"
    current.until_done(current.send("PUT", path, KEY_VAULTS, 200, 201, body=key_vault()))
    shown = current.found(path, KEY_VAULTS)["properties"]
    host = httpx.URL(shown["vaultUri"]).host
    assert host.split(".")[:2] == [name, "vault"], "data plane ids are parsed by the second label"
    assert shown["sku"]["name"].lower() == "standard"
    current.until_done(current.send("DELETE", path, KEY_VAULTS, 200, 204))
    assert current.found(deleted, KEY_VAULTS)["properties"]["vaultId"]
    purged = current.send("POST", f"{deleted}/purge", KEY_VAULTS, 200, 202)
    current.until_done(purged)
    assert current.read(deleted, KEY_VAULTS) is None
    assert arm.get(path, params={"api-version": KEY_VAULTS}).status_code == 404
