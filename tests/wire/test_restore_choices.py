"""What a restore may choose: zone, subscription, encryption, network access, and identity."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    POINTS,
    RESTORE,
    ROOT,
    STORAGE_ID,
    VAULT_ID,
    advance,
    back_up,
    done,
    job,
    job_of,
    listed,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_user_identity,
    put_vault,
    refused,
    set_clock,
    vm_body,
    vm_id,
)

TARGET = f"{ROOT}/resourceGroups/restored"
FOREIGN = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/restored"
NETWORK = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/net-1"
COMPUTE = "providers/Microsoft.Compute"
SET = f"{GROUP_ID}/{COMPUTE}/diskEncryptionSets/set-1"
KEY = "https://vault-1.vault.azure.net/keys/key-1/0123456789abcdef0123456789abcdef"
ACCESS = f"{GROUP_ID}/{COMPUTE}/diskAccesses/access-1"
USER = (
    f"{ROOT}/resourcegroups/group-1/providers/Microsoft.ManagedIdentity"
    "/userAssignedIdentities/user-1"
)
ZONE_REDUNDANT = {
    "redundancySettings": {
        "standardTierStorageRedundancy": "ZoneRedundant",
        "crossRegionRestore": "Disabled",
    }
}
OWN_KEY = {
    "encryption": {
        "keyVaultProperties": {"keyUri": KEY},
        "kekIdentity": {"useSystemAssignedIdentity": True},
        "infrastructureEncryption": "Disabled",
    }
}
BOTH = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {USER: {}}}


def put_set(
    arm: httpx.Client, set_id: str = SET, location: str = "westeurope", **more: Any
) -> None:
    properties = {"activeKey": {"keyUrl": KEY}, "rotationToLatestKeyVersionEnabled": True} | more
    identity = {"type": "SystemAssigned"}
    body = {"location": location, "identity": identity, "properties": properties}
    done(arm.put(set_id, json=body))


def put_network(arm: httpx.Client, network: str = NETWORK) -> None:
    subnet = {"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    done(arm.put(network, json={"location": "westeurope", "properties": space}))


def ready(
    arm: httpx.Client, *, vm: dict[str, Any] | None = None, vault: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Build a world with a VM that was backed up into a vault, and return the point."""
    put_group(arm)
    put_group(arm, TARGET)
    put_storage(arm)
    put_network(arm)
    put_user_identity(arm, USER)
    put_vault(arm, identity=BOTH, properties=vault or {})
    put_policy(arm)
    advance(arm, until="idle")
    done(arm.put(vm_id(), json=vm_body() | (vm or {})))
    return backed_up(arm)


def backed_up(arm: httpx.Client) -> dict[str, Any]:
    protect(arm)
    advance(arm, until={"job": back_up(arm)})
    return listed(arm, POINTS)[0]


def new_vm(group: str = TARGET, network: str = NETWORK) -> dict[str, Any]:
    return {
        "recoveryType": "AlternateLocation",
        "targetResourceGroupId": group,
        "targetVirtualMachineId": f"{group}/{COMPUTE}/virtualMachines/copy-1",
        "virtualNetworkId": network,
        "subnetId": f"{network}/subnets/default",
    }


def restore(arm: httpx.Client, point: dict[str, Any], **properties: Any) -> httpx.Response:
    sent = RESTORE["properties"] | {"targetResourceGroupId": TARGET} | properties
    body = {name: value for name, value in sent.items() if value is not None}
    return arm.post(f"{point['id']}/restore", json={"properties": body})


def restored(
    arm: httpx.Client, point: dict[str, Any], group: str = TARGET, **properties: Any
) -> list[dict[str, Any]]:
    """Restore to the end, and return the disks that came of it."""
    sent = {"targetResourceGroupId": group} | properties
    found = job(arm, job_of(arm, restore(arm, point, **sent)))
    assert found["status"] == "Completed", found
    return listed(arm, f"{group}/{COMPUTE}/disks")


def refusal_of(answer: httpx.Response) -> tuple[int, str, str]:
    status, code = refused(answer)
    return status, code, answer.json()["error"]["target"]


