"""Vaults on the wire: born, changed, listed, deleted, and their configuration."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    ROOT,
    SUBSCRIPTION,
    VAULT_ID,
    advance,
    delete_item,
    done,
    finish,
    listed,
    put_group,
    put_vault,
    refused,
    set_clock,
)

VAULTS = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults"
CONFIG = f"{VAULT_ID}/backupconfig/vaultconfig"
SOFT_DELETE = "softDeleteSettings"


@pytest.fixture
def group(arm: httpx.Client) -> httpx.Client:
    put_group(arm)
    return arm


def properties_of(arm: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(VAULT_ID)).json()["properties"]
    return found


def patch(arm: httpx.Client, **properties: Any) -> httpx.Response:
    return arm.patch(VAULT_ID, json={"properties": properties})


# --- born --------------------------------------------------------------------------------


def test_a_vault_is_provisioning_when_its_creation_is_answered(group: httpx.Client) -> None:
    answer = group.put(VAULT_ID, json={"location": "westeurope", "sku": {"name": "Standard"}})
    assert answer.status_code == 201
    assert answer.json()["properties"]["provisioningState"] == "Provisioning"
    assert "backupStorageVersion" not in answer.json()["properties"]
    assert answer.json()["properties"]["securitySettings"]["multiUserAuthorization"] == "Invalid"
    assert "location" not in answer.headers
    assert f"{VAULT_ID}/operationStatus/" in answer.headers["azure-asyncoperation"]
    assert int(answer.headers["retry-after"]) >= 1


def test_a_vault_is_whole_once_its_operation_has_succeeded(group: httpx.Client) -> None:
    answer = group.put(VAULT_ID, json={"location": "westeurope"})
    status = group.get(answer.headers["azure-asyncoperation"])
    assert set(status.json()) == {"id", "name", "status"}
    assert status.json()["status"] == "Succeeded"
    assert status.headers["retry-after"] == "0"
    made = group.get(VAULT_ID, params={"api-version": "2026-10-01"}).json()
    assert set(made) == {"location", "name", "etag", "properties", "id", "type", "sku"}
    assert made["id"] == VAULT_ID
    assert made["type"] == "Microsoft.RecoveryServices/vaults"
    assert made["etag"].startswith("W/\"datetime'2026-01-01T00%3A00%3A00")
    properties = made["properties"]
    assert (properties["provisioningState"], properties["backupStorageVersion"]) == (
        "Succeeded",
        "Unassigned",
    )


def test_a_new_vault_has_the_fields_of_the_recordings(group: httpx.Client) -> None:
    body = {"location": "westeurope", "properties": {}}
    group.put(VAULT_ID, json=body, params={"api-version": "2026-10-01"})
    advance(group, until="idle")
    newer = {"api-version": "2026-10-01"}
    properties = done(group.get(VAULT_ID, params=newer)).json()["properties"]
    assert set(properties) == {
        "provisioningState",
        "privateEndpointStateForBackup",
        "privateEndpointStateForSiteRecovery",
        "monitoringSettings",
        "costManagementSettings",
        "backupStorageVersion",
        "securitySettings",
        "redundancySettings",
        "regionOfChoiceSettings",
        "secureScore",
        "bcdrSecurityLevel",
        "publicNetworkAccess",
        "restoreSettings",
    }
    assert properties["securitySettings"] == {
        SOFT_DELETE: {
            "softDeleteRetentionPeriodInDays": 14,
            "softDeleteState": "AlwaysON",
            "enhancedSecurityState": "AlwaysON",
        },
        "multiUserAuthorization": "Disabled",
        "sourceScanConfiguration": {"state": "Disabled"},
    }
    assert properties["redundancySettings"] == {
        "standardTierStorageRedundancy": "GeoRedundant",
        "crossRegionRestore": "Disabled",
    }


def test_monitoring_is_shown_to_older_clients_only_if_they_sent_it(group: httpx.Client) -> None:
    old = {"api-version": "2025-08-01"}
    monitoring = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Disabled"}}
    silent = group.put(VAULT_ID, json={"location": "westeurope"}, params=old)
    assert "monitoringSettings" not in silent.json()["properties"]
    other = f"{VAULTS}/vault-2"
    body = {"location": "westeurope", "properties": {"monitoringSettings": monitoring}}
    assert (
        group.put(other, json=body, params=old).json()["properties"]["monitoringSettings"]
        == monitoring
    )


def test_a_vault_protects_nothing_at_first_but_has_three_policies(vault: httpx.Client) -> None:
    names = [each["name"] for each in listed(vault, f"{VAULT_ID}/backupPolicies")]
    assert names == ["daily", "DefaultPolicy", "EnhancedPolicy", "HourlyLogBackup"]
    assert listed(vault, f"{VAULT_ID}/backupProtectedItems") == []


def test_the_spelling_of_soft_delete_in_a_request_does_not_matter(group: httpx.Client) -> None:
    settings = {"softDeleteState": "AlwaysOn", "enhancedSecurityState": "alwayson"}
    body = {"location": "westeurope", "properties": {"securitySettings": {SOFT_DELETE: settings}}}
    found = group.put(VAULT_ID, json=body).json()["properties"]["securitySettings"][SOFT_DELETE]
    assert found["softDeleteState"] == found["enhancedSecurityState"] == "AlwaysON"


@pytest.mark.parametrize("name", ["v", "1vault", "v_v", "v.v", "v" * 51, "vä", "-v"])
def test_a_vault_may_not_have_any_name(group: httpx.Client, name: str) -> None:
    answer = group.put(f"{VAULTS}/{name}", json={"location": "westeurope"})
    assert refused(answer) == (400, "InvalidResourceName")
    assert listed(group, VAULTS) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "InvalidRequestContent"),
        ({"location": ""}, "InvalidRequestContent"),
        ({"location": "atlantis"}, "LocationNotAvailableForResourceType"),
        ({"location": "westeurope", "sku": {}}, "InvalidRequestContent"),
        ({"location": "westeurope", "sku": {"name": "Gold"}}, "InvalidRequestContent"),
        ({"location": "westeurope", "tags": {"a": 1}}, "InvalidRequestContent"),
        ({"location": "westeurope", "tags": {"a<": "1"}}, "InvalidTagNameCharacters"),
        ({"location": "westeurope", "tags": {"a": "1", "A": "2"}}, "DuplicateTagName"),
        ({"location": "westeurope", "properties": []}, "InvalidRequestContent"),
        ({"location": "westeurope", "identity": {"type": "Mine"}}, "InvalidRequestContent"),
        ({"location": "westeurope", "identity": {"type": "UserAssigned"}}, "MissingIdentityIds"),
        (
            {"location": "westeurope", "properties": {"publicNetworkAccess": "Perhaps"}},
            "InvalidRequestContent",
        ),
        (
            {"location": "westeurope", "properties": {"encryption": {"keyVaultProperties": {}}}},
            "InvalidRestApiParameter",
        ),
        (
            {
                "location": "westeurope",
                "properties": {
                    "securitySettings": {SOFT_DELETE: {"softDeleteRetentionPeriodInDays": 13}}
                },
            },
            "InvalidRequestContent",
        ),
        (
            {
                "location": "westeurope",
                "properties": {
                    "redundancySettings": {
                        "standardTierStorageRedundancy": "LocallyRedundant",
                        "crossRegionRestore": "Enabled",
                    }
                },
            },
            "BMSUserErrorInvalidInput",
        ),
    ],
)
def test_a_wrong_vault_is_refused_and_nothing_is_left_of_it(
    group: httpx.Client, body: dict[str, Any], code: str
) -> None:
    assert refused(group.put(VAULT_ID, json=body)) == (400, code)
    assert listed(group, VAULTS) == []
    assert refused(group.get(VAULT_ID)) == (404, "ResourceNotFound")


def test_a_vault_needs_its_resource_group(arm: httpx.Client) -> None:
    answer = arm.put(VAULT_ID, json={"location": "westeurope"})
    assert refused(answer) == (404, "ResourceGroupNotFound")


# --- found -------------------------------------------------------------------------------


def test_a_vault_that_is_not_there_is_named_with_its_type_and_group(group: httpx.Client) -> None:
    answer = group.get(VAULT_ID)
    assert refused(answer) == (404, "ResourceNotFound")
    message = answer.json()["error"]["message"]
    assert "'Microsoft.RecoveryServices/vaults/vault-1' under resource group 'group-1'" in message


def test_vaults_are_listed_by_group_and_by_subscription(group: httpx.Client) -> None:
    other = f"{ROOT}/resourceGroups/group-2"
    put_group(group, other)
    put_vault(group)
    put_vault(group, f"{other}/providers/Microsoft.RecoveryServices/vaults/vault-2")
    everywhere = listed(group, f"{ROOT}/providers/Microsoft.RecoveryServices/vaults")
    assert [each["name"] for each in listed(group, VAULTS)] == ["vault-1"]
    assert [each["name"] for each in everywhere] == ["vault-1", "vault-2"]
    nowhere = SUBSCRIPTION.replace("1", "9")
    path = f"/subscriptions/{nowhere}/providers/Microsoft.RecoveryServices/vaults"
    assert listed(group, path) == []


def test_a_listed_vault_looks_as_it_does_alone(vault: httpx.Client) -> None:
    assert listed(vault, VAULTS) == [vault.get(VAULT_ID).json()]


def test_vaults_of_a_group_that_is_not_there_are_refused(arm: httpx.Client) -> None:
    assert refused(arm.get(VAULTS)) == (404, "ResourceGroupNotFound")


# --- changed -----------------------------------------------------------------------------


def test_a_patch_is_accepted_without_a_body_and_polled_on_two_surfaces(
    vault: httpx.Client,
) -> None:
    set_clock(vault, skipOnWait="off")
    answer = vault.patch(VAULT_ID, json={"tags": {"env": "test"}})
    assert (answer.status_code, answer.content) == (202, b"")
    status, result = answer.headers["azure-asyncoperation"], answer.headers["location"]
    assert f"{VAULT_ID}/operationStatus/" in status
    assert f"{VAULT_ID}/operationResults/" in result
    assert vault.get(status).json()["status"] == "InProgress"
    assert vault.get(result).status_code == 202
    advance(vault, until="idle")
    assert vault.get(status).json()["status"] == "Succeeded"
    assert vault.get(result).json() == vault.get(VAULT_ID).json()
    assert vault.get(VAULT_ID).json()["tags"] == {"env": "test"}


def test_a_patch_leaves_alone_what_it_does_not_name(vault: httpx.Client) -> None:
    before = properties_of(vault)
    finish(vault, patch(vault, publicNetworkAccess="Disabled"))
    after = properties_of(vault)
    assert after == before | {"publicNetworkAccess": "Disabled"}


def test_a_put_of_a_vault_that_exists_keeps_its_settings(vault: httpx.Client) -> None:
    finish(vault, patch(vault, publicNetworkAccess="Disabled"))
    again = vault.put(VAULT_ID, json={"location": "WestEurope", "tags": {"a": "b"}})
    assert again.status_code == 200
    assert again.json()["tags"] == {"a": "b"}
    assert again.json()["properties"]["publicNetworkAccess"] == "Disabled"


def test_a_vault_cannot_move(vault: httpx.Client) -> None:
    answer = vault.put(VAULT_ID, json={"location": "eastus"})
    assert refused(answer) == (409, "InvalidResourceLocation")
    assert vault.get(VAULT_ID).json()["location"] == "westeurope"


def test_a_change_of_a_vault_that_is_not_there_is_refused(group: httpx.Client) -> None:
    assert refused(group.patch(VAULT_ID, json={})) == (404, "ResourceNotFound")


@pytest.mark.parametrize("state", ["Disabled", "Enabled"])
def test_soft_delete_that_is_always_on_cannot_be_changed(vault: httpx.Client, state: str) -> None:
    before = vault.get(VAULT_ID).content
    settings = {"securitySettings": {SOFT_DELETE: {"softDeleteState": state}}}
    answers = [
        patch(vault, **settings),
        vault.put(VAULT_ID, json={"location": "westeurope", "properties": settings}),
        vault.patch(CONFIG, json={"properties": {"softDeleteFeatureState": state}}),
        vault.put(CONFIG, json={"properties": {"softDeleteFeatureState": state}}),
    ]
    for answer in answers:
        assert refused(answer) == (400, "BMSUserErrorSoftDeleteStateAlwaysOn")
    assert vault.get(VAULT_ID).content == before


def test_enhanced_security_that_is_always_on_stays_on(vault: httpx.Client) -> None:
    before = properties_of(vault)
    off = {SOFT_DELETE: {"enhancedSecurityState": "Disabled"}}
    done(patch(vault, securitySettings=off))
    done(vault.patch(CONFIG, json={"properties": {"enhancedSecurityState": "Disabled"}}))
    assert properties_of(vault)["securitySettings"] == before["securitySettings"]


def test_cross_subscription_restore_that_is_off_for_good_stays_off(vault: httpx.Client) -> None:
    name = "crossSubscriptionRestoreSettings"
    for state in ("Disabled", "Enabled", "PermanentlyDisabled"):
        restore = {name: {"crossSubscriptionRestoreState": state}}
        finish(vault, patch(vault, restoreSettings=restore))
    answer = patch(vault, restoreSettings={name: {"crossSubscriptionRestoreState": "Enabled"}})
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")


def test_redundancy_is_fixed_once_something_is_protected(protected: httpx.Client) -> None:
    local = {"standardTierStorageRedundancy": "LocallyRedundant"}
    same = {"standardTierStorageRedundancy": "GeoRedundant"}
    assert refused(patch(protected, redundancySettings=local)) == (
        400,
        "BMSUserErrorStorageTypeLocked",
    )
    assert patch(protected, redundancySettings=same).status_code == 202


def test_redundancy_may_change_while_nothing_is_protected(vault: httpx.Client) -> None:
    finish(
        vault, patch(vault, redundancySettings={"standardTierStorageRedundancy": "ZoneRedundant"})
    )
    assert properties_of(vault)["redundancySettings"] == {
        "standardTierStorageRedundancy": "ZoneRedundant",
        "crossRegionRestore": "Disabled",
    }


# --- its configuration --------------------------------------------------------------------


def test_the_configuration_shows_soft_delete_in_its_own_words(vault: httpx.Client) -> None:
    assert vault.get(CONFIG).json() == {
        "id": CONFIG,
        "name": "vaultconfig",
        "type": "Microsoft.RecoveryServices/vaults/backupconfig",
        "properties": {
            "enhancedSecurityState": "AlwaysON",
            "softDeleteFeatureState": "AlwaysON",
            "softDeleteRetentionPeriodInDays": 14,
            "isSoftDeleteFeatureStateEditable": True,
        },
    }


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_configuration_and_the_vault_show_one_truth(vault: httpx.Client, method: str) -> None:
    body = {"properties": {"softDeleteRetentionPeriodInDays": 30}}
    answer = vault.request(method, CONFIG, json=body)
    assert answer.status_code == 200
    assert answer.json()["properties"]["softDeleteRetentionPeriodInDays"] == 30
    soft = properties_of(vault)["securitySettings"][SOFT_DELETE]
    assert soft["softDeleteRetentionPeriodInDays"] == 30


@pytest.mark.parametrize("days", [13, 181, -1, "many", 14.5])
def test_soft_delete_lasts_14_to_180_days(vault: httpx.Client, days: Any) -> None:
    body = {"properties": {"softDeleteRetentionPeriodInDays": days}}
    answer = vault.patch(CONFIG, json=body)
    assert refused(answer) == (400, "InvalidRequestContent")
    assert "softDeleteRetentionPeriodInDays" in answer.json()["error"]["target"]
    assert vault.get(CONFIG).json()["properties"]["softDeleteRetentionPeriodInDays"] == 14


# --- deleted -----------------------------------------------------------------------------


def test_an_empty_vault_is_deleted_and_polled_at_its_location(vault: httpx.Client) -> None:
    answer = vault.delete(VAULT_ID, params={"api-version": "2026-10-01"})
    assert (answer.status_code, answer.content) == (202, b"")
    for name in ("azure-asyncoperation", "location"):
        assert f"{LOCATION_ID}/operation" in answer.headers[name]
    finish(vault, answer)
    assert vault.get(answer.headers["location"]).status_code == 204
    assert refused(vault.get(VAULT_ID)) == (404, "ResourceNotFound")
    assert listed(vault, VAULTS) == []


def test_older_clients_are_told_200_when_a_vault_is_deleted(vault: httpx.Client) -> None:
    answer = vault.delete(VAULT_ID, params={"api-version": "2024-01-01"})
    assert (answer.status_code, answer.content) == (200, b"")


def test_deleting_a_vault_that_is_not_there_is_no_error(group: httpx.Client) -> None:
    assert group.delete(VAULT_ID).status_code == 204


def test_a_vault_that_protects_something_cannot_be_deleted(protected: httpx.Client) -> None:
    answer = protected.delete(VAULT_ID)
    assert refused(answer) == (400, "ServiceResourceNotEmptyWithContainerDetails")
    message = answer.json()["error"]["message"]
    assert "existing resources within the vault" in message
    assert "vm-1" in message
    assert protected.get(VAULT_ID).status_code == 200


def test_a_deleted_vaults_name_is_free_at_once(vault: httpx.Client) -> None:
    vault.delete(VAULT_ID)
    again = vault.put(VAULT_ID, json={"location": "eastus"})
    assert again.status_code == 201
    assert listed(vault, f"{VAULT_ID}/backupJobs") == []


def test_nothing_inside_a_deleted_vault_can_be_seen(protected: httpx.Client) -> None:
    delete_item(protected)
    protected.delete(VAULT_ID)
    for path in (ITEM_ID, f"{VAULT_ID}/backupPolicies", f"{VAULT_ID}/backupJobs", CONFIG):
        assert refused(protected.get(path)) == (404, "ResourceNotFound")


def test_the_operations_of_a_vault_end_with_it(arm: httpx.Client) -> None:
    put_group(arm)
    created = arm.put(VAULT_ID, json={"location": "westeurope"})
    polled = created.headers["azure-asyncoperation"]
    done(arm.get(polled))
    done(arm.delete(VAULT_ID))
    put_vault(arm)
    assert refused(arm.get(polled)) == (404, "OperationNotFound")


def test_default_alerts_are_shown_to_newer_clients_only(group: httpx.Client) -> None:
    older, newer = {"api-version": "2025-08-01"}, {"api-version": "2026-07-01"}
    body = {"location": "westeurope", "properties": {}}
    for creator in (older, newer):
        done(group.put(VAULT_ID, json=body, params=creator))
        advance(group, until="idle")
        shown = done(group.get(VAULT_ID, params=older)).json()["properties"]
        assert "monitoringSettings" not in shown
        shown = done(group.get(VAULT_ID, params=newer)).json()["properties"]
        assert shown["monitoringSettings"]["classicAlertSettings"]
        done(group.delete(VAULT_ID))


def test_alerts_that_were_set_are_shown_to_everyone(group: httpx.Client) -> None:
    alerts = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Disabled"}}
    body = {"location": "westeurope", "properties": {"monitoringSettings": alerts}}
    done(group.put(VAULT_ID, json=body))
    shown = done(group.get(VAULT_ID, params={"api-version": "2025-08-01"})).json()["properties"]
    assert shown["monitoringSettings"] == alerts
