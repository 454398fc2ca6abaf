"""Restores: triggered by a user, moved when their job is due.

A restore of disks is one phase; one of a whole VM copies first and then builds. What is in the
archive is rehydrated before. What a restore needs is checked again at the end, before anything is
made: one that fails leaves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text, update

from ..domain import disk_selection
from ..domain.jobs import POINT_NOT_FOUND, Operation, Phase, Status
from ..store.statements import Statement
from ..store.tables import jobs
from ..workloads import azure_vm
from . import alerts, database_restores, rehydrations, restored_blobs, restored_disks, restored_vms
from . import jobs as job_rows
from .rehydrations import Rehydration
from .restored_disks import Restored
from .rules import Rules

DISKS = "RestoreDisks"
NEW_VM = "AlternateLocation"
SAME_VM = "OriginalLocation"
PHASES = (Phase.REHYDRATING, Phase.RESTORE, Phase.COPYING, Phase.BUILDING)
CHANGING = (Phase.COPYING, Phase.BUILDING, Phase.REHYDRATING, Phase.MOVING)
"""The phases that change what backups read, or what windows delete."""
INSTANTS = ("began_at", "copied_at", "ends_at")
"""What of a restore's detail is an instant that may be yet to come."""

# Written out, so that SQLite sees that the index over these few rows holds them all.
_CHANGES = text(
    f"(jobs.phase IN ('{Phase.COPYING}', '{Phase.BUILDING}') "
    f"OR jobs.phase IN ('{Phase.REHYDRATING}', '{Phase.MOVING}'))"
)
_NEXT_CHANGE = Statement(
    select(func.min(jobs.c.due_at)).where(_CHANGES, jobs.c.due_at <= bindparam("until"))
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
    rehydration: Rehydration | None = None,
) -> str:
    """Start a restore of a point, here or in the secondary region, and return its job's id.

    ``detail`` holds the ``kind`` of restore, its targets (ids), the ``luns`` wanted (``None``
    for all), the ``location`` and what the job shows. A point that still has its snapshot is
    restored from it, which is much faster; VHDs, and disks for another zone or subscription
    (``from_vault``), only come from the vault. With a ``rehydration`` the point is in the archive
    and comes back first.
    """
    if rehydration is not None:
        operation = Operation.RESTORE_WITH_REHYDRATE
    job_id = job_rows.new_job_id(connection, rules, item, operation, now)
    disks = disk_selection.restored(point.disks["disks"], detail["luns"])
    sizes = [disk["sizeGB"] for disk in disks]
    as_vhds = detail["kind"] == DISKS and detail["target_group"] is None
    copying = azure_vm.restore_micros(
        azure_vm.used_bytes(sizes, item.entropy),
        from_snapshot=point.snapshot_valid and not (as_vhds or detail["from_vault"] or rehydration),
    )
    building = 0 if detail["kind"] == DISKS else azure_vm.BUILD_VM
    phase = Phase.COPYING if building else Phase.RESTORE
    began_at = now
    if rehydration is not None:
        began_at = now + rehydration.micros(rules, job_id)
        detail = detail | {"rehydration": rehydration.detail, "then": phase}
        phase = Phase.REHYDRATING
    detail = detail | {
        "source_id": item.source_id,
        "vm_size": point.vm_size,
        "taken_at": point.taken_at,
        "disk_set_key": point.disk_set_key,
        "gigabytes": sum(sizes),
        "began_at": began_at,
        "copied_at": began_at + copying,
        "ends_at": began_at + copying + building,
    }
    job_rows.insert_row(
        connection,
        item,
        job_id,
        operation,
        now,
        phase=phase,
        due_at=began_at + copying if rehydration is None else began_at,
        activity_id=activity_id,
        detail=detail,
    )
    return job_id


def next_change(connection: Connection, until: int) -> int:
    """Return when a job in one of the ``CHANGING`` phases moves next, at most an instant.

    Backups read the VMs that a restore changes, and points that change tiers may be deleted, so
    that a window must end there.
    """
    found: int | None = _NEXT_CHANGE.run(connection, until=until).fetchone()[0]
    return until if found is None else found


def _end(connection: Connection, rules: Rules, job: Row[Any]) -> str | None:
    """Make a restore true; the code of an error, and nothing done, if it cannot be."""
    kind = job.detail["kind"]
    if kind in database_restores.END:
        return database_restores.END[kind](connection, rules, job)
    return _END[kind](restored_disks.read(connection, rules, job))


def move(connection: Connection, rules: Rules, job: Row[Any]) -> None:
    """Move a restore that is due to its next phase, or end it."""
    if job.phase == Phase.REHYDRATING and rehydrations.end(connection, job):
        connection.execute(
            update(jobs)
            .where(jobs.c.job_id == job.job_id)
            .values(phase=job.detail["then"], due_at=job.detail["copied_at"])
        )
        return
    if job.phase == Phase.COPYING:
        connection.execute(
            update(jobs)
            .where(jobs.c.job_id == job.job_id)
            .values(phase=Phase.BUILDING, due_at=job.detail["ends_at"])
        )
        return
    error: str | None = POINT_NOT_FOUND
    if job.phase != Phase.REHYDRATING:
        error = _end(connection, rules, job)
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
    if error is not None:
        alerts.raise_for_job(connection, rules, job.job_id, job.due_at)


_END: Mapping[str, Callable[[Restored], str | None]] = {
    DISKS: restored_blobs.write,
    NEW_VM: restored_vms.build,
    SAME_VM: restored_vms.replace_disks,
}
"""What makes each kind of restore true; the code of an error, and nothing done, if it cannot."""
