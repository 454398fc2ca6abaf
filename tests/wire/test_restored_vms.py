"""Restores of whole VMs on the wire: a new one elsewhere, or other disks for the one there is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    ROOT,
    VAULT_ID,
    advance,
    back_up,
    done,
    finish,
    item_body,
    job,
    job_of,
    listed,
    put_group,
    put_storage,
    refused,
    set_clock,
    vm_body,
    vm_id,
)

TARGET = f"{ROOT}/resourceGroups/restored"
COPY = f"{TARGET}/providers/Microsoft.Compute/virtualMachines/copy-1"
NETWORK = f"{TARGET}/providers/Microsoft.Network/virtualNetworks/net-1"
SUBNET = f"{NETWORK}/subnets/default"
NEW_VM: dict[str, Any] = {
    "recoveryType": "AlternateLocation",
    "targetResourceGroupId": TARGET,
    "targetVirtualMachineId": COPY,
    "virtualNetworkId": NETWORK,
    "subnetId": SUBNET,
    # az sends these two with every restore.
    "createNewCloudService": False,
    "originalStorageAccountOption": False,
}
SAME_VM: dict[str, Any] = {"recoveryType": "OriginalLocation", "targetResourceGroupId": None}


def restore(arm: httpx.Client, what: dict[str, Any], point: Any = None) -> httpx.Response:
    chosen = listed(arm, POINTS)[0] if point is None else point
    sent = RESTORE["properties"] | what
    body = {name: value for name, value in sent.items() if value is not None}
    return arm.post(f"{chosen['id']}/restore", json={"properties": body})


def restored(arm: httpx.Client, what: dict[str, Any], point: Any = None) -> dict[str, Any]:
    """Restore, wait, and return the job."""
    job_id = job_of(arm, restore(arm, what, point))
    advance(arm, until={"job": job_id})
    return job(arm, job_id)


def fingerprints(point: dict[str, Any]) -> dict[int, str]:
    disks = point["properties"]["recoveryPointDiskConfiguration"]["includedDiskList"]
    return {disk["lun"]: disk["contentFingerprint"] for disk in disks}


def disks_of(arm: httpx.Client, vm: str) -> dict[int, dict[str, Any]]:
    """Return a VM's disks by LUN, the OS disk as -1."""
    storage = done(arm.get(vm)).json()["properties"]["storageProfile"]
    entries = [(-1, storage["osDisk"]), *((each["lun"], each) for each in storage["dataDisks"])]
    return {lun: done(arm.get(each["managedDisk"]["id"])).json() for lun, each in entries}


def content(disks: dict[int, dict[str, Any]]) -> dict[int, str]:
    return {lun: disk["properties"]["contentFingerprint"] for lun, disk in disks.items()}


def failed_with(found: dict[str, Any]) -> str:
    assert found["status"] == "Failed"
    return str(found["errorDetails"][0]["errorTitle"])


