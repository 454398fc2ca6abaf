"""Restores on the wire: the disks of one instant, as managed disks in another group."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    POINTS,
    RESTORE,
    ROOT,
    VAULT_ID,
    advance,
    back_up,
    delete_item,
    done,
    job,
    job_of,
    listed,
    put_group,
    put_storage,
    refused,
    set_clock,
    vm_id,
)

TARGET = f"{ROOT}/resourceGroups/restored"
DISKS = f"{TARGET}/providers/Microsoft.Compute/disks"
STORAGE = "Microsoft.Storage/storageAccounts"
FINGERPRINT = "contentFingerprint"


def restore(arm: httpx.Client, point: dict[str, Any], **properties: Any) -> httpx.Response:
    sent = RESTORE["properties"] | {"targetResourceGroupId": TARGET} | properties
    body = {name: value for name, value in sent.items() if value is not None}
    return arm.post(f"{point['id']}/restore", json={"properties": body})


@pytest.fixture
def ready(protected: httpx.Client) -> httpx.Client:
    """A client of a world with two recovery points and a group to restore into."""
    put_group(protected, TARGET)
    put_storage(protected)
    advance(protected, by="P1D")
    advance(protected, until={"job": back_up(protected)})
    set_clock(protected, skipOnWait="off")
    return protected


def fingerprints(point: dict[str, Any]) -> set[str]:
    disks = point["properties"]["recoveryPointDiskConfiguration"]["includedDiskList"]
    return {disk[FINGERPRINT] for disk in disks}


def test_restored_disks_hold_what_was_there_at_that_instant(ready: httpx.Client) -> None:
    newest, older = listed(ready, POINTS)
    job_of(ready, restore(ready, older))
    assert listed(ready, DISKS) == []
    advance(ready, until="idle")
    restored = {disk["properties"][FINGERPRINT] for disk in listed(ready, DISKS)}
    assert restored == fingerprints(older)
    assert not restored & fingerprints(newest)


def test_a_restored_disk_looks_like_a_disk_of_a_restore(ready: httpx.Client) -> None:
    restore(ready, listed(ready, POINTS)[0])
    advance(ready, until="idle")
    disks = listed(ready, DISKS)
    assert len(disks) == 2
    for disk in disks:
        assert disk["name"].startswith("vm-1-")
        assert disk["location"] == "westeurope"
        assert disk["tags"] == {"RSVaultBackup": "vault-1"}
        assert disk["properties"]["diskState"] == "Unattached"
    assert [disk["properties"].get("osType") for disk in disks].count("Linux") == 1


def test_the_operation_of_a_restore_has_the_id_of_its_job(ready: httpx.Client) -> None:
    answer = restore(ready, listed(ready, POINTS)[0])
    assert (answer.status_code, answer.content) == (202, b"")
    status = ready.get(answer.headers["azure-asyncoperation"]).json()
    assert status["name"] == status["properties"]["jobId"]


def test_the_job_of_a_restore_tells_how_far_it_is(ready: httpx.Client) -> None:
    job_id = job_of(ready, restore(ready, listed(ready, POINTS)[0]))
    advance(ready, by="PT1M")
    info = job(ready, job_id)["extendedInfo"]
    assert [task["taskId"] for task in info["tasksList"]] == ["Transfer data from vault"]
    assert 0 < info["progressPercentage"] < 100
    assert info["estimatedRemainingDuration"].startswith("PT")
    bag = info["propertyBag"]
    assert bag["Job Type"] == "Recover disks"
    assert bag["Target Storage Account Name"] == "staging"
    assert bag["Recovery point time "].endswith((" AM", " PM"))
    assert info["internalPropertyBag"] == {"restoreLocationType": "RestoreDisks"}
    advance(ready, until={"job": job_id})
    found = job(ready, job_id)
    assert (found["status"], found["extendedInfo"]["progressPercentage"]) == ("Completed", 100.0)
    assert found["extendedInfo"]["estimatedRemainingDuration"] == "PT0S"


def test_a_restore_from_the_snapshot_tier_is_faster(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="finish")
    advance(ready, by="P5D")
    points = listed(ready, POINTS)
    for point in (points[0], points[-1]):
        job(ready, job_of(ready, restore(ready, point)))
    slow, fast = (
        each["properties"]["duration"]
        for each in listed(ready, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Restore'"})
    )
    assert fast.startswith("PT4M")
    assert slow.startswith("PT1")


def test_one_point_may_be_restored_twice_at_once(ready: httpx.Client) -> None:
    point = listed(ready, POINTS)[0]
    first, second = job_of(ready, restore(ready, point)), job_of(ready, restore(ready, point))
    assert first != second
    advance(ready, until="idle")
    assert len({disk["name"] for disk in listed(ready, DISKS)}) == 4


def test_a_restore_whose_group_is_deleted_meanwhile_fails(ready: httpx.Client) -> None:
    job_id = job_of(ready, restore(ready, listed(ready, POINTS)[0]))
    done(ready.delete(TARGET))
    advance(ready, until={"job": job_id})
    found = job(ready, job_id)
    assert found["status"] == "Failed"
    assert found["errorDetails"][0]["errorTitle"] == "UserErrorTargetResourceGroupNotFound"


def test_a_cancelled_restore_leaves_no_disk(ready: httpx.Client) -> None:
    job_id = job_of(ready, restore(ready, listed(ready, POINTS)[0]))
    ready.post(f"{VAULT_ID}/backupJobs/{job_id}/cancel")
    advance(ready, until="idle")
    assert job(ready, job_id)["status"] == "Cancelled"
    assert listed(ready, DISKS) == []


def test_a_vm_that_is_gone_can_be_restored(ready: httpx.Client) -> None:
    done(ready.delete(vm_id()))
    advance(ready, until="idle")
    job_id = job_of(ready, restore(ready, listed(ready, POINTS)[0]))
    advance(ready, until={"job": job_id})
    assert job(ready, job_id)["status"] == "Completed"


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"recoveryType": "Offline"}, "NotSupported"),
        ({"recoveryType": "Sideways"}, "InvalidRequestContent"),
        ({"recoveryType": None}, "InvalidRequestContent"),
        ({"objectType": "AzureFileShareRestoreRequest"}, "NotSupported"),
        ({"restoreDiskLunList": [7]}, "BMSUserErrorInvalidInput"),
        ({"restoreDiskLunList": [64]}, "InvalidRequestContent"),
        ({"restoreDiskLunList": "0"}, "InvalidRequestContent"),
        ({"restoreDiskLunList": [0.5]}, "InvalidRequestContent"),
        ({"extendedLocation": {"name": "edge"}}, "NotSupported"),
        ({"zones": ["1"]}, "BMSUserErrorInvalidInput"),
        ({"diskEncryptionSetId": "/x"}, "BMSUserErrorInvalidInput"),
        ({"identityInfo": {"isSystemAssignedIdentity": True}}, "BMSUserErrorInvalidInput"),
        ({"encryptionDetails": {"encryptionEnabled": True}}, "NotSupported"),
        ({"securedVMDetails": {"securedVMOsDiskEncryptionSetId": "/x"}}, "NotSupported"),
        (
            {
                "targetDiskNetworkAccessSettings": {
                    "targetDiskNetworkAccessOption": "EnablePrivateAccessForAllDisks"
                }
            },
            "BMSUserErrorInvalidInput",
        ),
        ({"originalStorageAccountOption": True}, "BMSUserErrorInvalidInput"),
        (
            {"targetResourceGroupId": None, "restoreWithManagedDisks": True},
            "BMSUserErrorInvalidInput",
        ),
        ({"targetResourceGroupId": "restored"}, "BMSUserErrorInvalidInput"),
        ({"targetResourceGroupId": vm_id()}, "BMSUserErrorInvalidInput"),
        ({"storageAccountId": None}, "BMSUserErrorInvalidInput"),
        ({"storageAccountId": vm_id()}, "BMSUserErrorInvalidInput"),
        ({"region": "eastus"}, "BMSUserErrorInvalidInput"),
        ({"sourceResourceId": vm_id("vm-2")}, "BMSUserErrorInvalidInput"),
        ({"recoveryPointId": "7"}, "BMSUserErrorInvalidInput"),
    ],
)
def test_a_wrong_restore_is_refused_and_nothing_begins(
    ready: httpx.Client, properties: dict[str, Any], code: str
) -> None:
    before = len(listed(ready, f"{VAULT_ID}/backupJobs"))
    answer = restore(ready, listed(ready, POINTS)[0], **properties)
    assert refused(answer) == (400, code)
    assert answer.json()["error"]["target"].startswith("properties")
    assert len(listed(ready, f"{VAULT_ID}/backupJobs")) == before


def test_a_restore_may_spell_its_ids_as_clients_do(ready: httpx.Client) -> None:
    answer = restore(
        ready,
        listed(ready, POINTS)[0],
        region="West Europe",
        targetResourceGroupId=TARGET.upper(),
        sourceResourceId=vm_id().upper(),
        storageAccountId=f"{GROUP_ID}/providers/{STORAGE}//staging",
        zones=[],
    )
    assert answer.status_code == 202
    advance(ready, until="idle")
    assert all(disk["id"].startswith(DISKS) for disk in listed(ready, DISKS))


def test_a_restore_into_a_group_that_is_not_there_is_refused(ready: httpx.Client) -> None:
    nowhere = f"{ROOT}/resourceGroups/nowhere"
    answer = restore(ready, listed(ready, POINTS)[0], targetResourceGroupId=nowhere)
    assert refused(answer) == (404, "ResourceGroupNotFound")


def test_a_point_that_is_not_there_cannot_be_restored(ready: httpx.Client) -> None:
    answer = restore(ready, {"id": f"{POINTS}/1"})
    assert refused(answer) == (404, "BMSUserErrorRecoveryPointNotFound")


def test_nothing_is_restored_from_a_soft_deleted_item(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="finish")
    point = listed(ready, POINTS)[0]
    delete_item(ready)
    assert refused(restore(ready, point)) == (409, "BMSUserErrorItemSoftDeleted")
