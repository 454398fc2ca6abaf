"""Virtual machines over a real socket: what comes to be, what is refused, and their power."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from tests.wire.machines import (
    IMAGE,
    attach,
    body,
    empty,
    refusal,
)

# --- creation ----------------------------------------------------------------------------


def test_a_vm_brings_its_disks_into_being(arm: httpx.Client, group: str, vm: str) -> None:
    created = arm.put(vm, json=body(empty(0, 64), empty(3, name="logs")))
    assert created.status_code == 201
    properties = created.json()["properties"]
    storage = properties["storageProfile"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["timeCreated"] == "2026-01-01T00:00:00Z"
    assert storage["osDisk"]["osType"] == "Linux"
    assert storage["osDisk"]["diskSizeGB"] == 30
    assert [(each["lun"], each["diskSizeGB"]) for each in storage["dataDisks"]] == [
        (0, 64),
        (3, 32),
    ]
    assert storage["dataDisks"][1]["managedDisk"] == {
        "id": f"{group}/providers/Microsoft.Compute/disks/logs",
        "storageAccountType": "Premium_LRS",
    }
    found = arm.get(storage["osDisk"]["managedDisk"]["id"]).json()
    assert found["managedBy"] == vm
    assert found["properties"]["diskState"] == "Attached"
    assert found["properties"]["osType"] == "Linux"
    assert found["sku"] == {"name": "Premium_LRS", "tier": "Premium"}
    assert arm.get(vm).json() == created.json()


@pytest.mark.parametrize(
    ("properties", "os_disk", "image", "os_type", "size"),
    [
        ({}, {}, IMAGE, "Linux", 30),
        ({}, {"osType": "Windows"}, IMAGE, "Windows", 127),
        ({"osProfile": {"windowsConfiguration": {}}}, {}, IMAGE, "Windows", 127),
        ({"osProfile": {"linuxConfiguration": {}}}, {}, IMAGE, "Linux", 30),
        ({}, {}, {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer"}, "Windows", 127),
        ({}, {}, {"publisher": "MicrosoftSQLServer", "offer": "sql2022-ws2022"}, "Windows", 127),
        ({}, {}, {"publisher": "MicrosoftSQLServer", "offer": "sql2022-ubuntu"}, "Linux", 30),
        ({}, {"osType": "windows", "diskSizeGB": 200}, IMAGE, "Windows", 200),
    ],
)
def test_the_system_of_a_vm_follows_from_its_plainest_hint(
    arm: httpx.Client,
    vm: str,
    properties: dict[str, Any],
    os_disk: dict[str, Any],
    image: dict[str, Any],
    os_type: str,
    size: int,
) -> None:
    sent = body(**properties)
    sent["properties"]["storageProfile"] |= {
        "osDisk": {"createOption": "FromImage", **os_disk},
        "imageReference": image,
    }
    found = arm.put(vm, json=sent).json()["properties"]["storageProfile"]["osDisk"]
    assert (found["osType"], found["diskSizeGB"]) == (os_type, size)


@pytest.mark.parametrize(
    ("size", "sku"),
    [
        ("Standard_D2s_v3", "Premium_LRS"),
        ("Standard_DS1_v2", "Premium_LRS"),
        ("Standard_E4-2ds_v4", "Premium_LRS"),
        ("Standard_A2_v2", "Standard_LRS"),
        ("Standard_D2_v3", "Standard_LRS"),
    ],
)
def test_disks_are_as_fast_as_the_size_allows(
    arm: httpx.Client, vm: str, size: str, sku: str
) -> None:
    created = arm.put(vm, json=body(hardwareProfile={"vmSize": size}))
    managed = created.json()["properties"]["storageProfile"]["osDisk"]["managedDisk"]
    assert managed["storageAccountType"] == sku


def test_secrets_are_taken_and_never_shown(arm: httpx.Client, vm: str) -> None:
    profile = {
        "computerName": "vm-1",
        "adminUsername": "azureuser",
        "adminPassword": "Pa55-word!",
        "customData": "c2VjcmV0",
        "linuxConfiguration": {"ssh": {"publicKeys": [{"path": "/p", "keyData": "ssh-rsa AAA"}]}},
    }
    created = arm.put(vm, json=body(osProfile=profile))
    shown = created.json()["properties"]["osProfile"]
    assert "Pa55-word!" not in created.text
    assert "c2VjcmV0" not in created.text
    assert shown["adminUsername"] == "azureuser"
    assert shown["linuxConfiguration"]["provisionVMAgent"] is True
    assert shown["linuxConfiguration"]["ssh"]["publicKeys"][0]["keyData"] == "ssh-rsa AAA"


def test_user_data_is_shown_only_when_asked_for(arm: httpx.Client, vm: str) -> None:
    created = arm.put(vm, json=body(userData="aGVsbG8="))
    asked = arm.get(vm, params={"$expand": "userData"})
    assert "userData" not in created.json()["properties"]
    assert asked.json()["properties"]["userData"] == "aGVsbG8="


def test_ids_of_interfaces_come_back_in_one_spelling(
    arm: httpx.Client, group: str, vm: str
) -> None:
    sent = group.replace("resourceGroups", "resourcegroups") + "/providers/microsoft.network"
    nic = {"id": f"{sent}/NetworkInterfaces/nic-1", "properties": {"primary": True}}
    created = arm.put(vm, json=body(networkProfile={"networkInterfaces": [nic]}))
    found = created.json()["properties"]["networkProfile"]["networkInterfaces"]
    expected = f"{group}/providers/Microsoft.Network/networkInterfaces/nic-1"
    assert found == [{"id": expected, "properties": {"primary": True}}]


def test_a_vm_starts_from_a_disk_that_is_there(arm: httpx.Client, vm: str, disk: str) -> None:
    sent = body()
    sent["properties"]["storageProfile"] = {
        "osDisk": {"createOption": "Attach", "osType": "Windows", "managedDisk": {"id": disk}}
    }
    created = arm.put(vm, json=sent).json()
    os_disk = created["properties"]["storageProfile"]["osDisk"]
    assert (os_disk["name"], os_disk["diskSizeGB"], os_disk["osType"]) == ("disk-1", 16, "Windows")
    assert arm.get(disk).json()["managedBy"] == vm


def test_the_same_put_twice_changes_nothing_but_the_etag(arm: httpx.Client, vm: str) -> None:
    first = arm.put(vm, json=body(empty(0), empty(1)))
    second = arm.put(vm, json=body(empty(0), empty(1)))
    assert second.status_code == 200
    assert first.json() | {"etag": ""} == second.json() | {"etag": ""}
    assert first.json()["etag"] != second.json()["etag"]


def test_what_a_get_shows_can_be_put_back(arm: httpx.Client, vm: str) -> None:
    arm.put(vm, json=body(empty(0), empty(1, name="logs"), userData="aGk="))
    shown = arm.get(vm).json()
    assert arm.put(vm, json=shown).json() | {"etag": ""} == shown | {"etag": ""}


# --- what is refused ---------------------------------------------------------------------

STORAGE = "storageProfile"


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return a good body with one thing in it made wrong."""
    sent = copy.deepcopy(body(empty(0)))
    place = sent
    *parents, last = path.split(".")
    for part in parents:
        place = place[int(part)] if part.isdigit() else place.setdefault(part, {})  # type: ignore[index]
    place[last] = value
    return sent


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("location", None, "LocationRequired"),
        ("location", "atlantis", "LocationNotAvailableForResourceType"),
        ("location", ["westeurope"], "InvalidRequestContent"),
        ("properties", "all", "InvalidRequestContent"),
        ("tags", {"a": 1}, "InvalidRequestContent"),
        ("tags", {f"t{number}": "" for number in range(51)}, "InvalidTags"),
        ("zones", ["4"], "InvalidRequestContent"),
        ("zones", ["1", "2"], "InvalidRequestContent"),
        ("properties.hardwareProfile", {}, "InvalidParameter"),
        ("properties.hardwareProfile.vmSize", "big", "InvalidParameter"),
        ("properties.hardwareProfile.vmSize", "Standard_" + "A" * 90, "InvalidRequestContent"),
        ("properties.hardwareProfile.vmSize", 2, "InvalidRequestContent"),
        ("properties.storageProfile", {}, "InvalidParameter"),
        ("properties.storageProfile.osDisk", {}, "InvalidParameter"),
        ("properties.storageProfile.osDisk.createOption", "Empty", "InvalidParameter"),
        ("properties.storageProfile.osDisk.createOption", "Guess", "InvalidRequestContent"),
        ("properties.storageProfile.osDisk.createOption", "Attach", "InvalidParameter"),
        ("properties.storageProfile.osDisk.osType", "BeOS", "InvalidRequestContent"),
        ("properties.storageProfile.osDisk.diskSizeGB", 4096, "InvalidParameter"),
        ("properties.storageProfile.osDisk.diskSizeGB", 10**40, "InvalidParameter"),
        ("properties.storageProfile.osDisk.diskSizeGB", "64", "InvalidRequestContent"),
        ("properties.storageProfile.osDisk.name", "../etc", "InvalidParameter"),
        ("properties.storageProfile.osDisk.vhd", {"uri": "https://x"}, "NotSupported"),
        ("properties.storageProfile.osDisk.diffDiskSettings", {"option": "Local"}, "NotSupported"),
        ("properties.storageProfile.dataDisks", "many", "InvalidRequestContent"),
        ("properties.storageProfile.dataDisks.0.lun", None, "InvalidParameter"),
        ("properties.storageProfile.dataDisks.0.lun", -1, "InvalidParameter"),
        ("properties.storageProfile.dataDisks.0.lun", 64, "InvalidParameter"),
        ("properties.storageProfile.dataDisks.0.lun", 10**30, "InvalidParameter"),
        ("properties.storageProfile.dataDisks.0.lun", True, "InvalidRequestContent"),
        ("properties.storageProfile.dataDisks.0.lun", 0.5, "InvalidRequestContent"),
        ("properties.storageProfile.dataDisks.0.createOption", "Copy", "NotSupported"),
        ("properties.storageProfile.dataDisks.0.createOption", None, "InvalidParameter"),
        ("properties.storageProfile.dataDisks.0.diskSizeGB", None, "InvalidParameter"),
        ("properties.storageProfile.dataDisks.0.diskSizeGB", 0, "InvalidParameter"),
        ("properties.storageProfile.dataDisks.0.diskSizeGB", 32_768, "InvalidParameter"),
        ("properties.storageProfile.dataDisks", [empty(1), empty(1)], "InvalidParameter"),
        (
            "properties.storageProfile.dataDisks.0.managedDisk",
            {"storageAccountType": "Tape"},
            "InvalidRequestContent",
        ),
        (
            "properties.storageProfile.dataDisks.0.managedDisk",
            {"diskEncryptionSet": {"id": "x"}},
            "NotSupported",
        ),
        ("properties.storageProfile.dataDisks", [attach(0, "nonsense")], "LinkedInvalidPropertyId"),
        (
            "properties.networkProfile.networkInterfaces",
            [{"id": "/subscriptions/x"}],
            "LinkedInvalidPropertyId",
        ),
        ("properties.networkProfile.networkInterfaces", [{}], "InvalidParameter"),
        (
            "properties.networkProfile.networkInterfaceConfigurations",
            [{"name": "x"}],
            "NotSupported",
        ),
        ("properties.availabilitySet", {"id": "set"}, "LinkedInvalidPropertyId"),
        ("properties.virtualMachineScaleSet", {"id": "set"}, "NotSupported"),
        (
            "properties.osProfile",
            {"windowsConfiguration": {}, "linuxConfiguration": {}},
            "InvalidParameter",
        ),
    ],
)
def test_a_wrong_vm_is_refused_and_leaves_nothing_behind(
    arm: httpx.Client, group: str, vm: str, path: str, value: Any, code: str
) -> None:
    answer = arm.put(vm, json=changed(path, value))
    assert refusal(answer) == (400, code)
    assert arm.get(f"{group}/resources").json() == {"value": []}


