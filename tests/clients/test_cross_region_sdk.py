"""Microsoft's client of the secondary region drives a disaster drill, and reads what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.recoveryservicesbackup.passivestamp import RecoveryServicesBackupPassiveClient
from azure.mgmt.recoveryservicesbackup.passivestamp.models import (
    BackupResourceConfigResource,
    CrossRegionRestoreRequest,
    CrrJobRequest,
    IaasVMRestoreRequest,
)
from azure.mgmt.resource.resources import ResourceManagementClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, create_vm, options
from tests.clients.test_restore_sdk import GROUP, ITEM, OTHERS, VAULT, protect
from tests.conftest import Advance

REGION = "northeurope"
STAGING = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/farstaging"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/far-net"
COPY = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/copy-1"
NETWORKS = {key: body for key, body in OTHERS.items() if "virtualNetworks" in key}
FAR: dict[str, dict[str, Any]] = {
    STAGING: {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
    NETWORK: next(iter(NETWORKS.values())),
}


@pytest.fixture
def compute(world: RunningServer) -> Iterator[Any]:
    """A client of VMs and disks, in a world with a VM and a vault, and a network far away."""
    places = [(VAULT, OTHERS[VAULT], "westeurope"), *((key, FAR[key], REGION) for key in FAR)]
    with ResourceManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as arm:
        arm.resource_groups.create_or_update("group-1", {"location": "westeurope"})
        for resource_id, body, location in places:
            arm.resources.begin_create_or_update_by_id(
                resource_id, api_version="2025-01-01", parameters={"location": location} | body
            ).result()
    with ComputeManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        create_vm(client)
        yield client


@pytest.fixture
def passive(compute: Any, world: RunningServer) -> Iterator[Any]:
    """A client of the secondary region, of a vault that has opted in."""
    with RecoveryServicesBackupPassiveClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        passive: Any = client
        passive.backup_resource_storage_configs.update(
            "vault-1", "group-1", config(storageModelType="GeoRedundant")
        )
        passive.backup_resource_storage_configs.patch(
            "vault-1", "group-1", config(crossRegionRestoreFlag=True)
        )
        yield passive


def config(**properties: Any) -> Any:
    return BackupResourceConfigResource.from_dict({"properties": properties})


def back_up(world: RunningServer) -> None:
    from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient

    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        backup: Any = client
        protect(backup)
        backup.backups.trigger(*ITEM, {"properties": {"objectType": "IaasVMBackupRequest"}})
        newest = next(iter(backup.backup_jobs.list("vault-1", "group-1")))
        backup.job_details.get("vault-1", "group-1", newest.name)


def points(passive: Any) -> list[Any]:
    return list(passive.recovery_points_crr.list(*ITEM))


def token(passive: Any, point: Any) -> Any:
    aad = passive.aad_properties.get(REGION, filter="backupManagementType eq 'AzureIaasVM'")
    leave = passive.recovery_points.get_access_token(*ITEM, point.name, aad).properties
    # The SDK loses the word of its base class, which az gives back in the same way.
    leave.object_type = "CrrAccessToken"
    return leave


def restore(passive: Any, point: Any, kind: str, **targets: Any) -> Any:
    """Restore a point in the secondary region and return its job, at its end."""
    request = IaasVMRestoreRequest(
        recovery_point_id=point.name,
        recovery_type=kind,
        region=REGION,
        source_resource_id=f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm-1",
        storage_account_id=STAGING,
        target_resource_group_id=GROUP,
        **targets,
    )
    sent = CrossRegionRestoreRequest(
        cross_region_restore_access_details=token(passive, point), restore_request=request
    )
    begun = passive.cross_region_restore.begin_trigger(REGION, sent, cls=headers)
    operation = begun.polling_method()._initial_response.http_response.headers[
        "Azure-AsyncOperation"
    ]
    begun.wait()
    name = operation.partition("?")[0].rpartition("/")[2]
    status = passive.crr_operation_status.get(REGION, name)
    assert (status.status, status.id.rpartition("/")[2]) == ("Succeeded", name)
    assert status.end_time > status.start_time
    passive.crr_operation_results.get(REGION, name)
    wanted = CrrJobRequest(resource_id=VAULT, job_name=status.properties.job_id)
    return passive.backup_crr_job_details.get(REGION, wanted)


def headers(pipeline_response: Any, _body: Any, _headers: Any) -> Any:
    return pipeline_response


def contents(compute: Any, **where: Any) -> set[str]:
    found = [disk for disk in compute.disks.list() if disk.location == REGION]
    return {disk.properties["contentFingerprint"] for disk in found}


def test_a_drill_restores_disks_and_a_vm_in_the_paired_region(
    compute: Any, passive: Any, world: RunningServer, advance: Advance
) -> None:
    shown = passive.backup_resource_storage_configs.get("vault-1", "group-1").properties
    assert (shown.storage_type, shown.cross_region_restore_flag) == ("GeoRedundant", True)
    back_up(world)
    assert points(passive) == []
    assert list(passive.backup_protected_items_crr.list("vault-1", "group-1")) == []
    advance("PT48H")

    filtered = "backupManagementType eq 'AzureIaasVM' and itemType eq 'VM'"
    (item,) = passive.backup_protected_items_crr.list("vault-1", "group-1", filter=filtered)
    assert (item.properties.friendly_name, item.properties.workload_type) == ("vm-1", "VM")
    usages = passive.backup_usage_summaries_crr.list(
        "vault-1", "group-1", filter="type eq 'BackupProtectedItemCountSummary'"
    )
    assert {each.name.value: each.current_value for each in usages}["AzureIaasVM"] == 1
    oldest = points(passive)[-1]
    (tier,) = oldest.properties.recovery_point_tier_details
    assert (tier.type, tier.status) == ("HardenedRP", "Valid")
    same = passive.recovery_points_crr.get(*ITEM, oldest.name)
    assert same.properties.recovery_point_time == oldest.properties.recovery_point_time
    leave = token(passive, oldest)
    assert (leave.datasource_name, leave.recovery_point_id) == ("vm-1", oldest.name)
    assert leave.rp_tier_information["HardenedRP"] == "Valid"
    assert leave.b_ms_active_region == "WestEurope"

    job = restore(passive, oldest, "RestoreDisks")
    assert (job.properties.operation, job.properties.status) == ("CrossRegionRestore", "Completed")
    assert f"/locations/{REGION}/backupJobs/" in job.id
    backed_up = same.properties.recovery_point_disk_configuration.included_disk_list
    content = {disk.additional_properties["contentFingerprint"] for disk in backed_up}
    assert contents(compute) == content
    vm = restore(
        passive,
        oldest,
        "AlternateLocation",
        target_virtual_machine_id=COPY,
        virtual_network_id=NETWORK,
        subnet_id=f"{NETWORK}/subnets/default",
    )
    assert vm.properties.status == "Completed"
    copy = compute.virtual_machines.get("group-1", "copy-1")
    assert copy.location == REGION
    listed = passive.backup_crr_jobs.list(
        REGION, CrrJobRequest(resource_id=VAULT), filter="operation eq 'CrossRegionRestore'"
    )
    assert {each.name for each in listed} == {job.name, vm.name}
    assert points(passive), "what was restored is there as before"


def test_the_sdk_is_told_what_cannot_be_restored_there(
    passive: Any, world: RunningServer, advance: Advance
) -> None:
    back_up(world)
    advance("PT48H")
    (oldest,) = points(passive)[-1:]
    for kind in ("OriginalLocation", "Offline"):
        with pytest.raises(HttpResponseError, match="recoveryType"):
            restore(passive, oldest, kind)
    with pytest.raises(HttpResponseError, match="not the secondary region"):
        passive.backup_crr_jobs.list("westus", CrrJobRequest(resource_id=VAULT)).next()
    assert list(passive.backup_crr_jobs.list(REGION, CrrJobRequest(resource_id=VAULT))) == []
