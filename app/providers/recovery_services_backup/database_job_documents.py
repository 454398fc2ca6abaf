"""How jobs that back up or restore databases look on the wire (azure-cli-wire 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row

from ...domain.instants import human
from ...domain.jobs import Operation, Phase, Status
from ...engine import database_restores

_MEGABYTE = 1 << 20


def _backup(job: Row[Any], _now: int) -> dict[str, Any]:
    bag = {}
    if job.status == Status.COMPLETED:
        bag["Data Transferred (in MB)"] = str((job.backup_bytes or 0) // _MEGABYTE)
    return _info("Transfer data to vault", job, bag)


def _restore(job: Row[Any], _now: int) -> dict[str, Any]:
    detail = job.detail
    server = detail["target_vm"].rpartition("/")[2]
    bag = {"Job Type": _JOB_TYPES[detail["job_type"]], "Target Server": server}
    if detail["kind"] == database_restores.DATABASE:
        _, instance, name, *_ = detail["guest"]
        bag |= {"Target Instance": instance, "Target Database": name}
    else:
        bag |= {"Target Directory": detail["directory"]}
    # The blank at the end is the service's own.
    bag["Recovery point time "] = human(detail["restored_at"])
    if job.status == Status.COMPLETED:
        bag["Data Transferred (in MB)"] = str(detail["content"]["usedBytes"] // _MEGABYTE)
    return _info("Transfer data from vault", job, bag)


_JOB_TYPES = {
    "OriginalLocation": "Recover to the original database",
    "AlternateLocation": "Recover to an alternate database",
    "FileRecovery": "Recover as files",
}


def _info(task: str, job: Row[Any], bag: dict[str, str]) -> dict[str, Any]:
    """The tasks of such jobs have a name and a status, and no more."""
    status = Status.IN_PROGRESS if job.phase == Phase.CANCELLING else job.status
    return {"tasksList": [{"taskId": task, "status": status}], "propertyBag": bag}


INFO: Mapping[str, Callable[[Row[Any], int], dict[str, Any]]] = {
    Operation.BACKUP: _backup,
    Operation.RESTORE: _restore,
}
"""What makes the extended info of a job at an instant, by its operation."""