def test_too_many_data_disks_are_refused(arm: httpx.Client, group: str, vm: str) -> None:
    answer = arm.put(vm, json=body(*(empty(lun) for lun in range(33))))
    assert refusal(answer) == (409, "OperationNotAllowed")
    assert arm.get(f"{group}/resources").json() == {"value": []}
    assert arm.put(vm, json=body(*(empty(lun) for lun in range(32)))).status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'"vm"',
        b'{"location": "westeurope", "properties": {"hardwareProfile": []}}',
        b'{"location": "westeurope", "properties": {"storageProfile": {"osDisk": 1e400}}}',
        b'{"location": "westeurope", "properties": {"storageProfile": {"dataDisks": [NaN]}}}',
        b'{"location": "westeurope", "properties": {"storageProfile": {"dataDisks": [[]]}}}',
        b'{"location": "\\ud800"}',
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"location": "westeurope", "properties": {"licenseType": "x" * 9999}}).encode(),
    ],
)
def test_a_body_that_is_none_is_refused_as_arm_refuses_it(
    arm: httpx.Client, vm: str, content: bytes
) -> None:
    answer = arm.put(vm, content=content, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, "InvalidRequestContent")


@pytest.mark.parametrize("name", ["-vm", "vm-", "vm_ä", "v m", "x" * 65])
def test_the_name_of_a_vm_is_checked(arm: httpx.Client, group: str, name: str) -> None:
    answer = arm.put(f"{group}/providers/Microsoft.Compute/virtualMachines/{name}", json=body())
    assert refusal(answer) == (400, "InvalidParameter")


