"""Restores in the secondary region: what they make there, what they refuse, and their jobs."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from tests.wire.builders import (
    VAULT_ID,
    advance,
    done,
    listed,
    put_group,
    refused,
    set_clock,
    vm_body,
    vm_id,
)
from tests.wire.secondary import (
    DISKS,
    FAR,
    INVALID,
    NETWORK,
    REGION,
    STAGING,
    TARGET,
    ask_job,
    jobs,
    new_vm,
    put_targets,
    refusal_of,
    replicated,
    restored,
    token,
    trigger,
)
from tests.wire.test_restore_choices import ACCESS, SET, encrypt_os_disk, put_set

COPY = f"{TARGET}/providers/Microsoft.Compute/virtualMachines/copy-1"
FOREIGN = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/restored"


def content(point: dict[str, Any]) -> set[str]:
    disks = point["properties"]["recoveryPointDiskConfiguration"]["includedDiskList"]
    return {disk["contentFingerprint"] for disk in disks}


def nothing_began(arm: httpx.Client) -> None:
    assert jobs(arm) == []
    assert listed(arm, DISKS) == []


# --- what they make ----------------------------------------------------------------------


def test_disks_come_back_in_the_paired_region_with_the_content_of_the_point(
    arm: httpx.Client,
) -> None:
    point = replicated(arm)
    done(arm.delete(vm_id()))
    disks = restored(arm, point)
    assert {disk["location"] for disk in disks} == {REGION}
    assert {disk["properties"]["contentFingerprint"] for disk in disks} == content(point)
    assert [disk["properties"]["diskState"] for disk in disks] == ["Unattached"] * 2
    one = restored(arm, point, restoreDiskLunList=[])
    assert len(one) == 3


def test_a_vm_comes_back_in_the_paired_region(arm: httpx.Client) -> None:
    point = replicated(arm, zones=["2"])
    disks = restored(arm, point, **new_vm())
    assert {disk["properties"]["contentFingerprint"] for disk in disks} == content(point)
    vm = done(arm.get(COPY)).json()
    assert vm["location"] == REGION
    assert "zones" not in vm
    assert [disk.get("zones") for disk in disks] == [None, None]
    again = trigger(arm, token(arm, point), **new_vm())
    assert refused(again) == (409, "UserErrorTargetVmAlreadyExists")


def test_a_vm_that_was_in_a_zone_may_come_back_in_a_zone_of_the_other_region(
    arm: httpx.Client,
) -> None:
    point = replicated(arm, zones=["2"])
    assert {tuple(disk["zones"]) for disk in restored(arm, point, zones=["3"])} == {("3",)}


def test_a_vm_that_was_in_no_zone_comes_back_in_none(arm: httpx.Client) -> None:
    point = replicated(arm)
    answer = trigger(arm, token(arm, point), zones=["1"])
    assert refusal_of(answer) == (400, INVALID, "properties.zones")
    nothing_began(arm)


def test_the_key_of_a_disk_stays_behind_unless_another_is_named(arm: httpx.Client) -> None:
    put_group(arm)
    done(arm.put(vm_id(), json=vm_body()))
    put_set(arm)
    encrypt_os_disk(arm)
    point = replicated(arm)
    disks = restored(arm, point)
    assert [disk["properties"]["encryption"]["type"] for disk in disks] == [
        "EncryptionAtRestWithPlatformKey"
    ] * 2
    far = SET.replace("set-1", "far-set")
    put_set(arm, far, REGION)
    near = trigger(arm, token(arm, point), diskEncryptionSetId=SET)
    assert refusal_of(near) == (400, INVALID, "properties.diskEncryptionSetId")
    known = {disk["id"] for disk in disks}
    found = restored(arm, point, diskEncryptionSetId=far)
    sets = [each["properties"]["encryption"] for each in found if each["id"] not in known]
    assert [each["diskEncryptionSetId"] for each in sets] == [far, far]


def test_the_network_access_of_private_disks_must_be_chosen(arm: httpx.Client) -> None:
    private = {"networkAccessPolicy": "AllowPrivate", "diskAccessId": ACCESS}
    put_group(arm)
    done(arm.put(vm_id(), json=vm_body()))
    storage = done(arm.get(vm_id())).json()["properties"]["storageProfile"]
    disk = storage["osDisk"]["managedDisk"]["id"]
    done(arm.patch(disk, json={"properties": private}))
    point = replicated(arm)
    field = "properties.targetDiskNetworkAccessSettings"
    for settings in ({}, {"targetDiskNetworkAccessOption": "SameAsOnSourceDisks"}):
        answer = trigger(arm, token(arm, point), targetDiskNetworkAccessSettings=settings)
        assert refusal_of(answer) == (400, INVALID, f"{field}.targetDiskNetworkAccessOption")
    nothing_began(arm)
    public = {"targetDiskNetworkAccessOption": "EnablePublicAccessForAllDisks"}
    disks = restored(arm, point, targetDiskNetworkAccessSettings=public)
    assert {disk["properties"]["networkAccessPolicy"] for disk in disks} == {"AllowAll"}


def test_disks_come_back_in_another_subscription(arm: httpx.Client) -> None:
    point = replicated(arm)
    put_group(arm, FOREIGN)
    restored(arm, point, targetResourceGroupId=FOREIGN)
    assert len(listed(arm, DISKS.replace(TARGET, FOREIGN))) == 2


# --- what they refuse --------------------------------------------------------------------


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"recoveryType": "OriginalLocation"}, INVALID, "recoveryType"),
    ({"recoveryType": "Offline"}, "NotSupported", "recoveryType"),
    ({"targetResourceGroupId": None}, INVALID, "targetResourceGroupId"),
    ({"region": "westeurope"}, INVALID, "region"),
    ({"recoveryPointId": "1"}, INVALID, "recoveryPointId"),
    ({"sourceResourceId": vm_id("vm-2")}, INVALID, "sourceResourceId"),
    ({"identityInfo": {"isSystemAssignedIdentity": True}}, INVALID, "identityInfo"),
    ({"objectType": "AzureFileShareRestoreRequest"}, "NotSupported", "objectType"),
    ({"restoreDiskLunList": [7]}, INVALID, "restoreDiskLunList"),
)


def test_what_does_not_cross_over_is_refused(arm: httpx.Client) -> None:
    point = replicated(arm)
    details = token(arm, point)
    for asked, code, field in WRONG:
        answer = trigger(arm, details, **asked)
        assert refusal_of(answer) == (400, code, f"properties.{field}")
    nothing_began(arm)


def test_the_targets_must_be_in_the_secondary_region(arm: httpx.Client) -> None:
    point = replicated(arm)
    for name in (STAGING, NETWORK):
        done(arm.delete(name))
    put_targets(arm, "westeurope")
    answer = trigger(arm, token(arm, point))
    assert refusal_of(answer) == (400, INVALID, "properties.storageAccountId")
    for name in ("'westeurope'", f"'{REGION}'"):
        assert name in answer.json()["error"]["message"]
    done(arm.delete(STAGING))
    network = done(arm.get(NETWORK)).json()
    put_targets_without(arm, network)
    answer = trigger(arm, token(arm, point), **new_vm())
    assert refusal_of(answer) == (400, INVALID, "properties.virtualNetworkId")
    missing = trigger(arm, token(arm, point), storageAccountId=STAGING.replace("far", "no"))
    assert refused(missing) == (404, "ResourceNotFound")
    nothing_began(arm)


def put_targets_without(arm: httpx.Client, network: dict[str, Any]) -> None:
    """Put the storage account in the secondary region, and leave the network where it is."""
    done(arm.delete(NETWORK))
    put_targets(arm)
    done(arm.delete(NETWORK))
    again = {name: network[name] for name in ("location", "properties")}
    done(arm.put(NETWORK, json=again))


def test_a_restore_whose_target_goes_away_makes_nothing(arm: httpx.Client) -> None:
    point = replicated(arm)
    set_clock(arm, skipOnWait="off")
    answer = trigger(arm, token(arm, point), **new_vm())
    assert answer.status_code == 202
    done(arm.delete(NETWORK))
    advance(arm, until="idle")
    (found,) = jobs(arm)
    shown = done(ask_job(arm, found["name"])).json()["properties"]
    assert shown["status"] == "Failed"
    assert shown["errorDetails"][0]["errorTitle"] == "UserErrorTargetSubnetNotFound"
    nothing = listed(arm, DISKS)
    assert nothing == []
    assert arm.get(COPY).status_code == 404


def test_a_day_has_room_for_ten_restores_there(arm: httpx.Client) -> None:
    point = replicated(arm)
    details = token(arm, point)
    for _ in range(10):
        assert trigger(arm, details).status_code == 202
    assert refused(trigger(arm, details)) == (400, "CloudDosAbsoluteLimitReached")
    assert len(jobs(arm)) == 10


# --- their operation and their jobs ------------------------------------------------------


def test_the_operation_is_polled_at_the_region(arm: httpx.Client) -> None:
    point = replicated(arm)
    set_clock(arm, skipOnWait="off")
    answer = trigger(arm, token(arm, point))
    status = answer.headers["azure-asyncoperation"]
    result = answer.headers["location"]
    name = httpx.URL(status).path.rpartition("/")[2]
    vault, _, guid = base64.b64decode(name).decode().partition(";")
    assert vault == token(arm, point)["resourceId"]
    assert f"{FAR}/backupCrrOperationsStatus/{name}?" in status
    assert f"{FAR}/backupCrrOperationResults/{name}?" in result
    running = done(arm.get(status)).json()
    assert (running["status"], running["name"]) == ("InProgress", guid)
    assert "properties" not in running
    assert arm.get(result).status_code == 202
    advance(arm, by="PT5S")
    over = done(arm.get(status)).json()
    assert over["id"].endswith(f"{REGION}/backupCrrOperationsStatus/{name}")
    assert over["status"] == "Succeeded"
    assert over["startTime"] < over["endTime"]
    assert over["properties"]["jobId"] == jobs(arm)[0]["name"]
    last = arm.get(result)
    assert (last.status_code, last.content) == (200, b"")
    for wrong in (
        status.replace(name, base64.b64encode(f"{vault};{vault}".encode()).decode()),
        status.replace(name, guid),
        status.replace(name, "%20"),
        status.replace(REGION, "westus"),
    ):
        assert refused(arm.get(wrong)) == (404, "OperationNotFound")


def test_its_jobs_are_there_alone_and_cannot_be_cancelled(arm: httpx.Client) -> None:
    point = replicated(arm)
    set_clock(arm, skipOnWait="off")
    assert trigger(arm, token(arm, point)).status_code == 202
    (listed_job,) = jobs(arm)
    shown = done(ask_job(arm, listed_job["name"])).json()
    assert shown["id"] == listed_job["id"] == f"{FAR}/backupJobs/{shown['name']}"
    properties = shown["properties"]
    assert (properties["operation"], properties["status"]) == ("CrossRegionRestore", "InProgress")
    assert "actionsInfo" not in properties
    assert properties["extendedInfo"]["tasksList"][0]["taskId"] == "Transfer data from vault"
    assert "extendedInfo" not in listed_job["properties"]
    here = f"{VAULT_ID}/backupJobs"
    assert shown["name"] not in {each["name"] for each in listed(arm, here)}
    only = {"$filter": "operation eq 'CrossRegionRestore'"}
    assert listed(arm, here, **only) == []
    not_found = (404, "BMSUserErrorJobNotFound")
    assert refused(arm.get(f"{here}/{shown['name']}")) == not_found
    assert refused(arm.post(f"{here}/{shown['name']}/cancel")) == not_found
    assert jobs(arm)[0]["properties"]["status"] == "InProgress"
    of_the_vault = listed(arm, here)[0]["name"]
    assert refused(ask_job(arm, of_the_vault)) == not_found
    assert jobs(arm, **{"$filter": "status eq 'Completed'"}) == []
    assert len(jobs(arm, **only)) == 1
    set_clock(arm, skipOnWait="finish")
    over = done(ask_job(arm, shown["name"])).json()["properties"]
    assert over["status"] == "Completed"
    assert over["extendedInfo"]["propertyBag"]["Target resource group"] == "restored"
    assert len(jobs(arm, **{"$filter": "status eq 'Completed'"})) == 1


def test_jobs_are_asked_of_the_right_region_for_a_vault(arm: httpx.Client) -> None:
    replicated(arm)
    body = {"resourceId": VAULT_ID}
    for region, sent, target in (
        (FAR.replace(REGION, "westus"), body, "azureRegion"),
        (FAR.replace(REGION, "westeurope"), body, "azureRegion"),
        (FAR, {"resourceId": vm_id()}, "resourceId"),
        (FAR, {"resourceId": "vault-1"}, "resourceId"),
        (FAR.replace(FAR.split("/")[2], FOREIGN.split("/")[2]), body, "resourceId"),
    ):
        answer = arm.post(f"{region}/backupCrrJobs", json=sent)
        assert refusal_of(answer) == (400, INVALID, target)
    missing = {"resourceId": f"{VAULT_ID}0"}
    assert refused(arm.post(f"{FAR}/backupCrrJobs", json=missing)) == (404, "ResourceNotFound")
    unknown = arm.post(f"{FAR.replace(REGION, 'atlantis')}/backupCrrJobs", json=body)
    assert refused(unknown) == (400, "LocationNotAvailableForResourceType")


def test_the_region_there_sees_no_job_of_a_vault_that_has_not_opted_in(
    protected: httpx.Client,
) -> None:
    answer = protected.post(f"{FAR}/backupCrrJobs", json={"resourceId": VAULT_ID})
    assert refused(answer) == (400, "BMSUserErrorCrossRegionRestoreNotEnabled")
