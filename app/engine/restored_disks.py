"""The disks that a restore brings back: managed disks with the content of the point's instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from ..domain import disk_selection, ids
from ..domain.instants import to_datetime
from ..domain.resource_ids import DISK_TYPE
from ..domain.restored_files import RestoredDisk
from ..store import rows
from ..store.metadata import Document
from ..store.resource_tables import resource_groups, resources
from ..store.tables import disk_sets
from .rules import Rules

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore at its end: its job, and what its recovery point knows of the VM.

    ``disks`` are those to bring back, in LUN order, the OS disk first.
    """

    connection: Connection
    rules: Rules
    job: Row[Any]
    os: str
    security: str | None
    tags: dict[str, str]
    disks: list[dict[str, Any]]

    @property
    def now(self) -> int:
        """The instant at which the restore ends."""
        due_at: int = self.job.due_at
        return due_at

    @property
    def zones(self) -> list[str]:
        """The zone that disks and a new VM are pinned to, as a document lists it."""
        zone = self.detail.get("zone")
        return [] if zone is None else [zone]

    @property
    def detail(self) -> Document:
        """What was asked, and what the point was when it was."""
        detail: Document = self.job.detail
        return detail


def read(connection: Connection, rules: Rules, job: Row[Any]) -> Restored:
    """Return what the restore of a job that is due brings back."""
    stored: Document = connection.execute(
        select(disk_sets.c.document).where(disk_sets.c.key == job.detail["disk_set_key"])
    ).scalar_one()
    return Restored(
        connection,
        rules,
        job,
        os=stored["os"],
        security=stored.get("security"),
        tags=stored.get("tags", {}),
        disks=disk_selection.restored(stored["disks"], job.detail["luns"]),
    )


def find_group(work: Restored) -> str | None:
    """Return the id of the target resource group, ``None`` if it is gone."""
    return work.connection.execute(
        select(resource_groups.c.id).where(
            resource_groups.c.folded == work.detail["target_group"].lower()
        )
    ).scalar()


def names(work: Restored, vm: str) -> list[str]:
    """Return the names that the restored disks get, in Azure's pattern, each one of a kind."""
    stamp = f"{to_datetime(work.now):%Y%m%d-%H%M%S}-{work.job.job_id[:6]}"
    roles = ["osdisk", *(f"datadisk-{number:03d}" for number in range(len(work.disks) - 1))]
    tails = [f"-{role}-{stamp}" for role in roles]
    return [f"{vm[: LONGEST_NAME - len(tail)]}{tail}" for tail in tails]


def content_at(work: Restored, disk: dict[str, Any]) -> int:
    """Return the instant whose content a disk has.

    One that was static when it was backed up still has the content of that earlier time.
    """
    at: int | None = disk["content_at"]
    taken_at: int = work.detail["taken_at"]
    return taken_at if at is None else at


def are_sets_there(work: Restored) -> bool:
    """Tell whether every disk encryption set exists that the disks will be encrypted with."""
    wanted = {
        encryption["diskEncryptionSetId"]
        for encryption in (_encryption(work, disk) for disk in work.disks)
        if encryption is not None
    }
    return all(rows.find(work.connection, each) is not None for each in wanted)


def _encryption(work: Restored, disk: dict[str, Any]) -> Document | None:
    """Return what a disk is encrypted with: what was asked for, or what its source was.

    The customer's key of a source stays in its region: what crosses over comes without it.
    """
    found: Document | None = work.detail.get("encryption")
    if found is None and not work.detail.get("crossed"):
        found = disk.get("encryption")
    return found


def create(
    work: Restored,
    group: str,
    vm: str,
    *,
    zones: list[str],
    owner: str | None = None,
    state: str = "Unattached",
) -> list[RestoredDisk]:
    """Create the managed disks of a restore, for a VM (``owner``, its id) or for nobody."""
    found = []
    for name, disk in zip(names(work, vm), work.disks, strict=True):
        disk_id = f"{group}/providers/{DISK_TYPE}/{name}"
        document = _document(work, disk, disk_id, state)
        if owner is not None:
            document["managedBy"] = owner
        # A zone-redundant disk is in every zone of its region.
        if zones and not disk["sku"].endswith("_ZRS"):
            document["zones"] = zones
        hidden = {"origin": disk["origin"], "content_at": content_at(work, disk)}
        insert_resource(work, group, disk_id, DISK_TYPE, document, hidden)
        found.append(RestoredDisk(disk["lun"], name, disk["sizeGB"], id=disk_id))
    return found


def _document(work: Restored, disk: dict[str, Any], disk_id: str, state: str) -> Document:
    unique = ids.guid_hex(work.rules.seed, "disk", disk_id, work.now)
    properties: Document = {
        "creationData": {"createOption": "Restore"},
        "diskSizeGB": disk["sizeGB"],
        "diskState": state,
        "provisioningState": "Succeeded",
        "uniqueId": ids.guid(unique),
        **_network(work, disk),
    }
    encryption = _encryption(work, disk)
    if encryption is not None:
        properties["encryption"] = encryption
    if disk["lun"] == disk_selection.OS_LUN:
        properties["osType"] = work.os
    return {
        "sku": {"name": disk["sku"]},
        "tags": {"RSVaultBackup": work.detail["vault_name"]},
        "properties": properties,
    }


def _network(work: Restored, disk: dict[str, Any]) -> Document:
    """Return the network access of a disk: what was asked for, or what its source had."""
    asked: Document | None = work.detail.get("network")
    return disk.get("network", {}) if asked is None else asked


def insert_resource(
    work: Restored,
    group: str,
    resource_id: str,
    type_name: str,
    document: Document,
    hidden: Document,
) -> None:
    """Insert a resource that a restore makes, at the restore's end."""
    work.connection.execute(
        insert(resources).values(
            folded=resource_id.lower(),
            id=resource_id,
            group_folded=group.lower(),
            type_folded=type_name.lower(),
            name=resource_id.rpartition("/")[2],
            location=work.detail["location"],
            document=document,
            hidden=hidden,
            created_at=work.now,
            changed_at=work.now,
        )
    )
