"""Protected items on the wire: found, protected, moved to a policy, stopped, resumed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    FABRIC_ID,
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    POLICY_ID,
    RESUME,
    ROOT,
    STOP,
    SUSPEND,
    UNDELETE,
    VAULT_ID,
    VM_TYPE,
    advance,
    back_up,
    container_id,
    delete_item,
    done,
    finish,
    item,
    item_body,
    item_id,
    job,
    job_of,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    refused,
    set_clock,
    times,
    vm_body,
    vm_id,
)

PROTECTABLE = f"{VAULT_ID}/backupProtectableItems"
CONTAINERS = f"{VAULT_ID}/backupProtectionContainers"
ITEMS = f"{VAULT_ID}/backupProtectedItems"
JOBS = f"{VAULT_ID}/backupJobs"
OTHER_VAULT = VAULT_ID.replace("vault-1", "vault-2")
SHORT = "iaasvmcontainerv2;group-1;vm-1"
ALWAYS = {
    "friendlyName",
    "virtualMachineId",
    "sourceResourceId",
    "protectionStatus",
    "protectionState",
    "healthStatus",
    "lastBackupStatus",
    "lastBackupTime",
    "protectedItemDataId",
    "policyId",
    "policyName",
    "policyType",
    "vaultId",
    "isArchiveEnabled",
    "softDeleteRetentionPeriodInDays",
    "protectedItemType",
    "backupManagementType",
    "workloadType",
    "containerName",
    "sourceLocation",
    "sourceSideScanInfo",
    "extendedInfo",
    "extendedProperties",
}


def enable(arm: httpx.Client, path: str = ITEM_ID, **properties: Any) -> httpx.Response:
    sent = {"policyId": POLICY_ID, "sourceResourceId": vm_id()} | properties
    return arm.put(path, json=item_body(**sent))


def names(arm: httpx.Client, path: str, **query: str) -> list[str]:
    return [each["name"] for each in listed(arm, path, **query)]


# --- what could be protected --------------------------------------------------------------


def test_a_vm_that_no_vault_protects_can_be_protected(vault: httpx.Client) -> None:
    put_vm(vault)
    assert listed(vault, PROTECTABLE) == [
        {
            "id": f"{container_id()}/protectableItems/vm;{SHORT}",
            "name": SHORT,
            "type": "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers"
            "/protectableItems",
            "properties": {
                "virtualMachineId": vm_id(),
                "virtualMachineVersion": "Compute",
                "resourceGroup": "group-1",
                "backupManagementType": "AzureIaasVM",
                "workloadType": "VM",
                "protectableItemType": VM_TYPE,
                "friendlyName": "vm-1",
                "protectionState": "NotProtected",
            },
        }
    ]


def test_a_vm_elsewhere_or_protected_already_cannot_be_protected(protected: httpx.Client) -> None:
    put_vm(protected, "vm-2")
    done(protected.put(vm_id("vm-3"), json=vm_body() | {"location": "eastus"}))
    assert names(protected, PROTECTABLE) == [SHORT.replace("vm-1", "vm-2")]


def test_a_refresh_is_polled_to_an_empty_204(vault: httpx.Client) -> None:
    set_clock(vault, skipOnWait="off")
    answer = vault.post(
        f"{FABRIC_ID}/refreshContainers",
        params={"$filter": "backupManagementType eq 'AzureIaasVM'"},
    )
    assert (answer.status_code, answer.content) == (202, b"")
    running = vault.get(answer.headers["location"])
    assert (running.status_code, running.content) == (202, b"")
    assert running.headers["location"] == answer.headers["location"]
    advance(vault, by="PT5S")
    over = vault.get(answer.headers["location"])
    assert (over.status_code, over.content) == (204, b"")


@pytest.mark.parametrize("kind", ["AzureBackupServer", "MAB"])
def test_a_refresh_of_what_is_not_emulated_is_refused(vault: httpx.Client, kind: str) -> None:
    text = f"backupManagementType eq '{kind}'"
    answer = vault.post(f"{FABRIC_ID}/refreshContainers", params={"$filter": text})
    assert refused(answer) == (400, "NotSupported")


# --- protected ---------------------------------------------------------------------------


def test_an_item_is_there_as_soon_as_its_protection_is_accepted(vault: httpx.Client) -> None:
    put_vm(vault)
    answer = enable(vault)
    assert (answer.status_code, answer.content) == (202, b"")
    assert f"{ITEM_ID}/operationsStatus/" in answer.headers["azure-asyncoperation"]
    assert f"{ITEM_ID}/operationResults/" in answer.headers["location"]
    assert vault.get(ITEM_ID).status_code == 200


def test_an_item_that_waits_for_its_first_backup_has_the_fields_of_the_recordings(
    protected: httpx.Client,
) -> None:
    answer = protected.get(ITEM_ID).json()
    assert set(answer) == {"id", "name", "type", "properties"}
    assert answer["id"] == ITEM_ID
    assert answer["name"] == f"VM;{SHORT}"
    properties = answer["properties"]
    assert set(properties) == ALWAYS
    expected = {
        "friendlyName": "vm-1",
        "virtualMachineId": vm_id(),
        "sourceResourceId": vm_id(),
        "protectionStatus": "Healthy",
        "protectionState": "IRPending",
        "healthStatus": "Passed",
        "lastBackupStatus": "",
        "lastBackupTime": "2001-01-01T00:00:00Z",
        "policyId": POLICY_ID,
        "policyName": "daily",
        "containerName": SHORT,
        "workloadType": "VM",
        "softDeleteRetentionPeriodInDays": 0,
        "extendedInfo": {"recoveryPointCount": 0, "policyInconsistent": False},
    }
    assert {name: properties[name] for name in expected} == expected
    assert properties["protectedItemDataId"].isdigit()


def test_an_item_that_was_backed_up_tells_how_it_went(protected: httpx.Client) -> None:
    back_up(protected)
    advance(protected, until="idle")
    properties = item(protected)
    assert set(properties) == ALWAYS | {"healthDetails", "kpisHealths", "lastRecoveryPoint"}
    assert properties["protectionState"] == "Protected"
    assert properties["lastBackupStatus"] == "Completed"
    assert properties["lastBackupTime"].startswith("2026-01-01T00:00")
    assert properties["healthDetails"][0]["code"] == 400239
    assert properties["extendedInfo"] == {
        "recoveryPointCount": 1,
        "policyInconsistent": False,
        "oldestRecoveryPoint": properties["lastRecoveryPoint"],
        "oldestRecoveryPointInVault": properties["lastRecoveryPoint"],
    }


def test_an_item_may_be_named_as_clients_spell_it(vault: httpx.Client) -> None:
    put_vm(vault)
    path = ITEM_ID.replace("IaasVMContainer;", "iaasvmcontainer;").replace("/VM;", "/vm;")
    finish(vault, enable(vault, path.replace("vm-1", "VM-1"), sourceResourceId=vm_id().upper()))
    assert vault.get(ITEM_ID).json()["id"] == ITEM_ID
    assert item(vault)["virtualMachineId"] == vm_id()


def test_a_linux_vm_has_extended_properties_and_a_windows_one_has_none(
    vault: httpx.Client,
) -> None:
    put_vm(vault)
    put_vm(vault, "vm-2", os="Windows")
    for vm in ("vm-1", "vm-2"):
        protect(vault, vm)
    assert item(vault)["extendedProperties"] == {"linuxVmApplicationName": ""}
    assert "extendedProperties" not in item(vault, item_id("vm-2"))
    named = enable(vault, extendedProperties={"linuxVmApplicationName": "shop"})
    assert refused(named) == (400, "NotSupported")
    finish(vault, enable(vault, extendedProperties={"linuxVmApplicationName": ""}))


def test_the_vault_notes_its_first_item(protected: httpx.Client) -> None:
    properties = protected.get(VAULT_ID).json()["properties"]
    assert properties["backupStorageVersion"] == "V2"


def test_a_protection_shows_as_a_job_with_its_policy(vault: httpx.Client) -> None:
    put_vm(vault)
    found = job(vault, job_of(vault, enable(vault)))
    assert (found["operation"], found["status"]) == ("ConfigureBackup", "Completed")
    assert found["extendedInfo"] == {
        "tasksList": [],
        "propertyBag": {"VM Name": "vm-1", "Policy Name": "daily"},
    }
    assert "actionsInfo" not in found


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"policyId": None}, "BMSUserErrorInvalidConfigureProtectionRequest"),
        ({"policyId": f"{VAULT_ID}/backupPolicies/none"}, "BMSUserErrorInvalidInput"),
        ({"policyId": f"{OTHER_VAULT}/backupPolicies/daily"}, "BMSUserErrorInvalidInput"),
        ({"policyId": "daily"}, "BMSUserErrorInvalidInput"),
        (
            {"policyId": f"{VAULT_ID}/backupPolicies/HourlyLogBackup"},
            "BMSUserErrorInvalidConfigureProtectionRequest",
        ),
        ({"sourceResourceId": None}, "BMSUserErrorInvalidConfigureProtectionRequest"),
        ({"sourceResourceId": "vm-1"}, "BMSUserErrorInvalidConfigureProtectionRequest"),
        ({"sourceResourceId": GROUP_ID}, "BMSUserErrorInvalidConfigureProtectionRequest"),
        ({"sourceResourceId": vm_id("vm-2")}, "BMSUserErrorContainerNameIncorrectFormat"),
        ({"protectedItemType": "AzureVmWorkloadSQLDatabase"}, "BMSUserErrorInvalidInput"),
        ({"protectedItemType": "MabFileFolderProtectedItem"}, "NotSupported"),
        ({"protectedItemType": 7}, "InvalidRequestContent"),
        ({"protectionState": "Tired"}, "InvalidRequestContent"),
        ({"isRehydrate": "maybe"}, "InvalidRequestContent"),
        (
            {"extendedProperties": {"diskExclusionProperties": {"diskLunList": []}}},
            "InvalidRequestContent",
        ),
        ({"policyId": "p" * 5000}, "InvalidRequestContent"),
    ],
)
def test_a_wrong_protection_is_refused_and_nothing_is_protected(
    vault: httpx.Client, properties: dict[str, Any], code: str
) -> None:
    put_vm(vault)
    assert refused(enable(vault, **properties)) == (400, code)
    assert listed(vault, ITEMS) == []
    assert listed(vault, JOBS) == []


def test_a_vm_that_does_not_exist_cannot_be_protected(vault: httpx.Client) -> None:
    assert refused(enable(vault)) == (400, "UserErrorVmNotFoundV2")


def test_a_vm_of_another_region_cannot_be_protected(vault: httpx.Client) -> None:
    done(vault.put(vm_id(), json=vm_body() | {"location": "eastus"}))
    answer = enable(vault)
    assert refused(answer) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")
    assert "'eastus'" in answer.json()["error"]["message"]


def test_a_vm_can_be_protected_by_one_vault_only(protected: httpx.Client) -> None:
    put_vault(protected, OTHER_VAULT)
    policy = f"{OTHER_VAULT}/backupPolicies/DefaultPolicy"
    answer = enable(protected, item_id(vault=OTHER_VAULT), policyId=policy)
    assert refused(answer) == (409, "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault")
    assert VAULT_ID in answer.json()["error"]["message"]
    assert listed(protected, f"{OTHER_VAULT}/backupProtectedItems") == []


@pytest.mark.parametrize("stop", [STOP, SUSPEND])
def test_a_vm_whose_backups_are_stopped_may_go_to_another_vault(
    protected: httpx.Client, stop: dict[str, Any]
) -> None:
    back_up(protected)
    advance(protected, until="idle")
    put_vault(protected, OTHER_VAULT)
    free = f"{OTHER_VAULT}/backupProtectableItems"
    assert listed(protected, free) == []
    finish(protected, protected.put(ITEM_ID, json=stop))
    assert [each["properties"]["friendlyName"] for each in listed(protected, free)] == ["vm-1"]
    policy = f"{OTHER_VAULT}/backupPolicies/DefaultPolicy"
    finish(protected, enable(protected, item_id(vault=OTHER_VAULT), policyId=policy))
    asked = {"resourceType": "VM", "resourceId": vm_id()}
    status = done(protected.post(f"{LOCATION_ID}/backupStatus", json=asked)).json()
    assert (status["vaultId"], status["policyName"]) == (OTHER_VAULT, "DefaultPolicy")
    assert len(times(protected)) == 1
    answer = protected.put(ITEM_ID, json=RESUME)
    assert refused(answer) == (409, "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault")
    finish(protected, protected.put(item_id(vault=OTHER_VAULT), json=STOP))
    finish(protected, protected.put(ITEM_ID, json=RESUME))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (ITEM_ID.replace("/Azure/", "/Nowhere/"), "BMSUserErrorInvalidInput"),
        (ITEM_ID.replace("IaasVMContainer;", "Box;"), "BMSUserErrorContainerNameIncorrectFormat"),
        (ITEM_ID.replace("/VM;", "/SQL;"), "BMSUserErrorProtectedItemNameIncorrectFormat"),
        (ITEM_ID[:-1] + "2", "BMSUserErrorProtectedItemNameIncorrectFormat"),
    ],
)
def test_a_path_that_names_no_vm_is_refused(vault: httpx.Client, path: str, code: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        body = RESUME if method == "PUT" else None
        assert refused(vault.request(method, path, json=body)) == (400, code)


def test_an_item_that_is_not_protected_is_not_found(vault: httpx.Client) -> None:
    assert refused(vault.get(ITEM_ID)) == (404, "BMSUserErrorDataSourceObjectNotFound")
    assert refused(vault.get(container_id())) == (404, "BMSUserErrorContainerNotFound")
    assert vault.delete(ITEM_ID).status_code == 204


# --- its container -----------------------------------------------------------------------


def test_a_container_comes_with_its_item(protected: httpx.Client) -> None:
    shown = {
        "id": container_id(),
        "name": f"IaasVMContainer;{SHORT}",
        "type": "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers",
        "properties": {
            "virtualMachineId": vm_id(),
            "virtualMachineVersion": "Compute",
            "resourceGroup": "group-1",
            "friendlyName": "vm-1",
            "backupManagementType": "AzureIaasVM",
            "registrationStatus": "Registered",
            "healthStatus": "Healthy",
            "containerType": VM_TYPE,
            "protectableObjectType": VM_TYPE,
        },
    }
    assert protected.get(container_id()).json() == shown
    assert listed(protected, CONTAINERS) == [shown]


# --- listed ------------------------------------------------------------------------------


def test_a_listed_item_looks_as_it_does_alone(protected: httpx.Client) -> None:
    back_up(protected)
    advance(protected, until="idle")
    assert listed(protected, ITEMS) == [protected.get(ITEM_ID).json()]


# --- changed, stopped, resumed -----------------------------------------------------------


def test_an_item_moves_to_another_policy(protected: httpx.Client) -> None:
    other = f"{VAULT_ID}/backupPolicies/other"
    put_policy(protected, other)
    protect(protected, policy=other)
    properties = item(protected)
    assert (properties["policyId"], properties["policyName"]) == (other, "other")
    assert properties["protectionState"] == "IRPending"
    newest = listed(protected, JOBS)[0]["properties"]
    assert (newest["operation"], newest["status"]) == ("ConfigureBackup", "Completed")


@pytest.mark.parametrize(
    ("body", "state"), [(STOP, "ProtectionStopped"), (SUSPEND, "BackupsSuspended")]
)
def test_protection_is_stopped_and_the_data_kept(
    protected: httpx.Client, body: dict[str, Any], state: str
) -> None:
    found = job(protected, job_of(protected, protected.put(ITEM_ID, json=body)))
    assert found["operation"] == "DisableBackup"
    assert found["extendedInfo"]["propertyBag"] == {"VM Name": "vm-1", "Policy Name": ""}
    properties = item(protected)
    assert properties["protectionState"] == state
    assert (properties["policyId"], properties["policyName"]) == ("", "")


def test_a_suspension_may_keep_the_policy_but_not_take_another(protected: httpx.Client) -> None:
    other = f"{POLICY_ID}-2"
    put_policy(protected, other)
    suspend = item_body(protectionState="BackupsSuspended", policyId=other)
    assert refused(protected.put(ITEM_ID, json=suspend)) == (400, "BMSUserErrorInvalidInput")
    suspend["properties"]["policyId"] = POLICY_ID
    finish(protected, protected.put(ITEM_ID, json=suspend))
    shown = item(protected)
    assert (shown["protectionState"], shown["policyId"]) == ("BackupsSuspended", POLICY_ID)
    assert protected.delete(POLICY_ID).status_code == 400, "it is in use"


def test_an_empty_policy_id_stops_protection_as_older_clients_have_it(
    protected: httpx.Client,
) -> None:
    finish(protected, protected.put(ITEM_ID, json=item_body(policyId="")))
    assert item(protected)["protectionState"] == "ProtectionStopped"


def test_a_stopped_item_is_not_backed_up(protected: httpx.Client) -> None:
    finish(protected, protected.put(ITEM_ID, json=STOP))
    assert refused(protected.post(f"{ITEM_ID}/backup")) == (409, "UserErrorProtectionStopped")
    advance(protected, by="P3D")
    assert listed(protected, JOBS, **{"$filter": "operation eq 'Backup'"}) == []


def test_protection_is_resumed_where_it_stood(protected: httpx.Client) -> None:
    finish(protected, protected.put(ITEM_ID, json=STOP))
    finish(protected, protected.put(ITEM_ID, json=RESUME))
    assert item(protected)["protectionState"] == "IRPending"
    advance(protected, by="P1D")
    finish(protected, protected.put(ITEM_ID, json=STOP))
    finish(protected, protected.put(ITEM_ID, json=RESUME))
    assert item(protected)["protectionState"] == "Protected"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (UNDELETE, 409, "BMSUserErrorItemNotSoftDeleted"),
        (
            item_body(policyId=POLICY_ID, sourceResourceId=vm_id("vm-2")),
            400,
            "BMSUserErrorInvalidInput",
        ),
        (item_body(policyId=f"{VAULT_ID}/backupPolicies/none"), 400, "BMSUserErrorInvalidInput"),
    ],
)
def test_a_change_that_cannot_be_leaves_the_item_as_it_was(
    protected: httpx.Client, body: dict[str, Any], status: int, code: str
) -> None:
    before = protected.get(ITEM_ID).content
    assert refused(protected.put(ITEM_ID, json=body)) == (status, code)
    assert protected.get(ITEM_ID).content == before


def test_an_item_stays_when_its_vm_is_deleted_and_its_backups_fail(
    protected: httpx.Client,
) -> None:
    done(protected.delete(vm_id()))
    advance(protected, by="P1D")
    properties = item(protected)
    assert properties["lastBackupStatus"] == "Failed"
    assert properties["healthStatus"] == "ActionRequired"
    newest = listed(protected, JOBS)[0]["properties"]
    assert newest["status"] == "Failed"
    assert newest["errorDetails"][0]["errorTitle"] == "UserErrorVmNotFoundV2"
    assert set(newest["errorDetails"][0]) == {
        "errorCode",
        "errorTitle",
        "errorString",
        "recommendations",
    }


# --- who protects this VM? ----------------------------------------------------------------


def ask(arm: httpx.Client, resource: str, kind: str = "VM") -> httpx.Response:
    return arm.post(
        f"{LOCATION_ID}/backupStatus", json={"resourceType": kind, "resourceId": resource}
    )


def test_a_vm_is_asked_about_without_knowing_its_vault(protected: httpx.Client) -> None:
    assert ask(protected, vm_id().upper()).json() == {
        "protectionStatus": "Protected",
        "vaultId": VAULT_ID,
        "fabricName": "Azure",
        "containerName": f"iaasvmcontainer;{SHORT}",
        "protectedItemName": f"vm;{SHORT}",
        "policyName": "daily",
        "protectedItemsCount": 1,
    }


def test_an_unprotected_vm_names_no_vault(vault: httpx.Client) -> None:
    assert ask(vault, vm_id("vm-9")).json() == {
        "protectionStatus": "NotProtected",
        "fabricName": "Azure",
        "containerName": "iaasvmcontainer;iaasvmcontainerv2;group-1;vm-9",
        "protectedItemName": "vm;iaasvmcontainerv2;group-1;vm-9",
        "protectedItemsCount": 0,
    }


@pytest.mark.parametrize(
    ("resource", "kind", "code"),
    [
        (GROUP_ID, "VM", "BMSUserErrorInvalidInput"),
        ("", "VM", "BMSUserErrorInvalidInput"),
        (vm_id(), "Toaster", "BMSUserErrorInvalidInput"),
        (vm_id(), "AzureFileShare", "NotSupported"),
    ],
)
def test_a_question_about_something_else_is_refused(
    vault: httpx.Client, resource: str, kind: str, code: str
) -> None:
    assert refused(ask(vault, resource, kind)) == (400, code)


def test_two_vms_of_one_name_in_two_groups_are_two_items(protected: httpx.Client) -> None:
    other = f"{ROOT}/resourceGroups/group-2"
    put_group(protected, other)
    twin = vm_id().replace(GROUP_ID, other)
    done(protected.put(twin, json=vm_body()))
    path = ITEM_ID.replace("v2;group-1;", "v2;group-2;")
    finish(protected, enable(protected, path, sourceResourceId=twin))
    assert names(protected, ITEMS) == [f"VM;{SHORT}", f"VM;{SHORT.replace('p-1', 'p-2', 1)}"]
    assert len(listed(protected, CONTAINERS, **{"$filter": "friendlyName eq 'vm-1'"})) == 2


def test_data_deleted_for_good_leaves_nothing_behind(protected: httpx.Client) -> None:
    delete_item(protected)
    advance(protected, by="P14D")
    assert refused(protected.get(ITEM_ID)) == (404, "BMSUserErrorDataSourceObjectNotFound")
    assert listed(protected, CONTAINERS) == []
    assert names(protected, PROTECTABLE) == [SHORT]


def test_the_whole_item_sent_back_with_a_policy_resumes_a_stopped_one(
    protected: httpx.Client,
) -> None:
    finish(protected, protected.put(ITEM_ID, json=STOP))
    model = protected.get(ITEM_ID).json()
    model["properties"]["policyId"] = POLICY_ID
    finish(protected, protected.put(ITEM_ID, json=model))
    assert item(protected)["policyId"] == POLICY_ID
    assert item(protected)["protectionState"] == "IRPending"


def test_the_whole_item_sent_back_with_a_new_state_stops_protection(
    protected: httpx.Client,
) -> None:
    model = protected.get(ITEM_ID).json()
    model["properties"]["protectionState"] = "ProtectionStopped"
    finish(protected, protected.put(ITEM_ID, json=model))
    assert (item(protected)["protectionState"], item(protected)["policyId"]) == (
        "ProtectionStopped",
        "",
    )