INVALID = "BMSUserErrorInvalidInput"


# --- the zone ----------------------------------------------------------------------------


def test_the_points_of_a_zonal_vm_show_its_zone(arm: httpx.Client) -> None:
    point = ready(arm, vm={"zones": ["2"]})
    assert point["properties"]["zones"] == ["2"]


def test_the_points_of_a_vm_without_a_zone_show_none(arm: httpx.Client) -> None:
    assert "zones" not in ready(arm)["properties"]


def test_a_zonal_vm_is_restored_to_its_own_zone(arm: httpx.Client) -> None:
    point = ready(arm, vm={"zones": ["2"]})
    assert [disk["zones"] for disk in restored(arm, point)] == [["2"]] * 2


@pytest.mark.parametrize(("asked", "zones"), [("1", ["1"]), ("3", ["3"]), ("NoZone", None)])
def test_disks_are_restored_to_the_zone_asked_for(
    arm: httpx.Client, asked: str, zones: list[str] | None
) -> None:
    point = ready(arm, vm={"zones": ["2"]}, vault=ZONE_REDUNDANT)
    disks = restored(arm, point, zones=[asked])
    assert [disk.get("zones") for disk in disks] == [zones] * 2


def test_a_new_vm_is_restored_to_a_zone_with_its_disks(arm: httpx.Client) -> None:
    point = ready(arm, vault=ZONE_REDUNDANT)
    disks = restored(arm, point, zones=["3"], **new_vm())
    vm = done(arm.get(f"{TARGET}/{COMPUTE}/virtualMachines/copy-1")).json()
    assert vm["zones"] == ["3"]
    assert [disk["zones"] for disk in disks] == [["3"]] * 2


