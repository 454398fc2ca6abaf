"""How the job of a restore looks on the wire: tasks, progress, and where everything is.

The keys and words are those of the recordings of the az command's tests (azure-cli-wire 6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain import ids
from ...domain.blob_paths import endpoint_of
from ...domain.instants import human, iso_duration
from ...domain.jobs import Phase, Status
from ...domain.resource_ids import parse_subnet
from ...domain.restored_files import config_name, template_name
from ...engine import restores
from ...engine.restored_blobs import container_of
from .job_tasks import task

_RUNNING = restores.PHASES
_REHYDRATE = "Rehydrate from Archive storage"
_TRANSFER = "Transfer data from vault"
_SECOND_TASK = {
    restores.NEW_VM: "Create the restored virtual machine",
    restores.SAME_VM: "Update the virtual machine",
}


def restore_info(call: Call, job: Row[Any]) -> dict[str, Any]:
    """Return the extended info of a restore's job."""
    kind = job.detail["kind"]
    bag: dict[str, Any] = _BAGS[kind](call, job)
    return {
        "tasksList": _tasks(job, call.now),
        "propertyBag": {**bag, **_rehydration(job)},
        "internalPropertyBag": {"restoreLocationType": kind},
        **_progress(job, call.now),
    }


# --- how far it is -----------------------------------------------------------------------


def _tasks(job: Row[Any], now: int) -> list[dict[str, Any]]:
    detail = job.detail
    until = job.ended_at if job.ended_at is not None else now
    copied = until >= detail["copied_at"]
    status = Status.IN_PROGRESS if job.phase == Phase.CANCELLING else job.status
    second = _SECOND_TASK.get(detail["kind"])
    if _is_rehydrating(job, until):
        rehydrating = task(_REHYDRATE, job.started_at, job.ended_at, now, status)
        later = [_TRANSFER] if second is None else [_TRANSFER, second]
        return [rehydrating, *(task(name, None, None, now, "NotStarted") for name in later)]
    first_status = Status.COMPLETED if copied and (second or not job.error_code) else status
    first_ended = min(until, detail["copied_at"])
    tasks = [task(_TRANSFER, _began_at(job), first_ended, now, first_status)]
    moved = _gigabytes_moved(job, first_ended)
    if moved:
        tasks[0]["taskExecutionDetails"] = f"{moved} GBs / {detail['gigabytes']} GBs Transferred"
    if second is not None:
        began = detail["copied_at"] if copied else None
        second_status = status if copied else "NotStarted"
        tasks.append(task(second, began, job.ended_at, now, second_status))
    if "rehydration" in detail:
        began_at = detail["began_at"]
        tasks.insert(0, task(_REHYDRATE, job.started_at, began_at, now, Status.COMPLETED))
    return tasks


def _began_at(job: Row[Any]) -> int:
    """Return when the data began to be copied; jobs of older releases began at once."""
    began_at: int = job.detail.get("began_at", job.started_at)
    return began_at


def _is_rehydrating(job: Row[Any], until: int) -> bool:
    """Tell whether a job has come no further than its rehydration by an instant."""
    if "rehydration" not in job.detail:
        return False
    return until < _began_at(job) or job.ended_at == _began_at(job)


def _rehydration(job: Row[Any]) -> dict[str, str]:
    asked = job.detail.get("rehydration")
    if asked is None:
        return {}
    return {
        "Rehydration Priority": asked["priority"],
        "Rehydrated Recovery Point Retention": f"P{asked['days']}D",
    }


def _gigabytes_moved(job: Row[Any], until: int) -> int:
    length = max(job.detail["copied_at"] - _began_at(job), 1)
    moved: int = job.detail["gigabytes"] * (until - _began_at(job)) // length
    return moved


def _progress(job: Row[Any], now: int) -> dict[str, Any]:
    if job.status == Status.COMPLETED:
        return {"progressPercentage": 100.0, "estimatedRemainingDuration": "PT0S"}
    if job.phase not in _RUNNING:
        return {}
    whole = max(job.detail["ends_at"] - job.started_at, 1)
    done = 100 * (now - job.started_at) / whole
    return {
        "progressPercentage": min(max(round(done, 1), 1.0), 99.0),
        "estimatedRemainingDuration": iso_duration(job.detail["ends_at"] - now),
        "dynamicErrorMessage": "",
    }


# --- what it says ------------------------------------------------------------------------


def _disks_bag(call: Call, job: Row[Any]) -> dict[str, str]:
    # Recordings of disks have this very word where a restore of a VM has the VM's name.
    bag = {"Job Type": "Recover disks", "Target VM Name": "vmName", **_targets(job)}
    if job.status == Status.COMPLETED:
        bag |= _files(call, job)
        bag |= _selection(job)
    return bag


def _files(call: Call, job: Row[Any]) -> dict[str, str]:
    """Where the configuration and the template are; newer recordings call the latter otherwise."""
    container = container_of(call.rules.seed, job.job_id, job.entity_name)
    folder = f"{endpoint_of(call.base_url, _last_part(job.detail['storage_account']))}{container}"
    name = ids.guid(job.job_id)
    config = config_name(job.entity_name, name)
    template = f"{folder}/{template_name(name)}"
    return {
        "Config Blob Name": config,
        "Config Blob Container Name": container,
        "Config Blob Uri": f"{folder}/{config}",
        "Template Blob Uri": template,
        "Create VM Template Blob Uri": template,
    }


def _selection(job: Row[Any]) -> dict[str, str]:
    if "restored" not in job.detail:
        return {}
    return {
        "Restored disk(s)": "; ".join(job.detail["restored"]),
        "Backed-up disk(s)": "; ".join(job.detail["backed_up"]),
    }


def _new_vm_bag(_call: Call, job: Row[Any]) -> dict[str, str]:
    subnet = parse_subnet(job.detail["subnet"])
    assert subnet is not None, "it was read when the restore was triggered"
    return {
        "Job Type": "Recover VM to an alternate location",
        "Original VM Name": job.entity_name,
        "Target VM Name": _last_part(job.detail["target_vm"]),
        "Target VNet Name": f"Group {subnet[0].group} {subnet[0].name}",
        **_targets(job),
    }


def _same_vm_bag(_call: Call, job: Row[Any]) -> dict[str, str | None]:
    copies = job.phase == Phase.COPYING
    return {
        "Job Type": "Replace disks",
        "Target VM Name": None if copies else _last_part(job.detail["target_vm"]),
        **_targets(job),
    }


def _targets(job: Row[Any]) -> dict[str, str]:
    detail = job.detail
    bag = {
        "Target Storage Account Name": _last_part(detail["storage_account"]),
        # The blank at the end is the service's own.
        "Recovery point time ": human(detail["taken_at"]),
    }
    if detail["target_group"] is not None:
        bag["Target resource group"] = _last_part(detail["target_group"])
    return bag | {"VM Subscription ID": detail["source_id"].split("/")[2]}


def _last_part(resource_id: str) -> str:
    return resource_id.rpartition("/")[2]


_BAGS: Mapping[str, Callable[[Call, Row[Any]], Any]] = {
    restores.DISKS: _disks_bag,
    restores.NEW_VM: _new_vm_bag,
    restores.SAME_VM: _same_vm_bag,
}
