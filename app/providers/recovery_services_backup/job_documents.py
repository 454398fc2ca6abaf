"""How a job looks on the wire (azure-cli-wire 6, azure-backup-semantics 2.2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from ...arm.calls import Call
from ...domain import ids
from ...domain.instants import human, iso_duration, wire
from ...domain.jobs import ERRORS, Operation, Phase, Status
from ...domain.resource_ids import VAULT_TYPE
from ...store.tables import items
from ...workloads.table import WORKLOADS
from .database_job_documents import INFO
from .job_tasks import task
from .paths import location_id
from .restore_job_documents import restore_info

JOB_TYPE = f"{VAULT_TYPE}/backupJobs"
MEBIBYTE = 1 << 20


def render(call: Call, vault: Row[Any], job: Row[Any], *, extended: bool) -> dict[str, Any]:
    """Return a job as the wire shows it; tasks and properties only when asked for one job."""
    name = ids.guid(job.job_id)
    until = job.ended_at if job.ended_at is not None else call.now
    workload = WORKLOADS[job.workload]
    properties: dict[str, Any] = {
        "jobType": workload.job_type,
        "isUserTriggered": job.user_triggered,
        "duration": iso_duration(until - job.started_at),
        "backupManagementType": workload.management_type,
        "operation": job.operation,
        "status": job.status,
        "startTime": wire(job.started_at),
        "entityFriendlyName": job.entity_name,
        "activityId": job.activity_id or name,
        **workload.job(job),
    }
    if job.ended_at is not None:
        properties["endTime"] = wire(job.ended_at)
    # Recordings keep it even on completed jobs; cancelling one of those is refused all the same.
    if job.operation in workload.cancellable:
        properties["actionsInfo"] = ["Cancellable"]
    went_wrong = job.status in (Status.FAILED, Status.COMPLETED_WITH_WARNINGS)
    error = ERRORS.get(job.error_code) if went_wrong else None
    if error is not None:
        properties["errorDetails"] = [
            {
                "errorCode": error.number,
                "errorTitle": error.title,
                "errorString": error.message,
                "recommendations": list(error.recommendations),
            }
        ]
    if extended:
        info = properties["extendedInfo"] = _extended_info(call, job)
        info["propertyBag"] |= _of_another_subscription(call, vault, job)
    return {
        "id": f"{_place(vault, job)}/backupJobs/{name}",
        "name": name,
        "type": JOB_TYPE,
        "properties": properties,
    }


def _place(vault: Row[Any], job: Row[Any]) -> str:
    """Return where a job is: in its vault, or in the region that it restores to (recordings)."""
    if job.operation != Operation.CROSS_REGION_RESTORE:
        return str(vault.id)
    return location_id(vault.id.split("/")[2], job.detail["location"])


def _extended_info(call: Call, job: Row[Any]) -> dict[str, Any]:
    if WORKLOADS[job.workload].streaming is not None and job.operation in INFO:
        return INFO[job.operation](job, call.now)
    if job.operation == Operation.BACKUP:
        return _backup(job, call.now)
    if job.operation in Operation.RESTORES:
        return restore_info(call, job)
    bag = WORKLOADS[job.workload].job_bag(job)
    detail = job.detail or {}
    if "policy_name" in detail:
        bag["Policy Name"] = detail["policy_name"]
    if job.operation == Operation.DELETE_BACKUP_DATA:
        bag["Number of Recovery Points"] = "0"
    if job.operation == Operation.MOVE_RECOVERY_POINT:
        # The blank at the end is the service's own.
        bag["Recovery point time "] = human(detail["taken_at"])
    if job.operation == Operation.UNDELETE:
        bag["Undelete flag"] = "True"
    return {"tasksList": [], "propertyBag": bag}


def _of_another_subscription(call: Call, vault: Row[Any], job: Row[Any]) -> dict[str, str]:
    """Name the VM's subscription where it is not the vault's; az shows it beside the job."""
    source = call.connection.execute(
        select(items.c.source_id).where(items.c.key == job.item_key)
    ).scalar()
    subscription = "" if source is None else source.split("/")[2]
    if subscription.lower() in ("", vault.subscription):
        return {}
    return {"VM Subscription ID": subscription}


def _backup(job: Row[Any], now: int) -> dict[str, Any]:
    """The two phases; what has not begun is NotStarted, what was left out is Skipped.

    A backup that stays in its snapshot has only the first.
    """
    taken = job.snapshot_ended_at is not None
    if taken:
        snapshot = Status.COMPLETED
    elif job.phase in (Phase.SNAPSHOT, Phase.CANCELLING):
        snapshot = Status.IN_PROGRESS
    else:
        snapshot = job.status
    if job.transfer_skipped:
        transfer = "Skipped"
    elif taken:
        warned = job.status == Status.COMPLETED_WITH_WARNINGS
        transfer = Status.FAILED if warned else job.status
    else:
        transfer = "NotStarted"
    bag = WORKLOADS[job.workload].job_bag(job)
    if job.retain_until is not None:
        bag["Recovery Point Expiry Time in UTC"] = human(job.retain_until)
    vaulted = job.instant_micros is not None
    if vaulted and job.status == Status.COMPLETED and job.backup_bytes is not None:
        bag["Backup Size"] = f"{job.backup_bytes // MEBIBYTE} MB"
    snapshot_end = job.snapshot_ended_at if taken else job.ended_at
    tasks = [task("Take Snapshot", job.started_at, snapshot_end, now, snapshot)]
    if vaulted:
        ended_at = job.ended_at
        tasks += [task("Transfer data to vault", job.snapshot_ended_at, ended_at, now, transfer)]
    info = {"tasksList": tasks, "propertyBag": bag}
    return WORKLOADS[job.workload].backup_info(info)
