"""What lies around a vault: PINs, guards, links, names, zones, keys of agents, Site Recovery."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    LOCATION_ID,
    VAULT_ID,
    advance,
    done,
    listed,
    put_group,
    refused,
)

PIN = f"{VAULT_ID}/backupSecurityPIN"
CONNECTION = f"{VAULT_ID}/privateEndpointConnections/connection-1"
INFO = f"{VAULT_ID}/extendedInformation/vaultExtendedInfo"
CHECK = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/locations/westeurope"
MISSING = VAULT_ID.replace("vault-1", "vault-9")
TYPE = "Microsoft.RecoveryServices/Vaults"


# --- security ----------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{}, {"json": {"resourceGuardOperationRequests": []}}])
def test_a_pin_has_six_digits_and_lasts_five_minutes(
    vault: httpx.Client, body: dict[str, Any]
) -> None:
    answer = done(vault.post(PIN, **body)).json()
    assert set(answer) == {"token", "expiryTimeInUtcTicks", "securityPIN"}
    assert answer["token"] == answer["securityPIN"]
    assert len(answer["securityPIN"]) == 6
    assert answer["securityPIN"].isdigit()
    before = answer["expiryTimeInUtcTicks"]
    advance(vault, by="PT5M")
    after = done(vault.post(PIN)).json()
    assert after["expiryTimeInUtcTicks"] - before == 5 * 60 * 10_000_000
    assert after["securityPIN"] != answer["securityPIN"]


def test_a_pin_follows_from_the_vault_and_the_instant(vault: httpx.Client) -> None:
    assert vault.post(PIN).content == vault.post(PIN).content


def test_no_private_endpoint_is_connected_to_a_new_vault(vault: httpx.Client) -> None:
    assert refused(vault.get(CONNECTION)) == (404, "ResourceNotFound")
    state = {"privateLinkServiceConnectionState": {"status": "Approved"}}
    answer = vault.put(CONNECTION, json={"properties": state})
    assert refused(answer) == (404, "ResourceNotFound")
    assert vault.delete(CONNECTION).status_code == 204


# --- servers with agents -----------------------------------------------------------------


def test_no_server_registers(vault: httpx.Client) -> None:
    certificate = {"properties": {"authType": "AAD", "certificate": "MIIB"}}
    answer = vault.put(f"{VAULT_ID}/certificates/certificate-1", json=certificate)
    assert refused(answer) == (400, "NotSupported")
    assert vault.delete(f"{VAULT_ID}/registeredIdentities/server-1").status_code == 204
    assert listed(vault, f"{VAULT_ID}/backupEngines") == []
    answer = vault.get(f"{VAULT_ID}/backupEngines/server-1")
    assert refused(answer) == (404, "ResourceNotFound")


def test_extended_information_is_kept_once_it_is_given(vault: httpx.Client) -> None:
    assert refused(vault.get(INFO)) == (404, "ResourceExtendedInfoNotFound")
    assert refused(vault.patch(INFO, json={"properties": {}})) == (
        404,
        "ResourceExtendedInfoNotFound",
    )
    made = done(vault.put(INFO, json={"properties": {"integrityKey": "J09w=="}}))
    assert made.status_code == 200
    assert made.json() == vault.get(INFO).json()
    assert {name: made.json()[name] for name in ("id", "name", "type", "properties")} == {
        "id": INFO,
        "name": "vaultExtendedInfo",
        "type": "Microsoft.RecoveryServices/vaults/extendedInformation",
        "properties": {"algorithm": "None", "integrityKey": "J09w=="},
    }
    changed = done(vault.patch(INFO, json={"properties": {"encryptionKey": "K=="}})).json()
    assert changed["properties"] == made.json()["properties"] | {"encryptionKey": "K=="}
    assert changed["etag"] != made.json()["etag"]
    replaced = done(vault.put(INFO, json={"properties": {"algorithm": "AES"}})).json()
    assert replaced["properties"] == {"algorithm": "AES"}


def test_extended_information_is_no_part_of_the_vaults_own(vault: httpx.Client) -> None:
    before = vault.get(VAULT_ID).content
    done(vault.put(INFO, json={"properties": {"integrityKey": "J09w=="}}))
    assert vault.get(VAULT_ID).content == before
    done(vault.patch(VAULT_ID, json={"tags": {"a": "b"}}))
    assert vault.get(INFO).json()["properties"]["integrityKey"] == "J09w=="


# --- Site Recovery -----------------------------------------------------------------------


def test_site_recovery_keeps_a_provider_and_refuses_a_migration(vault: httpx.Client) -> None:
    default = f"{VAULT_ID}/replicationVaultSettings/default"
    found = done(vault.get(default, params={"api-version": "2024-04-01"})).json()
    assert found == {
        "id": default,
        "name": "default",
        "type": "Microsoft.RecoveryServices/vaults/replicationVaultSettings",
        "properties": {},
    }
    assert listed(vault, f"{VAULT_ID}/replicationVaultSettings") == [found]
    assert vault.put(default, json={"properties": {}}).json() == found
    before = vault.get(VAULT_ID).content
    vmware = {"properties": {"vmwareToAzureProviderType": "vmware"}}
    kept = {"vmwareToAzureProviderType": "Vmware"}
    assert done(vault.put(default, json=vmware)).json() == found | {"properties": kept}
    assert done(vault.put(default, json={"properties": {}})).json()["properties"] == kept
    assert vault.get(VAULT_ID).content == before
    migrated = {"properties": {"migrationSolutionId": "/subscriptions/1"}}
    assert refused(vault.put(default, json=migrated)) == (400, "NotSupported")
    other = f"{VAULT_ID}/replicationVaultSettings/other"
    assert refused(vault.get(other)) == (404, "ResourceNotFound")


# --- regions -----------------------------------------------------------------------------


def check(arm: httpx.Client, name: str, group: str = CHECK) -> dict[str, Any]:
    answer = arm.post(f"{group}/checkNameAvailability", json={"type": TYPE, "name": name})
    found: dict[str, Any] = done(answer).json()
    return found


def test_a_name_is_free_until_a_vault_of_the_group_has_it(vault: httpx.Client) -> None:
    other = f"{GROUP_ID}2"
    put_group(vault, other)
    assert check(vault, "vault-2") == {"nameAvailable": True}
    assert check(vault, "VAULT-1") == {
        "nameAvailable": False,
        "reason": "AlreadyExists",
        "message": "Resource already exists with the same name.",
    }
    assert check(vault, "vault-1", CHECK.replace(GROUP_ID, other)) == {"nameAvailable": True}
    done(vault.delete(VAULT_ID))
    assert check(vault, "vault-1") == {"nameAvailable": True}


def test_a_name_that_no_vault_could_have_is_not_available(vault: httpx.Client) -> None:
    found = check(vault, "1vault")
    assert (found["nameAvailable"], found["reason"]) == (False, "Invalid")
    assert "1vault" in found["message"]


def test_the_zones_of_a_region_have_its_short_code(vault: httpx.Client) -> None:
    zones = [{"subResource": "AzureBackup"}, {"subResource": "AzureSiteRecovery"}]
    body = {"type": TYPE, "properties": {"dnsZones": zones}}
    answer = done(vault.post(f"{LOCATION_ID}/capabilities", json=body)).json()
    assert answer["type"] == TYPE
    backup, recovery = answer["properties"]["dnsZones"]
    assert backup == {
        "subResource": "AzureBackup",
        "requiredZoneNames": [
            "privatelink.we.backup.windowsazure.com",
            "privatelink.queue.core.windows.net",
            "privatelink.blob.core.windows.net",
        ],
    }
    assert recovery["requiredZoneNames"] == ["privatelink.siterecovery.windowsazure.com"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (f"{CHECK}/checkNameAvailability", {"type": "x", "name": "v"}, "InvalidRequestContent"),
        (f"{CHECK}/checkNameAvailability", {"type": TYPE}, "InvalidRequestContent"),
        (f"{LOCATION_ID}/capabilities", {"type": "x"}, "InvalidRequestContent"),
        (
            f"{LOCATION_ID}/capabilities",
            {"type": TYPE, "properties": {"dnsZones": [{"subResource": "Mail"}]}},
            "InvalidRequestContent",
        ),
        (
            f"{LOCATION_ID.replace('westeurope', 'atlantis')}/capabilities",
            {"type": TYPE},
            "LocationNotAvailableForResourceType",
        ),
    ],
)
def test_a_wrong_question_to_a_region_is_refused(
    vault: httpx.Client, path: str, body: dict[str, Any], code: str
) -> None:
    assert refused(vault.post(path, json=body)) == (400, code)


def test_the_operations_of_the_provider_are_listed_without_a_subscription(
    arm: httpx.Client,
) -> None:
    found = listed(arm, "/providers/Microsoft.RecoveryServices/operations")
    names = [each["name"] for each in found]
    assert len(set(names)) == len(names)
    assert "Microsoft.RecoveryServices/vaults/read" in names
    assert {tuple(each["display"]) for each in found} == {
        ("provider", "resource", "operation", "description")
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "backupSecurityPIN"),
        ("GET", "backupResourceGuardProxies"),
        ("DELETE", "backupResourceGuardProxies/VaultProxy"),
        ("GET", "privateLinkResources"),
        ("DELETE", "privateEndpointConnections/connection-1"),
        ("DELETE", "registeredIdentities/server-1"),
        ("GET", "backupEngines"),
        ("GET", "extendedInformation/vaultExtendedInfo"),
        ("GET", "replicationVaultSettings/default"),
        ("GET", "backupstorageconfig/vaultstorageconfig"),
        ("GET", "backupEncryptionConfigs/backupResourceEncryptionConfig"),
    ],
)
def test_there_is_nothing_around_a_vault_that_is_not_there(
    vault: httpx.Client, method: str, path: str
) -> None:
    assert refused(vault.request(method, f"{MISSING}/{path}")) == (404, "ResourceNotFound")