def test_replaced_disks_are_in_the_zone_of_the_vm(arm: httpx.Client) -> None:
    point = ready(arm, vm={"zones": ["2"]})
    done(arm.post(f"{vm_id()}/deallocate"))
    restored(arm, point, recoveryType="OriginalLocation", group=GROUP_ID)
    vm = done(arm.get(vm_id())).json()
    name = vm["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    assert done(arm.get(name)).json()["zones"] == ["2"]


def test_a_zone_redundant_disk_is_restored_without_a_zone(arm: httpx.Client) -> None:
    vm = vm_body()
    disks = vm["properties"]["storageProfile"]["dataDisks"]
    disks[0]["managedDisk"] = {"storageAccountType": "Premium_ZRS"}
    point = ready(arm, vm=vm, vault=ZONE_REDUNDANT)
    found = restored(arm, point, zones=["1"])
    assert {disk["sku"]["name"]: disk.get("zones") for disk in found} == {
        "Premium_LRS": ["1"],
        "Premium_ZRS": None,
    }


def test_a_restore_to_another_zone_comes_from_the_vault(arm: httpx.Client) -> None:
    point = ready(arm, vault=ZONE_REDUNDANT)
    near, far = (
        job(arm, job_of(arm, restore(arm, point, zones=zones)))["duration"]
        for zones in (None, ["1"])
    )
    assert near.startswith("PT4M")
    assert far.startswith("PT1")


@pytest.mark.parametrize(
    "properties",
    [
        {"zones": ["4"]},
        {"zones": ["nozone"]},
        {"zones": ["1", "2"]},
        {"zones": ["1"], "targetResourceGroupId": None},
        {"zones": ["1"], "recoveryType": "OriginalLocation"},
    ],
)
def test_a_wrong_zone_is_refused(arm: httpx.Client, properties: dict[str, Any]) -> None:
    point = ready(arm, vault=ZONE_REDUNDANT)
    done(arm.post(f"{vm_id()}/deallocate"))
    answer = restore(arm, point, **properties)
    assert refusal_of(answer) == (400, INVALID, "properties.zones")


def test_only_a_zone_redundant_vault_restores_to_a_zone(arm: httpx.Client) -> None:
    answer = restore(arm, ready(arm), zones=["1"])
    assert refusal_of(answer) == (400, INVALID, "properties.zones")
    assert "GeoRedundant" in answer.json()["error"]["message"]


def test_a_snapshot_goes_neither_to_a_zone_nor_to_a_subscription(arm: httpx.Client) -> None:
    ready(arm, vault=ZONE_REDUNDANT)
    set_clock(arm, skipOnWait="off")
    job_id = back_up(arm)
    advance(arm, by="PT10M")
    assert job(arm, job_id)["status"] == "InProgress"
    point = listed(arm, POINTS)[0]
    put_group(arm, FOREIGN)
    for properties, field in (
        ({"zones": ["1"]}, "zones"),
        ({"targetResourceGroupId": FOREIGN}, "targetResourceGroupId"),
    ):
        answer = restore(arm, point, **properties)
        assert refusal_of(answer) == (400, INVALID, f"properties.{field}")
        assert "only a snapshot" in answer.json()["error"]["message"]


# --- another subscription ----------------------------------------------------------------


def test_disks_are_restored_into_another_subscription(arm: httpx.Client) -> None:
    point = ready(arm)
    put_group(arm, FOREIGN)
    disks = restored(arm, point, FOREIGN)
    assert [disk["id"].startswith(FOREIGN) for disk in disks] == [True, True]


def test_a_vm_is_restored_into_another_subscription(arm: httpx.Client) -> None:
    point = ready(arm)
    put_group(arm, FOREIGN)
    network = f"{FOREIGN}/providers/Microsoft.Network/virtualNetworks/net-2"
    put_network(arm, network)
    account = f"{FOREIGN}/providers/Microsoft.Storage/storageAccounts/elsewhere"
    put_storage(arm, account)
    restored(arm, point, FOREIGN, storageAccountId=account, **new_vm(FOREIGN, network))
    vm = done(arm.get(f"{FOREIGN}/{COMPUTE}/virtualMachines/copy-1")).json()
    assert vm["properties"]["provisioningState"] == "Succeeded"


@pytest.mark.parametrize("state", ["Disabled", "PermanentlyDisabled"])
def test_a_vault_may_forbid_another_subscription(arm: httpx.Client, state: str) -> None:
    settings = {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": state}}
    point = ready(arm, vault={"restoreSettings": settings})
    put_group(arm, FOREIGN)
    field = "properties.targetResourceGroupId"
    for what in ({"targetResourceGroupId": FOREIGN}, new_vm(FOREIGN)):
        found = refusal_of(restore(arm, point, **what))
        assert found == (409, "UserErrorCrossSubscriptionRestoreNotAllowed", field)


def test_a_group_of_another_subscription_must_be_there(arm: httpx.Client) -> None:
    answer = restore(arm, ready(arm), targetResourceGroupId=FOREIGN)
    assert refused(answer) == (404, "ResourceGroupNotFound")


# --- the encryption ----------------------------------------------------------------------


def test_disks_are_restored_encrypted_with_the_set_asked_for(arm: httpx.Client) -> None:
    point = ready(arm, vault=OWN_KEY)
    put_set(arm)
    encrypted = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": SET}
    for disk in restored(arm, point, diskEncryptionSetId=SET.lower()):
        assert disk["properties"]["encryption"] == encrypted


def encrypt_os_disk(arm: httpx.Client) -> None:
    storage = done(arm.get(vm_id())).json()["properties"]["storageProfile"]
    disk = storage["osDisk"]["managedDisk"]["id"]
    done(arm.patch(disk, json={"properties": {"encryption": {"diskEncryptionSetId": SET}}}))


def test_disks_are_restored_encrypted_as_they_were(arm: httpx.Client) -> None:
    ready(arm)
    put_set(arm)
    encrypt_os_disk(arm)
    disks = restored(arm, backed_up(arm))
    found = [disk["properties"]["encryption"].get("diskEncryptionSetId") for disk in disks]
    assert sorted(found, key=str) == [SET, None]


def test_disks_are_not_restored_to_a_set_that_is_gone(arm: httpx.Client) -> None:
    ready(arm, vault=OWN_KEY)
    put_set(arm)
    encrypt_os_disk(arm)
    point = backed_up(arm)
    set_clock(arm, skipOnWait="off")
    job_id = job_of(arm, restore(arm, point))
    done(arm.delete(vm_id()))
    for disk in listed(arm, f"{GROUP_ID}/{COMPUTE}/disks"):
        done(arm.delete(disk["id"]))
    done(arm.delete(SET))
    advance(arm, until="idle")
    found = job(arm, job_id)
    assert found["errorDetails"][0]["errorTitle"] == "UserErrorDiskEncryptionSetNotFound"
    assert listed(arm, f"{TARGET}/{COMPUTE}/disks") == []
    gone = (409, "UserErrorDiskEncryptionSetNotFound", "properties.diskEncryptionSetId")
    assert refusal_of(restore(arm, point)) == gone
    other = SET.replace("set-1", "set-2")
    put_set(arm, other)
    set_clock(arm, skipOnWait="finish")
    disks = restored(arm, point, diskEncryptionSetId=other)
    sets = {disk["properties"]["encryption"]["diskEncryptionSetId"] for disk in disks}
    assert sets == {other}


def test_a_wrong_encryption_is_refused(arm: httpx.Client) -> None:
    point = ready(arm, vault=OWN_KEY)
    put_set(arm, SET.replace("set-1", "far"), "northeurope")
    put_set(
        arm, SET.replace("set-1", "secret"), encryptionType="ConfidentialVmEncryptedWithCustomerKey"
    )
    put_set(arm)
    field = "properties.diskEncryptionSetId"
    for sent in (vm_id(), "/x", SET.replace("set-1", "far"), SET.replace("set-1", "secret")):
        answer = restore(arm, point, diskEncryptionSetId=sent)
        assert refusal_of(answer) == (400, INVALID, field)
    answer = restore(arm, point, diskEncryptionSetId=SET, targetResourceGroupId=None)
    assert refusal_of(answer) == (400, INVALID, field)
    answer = restore(arm, point, diskEncryptionSetId=f"{SET}9")
    assert refused(answer) == (404, "ResourceNotFound")


def test_only_a_vault_with_a_key_of_its_own_encrypts_anew(arm: httpx.Client) -> None:
    point = ready(arm)
    put_set(arm)
    answer = restore(arm, point, diskEncryptionSetId=SET)
    assert refusal_of(answer) == (400, INVALID, "properties.diskEncryptionSetId")


# --- the network -------------------------------------------------------------------------


def private(arm: httpx.Client) -> dict[str, Any]:
    """Return a point of a VM whose OS disk is private."""
    ready(arm)
    storage = done(arm.get(vm_id())).json()["properties"]["storageProfile"]
    body = {"properties": {"networkAccessPolicy": "AllowPrivate", "diskAccessId": ACCESS}}
    done(arm.patch(storage["osDisk"]["managedDisk"]["id"], json=body))
    return backed_up(arm)


def policies(disks: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    found = (disk["properties"] for disk in disks)
    return sorted(
        ((each["networkAccessPolicy"], each.get("diskAccessId")) for each in found), key=str
    )


def test_a_point_tells_whether_a_disk_is_private(arm: httpx.Client) -> None:
    assert ready(arm)["properties"]["isPrivateAccessEnabledOnAnyDisk"] is False
    assert private(arm)["properties"]["isPrivateAccessEnabledOnAnyDisk"] is True


@pytest.mark.parametrize(
    ("option", "access", "expected"),
    [
        (None, None, [("AllowAll", None), ("AllowPrivate", ACCESS)]),
        ("SameAsOnSourceDisks", None, [("AllowAll", None), ("AllowPrivate", ACCESS)]),
        ("EnablePublicAccessForAllDisks", None, [("AllowAll", None)] * 2),
        ("EnablePrivateAccessForAllDisks", f"{ACCESS}2", [("AllowPrivate", f"{ACCESS}2")] * 2),
    ],
)
def test_disks_are_restored_with_the_network_access_asked_for(
    arm: httpx.Client, option: str | None, access: str | None, expected: list[Any]
) -> None:
    settings = {"targetDiskNetworkAccessOption": option, "targetDiskAccessId": access}
    point = private(arm)
    disks = restored(arm, point, targetDiskNetworkAccessSettings=settings)
    assert policies(disks) == expected


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (("SameAsOnSourceDisks", ACCESS), ".targetDiskAccessId"),
        ((None, ACCESS), ".targetDiskAccessId"),
        (("EnablePublicAccessForAllDisks", ACCESS), ".targetDiskAccessId"),
        (("EnablePrivateAccessForAllDisks", None), ".targetDiskAccessId"),
        (("EnablePrivateAccessForAllDisks", vm_id()), ".targetDiskAccessId"),
    ],
)
def test_a_wrong_network_access_is_refused(
    arm: httpx.Client, settings: tuple[str | None, str | None], field: str
) -> None:
    option, access = settings
    sent = {"targetDiskNetworkAccessOption": option, "targetDiskAccessId": access}
    answer = restore(arm, private(arm), targetDiskNetworkAccessSettings=sent)
    field = f"properties.targetDiskNetworkAccessSettings{field}"
    assert refusal_of(answer) == (400, INVALID, field)


def test_network_access_cannot_be_chosen_where_no_disk_is_private(arm: httpx.Client) -> None:
    sent = {"targetDiskNetworkAccessOption": "EnablePublicAccessForAllDisks"}
    answer = restore(arm, ready(arm), targetDiskNetworkAccessSettings=sent)
    field = "properties.targetDiskNetworkAccessSettings.targetDiskNetworkAccessOption"
    assert refusal_of(answer) == (400, INVALID, field)


# --- the identity ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "identity",
    [
        {"isSystemAssignedIdentity": True},
        {"managedIdentityResourceId": USER.replace("resourcegroups", "resourceGroups")},
        # az says both when it means the user-assigned one.
        {"isSystemAssignedIdentity": True, "managedIdentityResourceId": USER},
    ],
)
def test_an_identity_of_the_vault_stages_a_restore(
    arm: httpx.Client, identity: dict[str, Any]
) -> None:
    point = ready(arm)
    details = {"targetStorageAccountId": STORAGE_ID}
    sent: dict[str, Any] = {
        "storageAccountId": None,
        "identityInfo": identity,
        "identityBasedRestoreDetails": details,
    }
    assert len(restored(arm, point, **sent)) == 2
    newest = listed(arm, f"{VAULT_ID}/backupJobs")[0]
    bag = done(arm.get(newest["id"])).json()["properties"]["extendedInfo"]["propertyBag"]
    assert bag["Target Storage Account Name"] == "staging"


