"""Microsoft's SDKs drive every kind of restore, and read what came of it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from azure.mgmt.recoveryservicesbackup.models import (
    DiskExclusionProperties,
    ExtendedProperties,
    IaasVMILRRegistrationRequest,
    IaasVMRestoreRequest,
    InstantItemRecoveryOperationResultRequest,
)
from azure.mgmt.resource.resources import ResourceManagementClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, create_vm, options

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group-1"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault-1"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/staging"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net-1"
COPY = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/copy-1"
ITEM = (
    "vault-1",
    "group-1",
    "Azure",
    "IaasVMContainer;iaasvmcontainerv2;group-1;vm-1",
    "VM;iaasvmcontainerv2;group-1;vm-1",
)
OTHERS: dict[str, dict[str, Any]] = {
    STORAGE: {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
    NETWORK: {
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}],
        }
    },
    VAULT: {"sku": {"name": "Standard"}, "properties": {}},
}


@pytest.fixture
def compute(world: RunningServer) -> Iterator[Any]:
    """A client of VMs and disks in a world with a VM, a vault, a network and an account."""
    with ResourceManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as arm:
        arm.resource_groups.create_or_update("group-1", {"location": "westeurope"})
        for resource_id, body in OTHERS.items():
            arm.resources.begin_create_or_update_by_id(
                resource_id, api_version="2025-01-01", parameters={"location": "westeurope"} | body
            ).result()
    with ComputeManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        create_vm(client)
        yield client


@pytest.fixture
def backup(compute: Any, world: RunningServer) -> Iterator[Any]:
    """A client of a vault whose VM is protected and has one recovery point."""
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        backup: Any = client
        protect(backup)
        backup.backups.trigger(*ITEM, {"properties": {"objectType": "IaasVMBackupRequest"}})
        finished(backup)
        yield backup


def protect(backup: Any, **properties: Any) -> None:
    sent = {
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "sourceResourceId": f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm-1",
        "policyId": f"{VAULT}/backupPolicies/DefaultPolicy",
    }
    body = {"properties": sent | properties}
    backup.protected_items.begin_create_or_update(*ITEM, body).result()


def finished(backup: Any) -> Any:
    """Return the newest job, at its end: each look at a running job moves the clock."""
    newest = next(iter(backup.backup_jobs.list("vault-1", "group-1")))
    return backup.job_details.get("vault-1", "group-1", newest.name).properties


def point(backup: Any) -> Any:
    return next(iter(backup.recovery_points.list(*ITEM)))


def restore(backup: Any, kind: str, **targets: Any) -> Any:
    """Restore the newest point and return the job, at its end."""
    request = IaasVMRestoreRequest(
        recovery_type=kind, region="westeurope", storage_account_id=STORAGE, **targets
    )
    body = {"properties": request}
    backup.restores.begin_trigger(*ITEM, point(backup).name, body).result()
    found = finished(backup)
    assert (found.operation, found.status) == ("Restore", "Completed")
    return found


def backed_up(backup: Any) -> set[str]:
    disks = point(backup).properties.recovery_point_disk_configuration.included_disk_list
    return {disk["contentFingerprint"] for disk in disks}


def contents(compute: Any, vm: str) -> set[str]:
    storage = compute.virtual_machines.get("group-1", vm).storage_profile
    names = [each.name for each in (storage.os_disk, *storage.data_disks)]
    return {compute.disks.get("group-1", name).properties["contentFingerprint"] for name in names}


def test_a_new_vm_is_restored_and_read_by_the_sdk(compute: Any, backup: Any) -> None:
    job = restore(
        backup,
        "AlternateLocation",
        target_resource_group_id=GROUP,
        target_virtual_machine_id=COPY,
        virtual_network_id=NETWORK,
        subnet_id=f"{NETWORK}/subnets/default",
    )
    assert job.extended_info.property_bag["Target VM Name"] == "copy-1"
    assert job.extended_info.internal_property_bag == {"restoreLocationType": "AlternateLocation"}
    assert [task.status for task in job.extended_info.tasks_list] == ["Completed"] * 2
    vm = compute.virtual_machines.get("group-1", "copy-1", expand="instanceView")
    assert vm.instance_view.statuses[1].code == "PowerState/running"
    assert contents(compute, "copy-1") == backed_up(backup)


def test_the_disks_of_a_vm_are_replaced_by_the_sdk(compute: Any, backup: Any) -> None:
    before = {disk.name for disk in compute.disks.list()}
    with pytest.raises(HttpResponseError, match="UserErrorVmNotShutDown"):
        restore(backup, "OriginalLocation")
    compute.virtual_machines.begin_deallocate("group-1", "vm-1").result()
    restore(backup, "OriginalLocation")
    assert contents(compute, "vm-1") == backed_up(backup)
    after = {disk.name: disk for disk in compute.disks.list()}
    assert {after[name].disk_state for name in before} == {"Unattached"}
    assert len(after) == 4


def test_disks_are_restored_as_blobs_by_the_sdk(backup: Any, world: RunningServer) -> None:
    job = restore(backup, "RestoreDisks")
    bag = job.extended_info.property_bag
    trust = ssl.create_default_context(cafile=str(world.ca_file))
    with httpx.Client(verify=trust) as reader:
        template = reader.get(bag["Template Blob Uri"]).raise_for_status().json()
        storage = template["resources"][1]["properties"]["storageProfile"]
        found = {
            reader.head(disk["vhd"]["uri"]).headers["x-ms-meta-contentfingerprint"]
            for disk in (storage["osDisk"], *storage["dataDisks"])
        }
    assert found == backed_up(backup)


def test_some_disks_are_restored_by_the_sdk(compute: Any, backup: Any) -> None:
    job = restore(backup, "RestoreDisks", target_resource_group_id=GROUP, restore_disk_lun_list=[])
    assert job.extended_info.property_bag["Restored disk(s)"].startswith("vm-1_")
    restored = [disk for disk in compute.disks.list() if disk.disk_state == "Unattached"]
    assert [disk.os_type for disk in restored] == ["Linux"]


def test_disks_are_excluded_from_a_backup_by_the_sdk(backup: Any) -> None:
    exclusion = DiskExclusionProperties(disk_lun_list=[0], is_inclusion_list=False)
    extended = ExtendedProperties(disk_exclusion_properties=exclusion)
    protect(backup, extendedProperties=extended.as_dict())
    shown = backup.protected_items.get(*ITEM).properties["extendedProperties"]
    assert shown["diskExclusionProperties"] == {"diskLunList": [0], "isInclusionList": False}
    backup.backups.trigger(*ITEM, {"properties": {"objectType": "IaasVMBackupRequest"}})
    finished(backup)
    disks = point(backup).properties.recovery_point_disk_configuration
    assert (disks.number_of_disks_included_in_backup, disks.number_of_disks_attached_to_vm) == (
        1,
        2,
    )
    assert [disk.lun for disk in disks.excluded_disk_list] == [0]


def test_the_sdk_is_told_of_an_account_that_is_not_there(backup: Any) -> None:
    missing = STORAGE.replace("staging", "nowhere")
    request = IaasVMRestoreRequest(recovery_type="RestoreDisks", storage_account_id=missing)
    name = point(backup).name
    with pytest.raises(ResourceNotFoundError, match="storageAccounts/nowhere"):
        backup.restores.begin_trigger(*ITEM, name, {"properties": request})


def test_files_are_recovered_by_the_sdk(backup: Any) -> None:
    connections = backup.item_level_recovery_connections
    name = point(backup).name
    request = IaasVMILRRegistrationRequest(recovery_point_id=name)
    answer = connections.provision(*ITEM, name, {"properties": request}, cls=response)
    operation = answer.headers["Azure-AsyncOperation"].partition("?")[0].rpartition("/")[2]
    status = backup.backup_operation_statuses.get("vault-1", "group-1", operation)
    assert status.status == "Succeeded"
    (script,) = status.properties.recovery_target.client_scripts
    assert (script.os_type, script.script_extension, script.url) == ("Linux", ".py", None)
    vault, group, *rest = ITEM
    target = connections.list_instant_item_recovery_operation_result(
        group,
        vault,
        *rest,
        name,
        InstantItemRecoveryOperationResultRequest(
            provision_instant_item_recovery_operation_id=operation
        ),
    )
    assert target == status.properties.recovery_target
    assert point(backup).properties.is_instant_ilr_session_active
    connections.revoke(*ITEM, name)
    assert not point(backup).properties.is_instant_ilr_session_active


def response(pipeline_response: Any, _body: Any, _headers: Any) -> Any:
    return pipeline_response.http_response


def test_what_is_recommended_for_the_archive_is_listed_by_the_sdk(backup: Any) -> None:
    recommended = backup.recovery_points_recommended_for_move
    assert list(recommended.list(*ITEM, {"excludedRPList": []})) == []
    (info,) = point(backup).properties.recovery_point_move_readiness_info.values()
    assert not info.is_ready_for_move
    assert "monthly and yearly" in info.additional_info
