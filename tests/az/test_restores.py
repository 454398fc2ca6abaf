"""az backup restore: disks, chosen disks, a new VM, the same VM, and what az or we refuse."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import (
    GROUP_ID,
    advance,
    back_up,
    done,
    listed,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    vm_id,
)

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
OF_VMS = "--backup-management-type AzureIaasVM --workload-type VM"
ITEM = f"{VAULT} -c vm-1 -i vm-1 {OF_VMS}"
RESTORED = GROUP_ID.replace("group-1", "restored")
DISKS = f"{RESTORED}/providers/Microsoft.Compute/disks"
RESTORE = f"backup restore restore-disks {VAULT} -c vm-1 -i vm-1"


@pytest.fixture
def point(az: Az, arm: httpx.Client) -> str:
    """The one recovery point of a VM, which is in both tiers; a second group to restore to."""
    for group in (GROUP_ID, RESTORED):
        put_group(arm, group)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    put_storage(arm)
    protect(arm)
    back_up(arm)
    advance(arm, until="idle")
    (found,) = az(f"backup recoverypoint list {ITEM} --query [].name")
    return str(found)


def finished(az: Az, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for a restore and return what its job tells."""
    assert job["properties"]["operation"] == "Restore"
    az(f"backup job wait {VAULT} -n {job['name']}")
    shown: dict[str, Any] = az(f"backup job show {VAULT} -n {job['name']}")["properties"]
    assert shown["status"] == "Completed"
    info: dict[str, Any] = shown["extendedInfo"]
    return info


def test_disks_are_restored_into_another_group_with_their_template(
    az: Az, arm: httpx.Client, point: str
) -> None:
    info = finished(az, az(f"{RESTORE} -r {point} --storage-account staging -t restored"))
    bag = info["propertyBag"]
    assert bag["Target Storage Account Name"] == "staging"
    blob = f"{bag['Config Blob Container Name']}/{bag['Config Blob Name']}"
    assert bag["Config Blob Uri"].endswith(f"/_blob/staging/{blob}")
    for url in (bag["Config Blob Uri"], bag["Template Blob Uri"]):
        assert az("storage blob exists --auth-mode login --blob-url", url) == {"exists": True}
    assert len(az("disk list -g restored")) == 2


def test_chosen_disks_are_restored(az: Az, arm: httpx.Client, point: str) -> None:
    into = f"{RESTORE} -r {point} --storage-account staging -t restored"
    finished(az, az(f"{into} --restore-only-osdisk true"))
    assert [disk["properties"]["osType"] for disk in listed(arm, DISKS)] == ["Linux"]
    finished(az, az(f"{into} --diskslist 0"))
    kinds = [disk["properties"].get("osType") for disk in listed(arm, DISKS)]
    assert sorted(kinds, key=str) == ["Linux", "Linux", None]
    said = az.refused(f"{into} --diskslist 7")
    assert "restoreDiskLunList" in said


def test_what_is_backed_up_of_attached_disks_can_be_restored(
    az: Az, arm: httpx.Client, point: str
) -> None:
    attach = "vm disk attach -g group-1 --vm-name vm-1 --new --size-gb 8 --sku Standard_LRS"
    for lun in (1, 2):
        az(f"{attach} --lun {lun} --name extra-{lun}")
    update = f"backup protection update-for-vm {VAULT} -c vm-1 -i vm-1"
    az(f"{update} --disk-list-setting include --diskslist 1 2")
    job = az(f"backup protection backup-now {ITEM}")
    az(f"backup job wait {VAULT} -n {job['name']}")
    newest = az(f"backup recoverypoint list {ITEM} --query [0].name")
    into = f"{RESTORE} --storage-account staging -t restored -r"
    said = az.refused(f"{into} {newest} --diskslist 0")
    assert "restoreDiskLunList" in said
    finished(az, az(f"{into} {newest}"))
    assert len(listed(arm, DISKS)) == 3
    assert {disk["properties"]["diskSizeGB"] for disk in listed(arm, DISKS)} == {8, 30}
    finished(az, az(f"{into} {point}"))
    assert len(listed(arm, DISKS)) == 5


