"""The world that the explorer's examples speak of: run from the top, they succeed as they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..domain.tenancy import TENANT_ID

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group-1"
VM_ID = f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachines/vm-1"
VAULT_ID = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults/vault-1"
STORAGE_ID = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/staging"
NETWORK_ID = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/network-1"
DISK_ID = f"{GROUP_ID}/providers/Microsoft.Compute/disks/disk-1"
KEY_VAULT_ID = f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/vault-1"
POLICY_ID = f"{VAULT_ID}/backupPolicies/DefaultPolicy"
GUARD_ID = f"{GROUP_ID}/providers/Microsoft.DataProtection/resourceGuards/guard-1"

PARAMETERS: Mapping[str, str] = {
    "tenant": TENANT_ID,
    "scope": GROUP_ID.strip("/"),
    "roleAssignmentName": "33333333-3333-3333-3333-333333333333",
    "roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "username": "user@rsvault.onmicrosoft.com",
    "subscriptionId": SUBSCRIPTION,
    "resourceGroupName": "group-1",
    "sourceResourceGroupName": "group-1",
    "resourceProviderNamespace": "Microsoft.RecoveryServices",
    "vaultName": "vault-1",
    "worldName": "begun",
    "fabricName": "Azure",
    "policyName": "DefaultPolicy",
    "vmName": "vm-1",
    "sqlVirtualMachineName": "vm-1",
    "diskName": "disk-1",
    "accountName": "staging",
    "virtualNetworkName": "network-1",
    "subnetName": "default",
    "networkInterfaceName": "interface-1",
    "networkSecurityGroupName": "guard-1",
    "securityRuleName": "allow-ssh",
    "defaultSecurityRuleName": "DenyAllInBound",
    "publicIpAddressName": "address-1",
    "privateEndpointName": "endpoint-1",
    "snapshotName": "snapshot-1",
    "availabilitySetName": "set-1",
    "diskEncryptionSetName": "encryption-1",
    "resourceName": "identity-1",
    "resourceGuardsName": "guard-1",
    "requestName": "default",
    "actionGroupName": "oncall-1",
    "alertProcessingRuleName": "rule-1",
    "keyName": "key-1",
    "operationKind": "add",
    "managementPolicyName": "default",
    "publisherName": "Canonical",
    "offer": "ubuntu-24_04-lts",
    "skus": "server",
    "imageVersion": "latest",
    "vmExtensionName": "extension-1",
    "shareName": "share-1",
    "blobContainerName": "container-1",
    "lockName": "lock-1",
    "lockedNamespace": "Microsoft.Compute",
    "lockedType": "disks",
    "lockedName": "disk-1",
    "childType": "parts",
    "anyNamespace": "Contoso.Things",
    "anyType": "things",
    "anyName": "thing-1",
    "anyChildType": "parts",
    "anyChildName": "part-1",
    "childName": "part-1",
    "containerName": "IaasVMContainer;iaasvmcontainerv2;group-1;vm-1",
    "protectedItemName": "VM;iaasvmcontainerv2;group-1;vm-1",
    "azureRegion": "westeurope",
    "location": "westeurope",
    "resourceGuardProxyName": "VaultProxy",
    "privateEndpointConnectionName": "connection-1",
    "privateLinkResourceName": "backupResource",
    "certificateName": "certificate-1",
    "identityName": "server-1",
    "backupEngineName": "server-1",
    "intentObjectName": "intent-1",
    "vaultSettingName": "default",
    "deploymentName": "deployment-1",
    "smartGroupId": "44444444-4444-4444-4444-444444444444",
}

_VM_CONTAINER = {"containerName": "VMAppContainer;Compute;group-1;vm-1"}
_STORAGE_CONTAINER = {"containerName": "StorageContainer;Storage;group-1;staging"}
PARAMETERS_OF: Mapping[str, Mapping[str, str]] = {
    "ProtectionContainers_Register": _STORAGE_CONTAINER,
    "ProtectionContainers_Inquire": _STORAGE_CONTAINER,
    "ProtectionContainers_Unregister": _STORAGE_CONTAINER,
    "BackupWorkloadItems_List": _VM_CONTAINER,
}
"""What single operations have instead, by their ids."""

QUERIES: Mapping[str, str] = {
    "groupby": "severity,alertState",
    "identifier": "MonitorServiceList",
    "newState": "Acknowledged",
    "resource": "https://management.azure.com/",
    "api-version": "2018-02-01",
}

FOUND: Mapping[str, str] = {
    "alertId": "The last part of an id in the list of alerts",
    "fault": "The id of a fault that is armed, or the name of one",
    "keyVersion": "The last part of a key's keyUriWithVersion",
    "deletedVaultName": "The name of a vault or key vault in the list of the deleted ones",
    "operationId": "The last part of the Azure-AsyncOperation or Location header of an answer",
    "deploymentOperationId": "The operationId of an operation in the list of a deployment's",
    "jobName": "The name of a job in the list of jobs",
    "sequence": "The sequence of an exchange in the list of the journal",
    "recoveryPointId": "The name of a recovery point in the list of recovery points",
    "restorePointCollectionName": "The name of a collection in the list of collections",
    "restorePointName": "The name of a restore point in a collection ($expand=restorePoints)",
}
"""Names that only a running world can tell."""

MEANINGS: Mapping[str, str] = {
    "tenant": "A tenant: any GUID or domain is one",
    "scope": "The id of a subscription, a group or a resource",
    "roleAssignmentName": "A GUID that the client makes up",
    "roleDefinitionId": "The GUID of a role",
    "username": "The name of a user, with its domain",
    "subscriptionId": "Any GUID is a subscription",
    "sourceResourceGroupName": "The resource group that is moved from",
    "resourceProviderNamespace": "A namespace, as in the ids of resources",
    "fabricName": "Always Azure",
    "containerName": "The native name of what holds the item: a VM, an account",
    "protectedItemName": "The native name of the item",
    "azureRegion": "A region, as in the list of locations",
    "location": "A region, as in the list of locations",
    "operationKind": "add, replace or remove",
    "smartGroupId": "The GUID of a smart group: there is none",
    "offer": "An offer of the publisher",
    "skus": "A SKU of the offer",
    "resourceName": "The name of the identity",
    "resourceGuardsName": "The name of the resource guard",
    "requestName": "Always default",
    "managementPolicyName": "Always default",
    "vaultSettingName": "Always default",
    "imageVersion": "A version of the image, or latest",
    "lockedNamespace": "The namespace of what is locked",
    "lockedType": "The type of what is locked, without its namespace",
    "lockedName": "The name of what is locked",
    "childType": "The type of what lies in the resource",
    "childName": "The name of what lies in the resource",
    "anyNamespace": "A namespace that is not emulated",
    "anyType": "A type of that namespace",
    "anyName": "The name of the resource",
    "anyChildType": "The type of what lies in the resource",
    "anyChildName": "The name of what lies in the resource",
}
"""What a name in a path stands for, where it is no plain name of a thing."""

QUERY_SCHEMAS: Mapping[str, Mapping[str, str]] = {
    "subscription": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
}
"""What a parameter of the query looks like, where any text will not do."""

QUERY_MEANINGS: Mapping[str, str] = {
    "smartGroupState": "Only smart groups in this state: New, Acknowledged or Closed",
    "$filter": "Which entries to list, such as name eq 'value'; what is unknown is refused by name",
    "$top": "How many entries a page has at most",
    "$skipToken": "Where the next page begins; copied from nextLink",
    "$expand": "What else to show of each entry",
    "$orderby": "What to sort by",
    "api-version": "The version of the protocol",
    "resource": "What the token is for",
    "client_id": "The client id of a user-assigned identity",
    "clientid": "The client id of a user-assigned identity, in the older spelling",
    "object_id": "The object id of a user-assigned identity",
    "principal_id": "The object id of a user-assigned identity",
    "mi_res_id": "The resource id of a user-assigned identity",
    "msi_res_id": "The resource id of a user-assigned identity",
    "forceDeletionTypes": "Which types are deleted although something runs on them",
    "skipShutdown": "Whether to switch off without shutting down",
    "hibernate": "Whether to hibernate",
    "includeExtendedLocations": "Whether to list edge zones too; there are none",
    "se": "Until when the key is good",
    "sig": "The key",
    "subscription": "Only what is of this subscription",
    "check": "Whether only to check, and change nothing",
    "operationId": "Only this operation, by its operationId; * stands for anything",
    "method": "Only requests with this method",
    "path": "Only requests to this path; * stands for anything",
    "status": "Only answers with this status, such as 404, or 4xx",
    "errorCode": "Only refusals with this code",
    "correlationId": "Only requests of this correlation id",
    "plane": "Only requests to Azure's part, or to the control plane",
    "since": "Only what comes after this number; reset is since the world began again",
    "until": "Only what comes up to this number",
    "limit": "How many to show at most",
    "bodies": "Whether to show headers and bodies",
    "wait": "How many seconds to wait for something after since, up to 30",
    "targetResource": "Only alerts of this resource, by its id",
    "targetResourceType": "Only alerts of resources of this type",
    "targetResourceGroup": "Only alerts of resources in this group",
    "monitorService": "Only alerts of this service",
    "monitorCondition": "Only alerts that are Fired, or Resolved",
    "severity": "Only alerts of this severity, Sev0 to Sev4",
    "alert": "Only what is told of this alert, by its id or its GUID",
    "actionGroup": "Only what is told to this action group, by its id or its name",
    "state": "Only those that are Waiting, Sending, Delivered, Failed or NotSent",
    "alertState": "Only alerts in this state: New, Acknowledged or Closed",
    "alertRule": "Only alerts of this rule",
    "timeRange": "How far to look back: 1h, 1d, 7d or 30d",
    "customTimeRange": "The span to look at, as two instants with a slash between",
    "smartGroupId": "Only alerts of this smart group",
    "includeContext": "Whether to show each alert's context",
    "includeEgressConfig": "Whether to show each alert's egress configuration",
    "pageCount": "How many entries a page has at most",
    "sortBy": "What to sort by",
    "sortOrder": "asc or desc",
    "select": "Which properties to show",
    "newState": "The state to bring the alert to",
    "groupby": "What to count by",
    "includeSmartGroupsCount": "Whether to count smart groups too",
    "identifier": "What to tell the words of",
    "kind": "Only events of this kind, such as job.completed or job.*; several with commas between",
    "vault": "Only events of this vault, by its name or its id",
    "item": "Only events of this item, by its name or its id",
    "job": "Only events of this job, by its id",
    "operation": "Only events of jobs of this operation, such as Backup",
    "after": "Only events that come after this number, or latest",
    "follow": "Whether to go on with what happens; false ends with what is kept",
}

REFUSALS: Mapping[int, tuple[str, str]] = {
    400: (
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    ),
    404: ("ResourceGroupNotFound", "Resource group 'group-1' could not be found."),
}
"""A refusal for statuses whose commonest one is the same everywhere."""


def meaning(name: str) -> str:
    """Return what a name in a path stands for."""
    if name in MEANINGS:
        return MEANINGS[name]
    words = (
        re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Name")).lower().replace("vm", "VM")
    )
    return f"The name of the {words}"
