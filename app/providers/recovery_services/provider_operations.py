"""What can be done under Microsoft.RecoveryServices, as role definitions name it.

Both SDKs ask the one path; the list holds what is emulated.
"""

from __future__ import annotations

from typing import Any

from ...arm.calls import Call, endpoint
from ...arm.shapes import Shape

TAG = "Operations"

_ROWS = """
operations/read | Operations | List operations
locations/checkNameAvailability/action | Locations | Check whether a vault's name is free
locations/capabilities/action | Locations | Ask for the capabilities of a region
locations/backupStatus/action | Locations | Check the backup status of a resource
locations/backupValidateFeatures/action | Locations | Validate features
locations/backupPreValidateProtection/action | Locations | Validate protection before it is enabled
locations/operationStatus/read | Locations | Get the status of an operation
vaults/read | Vaults | Get vaults
vaults/write | Vaults | Create or update a vault
vaults/delete | Vaults | Delete a vault
vaults/operationStatus/read | Vaults | Get the status of an operation
vaults/operationResults/read | Vaults | Get the result of an operation
vaults/extendedInformation/read | Vaults | Get extended information
vaults/extendedInformation/write | Vaults | Create or update extended information
vaults/usages/read | Vaults | Get the usages of a vault
vaults/replicationUsages/read | Vaults | Get the replication usages of a vault
vaults/backupUsageSummaries/read | Vaults | Get usage summaries
vaults/backupconfig/read | Vault Config | Get the vault's configuration
vaults/backupconfig/write | Vault Config | Update the vault's configuration
vaults/backupstorageconfig/read | Vault Storage Config | Get the storage configuration
vaults/backupstorageconfig/write | Vault Storage Config | Update the storage configuration
vaults/backupEncryptionConfigs/read | Encryption Config | Get the encryption configuration
vaults/backupEncryptionConfigs/write | Encryption Config | Update the encryption configuration
vaults/backupSecurityPIN/action | Security PIN | Get a security PIN
vaults/backupResourceGuardProxies/read | Resource Guard Proxies | Get resource guard proxies
vaults/backupPolicies/read | Backup Policies | Get policies
vaults/backupPolicies/write | Backup Policies | Create or update a policy
vaults/backupPolicies/delete | Backup Policies | Delete a policy
vaults/backupProtectableItems/read | Protectable Items | Get what can be protected
vaults/backupProtectionContainers/read | Protection Containers | Get containers
vaults/backupFabrics/refreshContainers/action | Protection Containers | Discover containers
vaults/backupProtectedItems/read | Protected Items | Get protected items
vaults/backupFabrics/protectionContainers/protectedItems/read | Protected Items | Get an item
vaults/backupFabrics/protectionContainers/protectedItems/write | Protected Items | Protect an item
vaults/backupFabrics/protectionContainers/protectedItems/delete | Protected Items | Delete an item
vaults/backupFabrics/protectionContainers/protectedItems/backup/action | Backups | Back up an item
vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/read | Recovery Points | Get
vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/restore/action | Restores | Restore
vaults/backupValidateOperation/action | Restores | Validate an operation
vaults/backupJobs/read | Backup Jobs | Get jobs
vaults/backupJobs/cancel/action | Backup Jobs | Cancel a job
vaults/backupOperations/read | Backup Operations | Get the status of an operation
vaults/backupOperationResults/read | Backup Operations | Get the result of an operation
"""  # noqa: E501


@endpoint(
    "GET",
    "/providers/Microsoft.RecoveryServices/operations",
    "Operations_List",
    tag=TAG,
    answers=Shape.VALUES,
)
def list_(_call: Call) -> dict[str, Any]:
    """List what can be done under Microsoft.RecoveryServices."""
    return {"value": [_operation(line) for line in _ROWS.strip().splitlines()]}


def _operation(line: str) -> dict[str, Any]:
    name, resource, text = (part.strip() for part in line.split("|"))
    return {
        "name": f"Microsoft.RecoveryServices/{name}",
        "display": {
            "provider": "Microsoft Recovery Services",
            "resource": resource,
            "operation": text,
            "description": text,
        },
        "origin": "user",
    }


ENDPOINTS = (list_,)
