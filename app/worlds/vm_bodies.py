"""The bodies of a document's VMs: what Compute would be sent for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..domain.documents import Document, merge
from ..domain.guest_databases import HANA_TAG, SQL_TAG
from .documents import Disk, GuestServer, VirtualMachine

_LONGEST_TAG = 256
_TAGS = {"SQL": SQL_TAG, "SAPHana": HANA_TAG}


def body_of(vm: VirtualMachine, location: str) -> Document:
    """Return the body of a VM's PUT; the document's own properties win."""
    profile = vm.properties.get("storageProfile") or {}
    storage = {} if "osDisk" in profile else {"storageProfile": _storage(vm)}
    properties = {"hardwareProfile": {"vmSize": vm.size}, **storage}
    body: Document = {"location": location, "tags": vm.tags | _database_tags(vm.databases)}
    if vm.zones:
        body["zones"] = vm.zones
    if vm.identity:
        body["identity"] = vm.identity
    return body | {"properties": merge(properties, vm.properties)}


def _storage(vm: VirtualMachine) -> Document:
    first, *others = [_disk(each) for each in vm.disks]
    os_disk = {"createOption": "FromImage", "osType": vm.os, **_entry(first)}
    data = [
        {"createOption": "Empty", "lun": number if disk.lun is None else disk.lun, **_entry(disk)}
        for number, disk in enumerate(others)
    ]
    return {"osDisk": os_disk, "dataDisks": data}


def _disk(told: int | Disk) -> Disk:
    return told if isinstance(told, Disk) else Disk.model_validate({"sizeGB": told})


def _entry(disk: Disk) -> dict[str, Any]:
    entry: dict[str, Any] = {"diskSizeGB": disk.size_gb}
    if disk.sku:
        entry["managedDisk"] = {"storageAccountType": disk.sku}
    if disk.name:
        entry["name"] = disk.name
    return entry


def _database_tags(servers: list[GuestServer]) -> dict[str, str]:
    """Return the tags that tell which databases run in a VM; a value has 256 characters at most."""
    tags: dict[str, str] = {}
    for engine, tag in _TAGS.items():
        entries = [entry for each in servers if each.engine == engine for entry in _entries(each)]
        for number, value in enumerate(_joined(entries)):
            tags[tag if number == 0 else f"{tag}-{number + 1}"] = value
    return tags


def _entries(server: GuestServer) -> Iterator[str]:
    yield from (f"{server.instance}/{name}" for name in server.databases or [""])


def _joined(entries: list[str]) -> Iterator[str]:
    value = ""
    for entry in entries:
        if value and len(value) + 1 + len(entry) > _LONGEST_TAG:
            yield value
            value = ""
        value = f"{value},{entry}" if value else entry
    if value:
        yield value