@pytest.fixture
def ready(protected: httpx.Client) -> httpx.Client:
    """A client of a world with two points, and with a group and a network to restore to."""
    put_group(protected, TARGET)
    put_storage(protected)
    subnet = {"name": "default", "properties": {"addressPrefix": "10.0.0.0/29"}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    done(protected.put(NETWORK, json={"location": "westeurope", "properties": space}))
    advance(protected, by="P1D")
    done(protected.patch(vm_id(), json={"tags": {"role": "web"}}))
    advance(protected, until={"job": back_up(protected)})
    set_clock(protected, skipOnWait="off")
    return protected


# --- a new VM ----------------------------------------------------------------------------


def test_a_new_vm_runs_with_the_content_of_the_instant(ready: httpx.Client) -> None:
    newest, older = listed(ready, POINTS)
    found = restored(ready, NEW_VM, older)
    assert found["status"] == "Completed"
    vm = done(ready.get(COPY, params={"$expand": "instanceView"})).json()
    assert vm["properties"]["instanceView"]["statuses"][1]["code"] == "PowerState/running"
    assert vm["properties"]["hardwareProfile"] == {"vmSize": "Standard_D2s_v5"}
    disks = disks_of(ready, COPY)
    assert content(disks) == fingerprints(older)
    assert content(disks) != fingerprints(newest)
    for disk in disks.values():
        assert disk["managedBy"] == COPY
        assert disk["properties"]["diskState"] == "Attached"
        assert disk["id"].startswith(f"{TARGET}/providers/Microsoft.Compute/disks/copy-1-")
    advance(ready, by="P1D")
    assert content(disks_of(ready, COPY)) == fingerprints(older)


def test_a_new_vm_has_an_address_in_the_subnet_and_the_tags_it_was_backed_up_with(
    ready: httpx.Client,
) -> None:
    restored(ready, NEW_VM)
    vm = done(ready.get(COPY)).json()
    assert vm["tags"] == {"role": "web"}
    (reference,) = vm["properties"]["networkProfile"]["networkInterfaces"]
    interface = done(ready.get(reference["id"])).json()["properties"]
    assert interface["virtualMachine"] == {"id": COPY}
    (configuration,) = interface["ipConfigurations"]
    assert configuration["properties"]["subnet"] == {"id": SUBNET}
    assert configuration["properties"]["privateIPAddress"] == "10.0.0.4"


def test_a_restored_vm_goes_its_own_way_once_it_is_started(ready: httpx.Client) -> None:
    point = listed(ready, POINTS)[0]
    restored(ready, NEW_VM, point)
    done(ready.post(f"{COPY}/powerOff"))
    assert content(disks_of(ready, COPY)) == fingerprints(point)
    done(ready.post(f"{COPY}/start"))
    advance(ready, by="PT1H")
    assert not set(content(disks_of(ready, COPY)).values()) & set(fingerprints(point).values())


def test_the_job_of_a_new_vm_copies_first_and_then_builds(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="step")
    job_id = job_of(ready, restore(ready, NEW_VM))
    looks = [job(ready, job_id) for _ in range(3)]
    tasks = [
        [(task["taskId"], task["status"]) for task in look["extendedInfo"]["tasksList"]]
        for look in looks
    ]
    copy, build = "Transfer data from vault", "Create the restored virtual machine"
    assert tasks == [
        [(copy, "InProgress"), (build, "NotStarted")],
        [(copy, "Completed"), (build, "InProgress")],
        [(copy, "Completed"), (build, "Completed")],
    ]
    assert [look["status"] for look in looks] == ["InProgress", "InProgress", "Completed"]
    progress = [look["extendedInfo"]["progressPercentage"] for look in looks]
    assert progress[0] == 1.0 < progress[1] < progress[2] == 100.0
    details = looks[2]["extendedInfo"]["tasksList"][0]["taskExecutionDetails"]
    assert details == "38 GBs / 38 GBs Transferred"
    bag = looks[2]["extendedInfo"]["propertyBag"]
    assert bag.pop("Recovery point time ").endswith((" AM", " PM"))
    assert bag == {
        "Job Type": "Recover VM to an alternate location",
        "Original VM Name": "vm-1",
        "Target VM Name": "copy-1",
        "Target VNet Name": "Group restored net-1",
        "Target Storage Account Name": "staging",
        "Target resource group": "restored",
        "VM Subscription ID": ROOT.rpartition("/")[2],
    }
    kind = looks[2]["extendedInfo"]["internalPropertyBag"]
    assert kind == {"restoreLocationType": "AlternateLocation"}


def test_a_vm_that_is_gone_comes_back_under_its_old_name_and_is_backed_up_again(
    ready: httpx.Client,
) -> None:
    done(ready.delete(vm_id()))
    what = NEW_VM | {"targetVirtualMachineId": vm_id(), "targetResourceGroupId": GROUP_ID}
    assert restored(ready, what)["status"] == "Completed"
    before = len(listed(ready, POINTS))
    advance(ready, until={"job": back_up(ready)})
    assert len(listed(ready, POINTS)) == before + 1


def test_a_restore_of_a_vm_can_be_cancelled_only_while_it_copies(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="off")
    first = job_of(ready, restore(ready, NEW_VM))
    done(ready.post(f"{VAULT_ID}/backupJobs/{first}/cancel"))
    advance(ready, until="idle")
    assert job(ready, first)["status"] == "Cancelled"
    assert ready.get(COPY).status_code == 404
    second = job_of(ready, restore(ready, NEW_VM))
    advance(ready, by="PT6M")
    answer = ready.post(f"{VAULT_ID}/backupJobs/{second}/cancel")
    assert refused(answer) == (400, "UserErrorJobNotInCancellableState")
    advance(ready, until="idle")
    assert job(ready, second)["status"] == "Completed"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"targetVirtualMachineId": None}, 400, "BMSUserErrorInvalidInput"),
        ({"targetVirtualMachineId": vm_id("copy-1")}, 400, "BMSUserErrorInvalidInput"),
        ({"targetVirtualMachineId": f"{COPY}!"}, 400, "BMSUserErrorInvalidInput"),
        ({"targetResourceGroupId": None}, 400, "BMSUserErrorInvalidInput"),
        ({"virtualNetworkId": None}, 400, "BMSUserErrorInvalidInput"),
        ({"virtualNetworkId": f"{NETWORK}-2"}, 404, "ResourceNotFound"),
        ({"subnetId": None}, 400, "BMSUserErrorInvalidInput"),
        ({"subnetId": NETWORK}, 400, "BMSUserErrorInvalidInput"),
        ({"subnetId": f"{NETWORK}-2/subnets/default"}, 400, "BMSUserErrorInvalidInput"),
        ({"subnetId": f"{SUBNET}-2"}, 404, "ResourceNotFound"),
        ({"storageAccountId": f"{RESTORE['properties']['storageAccountId']}2"}, 404,
         "ResourceNotFound"),
        ({"restoreDiskLunList": [0]}, 400, "BMSUserErrorInvalidInput"),
        ({"zones": ["1"]}, 400, "BMSUserErrorInvalidInput"),
    ],
)  # fmt: skip
def test_a_new_vm_that_cannot_be_is_refused_and_nothing_begins(
    ready: httpx.Client, change: dict[str, Any], status: int, code: str
) -> None:
    before = len(listed(ready, f"{VAULT_ID}/backupJobs"))
    assert refused(restore(ready, NEW_VM | change)) == (status, code)
    assert len(listed(ready, f"{VAULT_ID}/backupJobs")) == before