def test_a_vm_needs_its_group(arm: httpx.Client, vm: str) -> None:
    path = vm.replace("group-1", "nowhere")
    assert refusal(arm.put(path, json=body())) == (404, "ResourceGroupNotFound")
    assert refusal(arm.get(path)) == (404, "ResourceGroupNotFound")
    assert refusal(arm.delete(path)) == (404, "ResourceGroupNotFound")


def test_a_vm_that_is_not_there_is_not_found(arm: httpx.Client, vm: str) -> None:
    assert refusal(arm.get(vm)) == (404, "ResourceNotFound")
    assert refusal(arm.patch(vm, json={})) == (404, "ResourceNotFound")
    assert refusal(arm.post(f"{vm}/start")) == (404, "ResourceNotFound")
    assert arm.delete(vm).status_code == 204


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("location", "eastus", "InvalidResourceLocation"),
        ("zones", ["1"], "PropertyChangeNotAllowed"),
        ("properties.osProfile.adminUsername", "root", "PropertyChangeNotAllowed"),
        ("properties.storageProfile.imageReference.sku", "20_04", "PropertyChangeNotAllowed"),
        ("properties.storageProfile.osDisk.osType", "Windows", "PropertyChangeNotAllowed"),
        ("properties.storageProfile.osDisk.name", "other", "PropertyChangeNotAllowed"),
        (
            "properties.storageProfile.osDisk.managedDisk.storageAccountType",
            "Standard_LRS",
            "PropertyChangeNotAllowed",
        ),
    ],
)
def test_what_is_fixed_cannot_be_changed(
    arm: httpx.Client, vm: str, path: str, value: Any, code: str
) -> None:
    before = arm.put(vm, json=body(empty(0))).json()
    assert refusal(arm.put(vm, json=changed(path, value))) == (409, code)
    assert arm.get(vm).json() == before


