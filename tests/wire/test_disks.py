"""Disks over a real socket: attached and detached, grown, copied, and what is on them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import Advance
from tests.wire.builders import POINTS, RESTORE, ROOT, back_up, listed, put_group, put_storage
from tests.wire.builders import advance as advance_clock
from tests.wire.machines import (
    attach,
    body,
    data_disks,
    empty,
    fingerprint,
    put_disk,
    refusal,
)

# --- disks come and go -------------------------------------------------------------------


def test_a_disk_is_attached_and_detached(arm: httpx.Client, vm: str, disk: str) -> None:
    arm.put(vm, json=body())
    attached = arm.put(vm, json=body(attach(5, disk)))
    assert [each["name"] for each in data_disks(attached)] == ["disk-1"]
    assert arm.get(disk).json()["properties"]["diskState"] == "Attached"
    detached = arm.put(vm, json=body())
    assert data_disks(detached) == []
    found = arm.get(disk).json()
    assert "managedBy" not in found
    assert found["properties"]["diskState"] == "Unattached"


def test_a_patch_that_does_not_name_the_disks_keeps_them(arm: httpx.Client, vm: str) -> None:
    arm.put(vm, json=body(empty(0)))
    patched = arm.patch(vm, json={"tags": {"env": "test"}})
    assert [each["lun"] for each in data_disks(patched)] == [0]
    assert patched.json()["tags"] == {"env": "test"}
    resized = arm.patch(
        vm, json={"properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v3"}}}
    ).json()
    assert resized["properties"]["hardwareProfile"] == {"vmSize": "Standard_D4s_v3"}
    assert resized["tags"] == {"env": "test"}


def test_a_disk_marked_to_be_detached_goes(arm: httpx.Client, vm: str) -> None:
    first = data_disks(arm.put(vm, json=body(empty(0), empty(1))))
    first[0]["toBeDetached"] = True
    storage = {"properties": {"storageProfile": {"dataDisks": first}}}
    assert [each["lun"] for each in data_disks(arm.patch(vm, json=storage))] == [1]


def test_a_disk_belongs_to_one_vm_at_a_time(arm: httpx.Client, vm: str, disk: str) -> None:
    arm.put(vm, json=body(attach(0, disk)))
    other = arm.put(f"{vm}-b", json=body(attach(0, disk)))
    twice = arm.put(vm, json=body(attach(0, disk), attach(1, disk)))
    assert refusal(other) == (409, "ConflictingUserInput")
    assert refusal(twice) in ((409, "ConflictingUserInput"), (409, "PropertyChangeNotAllowed"))
    assert arm.get(f"{vm}-b").status_code == 404


def test_a_disk_that_is_not_there_cannot_be_attached(arm: httpx.Client, vm: str, disk: str) -> None:
    answer = arm.put(vm, json=body(attach(0, f"{disk}-x")))
    assert refusal(answer) == (404, "ResourceNotFound")
    assert arm.get(vm).status_code == 404


def test_a_disk_of_another_region_cannot_be_attached(
    arm: httpx.Client, group: str, vm: str
) -> None:
    far = f"{group}/providers/Microsoft.Compute/disks/far"
    sent = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}
    arm.put(far, json={"location": "eastus", "properties": sent}).raise_for_status()
    assert refusal(arm.put(vm, json=body(attach(0, far)))) == (400, "BadRequest")


def test_a_new_disk_cannot_take_a_name_that_is_taken(arm: httpx.Client, vm: str, disk: str) -> None:
    answer = arm.put(vm, json=body(empty(0, name="DISK-1")))
    assert refusal(answer) == (409, "ConflictingUserInput")


def test_a_lun_cannot_change_while_the_disk_is_attached(arm: httpx.Client, vm: str) -> None:
    arm.put(vm, json=body(empty(0, name="logs")))
    answer = arm.put(vm, json=body(empty(1, name="logs")))
    assert refusal(answer) == (409, "PropertyChangeNotAllowed")


def test_the_disks_of_a_deleted_vm_stay_unless_it_was_to_take_them(
    arm: httpx.Client, group: str, vm: str
) -> None:
    arm.put(vm, json=body(empty(0, name="kept"), empty(1, name="gone", deleteOption="Delete")))
    deleted = arm.delete(vm)
    assert (deleted.status_code, deleted.content) == (200, b"")
    assert arm.delete(vm).status_code == 204
    disks = arm.get(f"{group}/providers/Microsoft.Compute/disks").json()["value"]
    assert disks[0]["name"] == "kept"
    assert len(disks) == 2
    assert {each["properties"]["diskState"] for each in disks} == {"Unattached"}


def test_an_attached_disk_cannot_be_deleted(arm: httpx.Client, vm: str, disk: str) -> None:
    arm.put(vm, json=body(attach(0, disk)))
    assert refusal(arm.delete(disk)) == (409, "OperationNotAllowed")
    arm.delete(vm)
    assert arm.delete(disk).status_code == 200
    assert arm.delete(disk).status_code == 204


def test_the_os_disk_is_swapped_while_the_vm_stands_still(
    arm: httpx.Client, vm: str, disk: str
) -> None:
    old = arm.put(vm, json=body()).json()["properties"]["storageProfile"]["osDisk"]
    swap = {"properties": {"storageProfile": {"osDisk": {"managedDisk": {"id": disk}}}}}
    assert refusal(arm.patch(vm, json=swap)) == (409, "OperationNotAllowed")
    arm.post(f"{vm}/deallocate")
    swapped = arm.patch(vm, json=swap).json()["properties"]["storageProfile"]["osDisk"]
    assert (swapped["name"], swapped["diskSizeGB"]) == ("disk-1", 16)
    assert arm.get(disk).json()["properties"]["diskState"] == "Reserved"
    assert "managedBy" not in arm.get(old["managedDisk"]["id"]).json()


# --- disks by themselves -----------------------------------------------------------------


def test_a_disk_is_created_grown_and_never_shrunk(arm: httpx.Client, disk: str) -> None:
    shown = arm.get(disk).json()
    assert shown["properties"]["diskSizeBytes"] == 16 << 30
    assert shown["properties"]["diskState"] == "Unattached"
    assert shown["sku"] == {"name": "Standard_LRS", "tier": "Standard"}
    grown = arm.patch(disk, json={"properties": {"diskSizeGB": 20}})
    assert grown.json()["properties"]["diskSizeGB"] == 20
    assert refusal(arm.patch(disk, json={"properties": {"diskSizeGB": 19}})) == (400, "BadRequest")
    assert refusal(put_disk(arm, disk)) == (400, "BadRequest")


def test_a_vm_shows_the_size_its_disk_has_now(arm: httpx.Client, vm: str, disk: str) -> None:
    arm.put(vm, json=body(attach(0, disk)))
    arm.patch(disk, json={"properties": {"diskSizeGB": 99}}).raise_for_status()
    assert data_disks(arm.get(vm))[0]["diskSizeGB"] == 99
    assert (
        data_disks(arm.put(vm, json=body(attach(0, disk, diskSizeGB=128))))[0]["diskSizeGB"] == 128
    )
    assert arm.get(disk).json()["properties"]["diskSizeGB"] == 128


def test_an_os_disk_grows_only_while_its_vm_is_deallocated(arm: httpx.Client, vm: str) -> None:
    os_disk = arm.put(vm, json=body()).json()["properties"]["storageProfile"]["osDisk"]
    path = os_disk["managedDisk"]["id"]
    grow = {"properties": {"diskSizeGB": 64}}
    assert refusal(arm.patch(path, json=grow)) == (409, "OperationNotAllowed")
    arm.post(f"{vm}/deallocate")
    assert arm.patch(path, json=grow).status_code == 200


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"creationData": {}}, "InvalidParameter"),
        ({"creationData": {"createOption": "Import"}}, "NotSupported"),
        ({"creationData": {"createOption": "Magic"}}, "NotSupported"),
        ({"creationData": {"createOption": "Copy"}}, "InvalidParameter"),
        (
            {"creationData": {"createOption": "Copy", "sourceResourceId": "disk"}},
            "LinkedInvalidPropertyId",
        ),
        ({"diskSizeGB": 0}, "InvalidParameter"),
        ({"diskSizeGB": 10**30}, "InvalidParameter"),
        ({"diskSizeGB": "16"}, "InvalidRequestContent"),
        ({"diskSizeGB": None}, "InvalidParameter"),
        ({"osType": "BeOS"}, "InvalidRequestContent"),
        ({"maxShares": 3}, "NotSupported"),
        ({"encryption": {"type": "EncryptionAtRestWithCustomerKey"}}, "InvalidParameter"),
    ],
)
def test_a_wrong_disk_is_refused(
    arm: httpx.Client, group: str, properties: dict[str, Any], code: str
) -> None:
    path = f"{group}/providers/Microsoft.Compute/disks/disk-1"
    assert refusal(put_disk(arm, path, **properties)) == (400, code)
    assert arm.get(path).status_code == 404


def test_disks_and_vms_are_listed_by_group_and_by_subscription(
    arm: httpx.Client, group: str, vm: str, disk: str
) -> None:
    arm.put(vm, json=body(attach(0, disk)))
    subscription = group.partition("/resourceGroups/")[0]
    for root in (group, subscription):
        vms = arm.get(f"{root}/providers/Microsoft.Compute/virtualMachines").json()["value"]
        disks = arm.get(f"{root}/providers/Microsoft.Compute/disks").json()["value"]
        assert [each["id"] for each in vms] == [vm]
        assert vms[0] == arm.get(vm).json()
        assert disk in [each["id"] for each in disks]
        assert len(disks) == 2
    filtered = arm.get(
        f"{group}/providers/Microsoft.Compute/virtualMachines", params={"$filter": "name eq 'x'"}
    )
    assert refusal(filtered) == (400, "NotSupported")


# --- what is on a disk -------------------------------------------------------------------


def test_the_content_of_a_running_vm_changes_with_the_clock(
    arm: httpx.Client, vm: str, advance: Advance
) -> None:
    path = data_disks(arm.put(vm, json=body(empty(0))))[0]["managedDisk"]["id"]
    first = fingerprint(arm, path)
    assert fingerprint(arm, path) == first
    advance("PT1S")
    assert fingerprint(arm, path) != first


@pytest.mark.parametrize("action", ["powerOff", "deallocate"])
def test_the_content_of_a_stopped_vm_stands_still(
    arm: httpx.Client, vm: str, advance: Advance, action: str
) -> None:
    path = data_disks(arm.put(vm, json=body(empty(0))))[0]["managedDisk"]["id"]
    arm.post(f"{vm}/{action}")
    stopped = fingerprint(arm, path)
    advance("P1D")
    assert fingerprint(arm, path) == stopped
    arm.post(f"{vm}/start")
    advance("PT1S")
    assert fingerprint(arm, path) != stopped


def test_the_content_of_a_detached_disk_and_of_a_deleted_vms_disk_stands_still(
    arm: httpx.Client, vm: str, advance: Advance
) -> None:
    created = arm.put(vm, json=body(empty(0))).json()["properties"]["storageProfile"]
    data, system = (
        entry["managedDisk"]["id"] for entry in (created["dataDisks"][0], created["osDisk"])
    )
    advance("PT1H")
    arm.put(vm, json=body())
    detached = fingerprint(arm, data)
    advance("PT1H")
    assert fingerprint(arm, data) == detached
    arm.delete(vm)
    orphan = fingerprint(arm, system)
    advance("PT1H")
    assert fingerprint(arm, system) == orphan


def test_a_copy_holds_what_its_source_held_and_then_goes_its_own_way(
    arm: httpx.Client, group: str, vm: str, advance: Advance
) -> None:
    source = data_disks(arm.put(vm, json=body(empty(0))))[0]["managedDisk"]["id"]
    advance("PT1H")
    copies = [f"{group}/providers/Microsoft.Compute/disks/copy-{number}" for number in (1, 2)]
    creation = {"createOption": "Copy", "sourceResourceId": source.upper()}
    for path in copies:
        made = put_disk(arm, path, creationData=creation, diskSizeGB=32)
        assert made.json()["properties"]["creationData"]["sourceResourceId"] == source
    held = fingerprint(arm, source)
    assert [fingerprint(arm, path) for path in copies] == [held, held]
    advance("PT1H")
    assert [fingerprint(arm, path) for path in copies] == [held, held]
    for number, path in enumerate(copies):
        arm.put(f"{vm}-{number}", json=body(attach(0, path))).raise_for_status()
    advance("PT1H")
    assert len({fingerprint(arm, path) for path in (source, *copies)}) == 3


def test_a_small_copy_of_a_large_disk_is_refused(arm: httpx.Client, group: str, disk: str) -> None:
    path = f"{group}/providers/Microsoft.Compute/disks/copy"
    creation = {"createOption": "Copy", "sourceResourceId": disk}
    answer = put_disk(arm, path, creationData=creation, diskSizeGB=8)
    assert refusal(answer) == (400, "BadRequest")


def test_a_vm_built_again_at_once_has_a_name_and_disks_of_its_own(
    arm: httpx.Client, vm: str
) -> None:
    arm.put(vm, json=body(empty(0)))
    arm.delete(vm)
    again = arm.put(vm, json=body(empty(0)))
    assert again.status_code == 201


# --- a drill -----------------------------------------------------------------------------


def test_a_vm_is_rebuilt_from_restored_disks_and_goes_on_from_there(
    protected: httpx.Client,
) -> None:
    target = f"{ROOT}/resourceGroups/restored"
    put_group(protected, target)
    put_storage(protected)
    advance_clock(protected, until={"job": back_up(protected)})
    point = listed(protected, POINTS)[0]
    sent = RESTORE["properties"] | {"targetResourceGroupId": target}
    protected.post(f"{point['id']}/restore", json={"properties": sent}).raise_for_status()
    advance_clock(protected, until="idle")
    restored = listed(protected, f"{target}/providers/Microsoft.Compute/disks")
    system = next(disk for disk in restored if "osType" in disk["properties"])
    data = next(disk for disk in restored if "osType" not in disk["properties"])
    held = fingerprint(protected, data["id"])
    sent_vm = body(attach(0, data["id"]))
    sent_vm["properties"]["storageProfile"]["imageReference"] = None
    sent_vm["properties"]["storageProfile"]["osDisk"] = {
        "createOption": "Attach",
        "managedDisk": {"id": system["id"]},
    }
    vm = f"{target}/providers/Microsoft.Compute/virtualMachines/vm-2"
    created = protected.put(vm, json=sent_vm)
    assert created.status_code == 201
    assert protected.get(data["id"]).json()["managedBy"] == vm
    advance_clock(protected, by="PT1H")
    assert fingerprint(protected, data["id"]) != held
