"""Restores: triggered by a user, moved when their job is due.

A restore of disks is one phase; one of a whole VM copies first and then builds. What it needs is
checked again at the end, before anything is made: a restore that fails leaves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text, update

from ..domain import disk_selection
from ..domain.jobs import Operation, Phase, Status
from ..store.statements import Statement
from ..store.tables import jobs
from ..workloads import azure_vm
from . import jobs as job_rows
from . import restored_blobs, restored_disks, restored_vms
from .restored_disks import Restored
from .rules import Rules

DISKS = "RestoreDisks"
NEW_VM = "AlternateLocation"
SAME_VM = "OriginalLocation"
PHASES = (Phase.RESTORE, Phase.COPYING, Phase.BUILDING)
CHANGING = (Phase.COPYING, Phase.BUILDING)
"""The phases of a restore that makes or changes a VM."""

INSTANTS = ("copied_at", "ends_at")
"""What of a restore's detail is an instant yet to come."""

# Written out, so that SQLite sees that the index over these few rows holds them all.
_CHANGES_A_VM = text(f"jobs.phase IN ('{Phase.COPYING}', '{Phase.BUILDING}')")
_NEXT_CHANGE = Statement(
    select(func.min(jobs.c.due_at)).where(_CHANGES_A_VM, jobs.c.due_at <= bindparam("until"))
)


def trigger(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    point: Row[Any],
    now: int,
    *,
    detail: dict[str, Any],
    activity_id: str | None,
    operation: str = Operation.RESTORE,
) -> str:
    """Start a restore of a point, here or in the secondary region, and return its job's id.

    ``detail`` holds the ``kind`` of restore, its targets (ids), the ``luns`` wanted (``None``
    for all), the ``location`` and what the job shows. A point that still has its snapshot is
    restored from it, which is much faster; VHDs, and disks for another zone or subscription
    (``from_vault``), only come from the vault.
    """
    job_id = job_rows.new_job_id(connection, rules, item, operation, now)
    disks = disk_selection.restored(point.disks["disks"], detail["luns"])
    sizes = [disk["sizeGB"] for disk in disks]
    as_vhds = detail["kind"] == DISKS and detail["target_group"] is None
    copying = azure_vm.restore_micros(
        azure_vm.used_bytes(sizes, item.entropy),
        from_snapshot=point.snapshot_valid and not (as_vhds or detail["from_vault"]),
    )
    building = 0 if detail["kind"] == DISKS else azure_vm.BUILD_VM
    detail = detail | {
        "source_id": item.source_id,
        "vm_size": point.vm_size,
        "taken_at": point.taken_at,
        "disk_set_key": point.disk_set_key,
        "gigabytes": sum(sizes),
        "copied_at": now + copying,
        "ends_at": now + copying + building,
    }
    job_rows.insert_row(
        connection,
        item,
        job_id,
        operation,
        now,
        phase=Phase.COPYING if building else Phase.RESTORE,
        due_at=now + copying,
        activity_id=activity_id,
        detail=detail,
    )
    return job_id


def next_change_of_a_vm(connection: Connection, until: int) -> int:
    """Return when a restore of a VM moves next, at most an instant.

    Backups read what such a restore changes, so that a window must end there.
    """
    found: int | None = _NEXT_CHANGE.run(connection, until=until).fetchone()[0]
    return until if found is None else found


def move(connection: Connection, rules: Rules, job: Row[Any]) -> None:
    """Move a restore that is due to its next phase, or end it."""
    if job.phase == Phase.COPYING:
        connection.execute(
            update(jobs)
            .where(jobs.c.job_id == job.job_id)
            .values(phase=Phase.BUILDING, due_at=job.detail["ends_at"])
        )
        return
    work = restored_disks.read(connection, rules, job)
    error = _END[job.detail["kind"]](work)
    connection.execute(
        update(jobs)
        .where(jobs.c.job_id == job.job_id)
        .values(
            phase=Phase.DONE,
            status=Status.FAILED if error else Status.COMPLETED,
            ended_at=job.due_at,
            due_at=None,
            error_code=error,
        )
    )


_END: Mapping[str, Callable[[Restored], str | None]] = {
    DISKS: restored_blobs.write,
    NEW_VM: restored_vms.build,
    SAME_VM: restored_vms.replace_disks,
}
"""What makes each kind of restore true; the code of an error, and nothing done, if it cannot."""
