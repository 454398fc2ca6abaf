"""What the service's answers look like: keys and types, as recorded (azure-cli-wire 4 to 6).

A shape is a dictionary of keys and shapes, a list of one shape for each element, a type that
tests a leaf, or a string that a leaf equals. ``differences`` names every key that is missing,
unknown or of another kind; keys in ``Maybe`` may be missing. "Differs" marks the few places where
the product is not as recorded, with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Text:
    """A string of a pattern."""

    pattern: str


@dataclass(frozen=True)
class Maybe:
    """A key that may be missing."""

    shape: Any


ANY = Text(r".*")
SOME = Text(r".+")
GUID = Text(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = Text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z")
UNZONED = Text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?")
DURATION = Text(r"PT(\d+H)?(\d+M)?(\d+(\.\d+)?S)?")
DIGITS = Text(r"\d+")
MEGABYTES = Text(r"\d+ MB")


def differences(shape: Any, found: Any, path: str = "") -> list[str]:
    """Name every place where what was found is not of a shape."""
    if isinstance(shape, Maybe):
        return differences(shape.shape, found, path)
    if isinstance(shape, dict):
        return _in_object(shape, found, path)
    if isinstance(shape, list):
        if not isinstance(found, list):
            return [f"{path} is no list: {found!r}"]
        elements = enumerate(found)
        return [
            line for n, each in elements for line in differences(shape[0], each, f"{path}[{n}]")
        ]
    return [] if _fits(shape, found) else [f"{path}: {found!r} is not {shape}"]


def _in_object(shape: dict[str, Any], found: Any, path: str) -> list[str]:
    if not isinstance(found, dict):
        return [f"{path} is no object: {found!r}"]
    needed = {name for name, part in shape.items() if not isinstance(part, Maybe)}
    lines = [f"{path}.{name} is missing" for name in sorted(needed - set(found))]
    lines += [f"{path}.{name} is unknown" for name in sorted(set(found) - set(shape))]
    for name in sorted(set(found) & set(shape)):
        lines += differences(shape[name], found[name], f"{path}.{name}")
    return lines


def _fits(shape: Any, found: Any) -> bool:
    if isinstance(shape, Text):
        return isinstance(found, str) and re.fullmatch(shape.pattern, found) is not None
    if isinstance(shape, type):
        return type(found) is shape
    return bool(found == shape and type(found) is type(shape))


def resource(kind: str, properties: Any, **more: Any) -> dict[str, Any]:
    """Return the shape of a resource of Azure Backup: four keys and its properties."""
    return {"id": SOME, "name": SOME, "type": kind, "properties": properties, **more}


VAULT_TYPE = "Microsoft.RecoveryServices/vaults"
VAULT = resource(
    VAULT_TYPE,
    {
        "provisioningState": "Succeeded",
        "privateEndpointStateForBackup": "None",
        "privateEndpointStateForSiteRecovery": "None",
        "monitoringSettings": {
            "azureMonitorAlertSettings": {
                "alertsForAllJobFailures": "Enabled",
                "alertsForAllReplicationIssues": "Enabled",
                "alertsForAllFailoverIssues": "Enabled",
            },
            "classicAlertSettings": {
                "alertsForCriticalOperations": "Disabled",
                "emailNotificationsForSiteRecovery": "Disabled",
            },
        },
        "costManagementSettings": {"granularityLevel": SOME},
        "backupStorageVersion": Text("Unassigned|V2"),
        "securitySettings": {
            "softDeleteSettings": {
                "softDeleteRetentionPeriodInDays": int,
                "softDeleteState": "AlwaysON",
                "enhancedSecurityState": "AlwaysON",
            },
            "multiUserAuthorization": "Disabled",
            "sourceScanConfiguration": {"state": "Disabled"},
        },
        "redundancySettings": {
            "standardTierStorageRedundancy": "GeoRedundant",
            "crossRegionRestore": "Disabled",
        },
        "regionOfChoiceSettings": {"status": "Disabled"},
        "secureScore": "Adequate",
        "bcdrSecurityLevel": "Good",
        "publicNetworkAccess": "Enabled",
        "restoreSettings": {
            "crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": "Enabled"}
        },
    },
    location="westeurope",
    etag=Text(r"W/\"datetime'.+%3A.+Z'\""),
    sku={"name": "Standard"},
)
VAULT_CONFIG = resource(
    f"{VAULT_TYPE}/backupconfig",
    {
        "enhancedSecurityState": "AlwaysON",
        "softDeleteFeatureState": "AlwaysON",
        "softDeleteRetentionPeriodInDays": Maybe(int),
        "isSoftDeleteFeatureStateEditable": True,
    },
)
ENCRYPTION_CONFIG = resource(
    f"{VAULT_TYPE}/backupEncryptionConfigs",
    {
        "useSystemAssignedIdentity": True,
        "encryptionAtRestType": "MicrosoftManaged",
        "lastUpdateStatus": "NotEnabled",
        "infrastructureEncryptionState": "Disabled",
    },
)
DURATION_OF_DAYS = {"count": int, "durationType": "Days"}
DAILY_RETENTION = {
    "retentionPolicyType": "LongTermRetentionPolicy",
    "dailySchedule": {"retentionTimes": [INSTANT], "retentionDuration": DURATION_OF_DAYS},
}
# Differs: recorded policies of 2022 have none; today's say so where nothing is tiered.
NO_TIERING = {"ArchivedRP": {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}}
POLICY_TYPE = f"{VAULT_TYPE}/backupPolicies"
STANDARD_POLICY = resource(
    POLICY_TYPE,
    {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V1",
        "instantRPDetails": {},
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": [INSTANT],
            "scheduleWeeklyFrequency": 0,
        },
        "retentionPolicy": DAILY_RETENTION,
        "instantRpRetentionRangeInDays": 2,
        "tieringPolicy": NO_TIERING,
        "timeZone": "UTC",
        "protectedItemsCount": int,
    },
)
ENHANCED_POLICY = resource(
    POLICY_TYPE,
    {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2",
        "instantRPDetails": {},
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": {
                "interval": 4,
                "scheduleWindowStartTime": INSTANT,
                "scheduleWindowDuration": 12,
            },
        },
        "retentionPolicy": DAILY_RETENTION,
        "instantRpRetentionRangeInDays": 2,
        "tieringPolicy": NO_TIERING,
        "timeZone": "UTC",
        "protectedItemsCount": int,
    },
)
VM_TYPE = "Microsoft.Compute/virtualMachines"
CONTAINER = resource(
    f"{VAULT_TYPE}/backupFabrics/protectionContainers",
    {
        "virtualMachineId": SOME,
        "virtualMachineVersion": "Compute",
        "resourceGroup": SOME,
        "friendlyName": SOME,
        "backupManagementType": "AzureIaasVM",
        "registrationStatus": "Registered",
        "healthStatus": "Healthy",
        "containerType": VM_TYPE,
        "protectableObjectType": VM_TYPE,
    },
)
PROTECTABLE_ITEM = resource(
    f"{VAULT_TYPE}/backupFabrics/protectionContainers/protectableItems",
    {
        "virtualMachineId": SOME,
        "virtualMachineVersion": "Compute",
        "resourceGroup": SOME,
        "backupManagementType": "AzureIaasVM",
        "protectableItemType": VM_TYPE,
        "friendlyName": SOME,
        "protectionState": "NotProtected",
        "workloadType": Maybe("VM"),
    },
)
KPI = {
    "resourceHealthStatus": "Healthy",
    "resourceHealthDetails": [
        {"code": 0, "title": "Success", "message": "", "recommendations": [SOME]}
    ],
}
ITEM_PROPERTIES: dict[str, Any] = {
    "friendlyName": SOME,
    "virtualMachineId": SOME,
    "sourceResourceId": SOME,
    "protectionStatus": "Healthy",
    "protectionState": "IRPending",
    "healthStatus": "Passed",
    "lastBackupStatus": "",
    "lastBackupTime": "2001-01-01T00:00:00Z",
    "protectedItemDataId": DIGITS,
    "extendedProperties": {"linuxVmApplicationName": ""},
    "policyId": SOME,
    "policyName": SOME,
    "policyType": Text("V1|V2"),
    # Differs: recorded as an absolute URL; bodies must not depend on the server's port.
    "vaultId": Text(r"/subscriptions/.+"),
    "isArchiveEnabled": False,
    # Differs: recorded as softDeleteRetentionPeriod, which no SDK reads.
    "softDeleteRetentionPeriodInDays": 0,
    # Differs: recorded only where it is asked for; the SDKs' users look for its count.
    "extendedInfo": {
        "recoveryPointCount": int,
        "policyInconsistent": False,
        "oldestRecoveryPoint": Maybe(INSTANT),
        "oldestRecoveryPointInVault": Maybe(INSTANT),
    },
    "protectedItemType": VM_TYPE,
    "backupManagementType": "AzureIaasVM",
    "workloadType": "VM",
    "containerName": SOME,
    # Of 2026: recorded of databases.
    "sourceLocation": SOME,
    "sourceSideScanInfo": {
        "sourceSideScanStatus": Text("Configured|NotConfigured"),
        "sourceSideScanSummary": "Unknown",
    },
}
ITEM_TYPE = f"{VAULT_TYPE}/backupFabrics/protectionContainers/protectedItems"
NEW_ITEM = resource(ITEM_TYPE, ITEM_PROPERTIES)
BACKED_UP = {
    "protectionState": "Protected",
    "healthDetails": [
        {
            "code": 400239,
            "title": "IaasVmHealthGreenDefault",
            "message": SOME,
            "recommendations": [SOME],
        }
    ],
    "kpisHealths": {"BackupOperationStatusKPI": KPI, "RestoreOperationStatusKPI": Maybe(KPI)},
    "lastBackupStatus": "Completed",
    "lastBackupTime": INSTANT,
    "lastRecoveryPoint": INSTANT,
}
BACKED_UP_ITEM = resource(ITEM_TYPE, ITEM_PROPERTIES | BACKED_UP)
SOFT_DELETED = {
    "protectionState": "ProtectionStopped",
    "policyId": "",
    "policyName": "",
    "softDeleteRetentionPeriodInDays": 14,
    "isScheduledForDeferredDelete": True,
    "deferredDeleteTimeInUTC": INSTANT,
    "deferredDeleteTimeRemaining": Text(r"\d+\.\d\d:\d\d:\d\d(\.\d{7})?"),
    "isDeferredDeleteScheduleUpcoming": Maybe(False),
}
SOFT_DELETED_ITEM = resource(ITEM_TYPE, ITEM_PROPERTIES | BACKED_UP | SOFT_DELETED)
POINT_PROPERTIES: dict[str, Any] = {
    "objectType": "IaasVMRecoveryPoint",
    "recoveryPointType": Text("AppConsistent|FileSystemConsistent|CrashConsistent"),
    "recoveryPointTime": INSTANT,
    "recoveryPointAdditionalInfo": "",
    "sourceVMStorageType": SOME,
    "isSourceVMEncrypted": False,
    "isInstantIlrSessionActive": False,
    "recoveryPointTierDetails": [{"type": SOME, "status": SOME}],
    "isManagedVirtualMachine": True,
    "virtualMachineSize": SOME,
    "originalStorageAccountOption": False,
    "osType": "Linux",
    "recoveryPointMoveReadinessInfo": {
        "ArchivedRP": {"isReadyForMove": bool, "additionalInfo": ANY}
    },
    "securityType": Maybe("None"),
    "isPrivateAccessEnabledOnAnyDisk": Maybe(False),
    "createdWithPolicyType": Maybe(SOME),
    "recoveryPointDiskConfiguration": Maybe(dict),
}
NEW_POINT = resource(f"{ITEM_TYPE}/recoveryPoints", POINT_PROPERTIES)
AGED_POINT = resource(
    f"{ITEM_TYPE}/recoveryPoints",
    POINT_PROPERTIES
    | {
        "recoveryPointProperties": {
            "expiryTime": UNZONED,
            "ruleName": "Daily",
            "isSoftDeleted": False,
        }
    },
)
OPERATION = {
    "id": GUID,
    "name": GUID,
    "status": "Succeeded",
    "startTime": INSTANT,
    "endTime": INSTANT,
    "properties": {"objectType": "OperationStatusJobExtendedInfo", "jobId": GUID},
}
RUNNING_OPERATION = {
    "id": GUID,
    "name": GUID,
    "status": "InProgress",
    "startTime": INSTANT,
    "endTime": "0001-01-01T00:00:00",
}
VAULT_OPERATION = {"id": SOME, "name": SOME, "status": "Succeeded"}
NOT_PROTECTED = {
    "protectionStatus": "NotProtected",
    "fabricName": "Azure",
    "containerName": Text("[^A-Z]+"),
    "protectedItemName": Text("[^A-Z]+"),
    "protectedItemsCount": 0,
}
