"""The world that the explorer's examples speak of: run from the top, they succeed as they stand."""

from __future__ import annotations

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
    "resource": "https://management.azure.com/",
    "api-version": "2018-02-01",
}

FOUND: Mapping[str, str] = {
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
