"""Azure VMs as a workload: names, how long their backups take, and how the wire shows them.

Names are those of azure-backup-semantics 3.1; the duration model is its section 2.5, the
documents are those of azure-cli-wire 5 and 6.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..domain import disk_selection, ids
from ..domain.documents import Document
from ..domain.instants import MINUTE, SECOND, wire
from ..domain.jobs import VM_NOT_FOUND, Operation
from ..domain.policies import VM
from ..domain.resource_ids import VM_TYPE
from .workload import CrossRegion, Timing, Workload

WORKLOAD_TYPE = VM
BACKUP_MANAGEMENT_TYPE = "AzureIaasVM"
PROTECTED_ITEM_TYPE = VM_TYPE

STANDARD = "Standard"
TRUSTED_LAUNCH = "TrustedLaunch"
CONFIDENTIAL = "ConfidentialVM"
SCRIPTS_TAG = "rsvault-pre-post-scripts"
"""The tag of a VM whose guest has pre- and post-scripts; on Azure only the guest knows."""

_METADATA = (
    'IaaSVMRecoveryPointMetadataBase xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    'i:type="IaaSVMRecoveryPointMetadata_V2015_09" '
    'xmlns="http://windowscloudbackup.com/CloudCommon/V2011_09"'
)
_CONTAINER = re.compile(r"(?:iaasvmcontainer;)?iaasvmcontainerv2;([^;/]+);([^;/]+)", re.IGNORECASE)
_ITEM = re.compile(r"(?:vm;)?iaasvmcontainerv2;([^;/]+);([^;/]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VmName:
    """A VM as Azure Backup names it: resource group and VM, folded to lower case."""

    group: str
    vm: str

    @property
    def short(self) -> str:
        """The ``containerName`` of items and jobs."""
        return f"iaasvmcontainerv2;{self.group};{self.vm}"

    @property
    def container(self) -> str:
        """The protection container's name."""
        return f"IaasVMContainer;{self.short}"

    @property
    def item(self) -> str:
        """The protected item's name."""
        return f"VM;{self.short}"

    @property
    def folded(self) -> str:
        """The lower-case name that is like no other in a vault."""
        return self.item.lower()


def name_of(group: str, vm: str) -> VmName:
    """Return the backup name of a VM; a case-only rename is the same VM."""
    return VmName(group.lower(), vm.lower())


def parse_container(text: str) -> VmName | None:
    """Read a container name as clients spell it, or ``None`` if it is none."""
    match = _CONTAINER.fullmatch(text)
    return name_of(*match.groups()) if match else None


def parse_item(text: str) -> VmName | None:
    """Read a protected item's name as clients spell it, or ``None`` if it is none."""
    match = _ITEM.fullmatch(text)
    return name_of(*match.groups()) if match else None


def has_scripts(os_type: str, tags: Mapping[str, str]) -> bool:
    """Tell whether a guest has scripts that make its snapshots application-consistent.

    Windows has VSS instead. Names of tags are the same in any casing.
    """
    folded = {name.lower(): value for name, value in tags.items()}
    return os_type == "Linux" and folded.get(SCRIPTS_TAG, "").lower() == "true"


SNAPSHOT_MIN = 3 * MINUTE
"""A snapshot takes minutes (the recordings: up to 7.5)."""
SNAPSHOT_SPREAD = 4 * MINUTE
TAKEN_AFTER = 5 * SECOND
"""recoveryPointTime lies about five seconds after the job's start (recordings)."""
FULL_BYTES_PER_SECOND = 160_000_000 // 8
"""160 Mbps for the first, full transfer (Microsoft's planning figure)."""
INCREMENTAL_BYTES_PER_SECOND = 640_000_000 // 8
"""640 Mbps for incremental transfers (Microsoft's planning figure)."""
FULL_MIN = 30 * MINUTE
INCREMENTAL_MIN = 10 * MINUTE
RESTORE_BYTES_PER_SECOND = 60_000_000
"""The recordings restored 127 GB from the vault in 40 minutes."""
RESTORE_MIN = 10 * MINUTE
INSTANT_RESTORE_MIN = 4 * MINUTE
"""A restore from the snapshot tier copies nothing from the vault."""
PREPARE_FILE_RECOVERY = 2 * MINUTE
"""How long it takes until a recovery point can be mounted (no source tells)."""
BUILD_VM = 6 * MINUTE
"""How long a VM takes to be built, or to be given other disks (the recordings: up to 20 min)."""

GIBIBYTE = 1 << 30


def used_bytes(disk_sizes_gb: list[int], entropy: int) -> int:
    """Return how much of a VM's disks is in use: 25 to 60 % of what was provisioned."""
    percent = 25 + entropy % 36
    return sum(disk_sizes_gb) * GIBIBYTE * percent // 100


