"""Microsoft's SDKs for Python, unmodified, over HTTPS: resource groups, VMs and disks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from app.server import RunningServer

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
FAR_AWAY = 4_102_444_800


class AnyToken:
    """A credential: tokens are opaque to the emulator."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("token", FAR_AWAY)

    def get_token_info(self, *_scopes: str, **_options: Any) -> AccessTokenInfo:
        return AccessTokenInfo("token", FAR_AWAY)

    def close(self) -> None:
        """There is nothing to close."""


def options(server: RunningServer) -> dict[str, Any]:
    return {
        "base_url": server.https_url,
        "credential_scopes": [f"{server.https_url}/.default"],
        "connection_verify": str(server.ca_file),
    }


@pytest.fixture
def resources(world: RunningServer) -> Iterator[ResourceManagementClient]:
    """A client of resource groups, and one group to work in."""
    with ResourceManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        client.resource_groups.create_or_update("group-1", {"location": "westeurope"})
        yield client


@pytest.fixture
def compute(resources: ResourceManagementClient, world: RunningServer) -> Iterator[Any]:
    """A client of VMs and disks; its methods are too loosely typed for mypy to follow."""
    with ComputeManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def vm_body(**storage: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "tags": {"env": "test"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
            "storageProfile": {
                "imageReference": {
                    "publisher": "Canonical",
                    "offer": "0001-com-ubuntu-server-jammy",
                    "sku": "22_04-lts-gen2",
                    "version": "latest",
                },
                "osDisk": {"createOption": "FromImage"},
                "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 64}],
                **storage,
            },
            "osProfile": {
                "computerName": "vm-1",
                "adminUsername": "azureuser",
                "adminPassword": "Pa55-word!",
            },
        },
    }


def create_vm(compute: Any, name: str = "vm-1", **storage: Any) -> Any:
    poller = compute.virtual_machines.begin_create_or_update("group-1", name, vm_body(**storage))
    return poller.result()


def test_a_group_lives_and_dies_through_the_sdk(resources: ResourceManagementClient) -> None:
    groups = resources.resource_groups
    created = groups.create_or_update("group-2", {"location": "westeurope", "tags": {"a": "1"}})
    assert created.id == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group-2"
    assert groups.check_existence("group-2") is True
    assert groups.update("group-2", {"tags": {"b": "2"}}).tags == {"b": "2"}
    assert sorted(str(each.name) for each in groups.list()) == ["group-1", "group-2"]
    groups.begin_delete("group-2").result()
    assert groups.check_existence("group-2") is False
    with pytest.raises(ResourceNotFoundError):
        groups.get("group-2")


def test_the_sdk_follows_pages_to_their_end(resources: ResourceManagementClient) -> None:
    for number in range(201):
        resources.resource_groups.create_or_update(f"page-{number}", {"location": "westeurope"})
    assert len(list(resources.resource_groups.list())) == 202


def test_subscriptions_regions_and_providers_are_read_by_the_sdk(
    resources: ResourceManagementClient, world: RunningServer
) -> None:
    with SubscriptionClient(AnyToken(), **options(world)) as client:
        assert [each.subscription_id for each in client.subscriptions.list()] == [SUBSCRIPTION]
        assert client.subscriptions.get(SUBSCRIPTION).state == "Enabled"
        regions = {
            str(each.name): each for each in client.subscriptions.list_locations(SUBSCRIPTION)
        }
        assert len(list(client.tenants.list())) == 1
    west = regions["westeurope"].metadata
    assert west is not None
    assert west.paired_region is not None
    assert west.paired_region[0].name == "northeurope"
    provider = resources.providers.register("Microsoft.Compute")
    assert provider.registration_state == "Registered"


def test_a_vm_is_created_read_and_listed_by_the_sdk(
    compute: Any, resources: ResourceManagementClient
) -> None:
    created = create_vm(compute)
    assert created.provisioning_state == "Succeeded"
    assert created.storage_profile.os_disk.os_type == "Linux"
    assert created.os_profile.admin_password is None
    assert created.time_created.isoformat() == "2026-01-01T00:00:00+00:00"
    assert compute.virtual_machines.get("group-1", "vm-1").id == created.id
    assert [each.name for each in compute.virtual_machines.list("group-1")] == ["vm-1"]
    assert [each.name for each in compute.virtual_machines.list_all()] == ["vm-1"]
    types = [each.type for each in resources.resources.list_by_resource_group("group-1")]
    assert sorted(str(each) for each in types) == [
        "Microsoft.Compute/disks",
        "Microsoft.Compute/disks",
        "Microsoft.Compute/virtualMachines",
    ]