IDENTITY = "properties.identityInfo"
DETAILS = "properties.identityBasedRestoreDetails.targetStorageAccountId"
SYSTEM = {"isSystemAssignedIdentity": True}


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        (
            {"identityInfo": {"managedIdentityResourceId": f"{USER}9"}},
            f"{IDENTITY}.managedIdentityResourceId",
        ),
        ({"identityInfo": SYSTEM, "targetResourceGroupId": None}, IDENTITY),
        ({"identityInfo": SYSTEM, "storageAccountId": None}, DETAILS),
        ({"identityBasedRestoreDetails": {"targetStorageAccountId": STORAGE_ID}}, DETAILS),
        (
            {
                "identityInfo": SYSTEM,
                "identityBasedRestoreDetails": {"targetStorageAccountId": f"{STORAGE_ID}2"},
            },
            DETAILS,
        ),
    ],
)
def test_a_wrong_identity_is_refused(
    arm: httpx.Client, properties: dict[str, Any], field: str
) -> None:
    assert refusal_of(restore(arm, ready(arm), **properties)) == (400, INVALID, field)


def test_a_vault_without_an_identity_stages_with_none(protected: httpx.Client) -> None:
    put_group(protected, TARGET)
    put_storage(protected)
    advance(protected, until={"job": back_up(protected)})
    answer = restore(protected, listed(protected, POINTS)[0], identityInfo=SYSTEM)
    assert refusal_of(answer) == (400, INVALID, f"{IDENTITY}.isSystemAssignedIdentity")
