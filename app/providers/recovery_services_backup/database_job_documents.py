"""How jobs that back up or restore databases look on the wire (azure-cli-wire 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row

from ...domain.instants import human, wire
from ...domain.jobs import Operation, Phase, Status
from ...engine import database_restores
from ...workloads.database import server_of

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


def _cross_region_restore(job: Row[Any], _now: int) -> dict[str, Any]:
    """What recordings of the secondary region tell; where the data went to only at the end."""
    detail = job.detail
    of_vm, _, target = detail["target_vm"].partition("/providers/")
    bag = {"Job Type": _JOB_TYPES_THERE[detail["job_type"]]}
    if job.status == Status.COMPLETED:
        _, instance, name, *_ = detail.get("guest") or ("", "", "")
        restored_at = wire(detail["restored_at"]).replace("T", " ")
        bag |= {
            "Data Transferred (in MB)": str(detail["content"]["usedBytes"] // _MEGABYTE),
            "RestoreRecoveryPointTime": restored_at,
            "RestoreDestination": detail.get("directory") or f"{instance}/{name}",
        }
    here, there = detail["vault"].split("/"), detail["target_vault"].split("/")
    bag |= {
        "Original VM Name": server_of(job.container_name),
        "Target VM Name": target.rpartition("/")[2],
        "Target resource group": of_vm.rpartition("/")[2],
        "Subscription Id of the vault": here[2],
        "Resource Group Name of the vault": here[4],
        "Vault name": here[-1],
        "Resource Group Name of the target vault": there[4],
        "Target vault name": there[-1],
    }
    return _info("Transfer data from vault", job, bag)


_JOB_TYPES = {
    "OriginalLocation": "Recover to the original database",
    "AlternateLocation": "Recover to an alternate database",
    "FileRecovery": "Recover as files",
}
_JOB_TYPES_THERE = _JOB_TYPES | {"FileRecovery": "Restore as files"}


def _info(task: str, job: Row[Any], bag: dict[str, str]) -> dict[str, Any]:
    """The tasks of such jobs have a name and a status, and no more."""
    status = Status.IN_PROGRESS if job.phase == Phase.CANCELLING else job.status
    return {"tasksList": [{"taskId": task, "status": status}], "propertyBag": bag}


INFO: Mapping[str, Callable[[Row[Any], int], dict[str, Any]]] = {
    Operation.BACKUP: _backup,
    Operation.RESTORE: _restore,
    Operation.CROSS_REGION_RESTORE: _cross_region_restore,
}
"""What makes the extended info of a job at an instant, by its operation."""