def test_disks_go_to_a_storage_account_of_another_group(
    az: Az, arm: httpx.Client, point: str
) -> None:
    account = f"{RESTORED}/providers/Microsoft.Storage/storageAccounts/elsewhere"
    put_storage(arm, account)
    by_name = "--storage-account elsewhere --storage-account-resource-group restored"
    info = finished(az, az(f"{RESTORE} -r {point} {by_name} --restore-as-unmanaged-disks true"))
    assert info["propertyBag"]["Target Storage Account Name"] == "elsewhere"
    info = finished(az, az(f"{RESTORE} -r {point} -t restored --storage-account", account))
    assert info["propertyBag"]["Target Storage Account Name"] == "elsewhere"
    said = az.refused(f"{RESTORE} -r {point} -t restored --storage-account missing")
    assert "missing" in said


def test_what_az_or_the_service_refuses_of_a_restore(az: Az, point: str) -> None:
    to_staging = f"{RESTORE} -r {point} --storage-account staging"
    said = az.refused(f"{to_staging} -t restored --restore-to-staging-storage-account false")
    assert "doesn't have the capability to restore disks to their original storage" in said
    said = az.refused(f"{to_staging} -t nowhere")
    assert "nowhere" in said
    said = az.refused(f"{RESTORE} -r 1 --storage-account staging -t restored")
    assert "BMSUserErrorRecoveryPointNotFound" in said
    said = az.refused(f"{to_staging} -t restored --target-zone 1")
    assert "zone" in said.lower()
    said = az.refused(f"{to_staging} -t restored --restore-as-unmanaged-disks true")
    assert "Both restore_as_unmanaged_disks and target_resource_group" in said
    said = az.refused(f"{to_staging} -t restored --target-vm-name vm-9")
    assert "not specified completely" in said


def test_a_new_vm_is_built_in_a_network_that_az_finds(az: Az, point: str) -> None:
    az("network vnet create -g restored -n net-1 --subnet-name default -l westeurope")
    into = f"{RESTORE} -r {point} --storage-account staging -t restored --target-vm-name vm-9"
    into = f"{into} --target-vnet-name net-1 --target-vnet-resource-group restored"
    info = finished(az, az(f"{into} --target-subnet-name default"))
    assert info["propertyBag"]["Job Type"] == "Recover VM to an alternate location"
    assert info["propertyBag"]["Target VM Name"] == "vm-9"
    assert info["internalPropertyBag"]["restoreLocationType"] == "AlternateLocation"
    assert az("vm show -g restored -n vm-9")["provisioningState"] == "Succeeded"
    said = az.refused(f"{into} --target-subnet-name other")
    assert "--target-subnet-name provided does not exist" in said


def test_the_same_vm_gets_its_disks_of_then(az: Az, arm: httpx.Client, point: str) -> None:
    before = done(arm.get(vm_id())).json()["properties"]["storageProfile"]
    done(arm.post(f"{vm_id()}/deallocate"))
    replace = f"{RESTORE} -r {point} --storage-account staging --restore-mode OriginalLocation"
    info = finished(az, az(replace))
    assert info["internalPropertyBag"]["restoreLocationType"] == "OriginalLocation"
    after = done(arm.get(vm_id())).json()["properties"]["storageProfile"]
    assert before["osDisk"]["managedDisk"]["id"] != after["osDisk"]["managedDisk"]["id"]


def test_two_vms_of_one_name_need_native_names(az: Az, arm: httpx.Client, point: str) -> None:
    twin = vm_id().replace("group-1", "restored")
    done(arm.put(twin, json=done(arm.get(vm_id())).json() | {"properties": TWIN}))
    az("backup protection enable-for-vm", *VAULT.split(), "--vm", twin, "-p", "daily")
    said = az.refused(f"{RESTORE} -r {point} --storage-account staging -t restored")
    assert "Please provide native names instead" in said
    container = "IaasVMContainer;iaasvmcontainerv2;group-1;vm-1"
    named = f"backup restore restore-disks {VAULT} -r {point} --storage-account staging -t restored"
    finished(az, az(named, "-c", container, "-i", "VM;iaasvmcontainerv2;group-1;vm-1"))


TWIN = {
    "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
    "storageProfile": {
        "osDisk": {"createOption": "FromImage", "diskSizeGB": 30, "osType": "Linux"},
    },
}
