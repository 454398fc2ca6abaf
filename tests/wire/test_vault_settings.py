"""Redundancy, immutability, identities and the key of a vault: what they may become."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    VAULT_ID,
    Served,
    advance,
    delete_item,
    done,
    finish,
    protect,
    put_group,
    put_user_identity,
    put_vault,
    put_vm,
    refused,
)

STORAGE = f"{VAULT_ID}/backupstorageconfig/vaultstorageconfig"
ENCRYPTION = f"{VAULT_ID}/backupEncryptionConfigs/backupResourceEncryptionConfig"
KEY = "https://keys-1.vault.azure.net/keys/key-1/0767b348bb1a4c07baa6c4ec0055d2b3"
USER_1 = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one".replace(
    "resourceGroups", "resourcegroups"
)
USER_2 = USER_1.replace("/one", "/Two")
LOCKED_BY = "BMSUserErrorStorageTypeLocked"


@pytest.fixture
def vault(vault: httpx.Client) -> httpx.Client:
    """The usual client of a vault that is ready, with two identities beside it."""
    for each in (USER_1, USER_2):
        put_user_identity(vault, each)
    return vault


def patch(arm: httpx.Client, **body: Any) -> httpx.Response:
    return arm.patch(VAULT_ID, json=body)


def properties_of(arm: httpx.Client, path: str = VAULT_ID) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(path)).json()["properties"]
    return found


def redundancy(kind: str | None = None, cross_region: str | None = None) -> dict[str, Any]:
    settings = {"standardTierStorageRedundancy": kind, "crossRegionRestore": cross_region}
    return {"properties": {"redundancySettings": settings}}


def storage(**properties: Any) -> dict[str, Any]:
    return {"properties": properties}


# --- redundancy --------------------------------------------------------------------------


def test_the_storage_config_shows_the_vaults_redundancy(vault: httpx.Client) -> None:
    assert vault.get(STORAGE).json() == {
        "id": STORAGE,
        "name": "vaultstorageconfig",
        "type": "Microsoft.RecoveryServices/vaults/backupstorageconfig",
        "properties": {
            "storageModelType": "GeoRedundant",
            "storageType": "GeoRedundant",
            "storageTypeState": "Unlocked",
            "crossRegionRestoreFlag": False,
            "dedupState": "Disabled",
            "xcoolState": "Disabled",
        },
    }
    finish(vault, patch(vault, **redundancy("ZoneRedundant")))
    assert properties_of(vault, STORAGE)["storageModelType"] == "ZoneRedundant"


@pytest.mark.parametrize("field", ["storageModelType", "storageType"])
def test_what_the_storage_config_is_told_the_vault_shows(vault: httpx.Client, field: str) -> None:
    answer = vault.patch(STORAGE, json=storage(**{field: "LocallyRedundant"}))
    assert (answer.status_code, answer.content) == (204, b"")
    assert properties_of(vault)["redundancySettings"] == {
        "standardTierStorageRedundancy": "LocallyRedundant",
        "crossRegionRestore": "Disabled",
    }


def test_a_storage_config_is_read_changed_and_sent_back_whole(vault: httpx.Client) -> None:
    whole = vault.get(STORAGE).json()
    whole["properties"]["storageType"] = "ZoneRedundant"
    answer = vault.put(STORAGE, json=whole)
    assert answer.status_code == 200
    assert answer.json()["properties"]["storageModelType"] == "ZoneRedundant"
    assert answer.json() == vault.get(STORAGE).json()


def test_redundancy_set_on_the_vault_is_changed_there_alone(vault: httpx.Client) -> None:
    finish(vault, patch(vault, **redundancy("LocallyRedundant")))
    before = vault.get(VAULT_ID).content
    for method in ("PUT", "PATCH"):
        answer = vault.request(method, STORAGE, json=storage(storageModelType="GeoRedundant"))
        assert refused(answer) == (400, "BMSUserErrorRedundancySettingsUseVaultApi")
    assert vault.get(VAULT_ID).content == before
    same = vault.patch(STORAGE, json=storage(storageModelType="LocallyRedundant"))
    assert same.status_code == 204


def test_redundancy_is_locked_from_the_first_protection_on(protected: httpx.Client) -> None:
    for then in (
        lambda: None,
        lambda: delete_item(protected),
        lambda: advance(protected, by="P15D"),
    ):
        then()
        assert properties_of(protected, STORAGE)["storageTypeState"] == "Locked"
        answer = patch(protected, **redundancy("LocallyRedundant"))
        assert refused(answer) == (400, LOCKED_BY)
        answer = protected.patch(STORAGE, json=storage(storageType="ZoneRedundant"))
        assert refused(answer) == (400, LOCKED_BY)


def test_cross_region_restore_may_be_enabled_later_and_never_disabled(
    protected: httpx.Client,
) -> None:
    finish(protected, patch(protected, **redundancy(cross_region="Enabled")))
    assert properties_of(protected, STORAGE)["crossRegionRestoreFlag"] is True
    for off in (redundancy(cross_region="Disabled"), redundancy("GeoRedundant", "Disabled")):
        assert refused(patch(protected, **off)) == (400, "BMSUserErrorInvalidInput")
    assert properties_of(protected)["redundancySettings"]["crossRegionRestore"] == "Enabled"


def test_cross_region_restore_is_enabled_through_the_storage_config_too(
    vault: httpx.Client,
) -> None:
    both = storage(storageModelType="GeoRedundant", crossRegionRestoreFlag=True)
    assert vault.patch(STORAGE, json=both).status_code == 204
    assert properties_of(vault)["redundancySettings"]["crossRegionRestore"] == "Enabled"
    off = storage(crossRegionRestoreFlag=False)
    assert vault.patch(STORAGE, json=off).status_code == 204
    assert properties_of(vault)["redundancySettings"]["crossRegionRestore"] == "Disabled"
    assert vault.patch(STORAGE, json=both).status_code == 204
    put_vm(vault)
    protect(vault)
    assert refused(vault.patch(STORAGE, json=off)) == (400, "BMSUserErrorInvalidInput")
    assert properties_of(vault)["redundancySettings"]["crossRegionRestore"] == "Enabled"


@pytest.mark.parametrize("kind", ["LocallyRedundant", "ZoneRedundant"])
def test_cross_region_restore_needs_storage_that_is_geo_redundant(
    vault: httpx.Client, kind: str
) -> None:
    answer = patch(vault, **redundancy(kind, "Enabled"))
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")
    finish(vault, patch(vault, **redundancy(cross_region="Enabled")))
    assert refused(patch(vault, **redundancy(kind))) == (400, "BMSUserErrorInvalidInput")


def test_a_region_without_a_pair_has_no_cross_region_restore(arm: httpx.Client) -> None:
    put_group(arm)
    body = {"location": "polandcentral", **redundancy(cross_region="Enabled")}
    assert refused(arm.put(VAULT_ID, json=body)) == (400, "BMSUserErrorInvalidInput")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "InvalidRequestContent"),
        (storage(storageModelType="Invalid"), "InvalidRequestContent"),
        (storage(storageModelType=3), "InvalidRequestContent"),
        (storage(crossRegionRestoreFlag="perhaps"), "InvalidRequestContent"),
        (storage(storageModelType="ReadAccessGeoZoneRedundant"), "NotSupported"),
        (storage(dedupState="Enabled"), "NotSupported"),
        (storage(xcoolState="Enabled"), "NotSupported"),
        (
            storage(storageModelType="LocallyRedundant", storageType="ZoneRedundant"),
            "BMSUserErrorInvalidInput",
        ),
    ],
)
def test_a_wrong_storage_config_is_refused(
    vault: httpx.Client, body: dict[str, Any], code: str
) -> None:
    before = vault.get(STORAGE).content
    assert refused(vault.put(STORAGE, json=body)) == (400, code)
    assert vault.get(STORAGE).content == before


# --- immutability ------------------------------------------------------------------------


def immutability(state: str | None, **configuration: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"state": state}
    if configuration:
        settings["configuration"] = configuration
    return {"properties": {"securitySettings": {"immutabilitySettings": settings}}}


def test_immutability_goes_there_and_back_until_it_is_locked(vault: httpx.Client) -> None:
    security = properties_of(vault)["securitySettings"]
    assert "immutabilitySettings" not in security
    for state in ("Unlocked", "Disabled", "Unlocked", "Locked"):
        finish(vault, patch(vault, **immutability(state)))
        assert properties_of(vault)["securitySettings"]["immutabilitySettings"] == {"state": state}
    for state in ("Unlocked", "Disabled"):
        answer = patch(vault, **immutability(state))
        assert refused(answer) == (400, "UserErrorUnsupportedVaultImmutabilityStateChange")


def test_no_vault_is_locked_before_it_was_unlocked(vault: httpx.Client) -> None:
    code = (400, "UserErrorUnsupportedVaultImmutabilityStateChange")
    assert refused(patch(vault, **immutability("Locked"))) == code
    born_locked = {"location": "westeurope", **immutability("Locked")}
    assert refused(vault.put(VAULT_ID.replace("vault-1", "vault-2"), json=born_locked)) == code


def test_a_locked_time_may_only_grow(vault: httpx.Client) -> None:
    timed = {"type": "TimeBased", "durationInDays": 30}
    finish(vault, patch(vault, **immutability("Unlocked", **timed)))
    finish(vault, patch(vault, **immutability("Locked")))
    shorter = immutability(None, type="TimeBased", durationInDays=29)
    assert refused(patch(vault, **shorter)) == (400, "BMSUserErrorInvalidInput")
    as_per_policy = immutability(None, type="AsPerPolicy")
    assert refused(patch(vault, **as_per_policy)) == (400, "BMSUserErrorInvalidInput")
    finish(vault, patch(vault, **immutability(None, type="TimeBased", durationInDays=31)))
    settings = properties_of(vault)["securitySettings"]["immutabilitySettings"]
    assert settings["configuration"] == {"type": "TimeBased", "durationInDays": 31}


def test_a_time_based_immutability_says_for_how_long(vault: httpx.Client) -> None:
    answer = patch(vault, **immutability("Unlocked", type="TimeBased"))
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")


# --- identities --------------------------------------------------------------------------


def identity(kind: str, **users: Any) -> dict[str, Any]:
    return {
        "identity": {"type": kind, "userAssignedIdentities": users} if users else {"type": kind}
    }


def identity_of(arm: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(VAULT_ID)).json()["identity"]
    return found


def test_a_vault_has_no_identity_until_it_is_given_one(vault: httpx.Client) -> None:
    assert "identity" not in vault.get(VAULT_ID).json()
    finish(vault, patch(vault, **identity("systemassigned")))
    found = identity_of(vault)
    assert set(found) == {"type", "tenantId", "principalId"}
    assert found["type"] == "SystemAssigned"
    finish(vault, patch(vault, tags={"a": "b"}))
    assert identity_of(vault) == found


def test_identities_come_and_go_one_by_one(vault: httpx.Client) -> None:
    finish(vault, patch(vault, **identity("userassigned", **{USER_1: {}})))
    first = identity_of(vault)
    assert set(first) == {"type", "userAssignedIdentities"}
    assert set(first["userAssignedIdentities"][USER_1]) == {"clientId", "principalId"}
    finish(vault, patch(vault, **identity("systemassigned,userassigned", **{USER_2: {}})))
    both = identity_of(vault)
    assert both["type"] == "SystemAssigned, UserAssigned"
    assert list(both["userAssignedIdentities"]) == [USER_1, USER_2]
    assert both["userAssignedIdentities"][USER_1] == first["userAssignedIdentities"][USER_1]
    finish(vault, patch(vault, **identity("UserAssigned, SystemAssigned", **{USER_1: None})))
    assert list(identity_of(vault)["userAssignedIdentities"]) == [USER_2]
    finish(vault, patch(vault, **identity("systemassigned", **{USER_2: None})))
    assert identity_of(vault) == {
        name: value for name, value in both.items() if name != "userAssignedIdentities"
    } | {"type": "SystemAssigned"}
    finish(vault, patch(vault, **identity("none")))
    assert identity_of(vault) == {"type": "None"}


def test_an_identity_is_the_same_in_whatever_casing(vault: httpx.Client) -> None:
    finish(vault, patch(vault, **identity("UserAssigned", **{USER_2: {}})))
    again: dict[str, Any] = {USER_2.upper().replace("/SUBSCRIPTIONS", "/subscriptions"): {}}
    finish(vault, patch(vault, **identity("UserAssigned", **again)))
    assert list(identity_of(vault)["userAssignedIdentities"]) == [USER_2]
    finish(vault, patch(vault, **identity("UserAssigned", **{USER_1: {}, USER_2.lower(): None})))
    assert list(identity_of(vault)["userAssignedIdentities"]) == [USER_1]


def test_a_put_names_all_identities_or_leaves_them_alone(vault: httpx.Client) -> None:
    finish(vault, patch(vault, **identity("SystemAssigned, UserAssigned", **{USER_1: {}})))
    before = identity_of(vault)
    put_vault(vault)
    assert identity_of(vault) == before
    put_vault(vault, **identity("SystemAssigned, UserAssigned", **{USER_2: {}}))
    after = identity_of(vault)
    assert list(after["userAssignedIdentities"]) == [USER_2]
    assert after["principalId"] == before["principalId"]


def test_an_identity_that_was_read_may_be_sent_back(vault: httpx.Client) -> None:
    finish(vault, patch(vault, **identity("UserAssigned", **{USER_1: {}})))
    before = vault.get(VAULT_ID).json()
    finish(vault, patch(vault, identity=before["identity"]))
    assert identity_of(vault) == before["identity"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"type": "UserAssigned"}, "MissingIdentityIds"),
        ({"type": "UserAssigned", "userAssignedIdentities": {}}, "MissingIdentityIds"),
        (
            {"type": "UserAssigned", "userAssignedIdentities": {"one": {}}},
            "LinkedInvalidPropertyId",
        ),
        (
            {"type": "UserAssigned", "userAssignedIdentities": {f"{USER_1}-1": {}}},
            "FailedIdentityOperation",
        ),
        (
            {"type": "UserAssigned", "userAssignedIdentities": {VAULT_ID: {}}},
            "LinkedInvalidPropertyId",
        ),
        ({"type": "SystemAssigned", "userAssignedIdentities": {USER_1: {}}}, "BadRequest"),
        ({"type": "None", "userAssignedIdentities": {USER_1: {}}}, "BadRequest"),
        ({"type": "Own"}, "InvalidRequestContent"),
        ({"type": "UserAssigned", "userAssignedIdentities": {USER_1: 1}}, "InvalidRequestContent"),
        ({"type": "UserAssigned", "userAssignedIdentities": [USER_1]}, "InvalidRequestContent"),
        ({}, "InvalidRequestContent"),
    ],
)
def test_a_wrong_identity_is_refused(vault: httpx.Client, sent: dict[str, Any], code: str) -> None:
    before = vault.get(VAULT_ID).content
    assert refused(patch(vault, identity=sent)) == (400, code)
    assert vault.get(VAULT_ID).content == before


@pytest.mark.parametrize(
    ("soft_delete", "immutable", "levels"),
    [
        ("always-on", (), [("Adequate", "Good"), ("Maximum", "Excellent")]),
        ("enabled", ("Unlocked",), [("None", "Poor"), ("Minimum", "Fair")]),
        ("enabled", ("Unlocked", "Locked"), [("Adequate", "Good"), ("Maximum", "Excellent")]),
    ],
)
def test_a_vault_says_how_well_it_guards_its_data(
    serve: Served, soft_delete: str, immutable: tuple[str, ...], levels: list[tuple[str, str]]
) -> None:
    arm = serve(soft_delete=soft_delete)
    put_group(arm)
    put_vault(arm)
    for state in immutable:
        settings = {"securitySettings": {"immutabilitySettings": {"state": state}}}
        finish(arm, patch(arm, properties=settings))

    def shown() -> tuple[str, str]:
        properties = properties_of(arm)
        return properties["secureScore"], properties["bcdrSecurityLevel"]

    found = [shown()]
    guard = f"{GROUP_ID}/providers/Microsoft.DataProtection/resourceGuards/guard-1"
    done(arm.put(guard, json={"location": "westeurope", "properties": {}}))
    mapping = {"properties": {"resourceGuardResourceId": guard}}
    done(arm.put(f"{VAULT_ID}/backupResourceGuardProxies/VaultProxy", json=mapping))
    found.append(shown())
    assert found == levels


# --- the key -----------------------------------------------------------------------------


def key(uri: str | None = KEY, infrastructure: str | None = None, **kek: Any) -> dict[str, Any]:
    return {
        "keyVaultProperties": {"keyUri": uri},
        "kekIdentity": kek,
        "infrastructureEncryption": infrastructure,
    }


def encrypt(arm: httpx.Client, sent: dict[str, Any], **more: Any) -> httpx.Response:
    return patch(arm, properties={"encryption": sent}, **more)


def test_a_vault_is_encrypted_with_microsofts_key_at_first(vault: httpx.Client) -> None:
    assert vault.get(ENCRYPTION).json() == {
        "id": ENCRYPTION,
        "name": "backupResourceEncryptionConfig",
        "type": "Microsoft.RecoveryServices/vaults/backupEncryptionConfigs",
        "properties": {
            "encryptionAtRestType": "MicrosoftManaged",
            "lastUpdateStatus": "NotEnabled",
            "infrastructureEncryptionState": "Disabled",
            "useSystemAssignedIdentity": True,
        },
    }
    assert "encryption" not in properties_of(vault)


def test_a_key_that_the_vaults_own_identity_opens(vault: httpx.Client) -> None:
    finish(vault, patch(vault, **identity("SystemAssigned")))
    finish(vault, encrypt(vault, key(useSystemAssignedIdentity=True)))
    assert properties_of(vault)["encryption"] == {
        "keyVaultProperties": {"keyUri": KEY},
        "kekIdentity": {"useSystemAssignedIdentity": True, "userAssignedIdentity": None},
        "infrastructureEncryption": "Disabled",
    }
    assert properties_of(vault, ENCRYPTION) == {
        "encryptionAtRestType": "CustomerManaged",
        "keyUri": KEY,
        "subscriptionId": "",
        "lastUpdateStatus": "Succeeded",
        "infrastructureEncryptionState": "Disabled",
        "useSystemAssignedIdentity": True,
    }


def test_a_key_and_the_identity_that_opens_it_may_come_together(vault: httpx.Client) -> None:
    sent = key(infrastructure="Enabled", userAssignedIdentity=USER_1)
    finish(vault, encrypt(vault, sent, **identity("UserAssigned", **{USER_1: {}})))
    shown = properties_of(vault, ENCRYPTION)
    assert shown["userAssignedIdentity"] == USER_1
    assert shown["useSystemAssignedIdentity"] is False
    assert shown["infrastructureEncryptionState"] == "Enabled"


def test_another_key_or_identity_may_follow(vault: httpx.Client) -> None:
    both = identity("SystemAssigned, UserAssigned", **{USER_1: {}})
    finish(vault, encrypt(vault, key(userAssignedIdentity=USER_1), **both))
    finish(vault, encrypt(vault, {"keyVaultProperties": {"keyUri": f"{KEY}0"}}))
    finish(vault, encrypt(vault, {"kekIdentity": {"useSystemAssignedIdentity": True}}))
    shown = properties_of(vault)["encryption"]
    assert shown["keyVaultProperties"] == {"keyUri": f"{KEY}0"}
    assert shown["kekIdentity"] == {"useSystemAssignedIdentity": True, "userAssignedIdentity": None}


def test_azurerm_creates_an_encrypted_vault_before_it_assigns_the_identity(
    arm: httpx.Client,
) -> None:
    put_group(arm)
    put_user_identity(arm, USER_1)
    sent = {"encryption": key(useSystemAssignedIdentity=False, userAssignedIdentity=USER_1)}
    put_vault(arm, properties=sent, **identity("None"))
    advance(arm, until="idle")
    finish(arm, patch(arm, properties={}, **identity("UserAssigned", **{USER_1: {}})))
    assert properties_of(arm, ENCRYPTION)["userAssignedIdentity"] == USER_1


def test_an_identity_that_opens_the_key_stays(vault: httpx.Client) -> None:
    both = identity("SystemAssigned, UserAssigned", **{USER_1: {}})
    finish(vault, encrypt(vault, key(userAssignedIdentity=USER_1), **both))
    for without in (identity("SystemAssigned"), identity("None")):
        assert refused(patch(vault, **without)) == (400, "InvalidRestApiParameter")
    finish(vault, patch(vault, **identity("UserAssigned")))


def test_a_key_comes_before_the_first_item_or_never(protected: httpx.Client) -> None:
    finish(protected, patch(protected, **identity("SystemAssigned")))
    answer = encrypt(protected, key(useSystemAssignedIdentity=True))
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")
    delete_item(protected)
    advance(protected, by="P15D")
    answer = encrypt(protected, key(useSystemAssignedIdentity=True))
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")


def test_an_encrypted_vault_protects_and_may_change_its_key(vault: httpx.Client) -> None:
    finish(vault, encrypt(vault, key(useSystemAssignedIdentity=True), **identity("SystemAssigned")))
    put_vm(vault)
    protect(vault)
    finish(vault, encrypt(vault, {"keyVaultProperties": {"keyUri": f"{KEY}0"}}))
    answer = encrypt(vault, {"infrastructureEncryption": "Enabled"})
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        key(None, useSystemAssignedIdentity=True),
        key("http://keys-1.vault.azure.net/keys/key-1", useSystemAssignedIdentity=True),
        key("https://keys-1.vault.azure.net/secrets/key-1", useSystemAssignedIdentity=True),
        key(),
        key(useSystemAssignedIdentity=False),
        key(userAssignedIdentity=USER_1),
        key(userAssignedIdentity=USER_1, useSystemAssignedIdentity=True),
    ],
)
def test_a_wrong_encryption_is_refused(vault: httpx.Client, sent: dict[str, Any]) -> None:
    finish(vault, patch(vault, **identity("SystemAssigned")))
    before = vault.get(VAULT_ID).content
    assert refused(encrypt(vault, sent)) == (400, "InvalidRestApiParameter")
    assert vault.get(VAULT_ID).content == before


def test_a_key_needs_an_identity(vault: httpx.Client) -> None:
    answer = encrypt(vault, key(useSystemAssignedIdentity=True))
    assert refused(answer) == (400, "InvalidRestApiParameter")


def test_the_encryption_config_gives_a_key_and_never_takes_it_away(vault: httpx.Client) -> None:
    ours = {"properties": {"encryptionAtRestType": "MicrosoftManaged"}}
    theirs = {"properties": {"encryptionAtRestType": "CustomerManaged", "keyUri": KEY}}
    assert vault.put(ENCRYPTION, json=ours).status_code == 200
    assert refused(vault.put(ENCRYPTION, json=theirs)) == (400, "InvalidRestApiParameter")
    finish(vault, patch(vault, **identity("UserAssigned", **{USER_1: {}})))
    answer = vault.put(ENCRYPTION, json=theirs)
    assert answer.status_code == 200
    assert answer.json()["properties"]["userAssignedIdentity"] == USER_1
    assert properties_of(vault)["encryption"]["keyVaultProperties"] == {"keyUri": KEY}
    assert refused(vault.put(ENCRYPTION, json=ours)) == (400, "BMSUserErrorInvalidInput")
