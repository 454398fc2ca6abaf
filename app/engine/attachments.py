"""Disks and the VMs that hold them: whose content moves with the clock, and whose stands still.

A disk row's hidden ``origin`` names the lineage of its content. ``content_at`` is the instant
since which nothing was written to it, or ``None`` while a running VM writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from ..domain import ids
from ..store import rows
from ..store.metadata import Document
from ..store.resource_tables import resources
from . import sources
from .rules import Rules

RUNNING = "running"
STOPPED = "stopped"
DEALLOCATED = "deallocated"


def entries(vm: Document) -> list[Document]:
    """Return the disk entries of a VM's document, the OS disk first."""
    storage = vm["properties"]["storageProfile"]
    return [storage["osDisk"], *storage.get("dataDisks", ())]


def find(connection: Connection, resource_id: str) -> Row[Any] | None:
    """Return a disk or VM by its id, whatever its casing."""
    return rows.find(connection, resource_id)


def disks_of(connection: Connection, vms: Sequence[Row[Any]]) -> dict[str, Row[Any]]:
    """Return the disks of some VMs by their lower-case ids, in one query."""
    wanted = {each["managedDisk"]["id"].lower() for vm in vms for each in entries(vm.document)}
    found = connection.execute(select(resources).where(resources.c.folded.in_(wanted)))
    return {row.folded: row for row in found}


def state(power: str) -> str:
    """Return the diskState that a VM's power state gives its disks."""
    return "Reserved" if power == DEALLOCATED else "Attached"


def new_content(unique_id: str, now: int, *, power: str | None) -> Document:
    """Return the hidden part of a new, empty disk, attached to a VM or not (``None``)."""
    return {"origin": unique_id, "content_at": None if power == RUNNING else now}


def attach(connection: Connection, disk: Row[Any], vm_id: str, power: str, now: int) -> None:
    """Give a disk to a VM; a running one writes to it from now on."""
    _store(connection, disk, now, vm_id, state(power), writing=power == RUNNING)


def release(connection: Connection, disk: Row[Any], now: int) -> None:
    """Take a disk from its VM: it stays as it is."""
    _store(connection, disk, now, None, "Unattached", writing=False)


def follow_power(connection: Connection, vm: Row[Any], power: str, now: int) -> None:
    """Bring the disks of a VM in line with the power state that it gets."""
    for disk in disks_of(connection, [vm]).values():
        _store(connection, disk, now, vm.id, state(power), writing=power == RUNNING)


def remove_vm(connection: Connection, rules: Rules, vm: Row[Any], now: int) -> None:
    """Delete a VM; its disks stay, but for those that it was told to take along."""
    disks = disks_of(connection, [vm])
    for entry in entries(vm.document):
        disk = disks[entry["managedDisk"]["id"].lower()]
        if entry.get("deleteOption") == "Delete":
            rows.delete_tree(connection, disk.folded)
        else:
            release(connection, disk, now)
    rows.delete_tree(connection, vm.folded)
    sources.refresh(connection, rules, vm.id, now)


def _store(
    connection: Connection,
    disk: Row[Any],
    now: int,
    vm_id: str | None,
    disk_state: str,
    *,
    writing: bool,
) -> None:
    document = {key: value for key, value in disk.document.items() if key != "managedBy"}
    if vm_id is not None:
        document["managedBy"] = vm_id
    document["properties"] = document["properties"] | {"diskState": disk_state}
    connection.execute(
        update(resources)
        .where(resources.c.folded == disk.folded)
        .values(
            document=document,
            hidden=_resumed(disk) if writing else _still(disk, now),
            changed_at=now,
        )
    )


def _still(disk: Row[Any], now: int) -> Document:
    hidden: Document = disk.hidden
    return hidden if hidden["content_at"] is not None else hidden | {"content_at": now}


def _resumed(disk: Row[Any]) -> Document:
    """Begin a new lineage: of two restored copies each goes its own way from here."""
    hidden: Document = disk.hidden
    if hidden["content_at"] is None:
        return hidden
    unique_id = disk.document["properties"]["uniqueId"]
    lineage = f"{hidden['origin']}@{hidden['content_at']}/{unique_id}"
    return {"origin": ids.md5_hex(lineage), "content_at": None}
