"""Whether a VM could be protected: the answer is what protecting it then says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    LOCATION_ID,
    POLICY_ID,
    VAULT_ID,
    delete_item,
    done,
    item_body,
    item_id,
    protect,
    put_vault,
    put_vm,
    refused,
    vm_body,
    vm_id,
)

VALIDATE = f"{LOCATION_ID}/backupPreValidateProtection"
FEATURES = f"{LOCATION_ID}/backupValidateFeatures"
OTHER = VAULT_ID.replace("vault-1", "vault-2")


def validate(arm: httpx.Client, vm: str = "vm-1", vault: str = VAULT_ID) -> dict[str, Any]:
    body = {"resourceType": "VM", "resourceId": vm_id(vm), "vaultId": vault, "properties": ""}
    found: dict[str, Any] = done(arm.post(VALIDATE, json=body)).json()
    return found


def test_a_vm_that_can_be_protected_passes(vault: httpx.Client) -> None:
    put_vm(vault)
    assert validate(vault) == {
        "status": "Succeeded",
        "containerName": "iaasvmcontainer;iaasvmcontainerv2;group-1;vm-1",
        "protectedItemName": "vm;iaasvmcontainerv2;group-1;vm-1",
    }
    protect(vault)


def test_a_vm_is_protected_once(protected: httpx.Client) -> None:
    put_vault(protected, OTHER)
    here, elsewhere = validate(protected), validate(protected, vault=OTHER)
    assert (here["status"], here["errorCode"]) == ("Failed", "VirtualMachineAlreadyProtected")
    assert here["errorMessage"]
    assert here["recommendation"]
    assert elsewhere["errorCode"] == "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault"
    delete_item(protected)
    assert validate(protected)["errorCode"] == "BMSUserErrorItemSoftDeleted"
    assert validate(protected, vault=OTHER)["status"] == "Succeeded"


def test_the_codes_are_those_of_protecting_it(vault: httpx.Client) -> None:
    far = {**vm_body(), "location": "eastus"}
    done(vault.put(vm_id("far"), json=far))
    for vm in ("far", "gone"):
        body = item_body(policyId=POLICY_ID, sourceResourceId=vm_id(vm))
        code = validate(vault, vm)["errorCode"]
        assert refused(vault.put(item_id(vm), json=body)) == (400, code)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"resourceType": "Shoe"}, (400, "BMSUserErrorInvalidInput")),
        ({"resourceType": "SAPHanaDatabase"}, (400, "NotSupported")),
        ({"resourceId": VAULT_ID}, (400, "BMSUserErrorInvalidInput")),
        ({"vaultId": GROUP_ID}, (400, "BMSUserErrorInvalidInput")),
        ({"vaultId": OTHER}, (404, "ResourceNotFound")),
        ({"vaultId": 1}, (400, "InvalidRequestContent")),
    ],
)
def test_a_wrong_question_is_refused(
    vault: httpx.Client, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    body = {"resourceType": "VM", "resourceId": vm_id(), "vaultId": VAULT_ID} | change
    assert refused(vault.post(VALIDATE, json=body)) == expected


@pytest.mark.parametrize(
    ("size", "status"), [("Basic_A0", "DefaultOFF"), ("Standard_D2s_v5", "Supported")]
)
def test_a_size_is_supported_or_off_by_default(arm: httpx.Client, size: str, status: str) -> None:
    body = {"featureType": "AzureVMResourceBackup", "vmSize": size, "vmSku": "Premium"}
    assert done(arm.post(FEATURES, json=body)).json() == {"supportStatus": status}


def test_other_features_are_not_emulated(arm: httpx.Client) -> None:
    answer = arm.post(FEATURES, json={"featureType": "AzureBackupGoals"})
    assert refused(answer) == (400, "NotSupported")
