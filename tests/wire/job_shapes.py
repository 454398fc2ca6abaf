"""What jobs look like, kind by kind (azure-cli-wire 6)."""

from __future__ import annotations

from typing import Any

from tests.wire.shapes import (
    DURATION,
    GUID,
    INSTANT,
    MEGABYTES,
    SOME,
    VAULT_TYPE,
    Maybe,
    Text,
    resource,
)

JOB_TYPE = f"{VAULT_TYPE}/backupJobs"
TASK = {
    "taskId": SOME,
    "duration": DURATION,
    "status": Text("NotStarted|InProgress|Completed"),
    "taskType": Maybe("Normal"),
    "taskExecutionDetails": Maybe(SOME),
}


def vm_job(operation: str, bag: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the shape of a finished job of a VM, as a single one is read."""
    extended = {"tasksList": more.pop("tasks", []), "propertyBag": bag}
    extended |= more.pop("extended", {})
    properties = {
        "jobType": "AzureIaaSVMJob",
        "duration": DURATION,
        "backupManagementType": "AzureIaasVM",
        "operation": operation,
        "status": "Completed",
        "startTime": INSTANT,
        "endTime": INSTANT,
        "activityId": GUID,
        "entityFriendlyName": SOME,
        "containerName": SOME,
        "virtualMachineVersion": "Compute",
        "isUserTriggered": bool,  # differs: in the SDK, not in the recordings of VMs
        "extendedInfo": extended,
        **more,
    }
    return resource(JOB_TYPE, properties)


def listed(single: dict[str, Any]) -> dict[str, Any]:
    """Return the shape of the same job in a list, which leaves its extended information out."""
    properties = {
        name: part for name, part in single["properties"].items() if name != "extendedInfo"
    }
    return single | {"properties": properties}


NO_TASKS: list[Any] = [Text("no task is expected")]
CANCELLABLE = ["Cancellable"]
PROGRESS = {"progressPercentage": Maybe(float), "estimatedRemainingDuration": Maybe(DURATION)}
BACKUP = vm_job(
    "Backup",
    {
        "VM Name": SOME,
        "Recovery Point Expiry Time in UTC": Maybe(SOME),
        "Backup Size": MEGABYTES,
    },
    tasks=[TASK],
    extended={"internalPropertyBag": {"IsInstantRpJob": "True"}} | PROGRESS,
    actionsInfo=CANCELLABLE,
)
CONFIGURE = vm_job("ConfigureBackup", {"VM Name": SOME, "Policy Name": SOME}, tasks=NO_TASKS)
DISABLE = vm_job("DisableBackup", {"VM Name": SOME, "Policy Name": ""}, tasks=NO_TASKS)
DELETE = vm_job(
    "DeleteBackupData",
    {"VM Name": SOME, "Number of Recovery Points": Text(r"\d+")},
    tasks=NO_TASKS,
)
UNDELETE = vm_job("Undelete", {"VM Name": SOME, "Undelete flag": "True"}, tasks=NO_TASKS)
RESTORE_DISKS = vm_job(
    "Restore",
    {
        "Job Type": "Recover disks",
        "Target VM Name": "vmName",
        "Target Storage Account Name": SOME,
        "Recovery point time ": Text(r"\d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M"),
        "Config Blob Name": SOME,
        "Config Blob Container Name": SOME,
        "Config Blob Uri": Text("https?://.+"),
        "Template Blob Uri": Text("https?://.+"),
        # Differs: the recording of 2022 restored in its own group; these are later additions.
        "Create VM Template Blob Uri": Maybe(Text("https?://.+")),
        "Target resource group": Maybe(SOME),
        "VM Subscription ID": Maybe(SOME),
    },
    tasks=[TASK],
    extended={"internalPropertyBag": {"restoreLocationType": "RestoreDisks"}} | PROGRESS,
    actionsInfo=CANCELLABLE,
)
