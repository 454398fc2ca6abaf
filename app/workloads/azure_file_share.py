"""Azure file shares as a workload: names, how long their backups take, how the wire shows them.

Names are those of azure-cli-wire 3 and terraform-wire 2.8, documents those of Microsoft's REST
walkthroughs ("Backup Azure Files using Azure Backup via REST API").
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from ..domain.documents import Document
from ..domain.instants import SECOND, wire
from ..domain.jobs import SHARE_NOT_FOUND, Operation
from ..domain.policies import FILE_SHARE
from ..domain.resource_ids import SHARE_TYPE
from .workload import Timing, Workload

CONTAINER_TYPE = "StorageContainer"
GIBIBYTE = 1 << 30

_CONTAINER = re.compile(r"(?:storagecontainer;)?storage;([^;/]+);([^;/]+)", re.IGNORECASE)
_ITEM = re.compile(r"(?:azurefileshare;)?([0-9a-f]{64})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AccountName:
    """A storage account as Azure Backup names it: its resource group and its name, as spelled."""

    group: str
    account: str

    @property
    def container(self) -> str:
        """The protection container's name."""
        return f"{CONTAINER_TYPE};Storage;{self.group};{self.account}"


def parse_account(text: str) -> AccountName | None:
    """Read a container's name as clients spell it, or ``None`` if it is none."""
    match = _CONTAINER.fullmatch(text)
    return AccountName(*match.groups()) if match else None


def parse_container(text: str) -> str | None:
    """Return the canonical, lower-case name of a container, or ``None`` if the text is none."""
    name = parse_account(text)
    return name.container.lower() if name else None


def parse_item(text: str, _container: str) -> str | None:
    """Return the canonical, lower-case name of an item, or ``None`` if the text is none."""
    match = _ITEM.fullmatch(text)
    return f"azurefileshare;{match[1].lower()}" if match else None


@dataclass(frozen=True, slots=True)
class ShareName:
    """A share as Azure Backup names it: its account, and the id that it has."""

    account: AccountName
    share_id: str

    @property
    def short(self) -> str:
        """The ``containerName`` of items and jobs."""
        return self.account.container.partition(";")[2]

    @property
    def item(self) -> str:
        """The protected item's name: a hash that only the share's id makes."""
        digits = hashlib.sha256(self.share_id.lower().encode()).hexdigest()
        return f"AzureFileShare;{digits}"

    @property
    def folded(self) -> str:
        """The lower-case name that is like no other in a vault."""
        return self.item.lower()


def used_bytes(quota_gb: int, entropy: int) -> int:
    """Return how much of a share is in use: 5 to 40 % of its quota, but for what is huge."""
    percent = 5 + entropy % 36
    return min(quota_gb, 1024) * GIBIBYTE * percent // 100


def churn_bytes_per_second(used: int, entropy: int) -> int:
    """Return how fast a share's content changes: 1 to 5 % of what is used, a day."""
    percent = 1 + (entropy // 36) % 5
    return max(used * percent // 100 // 86_400, 1)


# --- how it is shown ---------------------------------------------------------------------


def _item(_item: Any, _health: Document) -> Document:
    """What only the items of shares show."""
    return {"fileShareProtocol": "SMB"}


def _item_info(item: Any, now: int) -> Document:
    """What only the extended information of such items shows."""
    return {
        "policyState": "Consistent",
        "resourceState": "Active" if item.deleted_at is None else "SoftDeleted",
        "resourceStateSyncTime": wire(item.created_at if item.deleted_at is None else now),
    }


def _point(_item: Any, point: Any, _told: Document) -> Document:
    """What only the recovery points of shares show; ``point.disks`` is the share as it was."""
    shown = {
        "objectType": "AzureFileShareRecoveryPoint",
        "recoveryPointType": point.consistency,
        "recoveryPointTime": wire(point.taken_at),
        "recoveryPointSizeInGB": max(-(-point.disks["usedBytes"] // GIBIBYTE), 1),
    }
    if point.snapshot_valid:
        taken = wire(point.taken_at)
        shown["fileShareSnapshotUri"] = f"{point.disks['uri']}?sharesnapshot={taken}"
    return shown


def _account_of(container_name: str) -> str:
    return container_name.rpartition(";")[2]


def _job(job: Any) -> Document:
    """What only the jobs of shares show; the service has two words for the kind of account."""
    backup = job.operation == Operation.BACKUP
    return {
        "storageAccountName": _account_of(job.container_name),
        "storageAccountVersion": "MicrosoftStorage" if backup else "Storage",
    }


def _job_bag(job: Any) -> Document:
    return {
        "File Share Name": job.entity_name,
        "Storage Account Name": _account_of(job.container_name),
    }


def _backup_info(info: Document) -> Document:
    """The tasks of such jobs have a name and a status, and no more."""
    tasks = [{name: task[name] for name in ("taskId", "status")} for task in info["tasksList"]]
    return info | {"tasksList": tasks}


AZURE_FILE_SHARE = Workload(
    name=FILE_SHARE,
    title="file share",
    management_type="AzureStorage",
    item_type="AzureFileShareProtectedItem",
    item_types=("AzureFileShareProtectedItem",),
    job_type="AzureStorageJob",
    backup_request="AzureFileShareBackupRequest",
    restore_request="AzureFileShareRestoreRequest",
    source_type=SHARE_TYPE,
    container_types=(CONTAINER_TYPE,),
    container_form=f"{CONTAINER_TYPE};Storage;<resource group>;<storage account>",
    item_form="azurefileshare;<64 hexadecimal digits>, the name of a protectable item",
    parse_container=parse_container,
    parse_item=parse_item,
    registered=True,
    always_vaulted=False,
    in_collections=False,
    archived=False,
    restored=False,
    cancellable=frozenset({Operation.RESTORE}),
    gone=SHARE_NOT_FOUND,
    # Recordings of backups take 28 to 30 seconds, those of the protection of a share 43 to 63.
    timing=Timing(snapshot_min=25 * SECOND, snapshot_spread=10 * SECOND),
    item=_item,
    item_info=_item_info,
    point=_point,
    job=_job,
    job_bag=_job_bag,
    backup_info=_backup_info,
)