def test_the_name_of_a_new_vm_must_be_free_now_and_at_the_end(ready: httpx.Client) -> None:
    first, second = (job_of(ready, restore(ready, NEW_VM)) for _ in range(2))
    advance(ready, until="idle")
    outcomes = sorted(job(ready, each)["status"] for each in (first, second))
    assert outcomes == ["Completed", "Failed"]
    loser = first if job(ready, first)["status"] == "Failed" else second
    assert failed_with(job(ready, loser)) == "UserErrorTargetVmAlreadyExists"
    assert len(listed(ready, f"{TARGET}/providers/Microsoft.Compute/disks")) == 2
    assert len(listed(ready, f"{TARGET}/providers/Microsoft.Network/networkInterfaces")) == 1
    assert refused(restore(ready, NEW_VM)) == (409, "UserErrorTargetVmAlreadyExists")


@pytest.mark.parametrize(
    ("gone", "code"),
    [
        (NETWORK, "UserErrorTargetSubnetNotFound"),
        (TARGET, "UserErrorTargetResourceGroupNotFound"),
    ],
)
def test_a_new_vm_whose_place_goes_meanwhile_leaves_nothing(
    ready: httpx.Client, gone: str, code: str
) -> None:
    job_id = job_of(ready, restore(ready, NEW_VM))
    advance(ready, by="PT5M")
    done(ready.delete(gone))
    advance(ready, until={"job": job_id})
    assert failed_with(job(ready, job_id)) == code
    put_group(ready, TARGET)
    left = {each["type"] for each in listed(ready, f"{TARGET}/resources")}
    assert left <= {"Microsoft.Network/virtualNetworks"}