# --- power -------------------------------------------------------------------------------


def power_of(arm: httpx.Client, vm: str) -> str:
    statuses = arm.get(f"{vm}/instanceView").json()["statuses"]
    return str(statuses[1]["code"])


@pytest.mark.parametrize(
    ("actions", "state", "disk_state"),
    [
        ([], "running", "Attached"),
        (["powerOff"], "stopped", "Attached"),
        (["deallocate"], "deallocated", "Reserved"),
        (["powerOff", "deallocate"], "deallocated", "Reserved"),
        (["deallocate", "powerOff"], "deallocated", "Reserved"),
        (["deallocate", "start"], "running", "Attached"),
        (["powerOff", "restart"], "running", "Attached"),
        (["restart", "start"], "running", "Attached"),
    ],
)
def test_the_power_of_a_vm_follows_its_actions(
    arm: httpx.Client, vm: str, actions: list[str], state: str, disk_state: str
) -> None:
    created = arm.put(vm, json=body()).json()
    for action in actions:
        assert arm.post(f"{vm}/{action}").status_code == 200
    assert power_of(arm, vm) == f"PowerState/{state}"
    os_disk = created["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    assert arm.get(os_disk).json()["properties"]["diskState"] == disk_state


def test_a_deallocated_vm_cannot_be_restarted(arm: httpx.Client, vm: str) -> None:
    arm.put(vm, json=body())
    arm.post(f"{vm}/deallocate")
    assert refusal(arm.post(f"{vm}/restart")) == (409, "OperationNotAllowed")


def test_the_instance_view_is_shown_when_asked_for(arm: httpx.Client, vm: str) -> None:
    arm.put(vm, json=body(empty(0)))
    running = arm.get(vm, params={"$expand": "instanceView"}).json()["properties"]["instanceView"]
    assert running == arm.get(f"{vm}/instanceView").json()
    assert running["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"
    assert len(running["disks"]) == 2
    arm.post(f"{vm}/powerOff")
    assert "vmAgent" not in arm.get(f"{vm}/instanceView").json()
    assert refusal(arm.get(vm, params={"$expand": "all"})) == (400, "InvalidParameter")


def test_hibernation_is_refused_by_name(arm: httpx.Client, vm: str) -> None:
    arm.put(vm, json=body())
    answer = arm.post(f"{vm}/deallocate", params={"hibernate": "true"})
    assert refusal(answer) == (400, "NotSupported")
    assert power_of(arm, vm) == "PowerState/running"
