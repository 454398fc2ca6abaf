"""What a VM is at present, as its backups see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import Connection, select

from ..domain import disk_selection, limits
from ..store import disk_sets
from ..store.resource_tables import resources
from ..workloads import azure_vm
from .rules import Rules

NETWORK_ACCESS = ("networkAccessPolicy", "publicNetworkAccess", "diskAccessId")
"""What a disk says of the networks that it can be exported to."""


@dataclass(frozen=True, slots=True)
class Source:
    """A VM as a backup sees it; ``disks`` are in LUN order, the OS disk first.

    ``agent`` is false while the VM runs without the guest agent that takes its snapshots;
    ``security`` is Compute's securityType, ``Standard`` unless the VM says otherwise; ``zone`` is
    the one that the VM is pinned to, if any.
    """

    workload: ClassVar[str] = azure_vm.WORKLOAD_TYPE

    id: str
    name: str
    location: str
    running: bool
    os: str
    size: str
    disks: list[dict[str, Any]]
    vm_id: str = ""
    agent: bool = True
    scripts: bool = False
    security: str = azure_vm.STANDARD
    tags: dict[str, str] = field(default_factory=dict)
    zone: str | None = None


def find(connection: Connection, vm_id: str) -> Source | None:
    """Return the VM with an id, whatever its casing; ``None`` if there is none."""
    vm = connection.execute(
        select(resources).where(
            resources.c.folded == vm_id.lower(),
            resources.c.type_folded == azure_vm.PROTECTED_ITEM_TYPE.lower(),
        )
    ).first()
    if vm is None:
        return None
    properties = vm.document["properties"]
    storage = properties["storageProfile"]
    entries = [(-1, storage["osDisk"])]
    entries += sorted((disk["lun"], disk) for disk in storage.get("dataDisks", ()))
    running = vm.hidden["power_state"] == "running"
    os_type = storage["osDisk"]["osType"]
    return Source(
        id=vm.id,
        name=vm.name,
        location=vm.location,
        running=running,
        os=os_type,
        size=properties["hardwareProfile"]["vmSize"],
        disks=[_disk(connection, lun, entry) for lun, entry in entries],
        vm_id=properties.get("vmId", ""),
        agent=not running or _has_agent(properties, os_type),
        scripts=azure_vm.has_scripts(os_type, vm.document.get("tags", {})),
        security=properties.get("securityProfile", {}).get("securityType", azure_vm.STANDARD),
        tags=vm.document.get("tags") or {},
        zone=next(iter(vm.document.get("zones") or ()), None),
    )


def _has_agent(properties: dict[str, Any], os_type: str) -> bool:
    guest = properties.get("osProfile", {}).get(f"{os_type.lower()}Configuration", {})
    return bool(guest.get("provisionVMAgent", True))


def _disk(connection: Connection, lun: int, entry: dict[str, Any]) -> dict[str, Any]:
    row = connection.execute(
        select(resources).where(resources.c.folded == entry["managedDisk"]["id"].lower())
    ).one()
    return {
        "lun": lun,
        "name": row.name,
        "sizeGB": row.document["properties"]["diskSizeGB"],
        "sku": row.document["sku"]["name"],
        "origin": row.hidden["origin"],
        "content_at": row.hidden["content_at"],
        **_guarded(row.document["properties"]),
    }


def _guarded(properties: dict[str, Any]) -> dict[str, Any]:
    """Return what keeps others from a disk, where that is not what every disk has."""
    found: dict[str, Any] = {}
    encryption = properties.get("encryption", {})
    if encryption.get("diskEncryptionSetId"):
        found["encryption"] = encryption
    network = {name: properties[name] for name in NETWORK_ACCESS if name in properties}
    if network.get("networkAccessPolicy", "AllowAll") != "AllowAll":
        found["network"] = network
    return found


def columns(
    connection: Connection,
    rules: Rules,
    source: Source,
    entropy: int,
    exclusion: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the ``source_*`` columns of an item, and store its set of disks."""
    disks = [_chosen(disk, exclusion) for disk in source.disks]
    document: dict[str, Any] = {"os": source.os, "disks": disks}
    if source.security != azure_vm.STANDARD:
        document["security"] = source.security
    if source.tags:
        document["tags"] = source.tags
    if source.zone is not None:
        document["zone"] = source.zone
    chosen = disk_selection.included(disks)
    sizes = [disk["sizeGB"] for disk in chosen]
    data_disks = sum(disk["lun"] != disk_selection.OS_LUN for disk in chosen)
    used = azure_vm.used_bytes(sizes, entropy)
    return {
        "source_id": source.id,
        "source_exists": True,
        "source_running": source.running,
        "source_os": source.os,
        "source_size": source.size,
        "source_vm_id": source.vm_id,
        "source_agent": source.agent,
        "source_scripts": source.scripts,
        "source_fits": limits.fits(rules.limits, data_disks, sizes),
        "disk_set_key": disk_sets.keep(connection, rules.seed, document),
        "used_bytes": used,
        "churn_bytes_per_second": azure_vm.churn_bytes_per_second(used, entropy),
    }


def _chosen(disk: dict[str, Any], exclusion: dict[str, Any] | None) -> dict[str, Any]:
    return disk if disk_selection.is_included(disk["lun"], exclusion) else disk | {"excluded": True}
