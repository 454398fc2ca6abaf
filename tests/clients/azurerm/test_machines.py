"""A VM and what it stands on, as azurerm sends and reads them (terraform-wire 3.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.azurerm.provider import Azurerm, State
from tests.wire.builders import GROUP_ID

NETWORK = f"{GROUP_ID}/providers/Microsoft.Network"
VNET = f"{NETWORK}/virtualNetworks/vnet"
SUBNET = f"{VNET}/subnets/acctest_subnet"
ADDRESS = f"{NETWORK}/publicIPAddresses/acctest-ip"
NIC = f"{NETWORK}/networkInterfaces/acctest_nic"
COMPUTE = f"{GROUP_ID}/providers/Microsoft.Compute"
DISK = f"{COMPUTE}/disks/acctest-datadisk"
OS_DISK = f"{COMPUTE}/disks/acctest-osdisk"
NEW_DISK = f"{COMPUTE}/disks/acctest-another-datadisk"
VM = f"{COMPUTE}/virtualMachines/acctestvm"
USERS = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
NETWORKS, DISKS, VMS = "2025-01-01", "2023-04-02", "2024-03-01"
REGION = {"location": "westeurope"}


def put(azurerm: Azurerm, path: str, version: str, properties: State, **more: Any) -> State:
    """Create as every resource beside the vault is: look, PUT, wait, read."""
    azurerm.check_absent(path, version)
    body = REGION | {"properties": properties} | more
    azurerm.until_done(azurerm.send("PUT", path, version, 200, 201, 202, body=body))
    return azurerm.found(path, version)


def put_network(azurerm: Azurerm) -> None:
    policies = {"privateEndpointVNetPolicies": "Disabled"}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    vnet = put(azurerm, VNET, NETWORKS, space | policies | {"subnets": []})["properties"]
    assert vnet["provisioningState"] == "Succeeded"
    assert vnet["resourceGuid"]
    assert vnet["privateEndpointVNetPolicies"] == "Disabled"
    subnet = put(azurerm, SUBNET, NETWORKS, {"addressPrefixes": ["10.0.10.0/24"]})["properties"]
    assert subnet["provisioningState"] == "Succeeded"
    sku = {"name": "Standard", "tier": "Regional"}
    settings = {"publicIPAllocationMethod": "Static", "dnsSettings": {"domainNameLabel": "acct"}}
    address = put(azurerm, ADDRESS, NETWORKS, settings, sku=sku)["properties"]
    assert address["ipAddress"]
    assert address["dnsSettings"]["fqdn"].startswith("acct.")
    configuration = {
        "name": "acctestipconfig",
        "properties": {
            "subnet": {"id": SUBNET},
            "privateIPAllocationMethod": "Dynamic",
            "publicIPAddress": {"id": ADDRESS},
            "primary": True,
        },
    }
    put(azurerm, NIC, NETWORKS, {"ipConfigurations": [configuration]})
    shown = azurerm.found(NIC, "2023-09-01")["properties"]["ipConfigurations"]
    assert shown[0]["properties"]["privateIPAddress"] == "10.0.10.4"


def put_disk(azurerm: Azurerm) -> None:
    properties = {
        "creationData": {"createOption": "Empty", "performancePlus": False},
        "diskSizeGB": 16,
        "osType": "",  # of a disk that is no OS disk
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
    }
    disk = put(azurerm, DISK, DISKS, properties, sku={"name": "Standard_LRS"})
    assert disk["sku"]["name"] == "Standard_LRS"
    assert disk["properties"]["publicNetworkAccess"] == "Enabled"
    assert "osType" not in disk["properties"]


VM_PROPERTIES = {
    "hardwareProfile": {"vmSize": "Standard_D1_v2"},
    "additionalCapabilities": {},
    "networkProfile": {"networkInterfaces": [{"id": NIC, "properties": {"primary": True}}]},
    "osProfile": {
        "computerName": "acctest",
        "adminUsername": "vmadmin",
        "adminPassword": "Password123!@#",
        "linuxConfiguration": {"disablePasswordAuthentication": False},
    },
    "storageProfile": {
        "imageReference": {
            "publisher": "Canonical",
            "offer": "0001-com-ubuntu-server-jammy",
            "sku": "22_04-lts",
            "version": "latest",
        },
        "osDisk": {
            "name": "acctest-osdisk",
            "caching": "ReadWrite",
            "createOption": "FromImage",
            "managedDisk": {"storageAccountType": "Standard_LRS"},
        },
        "dataDisks": [
            {
                "name": "acctest-datadisk",
                "lun": 0,
                "createOption": "Attach",
                "diskSizeGB": 16,
                "managedDisk": {"id": DISK, "storageAccountType": "Standard_LRS"},
            },
            {
                "name": "acctest-another-datadisk",
                "lun": 1,
                "createOption": "Empty",
                "diskSizeGB": 1,
                "managedDisk": {"storageAccountType": "Standard_LRS"},
            },
        ],
    },
}


@pytest.fixture
def machine(current: Azurerm) -> Azurerm:
    """The newest release at a world with a VM, its disks and its network."""
    put_network(current)
    put_disk(current)
    vm = put(current, VM, VMS, VM_PROPERTIES)["properties"]
    assert vm["provisioningState"] == "Succeeded"
    return current


def test_a_vm_is_read_back_as_it_was_configured(machine: Azurerm) -> None:
    vm = machine.found(VM, VMS)["properties"]
    assert "adminPassword" not in vm["osProfile"]
    assert "additionalCapabilities" not in vm, "an empty one would be a block nobody configured"
    storage = vm["storageProfile"]
    for each in (storage["osDisk"], *storage["dataDisks"]):
        disk = machine.found(each["managedDisk"]["id"], DISKS)
        assert disk["sku"]["name"] == each["managedDisk"]["storageAccountType"] == "Standard_LRS"
        assert disk["properties"]["diskSizeGB"] == each["diskSizeGB"]
        assert disk["managedBy"] == VM
    assert [each["lun"] for each in storage["dataDisks"]] == [0, 1]


def test_the_identities_of_a_vm_are_those_of_its_newest_configuration(machine: Azurerm) -> None:
    """It puts back the VM that it read with another identity: a PATCH would not take any away."""
    first, second = (f"{USERS}/acctest{each}" for each in (1, 2))
    for each in (first, second):
        put(machine, each, "2024-11-30", {})
    for kind, users in (
        ("UserAssigned", [first, second]),
        ("UserAssigned", [second]),
        ("SystemAssigned, UserAssigned", [first]),
        ("SystemAssigned", []),
        ("None", []),
    ):
        vm = machine.found(VM, VMS)
        assigned: State | None = {each: {} for each in users} or None  # as go-azure-helpers does
        vm["identity"] = {"type": kind, "userAssignedIdentities": assigned}
        machine.until_done(machine.send("PUT", VM, VMS, 200, 201, 202, body=vm))
        shown = machine.found(VM, VMS).get("identity", {"type": "None"})
        assert (shown["type"], list(shown.get("userAssignedIdentities", {}))) == (kind, users)
        assert ("principalId" in shown) == ("SystemAssigned" in kind)


def test_a_vm_goes_with_its_disks_and_then_its_network(machine: Azurerm) -> None:
    machine.until_done(machine.send("DELETE", VM, VMS, 200, 202, 204))
    for disk in (OS_DISK, DISK, NEW_DISK):
        machine.until_done(machine.send("DELETE", disk, DISKS, 200, 202, 204))
    machine.until_done(machine.send("DELETE", DISK, DISKS, 204))
    for path in (NIC, ADDRESS, SUBNET, VNET):
        machine.until_done(machine.send("DELETE", path, NETWORKS, 200, 202, 204))
