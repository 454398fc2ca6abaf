"""What databases in VMs share, whatever server they are of: names, sizes, how they are shown.

Names are those of azure-backup-semantics 7.1, documents those of azure-cli-wire 7 and 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..domain import ids
from ..domain.documents import Document
from ..domain.instants import SECOND, wire
from ..domain.jobs import ERRORS, Operation, Status
from .workload import CrossRegion

MANAGEMENT_TYPE = "AzureWorkload"
CONTAINER_TYPE = "VMAppContainer"
CONTAINER_FORM = f"{CONTAINER_TYPE};Compute;<resource group>;<vm>"
RANGE_POINT = "DefaultRangeRecoveryPoint"
"""The name of the one recovery point that stands for all backups of a log."""

GIBIBYTE = 1 << 30
BYTES_PER_SECOND = 200_000_000
"""What a backup or a restore streams (Microsoft: about 200 MBps a database)."""
SET_UP_MIN = 20 * SECOND
SET_UP_SPREAD = 20 * SECOND
"""What the extension in the VM takes before and after the data flows."""
RECOVERING = 30 * SECOND
"""How long a database takes to come online once its data is back."""
CANCELLABLE = frozenset({Operation.BACKUP, Operation.RESTORE, Operation.CROSS_REGION_RESTORE})
"""The last only seems so (recordings): nothing in the secondary region cancels a job."""

_CONTAINER = re.compile(r"(?:vmappcontainer;)?compute;([^;/]+);([^;/]+)", re.IGNORECASE)
_LONGEST_NAME = 90


@dataclass(frozen=True, slots=True)
class DatabaseName:
    """A database as Azure Backup names it; ``kind`` is how names of its items begin.

    ``group`` and ``vm`` are spelled as they came, all names mean the same in any casing.
    """

    kind: str
    group: str
    vm: str
    instance: str
    database: str

    @property
    def short(self) -> str:
        """The ``containerName`` of items and jobs."""
        return f"compute;{self.group.lower()};{self.vm.lower()}"

    @property
    def item(self) -> str:
        """The protected item's name."""
        return f"{self.kind};{self.instance.lower()};{self.database.lower()}"

    @property
    def folded(self) -> str:
        """The item's name that is like no other in its vault: databases of two VMs share names."""
        return f"{self.item};{self.short}".lower()


def parse_container(text: str) -> str | None:
    """Return the canonical, lower-case name of a container, or ``None`` if the text is none."""
    match = _CONTAINER.fullmatch(text)
    return f"{CONTAINER_TYPE};compute;{match[1]};{match[2]}".lower() if match else None


def item_parser(kind: str) -> Callable[[str, str], str | None]:
    """Return what reads the names of items of a kind; a container tells those of two VMs apart."""
    pattern = re.compile(rf"(?:{kind};)([^;/]+);([^;/]{{1,{_LONGEST_NAME}}})", re.IGNORECASE)

    def parse(text: str, container: str) -> str | None:
        match = pattern.fullmatch(text)
        if match is None:
            return None
        return f"{kind};{match[1]};{match[2]};{container.partition(';')[2]}".lower()

    return parse


def source_id(vm_id: str, instance: str, database: str) -> str:
    """Return what names a database for good: it lies in its VM, as a resource would."""
    return f"{vm_id}/databases/{instance}/{database}"