def test_a_subnet_without_a_free_address_takes_no_vm(ready: httpx.Client) -> None:
    for number in range(3):
        copy = NEW_VM | {"targetVirtualMachineId": f"{COPY}{number}"}
        assert restored(ready, copy)["status"] == "Completed"
    assert failed_with(restored(ready, NEW_VM)) == "UserErrorTargetSubnetNotFound"


def test_a_new_vm_has_no_identity_and_one_with_other_disks_keeps_its_own(
    ready: httpx.Client,
) -> None:
    given = ready.patch(vm_id(), json={"identity": {"type": "SystemAssigned"}})
    identity = done(given).json()["identity"]
    advance(ready, until={"job": back_up(ready)})
    restored(ready, NEW_VM)
    assert "identity" not in done(ready.get(COPY)).json()
    done(ready.post(f"{vm_id()}/deallocate"))
    restored(ready, SAME_VM)
    assert done(ready.get(vm_id())).json()["identity"] == identity


# --- the same VM -------------------------------------------------------------------------


def test_the_disks_of_a_stopped_vm_are_replaced_and_the_old_ones_stay(ready: httpx.Client) -> None:
    older = listed(ready, POINTS)[1]
    before = disks_of(ready, vm_id())
    done(ready.post(f"{vm_id()}/deallocate"))
    found = restored(ready, SAME_VM, older)
    assert found["status"] == "Completed"
    after = disks_of(ready, vm_id())
    assert content(after) == fingerprints(older)
    assert {disk["managedBy"] for disk in after.values()} == {vm_id()}
    for lun, disk in before.items():
        kept = done(ready.get(disk["id"])).json()
        assert kept["id"] != after[lun]["id"]
        assert kept["properties"]["diskState"] == "Unattached"
        assert "managedBy" not in kept
    bag = found["extendedInfo"]["propertyBag"]
    assert (bag["Job Type"], bag["Target VM Name"]) == ("Replace disks", "vm-1")
    assert bag["Target resource group"] == "group-1"
    assert [task["taskId"] for task in found["extendedInfo"]["tasksList"]] == [
        "Transfer data from vault",
        "Update the virtual machine",
    ]
    kind = found["extendedInfo"]["internalPropertyBag"]
    assert kind == {"restoreLocationType": "OriginalLocation"}


def test_a_vm_has_exactly_the_disks_of_the_point_and_is_backed_up_with_them(
    ready: httpx.Client,
) -> None:
    body = vm_body()
    body["properties"]["storageProfile"] = done(ready.get(vm_id())).json()["properties"][
        "storageProfile"
    ]
    body["properties"]["storageProfile"]["dataDisks"].append(
        {"lun": 5, "createOption": "Empty", "diskSizeGB": 4}
    )
    done(ready.put(vm_id(), json=body))
    assert set(disks_of(ready, vm_id())) == {-1, 0, 5}
    done(ready.post(f"{vm_id()}/powerOff"))
    point = listed(ready, POINTS)[0]
    restored(ready, SAME_VM, point)
    assert set(disks_of(ready, vm_id())) == {-1, 0}
    advance(ready, until={"job": back_up(ready)})
    assert fingerprints(listed(ready, POINTS)[0]) == fingerprints(point)


def test_a_backup_that_ends_after_a_replacement_holds_the_new_disks(ready: httpx.Client) -> None:
    """However far the clock is moved at once: the two ends lie in one hour, and so in one sweep."""
    older = listed(ready, POINTS)[1]
    done(ready.post(f"{vm_id()}/deallocate"))
    advance(ready, to="2026-01-02T12:00:00Z")
    replacing = job_of(ready, restore(ready, SAME_VM, older))
    advance(ready, by="PT10M")
    assert job(ready, replacing)["status"] == "InProgress"
    backing_up = back_up(ready)
    advance(ready, by="PT40M")
    assert {job(ready, each)["status"] for each in (replacing, backing_up)} == {"Completed"}
    assert fingerprints(listed(ready, POINTS)[0]) == fingerprints(older)