def churn_bytes_per_second(used: int, entropy: int) -> int:
    """Return how fast a VM's content changes: 1 to 5 % of what is used, a day."""
    percent = 1 + (entropy // 36) % 5
    return max(used * percent // 100 // 86_400, 1)


def restore_micros(used: int, *, from_snapshot: bool) -> int:
    """Return how long a restore of disks takes, in microseconds."""
    if from_snapshot:
        return INSTANT_RESTORE_MIN + (used // GIBIBYTE) * SECOND // 4
    return max(RESTORE_MIN, used // RESTORE_BYTES_PER_SECOND * SECOND)


# --- how it is shown ---------------------------------------------------------------------


def _container_name(text: str) -> str | None:
    name = parse_container(text)
    return name.container.lower() if name else None


def _item_name(text: str, container: str) -> str | None:
    name = parse_item(text)
    return name.item.lower() if name and name.container.lower() == container else None


def _item(item: Any, health: Document) -> Document:
    """What only the items of VMs show."""
    shown: Document = {
        **health,
        "virtualMachineId": item.source_id,
        "protectedItemDataId": str(item.entropy % 10**17),
        "policyType": item.policy_type,
    }
    extended: Document = {}
    if item.exclusion is not None:
        extended["diskExclusionProperties"] = item.exclusion
    if item.source_os == "Linux":
        extended["linuxVmApplicationName"] = ""
    if extended:
        shown["extendedProperties"] = extended
    return shown


def _item_info(_item: Any, _now: int) -> Document:
    return {"policyInconsistent": False}


def _point(_item: Any, point: Any, told: Document) -> Document:
    """What only the recovery points of VMs show."""
    shown = told | {
        "objectType": "IaasVMRecoveryPoint",
        "recoveryPointAdditionalInfo": "",
        "sourceVMStorageType": _storage(point),
        "isSourceVMEncrypted": False,
        "isManagedVirtualMachine": True,
        "virtualMachineSize": point.vm_size,
        "originalStorageAccountOption": False,
        "recoveryPointType": point.consistency,
        "recoveryPointTime": wire(point.taken_at),
        "osType": point.disks["os"],
        "securityType": point.disks.get("security", "None"),
        "recoveryPointDiskConfiguration": _disks(point),
        "isPrivateAccessEnabledOnAnyDisk": disk_selection.is_any_private(point.disks["disks"]),
        "createdWithPolicyType": point.policy_type,
    }
    if "zone" in point.disks:
        shown["zones"] = [point.disks["zone"]]
    return shown


def _storage(point: Any) -> str:
    """The kind of storage that the VM was on, in the service's words."""
    premium = {disk["sku"].startswith("Premium") for disk in point.disks["disks"]}
    if premium == {True}:
        return "PremiumStorage"
    return "PremiumVMOnPartialPremiumStorage" if True in premium else "NormalStorage"


def _disks(point: Any) -> Document:
    """The disks in the backup; each with the fingerprint of its content at that instant."""
    disks = point.disks["disks"]
    included = disk_selection.included(disks)
    return {
        "numberOfDisksIncludedInBackup": len(included),
        "numberOfDisksAttachedToVm": len(disks),
        "includedDiskList": [
            {
                "lun": disk["lun"],
                "name": disk["name"],
                "contentFingerprint": fingerprint(disk, point.taken_at),
            }
            for disk in included
        ],
        "excludedDiskList": [
            {"lun": disk["lun"], "name": disk["name"]} for disk in disk_selection.excluded(disks)
        ],
    }


def fingerprint(disk: Document, taken_at: int) -> str:
    """Return what a backed-up disk held; a static one held the same since it became so."""
    at = taken_at if disk["content_at"] is None else disk["content_at"]
    return ids.fingerprint(disk["origin"], at)


def _job(job: Any) -> Document:
    return {"containerName": job.container_name, "virtualMachineVersion": "Compute"}


def _job_bag(job: Any) -> Document:
    return {"VM Name": job.entity_name}


def _backup_info(info: Document) -> Document:
    return info | {"internalPropertyBag": {"IsInstantRpJob": "True"}}


def _access(_item: Any, point: Any, _told: Document, _policy: str) -> Document:
    """What only access tokens of VMs say, in the service's own words and markup."""
    size, tiers = point.vm_size, {"HardenedRP": "Valid"}
    if point.snapshot_valid:
        tiers = {"InstantRP": "Valid"} | tiers
    told = {
        "MetadataVersion": "V2015_09",
        "IsBlockBlobEnabled": "true",
        "IsManagedVirtualMachine": "true",
        "OriginalSAOption": "false",
        "OsType": point.disks["os"],
        "RecoveryPointConsistencyType": point.consistency,
        "SourceIaaSVMStorageType": _storage(point),
        "VMSizeDescription": size,
    }
    members = "".join(
        f"<{name}>{html.escape(text, quote=False)}</{name}>" for name, text in told.items()
    )
    return {
        "tokenExtendedInformation": f"<{_METADATA}>{members}</IaaSVMRecoveryPointMetadataBase>",
        "rpTierInformation": tiers,
        "rpOriginalSAOption": False,
        "rpIsManagedVirtualMachine": True,
        "rpVMSizeDescription": size,
    }


AZURE_VM = Workload(
    name=WORKLOAD_TYPE,
    title="virtual machine",
    management_type=BACKUP_MANAGEMENT_TYPE,
    item_type=PROTECTED_ITEM_TYPE,
    item_types=(PROTECTED_ITEM_TYPE, "AzureIaaSVMProtectedItem"),
    job_type="AzureIaaSVMJob",
    backup_request="IaasVMBackupRequest",
    restore_request="IaasVMRestoreRequest",
    source_type=VM_TYPE,
    container_types=("IaasVMContainer", PROTECTED_ITEM_TYPE),
    container_form="IaasVMContainer;iaasvmcontainerv2;<resource group>;<vm>",
    item_form="VM;iaasvmcontainerv2;<resource group>;<vm>",
    parse_container=_container_name,
    parse_item=_item_name,
    registered=False,
    always_vaulted=True,
    in_collections=True,
    archived=True,
    restored=True,
    cancellable=frozenset({Operation.BACKUP, *Operation.RESTORES_HERE}),
    gone=VM_NOT_FOUND,
    timing=Timing(SNAPSHOT_MIN, SNAPSHOT_SPREAD),
    item=_item,
    item_info=_item_info,
    point=_point,
    job=_job,
    job_bag=_job_bag,
    backup_info=_backup_info,
    cross_region=CrossRegion("CrrAccessToken", "IaasCoord", "coord1", _access),
)
