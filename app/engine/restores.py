"""Restores of disks: triggered by a user, done when their job is due."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ..domain import disk_selection, ids
from ..domain.instants import to_datetime
from ..domain.jobs import TARGET_GROUP_NOT_FOUND, Operation, Phase, Status
from ..domain.resource_ids import DISK_TYPE
from ..store.tables import disk_sets, jobs, resource_groups, resources
from ..workloads import azure_vm
from . import jobs as job_rows
from .rules import Rules


def trigger(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    point: Row[Any],
    now: int,
    *,
    detail: dict[str, Any],
    activity_id: str | None,
) -> str:
    """Start a restore of a point's disks and return its job's id.

    ``detail`` holds ``target_group`` (a resource group's id), ``location`` and what the job
    shows. A point that still has its snapshot is restored from it, which is much faster.
    """
    job_id = job_rows.new_job_id(connection, rules, item, Operation.RESTORE, now)
    micros = azure_vm.restore_micros(item.used_bytes, from_snapshot=point.snapshot_valid)
    detail = detail | {
        "taken_at": point.taken_at,
        "disk_set_key": point.disk_set_key,
        "used_bytes": item.used_bytes,
    }
    job_rows.insert_row(
        connection,
        item,
        job_id,
        Operation.RESTORE,
        now,
        phase=Phase.RESTORE,
        due_at=now + micros,
        activity_id=activity_id,
        detail=detail,
    )
    return job_id


def finish(connection: Connection, rules: Rules, job: Row[Any]) -> None:
    """Create the restored disks of a job that is due, at its due instant."""
    group = connection.execute(
        select(resource_groups.c.id).where(
            resource_groups.c.folded == job.detail["target_group"].lower()
        )
    ).scalar()
    if group is None:
        _end(connection, job, Status.FAILED, TARGET_GROUP_NOT_FOUND)
        return
    disks = connection.execute(
        select(disk_sets.c.document).where(disk_sets.c.key == job.detail["disk_set_key"])
    ).scalar_one()
    for position, disk in enumerate(disk_selection.included(disks["disks"])):
        _create_disk(connection, rules, job, group, disks["os"], position, disk)
    _end(connection, job, Status.COMPLETED, None)


def _end(connection: Connection, job: Row[Any], status: str, error: str | None) -> None:
    connection.execute(
        update(jobs)
        .where(jobs.c.job_id == job.job_id)
        .values(phase=Phase.DONE, status=status, ended_at=job.due_at, due_at=None, error_code=error)
    )


def _create_disk(
    connection: Connection,
    rules: Rules,
    job: Row[Any],
    group: str,
    os_type: str,
    position: int,
    disk: dict[str, Any],
) -> None:
    stamp = f"{to_datetime(job.due_at):%Y%m%d-%H%M%S}"
    role = "osdisk" if disk["lun"] < 0 else f"datadisk-{position - 1:03d}"
    name = f"{job.entity_name}-{role}-{stamp}-{job.job_id[:6]}"
    disk_id = f"{group}/providers/{DISK_TYPE}/{name}"
    properties: dict[str, Any] = {
        "creationData": {"createOption": "Restore"},
        "diskSizeGB": disk["sizeGB"],
        "diskState": "Unattached",
        "provisioningState": "Succeeded",
        "uniqueId": ids.guid(ids.guid_hex(rules.seed, "disk", disk_id, job.due_at)),
    }
    if disk["lun"] < 0:
        properties["osType"] = os_type
    document = {
        "sku": {"name": disk["sku"]},
        "tags": {"RSVaultBackup": job.detail["vault_name"]},
        "properties": properties,
    }
    # A disk that was static when it was backed up still has the content of that earlier time.
    content_at = job.detail["taken_at"] if disk["content_at"] is None else disk["content_at"]
    connection.execute(
        insert(resources).values(
            folded=disk_id.lower(),
            id=disk_id,
            group_folded=group.lower(),
            type_folded=DISK_TYPE.lower(),
            name=name,
            location=job.detail["location"],
            document=document,
            hidden={"origin": disk["origin"], "content_at": content_at},
            created_at=job.due_at,
            changed_at=job.due_at,
        )
    )
