"""Restores of disks: as managed disks in a resource group, or as VHDs in a storage account.

Both leave the VM's configuration and a template in the storage account.
"""

from __future__ import annotations

from sqlalchemy import insert

from ..domain import ids
from ..domain.jobs import ENCRYPTION_SET_NOT_FOUND, STORAGE_NOT_FOUND, TARGET_GROUP_NOT_FOUND
from ..domain.restored_files import (
    CONFIG_ENCODING,
    RestoredDisk,
    RestoredVm,
    config,
    config_name,
    container_name,
    template,
    template_name,
)
from ..domain.vhd import Vhd
from ..store.metadata import Document
from ..store.tables import blobs
from . import attachments, restored_disks
from .restored_disks import Restored

BLOCK = "BlockBlob"
PAGE = "PageBlob"


def write(work: Restored) -> str | None:
    """Bring a point's disks back; return an error's code."""
    if attachments.find(work.connection, work.detail["storage_account"]) is None:
        return STORAGE_NOT_FOUND
    if work.detail["target_group"] is None:
        disks = _write_vhds(work)
    else:
        group = restored_disks.find_group(work)
        if group is None:
            return TARGET_GROUP_NOT_FOUND
        if not restored_disks.are_sets_there(work):
            return ENCRYPTION_SET_NOT_FOUND
        disks = restored_disks.create(work, group, work.job.entity_name, zones=work.zones)
    _write_files(work, disks)
    return None


def container_of(seed: int, job_id: str, vm: str) -> str:
    """Return the container that the restore of a job writes to."""
    return container_name(vm, ids.guid_hex(seed, "container", job_id))


def _write_vhds(work: Restored) -> list[RestoredDisk]:
    container = container_of(work.rules.seed, work.job.job_id, work.job.entity_name)
    found = []
    for name, disk in zip(
        restored_disks.names(work, work.job.entity_name), work.disks, strict=True
    ):
        fingerprint = ids.fingerprint(disk["origin"], restored_disks.content_at(work, disk))
        vhd = Vhd(disk["sizeGB"], fingerprint, work.detail["taken_at"])
        _insert(work, f"{name}.vhd", PAGE, "application/octet-stream", {"vhd": vhd.document()})
        path = f"{container}/{name}.vhd"
        found.append(RestoredDisk(disk["lun"], name, disk["sizeGB"], vhd=path))
    return found


def _write_files(work: Restored, disks: list[RestoredDisk]) -> None:
    job_name = ids.guid(work.job.job_id)
    vm = RestoredVm(
        id=work.detail["source_id"],
        name=work.job.entity_name,
        location=work.detail["location"],
        size=work.detail["vm_size"],
        os=work.os,
        tags=work.tags,
        zones=work.zones,
    )
    written = (
        (config_name(vm.name, job_name), config(vm, disks), CONFIG_ENCODING),
        (template_name(job_name), template(vm, disks), "utf-8"),
    )
    for name, text, encoding in written:
        _insert(work, name, BLOCK, "application/json", {"text": text, "encoding": encoding})


def _insert(work: Restored, name: str, kind: str, content_type: str, document: Document) -> None:
    work.connection.execute(
        insert(blobs).values(
            account_folded=work.detail["storage_account"].lower(),
            container=container_of(work.rules.seed, work.job.job_id, work.job.entity_name),
            name=name,
            kind=kind,
            content_type=content_type,
            document=document,
            created_at=work.now,
        )
    )
