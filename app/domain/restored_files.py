"""What a restore of disks leaves in the storage account besides disks: two JSON files.

The configuration of the VM (Microsoft's scripts read it as UTF-16 and by keys with dots in
them), and a template that builds a VM from the restored disks.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

ENDPOINT = "{blob endpoint}"
"""Stands in a stored text for the URL of the account's blobs, which only a request knows."""
CONFIG_ENCODING = "utf-16-le"
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_NIC = "[concat(parameters('VirtualMachineName'), '-nic')]"


@dataclass(frozen=True, slots=True)
class RestoredDisk:
    """A disk that was brought back: as a managed disk with an ``id``, or as the blob ``vhd``."""

    lun: int
    name: str
    gigabytes: int
    id: str | None = None
    vhd: str | None = None


@dataclass(frozen=True, slots=True)
class RestoredVm:
    """The VM of a recovery point."""

    id: str
    name: str
    location: str
    size: str
    os: str
    tags: dict[str, str]
    zones: list[str] = field(default_factory=list)


def short_name(vm: str) -> str:
    """Return a VM's name as blobs and containers carry it: letters and digits, in lower case."""
    return re.sub("[^a-z0-9]", "", vm.lower())[:30] or "vm"


def container_name(vm: str, hex_digits: str) -> str:
    """Return the name of the container that one restore writes to (as recorded)."""
    return f"{short_name(vm)}-{hex_digits}"


def config_name(vm: str, job: str) -> str:
    """Return the name of the configuration's blob (as recorded); ``job`` is a GUID."""
    return f"config-{short_name(vm)}-{job}.json"


def template_name(job: str) -> str:
    """Return the name of the template's blob (as recorded); ``job`` is a GUID."""
    return f"azuredeploy{job}.json"


def config(vm: RestoredVm, disks: list[RestoredDisk]) -> str:
    """Return the configuration of a VM, with its disks where they are now."""
    os_disk, *data_disks = [_disk(vm, disk) for disk in disks]
    return json.dumps(
        {
            "id": vm.id,
            "name": vm.name,
            "type": "Microsoft.Compute/virtualMachines",
            "location": vm.location,
            "tags": vm.tags,
            "properties.hardwareProfile": {"vmSize": vm.size},
            "properties.storageProfile": {"osDisk": os_disk, "dataDisks": data_disks},
        },
        indent=2,
    )


def template(vm: RestoredVm, disks: list[RestoredDisk]) -> str:
    """Return an ARM template that builds a VM from restored disks."""
    os_disk, *data_disks = [_disk(vm, disk) for disk in disks]
    machine = {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": "2024-07-01",
        "name": "[parameters('VirtualMachineName')]",
        "location": vm.location,
        "tags": vm.tags,
        "dependsOn": [f"[resourceId('Microsoft.Network/networkInterfaces', {_NIC[1:-1]})]"],
        "properties": {
            "hardwareProfile": {"vmSize": vm.size},
            "storageProfile": {"osDisk": os_disk, "dataDisks": data_disks},
            "networkProfile": {
                "networkInterfaces": [
                    {"id": f"[resourceId('Microsoft.Network/networkInterfaces', {_NIC[1:-1]})]"}
                ]
            },
        },
    }
    if vm.zones:
        machine["zones"] = vm.zones
    names = {
        "VirtualMachineName": None,
        "VirtualNetwork": None,
        "VirtualNetworkResourceGroup": "[resourceGroup().name]",
        "Subnet": None,
    }
    return json.dumps(
        {
            "$schema": _SCHEMA,
            "contentVersion": "1.0.0.0",
            "parameters": {
                name: {"type": "string"} | ({"defaultValue": default} if default else {})
                for name, default in names.items()
            },
            "resources": [_interface(vm), machine],
        },
        indent=2,
    )


def _disk(vm: RestoredVm, disk: RestoredDisk) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": disk.name,
        "createOption": "Attach",
        "diskSizeGB": disk.gigabytes,
        "caching": "ReadWrite" if disk.lun < 0 else "None",
    }
    entry |= {"osType": vm.os} if disk.lun < 0 else {"lun": disk.lun}
    if disk.id is not None:
        return entry | {"managedDisk": {"id": disk.id}}
    return entry | {"vhd": {"uri": f"{ENDPOINT}{disk.vhd}"}}


def _interface(vm: RestoredVm) -> dict[str, Any]:
    subnet = (
        "[resourceId(parameters('VirtualNetworkResourceGroup'), "
        "'Microsoft.Network/virtualNetworks/subnets', parameters('VirtualNetwork'), "
        "parameters('Subnet'))]"
    )
    configuration = {
        "name": "ipconfig1",
        "properties": {"privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet}},
    }
    return {
        "type": "Microsoft.Network/networkInterfaces",
        "apiVersion": "2024-05-01",
        "name": _NIC,
        "location": vm.location,
        "properties": {"ipConfigurations": [configuration]},
    }
