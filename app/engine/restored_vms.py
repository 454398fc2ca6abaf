"""Restores of whole VMs: a new one at another place, or other disks for the one there is.

The disks of a restored VM stand still until somebody starts it anew, though it runs: a drill can
then compare them with the recovery point at leisure (docs/decisions/0021).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, update

from ..domain import ids
from ..domain.disk_selection import OS_LUN
from ..domain.jobs import (
    ENCRYPTION_SET_NOT_FOUND,
    TARGET_GROUP_NOT_FOUND,
    TARGET_SUBNET_NOT_FOUND,
    TARGET_VM_EXISTS,
    VM_NOT_FOUND,
    VM_NOT_SHUT_DOWN,
)
from ..domain.resource_ids import NIC_TYPE, VM_TYPE
from ..domain.restored_files import RestoredDisk
from ..store.metadata import Document
from ..store.resource_tables import resources
from . import attachments, networks, restored_disks, sources
from .restored_disks import Restored


def build(work: Restored) -> str | None:
    """Build the VM of a point anew, running in the target subnet; return an error's code."""
    group = restored_disks.find_group(work)
    if group is None:
        return TARGET_GROUP_NOT_FOUND
    name: str = work.detail["target_vm"].rpartition("/")[2]
    vm_id = f"{group}/providers/{VM_TYPE}/{name}"
    if attachments.find(work.connection, vm_id) is not None:
        return TARGET_VM_EXISTS
    subnet = networks.find_subnet(work.connection, work.detail["subnet"])
    if subnet is None:
        return TARGET_SUBNET_NOT_FOUND
    address = networks.free_address(subnet, networks.holders(work.connection, subnet))
    if address is None:
        return TARGET_SUBNET_NOT_FOUND
    if not restored_disks.are_sets_there(work):
        return ENCRYPTION_SET_NOT_FOUND
    place = networks.configuration("ipconfig1", subnet, address)
    nic_id = _create_interface(work, group, vm_id, place)
    disks = restored_disks.create(
        work, group, name, zones=work.zones, owner=vm_id, state="Attached"
    )
    document = _vm(work, vm_id, nic_id, disks)
    hidden = {"power_state": attachments.RUNNING, "revision": 1}
    restored_disks.insert_resource(work, group, vm_id, VM_TYPE, document, hidden)
    sources.refresh(work.connection, work.rules, vm_id, work.now)
    return None


def _create_interface(work: Restored, group: str, vm_id: str, place: Document) -> str:
    unique = ids.guid_hex(work.rules.seed, "interface", work.job.job_id)
    name = f"{vm_id.rpartition('/')[2][:40]}-nic-{unique}"
    nic_id = f"{group}/providers/{NIC_TYPE}/{name}"
    document: Document = {"properties": {"ipConfigurations": [place]}}
    restored_disks.insert_resource(work, group, nic_id, NIC_TYPE, document, {"vm": vm_id})
    return nic_id


def _vm(work: Restored, vm_id: str, nic_id: str, disks: list[RestoredDisk]) -> Document:
    unique = ids.guid_hex(work.rules.seed, "vm", vm_id, work.now)
    properties: Document = {
        "hardwareProfile": {"vmSize": work.detail["vm_size"]},
        "storageProfile": _storage(work, {}, disks),
        "networkProfile": {"networkInterfaces": [{"id": nic_id, "properties": {"primary": True}}]},
        "vmId": ids.guid(unique),
        "provisioningState": "Succeeded",
    }
    if work.security is not None:
        properties["securityProfile"] = {"securityType": work.security}
    document: Document = {"properties": properties}
    if work.zones:
        document["zones"] = work.zones
    return document | {"tags": work.tags} if work.tags else document


def replace_disks(work: Restored) -> str | None:
    """Give the VM of a point the disks of that instant; return an error's code.

    The VM has exactly the point's disks afterwards; those it had stay, attached to nobody.
    """
    vm = attachments.find(work.connection, work.detail["source_id"])
    if vm is None:
        return VM_NOT_FOUND
    power: str = vm.hidden["power_state"]
    if power == attachments.RUNNING:
        return VM_NOT_SHUT_DOWN
    if not restored_disks.are_sets_there(work):
        return ENCRYPTION_SET_NOT_FOUND
    for disk in attachments.disks_of(work.connection, [vm]).values():
        attachments.release(work.connection, disk, work.now)
    group = vm.id.partition("/providers/")[0]
    disks = restored_disks.create(
        work,
        group,
        vm.name,
        zones=vm.document.get("zones", []),
        owner=vm.id,
        state=attachments.state(power),
    )
    _store(work, vm, disks)
    sources.refresh(work.connection, work.rules, vm.id, work.now)
    return None


def _store(work: Restored, vm: Row[Any], disks: list[RestoredDisk]) -> None:
    properties = vm.document["properties"]
    storage = _storage(work, properties["storageProfile"], disks)
    work.connection.execute(
        update(resources)
        .where(resources.c.folded == vm.folded)
        .values(
            document=vm.document | {"properties": properties | {"storageProfile": storage}},
            hidden=vm.hidden | {"revision": vm.hidden.get("revision", 1) + 1},
            changed_at=work.now,
        )
    )


def _storage(work: Restored, before: Document, disks: list[RestoredDisk]) -> Document:
    """Return a storage profile with restored disks; entries keep what they said before."""
    known = {entry["lun"]: entry for entry in before.get("dataDisks", ())}
    known[OS_LUN] = before.get("osDisk", {})
    os_disk, *data_disks = [_entry(work, known.get(disk.lun, {}), disk) for disk in disks]
    return before | {"osDisk": os_disk, "dataDisks": data_disks}


def _entry(work: Restored, before: Document, disk: RestoredDisk) -> Document:
    born: Document = {"createOption": "Attach", "deleteOption": "Detach"}
    if disk.lun == OS_LUN:
        born |= {"osType": work.os, "caching": "ReadWrite"}
    else:
        born |= {"lun": disk.lun, "caching": "None"}
    return born | before | {"name": disk.name, "managedDisk": {"id": disk.id}}
