"""What a VM is when it is backed up: running or not, trusted or not, deleted, built anew."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    STOP,
    UNDELETE,
    VAULT_ID,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item,
    item_body,
    job,
    job_of,
    listed,
    protect,
    put_storage,
    put_vm,
    refused,
    set_clock,
    vm_body,
    vm_id,
)

SCRIPTS = "rsvault-pre-post-scripts"
PROTECT = item_body(policyId=POLICY_ID, sourceResourceId=vm_id())


def newest(arm: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = listed(arm, POINTS)[0]["properties"]
    return found


def backed_up(arm: httpx.Client) -> dict[str, Any]:
    """Back up now and return the job once it is over."""
    job_id = back_up(arm)
    advance(arm, until={"job": job_id})
    return job(arm, job_id)


def put(arm: httpx.Client, os: str = "Linux", tags: Any = None, **properties: Any) -> None:
    body = vm_body(os=os)
    body["properties"] |= properties
    done(arm.put(vm_id(), json=body | ({"tags": tags} if tags else {})))


# --- how consistent a point is ------------------------------------------------------------


@pytest.mark.parametrize(
    ("os", "tags", "power", "consistency"),
    [
        ("Windows", None, None, "AppConsistent"),
        ("Linux", None, None, "FileSystemConsistent"),
        ("Linux", {SCRIPTS: "true"}, None, "AppConsistent"),
        ("Linux", {SCRIPTS.upper(): "True"}, None, "AppConsistent"),
        ("Linux", {SCRIPTS: "false"}, None, "FileSystemConsistent"),
        ("Linux", {SCRIPTS: "true"}, "powerOff", "CrashConsistent"),
        ("Windows", None, "powerOff", "CrashConsistent"),
        ("Windows", None, "deallocate", "CrashConsistent"),
    ],
)
def test_a_points_consistency_follows_from_the_guest_and_its_power(
    vault: httpx.Client, os: str, tags: Any, power: str | None, consistency: str
) -> None:
    put(vault, os, tags)
    protect(vault)
    if power is not None:
        done(vault.post(f"{vm_id()}/{power}"))
    assert backed_up(vault)["status"] == "Completed"
    assert newest(vault)["recoveryPointType"] == consistency


def test_a_tag_given_later_counts_from_the_next_backup_on(protected: httpx.Client) -> None:
    backed_up(protected)
    done(protected.patch(vm_id(), json={"tags": {SCRIPTS: "true"}}))
    backed_up(protected)
    kinds = [point["properties"]["recoveryPointType"] for point in listed(protected, POINTS)]
    assert kinds == ["AppConsistent", "FileSystemConsistent"]


@pytest.mark.parametrize(
    ("os_disk", "data_disk", "kind"),
    [
        ("Standard_LRS", "StandardSSD_LRS", "NormalStorage"),
        ("Premium_LRS", "Premium_LRS", "PremiumStorage"),
        ("Premium_LRS", "Standard_LRS", "PremiumVMOnPartialPremiumStorage"),
    ],
)
def test_a_point_tells_what_storage_its_vm_was_on(
    vault: httpx.Client, os_disk: str, data_disk: str, kind: str
) -> None:
    body = vm_body()
    storage = body["properties"]["storageProfile"]
    storage["osDisk"]["managedDisk"] = {"storageAccountType": os_disk}
    storage["dataDisks"][0]["managedDisk"] = {"storageAccountType": data_disk}
    done(vault.put(vm_id(), json=body))
    protect(vault)
    backed_up(vault)
    assert newest(vault)["sourceVMStorageType"] == kind


# --- the agent -----------------------------------------------------------------------------


def test_a_running_vm_without_an_agent_cannot_be_backed_up(vault: httpx.Client) -> None:
    put(vault, osProfile={"linuxConfiguration": {"provisionVMAgent": False}})
    protect(vault)
    found = backed_up(vault)
    assert (found["status"], found["duration"]) == ("Failed", "PT0S")
    assert found["errorDetails"][0]["errorTitle"] == "UserErrorGuestAgentStatusUnavailable"
    assert len(found["errorDetails"][0]["recommendations"]) == 2
    assert item(vault)["healthStatus"] == "ActionRequired"
    advance(vault, by="P1D")
    assert {each["properties"]["status"] for each in backups(vault)} == {"Failed"}
    done(vault.post(f"{vm_id()}/deallocate"))
    assert backed_up(vault)["status"] == "Completed"
    assert item(vault)["healthStatus"] == "Passed"


def backups(arm: httpx.Client) -> list[dict[str, Any]]:
    return listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})


# --- Trusted Launch ------------------------------------------------------------------------

TRUSTED = {
    "securityType": "TrustedLaunch",
    "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
}


def test_a_vm_shows_what_guards_it(vault: httpx.Client) -> None:
    put(vault, securityProfile=TRUSTED)
    assert vault.get(vm_id()).json()["properties"]["securityProfile"] == TRUSTED


@pytest.mark.parametrize(
    ("security", "version", "allowed"),
    [
        ("TrustedLaunch", "2024-10-01", False),
        ("TrustedLaunch", "2024-11-01-preview", False),
        ("TrustedLaunch", "2025-01-01", True),
        ("TrustedLaunch", "2026-10-01", True),
        ("ConfidentialVM", "2026-10-01", False),
        ("Standard", "2021-12-01", True),
    ],
)
def test_what_a_standard_policy_protects_depends_on_the_version_asked(
    vault: httpx.Client, security: str, version: str, allowed: bool
) -> None:
    put(vault, securityProfile={"securityType": security})
    answer = vault.put(ITEM_ID, params={"api-version": version}, json=PROTECT)
    if allowed:
        assert answer.status_code == 202
        return
    assert refused(answer) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")
    assert "Enhanced (V2)" in answer.json()["error"]["message"]
    assert vault.get(ITEM_ID).status_code == 404


def test_a_point_of_a_trusted_vm_says_so_and_holds_its_heirs_to_it(vault: httpx.Client) -> None:
    put(vault, securityProfile=TRUSTED)
    protect(vault)
    backed_up(vault)
    assert newest(vault)["securityType"] == "TrustedLaunch"
    done(vault.delete(vm_id()))
    put_vm(vault)
    assert refused(vault.put(ITEM_ID, json=PROTECT)) == (
        400,
        "UserErrorMigrationFromTrustedLaunchVMToNonTrustedVMNotAllowed",
    )


# --- deleted, and built anew ---------------------------------------------------------------


def test_the_item_of_a_deleted_vm_stays_and_its_backups_fail(protected: httpx.Client) -> None:
    backed_up(protected)
    done(protected.delete(vm_id()))
    assert item(protected)["healthStatus"] == "Passed"
    advance(protected, by="P1D")
    found = item(protected)
    assert (found["lastBackupStatus"], found["healthStatus"]) == ("Failed", "ActionRequired")
    assert found["healthDetails"][0]["title"] == "UserErrorVmNotFoundV2"
    assert (
        found["kpisHealths"]["BackupOperationStatusKPI"]["resourceHealthDetails"]
        == (found["healthDetails"])
    )
    assert found["extendedInfo"]["recoveryPointCount"] == 1
    wanted = {"$filter": "healthState eq 'ActionRequired'"}
    assert len(listed(protected, f"{VAULT_ID}/backupProtectedItems", **wanted)) == 1


def test_what_a_deleted_vm_had_is_restored_stopped_deleted_and_brought_back(
    protected: httpx.Client,
) -> None:
    backed_up(protected)
    done(protected.delete(vm_id()))
    advance(protected, until="idle")
    put_storage(protected)
    [point] = listed(protected, POINTS)
    restored = job_of(protected, protected.post(f"{point['id']}/restore", json=RESTORE))
    advance(protected, until={"job": restored})
    assert job(protected, restored)["status"] == "Completed"
    finish(protected, protected.put(ITEM_ID, json=STOP))
    delete_item(protected)
    finish(protected, protected.put(ITEM_ID, json=UNDELETE))
    assert item(protected)["protectionState"] == "ProtectionStopped"
    assert [each["id"] for each in listed(protected, POINTS)] == [point["id"]]


def test_a_vm_and_its_group_in_another_casing_are_the_same_item(protected: httpx.Client) -> None:
    backed_up(protected)
    before = item(protected)
    shouted = vm_id("VM-1").replace("group-1", "GROUP-1")
    done(protected.put(GROUP_ID.replace("group-1", "GROUP-1"), json={"location": "westeurope"}))
    done(protected.put(shouted, json=vm_body()))
    again = item_body(policyId=POLICY_ID.upper(), sourceResourceId=shouted)
    path = ITEM_ID.replace(";group-1;vm-1", ";GROUP-1;VM-1")
    finish(protected, protected.put(path, json=again))
    assert backed_up(protected)["status"] == "Completed"
    [found] = listed(protected, f"{VAULT_ID}/backupProtectedItems")
    assert found["id"] == ITEM_ID
    same = ("sourceResourceId", "virtualMachineId", "friendlyName", "protectedItemDataId")
    assert {name: found["properties"][name] for name in same} == {
        name: before[name] for name in same
    }
    assert len(listed(protected, POINTS)) == 2
    asked = {"resourceType": "VM", "resourceId": shouted}
    status = done(protected.post(f"{LOCATION_ID}/backupStatus", json=asked)).json()
    assert (status["protectionStatus"], status["vaultId"]) == ("Protected", VAULT_ID)


def test_a_vm_built_anew_is_backed_up_again_and_in_full(protected: httpx.Client) -> None:
    full = backed_up(protected)
    advance(protected, by="P1D")
    more = backups(protected)[0]["name"]
    size = "extendedInfo", "propertyBag", "Backup Size"
    assert at(job(protected, more), *size) != at(full, *size)
    done(protected.delete(vm_id()))
    put_vm(protected)
    again = backed_up(protected)
    assert again["status"] == "Completed"
    assert at(again, *size) == at(full, *size)
    assert at(backed_up(protected), *size) != at(full, *size)
    assert len(listed(protected, POINTS)) == 4
    assert listed(protected, f"{VAULT_ID}/backupProtectableItems") == []


def at(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document[key]
    return document


# --- the health of restores ----------------------------------------------------------------


def test_an_item_shows_how_its_last_restore_went(protected: httpx.Client) -> None:
    put_storage(protected)
    backed_up(protected)
    assert set(item(protected)["kpisHealths"]) == {"BackupOperationStatusKPI"}
    point = listed(protected, POINTS)[0]["name"]
    restored = finish(protected, protected.post(f"{POINTS}/{point}/restore", json=RESTORE))
    advance(protected, until={"job": job_of(protected, restored)})
    assert at(item(protected), "kpisHealths", "RestoreOperationStatusKPI") == {
        "resourceHealthStatus": "Healthy",
        "resourceHealthDetails": [
            {"code": 0, "title": "Success", "message": "", "recommendations": []}
        ],
    }
    set_clock(protected, skipOnWait="off")
    running = job_of(protected, protected.post(f"{POINTS}/{point}/restore", json=RESTORE))
    done(protected.post(f"{VAULT_ID}/backupJobs/{running}/cancel"))
    advance(protected, until={"job": running})
    [shown] = listed(protected, f"{VAULT_ID}/backupProtectedItems")
    kpi = at(shown, "properties", "kpisHealths", "RestoreOperationStatusKPI")
    assert kpi["resourceHealthStatus"] == "TransientDegraded"
    assert kpi["resourceHealthDetails"][0]["code"] == 400158