def test_the_disks_of_a_running_vm_are_not_replaced(ready: httpx.Client) -> None:
    answer = restore(ready, SAME_VM)
    assert refused(answer) == (409, "UserErrorVmNotShutDown")
    assert "deallocated state" in answer.json()["error"]["message"]


def test_a_vm_that_is_started_meanwhile_keeps_its_disks(ready: httpx.Client) -> None:
    done(ready.post(f"{vm_id()}/deallocate"))
    before = {disk["id"] for disk in disks_of(ready, vm_id()).values()}
    job_id = job_of(ready, restore(ready, SAME_VM))
    advance(ready, by="PT5M")
    done(ready.post(f"{vm_id()}/start"))
    advance(ready, until={"job": job_id})
    assert failed_with(job(ready, job_id)) == "UserErrorVmNotShutDown"
    assert {disk["id"] for disk in disks_of(ready, vm_id()).values()} == before
    assert len(listed(ready, f"{GROUP_ID}/providers/Microsoft.Compute/disks")) == 2


def test_a_vm_that_is_gone_has_no_disks_to_replace(ready: httpx.Client) -> None:
    done(ready.post(f"{vm_id()}/deallocate"))
    job_id = job_of(ready, restore(ready, SAME_VM))
    done(ready.delete(vm_id()))
    assert refused(restore(ready, SAME_VM)) == (400, "UserErrorVmNotFoundV2")
    advance(ready, until={"job": job_id})
    assert failed_with(job(ready, job_id)) == "UserErrorVmNotFoundV2"


# --- parts of a VM -----------------------------------------------------------------------


def test_of_a_vm_backed_up_in_parts_only_disks_are_restored(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="finish")
    exclusion = {"diskLunList": [0], "isInclusionList": False}
    properties = item_body(
        policyId=POLICY_ID,
        sourceResourceId=vm_id(),
        extendedProperties={"diskExclusionProperties": exclusion},
    )
    finish(ready, ready.put(ITEM_ID, json=properties))
    advance(ready, until={"job": back_up(ready)})
    done(ready.post(f"{vm_id()}/deallocate"))
    code = "UserErrorSelectiveDiskBackupRestoreNotSupported"
    for what in (NEW_VM, SAME_VM):
        assert refused(restore(ready, what)) == (409, code)
    disks = {"targetResourceGroupId": TARGET}
    answer = restore(ready, disks | {"restoreDiskLunList": [0]})
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")
    assert "excluded from this backup" in answer.json()["error"]["message"]
    found = restored(ready, disks)
    name = disks_of(ready, vm_id())[-1]["name"]
    assert found["extendedInfo"]["propertyBag"]["Restored disk(s)"] == name
    assert found["extendedInfo"]["propertyBag"]["Backed-up disk(s)"] == name


@pytest.mark.parametrize(
    ("luns", "restored_luns"), [([], [-1]), (["0"], [-1, 0]), ([-1], [-1]), ([-1, 0], [-1, 0])]
)
def test_the_os_disk_comes_with_every_restore_and_data_disks_by_lun(
    ready: httpx.Client, luns: list[Any], restored_luns: list[int]
) -> None:
    point = listed(ready, POINTS)[0]
    what = {"targetResourceGroupId": TARGET, "restoreDiskLunList": luns}
    found = restored(ready, what, point)
    disks = listed(ready, f"{TARGET}/providers/Microsoft.Compute/disks")
    wanted = {fingerprints(point)[lun] for lun in restored_luns}
    assert {disk["properties"]["contentFingerprint"] for disk in disks} == wanted
    names = [disks_of(ready, vm_id())[lun]["name"] for lun in restored_luns]
    assert found["extendedInfo"]["propertyBag"]["Restored disk(s)"] == "; ".join(names)