def churn_bytes_per_second(used: int, entropy: int) -> int:
    """Return how fast a database changes: 2 to 10 % of what it holds, a day."""
    percent = 2 + (entropy // 36) % 9
    return max(used * percent // 100 // 86_400, 1)


def restore_micros(used: int) -> int:
    """Return how long the data of a restore takes to come back, in microseconds."""
    return SET_UP_MIN + used // BYTES_PER_SECOND * SECOND


def fingerprint(document: Document, at: int) -> str:
    """Return what a database held at an instant; one that was restored stands still."""
    restored: str | None = document.get("fingerprint")
    return restored if restored is not None else ids.fingerprint(document["origin"], at)


# --- how it is shown ---------------------------------------------------------------------


def server_of(container_name: str) -> str:
    """Return the server's name, which is its VM's."""
    return container_name.rpartition(";")[2]


def instance_of(item_name: str) -> str:
    """Return the instance in the name of an item."""
    return item_name.split(";")[1]


def item(parent_type: str) -> Callable[[Any, Document], Document]:
    """Return what makes what only the items of databases show."""

    def show(row: Any, _health: Document) -> Document:
        shown: Document = {
            # With its type, unlike those of VMs (recordings): az reads the type from it.
            "containerName": f"{CONTAINER_TYPE};{row.container_name}",
            "serverName": server_of(row.container_name),
            "parentName": instance_of(row.name),
            "parentType": parent_type,
            "protectedItemDataSourceId": str(row.entropy % 10**17),
            "protectedItemHealthStatus": _health_of(row),
            "lastBackupStatus": _last_status(row),
        }
        error = ERRORS.get(row.last_error) if row.last_error else None
        if error is not None:
            shown["lastBackupErrorDetail"] = {
                "code": error.title,
                "message": error.message,
                "recommendations": list(error.recommendations),
            }
        return shown

    return show


def _health_of(row: Any) -> str:
    if row.source_exists and not row.source_running:
        return "NotReachable"
    if row.last_backup_status == Status.FAILED:
        return "Unhealthy"
    return "Healthy" if row.latest_vaulted_at is not None else "IRPending"


def _last_status(row: Any) -> str:
    words = {"": "IRPending", Status.COMPLETED: "Healthy"}
    return words.get(row.last_backup_status, "Unhealthy")


def point(object_type: str) -> Callable[[Any, Any, Document], Document]:
    """Return what makes what only the recovery points of databases show."""

    def show(_item: Any, row: Any, told: Document) -> Document:
        readiness = {"recoveryPointMoveReadinessInfo": told["recoveryPointMoveReadinessInfo"]}
        shown: Document = {
            "objectType": object_type,
            "recoveryPointTimeInUTC": wire(row.taken_at),
            # Azure's word for both.
            "type": "Full" if row.backup_type == "CopyOnlyFull" else row.backup_type,
            "contentFingerprint": fingerprint(row.disks, row.taken_at),
            **readiness,
        }
        if "files" in row.disks:
            shown["extendedInfo"] = extended_info(row.disks["files"], row.taken_at)
        return shown

    return show


def extended_info(files: list[Document], at: int) -> Document:
    """Return what a point tells of the files that its database had at an instant."""
    return {"dataDirectoryTimeInUTC": wire(at), "dataDirectoryPaths": files}


def job(row: Any) -> Document:
    """What only the jobs of databases show."""
    shown: Document = {"workloadType": row.workload}
    if row.operation == Operation.BACKUP:
        shown["operation"] = f"{Operation.BACKUP} ({row.backup_type})"
    if row.operation in (Operation.BACKUP, Operation.CROSS_REGION_RESTORE):
        shown["entityFriendlyName"] = f"{row.entity_name} [{server_of(row.container_name)}]"
    return shown


def job_bag(_row: Any) -> Document:
    """Jobs of databases tell no names in their bag."""
    return {}


def backup_info(info: Document) -> Document:
    """The tasks of such jobs have a name and a status, and no more."""
    tasks = [{name: task[name] for name in ("taskId", "status")} for task in info["tasksList"]]
    return info | {"tasksList": tasks}


# --- in the secondary region -------------------------------------------------------------


def cross_region(kind: str) -> CrossRegion:
    """Return how databases of a kind of server are restored in the secondary region (recordings).

    ``kind`` is Azure's other word for the workload.
    """

    def details(item: Any, _point: Any, told: Document, policy: str) -> Document:
        return {
            "protectableObjectUniqueName": f"{instance_of(item.name)}/{item.friendly_name}",
            "protectableObjectFriendlyName": item.friendly_name,
            "protectableObjectWorkloadType": kind,
            "protectableObjectProtectionState": item.state,
            "protectableObjectContainerHostOsName": server_of(item.container_name),
            "protectableObjectParentLogicalContainerName": item.source_id,
            "containerId": str(told["protectionContainerId"]),
            "coordinatorServiceStampId": ids.guid(ids.md5_hex(told["coordinatorServiceStampUri"])),
            "policyName": policy,
            "policyId": ids.guid(ids.md5_hex(f"policy/{item.policy_key}")),
            "rpOriginalSAOption": False,
            "rpIsManagedVirtualMachine": False,
        }

    return CrossRegion(
        "WorkloadCrrAccessToken",
        "WkloadCoord",
        "wbcm1",
        details,
        {"crossRegionRestoreState": "Supported"},
    )