def test_the_sdk_switches_a_vm_off_and_on(compute: Any) -> None:
    create_vm(compute)
    machines = compute.virtual_machines

    def power() -> str:
        return str(machines.instance_view("group-1", "vm-1").statuses[1].code)

    assert power() == "PowerState/running"
    machines.begin_power_off("group-1", "vm-1").result()
    assert power() == "PowerState/stopped"
    machines.begin_deallocate("group-1", "vm-1").result()
    assert power() == "PowerState/deallocated"
    machines.begin_start("group-1", "vm-1").result()
    machines.begin_restart("group-1", "vm-1").result()
    shown = machines.get("group-1", "vm-1", expand="instanceView")
    assert shown.instance_view.statuses[1].code == "PowerState/running"


def test_the_sdk_updates_a_vm_with_what_it_read(compute: Any) -> None:
    read = create_vm(compute)
    read.tags = {"env": "prod"}
    read.storage_profile.data_disks = []
    written = compute.virtual_machines.begin_create_or_update("group-1", "vm-1", read).result()
    assert written.tags == {"env": "prod"}
    assert not written.storage_profile.data_disks
    patched = compute.virtual_machines.begin_update("group-1", "vm-1", {"tags": {}}).result()
    assert not patched.tags
    assert patched.vm_id == read.vm_id


def test_disks_are_created_attached_and_deleted_by_the_sdk(compute: Any) -> None:
    made = compute.disks.begin_create_or_update(
        "group-1",
        "disk-1",
        {
            "location": "westeurope",
            "sku": {"name": "Premium_LRS"},
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8},
        },
    ).result()
    assert made.disk_state == "Unattached"
    entry = {"lun": 4, "createOption": "Attach", "managedDisk": {"id": made.id}}
    machine = create_vm(compute, dataDisks=[entry])
    assert compute.disks.get("group-1", "disk-1").managed_by == machine.id
    assert len(list(compute.disks.list())) == 2
    with pytest.raises(ResourceExistsError, match="attached to VM"):
        compute.disks.begin_delete("group-1", "disk-1").result()
    compute.virtual_machines.begin_delete("group-1", "vm-1").result()
    compute.disks.begin_delete("group-1", "disk-1").result()
    compute.disks.begin_delete("group-1", "disk-1").result()
    grown = compute.disks.begin_update(
        "group-1", next(iter(compute.disks.list_by_resource_group("group-1"))).name, {}
    ).result()
    assert grown.disk_size_gb == 30


def test_the_sdk_shows_the_fingerprint_of_a_disk(compute: Any) -> None:
    machine = create_vm(compute)
    name = machine.storage_profile.os_disk.name
    properties = compute.disks.get("group-1", name).as_dict()["properties"]
    assert len(properties["contentFingerprint"]) == 32


def test_the_sdk_understands_a_refusal(compute: Any) -> None:
    entries = [{"lun": 1, "createOption": "Empty", "diskSizeGB": 8}] * 2
    with pytest.raises(HttpResponseError) as refused:
        create_vm(compute, dataDisks=entries)
    assert refused.value.error is not None
    assert refused.value.error.code == "InvalidParameter"
    assert refused.value.error.target == "dataDisk.lun"
    with pytest.raises(ResourceNotFoundError) as missing:
        compute.virtual_machines.get("group-1", "vm-1")
    assert missing.value.error is not None
    assert missing.value.error.code == "ResourceNotFound"


def test_computes_client_guards_a_vm_with_its_etag(
    compute: Any,
) -> None:
    compute.virtual_machines.begin_create_or_update("group-1", "vm-1", vm_body()).result()
    machine = compute.virtual_machines.get("group-1", "vm-1")
    machine.tags = {"seen": "first"}
    guard = {"etag": machine.etag, "match_condition": MatchConditions.IfNotModified}
    compute.virtual_machines.begin_create_or_update("group-1", "vm-1", machine, **guard).result()
    with pytest.raises(ResourceModifiedError):
        compute.virtual_machines.begin_create_or_update("group-1", "vm-1", machine, **guard)
